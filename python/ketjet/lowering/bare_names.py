"""Instructions that are nothing but a name, as Aer runs them natively: what they stand for, or why they cannot be run.

A gate, or what has a definition, speaks for itself and is never looked up here. The lowering asks `meant_by` for the
operation of Qiskit's library that is to be lowered instead.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Barrier, Delay, Gate, Instruction, Measure, Reset
from qiskit.circuit.library import (
    DiagonalGate,
    Initialize,
    PauliGate,
    PhaseGate,
    RGate,
    RXGate,
    RYGate,
    RZGate,
    SwapGate,
    SXGate,
    U1Gate,
    U2Gate,
    U3Gate,
    UCGate,
    UGate,
    XGate,
    YGate,
    ZGate,
    get_standard_gate_name_mapping,
)
from qiskit.exceptions import QiskitError

from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.gates import is_own

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CONTROLLED_BY_ALL: dict[str, type[Gate]] = {
    "cu2": U2Gate,
    "mcx": XGate,
    "mcx_gray": XGate,
    "mcy": YGate,
    "mcz": ZGate,
    "mcsx": SXGate,
    "mcswap": SwapGate,
    "mcp": PhaseGate,
    "mcphase": PhaseGate,
    "mcu1": U1Gate,
    "mcu2": U2Gate,
    "mcu3": U3Gate,
    "mcr": RGate,
    "mcrx": RXGate,
    "mcry": RYGate,
    "mcrz": RZGate,
}
"""Gates that all other qubits control; the last ones are the gate's own."""

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
"""What a statevector has no answer to, and what to do instead."""


def refuse_by_name(operation: Any) -> None:
    """Raise UnsupportedInstructionError if an operation that does not speak for itself is one of these."""
    reason = REASONS.get(operation.name)
    if reason is not None and not is_own(operation):
        raise UnsupportedInstructionError(reason)


def meant_by(operation: Any) -> Any | None:
    """Return the operation that a bare name stands for, on the same qubits; None if it stands for nothing.

    Raises
    ------
    InvalidCircuitError
        The operation of this name cannot have so many qubits, or such parameters.
    """
    make = _makers().get(operation.name)
    if make is None or not isinstance(operation, Instruction) or is_own(operation):
        return None
    name, qubits, values = operation.name, operation.num_qubits, operation.params
    try:
        meant = make(qubits, values)
        fits = meant.num_qubits == qubits and meant.num_clbits == operation.num_clbits
    except (QiskitError, TypeError, ValueError, IndexError) as error:
        raise InvalidCircuitError(f"no {name} can be made of its parameters: {error}") from error
    if not fits:
        msg = f"a {name} has {meant.num_qubits} qubits and {meant.num_clbits} classical bits; give it as many"
        raise InvalidCircuitError(msg)
    return meant


@functools.cache
def _makers() -> dict[str, Callable[[int, Sequence[Any]], Any]]:
    """Return, by name, what makes the operation for so many qubits with these parameters."""
    makers: dict[str, Callable[[int, Sequence[Any]], Any]] = {
        name: functools.partial(_standard, type(gate))
        for name, gate in get_standard_gate_name_mapping().items()
        if isinstance(gate, Gate)
    }
    makers |= {name: functools.partial(_controlled, kind) for name, kind in CONTROLLED_BY_ALL.items()}
    makers |= {
        "mcu": _controlled_with_phase,
        "multiplexer": lambda _, values: UCGate([np.asarray(value, np.complex128) for value in values]),
        "diagonal": lambda _, values: DiagonalGate([complex(value) for value in values]),
        "initialize": lambda _, values: Initialize([complex(value) for value in values]),
        "pauli": lambda _, values: PauliGate(values[0]),
        "barrier": lambda qubits, _: Barrier(qubits),
        "delay": lambda qubits, values: _on_each(qubits, Delay(*values)),
        "reset": lambda qubits, _: _on_each(qubits, Reset()),
        "measure": lambda qubits, _: _on_each(qubits, Measure()),
    }
    return makers


def _standard(kind: type[Gate], _: int, values: Sequence[Any]) -> Gate:
    return kind(*values)


def _controlled(kind: type[Gate], qubits: int, values: Sequence[Any]) -> Any:
    gate = kind(*values)
    controls = qubits - gate.num_qubits
    return gate.control(controls, annotated=True) if controls else gate


def _controlled_with_phase(qubits: int, values: Sequence[Any]) -> Any:
    """Return the gate U(θ, φ, λ) e^{iγ} that all qubits but the last control."""
    theta, phi, lam, gamma = values
    circuit = QuantumCircuit(qubits)
    circuit.append(_controlled(UGate, qubits, (theta, phi, lam)), range(qubits))
    if qubits > 1:
        circuit.append(_controlled(PhaseGate, qubits - 1, (gamma,)), range(qubits - 1))
    else:
        circuit.global_phase = gamma
    return circuit.to_instruction()


def _on_each(qubits: int, operation: Any) -> Any:
    if qubits == 1:
        return operation
    circuit = QuantumCircuit(qubits, qubits * operation.num_clbits)
    for qubit in range(qubits):
        circuit.append(operation, [qubit], [qubit] if operation.num_clbits else [])
    return circuit.to_instruction()
