"""Correct bit flips with a repetition code: measure in the middle, look the error up, flip back, again and again.

Every qubit of the code is turned by a small angle in each round. Measured parities of neighbours (the syndrome) decide,
by `switch`, which qubits are flipped back. All shots run as one tree of trajectories inside the engine, and
`exact=True` gives the probabilities themselves. The errors are coherent turns, not coins, so that what is left of them
adds up as amplitudes do; a closed formula knows the result.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from ketjet import Simulator

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDS = 3


def corrections(distance: int) -> dict[int, list[int]]:
    """Return for every syndrome the smaller of the two sets of flipped qubits that explain it."""
    found = {}
    for syndrome in range(1 << (distance - 1)):
        flipped = [0]
        for k in range(distance - 1):
            flipped.append(flipped[-1] ^ (syndrome >> k & 1))
        if 2 * sum(flipped) > distance:
            flipped = [1 - bit for bit in flipped]
        found[syndrome] = [qubit for qubit, bit in enumerate(flipped) if bit]
    return found


def memory_experiment(distance: int, angle: float, rounds: int) -> QuantumCircuit:
    """Return the circuit that keeps a logical 0 for some rounds and then measures all qubits of the code."""
    data, ancillas = QuantumRegister(distance, "data"), QuantumRegister(distance - 1, "ancilla")
    syndrome, outcome = ClassicalRegister(distance - 1, "syndrome"), ClassicalRegister(distance, "outcome")
    circuit = QuantumCircuit(data, ancillas, syndrome, outcome)
    for _ in range(rounds):
        circuit.rx(angle, data)
        for k, ancilla in enumerate(ancillas):
            circuit.cx(data[k], ancilla)
            circuit.cx(data[k + 1], ancilla)
        circuit.measure(ancillas, syndrome)
        circuit.reset(ancillas)
        with circuit.switch(syndrome) as case:
            for value, qubits in corrections(distance).items():
                if qubits:
                    with case(value):
                        circuit.x([data[qubit] for qubit in qubits])
    circuit.measure(data, outcome)
    return circuit


def is_logical_error(key: str) -> bool:
    """Return whether most of the measured qubits are 1; the register that was made last is leftmost in the key."""
    outcome = key.split(maxsplit=1)[0]
    return 2 * outcome.count("1") > len(outcome)


def sampled_error(distance: int, angle: float, rounds: int, shots: int, seed: int) -> float:
    """Return the part of the shots with a logical error."""
    circuit = memory_experiment(distance, angle, rounds)
    counts = Simulator().run(circuit, shots=shots, seed_simulator=seed).result().get_counts()
    return float(sum(count for key, count in counts.items() if is_logical_error(key)) / shots)


def exact_error(distance: int, angle: float, rounds: int) -> float:
    """Return the probability of a logical error, from all branches."""
    result = Simulator().run(memory_experiment(distance, angle, rounds), exact=True).result()
    return float(sum(value for key, value in result.get_probabilities().items() if is_logical_error(key)))


def known_error(distance: int, angle: float, rounds: int) -> float:
    """Return the same in closed form.

    A syndrome with w flips leaves a + b X on the logical qubit, where a = cos^(d-w) (-i sin)^w and b has w and d - w
    exchanged. On logical |+⟩ and |-⟩ these are numbers, so that a round multiplies the coherence of the two by g.
    """
    cosine, turn = math.cos(angle / 2), -1j * math.sin(angle / 2)
    g = 0j
    for flips in range((distance + 1) // 2):
        a = cosine ** (distance - flips) * turn**flips
        b = cosine**flips * turn ** (distance - flips)
        g += math.comb(distance, flips) * (a + b) * (a - b).conjugate()
    return (1 - (g**rounds).real) / 2


def draw(found: dict[int, NDArray[np.float64]], flip: NDArray[np.float64], path: Path) -> None:
    """Draw sampled points and the closed formula over the probability that one turn flips a qubit."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    finer = np.geomspace(flip[0], flip[-1], 100)
    for number, (distance, errors) in enumerate(found.items()):
        curve = [known_error(distance, 2 * math.asin(math.sqrt(p)), ROUNDS) for p in finer]
        axes.plot(finer, curve, color=f"C{number}")
        axes.plot(flip, errors, "o", color=f"C{number}", label=f"distance {distance}")
    bare = [known_error(1, 2 * math.asin(math.sqrt(p)), ROUNDS) for p in finer]
    axes.plot(finer, bare, ":", color=f"C{len(found)}", label="one bare qubit")
    axes.set(xscale="log", yscale="log", xlabel="probability that a turn flips a qubit", ylabel="logical error")
    axes.legend(title=f"{ROUNDS} rounds; lines: formula")
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Sample, compare with the formula and draw."""
    parser = argparse.ArgumentParser(description="Correct bit flips with a repetition code.")
    parser.add_argument("--picture", type=Path, help="draw the logical error into this file")
    picture = parser.parse_args().picture

    flip, shots = np.geomspace(0.02, 0.3, 7), 200_000
    found = {}
    for distance in (3, 5, 7):
        angles = [2 * math.asin(math.sqrt(p)) for p in flip]
        found[distance] = errors = np.array([sampled_error(distance, angle, ROUNDS, shots, seed=7) for angle in angles])
        known = np.array([known_error(distance, angle, ROUNDS) for angle in angles])
        off = np.abs(errors - known) / np.sqrt(known * (1 - known) / shots)
        print(f"distance {distance}: logical error {errors[0]:.5f} at 2 % flips, {errors[-1]:.5f} at 30 %;")
        print(f"            at most {off.max():.1f} standard errors from the formula")
    if picture is not None:
        draw(found, flip, picture)


if __name__ == "__main__":
    main()
