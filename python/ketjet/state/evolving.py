"""Circuits as states evolve under them: read once, and again only when somebody has changed them.

A circuit is known by its identity and a mark, a hash of all that acts on a state. One that cannot be marked, because
Qiskit's C API does not show all of its instructions, is read anew each time.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.base.printable import printable
from ketjet.errors import InvalidCircuitError
from ketjet.lowering import lower
from ketjet.lowering.native import marker
from ketjet.points.values import checked_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray
    from qiskit import QuantumCircuit

    from ketjet.lowering import LoweredCircuit

__all__ = ["Evolving", "evolving", "known"]

MAX_CIRCUITS = 64
"""How many are kept at most."""

MAX_OPERATIONS = 1 << 20
"""How many all of them have together, at most."""

BRIEF_OPERATIONS = 1 << 12
"""A program of more is planned on a worker thread."""


class Evolving(NamedTuple):
    """A circuit that has been read.

    Attributes
    ----------
    circuit : weakref.ref
        The circuit.
    name : str
        Its name then.
    mark : int, optional
        Its mark then.
    marker : callable
        What gives marks.
    lowered : LoweredCircuit
        What was read.
    brief : engine.Evolution, optional
        How small states evolve under it at once; None where it is too long for that.
    num_qubits : int
        Of the circuit.
    refused : str
        Why no state can evolve under it; nothing if one can.
    """

    circuit: weakref.ref[QuantumCircuit]
    name: str
    mark: int | None
    marker: Callable[[Any], int | None]
    lowered: LoweredCircuit
    brief: engine.Evolution | None
    num_qubits: int
    refused: str

    def slots(self, values: ArrayLike | Mapping[Any, Any] | None) -> NDArray[np.float64] | None:
        """Return the program's slots with these values of the parameters; None for those that it has.

        Parameters
        ----------
        values
            Numbers in the order of the circuit's parameters, or by parameter, name or vector; None for none.

        Raises
        ------
        InvalidCircuitError
            Parameters have no values, keys are none of the circuit's, a value in a mapping is no finite number, or an
            angle becomes none.
        InvalidOptionError, OptionTypeError
            An array is not one finite real number for each parameter.
        """
        lowered = self.lowered
        if values is None:
            if lowered.parameters:
                names = ", ".join(parameter.name for parameter in lowered.parameters)
                raise InvalidCircuitError(
                    f"{printable(self.name)!r} has unbound parameters: {names}; give evolve() their values"
                )
            return None
        own = lowered.parameters
        row = lowered.resolve(values) if isinstance(values, Mapping) else checked_values(values, own, 1)
        return None if lowered.binding is None else lowered.binding.slots_of(row[np.newaxis])[0]


_kept: dict[int, Evolving] = {}  # by the identity of the circuit, the one kept last at the end


def known(circuit: QuantumCircuit, values: object) -> Evolving | None:
    """Return what was read of a circuit, if that is still what it is where these values are given."""
    found = _kept.get(id(circuit))
    if found is None:
        return None
    is_it = found.circuit() is circuit
    if not is_it or circuit.name != found.name or found.marker(circuit._data) != found.mark:
        return None
    # In a mark, and for values in an array, a parameter is its name.
    by_parameter = values is not None and isinstance(values, Mapping)
    return None if by_parameter and tuple(circuit.parameters) != found.lowered.parameters else found


def evolving(circuit: QuantumCircuit) -> Evolving:
    """Read a circuit, and keep what was read as long as the circuit lives, or until many others have been read.

    Raises
    ------
    InvalidCircuitError, UnsupportedInstructionError
        As `lower`.
    """
    mark_of = marker()
    mark = mark_of(circuit._data) if len(circuit.data) <= MAX_OPERATIONS else None  # some make their data on demand
    lowered = lower(circuit, keep_idle_qubits=True, starts_in_zero=False)
    program, number = lowered.program, id(circuit)
    brief = engine.evolution(program) if program.num_operations <= BRIEF_OPERATIONS else None
    alive = weakref.ref(circuit, partial(_forget, number))
    name = lowered.header.name
    found = Evolving(alive, name, mark, mark_of, lowered, brief, program.num_qubits, _why_not_applied(lowered))
    _kept.pop(number, None)
    if mark is not None:
        _kept[number] = found
        _drop_oldest()
    return found


def _drop_oldest() -> None:
    circuits, operations = 0, 0
    for number, each in reversed(_kept.copy().items()):  # at once: the collector may come by, and forget some
        circuits, operations = circuits + 1, operations + each.lowered.program.num_operations
        if circuits > MAX_CIRCUITS or operations > MAX_OPERATIONS:
            _kept.pop(number, None)


def _forget(number: int, circuit: weakref.ref[QuantumCircuit]) -> None:
    """Let go of what was read of a circuit that is no more."""
    found = _kept.get(number)
    if found is not None and found.circuit is circuit:
        _kept.pop(number, None)


def _why_not_applied(lowered: LoweredCircuit) -> str:
    """Return what of a circuit cannot be applied to a state; nothing if all can."""
    if lowered.has_measurements:
        return "measures or stores to classical bits; remove that and call sample() instead"
    if lowered.saves:
        return f"has the save {lowered.saves[0].label!r}; remove it and read this state instead"
    return ""
