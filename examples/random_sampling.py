"""Sample a random circuit: the task of the quantum supremacy experiments, and how to tell that samples are good.

The probabilities p of the N outcomes of a deep random circuit follow the Porter-Thomas law: the density of x = N p is
exp(-x). Samples favour probable outcomes, which the linear cross-entropy N ⟨p⟩ - 1 measures: 1 for perfect samples, 0
where a coin is tossed for every qubit. The entropy of the outcomes is ln N - 1 + γ, with Euler's γ = 0.5772....
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate

from ketjet import StateVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS, COLUMNS, DEPTH, SHOTS = 4, 5, 16, 100_000


def square_roots() -> list[UnitaryGate]:
    """Return the square roots of X, Y and W = (X + Y) / √2."""
    x, y = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]])
    axes = {"√X": x, "√Y": y, "√W": (x + y) / np.sqrt(2)}
    return [UnitaryGate((np.eye(2) - 1j * axis) / np.sqrt(2), label=name) for name, axis in axes.items()]


def random_circuit(rows: int, columns: int, depth: int, seed: int) -> QuantumCircuit:
    """Return a circuit on a grid: a random square root on every qubit, then CZ on a quarter of the bonds, and again."""
    rng = np.random.default_rng(seed)
    circuit, roots = QuantumCircuit(rows * columns), square_roots()
    last = np.full(rows * columns, -1)
    for layer in range(depth):
        for qubit in range(rows * columns):
            last[qubit] = rng.choice([root for root in range(3) if root != last[qubit]])  # never twice in a row
            circuit.append(roots[last[qubit]], [qubit])
        direction, parity = layer % 2, layer // 2 % 2
        for row in range(rows):
            for column in range(columns):
                along, across = (column, row) if direction else (row, column)
                end = (row, column + 1) if direction else (row + 1, column)
                if (along + across) % 2 == parity and end[0] < rows and end[1] < columns:
                    circuit.cz(row * columns + column, end[0] * columns + end[1])
    return circuit


def cross_entropy(probabilities: NDArray[np.float64], counts: dict[str, int]) -> float:
    """Return the linear cross-entropy of samples."""
    keys = np.array([int(key, 2) for key in counts])
    weights = np.array(list(counts.values()))
    return float(len(probabilities) * np.average(probabilities[keys], weights=weights) - 1)


def entropy(probabilities: NDArray[np.float64]) -> float:
    """Return the entropy of a distribution, in nats."""
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())


def draw(probabilities: NDArray[np.float64], counts: dict[str, int], path: Path) -> None:
    """Draw how N p is distributed, over all outcomes and over the samples, beside the law."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
    scaled, x = len(probabilities) * probabilities, np.linspace(0, 10, 200)
    seen = scaled[[int(key, 2) for key in counts]]
    bins = np.linspace(0, 10, 51).tolist()
    axes.hist(scaled, bins=bins, density=True, alpha=0.5, color="C0", label="all outcomes")
    weights = list(counts.values())
    axes.hist(seen, bins=bins, density=True, weights=weights, histtype="step", color="C1", linewidth=2, label="samples")
    axes.plot(x, np.exp(-x), color="C2", label="exp(-x)")
    axes.plot(x, x * np.exp(-x), color="C3", linestyle="--", label="x exp(-x)")
    axes.set(xlabel="x = N p", ylabel="density", yscale="log", ylim=(1e-4, 2), xlim=(0, 10))
    axes.legend()
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Simulate, sample, check and draw."""
    parser = argparse.ArgumentParser(description="Sample a random circuit and check the samples.")
    parser.add_argument("--picture", type=Path, help="draw the distribution into this file")
    picture = parser.parse_args().picture

    circuit = random_circuit(ROWS, COLUMNS, DEPTH, seed=7)
    state = StateVector(circuit.num_qubits).evolve(circuit)
    probabilities = state.probabilities()
    counts = state.sample(SHOTS, seed=7)
    rng = np.random.default_rng(7)
    values, repeats = np.unique(rng.integers(len(probabilities), size=SHOTS), return_counts=True)
    coins = {f"{value:b}": int(count) for value, count in zip(values, repeats, strict=True)}
    expected = np.log(len(probabilities)) - 1 + np.euler_gamma
    print(f"{circuit.num_qubits} qubits, {DEPTH} layers, {SHOTS} samples")
    print(f"cross-entropy of the samples {cross_entropy(probabilities, counts):.3f}; expected 1")
    print(f"cross-entropy of coins       {cross_entropy(probabilities, coins):.3f}; expected 0")
    print(f"entropy of the outcomes      {entropy(probabilities):.4f}; Porter-Thomas {expected:.4f}")
    if picture is not None:
        draw(probabilities, counts, picture)


if __name__ == "__main__":
    main()
