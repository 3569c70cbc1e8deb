"""Qubits take the places of others that are measured for the last time: the state gets narrower, and nothing else
changes. Where all can be sampled from the final state, or the state is wanted, everything stays as it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles.dynamic import distribution
from qiskit import QuantumCircuit
from scipy.stats import chisquare
from support.exact_runs import assert_same, exact, keys_of
from support.programs import TINY_CACHES
from support.saves import save

from ketjet import Simulator, engine
from ketjet.lowering import lower

MANY = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
OFF = ("reuse_qubits",)


def plan_of(circuit, switched_off=(), *, keep_state=False):
    return engine.plan(lower(circuit).program, keep_state=keep_state, switched_off=switched_off)


def semiclassical_transform(size, phase):
    """The bits of a phase, read off a product state one by one; they are certain if there are no more than `size`."""
    circuit = QuantumCircuit(size, size)
    circuit.h(range(size))
    for qubit in range(size):
        circuit.p(2 * math.pi * (phase * 2 ** (size - 1 - qubit) % 1), qubit)
    for qubit in range(size):
        for known in range(qubit):
            with circuit.if_test((circuit.clbits[known], 1)):
                circuit.p(-math.pi / 2 ** (qubit - known), qubit)
        circuit.h(qubit)
        circuit.measure(qubit, qubit)
    return circuit


def teleportation(size):
    """A qubit handed on along a register."""
    circuit = QuantumCircuit(size, size)
    circuit.ry(0.7, 0)
    for here in range(0, size - 2, 2):
        circuit.h(here + 1)
        circuit.cx(here + 1, here + 2)
        circuit.cx(here, here + 1)
        circuit.h(here)
        circuit.measure([here, here + 1], [here, here + 1])
        with circuit.if_test((circuit.clbits[here + 1], 1)):
            circuit.x(here + 2)
        with circuit.if_test((circuit.clbits[here], 1)):
            circuit.z(here + 2)
    circuit.measure(size - 1, size - 1)
    return circuit


def phase_estimation(size):
    """Phases of an eigenstate on qubit 0, by a fresh qubit for every bit."""
    circuit = QuantumCircuit(size, size)
    circuit.x(0)
    for bit in range(1, size):
        circuit.h(bit)
        circuit.cp(2 * math.pi * 0.3203125 * 2 ** (size - 1 - bit), bit, 0)
        for known in range(1, bit):
            with circuit.if_test((circuit.clbits[known], 1)):
                circuit.p(-math.pi / 2 ** (bit - known), bit)
        circuit.h(bit)
        circuit.measure(bit, bit)
    return circuit


def syndromes(size):
    """Three qubits, of which pairs are compared by fresh ancillas, with corrections at once."""
    circuit = QuantumCircuit(size, size)
    circuit.ry(0.6, range(3))
    for ancilla in range(3, size):
        first = ancilla % 2
        circuit.rx(0.3, range(3))
        circuit.cx([first, first + 1], [ancilla, ancilla])
        circuit.measure(ancilla, ancilla)
        with circuit.if_test((circuit.clbits[ancilla], 1)) as else_:
            circuit.x(first)
        with else_:
            circuit.t(first)
    circuit.measure(range(3), range(3))
    return circuit


FAMILIES = [
    (lambda size: semiclassical_transform(size, 0.3), 1),
    (teleportation, 3),
    (phase_estimation, 2),
    (syndromes, 4),
]


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize(("family", "places"), FAMILIES)
def test_the_state_gets_narrower_and_outcomes_stay(family, places, precision):
    circuit = family(9)
    assert plan_of(circuit).num_qubits <= places
    found = exact(circuit, precision=precision, verify="full")[0]
    assert_same(found, exact(circuit, switched_off=OFF)[0], 1e-9 if precision == "double" else 1e-4)


@pytest.mark.parametrize(("family", "places"), FAMILIES)
def test_forty_qubits_are_a_few(family, places):
    circuit = family(41)
    program = lower(circuit).program
    estimate = engine.estimate(program, shots=200, available=(1 << 30, "given"))
    assert estimate.fits
    assert estimate.num_qubits <= places
    explained = Simulator().explain(circuit)
    assert explained.state_qubits <= places
    assert f"a state of {explained.state_qubits} qubit" in str(explained)
    counts = Simulator(seed_simulator=5).run(circuit, shots=200).result().get_counts()
    assert sum(counts.values()) == 200


@pytest.mark.parametrize("seed", range(3))
def test_a_phase_is_read_off_forty_qubits(seed):
    phase = int(np.random.default_rng(seed).integers(2**40))
    circuit = semiclassical_transform(40, phase / 2**40)
    counts = Simulator(seed_simulator=seed).run(circuit, shots=50).result().get_counts()
    assert {int(key, 2) for key in counts} == {int(f"{phase:040b}", 2)}


@st.composite
def circuits_that_use_qubits_up(draw):
    """Qubits that come into play one after the other and are measured, with feed-forward to some that come later."""
    size = draw(st.integers(5, 8))
    circuit = QuantumCircuit(size, 4)
    early = draw(st.booleans())
    if early:
        for qubit in range(size):
            circuit.ry(0.4 + 0.3 * qubit, qubit)
    collapses = 0
    for qubit in range(size):
        if not early:
            circuit.ry(0.4 + 0.3 * qubit, qubit)
        for _ in range(draw(st.integers(0, 4))):
            other = draw(st.integers(max(0, qubit - 2), min(size - 1, qubit + 2)))
            bit = draw(st.integers(0, 3))
            kind = draw(st.sampled_from(["cx", "cz", "h", "t", "if", "if", "else", "reset", "for", "nested"]))
            if kind in ("cx", "cz") and other != qubit:
                getattr(circuit, kind)(qubit, other)
            elif kind in ("h", "t"):
                getattr(circuit, kind)(other)
            elif kind == "if":
                with circuit.if_test((circuit.clbits[bit], 1)):
                    circuit.rx(0.7, other)
            elif kind == "else":
                with circuit.if_test((circuit.cregs[0], bit)) as else_:
                    circuit.x(other)
                with else_:
                    circuit.h(qubit)
            elif kind == "for":
                with circuit.for_loop(range(2)) as turn:
                    circuit.rx(0.2 * turn + 0.1, other)
            elif kind == "nested":
                with circuit.if_test((circuit.clbits[bit], 0)), circuit.if_test((circuit.clbits[0], 1)):
                    circuit.ry(0.4, qubit)
            elif kind == "reset" and collapses < 7:
                collapses += 1
                circuit.reset(other)
        if collapses < 7 and draw(st.integers(0, 3)):
            collapses += 1
            circuit.measure(qubit, draw(st.integers(0, 3)))
    return circuit


@MANY
@given(
    circuit=circuits_that_use_qubits_up(),
    precision=st.sampled_from(["double", "single"]),
    switched_off=st.sampled_from([(), OFF, ("growth", "known_bits", "relabel_swaps"), ("merge_branches",)]),
    on=st.sampled_from([None, TINY_CACHES]),
    verify=st.sampled_from(["off", "fast", "full"]),
    states=st.sampled_from([1, 50]),
)
def test_exact_distributions_are_those_of_the_oracle(circuit, precision, switched_off, on, verify, states):
    found, _ = exact(
        circuit, floor=1e-12 if precision == "double" else 1e-6, precision=precision, switched_off=switched_off, on=on,
        verify=verify, states=states,
    )  # fmt: skip
    assert_same(found, distribution(circuit), 1e-9 if precision == "double" else 1e-3)


def assert_drawn_from(circuit, expected, shots=20_000, seed=7):
    outcome = engine.execute(engine.Task(lower(circuit).program, shots, seed))
    counts = dict(zip(keys_of(outcome), outcome.counts, strict=True))
    assert all(expected.get(key, 0) > 1e-12 for key in counts)
    likely = [key for key, probability in expected.items() if probability * shots >= 5]
    observed = [counts.get(key, 0) for key in likely]
    wanted = np.array([expected[key] for key in likely])
    if len(observed) > 1:
        assert chisquare(observed, wanted * sum(observed) / wanted.sum()).pvalue > 1e-6


@settings(MANY, max_examples=40, derandomize=True)
@given(circuit=circuits_that_use_qubits_up())
def test_samples_follow_the_exact_distribution(circuit):
    assert_drawn_from(circuit, distribution(circuit))


def test_coins_in_one_place_are_independent():
    """Each qubit is read by a condition, so that none waits for the end."""
    circuit = QuantumCircuit(8, 8)
    circuit.h(range(8))
    for qubit in range(8):
        circuit.measure(qubit, qubit)
        if qubit < 7:
            with circuit.if_test((circuit.clbits[qubit], 1)):
                circuit.z(qubit + 1)
                circuit.x(qubit + 1)
    assert plan_of(circuit).num_qubits == 1
    assert_drawn_from(circuit, dict.fromkeys(range(256), 1 / 256))


def straight(size=9):
    circuit = QuantumCircuit(size, size)
    for qubit in range(size):
        circuit.ry(0.3 + qubit, qubit)
        circuit.measure(qubit, qubit)
    return circuit


def saved(size=9):
    circuit = semiclassical_transform(size, 0.3)
    return save(circuit, "save_statevector", "single", range(size))


def entangled(size=9):
    """All qubits are in use before the first one is measured, and all of them after it."""
    circuit = QuantumCircuit(size, size)
    circuit.ry(0.4, range(size))
    for qubit in range(size - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.h(range(size))
    for qubit in reversed(range(size - 1)):
        circuit.cx(qubit + 1, qubit)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(range(1, size))
    circuit.measure(range(1, size), range(1, size))
    return circuit


@pytest.mark.parametrize("circuit", [straight(), saved(), entangled(), semiclassical_transform(4, 0.3)])
def test_what_would_not_get_narrower_stays_as_it_is(circuit):
    assert plan_of(circuit).to_string() == plan_of(circuit, OFF).to_string()


def test_a_state_that_is_wanted_is_whole():
    circuit = semiclassical_transform(9, 0.3)
    assert plan_of(circuit, keep_state=True).to_string() == plan_of(circuit, OFF, keep_state=True).to_string()
    assert plan_of(circuit, keep_state=True).num_qubits == 9


def test_a_great_preparation_is_not_repeated_for_every_outcome():
    """Many gates on qubits that are measured last come before the measurements of others, and stay there."""
    circuit = QuantumCircuit(12, 12)
    for _ in range(300):
        for qubit in range(6):
            circuit.rx(0.3, qubit)
            circuit.ry(0.2, qubit)
        for qubit in range(5):
            circuit.cz(qubit, qubit + 1)
    circuit.h([6, 7, 8, 9, 10, 11])
    for qubit in range(6, 11):
        circuit.cz(qubit, qubit + 1)
    circuit.h([6, 7, 8, 9, 10, 11])
    for qubit in range(6, 12):
        circuit.measure(qubit, qubit)
        with circuit.if_test((circuit.clbits[qubit], 1)):
            circuit.x(qubit - 6)
    circuit.measure(range(6), range(6))
    assert plan_of(circuit).to_string() == plan_of(circuit, OFF).to_string()
