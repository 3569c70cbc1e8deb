"""Instructions that a statevector has no answer to, known by their names, and what to do instead."""

from __future__ import annotations

from typing import Any

from ketjet.errors import UnsupportedInstructionError
from ketjet.lowering.gates import is_own

NOISE = "ketjet simulates without noise; leave it out, or use qiskit-aer"

REASONS = {
    "kraus": NOISE,
    "superop": NOISE,
    "quantum_channel": NOISE,
    "qerror_loc": NOISE,
    "roerror": NOISE,
    "noise": NOISE,
    "pauli_channel": NOISE,
    "save_superop": "ketjet simulates statevectors; use save_unitary instead",
    "save_stabilizer": "ketjet simulates statevectors; use save_statevector instead",
    "save_clifford": "ketjet simulates statevectors; use save_statevector instead",
    "save_matrix_product_state": "ketjet simulates statevectors; use save_statevector instead",
    "set_unitary": "ketjet simulates statevectors; append the matrix as a UnitaryGate instead",
    "set_superop": "ketjet simulates statevectors, without noise; append a UnitaryGate instead, or use qiskit-aer",
    "set_stabilizer": "ketjet simulates statevectors; use set_statevector instead, or append the Clifford's circuit",
    "set_density_matrix": "ketjet simulates pure states; use set_statevector instead",
    "set_matrix_product_state": "ketjet simulates statevectors; use set_statevector instead",
    "snapshot": "it is an instruction of old versions of Qiskit; use one of Aer's save instructions instead",
}


def refuse_by_name(operation: Any) -> None:
    """Raise UnsupportedInstructionError if an operation that does not speak for itself is one of these."""
    reason = REASONS.get(operation.name)
    if reason is not None and not is_own(operation):
        raise UnsupportedInstructionError(reason)
