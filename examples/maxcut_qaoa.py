"""Cut a graph in two with QAOA: colour 20 vertices with two colours so that many edges join different ones.

The graph is the dodecahedron's, with 30 edges. A pentagon cannot have all its edges cut, there are 12 of them, and an
edge lies in two: so no colouring cuts more than 24. Layers of phases (one angle for all edges) and of rotations (one
for all vertices) turn a superposition of all colourings into one of good ones. An optimiser chooses the angles by the
exact average and its derivatives, `Objective.value_and_gradient`; then colourings are sampled. For one layer the best
angles are known in closed form, because the graph has no triangles.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp
from scipy.optimize import minimize

from ketjet import Objective, StateVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

Edges = list[tuple[int, int]]


def petersen_like(n: int, k: int = 2) -> Edges:
    """Return a generalised Petersen graph: n = 5 is Petersen's, n = 10 the dodecahedron's; every vertex has 3 edges."""
    outer = [(i, (i + 1) % n) for i in range(n)]
    inner = [(n + i, n + (i + k) % n) for i in range(n)]
    return [*outer, *inner, *((i, n + i) for i in range(n))]


def qaoa(edges: Edges, angles: NDArray[np.float64] | ParameterVector) -> QuantumCircuit:
    """Return the circuit of len(angles) / 2 layers; first the angles of the edges, then those of the vertices."""
    vertices, layers = 1 + max(map(max, edges)), len(angles) // 2
    circuit = QuantumCircuit(vertices)
    circuit.h(range(vertices))
    for gamma, beta in zip(angles[:layers], angles[layers:], strict=True):
        for a, b in edges:
            circuit.rzz(-gamma, a, b)
        circuit.rx(2 * beta, range(vertices))
    return circuit


def cut_operator(edges: Edges) -> SparsePauliOp:
    """Return the observable that counts cut edges: the sum of (1 - ZZ) / 2."""
    vertices = 1 + max(map(max, edges))
    terms = [("", [], len(edges) / 2), *(("ZZ", [a, b], -0.5) for a, b in edges)]
    return SparsePauliOp.from_sparse_list(terms, vertices)


def cut_size(edges: Edges, colours: str) -> int:
    """Return how many edges a measured colouring cuts; its last character is vertex 0."""
    return sum(colours[-1 - a] != colours[-1 - b] for a, b in edges)


def best_angles_of_one_layer(degree: int = 3) -> NDArray[np.float64]:
    """Return the optimum for one layer on a regular graph without triangles."""
    return np.array([math.atan(1 / math.sqrt(degree - 1)), math.pi / 8])


def best_cut_of_one_layer(edges: Edges, degree: int = 3) -> float:
    """Return the number of edges that one layer then cuts on average."""
    gain = float((1 - 1 / degree) ** ((degree - 1) / 2)) / math.sqrt(degree)
    return len(edges) * (1 + gain) / 2


def optimise(edges: Edges, layers: int) -> list[tuple[float, NDArray[np.float64]]]:
    """Return the average cut and the angles for 1, 2, ... layers; each starts from the angles of the one before."""
    angles, found = best_angles_of_one_layer(), []
    for more in range(1, layers + 1):
        minus_cut = Objective(qaoa(edges, ParameterVector("angles", 2 * more)), -1 * cut_operator(edges))
        places, old = np.linspace(0, 1, more), np.linspace(0, 1, len(angles) // 2)
        start = np.concatenate([np.interp(places, old, half) for half in np.reshape(angles, (2, -1))])
        ended = minimize(minus_cut.value_and_gradient, start, jac=True, method="L-BFGS-B")
        angles = ended.x
        found.append((-float(ended.fun), angles))
    return found


def draw(edges: Edges, colours: str, sizes: dict[str, list[int]], best: int, path: Path) -> None:
    """Draw the best colouring, and how many edges random and sampled colourings cut."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained", width_ratios=[1, 1.3])
    n = len(colours) // 2
    turn = 2 * np.pi * np.arange(2 * n) / n + np.pi / 2
    radius = np.repeat([1.0, 0.55], n)
    x, y = radius * np.cos(turn), radius * np.sin(turn)
    for a, b in edges:
        is_cut = colours[-1 - a] != colours[-1 - b]
        style = {"color": "C0", "linewidth": 1.5} if is_cut else {"color": "C1", "linewidth": 3}
        left.plot([x[a], x[b]], [y[a], y[b]], zorder=1, **style)
    left.scatter(x, y, s=90, c=["C2" if colour == "1" else "C3" for colour in colours[::-1]], zorder=2)
    left.set(title=f"{cut_size(edges, colours)} of {len(edges)} edges are cut", aspect="equal")
    left.axis("off")
    bins = np.arange(len(edges) + 2) - 0.5
    for name, found in sizes.items():
        right.hist(found, bins=bins, density=True, histtype="step", linewidth=2, label=name)
    right.axvline(best, linestyle=":", color="C1", label="most possible")
    right.set(xlabel="edges that are cut", ylabel="part of the samples", xlim=(5, len(edges)))
    right.legend(loc="upper left")
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Optimise, sample, check and draw."""
    parser = argparse.ArgumentParser(description="Cut the dodecahedron's graph with QAOA.")
    parser.add_argument("--picture", type=Path, help="draw the best cut into this file")
    picture = parser.parse_args().picture

    edges, most = petersen_like(10), 24
    rng = np.random.default_rng(7)
    random = ["".join(rng.choice(["0", "1"], 20)) for _ in range(2000)]
    sizes = {"random": [cut_size(edges, colours) for colours in random]}
    print(f"random colourings cut {len(edges) / 2:.3f} of {len(edges)} edges on average")
    best = random[0]
    for layers, (cut, angles) in enumerate(optimise(edges, layers=3), start=1):
        sampled = StateVector(20).evolve(qaoa(edges, angles)).sample(2000, seed=7)
        best = max([best, *sampled], key=lambda colours: cut_size(edges, colours))
        sizes[f"{layers} layers" if layers > 1 else "1 layer"] = [
            cut_size(edges, colours) for colours, count in sampled.items() for _ in range(count)
        ]
        known = f"; in closed form {best_cut_of_one_layer(edges):.3f}" if layers == 1 else ""
        print(f"{layers} layer{'s' if layers > 1 else ''}: {cut:.3f} on average{known}")
    print(f"best sample: {cut_size(edges, best)} edges; the most that is possible: {most}")
    if picture is not None:
        draw(edges, best, sizes, most, picture)


if __name__ == "__main__":
    main()
