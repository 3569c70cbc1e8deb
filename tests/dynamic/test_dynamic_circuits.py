"""Random dynamic circuits on the whole engine, beside the slow interpreter oracles.dynamic: exact distributions
under every switch, and samples that depend on nothing but circuit and seed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles.dynamic import distribution
from qiskit import QuantumCircuit
from scipy.stats import chisquare
from support.dynamic_strategies import dynamic_circuits, relocated, unbounded_circuits
from support.exact_runs import assert_same, exact, keys_of
from support.programs import TINY_CACHES

from ketjet import engine
from ketjet.lowering import lower

SLOW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SWITCHES = ((), ("merge_branches",), ("growth", "known_bits", "relabel_swaps"), ("prune",), engine.PLAN_OPTIONS)


@SLOW
@given(
    circuit=dynamic_circuits(),
    switched_off=st.sampled_from(SWITCHES),
    states=st.sampled_from([1, 2, 3, 50]),
    threads=st.sampled_from([1, 2]),
    isa=st.sampled_from(engine.isa_names()),
    precision=st.sampled_from(["single", "double"]),
    on=st.sampled_from([None, TINY_CACHES]),
    verify=st.sampled_from(["off", "fast", "full"]),
)
def test_exact_distributions_are_those_of_the_oracle(
    circuit, switched_off, states, threads, isa, precision, on, verify
):
    found, remainder = exact(
        circuit, floor=1e-12 if precision == "double" else 1e-6, on=on, switched_off=switched_off, states=states,
        threads=threads, isa=isa, precision=precision, verify=verify,
    )  # fmt: skip
    assert remainder < 1e-3
    assert_same(found, distribution(circuit), 1e-9 if precision == "double" else 1e-3)


@settings(SLOW, max_examples=300)
@given(
    circuit=dynamic_circuits(),
    task=st.sampled_from([{}, {"return_state": True}, {"exact": True, "floor": 1e-9}]),
    switched_off=st.sampled_from(SWITCHES),
)
def test_the_self_check_is_content(circuit, task, switched_off):
    task = engine.Task(lower(circuit).program, 5, 1, verify="full", switched_off=switched_off, **task)
    assert engine.execute(task).facts.verification.checks > 0


def apart(condition, inner, last):
    """A measurement whose result is overwritten by the last one, with a condition in between."""
    circuit = QuantumCircuit(2, 3)
    circuit.ry(0.7, range(2))
    circuit.measure(1, 0)
    condition(circuit, inner)
    circuit.measure(last, 0)
    return circuit


def with_if(circuit, inner):
    with circuit.if_test((circuit.clbits[2], 0)):
        inner(circuit)


def with_else(circuit, inner):
    with circuit.if_test((circuit.clbits[2], 1)) as otherwise:
        circuit.x(0)
    with otherwise:
        inner(circuit)


def with_switch(circuit, inner):
    with circuit.switch(circuit.clbits[2]) as case:
        with case(0):
            inner(circuit)
        with case(case.DEFAULT):
            circuit.measure(0, 1)


@pytest.mark.parametrize("mode", ["fast", "full"])
@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("condition", [with_if, with_else, with_switch])
@pytest.mark.parametrize(
    "inner", [lambda c: c.measure(1, 1), lambda c: c.measure(0, 1), lambda c: c.reset(1), lambda c: c.measure(1, 0)]
)
def test_a_measurement_that_is_overwritten_may_be_left_out(mode, last, condition, inner):
    circuit = apart(condition, inner, last)
    found, _ = exact(circuit, verify=mode)
    assert_same(found, distribution(circuit), 1e-12)


@settings(SLOW, max_examples=300)
@given(circuit=dynamic_circuits(), seed=st.integers(0, 1000))
def test_blocks_may_have_bits_of_their_own(circuit, seed):
    assert_same(exact(relocated(circuit, seed), floor=1e-12)[0], exact(circuit, floor=1e-12)[0], 1e-9)


@settings(SLOW, max_examples=300)
@given(circuit=unbounded_circuits(), states=st.sampled_from([1, 30]))
def test_endless_tails_are_dropped_below_the_floor(circuit, states):
    found, remainder = exact(circuit, floor=1e-7, states=states)
    assert sum(found.values()) + remainder == pytest.approx(1)
    assert remainder < 1e-2
    assert_same(found, distribution(circuit, floor=1e-7), 1e-2)


@settings(SLOW, max_examples=40)
@given(circuit=st.one_of(dynamic_circuits(), unbounded_circuits()), seed=st.integers(0, 2**70))
def test_samples_depend_on_circuit_and_seed_alone(circuit, seed):
    program = lower(circuit).program
    outcomes = [
        engine.execute(engine.Task(program, 300, seed, memory=True, states=states, threads=threads, isa=isa))
        for states, threads, isa in itertools.product([1, 5, 400], [1, 2], engine.isa_names()[-2:])
    ]
    for outcome in outcomes:
        assert outcome.counts.sum() == 300
        np.testing.assert_array_equal(outcome.keys, outcomes[0].keys)
        np.testing.assert_array_equal(outcome.counts, outcomes[0].counts)
        np.testing.assert_array_equal(outcome.memory, outcomes[0].memory)


@settings(SLOW, max_examples=40, derandomize=True)
@given(circuit=dynamic_circuits(), states=st.sampled_from([1, 100]))
def test_samples_follow_the_exact_distribution(circuit, states):
    shots = 20_000
    outcome = engine.execute(engine.Task(lower(circuit).program, shots, 7, states=states))
    expected = distribution(circuit)
    counts = dict(zip(keys_of(outcome), outcome.counts, strict=True))
    assert all(expected.get(key, 0) > 1e-12 for key in counts)
    likely = [key for key, probability in expected.items() if probability * shots >= 5]
    rest = shots - sum(counts.get(key, 0) for key in likely)
    observed = [*(counts.get(key, 0) for key in likely), rest]
    wanted = [*(expected[key] * shots for key in likely), shots - sum(expected[key] for key in likely) * shots]
    if wanted[-1] < 5:
        observed, wanted = observed[:-1], [value * sum(observed[:-1]) / sum(wanted[:-1]) for value in wanted[:-1]]
    if len(observed) > 1:
        assert chisquare(observed, wanted).pvalue > 1e-6
