"""Circuits that keep the engine busy, or whose shots go different ways."""

from __future__ import annotations

from qiskit import QuantumCircuit


def layered_circuit(num_qubits, layers):
    """Rotations and entangling gates on all qubits; 24 qubits and 200 layers keep any computer busy for seconds."""
    circuit = QuantumCircuit(num_qubits, name=f"layered_{num_qubits}")
    for layer in range(layers):
        for qubit in range(num_qubits):
            circuit.rx(0.3 + 0.01 * layer, qubit)
        shift = 1 + layer % (num_qubits - 1)
        for qubit in range(num_qubits):
            circuit.cx(qubit, (qubit + shift) % num_qubits)
    circuit.measure_all()
    return circuit


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


def endless():
    """Never ends, and takes next to no memory."""
    circuit = QuantumCircuit(1, 1, name="endless")
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.x(0)
        circuit.x(0)
        circuit.measure(0, 0)
    return circuit


def turned(*angles):
    """One qubit, turned about Y by each angle."""
    circuit = QuantumCircuit(1, name="turned")
    for angle in angles:
        circuit.ry(angle, 0)
    return circuit
