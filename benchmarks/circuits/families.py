"""Benchmark circuits, by name and width, as plain Qiskit circuits; here those of physics, learning and random gates.

They use only gates that every engine has as its own (see ``GATES``), so that no engine pays for a foreign gate set.
Random ones are fixed by their seed: the same name, width, depth and seed give the same circuit on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate
from qiskit.circuit.library import quantum_volume as qiskit_quantum_volume
from qiskit.quantum_info import random_unitary

from circuits.algorithms import ghz, grover, hidden_shift, qft, qpe, superposition

GATES = frozenset(
    "h x z s sdg t tdg rx ry rz cx cz cp swap rxx ryy rzz ccz mcphase unitary".split()  # noqa: SIM905 - one line
)
"""Names of all gates that the circuits are made of; ``unitary`` has one or two qubits, ``mcphase`` any number."""

SQRT_W = UnitaryGate(np.array([[1, -np.sqrt(1j)], [np.sqrt(-1j), 1]]) / np.sqrt(2), label="sqrt_w")


def quantum_volume(num_qubits: int, depth: int, seed: int) -> QuantumCircuit:
    """Layers of random two-qubit unitaries on random pairs: dense, no structure to use."""
    if num_qubits > 1:
        return qiskit_quantum_volume(num_qubits, depth, seed=seed).copy(name="quantum_volume")
    circuit = QuantumCircuit(1)
    for layer in range(depth):
        circuit.unitary(random_unitary(2, seed=seed + layer), [0])
    return circuit


def ansatz(num_qubits: int, depth: int, seed: int) -> QuantumCircuit:
    """Hardware-efficient ansatz: layers of RY and RZ with a ladder of CX between them."""
    angles = iter(np.random.default_rng(seed).uniform(-math.pi, math.pi, 2 * num_qubits * (depth + 1)))
    circuit = QuantumCircuit(num_qubits)
    for layer in range(depth + 1):
        for qubit in range(num_qubits):
            circuit.ry(float(next(angles)), qubit)
            circuit.rz(float(next(angles)), qubit)
        if layer < depth:
            for qubit in range(num_qubits - 1):
                circuit.cx(qubit, qubit + 1)
    return circuit


def ising(num_qubits: int, depth: int, _seed: int) -> QuantumCircuit:
    """Second-order Trotter steps of the transverse-field Ising chain."""
    step, coupling, field = 0.1, 1.0, 0.8
    circuit = QuantumCircuit(num_qubits)
    for _ in range(depth):
        circuit.rx(field * step, range(num_qubits))
        for start in (0, 1):
            for qubit in range(start, num_qubits - 1, 2):
                circuit.rzz(2 * coupling * step, qubit, qubit + 1)
        circuit.rx(field * step, range(num_qubits))
    return circuit


def heisenberg(num_qubits: int, depth: int, seed: int) -> QuantumCircuit:
    """First-order Trotter steps of the Heisenberg chain in a random field, from the Néel state."""
    step, coupling = 0.1, 1.0
    fields = np.random.default_rng(seed).uniform(-1.0, 1.0, num_qubits).tolist()
    circuit = QuantumCircuit(num_qubits)
    for qubit in range(1, num_qubits, 2):
        circuit.x(qubit)
    for _ in range(depth):
        for start in (0, 1):
            for qubit in range(start, num_qubits - 1, 2):
                circuit.rxx(2 * coupling * step, qubit, qubit + 1)
                circuit.ryy(2 * coupling * step, qubit, qubit + 1)
                circuit.rzz(2 * coupling * step, qubit, qubit + 1)
        for qubit, field in enumerate(fields):
            circuit.rz(2 * field * step, qubit)
    return circuit


def qaoa(num_qubits: int, depth: int, seed: int) -> QuantumCircuit:
    """QAOA for MaxCut on a ring with a random perfect matching (a 3-regular graph when the width is even)."""
    rng = np.random.default_rng(seed)
    edges = {(q, q + 1) for q in range(num_qubits - 1)} | ({(0, num_qubits - 1)} if num_qubits > 2 else set())
    order = rng.permutation(num_qubits).tolist()
    edges |= {(min(pair), max(pair)) for pair in zip(order[::2], order[1::2], strict=False)}
    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    for gamma, beta in rng.uniform(0.1, 1.0, (depth, 2)).tolist():
        for first, second in sorted(edges):
            circuit.rzz(2 * gamma, first, second)
        circuit.rx(2 * beta, range(num_qubits))
    return circuit


def qcbm(num_qubits: int, depth: int, seed: int) -> QuantumCircuit:
    """Quantum circuit Born machine: layers of RZ RX RZ with a ring of CX between them."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(num_qubits)
    for layer in range(depth + 1):
        for qubit, angles in enumerate(rng.uniform(-math.pi, math.pi, (num_qubits, 3)).tolist()):
            if layer > 0:
                circuit.rz(angles[0], qubit)
            circuit.rx(angles[1], qubit)
            if layer < depth:
                circuit.rz(angles[2], qubit)
        if layer < depth and num_qubits > 1:
            for qubit in range(num_qubits):
                circuit.cx(qubit, (qubit + 1) % num_qubits)
    return circuit


def supremacy(num_qubits: int, depth: int, seed: int) -> QuantumCircuit:
    """Random square roots of X, Y and W on a grid, with CZ on one of four patterns of neighbours a layer."""
    rng = np.random.default_rng(seed)
    width = math.ceil(math.sqrt(num_qubits))
    right = [(q, q + 1) for q in range(num_qubits - 1) if (q + 1) % width]
    down = [(q, q + width) for q in range(num_qubits - width)]
    patterns = [
        [pair for pair in pairs if (pair[0] % width + pair[0] // width) % 2 == parity]
        for pairs in (right, down)
        for parity in (0, 1)
    ]
    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    last = np.full(num_qubits, -1)
    for layer in range(depth):
        for first, second in patterns[(0, 1, 2, 3, 2, 3, 0, 1)[layer % 8]]:
            circuit.cz(first, second)
        last = np.array([rng.choice([kind for kind in range(3) if kind != before]) for before in last])
        for qubit, kind in enumerate(last.tolist()):
            _apply_root(circuit, qubit, kind)
    return circuit


def _apply_root(circuit: QuantumCircuit, qubit: int, kind: int) -> None:
    """Append the square root of X (0), Y (1) or W (2)."""
    if kind == 0:
        circuit.rx(math.pi / 2, qubit)
    elif kind == 1:
        circuit.ry(math.pi / 2, qubit)
    else:
        circuit.append(SQRT_W, [qubit])


def clifford_t(num_qubits: int, depth: int, seed: int) -> QuantumCircuit:
    """Layers of random H, S, T and their inverses, and CX on a random half of the qubits."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(num_qubits)
    for _ in range(depth):
        for qubit, kind in enumerate(rng.integers(0, 6, num_qubits).tolist()):
            getattr(circuit, ("h", "h", "s", "t", "sdg", "tdg")[kind])(qubit)
        order = rng.permutation(num_qubits).tolist()
        for index in range(0, max(min(num_qubits, 2), num_qubits // 2) - 1, 2):
            circuit.cx(order[index], order[index + 1])
    return circuit


Generator = Callable[[int, int, int], QuantumCircuit]

GENERATORS: dict[str, tuple[Generator, int]] = {
    "qft": (qft, 1),
    "quantum_volume": (quantum_volume, 10),
    "quantum_volume_square": (quantum_volume, 0),
    "supremacy": (supremacy, 14),
    "ising": (ising, 10),
    "heisenberg": (heisenberg, 10),
    "qaoa": (qaoa, 4),
    "ansatz": (ansatz, 4),
    "clifford_t": (clifford_t, 20),
    "ghz": (ghz, 1),
    "grover": (grover, 5),
    "hidden_shift": (hidden_shift, 4),
    "qpe": (qpe, 1),
    "qcbm": (qcbm, 9),
    "superposition": (superposition, 1),
}
"""Name to generator and default depth; a depth of 0 means as deep as wide."""

DEFAULT_NAMES = tuple(name for name in GENERATORS if name not in ("quantum_volume_square", "superposition"))
"""The families of the comparison."""


def build(
    name: str, num_qubits: int, *, depth: int | None = None, seed: int = 1, product_input: bool = False
) -> QuantumCircuit:
    """
    Build a named benchmark circuit without measurements.

    Parameters
    ----------
    name
        A key of ``GENERATORS``.
    num_qubits
        Width of the circuit.
    depth
        Layers, steps or rounds; by default the depth given in ``GENERATORS``.
    seed
        Seed of the random families.
    product_input
        Put a random RY and RZ on each qubit first, so that no qubit starts in a known basis state.
    """
    if name not in GENERATORS:
        raise ValueError(f"unknown circuit {name!r}; choose from {', '.join(GENERATORS)}")
    generator, default_depth = GENERATORS[name]
    circuit = generator(num_qubits, depth or default_depth or num_qubits, seed)
    if product_input:
        first = QuantumCircuit(num_qubits)
        angles = np.random.default_rng(seed + 1).uniform(0.3, 2.8, (num_qubits, 2)).tolist()
        for qubit, (theta, phi) in enumerate(angles):
            first.ry(theta, qubit)
            first.rz(phi, qubit)
        circuit = first.compose(circuit)
    circuit.name = name
    return circuit
