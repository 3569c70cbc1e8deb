"""What more shots draw than are kept apart depends on neither memory nor threads, and none of them is ever lost."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from support.dynamic_strategies import dynamic_circuits, unbounded_circuits
from support.engine_runs import run

from ketjet import Simulator
from ketjet.lowering import lower

SLOW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
FEW_STATES = [1, 2, 3, 7, 500]


def assert_alike(outcomes):
    for outcome in outcomes[1:]:
        np.testing.assert_array_equal(outcome.keys, outcomes[0].keys)
        np.testing.assert_array_equal(outcome.counts, outcomes[0].counts)
        assert outcome.trajectories == outcomes[0].trajectories


@SLOW
@given(
    circuit=st.one_of(dynamic_circuits(), unbounded_circuits()),
    shots=st.sampled_from([1 << 16, (1 << 16) + 1, 10**6, 10**12]),
    precision=st.sampled_from(["single", "double"]),
    held=st.sampled_from([0, 1 << 16]),
)
def test_samples_do_not_depend_on_memory(circuit, shots, precision, held):
    program = lower(circuit).program
    outcomes = [
        run(program, shots=shots, seed=1, states=states, threads=threads, precision=precision, small_state_bytes=held)
        for states, threads in itertools.product(FEW_STATES, [1, 2])
    ]
    for outcome in outcomes:
        assert outcome.counts.sum() == shots
    if shots > 1 << 16 or held:
        assert_alike(outcomes)
    elif precision == "double":  # mergers depend on memory, but change no draw but for rounding
        for outcome in outcomes[1:]:
            np.testing.assert_array_equal(outcome.counts, outcomes[0].counts)


@pytest.mark.parametrize("qubits", [5, 13])
def test_trajectories_that_meet_again_and_again(qubits):
    """Shots part and meet in few states, where their groups are united."""
    circuit = QuantumCircuit(qubits, 3)
    circuit.ry(1.0, range(qubits))
    for turn in range(12):
        circuit.cx(0, 1)
        circuit.h(0)
        circuit.measure(0, turn % 2)
        circuit.reset(0)
        with circuit.if_test((circuit.clbits[turn % 2], 1)):
            circuit.x(1) if turn % 3 else circuit.z(1)
    with circuit.while_loop((circuit.clbits[2], 0)):
        circuit.h(0)
        circuit.measure(0, 2)
    circuit.measure([1, 2], [0, 1])
    program = lower(circuit).program
    assert_alike([run(program, shots=200_000, seed=2, states=states) for states in FEW_STATES])


@pytest.mark.parametrize("limit", [None, 40])
def test_the_memory_limit_of_a_job_changes_nothing(limit):
    circuit = QuantumCircuit(16, 6)
    circuit.ry(0.7, range(16))
    for bit in range(6):
        circuit.cx(bit, bit + 1)
        circuit.measure(bit, bit)
        with circuit.if_test((circuit.clbits[bit], 1)):
            circuit.ry(0.3, bit + 1)
    whole = Simulator(seed_simulator=1).run(circuit, shots=100_000).result().get_counts()
    limited = Simulator(seed_simulator=1, max_memory_mb=limit).run(circuit, shots=100_000).result().get_counts()
    assert whole == limited


@pytest.mark.parametrize("shots", [(1 << 53) + 1, (1 << 60) + 12345, 1 << 62])
@pytest.mark.parametrize("form", ["two", "merged", "final", "branches", "listed"])
def test_no_shot_of_very_many_is_lost(shots, form):
    circuit = QuantumCircuit(2, 3)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.h(0)
    circuit.measure(0, 1)
    if form == "merged":
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(0)
    if form in ("branches", "listed"):
        with circuit.while_loop((circuit.clbits[2], 0)):
            circuit.reset(1)
            circuit.ry(2.0, 1)
            circuit.measure(1, 2)
    if form in ("merged", "final"):
        circuit.h(1)
        circuit.measure(1, 2)
    for precision in ("double", "single"):
        counts = Simulator(seed_simulator=1, precision=precision).run(circuit, shots=shots).result().get_counts()
        assert sum(counts.values()) == shots
        assert max(counts.values()) / shots == pytest.approx(1 / len(counts), rel=1e-3)
