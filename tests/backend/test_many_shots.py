"""A great number of shots of a dynamic circuit takes no longer, and no more memory, than its outcomes do."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit

from ketjet import Simulator

BILLION = 10**9


def until_success():
    circuit = QuantumCircuit(2, 2)
    circuit.h(1)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.reset(0)
        circuit.ry(1.0, 0)
        circuit.measure(0, 0)
    circuit.measure(1, 1)
    return circuit


def reused_qubit(rounds):
    circuit = QuantumCircuit(2, rounds + 1)
    for bit in range(rounds):
        circuit.reset(0)
        circuit.h(0)
        circuit.measure(0, bit)
    circuit.ry(1.0, 1)
    circuit.measure(1, rounds)
    return circuit


def test_a_loop():
    counts = Simulator(seed_simulator=1).run(until_success(), shots=BILLION).result().get_counts()
    assert sum(counts.values()) == BILLION
    assert counts["01"] == pytest.approx(BILLION / 2, abs=6 * np.sqrt(BILLION / 4))


@pytest.mark.parametrize("shots", [BILLION, 10**7])  # many or few shots for every outcome
def test_many_outcomes(shots):
    circuit = reused_qubit(14)
    counts = Simulator(seed_simulator=1).run(circuit, shots=shots).result().get_counts()
    assert sum(counts.values()) == shots
    assert len(counts) == 2**15
    ones = sum(count for key, count in counts.items() if key[0] == "1")
    assert abs(ones - shots * np.sin(0.5) ** 2) < 6 * np.sqrt(shots / 4)


def test_what_is_asked_for():
    backend = Simulator()
    assert backend.estimate(reused_qubit(14), shots=BILLION).peak_bytes < 1 << 30
    assert backend.estimate(reused_qubit(14), shots=BILLION, memory=True).peak_bytes > 16 * BILLION


def test_more_shots_than_one_walk_through_the_state_looks_for():
    circuit = QuantumCircuit(10, 20)
    circuit.h(range(10))
    for bit in range(10):
        circuit.reset(0)
        circuit.h(0)
        circuit.measure(0, bit)
    with circuit.if_test((circuit.clbits[19], 1)):  # where all shots meet
        circuit.x(1)
    circuit.measure(range(10), range(10, 20))
    shots = 3 * 10**6
    counts = Simulator(seed_simulator=1).run(circuit, shots=shots).result().get_counts()
    assert sum(counts.values()) == shots
    for bit in range(20):
        ones = sum(count for key, count in counts.items() if key[bit] == "1")
        assert abs(ones - shots / 2) < 6 * np.sqrt(shots / 4)
