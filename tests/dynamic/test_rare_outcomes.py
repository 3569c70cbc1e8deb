"""Outcomes as rare as 1e-17 occur as often as they should, wherever shots part, sampled and exact, in both precisions.

What is rare is the zero as well as the one: neither may be what the other leaves of a sum.
"""

from __future__ import annotations

import math

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from ketjet import Simulator

SEEDS = range(20)
WANTED = 1000  # rare shots of each seed
CHANCES = [1e-9, 1e-12, 1e-15, 1e-16, 1.5e-16, 1e-17]


def prepared(circuit, chance, rare_one):
    """Turn qubit 0 so that it is rarely one, or rarely zero."""
    circuit.ry(2 * math.asin(math.sqrt(chance)), 0)
    if not rare_one:
        circuit.x(0)


def final(chance, rare_one):
    circuit = QuantumCircuit(1, 1)
    prepared(circuit, chance, rare_one)
    circuit.measure(0, 0)
    return circuit


def final_among_many(chance, rare_one):
    """Both outcomes in all chunks of the state, or each in chunks of its own."""
    circuit = QuantumCircuit(15, 2)
    prepared(circuit, chance, rare_one)
    circuit.h(range(1, 14))
    circuit.cx(0, 14)
    circuit.measure([0, 14], [0, 1])
    return circuit


def midway(chance, rare_one):
    circuit = QuantumCircuit(1, 2)
    prepared(circuit, chance, rare_one)
    circuit.measure(0, 0)
    circuit.h(0)
    circuit.measure(0, 1)
    return circuit


def midway_of_two(chance, rare_one):
    """A rare outcome after a rare outcome."""
    circuit = QuantumCircuit(1, 2)
    for clbit in range(2):
        prepared(circuit, math.sqrt(chance), rare_one)
        circuit.measure(0, clbit)
        circuit.reset(0)
    return circuit


def reset(chance, rare_one):
    """What a reset found is seen in another qubit."""
    circuit = QuantumCircuit(2, 1)
    prepared(circuit, chance, rare_one)
    circuit.cx(0, 1)
    circuit.reset(0)
    circuit.h(0)
    circuit.measure(1, 0)
    return circuit


def branch(chance, rare_one):
    circuit = QuantumCircuit(2, 2)
    prepared(circuit, chance, rare_one)
    circuit.measure(0, 1)
    with circuit.if_test((circuit.clbits[1], 1)):
        circuit.x(1)
    circuit.measure(1, 0)
    return circuit


def forgotten_branch(chance, rare_one):
    """States that differ meet where no classical bit tells them apart."""
    circuit = branch(chance, rare_one)
    circuit.data.pop()
    circuit.reset(0)
    circuit.measure(0, 1)
    circuit.h(0)
    circuit.measure(1, 0)
    return circuit


def kick(chance, rare_one):
    """The rare branch turns another qubit by a right angle, the qubit that chose it is used again and again."""
    circuit = QuantumCircuit(2, 2)
    prepared(circuit, 2 * chance, rare_one)
    circuit.measure(0, 1)
    with circuit.if_test((circuit.clbits[1], int(rare_one))):
        circuit.ry(math.pi / 2, 1)
    for _ in range(3):
        circuit.reset(0)
        circuit.h(0)
        circuit.measure(0, 1)
    if not rare_one:
        circuit.x(1)
    circuit.measure(1, 0)
    return circuit


def switch(chance, rare_one):
    qubits, choice, seen = QuantumRegister(2), ClassicalRegister(1, "choice"), ClassicalRegister(1, "seen")
    circuit = QuantumCircuit(qubits, seen, choice)
    prepared(circuit, chance, rare_one)
    circuit.measure(0, choice[0])
    with circuit.switch(choice) as case:
        with case(1):
            circuit.x(1)
        with case(case.DEFAULT):
            circuit.z(1)
    circuit.measure(1, seen[0])
    return circuit


def loop(chance, rare_one):
    """A loop that is entered, or not left, in the rare case."""
    circuit = QuantumCircuit(2, 2)
    prepared(circuit, chance, rare_one)
    circuit.measure(0, 1)
    with circuit.while_loop((circuit.clbits[1], 1)):
        circuit.x(1)
        circuit.reset(0)
        circuit.measure(0, 1)
    circuit.measure(1, 0)
    return circuit


KINDS = [final, final_among_many, midway, midway_of_two, reset, branch, forgotten_branch, kick, switch, loop]


def rare_part(kind, table, rare_one):
    """Return what a table has of the rare outcome: in the first classical bit, or in both."""
    bits = ("1" if rare_one else "0") * (2 if kind is midway_of_two else 1)
    return sum(value for outcome, value in table.items() if outcome.replace(" ", "").endswith(bits))


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("rare_one", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_rare_outcomes_are_sampled(kind, rare_one, precision):
    simulator = Simulator(precision=precision)
    for chance in CHANCES:
        shots = min(round(WANTED / chance), 1 << 62)
        results = [simulator.run(kind(chance, rare_one), shots=shots, seed_simulator=seed).result() for seed in SEEDS]
        found = sum(rare_part(kind, result.get_counts(), rare_one) for result in results)
        mean = shots * chance * len(SEEDS)
        assert abs(found - mean) < 6 * math.sqrt(mean), (chance, found)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("rare_one", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_rare_outcomes_are_exact(kind, rare_one, precision):
    for chance in [*CHANCES, 1e-20, 1e-25]:
        result = Simulator(precision=precision).run(kind(chance, rare_one), exact=True, exact_floor=0).result()
        found = rare_part(kind, result.get_probabilities(), rare_one)
        assert found == pytest.approx(chance, rel=1e-12 if precision == "double" else 1e-6, abs=0), chance
