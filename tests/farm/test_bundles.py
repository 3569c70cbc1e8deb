"""Bundles: tasks that are sent to a worker together give what each gives by itself."""

from __future__ import annotations

import math
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from support.deaf_workers import endless
from support.fake_engine import Kernel, Script, eventually, execute, submitted, successes

from ketjet import Simulator, engine
from ketjet.errors import InsufficientMemoryError, JobFailedError
from ketjet.farm import bundles
from ketjet.farm.bundles import Bundle, Terms, bundle_seconds, bundles_of, packed
from ketjet.lowering import lower

ANY = Terms()

seconds = st.sampled_from([0.0, 1e-6, 1e-4, 2e-2, 1.0, math.inf])


def tasks_of(predicted):
    return [engine.Task(None, 1, 1, seconds=each) for each in predicted]


@given(st.lists(seconds, max_size=60), st.integers(0, 20), st.data())
def test_every_task_is_in_one_bundle(predicted, workers, data):
    numbers = sorted(data.draw(st.sets(st.sampled_from(range(len(predicted)))))) if predicted else []
    found = list(bundles_of(tasks_of(predicted), numbers, workers))
    assert [number for bundle in found for number in bundle] == numbers
    most = bundle_seconds(sum(predicted[n] + bundles.TASK_SECONDS for n in numbers), workers)
    for bundle in found:
        assert len(bundle) == 1 or sum(predicted[n] for n in bundle) <= most


@pytest.mark.parametrize(
    ("total", "workers", "least", "most"),
    [
        (0.004, 2, 1, 1),  # a message takes as long
        (0.1, 2, 2, 4),
        (1.0, 2, 8, 20),
        (100.0, 2, 200, 400),  # others get their turn
        (100.0, 400, 400, 2100),
        (0.4, 20, 20, 40),  # all have something to do
        (1.0, 0, 10, 40),  # nobody knows how many there are
        (100.0, 0, 200, 800),
    ],
)
def test_bundles_are_worth_their_message_and_enough_for_all_workers(total, workers, least, most):
    count = 4096 if total > 1 else 512
    found = list(bundles_of(tasks_of([total / count - bundles.TASK_SECONDS] * count), range(count), workers))
    assert least <= len(found) <= most


def swept(count):
    angle = Parameter("a")
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.rx(angle, 1)
    circuit.cx(0, 2)
    circuit.reset(2)
    circuit.rz(0.5, 2)
    circuit.measure_all()
    return circuit, [{angle: np.linspace(0, 3, count)}]


def tasks_at(count):
    """Points of a dynamic circuit, which are tasks of their own, and something else in their midst."""
    plan, found = None, []
    for number in range(count):
        circuit = QuantumCircuit(2, 1)
        circuit.rx(number / 7, 0)
        circuit.measure(0, 0)
        lowered = lower(circuit)
        plan = plan or engine.plan(lowered.program, keep_state=False)
        found.append(engine.Task(lowered.program, 10, 3, plan=plan, occurrence=number % 3, seconds=1e-5))
    other = found[0]._replace(shots=11)
    return [*found[:2], other, *found[2:]]


def test_tasks_are_packed_and_unpacked():
    tasks = tasks_at(40)
    packs = packed(tasks)
    assert [1 if pack.slots is None else len(pack.slots) for pack in packs] == [2, 1, 38]
    unpacked = [task for pack in pickle.loads(pickle.dumps(packs)) for task in pack.tasks()]
    for one, other in zip(tasks, unpacked, strict=True):
        assert one.program.fingerprint == other.program.fingerprint
        assert one[1:] == other._replace(program=one.program, plan=one.plan)[1:]


def test_a_program_is_sent_once_for_all_its_points():
    task = tasks_at(1)[0]
    many = [task._replace(program=task.program.with_slots([number / 9])) for number in range(100)]
    alone = len(pickle.dumps(packed(many[:1])))
    assert len(pickle.dumps(packed(many))) < alone + 100 * 40


def bundle_of(tasks, execute=engine.execute, terms=ANY, page=None):
    address = (page or engine.ControlPage(1)).address
    return Bundle(packed(tasks), range(len(tasks)), execute, terms, address, len(tasks), None, 0)


def test_a_bundle_gives_what_its_tasks_give():
    tasks = tasks_at(12)
    found = bundles.run(bundle_of(tasks))
    for task, outcome in zip(tasks, found, strict=True):
        expected = engine.execute(task)
        np.testing.assert_array_equal(outcome.keys, expected.keys)
        np.testing.assert_array_equal(outcome.counts, expected.counts)


def test_what_fails_in_a_bundle_fails_alone():
    scripts = [Script(error=ValueError(f"number {i}") if i in (3, 4, 27) else None) for i in range(40)]
    with ThreadPoolExecutor(2) as pool:
        job = submitted(*scripts, seconds=1e-4, executor=pool)
        with pytest.raises(JobFailedError, match="3 of 40 circuits failed: ValueError: number 3") as caught:
            job.result(20)
    assert successes(job.result(partial=True)) == [i not in (3, 4, 27) for i in range(40)]
    assert "fake_engine" in caught.value.__cause__.__notes__[0]  # the line there


class StubbornError(Exception):
    """It cannot be pickled."""

    def __init__(self, reason):
        super().__init__(reason)
        self.lock = threading.Lock()


def test_an_exception_that_cannot_be_sent_takes_no_others_with_it():
    scripts = [Script(), Script(error=StubbornError("of its own")), Script()]
    with ThreadPoolExecutor(1) as pool:
        job = submitted(*scripts, seconds=1e-4, executor=pool)
        with pytest.raises(JobFailedError, match="1 of 3 circuits failed: RuntimeError: StubbornError: of its own"):
            job.result(20)


def test_a_time_limit_is_one_for_each_circuit_of_a_bundle(bell):
    with ThreadPoolExecutor(1) as pool:
        job = Simulator(seed_simulator=2, time_limit=0.3).run([bell, endless(), bell], executor=pool)
        with pytest.raises(JobFailedError, match="1 of 3 circuits failed: TimeLimitError"):
            job.result(60)
    counts = Simulator(seed_simulator=2).run([bell, bell]).result().get_counts()
    found = job.result(partial=True)
    assert [found.get_counts(0), found.get_counts(2)] == counts


def test_no_task_of_a_stopped_bundle_begins():
    page = engine.ControlPage(3, shared=True)
    page.stop()
    tasks = [engine.Task(Script(), 1, 1)] * 3
    assert all(isinstance(each, engine.Cancelled) for each in bundles.run(bundle_of(tasks, execute, page=page)))
    page.close()


def test_points_of_a_dynamic_circuit_have_the_same_counts():
    circuit, binds = swept(30)
    backend = Simulator(seed_simulator=11)
    expected = backend.run(circuit, parameter_binds=binds, memory=True).result()
    with ThreadPoolExecutor(2) as pool:
        found = backend.run(circuit, parameter_binds=binds, memory=True, executor=pool).result(60)
    assert found.get_counts() == expected.get_counts()
    assert [found.get_memory(i) for i in range(30)] == [expected.get_memory(i) for i in range(30)]
    told = [[each.metadata["occurrence"] for each in result.results] for result in (found, expected)]
    assert told[0] == told[1]


def test_progress_counts_the_tasks_of_a_bundle():
    kernel = Kernel()
    with ThreadPoolExecutor(1) as pool:
        job = submitted(*[Script()] * 3, kernel, *[Script()] * 36, seconds=1e-4, executor=pool)
        assert kernel.started.wait(20)
        assert job.progress().circuits_total == 40
        kernel.finish.set()
        assert successes(job.result(20)) == [True] * 40
        eventually(lambda: job.progress().fraction == 1)
    assert job.progress().circuits_done == 40


# What a task takes is decided where it runs.


def large_task(threads, states=1, **settings):
    circuit = QuantumCircuit(20)
    for qubit in range(20):
        circuit.h(qubit)
    circuit.measure_all()
    program = lower(circuit).program
    plan = engine.plan(program, keep_state=False)
    demand = engine.demand(program, plan, shots=10, memory=False, max_threads=threads, available=1 << 34)
    return engine.Task(
        program, 10, 1, plan=plan, threads=demand.threads, peak_bytes=demand.peak_bytes, states=demand.states
    )


def ran_with(monkeypatch, task, terms, cores=8, available=1 << 40):
    """The task as it was run, on a machine of so many cores and bytes."""
    real = engine.machine()
    fields = ("l1_bytes", "l2_bytes", "l3_bytes", "cores_rule", "sweep_factor", "pass_factor")
    there = engine.Machine(cores=cores, **{name: getattr(real, name) for name in fields})
    monkeypatch.setattr(engine, "machine", lambda: there)
    monkeypatch.setattr(engine, "available_memory", lambda: (available, "MemAvailable"))
    monkeypatch.setattr(engine, "recently_available_memory", lambda: (available, "MemAvailable"))
    seen = []

    def noting(task, control):
        seen.append(task)
        return engine.execute(task._replace(threads=1), control)

    (outcome,) = bundles.run(bundle_of([task], noting, terms))
    return seen[0] if seen else None, outcome


@pytest.mark.parametrize(
    ("terms", "threads"), [(Terms(), 8), (Terms(max_threads=3), 3), (Terms(sharers=4), 2), (Terms(sharers=99), 1)]
)
def test_a_task_has_the_threads_that_there_are_where_it_runs(monkeypatch, terms, threads):
    ran, outcome = ran_with(monkeypatch, large_task(threads=2), terms)
    assert ran.threads == threads
    assert outcome.facts.threads in (0, threads)


def test_a_task_that_does_not_fit_where_it_was_sent_is_refused_there(monkeypatch):
    ran, error = ran_with(monkeypatch, large_task(threads=2), Terms(), available=1 << 20)
    assert ran is None
    assert isinstance(error, engine.MemoryLimitReached)
    ran, error = ran_with(monkeypatch, large_task(threads=2), Terms(memory_limit=1 << 21))
    assert "max_memory_mb" in str(error)


def test_a_task_does_with_fewer_states_where_there_is_less_memory(monkeypatch):
    circuit = QuantumCircuit(16, 16)
    for qubit in range(16):
        circuit.h(qubit)
    for qubit in range(15):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.rx(0.3, range(1, 16))
    circuit.h(range(16))
    circuit.measure(range(16), range(16))
    program = lower(circuit).program
    plan = engine.plan(program, keep_state=False)
    demand = engine.demand(program, plan, shots=100, memory=False, max_threads=1, available=1 << 40)
    assert demand.states > demand.min_states
    task = engine.Task(program, 100, 1, plan=plan, states=demand.states, peak_bytes=demand.peak_bytes)
    ran, outcome = ran_with(monkeypatch, task, Terms(max_threads=1), available=demand.peak_bytes - 1)
    assert demand.min_states <= ran.states < demand.states
    np.testing.assert_array_equal(outcome.counts, engine.execute(task).counts)


def test_a_gradient_holds_fewer_states_where_there_is_less_memory(monkeypatch):
    angle = ParameterVector("a", 4)
    circuit = QuantumCircuit(12)
    for qubit in range(12):
        circuit.ry(angle[qubit % 4], qubit)
    program = lower(circuit.assign_parameters([0.1, 0.2, 0.3, 0.4])).program
    plan = engine.mirrored_plan(program)
    strings = np.array([1, 2, 4], np.uint64)
    none = np.zeros(3, np.uint64)
    readout = engine.ObservablesReadout(
        none, strings, none, none, np.arange(4, dtype=np.uint32), np.arange(3, dtype=np.uint32), np.ones(3)
    )
    demand = engine.gradient_demand(plan, 3, max_threads=1, available=1 << 40)
    assert demand.states == 4
    request = engine.GradientRequest(readout, states=4, plan=plan)
    task = engine.Task(program, 0, 1, gradient=request, peak_bytes=demand.peak_bytes)
    ran, outcome = ran_with(monkeypatch, task, Terms(max_threads=1), available=demand.peak_bytes - 1)
    assert 2 <= ran.gradient.states < 4
    for found, expected in zip(outcome.readouts, engine.execute(task).readouts, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


class Elsewhere:
    """An executor of which nobody knows where its workers are."""

    def __init__(self):
        self._pool = ThreadPoolExecutor(1)

    def submit(self, fn, /, *args, **kwargs):
        return self._pool.submit(fn, *args, **kwargs)


def test_a_circuit_that_does_not_fit_here_is_refused_where_it_is_sent(bell):
    wide = QuantumCircuit(45)
    wide.h(range(45))
    wide.measure_all()
    backend, elsewhere = Simulator(executor=Elsewhere(), seed_simulator=2), Simulator(seed_simulator=2)
    assert backend.estimate(wide).fits
    assert not elsewhere.estimate(wide).fits
    with pytest.raises(InsufficientMemoryError, match="at most"):
        backend.run(wide, max_memory_mb=100)
    with ThreadPoolExecutor(1) as pool, pytest.raises(InsufficientMemoryError, match="at most"):
        backend.run(wide, executor=pool)  # whose workers are on this machine
    job = backend.run([wide, bell])
    with pytest.raises(JobFailedError, match="where it was sent") as caught:
        job.result(30)
    assert isinstance(caught.value.__cause__, InsufficientMemoryError)
    assert job.result(partial=True).results[1].success
    with pytest.raises(InsufficientMemoryError):
        backend.explain(wide, analyze=True)  # which runs in this process


def test_results_of_circuits_that_run_elsewhere_have_to_fit_here(monkeypatch):
    wide, angle = QuantumCircuit(40, 40), Parameter("a")
    wide.h(range(40))
    wide.rx(angle, 0)
    wide.measure(range(40), range(40))
    backend = Simulator(executor=Elsewhere(), shots=10**6)
    with pytest.raises(InsufficientMemoryError, match="for its results"):
        backend.run(wide, parameter_binds=[{angle: np.zeros(10**5)}])
