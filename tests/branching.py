"""Circuits whose shots go different ways."""

from __future__ import annotations

from qiskit import QuantumCircuit


def coins(tosses):
    """Toss one qubit again and again: every outcome is as likely."""
    circuit = QuantumCircuit(1, tosses)
    for bit in range(tosses):
        circuit.h(0)
        circuit.measure(0, bit)
    return circuit


def branches(num_qubits, tosses):
    """Toss qubit 0 between rotations and entangling gates of all qubits, so that states differ."""
    circuit = QuantumCircuit(num_qubits, tosses)
    for bit in range(tosses):
        circuit.h(0)
        circuit.measure(0, bit)
        circuit.rx(0.1 * bit + 0.05, range(num_qubits))
        for qubit in range(num_qubits - 1):
            circuit.cx(qubit, qubit + 1)
    return circuit
