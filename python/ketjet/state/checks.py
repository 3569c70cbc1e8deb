"""What a `StateVector` is given wrong, and what to do instead."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from qiskit import QuantumCircuit

from ketjet.errors import OptionTypeError

if TYPE_CHECKING:
    from ketjet.lowering import LoweredCircuit

__all__ = ["number_of_qubits", "why_not_applied"]


def why_not_applied(lowered: LoweredCircuit) -> str:
    """Return what of a circuit cannot be applied to a state; nothing if all can."""
    if lowered.parameters:
        names = ", ".join(parameter.name for parameter in lowered.parameters)
        return f"has unbound parameters: {names}; use assign_parameters() first"
    if lowered.has_measurements:
        return "measures or stores to classical bits; remove that and call sample() instead"
    if lowered.saves:
        return f"has the save {lowered.saves[0].label!r}; remove it and read this state instead"
    return ""


def number_of_qubits(given: object) -> int:
    """Return the size of a state, or say what else to call.

    Raises
    ------
    OptionTypeError
        It is no integer.
    """
    try:
        return operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        pass
    hint = ""
    if isinstance(given, QuantumCircuit):
        hint = "; StateVector(circuit.num_qubits).evolve(circuit) runs a circuit"
    elif isinstance(given, list) or hasattr(given, "__array__"):
        hint = "; StateVector.from_array() takes amplitudes"
    raise OptionTypeError(f"num_qubits must be an integer, got a {type(given).__name__}{hint}.")
