"""Jobs of very many points: what they take is told and refused before they run, and nothing is made per point."""

from __future__ import annotations

import gc
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import ParameterVector

from ketjet import EstimatorV2, Objective, SamplerV2, Simulator, engine
from ketjet.errors import InsufficientMemoryError, InvalidOptionError
from ketjet.points import broadcasting

VECTOR = ParameterVector("v", 3)
POINTS = 20_000
ROWS = np.random.default_rng(1).uniform(-3, 3, (POINTS, 3))
LIMIT = 16
"""Mebibytes that a job may take."""


def turned(*, measured=True, dynamic=False):
    circuit = QuantumCircuit(3, name="turned")
    for qubit, element in enumerate(VECTOR):
        circuit.ry(element, qubit)
    if dynamic:
        circuit.add_register(ClassicalRegister(1, "midway"))
        circuit.measure(0, 0)
        circuit.ry(VECTOR[0], 0)
    if measured:
        circuit.measure_all()
    return circuit


def run(backend, rows, **options):
    return backend.run(turned(), parameter_binds={VECTOR: rows}, **options).result()


def sample(backend, rows):
    return SamplerV2(backend=backend, seed=1).run([(turned(), rows)], shots=100).result()


def expect(backend, rows):
    return EstimatorV2(backend=backend).run([(turned(measured=False), "ZZZ", rows)]).result()


def minimise(backend, rows):
    return Objective(turned(measured=False), "ZZZ", backend=backend).batch(rows)


def differentiate(backend, rows):
    return EstimatorV2(backend=backend).gradient([(turned(measured=False), "ZZZ", rows)]).result()


@pytest.mark.parametrize("work", [run, sample, expect, minimise])
def test_nothing_is_made_for_each_point(work, monkeypatch):
    monkeypatch.setattr(QuantumCircuit, "assign_parameters", lambda *_, **__: pytest.fail("a circuit was bound"))
    backend = Simulator(seed_simulator=1)
    work(backend, ROWS[:10])
    gc.collect()
    before = sys.getallocatedblocks()
    result = work(backend, ROWS)
    gc.collect()
    assert sys.getallocatedblocks() - before < POINTS / 4
    del result


@pytest.mark.parametrize("work", [run, sample, expect, minimise, differentiate])
def test_more_points_than_memory_holds_are_refused_before_they_run(work):
    backend = Simulator(max_memory_mb=LIMIT)
    work(backend, ROWS[:10])
    rows = np.zeros((1_000_000, 3))
    rows[:, 0] = np.linspace(0, 1, len(rows))
    with pytest.raises(InsufficientMemoryError, match=r"'turned' at 1000000 points needs up to .*MiB|GiB") as caught:
        work(backend, rows)
    assert caught.value.required_bytes > caught.value.available_bytes
    assert not backend.jobs()


@pytest.mark.parametrize(
    ("circuit", "options"),
    [
        (turned(), {"return_state": True}),
        (turned(), {"memory": True, "shots": 10_000}),
        (turned(dynamic=True), {}),
        (turned(dynamic=True), {"memory": True, "shots": 1000}),
        (turned(), {"verify": "fast"}),
    ],
)
def test_runs_of_all_kinds_are_estimated_and_refused_alike(circuit, options):
    backend = Simulator(max_memory_mb=LIMIT)
    one, many = backend.estimate(circuit, **options), backend.estimate(circuit, points=POINTS, **options)
    assert one.fits
    assert not many.fits
    assert many.points == POINTS
    assert many.peak_bytes > one.peak_bytes
    assert many.seconds > one.seconds
    assert f"{POINTS} points" in str(many)
    with pytest.raises(InsufficientMemoryError, match=r"enough for \d+ points") as caught:
        backend.run(circuit, parameter_binds={VECTOR: ROWS}, **options)
    assert caught.value.required_bytes == many.peak_bytes
    fitting = int(str(caught.value).split("enough for ")[1].split()[0])
    assert backend.estimate(circuit, points=fitting, **options).fits
    assert not backend.estimate(circuit, points=fitting + 1, **options).fits


def test_estimates_bound_what_results_hold():
    for memory in (False, True):
        found = Simulator().estimate(turned(), points=POINTS, shots=100, memory=memory)
        result = run(Simulator(seed_simulator=1), ROWS, shots=100, memory=memory)
        held = sum(outcome.bytes for *_, outcome in result.results._unmade)
        assert held < found.result_bytes < 10 * held
    observed = Simulator().estimate(turned(measured=False), observables=["ZZZ", "XII"], points=POINTS)
    assert 2 * 8 * POINTS < observed.result_bytes < observed.peak_bytes


@pytest.mark.parametrize("points", [0, -1, 2.5, "3", True])
def test_numbers_of_points_that_are_none(points):
    with pytest.raises((InvalidOptionError, TypeError), match="points"):
        Simulator().estimate(turned(), points=points)


def test_dictionaries_that_do_not_fit_are_not_begun(monkeypatch):
    result = run(Simulator(seed_simulator=1), ROWS[:2000], shots=10)
    monkeypatch.setattr(engine, "recently_available_memory", lambda: (1 << 20, "MemAvailable"))
    with pytest.raises(InsufficientMemoryError, match=r"counts of 2000 experiments take about .*get_counts\(i\)"):
        result.get_counts()
    assert sum(result.get_counts(1999).values()) == 10


@settings(deadline=None)
@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.sampled_from([0, 1, -2.5]))
)
def test_equal_points_are_found(rows):
    distinct, numbers = broadcasting._distinct(rows)
    np.testing.assert_array_equal(distinct[numbers], rows)
    assert len(np.unique(rows, axis=0)) == len(distinct)
    firsts = [numbers.tolist().index(number) for number in range(len(distinct))]
    assert firsts == sorted(firsts)


def test_equal_points_are_found_whatever_their_hashes(monkeypatch):
    monkeypatch.setattr(broadcasting, "_hashes", lambda rows: np.zeros(len(rows), np.uint64))
    test_equal_points_are_found()
