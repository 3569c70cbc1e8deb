"""Every promise about the life of a job, of a backend or of a primitive, on a slow fake engine."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import gc
import logging
import pickle
import re
import sys
import threading
import time
import weakref

import pytest
from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.primitives import BasePrimitiveJob
from qiskit.providers import JobError as QiskitJobError
from qiskit.providers import JobStatus, JobV1
from qiskit.providers import JobTimeoutError as QiskitJobTimeoutError
from support import fake_engine
from support.fake_engine import Kernel, Script, eventually, fake_job, shots_of, submitted, successes

from ketjet import Simulator, engine
from ketjet.errors import JobCancelledError, JobError, JobFailedError, JobTimeoutError
from ketjet.jobs import light_work, workers
from ketjet.jobs.job import Job
from ketjet.jobs.primitive_job import PrimitiveJob

pytestmark = pytest.mark.usefixtures("two_threads")

ACCESSORS = [
    "result", "cancel", "status", "done", "running", "cancelled", "in_final_state", "wait_for_final_state", "progress",
    "future", "exception", "errored", "error_message",
]  # fmt: skip


@pytest.fixture(autouse=True, params=fake_engine.KINDS, ids=lambda kind: kind.__name__)
def kind(request, monkeypatch):
    monkeypatch.setattr(fake_engine, "kind", request.param)
    return request.param


@pytest.fixture
def counted(kind):
    return "points" if kind is PrimitiveJob else "circuits"


@pytest.fixture
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.finish.set()


@pytest.fixture
def running(kernel):
    job = submitted(kernel)
    assert kernel.started.wait(5)
    return job


@pytest.fixture
def done():
    job = submitted(Script())
    job.result(5)
    return job


@pytest.fixture
def failed():
    job = submitted(Script(), Script(error=MemoryError("no room")))
    job.wait_for_final_state(5)
    return job


@pytest.fixture
def cancelled(running):
    assert running.cancel()
    return running


# Before and around submit


@pytest.mark.parametrize("name", ACCESSORS)
def test_nothing_can_be_asked_before_submit(name):
    job = fake_job(Script())
    with pytest.raises(JobError, match=r"call job\.submit\(\) first") as caught:
        getattr(job, name)()
    assert isinstance(caught.value, QiskitJobError)
    assert "INITIALIZING" in repr(job)


def test_submit_works_once(running, kernel):
    with pytest.raises(JobError, match="already been submitted"):
        running.submit()
    kernel.finish.set()
    running.result(5)
    with pytest.raises(JobError):
        running.submit()


def test_it_is_a_qiskit_job(kind):
    job = fake_job(Script(), note="hello")
    assert isinstance(job, JobV1 if kind is Job else BasePrimitiveJob)
    if kind is Job:
        assert job.version == 1
    assert job.metadata == {"note": "hello"}
    assert job.creation_date.tzinfo is not None
    with pytest.raises(QiskitError):
        job.backend()


def test_a_job_without_circuits_is_done():
    assert successes(submitted().result(5)) == []


# Status


def test_states_in_their_order(kernel):
    first, queued = submitted(kernel, threads=2), submitted(Script(), threads=2)
    assert kernel.started.wait(5)
    assert first.status() is JobStatus.RUNNING
    assert first.running()
    assert queued.status() is JobStatus.QUEUED
    kernel.finish.set()
    queued.result(5)
    assert first.status() is queued.status() is JobStatus.DONE
    assert first.done()
    assert first.in_final_state()
    assert not first.cancelled()


def test_asking_never_blocks_even_in_the_hardest_moment(running, kernel):
    slow_callback = threading.Event()
    running.add_done_callback(lambda _: slow_callback.wait(5))
    kernel.finish.set()
    eventually(running.in_final_state)
    start = time.monotonic()
    assert running.status() is JobStatus.DONE
    running.progress()
    repr(running)
    assert running.cancel() is False
    assert time.monotonic() - start < 1
    slow_callback.set()


# Result


def test_a_result_is_a_qiskit_result(done, kind):
    result = done.result()
    assert shots_of(result) == 10
    if kind is Job:
        assert result.success
        assert result.job_id == done.job_id()


@pytest.mark.parametrize("timeout", [0, -1, 0.05])
def test_an_expired_wait_raises_and_the_job_goes_on(running, kernel, timeout):
    start = time.monotonic()
    with pytest.raises(JobTimeoutError, match="It goes on") as caught:
        running.result(timeout)
    assert time.monotonic() - start < max(timeout, 0) + 1
    assert isinstance(caught.value, QiskitJobTimeoutError)
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, concurrent.futures.TimeoutError)
    assert running.status() is JobStatus.RUNNING
    kernel.finish.set()
    assert successes(running.result(5)) == [True]


def test_a_failed_job(failed, kind, counted):
    assert failed.status() is JobStatus.ERROR
    assert failed.errored()
    assert failed.in_final_state()
    assert "no room" in failed.error_message()
    assert failed.cancel() is False
    for _ in range(2):
        with pytest.raises(JobFailedError, match=f"1 of 2 {counted} failed: MemoryError: no room") as caught:
            failed.result()
        assert isinstance(caught.value.__cause__, MemoryError)
        assert successes(caught.value.partial_result) == [True, False]
    assert isinstance(failed.exception(), JobFailedError)
    partial = failed.result(partial=True)
    assert shots_of(partial, 0) == 10
    if kind is PrimitiveJob:
        assert partial[1].metadata["error"] == "no room"
        return
    assert not partial.success
    assert partial.status == "PARTIAL COMPLETED"
    with pytest.raises(QiskitError, match="no room"):
        partial.get_counts(1)


def test_the_next_job_works_after_a_failure(failed):
    assert failed.errored()
    assert successes(submitted(Script()).result(5)) == [True]


def test_exception_of_jobs_that_did_not_fail(done, running):
    assert done.exception() is None
    assert done.error_message() is None
    assert not done.errored()
    with pytest.raises(JobTimeoutError):
        running.exception(0)


# Cancel


def test_cancel_while_queued(kernel):
    blocker, victim = submitted(kernel, threads=2), Kernel()
    queued = submitted(victim, threads=2)
    assert queued.cancel() is True
    assert queued.status() is JobStatus.CANCELLED
    kernel.finish.set()
    blocker.result(5)
    time.sleep(0.02)
    assert not victim.started.is_set()


def test_cancel_while_running(running, kernel):
    assert running.cancel() is True
    assert running.cancelled()
    assert kernel.ended.wait(5)
    assert running.cancel() is True  # still: there will be no result
    for partial in (False, True):
        with pytest.raises(JobCancelledError) as caught:
            running.result(partial=partial)
        assert isinstance(caught.value, QiskitJobError)
        assert isinstance(caught.value, concurrent.futures.CancelledError)
    running.wait_for_final_state(1)
    with pytest.raises(JobCancelledError):
        running.exception()


def test_cancel_after_the_end(done):
    assert done.cancel() is False
    assert done.cancel() is False
    assert successes(done.result()) == [True]


def test_cancelling_wakes_those_who_wait(running):
    answers = []

    def ask():
        with pytest.raises(JobCancelledError):
            running.result(10)
        answers.append(True)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.02)
    running.cancel()
    for thread in threads:
        thread.join(5)
    assert answers == [True] * 3


def test_cancel_stops_all_circuits_of_a_job():
    kernels = [Kernel() for _ in range(4)]
    job = submitted(*kernels)
    assert all(kernel.started.wait(5) for kernel in kernels[:2])
    job.cancel()
    assert all(kernel.ended.wait(5) for kernel in kernels[:2])
    time.sleep(0.02)
    assert not any(kernel.started.is_set() for kernel in kernels[2:])


def test_what_waits_is_cancelled_before_what_runs_stops(monkeypatch):
    kernels = [Kernel() for _ in range(4)]
    job = submitted(*kernels)
    assert all(kernel.started.wait(5) for kernel in kernels[:2])
    futures = [flight.future for flight in job._batch._flights.values()]
    cancelled, stop = [], engine.Control.stop

    def stopping(control):
        cancelled.append(all(future.cancelled() for future in futures))
        stop(control)

    monkeypatch.setattr(engine.Control, "stop", stopping)
    job.cancel()
    assert cancelled == [True] * 4


@pytest.mark.parametrize("delay", [0, 0.0002, 0.001])
def test_cancel_and_completion_never_contradict_each_other(delay):
    for _ in range(130):
        job = submitted(Script(seconds=delay))
        time.sleep(delay)
        if job.cancel():
            with pytest.raises(JobCancelledError):
                job.result(5)
            assert job.status() is JobStatus.CANCELLED
        else:
            assert successes(job.result(5)) == [True]
            assert job.status() is JobStatus.DONE


def test_many_threads_cancel_one_job():
    for _ in range(30):
        job, answers = submitted(Script(seconds=0.001)), []
        threads = [
            threading.Thread(target=lambda job=job, answers=answers: answers.append(job.cancel())) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        job.wait_for_final_state(5)
        assert set(answers) == {job.cancelled()} or (answers.count(True) == 0 and job.done())


# Waiting for the end


def test_wait_returns_as_soon_as_the_job_ends(running, kernel):
    threading.Timer(0.05, kernel.finish.set).start()
    start = time.monotonic()
    running.wait_for_final_state(timeout=10, wait=5)
    assert time.monotonic() - start < 3
    assert running.done()


def test_wait_times_out(running):
    with pytest.raises(JobTimeoutError):
        running.wait_for_final_state(timeout=0.02)
    with pytest.raises(QiskitJobTimeoutError):
        running.wait_for_final_state(timeout=0.02, callback=lambda *_: None)


def test_the_callback_hears_of_every_change(kernel):
    blocker, job, seen = Kernel(), None, []
    first = submitted(blocker, threads=2)
    job = submitted(kernel, threads=2)

    def callback(job_id, status, its_job):
        assert (job_id, its_job) == (job.job_id(), job)
        seen.append(status)
        (blocker if status is JobStatus.QUEUED else kernel).finish.set()

    job.wait_for_final_state(timeout=10, wait=5, callback=callback)
    assert seen == [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.DONE]
    first.result(5)


def test_the_callback_is_paced_by_wait(running, kernel):
    seen = []
    threading.Timer(0.3, kernel.finish.set).start()
    running.wait_for_final_state(wait=0.05, callback=lambda _id, status, _job: seen.append(status))
    assert 3 <= len(seen) <= 9
    assert seen[-1] is JobStatus.DONE
    running.wait_for_final_state(wait=0, callback=lambda *_: None)


def test_what_the_callback_raises_is_raised(running):
    def callback(*_):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        running.wait_for_final_state(callback=callback)


# Progress


def test_progress_counts_circuits_or_points(counted):
    kernels = [Kernel(), Kernel()]
    job = submitted(*kernels)
    assert job.progress().circuits_total == 2
    kernels[0].finish.set()
    eventually(lambda: job.progress().circuits_done == 1)
    progress = job.progress()
    assert progress.fraction == 0.5
    assert progress.elapsed > 0
    assert progress.eta > 0
    assert f"1/2 {counted}" in repr(job)
    kernels[1].finish.set()
    job.result(5)
    assert job.progress().fraction == 1
    with pytest.raises(AttributeError):
        progress.fraction = 2


def test_a_progress_bar_on_request(running, kernel, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    threading.Timer(0.15, kernel.finish.set).start()
    running.result(progress=True)
    shown = capsys.readouterr().err
    assert "fake: " in shown
    assert "100%" in shown
    assert running.job_id() not in shown


def test_a_progress_bar_is_quiet_where_nobody_looks(running, kernel, capsys):
    threading.Timer(0.15, kernel.finish.set).start()
    running.result(progress=True)
    assert capsys.readouterr().err == ""


def test_metrics(done):
    metrics = done.metrics()
    assert list(metrics["timestamps"]) == ["created", "submitted", "running", "finished"]
    assert all(metrics["timestamps"].values())
    assert metrics["usage"]["seconds"] >= 0


def test_reprs_tell_the_state_and_are_escaped(running, kernel, failed):
    assert "RUNNING" in repr(running)
    running._job_id = "<script>"
    assert "<script>" not in running._repr_html_()
    assert "no room" in repr(failed)


# What other libraries wait with


def test_futures_wait_takes_jobs(running, done, kernel):
    outcome = concurrent.futures.wait([running, done], timeout=0.02)
    assert outcome.done == {done}
    assert outcome.not_done == {running}
    outcome = concurrent.futures.wait([running, done], return_when=concurrent.futures.FIRST_COMPLETED)
    assert outcome.done == {done}
    threading.Timer(0.03, kernel.finish.set).start()
    assert concurrent.futures.wait([running, done], timeout=5).done == {running, done}


def test_futures_wait_hears_of_failures_and_cancellations(running):
    bad = submitted(Script(seconds=0.03, error=ValueError("bad")))
    outcome = concurrent.futures.wait([running, bad], timeout=5, return_when=concurrent.futures.FIRST_EXCEPTION)
    assert outcome.done == {bad}
    threading.Timer(0.03, running.cancel).start()
    assert concurrent.futures.wait([running, bad], timeout=5).done == {running, bad}


def test_as_completed_yields_jobs(running, done, kernel):
    threading.Timer(0.03, kernel.finish.set).start()
    assert list(concurrent.futures.as_completed([running, done], timeout=5)) == [done, running]
    with pytest.raises(concurrent.futures.TimeoutError):
        list(concurrent.futures.as_completed([submitted(Script(seconds=0.3))], timeout=0.01))


def test_the_future_of_a_job(running):
    assert running.future().cancel()
    assert running.status() is JobStatus.CANCELLED


def test_done_callbacks(running, kernel, caplog):
    seen = []

    def broken(_):
        raise LookupError("mine")

    running.add_done_callback(broken)
    running.add_done_callback(seen.append)
    with caplog.at_level(logging.ERROR, logger="ketjet"):
        kernel.finish.set()
        eventually(lambda: seen == [running])
    assert "mine" in caplog.text
    running.add_done_callback(seen.append)
    assert seen == [running, running]
    assert running.done()


def test_await(kernel, failed, cancelled):
    async def main():
        job = submitted(kernel)
        asyncio.get_running_loop().call_later(0.02, kernel.finish.set)
        assert successes(await job) == [True]
        assert successes(await job) == [True]
        with pytest.raises(JobFailedError):
            await failed
        with pytest.raises(JobCancelledError):
            await cancelled

    asyncio.run(main())


def test_a_cancelled_task_cancels_the_job_it_awaits(running):
    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(running, 0.02)

    asyncio.run(main())
    assert running.cancelled()


def test_leaving_the_block_cancels(kernel):
    with submitted(kernel) as job:
        assert kernel.started.wait(5)
    assert job.cancelled()
    with submitted(Script()) as job:
        job.result(5)
    assert job.done()
    with fake_job(Script()):
        pass


# Copies and references


@pytest.mark.parametrize("copier", [lambda job: pickle.loads(pickle.dumps(job)), copy.deepcopy, copy.copy])
def test_ended_jobs_can_be_copied(copier, done, failed, cancelled):
    for job in (done, failed, cancelled):
        again = copier(job)
        assert again.job_id() == job.job_id()
        assert again.status() is job.status()
        assert again.metrics() == job.metrics()
        assert again.creation_date == job.creation_date
        assert again.cancel() is job.cancelled()
        with pytest.raises(JobError):
            again.submit()
    assert shots_of(copier(done).result()) == shots_of(copier(failed).result(partial=True)) == 10
    with pytest.raises(JobFailedError, match="no room") as caught:
        copier(failed).result()
    assert isinstance(caught.value.__cause__, MemoryError)
    with pytest.raises(JobCancelledError):
        copier(cancelled).result()


@pytest.mark.parametrize("copier", [pickle.dumps, copy.deepcopy, copy.copy])
def test_jobs_under_way_cannot_be_copied(copier, running):
    for job in (running, fake_job(Script())):
        with pytest.raises(TypeError, match="has not ended"):
            copier(job)


def test_an_ended_job_lets_go_of_its_programs():
    program = Script()
    job, alive = submitted(program), weakref.ref(program)
    del program
    job.result(5)
    gc.collect()
    eventually(lambda: gc.collect() is not None and alive() is None)


def test_a_callback_that_comes_while_work_is_handed_out_may_run_jobs(bell):
    ended = Simulator().run(bell)
    ended.result(5)
    wide = QuantumCircuit(16)
    for _ in range(20):
        wide.h(range(16))
        wide.cx(range(15), range(1, 16))
    wide.measure_all()
    assert Simulator().estimate(wide).seconds > light_work.LIGHT_SECONDS
    seen = []
    workers.shared().inbox.do(
        lambda: ended.add_done_callback(lambda _: seen.append(Simulator().run(wide).result(5).success))
    )
    eventually(lambda: seen == [True])


def test_a_dropped_result_is_freed_without_the_garbage_collector(bell):
    gc.collect()
    gc.disable()
    try:
        job = Simulator().run(bell, return_state=True)
        job.add_done_callback(lambda _: None)
        result = job.result(5)
        eventually(lambda: workers.shared().inbox._serving == set(workers.shared().inbox._idle))
        state = weakref.ref(result.get_statevector())
        del result, job
        eventually(lambda: state() is None)  # a thread that looks for offers may have seen it a moment ago
    finally:
        gc.enable()


def test_a_job_that_nobody_refers_to_runs_to_its_end(kernel):
    job = submitted(kernel)
    alive, future = weakref.ref(job), job.future()
    assert kernel.started.wait(5)
    del job
    gc.collect()
    assert alive() is None
    kernel.finish.set()
    assert successes(future.result(5)) == [True]


# Scale


def test_a_job_with_more_circuits_than_are_handed_out_at_a_time():
    result = submitted(*[Script()] * 500).result(30)
    assert successes(result) == [True] * 500


def test_many_jobs_from_many_threads():
    jobs = []

    def submit_many():
        jobs.extend(submitted(Script(), threads=1 + i % 2) for i in range(13))

    threads = [threading.Thread(target=submit_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(concurrent.futures.wait(jobs, timeout=20).done) == 8 * 13
    assert all(job.done() for job in jobs)
    assert workers.shared().held_bytes == 0


def test_ids_and_reprs_are_plain_text(done):
    assert re.fullmatch(rf"<{type(done).__name__} job-\d+: DONE, 100%, [\d.]+ s>", repr(done))
