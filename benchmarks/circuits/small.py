"""Small work, as most users have it: a Bell pair, many circuits of five qubits, and one circuit at many points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from qiskit import QuantumCircuit

from circuits.variational import ansatz, build_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuits.variational import Problem

SHOTS = 100
"""Of every circuit and point; a Bell pair has 1000."""

BELL_SHOTS = 1000


def bell() -> QuantumCircuit:
    """Build a measured Bell pair."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def many_circuits(count: int = 500, num_qubits: int = 5, layers: int = 4) -> list[QuantumCircuit]:
    """Build measured circuits that differ in structure and angles: random one-qubit gates and pairs."""
    rng, circuits = np.random.default_rng(3), []
    for _ in range(count):
        circuit = QuantumCircuit(num_qubits)
        for _ in range(layers):
            for qubit in range(num_qubits):
                name = rng.choice(["h", "t", "rx", "ry", "rz"])
                angles = [float(rng.uniform(-math.pi, math.pi))] if name[0] == "r" else []
                getattr(circuit, name)(*angles, qubit)
            order = rng.permutation(num_qubits).tolist()
            for first, second in zip(order[::2], order[1::2], strict=False):
                getattr(circuit, rng.choice(["cx", "cz", "swap"]))(first, second)
        circuit.measure_all()
        circuits.append(circuit)
    return circuits


def sweep(points: int = 1000) -> tuple[QuantumCircuit, np.ndarray]:
    """Build an ansatz of 10 qubits and 40 parameters, and values for it, shape (points, 40)."""
    circuit = ansatz(10, 40)
    circuit.measure_all()
    return circuit, np.random.default_rng(5).uniform(-math.pi, math.pi, (points, 40))


def states(points: int = 1000) -> tuple[QuantumCircuit, np.ndarray]:
    """Build the same without measurements."""
    return ansatz(10, 40), sweep(points)[1]


def energies(points: int = 10_000) -> tuple[Problem, np.ndarray]:
    """Build an ansatz of 10 qubits and 100 parameters with an Ising chain, and values for it, shape (points, 100)."""
    problem = build_problem("ansatz", "ising", 10, 100, 0)
    return problem, np.random.default_rng(6).uniform(-math.pi, math.pi, (points, 100))


def state_moments(states: Sequence[np.ndarray]) -> list[float]:
    """Return mean and spread of all basis states' numbers, as the states have them: what all engines agree on."""
    probabilities = np.mean([np.abs(state) ** 2 for state in states], axis=0)
    numbers = np.arange(len(probabilities))
    mean = float(probabilities @ numbers)
    return [mean, float(probabilities @ (numbers - mean) ** 2) ** 0.5]


def ones_share(counts: Sequence[dict[str, int]]) -> list[float]:
    """Return the share of ones among all measured bits, and how many shots there are: what all engines agree on."""
    ones = bits = shots = 0
    for each in counts:
        for text, number in each.items():
            ones += text.count("1") * number
            bits += len(text) * number
            shots += number
    return [ones / bits, float(shots)]
