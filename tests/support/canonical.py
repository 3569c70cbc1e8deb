"""Canonical circuits: the shapes that people simulate, small enough that their plans can be read."""

from __future__ import annotations

import math

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import quantum_volume as qiskit_quantum_volume

QUBITS = 16


def qft():
    circuit = QuantumCircuit(QUBITS)
    for target in reversed(range(QUBITS)):
        circuit.h(target)
        for control in range(target):
            circuit.cp(math.pi / 2 ** (target - control), control, target)
    for qubit in range(QUBITS // 2):
        circuit.swap(qubit, QUBITS - 1 - qubit)
    return circuit


def ghz():
    circuit = QuantumCircuit(QUBITS)
    circuit.h(0)
    for qubit in range(QUBITS - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit


def quantum_volume():
    return qiskit_quantum_volume(QUBITS, 4, seed=1)


def ising():
    circuit = QuantumCircuit(QUBITS)
    for _ in range(3):
        circuit.rx(0.1, range(QUBITS))
        for qubit in range(QUBITS - 1):
            circuit.rzz(0.2, qubit, qubit + 1)
    return circuit


def heisenberg():
    circuit = QuantumCircuit(QUBITS)
    circuit.x(range(0, QUBITS, 2))
    for _ in range(2):
        for start in (0, 1):
            for qubit in range(start, QUBITS - 1, 2):
                circuit.rxx(0.1, qubit, qubit + 1)
                circuit.ryy(0.1, qubit, qubit + 1)
                circuit.rzz(0.1, qubit, qubit + 1)
    return circuit


def qaoa():
    circuit = QuantumCircuit(QUBITS)
    circuit.h(range(QUBITS))
    edges = [(qubit, (qubit + shift) % QUBITS) for shift in (1, 5) for qubit in range(QUBITS)]
    for _ in range(2):
        for first, second in edges:
            circuit.rzz(0.4, first, second)
        circuit.rx(0.6, range(QUBITS))
    circuit.measure_all()
    return circuit


def ansatz():
    circuit = QuantumCircuit(QUBITS)
    for layer in range(3):
        for qubit in range(QUBITS):
            circuit.ry(0.3 + layer, qubit)
            circuit.rz(0.2 + layer, qubit)
        for qubit in range(QUBITS - 1):
            circuit.cx(qubit, qubit + 1)
    return circuit


def clifford_t():
    random = np.random.default_rng(1)
    circuit = QuantumCircuit(QUBITS)
    for _ in range(8):
        for qubit, kind in enumerate(random.integers(0, 5, QUBITS).tolist()):
            getattr(circuit, ("h", "s", "t", "sdg", "tdg")[kind])(qubit)
        order = random.permutation(QUBITS).tolist()
        for first, second in zip(order[::4], order[1::4], strict=True):
            circuit.cx(first, second)
    return circuit


def grover():
    size = 12
    circuit = QuantumCircuit(size)
    circuit.h(range(size))
    for _ in range(2):
        circuit.h(size - 1)
        circuit.mcx(list(range(size - 1)), size - 1)
        circuit.h(size - 1)
        circuit.h(range(size))
        circuit.x(range(size))
        circuit.h(size - 1)
        circuit.mcx(list(range(size - 1)), size - 1)
        circuit.h(size - 1)
        circuit.x(range(size))
        circuit.h(range(size))
    circuit.measure_all()
    return circuit


def random_gates():
    random = np.random.default_rng(7)
    circuit = QuantumCircuit(QUBITS)
    for _ in range(80):
        first, second, third = random.permutation(QUBITS)[:3].tolist()
        kind = random.integers(0, 8)
        if kind < 3:
            circuit.u(*random.uniform(-3, 3, 3).tolist(), first)
        elif kind == 3:
            circuit.cx(first, second)
        elif kind == 4:
            circuit.crx(0.4, first, second)
        elif kind == 5:
            circuit.ccx(first, second, third)
        elif kind == 6:
            circuit.iswap(first, second)
        else:
            circuit.cswap(first, second, third)
    return circuit


def measured_midway():
    circuit = QuantumCircuit(14, 14)
    circuit.h(range(14))
    circuit.measure(0, 0)
    for qubit in range(13):
        circuit.cx(qubit, qubit + 1)
    circuit.reset(3)
    circuit.ry(0.3, range(14))
    circuit.measure(range(14), range(14))
    return circuit


def wide_unitary():
    circuit = QuantumCircuit(QUBITS)
    circuit.h(range(QUBITS))
    random = np.random.default_rng(3)
    matrix = np.linalg.qr(random.normal(size=(16, 16)) + 1j * random.normal(size=(16, 16)))[0]
    circuit.unitary(matrix, [2, 7, 11, 15])
    circuit.h(2)
    circuit.unitary(matrix, [0, 1, 2, 3])
    return circuit


CIRCUITS = {
    make.__name__: make
    for make in (
        qft, ghz, quantum_volume, ising, heisenberg, qaoa, ansatz, clifford_t, grover, random_gates, measured_midway,
        wide_unitary,
    )
}  # fmt: skip


def build(name):
    """The circuit of that name."""
    circuit = CIRCUITS[name]()
    circuit.name = name
    return circuit
