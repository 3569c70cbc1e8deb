"""Progress in predicted time: it moves within a sweep, never goes back, and ends where it was predicted to."""

import itertools
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from support.observables import readout_of
from support.programs import entangled, op, pack

from ketjet import EstimatorV2, Simulator, engine
from ketjet.engine import Progress
from ketjet.jobs.progress import fraction_of, seconds_left, shares
from ketjet.lowering import lower


def rotations(num_qubits, layers):
    circuit = QuantumCircuit(num_qubits)
    random = np.random.default_rng(0)
    for _ in range(layers):
        for qubit in range(num_qubits):
            circuit.ry(random.uniform(0.1, 1), qubit)
        order = random.permutation(num_qubits)
        for control, target in itertools.pairwise(order):
            circuit.cx(int(control), int(target))
    circuit.measure_all()
    return circuit


def test_circuits_count_by_their_predicted_time():
    task = engine.Task(entangled(2), 1, 1)
    tasks = [task._replace(seconds=seconds) for seconds in (1.0, 3.0)]
    assert shares(tasks) == [0.25, 0.75]
    assert shares([*tasks, task]) == [1 / 3] * 3  # one is not predicted
    assert shares([task._replace(seconds=0.0)] * 2) == [0.5, 0.5]
    assert shares([]) == []
    assert math.isinf(task.seconds)


def test_a_fraction_is_that_of_predicted_time_or_of_shots():
    nothing = Progress(0.0, 0, 0, 0, 0, 0)
    assert fraction_of(nothing) == 0
    assert fraction_of(nothing._replace(stages_done=9, stages_total=10, work_done=25, work_total=100)) == 0.25
    assert fraction_of(nothing._replace(work_done=101, work_total=100)) == 1
    assert fraction_of(nothing._replace(shots_done=30, shots_total=40)) == 0.75


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("memory", [False, True])
def test_all_work_is_counted(precision, threads, memory):
    control = engine.Control()
    task = engine.Task(entangled(17), 100_000, 1, precision=precision, threads=threads, memory=memory)
    engine.execute(task, control)
    progress = control.progress()
    assert 0 < progress.work_done <= progress.work_total
    assert fraction_of(progress) > 0.9
    assert progress.stages_done == progress.stages_total


def test_the_rest_is_told_once_there_is_a_pace():
    assert seconds_left(0.3, 0.0) is None
    assert seconds_left(0.3, 0.001) is None
    assert seconds_left(1.0, 0.25) == 3


def test_dynamic_circuits_count_shots():
    operations = [op("h", [0]), op("measure", [0], clbit=0), op("h", [0]), op("measure", [0], clbit=1)]
    control = engine.Control()
    engine.execute(engine.Task(pack(1, operations, 2), 100, 1), control)
    progress = control.progress()
    assert (progress.work_total, progress.shots_done, fraction_of(progress)) == (0, 100, 1.0)


@pytest.mark.parametrize("exact", [False, True])
def test_long_dynamic_runs_count_predicted_time(exact):
    """Long before the first shot has ended there is something to tell."""
    circuit = QuantumCircuit(12, 22)
    for turn in range(10):
        circuit.ry(0.9, range(12))
        for qubit in range(11):
            circuit.cx(qubit, qubit + 1)
        circuit.measure(turn, turn)
        with circuit.if_test((circuit.clbits[turn], 1)):
            circuit.rx(0.7, 11)
    circuit.measure(range(12), range(10, 22))
    control = engine.Control()
    task = engine.Task(lower(circuit).program, 20_000, 1, exact=exact)
    told = []
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(engine.execute, task, control)
        while not run.done():
            told.append(control.progress())
            time.sleep(0.001)
        run.result()
    assert any(0 < fraction_of(progress) < 1 and progress.shots_done == 0 for progress in told)
    assert exact or fraction_of(control.progress()) > 0.7  # the outcomes of exact runs may turn out to be sorted


def reading_task(num_qubits, strings, **options):
    """A short program, and random strings that are read of its state by many sweeps."""
    random = np.random.default_rng(0)
    readout = readout_of(*[[("".join(row), 1.0)] for row in random.choice(list("IXYZ"), (strings, num_qubits))])
    return engine.Task(entangled(num_qubits), 0, 1, readouts=(readout,), **options)


@pytest.mark.parametrize("threads", [1, 2])
def test_readings_are_counted_as_the_time_that_they_take(threads):
    control = engine.Control()
    task = reading_task(18, 400, threads=threads)
    told = []
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(engine.execute, task, control)
        while not run.done():
            told.append(control.progress())
            time.sleep(0.001)
        run.result()
    reading = {fraction_of(progress) for progress in told if progress.stages_done == progress.stages_total > 0}
    assert len(reading) > 5
    assert min(reading) < 0.3
    final = control.progress()
    assert final.work_done <= final.work_total
    assert fraction_of(final) > 0.95


def test_what_a_gradient_makes_of_its_observable_is_counted():
    circuit = QuantumCircuit(16)
    circuit.ry(Parameter("a"), 0)
    circuit.cx(range(15), range(1, 16))
    random = np.random.default_rng(0)
    observable = SparsePauliOp(["".join(row) for row in random.choice(list("IXYZ"), (2000, 16))])
    job = EstimatorV2().gradient([(circuit, observable, [0.4])])
    told, pause = [], threading.Event()
    while not job.done():
        told.append(job.progress().fraction)
        pause.wait(0.001)
    assert told == sorted(told)
    assert len(set(told)) > 10


def test_what_trajectories_read_at_their_ends_is_counted():
    def expected(strings):
        control = engine.Control()
        circuit = QuantumCircuit(14, 1)
        circuit.h(range(14))
        circuit.measure(0, 0)
        circuit.h(0)
        random = np.random.default_rng(0)
        readout = readout_of(*[[("".join(row), 1.0)] for row in random.choice(list("IXYZ"), (strings, 14))])
        engine.execute(engine.Task(lower(circuit).program, 0, 1, exact=True, readouts=(readout,)), control)
        progress = control.progress()
        assert fraction_of(progress) > 0.9
        return progress.work_total

    assert expected(300) > 5 * expected(1)


def test_it_moves_within_a_sweep_and_never_back():
    job = Simulator().run(rotations(22, 12), shots=10)  # few stages, of many milliseconds each
    told, pause = [], threading.Event()
    while not job.done():
        told.append(job.progress())
        pause.wait(0.001)
    fractions = [progress.fraction for progress in told]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > job.progress().stages_total
    assert job.progress().fraction == 1
    for progress in told:
        assert progress.eta is None or progress.eta >= 0
