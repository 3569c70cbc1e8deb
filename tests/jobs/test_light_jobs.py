"""Jobs that take less time than handing them to another thread: whoever waits runs them, and nothing is left undone."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import threading
import time
import weakref

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr, types
from qiskit.providers import JobStatus
from support.fake_engine import Kernel, Script, eventually, execute, outcome, submitted

from ketjet import Simulator, engine
from ketjet.errors import JobCancelledError, JobFailedError, JobTimeoutError
from ketjet.jobs import batch, light_work

pytestmark = pytest.mark.usefixtures("two_threads")


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A busy computer is no reason to hand light jobs over."""
    monkeypatch.setattr(batch, "HERE_SECONDS", 10.0)


class Recorder:
    """An engine that notes which threads it ran on."""

    def __init__(self):
        self.threads = []

    def __call__(self, task, control=None):
        self.threads.append(threading.current_thread())
        return execute(task, control)


@pytest.fixture
def recorder():
    return Recorder()


def light(recorder, *scripts, **settings):
    return submitted(*(scripts or (Script(),)), seconds=1e-6, _execute=recorder, **settings)


@pytest.mark.parametrize("wait", ["result", "exception", "wait_for_final_state"])
def test_whoever_waits_runs_it(recorder, wait):
    job = light(recorder, Script(), Script())
    getattr(job, wait)()
    assert recorder.threads == [threading.current_thread()] * 2
    assert job.status() is JobStatus.DONE
    assert job.result().success
    progress = job.progress()
    assert (progress.circuits_done, progress.fraction) == (2, 1)
    assert job.metrics()["usage"]["seconds"] >= 0


@pytest.mark.parametrize("settings", [{"seconds": 1.0}, {"threads": 2}])
def test_other_jobs_run_elsewhere(recorder, settings):
    submitted(Script(), **{"seconds": 1e-6, "_execute": recorder, **settings}).result(5)
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        light(recorder, executor=executor).result(5)
    assert threading.current_thread() not in recorder.threads


def called_back(job):
    told = threading.Event()
    job.add_done_callback(lambda _: told.set())
    return told


async def awaited(job):
    return await job


def test_nobody_need_wait(recorder):
    light(recorder)
    eventually(lambda: recorder.threads)
    assert recorder.threads[0].name == "ketjet-worker"


@pytest.mark.parametrize(
    "look",
    [
        lambda job: eventually(job.done),
        lambda job: concurrent.futures.wait([job], 5),
        lambda job: job.future().result(5),
        lambda job: eventually(lambda: job.progress().fraction == 1),
        lambda job: called_back(job).wait(5),
        lambda job: asyncio.run(awaited(job)),
    ],
)
def test_who_waits_in_other_ways_does_not_wait_for_a_look(recorder, look, monkeypatch):
    monkeypatch.setattr(light_work, "LOOK_SECONDS", 60)
    monkeypatch.setattr(light_work.shared, "current", light_work.LightQueue())
    job = light(recorder)
    look(job)
    assert job.result(5).success
    assert threading.current_thread() not in recorder.threads


def test_what_takes_longer_than_predicted_is_handed_over(monkeypatch):
    monkeypatch.setattr(batch, "HERE_SECONDS", 0.005)
    threads, kernel = [], Kernel()

    def slow(task, control=None):
        threads.append(threading.current_thread())
        if threads[-1] is not here:
            return execute(task, control)
        time.sleep(task.time_limit)
        raise engine.TimeLimitReached("too long")

    here = threading.current_thread()
    job = light(slow, kernel, Script())
    with pytest.raises(JobTimeoutError):
        job.result(0.1)
    assert job.status() is JobStatus.RUNNING
    assert threads[0] is here
    kernel.finish.set()
    assert job.result(5).success
    assert here not in threads[1:]


def test_a_time_limit_of_the_users_own_fails_the_job():
    circuit = flip_for_ever()
    circuit.measure_all()
    with pytest.raises(JobFailedError, match="time_limit"):
        Simulator(time_limit=0.001).run(circuit).result(5)


def flip_for_ever():
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.x(0)
    return circuit


def measure_many_times():
    circuit = QuantumCircuit(1, 1)
    with circuit.for_loop(range(10**9)):
        circuit.h(0)
        circuit.measure(0, 0)
    return circuit


def store_many_times():
    circuit = QuantumCircuit(1, 1)
    number = circuit.add_var("number", expr.lift(0, types.Uint(8)))
    with circuit.for_loop(range(10**9)):
        circuit.store(number, expr.bit_xor(number, expr.lift(3, types.Uint(8))))
    circuit.measure(0, 0)
    return circuit


def branch_for_ever():
    circuit = QuantumCircuit(2, 2)
    with circuit.while_loop(expr.lift(True)):
        with circuit.if_test((circuit.clbits[0], 0)):
            circuit.x(0)
        circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize("shots", [1, 1024])
@pytest.mark.parametrize("make", [flip_for_ever, measure_many_times, store_many_times, branch_for_ever])
def test_what_may_loop_is_never_light(make, shots):
    circuit = make()
    circuit.measure_all()
    job = Simulator().run(circuit, shots=shots)
    assert not job._batch._light
    begin = time.monotonic()
    with pytest.raises(JobTimeoutError):
        job.result(timeout=0.05)
    assert time.monotonic() - begin < 5
    assert job.cancel()


@pytest.mark.parametrize("make", [flip_for_ever, store_many_times])
def test_what_is_thought_light_and_loops_can_be_left(make, monkeypatch):
    """Whatever the prediction misses."""
    monkeypatch.setattr(batch, "HERE_SECONDS", 0.005)
    monkeypatch.setattr(light_work, "are_light", lambda *_: True)
    circuit = make()
    circuit.measure_all()
    job = Simulator().run(circuit, shots=1)
    begin = time.monotonic()
    with pytest.raises(JobTimeoutError):
        job.result(timeout=0.05)
    assert time.monotonic() - begin < 5
    assert job.cancel()
    assert job.cancelled()


def test_several_threads_wait_for_one(recorder):
    for _ in range(100):
        recorder.threads.clear()
        job = light(recorder)
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            assert all(result.success for result in threads.map(lambda _, job=job: job.result(5), range(4)))
        assert len(recorder.threads) == 1


def test_cancelled_before_anybody_waits(recorder):
    job = light(recorder)
    assert job.cancel()
    with pytest.raises(JobCancelledError):
        job.result()
    time.sleep(0.02)
    assert recorder.threads == []


def test_cancelled_while_the_waiting_thread_runs_it(recorder):
    kernel = Kernel()
    job = light(recorder, kernel, Script())
    waiting = threading.Thread(target=job.wait_for_final_state)
    waiting.start()
    assert kernel.started.wait(5)
    assert job.status() is JobStatus.RUNNING
    assert job.cancel()
    waiting.join(5)
    assert not waiting.is_alive()
    assert recorder.threads == [waiting]


def test_a_failure(recorder):
    job = light(recorder, Script(), Script(error=MemoryError("no room")))
    with pytest.raises(JobFailedError, match="1 of 2 circuits failed: MemoryError: no room") as caught:
        job.result()
    assert [each.success for each in caught.value.partial_result.results] == [True, False]


@pytest.mark.parametrize("cancel", [True, False])
def test_ctrl_c_while_it_runs(cancel):
    threads = []

    def interrupted(task, _=None):
        threads.append(threading.current_thread())
        if len(threads) == 2:
            raise KeyboardInterrupt
        return outcome(task)

    job = light(interrupted, Script(), Script(), Script(), cancel_on_interrupt=cancel)
    with pytest.raises(KeyboardInterrupt):
        job.result()
    if cancel:
        assert job.cancelled()
    else:
        assert len(job.result(5).results) == 3
        assert threading.current_thread() not in threads[2:]


@pytest.mark.parametrize("cancel", [True, False])
def test_ctrl_c_while_the_result_is_put_together(recorder, cancel):
    def finish(_):
        raise KeyboardInterrupt

    job = light(recorder, _finish=finish, cancel_on_interrupt=cancel)
    with pytest.raises(KeyboardInterrupt):
        job.result()
    assert job.in_final_state()


def test_ended_jobs_are_not_kept_alive(recorder):
    job = light(recorder)
    job.result()
    known = weakref.ref(job._batch)
    del job
    gc.collect()
    eventually(lambda: known() is None)


def test_small_circuits_are_light_and_states_are_the_same_either_way():
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.rx(0.3, 2)
    circuit.measure_all()
    backend = Simulator(seed_simulator=5)
    job = backend.run(circuit, memory=True)
    assert job._batch._light
    assert backend.jobs() == [job] or job.done()
    here = job.result()
    assert backend.jobs() == []
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        elsewhere = backend.run(circuit, memory=True, executor=executor).result()
    assert here.get_memory() == elsewhere.get_memory()
    assert not backend.run(circuit, shots=10**6, memory=True)._batch._light


# The queue itself


def test_a_call_is_taken_once():
    made, started = light_work.LightQueue(), []
    made.put(start := lambda: started.append(1))
    assert made.take(start)
    assert not made.take(start)
    time.sleep(3 * light_work.LOOK_SECONDS)
    assert started == []


def test_what_nobody_takes_is_started(monkeypatch):
    monkeypatch.setattr(light_work, "BUSY_SECONDS", 0.02)
    monkeypatch.setattr(light_work, "IDLE_SECONDS", 0.05)
    made, started = light_work.LightQueue(), []
    for i in range(3):
        made.put(lambda i=i: started.append(i))
    eventually(lambda: started == [0, 1, 2])
    eventually(lambda: made._unwatched)
    made.put(lambda: started.append(3))
    eventually(lambda: 3 in started)


def test_without_a_thread_to_be_had_it_is_started_at_once(monkeypatch):
    made, started = light_work.LightQueue(), []

    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    made.put(lambda: started.append(1))
    assert started == [1]
    monkeypatch.undo()
    made.put(lambda: started.append(2))
    eventually(lambda: started == [1, 2])
