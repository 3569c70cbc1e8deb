"""Circuits whose matrix is asked for, by Aer's `save_unitary`: on twice the qubits one run has all of it.

The circuit acts on one half of a maximally entangled state. What is saved then has, at index j + i * 2^n, the matrix
element of row j and column i, but for a factor of 2^(n/2) (Choi, Linear Algebra Appl. 10 (1975) 285).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Delay, Gate, Instruction

from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.bare_names import meant_by
from ketjet.lowering.gates import is_own
from ketjet.saves import SAVE_UNITARY
from ketjet.saves.instruction import SaveUnitary

if TYPE_CHECKING:
    from collections.abc import Iterable

LOST_SUBTYPE = (
    "whether it saves per shot, conditionally or on average is lost: QPY files do not keep it; "
    "append it again after loading"
)


class MatrixWantedError(UnsupportedInstructionError):
    """A circuit saves its matrix, which can be had of the doubled one alone."""


class SaveOfDoubled(SaveUnitary):
    """What saves the matrix, on twice the qubits."""


def doubled(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit on twice the qubits if it saves its matrix, else as it is.

    Raises
    ------
    InvalidCircuitError
        Something in it has no matrix, or an instruction that saves does not have all qubits in order.
    """
    saving = [item for item in circuit.data if item.name == SAVE_UNITARY and not is_own(item.operation)]
    if not saving:
        return circuit
    for item in saving:
        if list(item.qubits) != circuit.qubits:
            msg = "saves the matrix of all qubits in their order; apply it to circuit.qubits"
            raise InvalidCircuitError(f"circuit {circuit.name!r}: {SAVE_UNITARY} {msg}")
        if getattr(item.operation, "_subtype", None) is None:
            raise InvalidCircuitError(f"circuit {circuit.name!r}: {SAVE_UNITARY}: {LOST_SUBTYPE}")
    if culprit := _without_matrix(circuit.data):
        raise InvalidCircuitError(f"circuit {circuit.name!r} has no matrix: it contains {culprit!r}")
    n = circuit.num_qubits
    result = QuantumCircuit(2 * n, name=circuit.name, global_phase=circuit.global_phase, metadata=circuit.metadata)
    for qubit in range(n):
        result.h(n + qubit)
        result.cx(n + qubit, qubit)
    place = {bit: index for index, bit in enumerate(circuit.qubits)}
    for item in circuit.data:
        operation = item.operation
        if item.name == SAVE_UNITARY and not is_own(operation):
            label, subtype = (getattr(operation, name, None) for name in ("_label", "_subtype"))
            result.append(SaveOfDoubled(2 * n, label, subtype), range(2 * n))
        else:
            result.append(operation, [place[bit] for bit in item.qubits])
    return result


def _without_matrix(instructions: Iterable[Any]) -> str | None:
    """Return the name of an instruction that is no gate and not made of gates, if there is one."""
    for instruction in instructions:
        operation = instruction.operation
        if isinstance(operation, (Gate, Delay, Barrier)) or not isinstance(operation, Instruction):
            continue
        if operation.definition is None:
            if operation.name == SAVE_UNITARY or isinstance(meant_by(operation), (Gate, Delay, Barrier)):
                continue
            return str(operation.name)
        if culprit := _without_matrix(operation.definition.data):
            return culprit
    return None
