"""Values of command-line arguments, and what they mean for circuits: `--set NAME=VALUE`, `--expect ZZI`, `--shots 1e6`.

The command line uses it before Qiskit is imported, so nothing here imports it at the top.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import re
from typing import TYPE_CHECKING, TypeAlias

from ketjet.base.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit

__all__ = ["count", "inputs_of", "require_labels", "setting"]

Value: TypeAlias = "bool | int | float"

_MULTIPLE_OF_PI = re.compile(r"(?P<sign>[+-]?)(?:(?P<factor>[\d.]+(?:e[+-]?\d+)?)\*)?(?:pi|π)(?:/(?P<divisor>[\d.]+))?")


def count(text: str) -> int:
    """Read a number of shots, 1e6 too.

    Raises
    ------
    ArgumentTypeError
        It is no integer.
    """
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
        if number.is_integer():
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no integer")


def setting(text: str) -> tuple[str, Value]:
    """Read NAME=VALUE, where the value is true, false, an integer, a number, or a multiple of pi like -3*pi/4.

    Raises
    ------
    ArgumentTypeError
        It is something else.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    if value in {"true", "false"}:
        return name, value == "true"
    if multiple := _MULTIPLE_OF_PI.fullmatch(value):
        number = float(multiple["factor"] or 1) * math.pi / float(multiple["divisor"] or 1)
        return name, -number if multiple["sign"] == "-" else number
    for read in (_integer, float):
        with contextlib.suppress(ValueError):
            return name, read(value)
    raise argparse.ArgumentTypeError(f"{value!r} is not true, false, a number or a multiple of pi")


def _integer(text: str) -> int:
    return int(text, 0)


def inputs_of(
    circuits: Sequence[QuantumCircuit], settings: Sequence[tuple[str, Value]], *, bound: bool
) -> list[dict[str, Value]]:
    """Return what of the settings is for each circuit.

    Parameters
    ----------
    circuits
        Any circuits.
    settings
        Names and values.
    bound
        Whether all parameters need values, and not only input variables.

    Raises
    ------
    InvalidOptionError
        A name is given twice, or no circuit has it, or there is no value for one.
    """
    from ketjet.backend.circuit_inputs import open_names
    from ketjet.errors import InvalidOptionError

    values = dict(settings)
    if len(values) < len(settings):
        raise InvalidOptionError("--set gives a name two values; give each one once.")
    names = [open_names(circuit) for circuit in circuits]
    if unknown := values.keys() - set().union(*names):
        known = printable(", ".join(sorted(set().union(*names))) or "none")
        msg = f"--set {printable(min(unknown))}: no input variable or parameter has this name; there are: {known}."
        raise InvalidOptionError(msg)
    for circuit, own in zip(circuits, names, strict=True):
        needed = own if bound else {var.name for var in circuit.iter_input_vars()}
        if missing := sorted(needed - values.keys()):
            listed = printable(", ".join(missing))
            msg = f"{printable(circuit.name)} needs values for {listed}: give --set {printable(missing[0])}=VALUE."
            raise InvalidOptionError(msg)
    return [{name: value for name, value in values.items() if name in own} for own in names]


def require_labels(circuit: QuantumCircuit, labels: Sequence[str]) -> None:
    """Refuse what is no Pauli string of the circuit's width.

    Raises
    ------
    InvalidOptionError
        A label is none.
    """
    from ketjet.errors import InvalidOptionError

    for label in labels:
        if not set(label) <= set("IXYZ") or len(label) != circuit.num_qubits:
            raise InvalidOptionError(
                f"--expect {printable(label)} has to be {circuit.num_qubits} letters of I, X, Y, Z, one for each qubit "
                f"of {printable(circuit.name)}, qubit 0 at the right."
            )
