"""Factor 35 with Shor's algorithm: phase estimation finds the order of 2 modulo 35.

The order r is the least number with 2^r = 1 (mod 35). The map |x⟩ → |2x mod 35⟩ has the eigenvalues exp(2πi s/r), so a
register of counting qubits that controls its powers shows peaks at multiples of 1/r. From a measured peak the
continued fraction gives r, and an even r gives the factors as common divisors of 2^(r/2) ± 1 and 35.
"""

from __future__ import annotations

import argparse
import math
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import ClassicalRegister
from qiskit.circuit.library import QFTGate, UnitaryGate

from ketjet import Simulator

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODULUS, BASE = 35, 2
COUNTING_QUBITS = 12


def controlled_multiplication(factor: int, modulus: int, work_qubits: int) -> UnitaryGate:
    """Return the gate |x⟩ → |factor · x mod modulus⟩ on the work qubits, controlled by one more qubit, the last."""
    size = 1 << work_qubits
    matrix = np.eye(2 * size)
    for x in range(modulus):  # where the control is 0 nothing happens, and neither does it to x ≥ modulus
        matrix[:, size + x] = 0
        matrix[size + factor * x % modulus, size + x] = 1
    return UnitaryGate(matrix, label=f"x {factor} mod {modulus}")


def order_finding(base: int, modulus: int, counting_qubits: int) -> QuantumCircuit:
    """Return the circuit whose counts have peaks at multiples of 2^counting_qubits / order."""
    counting = QuantumRegister(counting_qubits, "counting")
    work = QuantumRegister(modulus.bit_length(), "work")
    circuit = QuantumCircuit(counting, work, ClassicalRegister(counting_qubits, "phase"))
    circuit.x(work[0])  # the number 1: all eigenvectors, each with the same weight
    circuit.h(counting)
    for k, qubit in enumerate(counting):
        power = pow(base, 2**k, modulus)
        circuit.append(controlled_multiplication(power, modulus, len(work)), [*work, qubit])
    circuit.append(QFTGate(counting_qubits).inverse(), counting)
    circuit.measure(counting, circuit.cregs[0])
    return circuit


def order_from(counts: dict[str, int], base: int, modulus: int) -> int:
    """Return the least order that a measured phase gives."""
    candidates = {
        Fraction(int(key, 2), 1 << len(key)).limit_denominator(modulus - 1).denominator for key, _ in counts.items()
    }
    return min(order for order in candidates if pow(base, order, modulus) == 1)


def factors_from(order: int, base: int, modulus: int) -> tuple[int, int]:
    """Return the common divisors of the modulus and base^(order/2) ± 1."""
    root = pow(base, order // 2, modulus)
    return math.gcd(root - 1, modulus), math.gcd(root + 1, modulus)


def expected_probabilities(order: int, counting_qubits: int) -> NDArray[np.float64]:
    """Return what the theory of phase estimation says: one interference pattern around every s/order."""
    size = 1 << counting_qubits
    distance = np.arange(size)[:, None] / size - np.arange(order) / order
    with np.errstate(invalid="ignore"):
        pattern = (np.sin(np.pi * size * distance) / (size * np.sin(np.pi * distance))) ** 2
    probabilities: NDArray[np.float64] = np.where(distance == 0, 1.0, pattern).mean(axis=1)
    return probabilities


def draw(counts: dict[str, int], order: int, path: Path) -> None:
    """Draw the counts, and marks where the multiples of 1/order are."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    shots = sum(counts.values())
    phases = [int(key, 2) / 2 ** len(key) for key in counts]
    axes.vlines(phases, 0, [count / shots for count in counts.values()], colors="C0", linewidth=2)
    axes.plot(np.arange(order) / order, np.zeros(order), "^", color="C1", label=f"s/{order}", clip_on=False)
    axes.set(xlabel="measured phase", ylabel="part of the shots", ylim=(0, None))
    axes.legend()
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Factor, check and draw."""
    parser = argparse.ArgumentParser(description="Factor 35 with Shor's algorithm.")
    parser.add_argument("--picture", type=Path, help="draw the counts into this file")
    picture = parser.parse_args().picture

    circuit = order_finding(BASE, MODULUS, COUNTING_QUBITS)
    counts = Simulator().run(circuit, shots=2000, seed_simulator=7).result().get_counts()
    order = order_from(counts, BASE, MODULUS)
    p, q = factors_from(order, BASE, MODULUS)
    print(f"{circuit.num_qubits} qubits, 2000 shots")
    print(f"order of {BASE} modulo {MODULUS}: {order}; check: {BASE}^{order} mod {MODULUS} = {BASE**order % MODULUS}")
    print(f"{MODULUS} = {p} x {q}")
    if picture is not None:
        draw(counts, order, picture)


if __name__ == "__main__":
    main()
