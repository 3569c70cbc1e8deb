"""Circuits of a job that differ in nothing but numbers run as points of one task, and nothing else tells of it."""

from __future__ import annotations

import concurrent.futures
import math
import pickle
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from support.strategies import parametrised_circuits
from support.told import told_of

from ketjet import Simulator, _core, engine
from ketjet.backend import experiments
from ketjet.backend.request import experiments_of
from ketjet.errors import InvalidCircuitError, JobCancelledError, JobFailedError
from ketjet.experiment import NO_PROGRAM
from ketjet.lowering import lower

SEED = 5
NO_VALUES = {}, 0
APART = {"time_limit": 1e6}
"""With a limit, circuits run one by one."""


@pytest.fixture(params=[1, 3, 1000])
def chunks_of(request, monkeypatch):
    """Chunks of so many circuits, whatever they take."""
    monkeypatch.setattr(experiments, "_points_per_chunk", lambda *_, **__: request.param)
    return request.param


def layered(angles, num_qubits=3, name=None, registers=None):
    """A circuit of one structure for each number of angles."""
    registers = (num_qubits,) if registers is None else registers
    circuit = QuantumCircuit(QuantumRegister(num_qubits), *map(ClassicalRegister, registers), name=name)
    for number, angle in enumerate(angles):
        circuit.ry(angle, number % num_qubits)
        circuit.rz(angle / 2, number % num_qubits)
        circuit.cx(number % num_qubits, (number + 1) % num_qubits)
    circuit.measure(range(num_qubits), range(num_qubits))
    return circuit


def random_mix(count, seed=0):
    """Circuits of a few structures in any order, of which some are equal."""
    rng = np.random.default_rng(seed)
    return [layered(rng.choice([0.5, 1.0, 2.0], rng.choice([2, 3]))) for _ in range(count)]


def tasks_of(circuits, **options):
    resolved = Simulator(seed_simulator=SEED)._resolve(options)
    return experiments_of(circuits, [NO_VALUES] * len(circuits), resolved)


def run(circuits, **options):
    return Simulator(seed_simulator=SEED).run(circuits, **options).result()


def one_by_one(circuits, shots):
    """The lists of shots of runs of each circuit, as the engine gives them that has no points at all."""
    seen, lists = {}, []
    for program in [lower(circuit).program for circuit in circuits]:
        occurrence = seen[program.fingerprint] = seen.get(program.fingerprint, -1) + 1
        task = engine.Task(program, shots, SEED, memory=True, occurrence=occurrence)
        lists.append(engine.execute(task).memory[:, 0].tolist())
    return lists


@st.composite
def jobs(draw):
    """Circuits with and without bindings: copies of a few with other numbers, names, registers and qubits."""
    originals = draw(st.lists(parametrised_circuits(3, 5), min_size=1, max_size=2))
    circuits, bindings = [], []
    for index in range(draw(st.integers(1, 8))):
        original, values = draw(st.sampled_from(originals))
        shift = draw(st.sampled_from([0.0, 0.0, 0.5, -1.25]))
        values = {each: value + shift for each, value in values.items()}
        extra = draw(st.integers(0, 1))
        bits = original.num_qubits + extra
        split = draw(st.integers(0, bits))
        qubits = QuantumRegister(original.num_qubits + extra)
        circuit = QuantumCircuit(qubits, ClassicalRegister(split), ClassicalRegister(bits - split), name=f"c{index}")
        circuit.metadata = draw(st.sampled_from([{}, {"index": index}]))
        circuit.compose(original, qubits[extra:], inplace=True)
        if draw(st.integers(0, 4)):
            circuit.measure(qubits[extra:], circuit.clbits[extra:])
        points = draw(st.integers(0, 2)) if values else 0
        if points:
            columns = {each: [value, value + 0.25][:points] for each, value in values.items()}
            circuit.assign_parameters({}, inplace=True)
        else:
            columns = {}
            circuit.assign_parameters(values, inplace=True)
        circuits += [circuit] * (again := draw(st.sampled_from([1, 1, 2])))
        bindings += [columns] * again
    return circuits, bindings


@settings(max_examples=60)
@given(
    made=jobs(),
    options=st.sampled_from([{}, {"memory": True}, {"precision": "single"}, {"exact": True}, {"return_state": True}]),
    shots=st.sampled_from([1, 40]),
)
@pytest.mark.filterwarnings("ignore:no measurement")
def test_a_job_tells_the_same_as_if_they_ran_apart(made, options, shots):
    circuits, bindings = made
    options = {"parameter_binds": bindings if any(bindings) else None, "shots": shots, **options}
    together, apart = run(circuits, **options), run(circuits, **options, **APART)
    if not options.get("exact") and all(circuit.count_ops().get("measure") for circuit in circuits):
        assert together.get_counts() == apart.get_counts()
    assert told_of(together) == told_of(apart)


def test_they_are_few_tasks():
    circuits = random_mix(40)
    counts = sorted(experiment.task.num_points for experiment in tasks_of(circuits))
    assert sum(counts) == 40
    assert len(counts) < 10
    places = [place for experiment in tasks_of(circuits) for place in experiment.places]
    assert sorted(places) == list(range(40))
    different = [layered([0.5] * depth) for depth in range(1, 20)]
    assert [experiment.places for experiment in tasks_of(different)] == [None] * 19
    for options in (APART, {"max_memory_mb": 100}, {"exact": True}, {"return_state": True}, {"verify": "full"}):
        assert [experiment.task.num_points for experiment in tasks_of(circuits, **options)] == [1] * 40


def test_shots_are_those_of_runs_of_their_own(chunks_of):
    circuits = random_mix(25)
    result = run(circuits, shots=30, memory=True)
    found = [[int(text, 2) for text in result.get_memory(index)] for index in range(25)]
    assert found == one_by_one(circuits, 30)
    assert told_of(result) == told_of(run(circuits, shots=30, memory=True, **APART))


def test_results_keep_their_order_however_they_are_looked_at(chunks_of):
    circuits = random_mix(12)
    expected = [each.to_dict()["data"] for each in run(circuits, **APART).results]
    assert [each.to_dict()["data"] for each in run(circuits).results] == expected
    results = run(circuits).results
    assert [results[index].to_dict()["data"] for index in (7, 0, 11, -12)] == [expected[i] for i in (7, 0, 11, 0)]
    assert [each.to_dict()["data"] for each in pickle.loads(pickle.dumps(run(circuits).results))] == expected
    changed = run(circuits)
    changed.results[3].data.counts = {"0x5": 7}
    assert changed.get_counts() == [
        {"101": 7} if index == 3 else counts for index, counts in enumerate(run(circuits).get_counts())
    ]


def test_registers_and_qubits_are_those_of_each_circuit():
    angles = [0.5, 1.0, 1.5]
    circuits = [layered(angles, registers=sizes) for sizes in [(3,), (1, 2), (2, 1), (3,)]]
    wide = QuantumCircuit(5, 3, name="wide", global_phase=0.25)
    wide.compose(layered(angles), [0, 3, 4], [0, 1, 2], inplace=True)
    circuits.append(wide)
    assert len(tasks_of(circuits[:4])) == 1
    result = run(circuits)
    for counts, shape in zip(result.get_counts(), [[3], [2, 1], [1, 2], [3], [3]], strict=True):
        assert all(list(map(len, text.split())) == shape for text in counts)
    assert [each.metadata["active_input_qubits"] for each in result.results] == [[0, 1, 2]] * 4 + [[0, 3, 4]]
    assert [each.header["global_phase"] for each in result.results] == [0.0] * 4 + [0.25]


def test_an_open_parameter_or_a_bad_angle_is_refused_by_name():
    circuits = [layered([0.5, 1.0]) for _ in range(3)]
    with pytest.raises(InvalidCircuitError, match=r"'odd' has unbound parameters: theta"):
        run([*circuits, layered([0.5, Parameter("theta")], name="odd")])
    theta = Parameter("theta")
    bad = layered([0.5, theta], name="odd")
    with pytest.raises(InvalidCircuitError, match=r"'odd'.*nan is not finite"):
        run([*circuits, bad], parameter_binds=[{}, {}, {}, {theta: [math.nan]}])


@pytest.mark.parametrize("executor", [None, "threads", "processes"])
def test_executors(executor):
    circuits = random_mix(30)
    kinds = {
        "threads": lambda: concurrent.futures.ThreadPoolExecutor(2),
        "processes": lambda: concurrent.futures.ProcessPoolExecutor(1, mp_context=get_context("spawn")),
    }
    if executor is None:
        job = Simulator(seed_simulator=SEED).run(circuits)
        assert told_of(job.result()) == told_of(run(circuits, **APART))
        assert told_of(pickle.loads(pickle.dumps(job)).result()) == told_of(job.result())
        return
    with kinds[executor]() as pool:
        assert told_of(run(circuits, executor=pool)) == told_of(run(circuits, **APART))


def failing_at(*angles):
    """What runs points instead of the engine: there is no memory for those with one of these angles."""
    run_points = _core.run_points

    def failing(plan, slots, *arguments, **options):
        for angle in angles:
            if angle in slots:
                raise MemoryError(f"no room for {angle}")
        return run_points(plan, slots, *arguments, **options)

    return failing


@pytest.mark.parametrize("failed", [[4], [0, 2, 5], range(6)])
@pytest.mark.parametrize("memory", [False, True])
def test_circuits_fail_alone(monkeypatch, chunks_of, failed, memory):
    circuits = [layered([0.5 + index, 0.25]) for index in range(6)]
    whole = run(circuits, memory=memory)
    monkeypatch.setattr(_core, "run_points", failing_at(*[0.5 + index for index in failed]))
    job = Simulator(seed_simulator=SEED).run(circuits, memory=memory)
    count = len(failed)
    with pytest.raises(JobFailedError, match=rf"{count} of 6 circuits failed: MemoryError: no room for"):
        job.result()
    result = job.result(partial=True)
    assert [each.success for each in result.results] == [index not in failed for index in range(6)]
    assert result.status == ("ERROR" if count == 6 else "PARTIAL COMPLETED")
    for index in range(6):
        if index in failed:
            assert result.results[index].status == f"ERROR: no room for {0.5 + index}"
        else:
            assert result.get_counts(index) == whole.get_counts(index)
            if memory:
                assert result.get_memory(index) == whole.get_memory(index)
    assert job.progress().circuits_done == job.progress().circuits_total == 6


def test_states_that_lose_their_norm_are_all_named(monkeypatch):
    run_points = _core.run_points

    class Drifted:
        def __init__(self, output):
            self._output = output
            self.norm_errors = np.where(np.arange(len(output.norm_errors)) % 2, 1e-3, 0.0)

        def __getattr__(self, name):
            return getattr(self._output, name)

    monkeypatch.setattr(_core, "run_points", lambda *given, **options: Drifted(run_points(*given, **options)))
    with pytest.warns(UserWarning, match="circuit 'c1', 'c3': "):
        run([layered([0.5 + index], name=f"c{index}") for index in range(4)])


def test_many_of_them_are_counted_and_cancelled():
    circuits = [layered([0.1 * index] * 30, 10) for index in range(200)] * 10
    job = Simulator(seed_simulator=SEED).run(circuits, shots=1000)
    assert job.progress().circuits_total == 2000
    assert job.cancel()
    with pytest.raises(JobCancelledError):
        job.result()


def test_a_result_keeps_no_programs():
    results = run(random_mix(12)).results
    assert all(kept.task.program is NO_PROGRAM and kept.task.plan is None for _, kept, _ in results._unmade)
    assert sum(kept.task.points.slots.size for _, kept, _ in results._unmade if kept.task.points) == 0
