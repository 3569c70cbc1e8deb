"""What users pass to `Simulator.run`, made uniform: a list of circuits, and for each the sets of values to bind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import Initialize

from ketjet.backend.bindings import NO_BINDINGS, Bindings, as_bindings
from ketjet.backend.circuit_inputs import with_inputs
from ketjet.errors import CircuitTypeError, InvalidCircuitError
from ketjet.lowering.structured import UNITARY_TOLERANCE

__all__ = ["as_circuit", "as_circuits", "given"]


def as_circuits(run_input: Any) -> list[QuantumCircuit]:
    """Return the input as a list of circuits."""
    expected = "run() takes a QuantumCircuit or a list of them"
    if isinstance(run_input, QuantumCircuit):
        return [run_input]
    if isinstance(run_input, (str, bytes)):
        raise CircuitTypeError(f"{expected}, got text; read it with qiskit.qasm2.loads or qiskit.qasm3.loads first.")
    if not isinstance(run_input, Iterable):
        raise CircuitTypeError(f"{expected}, got {run_input!r} ({type(run_input).__name__}).")
    circuits = list(run_input)
    for index, circuit in enumerate(circuits):
        if not isinstance(circuit, QuantumCircuit):
            raise CircuitTypeError(f"{expected}, but item {index} is {circuit!r} ({type(circuit).__name__}).")
    if not circuits:
        raise InvalidCircuitError(f"{expected}, got an empty list.")
    return circuits


def as_circuit(circuit: Any, caller: str, inputs: Any) -> QuantumCircuit:
    """Return the one circuit that a function of this name takes, with the inputs in their places."""
    if isinstance(circuit, QuantumCircuit):
        if inputs is None:
            return circuit
        (closed,), (bindings,) = with_inputs([circuit], [NO_BINDINGS], inputs)
        values = {key: column[0] for key, column in bindings.columns.items()}
        return closed.assign_parameters(values) if values else closed
    hint = ""
    if isinstance(circuit, (str, bytes)):
        hint = "; read text with qiskit.qasm2.loads or qiskit.qasm3.loads first"
    elif isinstance(circuit, (list, tuple)):
        hint = "; call it for each circuit"
    raise CircuitTypeError(f"{caller}() takes one QuantumCircuit, got {circuit!r} ({type(circuit).__name__}){hint}.")


def _starting_in(circuit: QuantumCircuit, amplitudes: Any) -> QuantumCircuit:
    """Return the circuit with an initial state before it.

    Raises
    ------
    InvalidCircuitError
        The amplitudes are not those of a state of the circuit's qubits.
    """
    state = np.asarray(amplitudes, dtype=complex)
    if state.shape != (2**circuit.num_qubits,):
        raise InvalidCircuitError(
            f"initial_statevector has shape {state.shape}; circuit {circuit.name!r} has "
            f"{2**circuit.num_qubits} amplitudes"
        )
    if not abs(np.linalg.norm(state) - 1) <= UNITARY_TOLERANCE:  # NaN too
        raise InvalidCircuitError(f"initial_statevector has norm {np.linalg.norm(state):.6g}; normalise it to 1")
    started = circuit.copy_empty_like()
    started.append(Initialize(state / np.linalg.norm(state)), range(circuit.num_qubits))
    return started.compose(circuit, copy=False)


def given(
    run_input: Any, parameter_binds: Any, inputs: Any, initial_statevector: Any
) -> tuple[list[QuantumCircuit], list[Bindings]]:
    """Return the circuits that a run is to simulate, and for each the values to bind."""
    circuits = as_circuits(run_input)
    bindings = as_bindings(parameter_binds, circuits)
    if inputs is not None:
        circuits, bindings = with_inputs(circuits, bindings, inputs)
    if initial_statevector is not None:
        circuits = [_starting_in(circuit, initial_statevector) for circuit in circuits]
    return circuits, bindings
