"""Benchmark circuits of textbook algorithms: Fourier transform, phase estimation, Grover, hidden shift, simple states.

``circuits.families`` lists them with the others. Their signature is (width, depth, seed); what a family has no use for
is named with a leading underscore.
"""

from __future__ import annotations

import math

import numpy as np
from qiskit import QuantumCircuit


def qft(num_qubits: int, _depth: int, _seed: int) -> QuantumCircuit:
    """Quantum Fourier transform of a computational basis state, swaps included."""
    circuit = QuantumCircuit(num_qubits)
    circuit.x(range(0, num_qubits, 3))
    return circuit.compose(_fourier(num_qubits))


def qpe(num_qubits: int, _depth: int, seed: int) -> QuantumCircuit:
    """Phase estimation of a phase gate: its eigenstate is the last qubit, all others count."""
    counting = num_qubits - 1
    phase = float(np.random.default_rng(seed).uniform(0.1, 0.9))
    circuit = QuantumCircuit(num_qubits)
    circuit.x(counting)
    if counting:
        circuit.h(range(counting))
        for qubit in range(counting):
            circuit.cp(2 * math.pi * (phase * 2**qubit % 1.0), qubit, counting)
        circuit.compose(_fourier(counting).inverse(), range(counting), inplace=True)
    return circuit


def grover(num_qubits: int, depth: int, seed: int) -> QuantumCircuit:
    """Grover iterations for one random marked basis state: phase flips controlled by all the other qubits."""
    unmarked = np.flatnonzero(np.random.default_rng(seed).integers(0, 2, num_qubits) == 0).tolist()
    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    for _ in range(depth):
        if unmarked:
            circuit.x(unmarked)
        _flip_all_ones(circuit)
        if unmarked:
            circuit.x(unmarked)
        circuit.h(range(num_qubits))
        circuit.x(range(num_qubits))
        _flip_all_ones(circuit)
        circuit.x(range(num_qubits))
        circuit.h(range(num_qubits))
    return circuit


def hidden_shift(num_qubits: int, depth: int, seed: int) -> QuantumCircuit:
    """Hidden shift of the bent function x·y + g(y), x and y the lower and upper half; g has ``depth`` cubic terms.

    The final state is the shift; the last qubit of an odd width is in (|0⟩ + |1⟩)/√2.
    """
    rng = np.random.default_rng(seed)
    half = num_qubits // 2
    shifted = np.flatnonzero(rng.integers(0, 2, 2 * half)).tolist()
    terms = [sorted(rng.permutation(half)[:3].tolist()) for _ in range(depth)]

    def bent(argument_of_g: int) -> None:
        for qubit in range(half):
            circuit.cz(qubit, half + qubit)
        for term in terms:
            qubits = [argument_of_g + qubit for qubit in term]
            if len(qubits) == 3:
                circuit.ccz(*qubits)
            elif len(qubits) == 2:
                circuit.cz(*qubits)
            elif qubits:
                circuit.z(*qubits)

    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    if shifted:
        circuit.x(shifted)
    bent(half)
    if shifted:
        circuit.x(shifted)
    circuit.h(range(num_qubits))
    bent(0)
    circuit.h(range(num_qubits))
    return circuit


def ghz(num_qubits: int, _depth: int, _seed: int) -> QuantumCircuit:
    """One H and a chain of CX: two amplitudes, however wide."""
    circuit = QuantumCircuit(num_qubits)
    circuit.h(0)
    for qubit in range(num_qubits - 1):
        circuit.cx(qubit, qubit + 1)
    return circuit


def superposition(num_qubits: int, _depth: int, _seed: int) -> QuantumCircuit:
    """One H a qubit: every outcome equally likely, the hard case of sampling."""
    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    return circuit


def _fourier(num_qubits: int) -> QuantumCircuit:
    """Quantum Fourier transform, swaps included."""
    circuit = QuantumCircuit(num_qubits)
    for target in reversed(range(num_qubits)):
        circuit.h(target)
        for control in reversed(range(target)):
            circuit.cp(math.pi / 2 ** (target - control), control, target)
    for qubit in range(num_qubits // 2):
        circuit.swap(qubit, num_qubits - 1 - qubit)
    return circuit


def _flip_all_ones(circuit: QuantumCircuit) -> None:
    """Append a sign flip of the state |1…1⟩."""
    last = circuit.num_qubits - 1
    if last == 0:
        circuit.z(0)
    elif last == 1:
        circuit.cz(0, 1)
    else:
        circuit.mcp(math.pi, list(range(last)), last)
