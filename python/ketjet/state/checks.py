"""What a `StateVector` is given wrong, and what to do instead."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit

from ketjet import engine
from ketjet.base.printable import printable
from ketjet.errors import (
    CircuitTypeError,
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    OptionTypeError,
)
from ketjet.jobs import workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from ketjet.lowering.observable_table import Observables
    from ketjet.state.evolving import Evolving

__all__ = [
    "amplitudes_of",
    "chosen_qubits",
    "number_of_qubits",
    "require_applicable",
    "require_circuit",
    "require_density_memory",
    "require_memory",
    "require_observable",
]

MAX_DENSITY_QUBITS = 12
"""A density matrix of so many takes 256 MiB."""


def require_circuit(circuit: object) -> None:
    """Refuse what is no circuit."""
    if not isinstance(circuit, QuantumCircuit):
        raise CircuitTypeError(f"evolve() takes a QuantumCircuit, got {circuit!r} ({type(circuit).__name__}).")


def require_applicable(evolving: Evolving, num_qubits: int) -> None:
    """Refuse a circuit that has not as many qubits as the state, or does more than to change one."""
    name, width = printable(evolving.name), evolving.num_qubits
    if width != num_qubits:
        raise InvalidCircuitError(
            f"{name!r} has {width} qubits, the state {num_qubits}; "
            f"QuantumCircuit({num_qubits}).compose(circuit, qubits) puts a smaller one in its place."
        )
    if evolving.refused:
        raise InvalidCircuitError(f"{name!r} {evolving.refused}")


def require_memory(num_qubits: int, precision: engine.Precision) -> None:
    """Refuse a state that does not fit into the memory that is available now."""
    if num_qubits < 0:
        raise InvalidOptionError(f"num_qubits must be at least 0, got {num_qubits}.")
    available, rule = workers.shared().free_memory()
    widest = engine.max_qubits(available, precision)
    if num_qubits > widest:
        error = InsufficientMemoryError(
            f"a state of {num_qubits} qubits in {precision} precision does not fit: "
            f"{available >> 20} MiB are available ({rule}), enough for {widest} qubits."
        )
        error.available_bytes, error.max_qubits = available, widest
        raise error


def require_density_memory(num_qubits: int) -> None:
    """Refuse a density matrix that is too large, or does not fit into the memory that is available now."""
    if num_qubits > MAX_DENSITY_QUBITS:
        raise InvalidOptionError(
            f"a density matrix of {num_qubits} qubits was asked for; at most {MAX_DENSITY_QUBITS} qubits are kept."
        )
    available, rule = workers.shared().free_memory()
    needed = np.dtype(np.complex128).itemsize << 2 * num_qubits
    if needed > available:
        error = InsufficientMemoryError(
            f"a density matrix of {num_qubits} qubits takes {needed >> 20} MiB; {available >> 20} MiB are available "
            f"({rule})."
        )
        error.available_bytes = available
        raise error


def require_observable(observables: Observables, num_qubits: int) -> None:
    """Refuse observables that have not as many qubits as the state."""
    if observables.num_qubits not in {None, num_qubits}:
        raise InvalidOptionError(
            f"the observable has {observables.num_qubits} qubits, the state {num_qubits}; "
            f"SparsePauliOp.apply_layout(qubits, {num_qubits}) puts a smaller one in its place."
        )


def amplitudes_of(given: ArrayLike) -> NDArray[Any]:
    """Return amplitudes as an array, which must be one of numbers and as long as a state is."""
    array = np.asarray(given)
    if array.dtype.kind not in "biufc":
        raise OptionTypeError(f"amplitudes must be numbers, got an array of {array.dtype}.")
    if array.ndim != 1 or array.size.bit_count() != 1:
        raise InvalidOptionError(f"amplitudes must have the shape (2**num_qubits,), got {array.shape}.")
    return array


def chosen_qubits(qubits: Sequence[int] | None, num_qubits: int) -> list[int]:
    """Return the qubits of a state that a call is about: all by default, else distinct ones that it has."""
    chosen = list(range(num_qubits)) if qubits is None else [operator.index(qubit) for qubit in qubits]
    if len(set(chosen)) != len(chosen) or not all(0 <= qubit < num_qubits for qubit in chosen):
        raise InvalidOptionError(f"qubits {chosen}: expected distinct numbers from 0 to {num_qubits - 1}")
    return chosen


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
