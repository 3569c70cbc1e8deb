"""Jobs on other people's executors, and what the real engine promises while it runs."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from support.circuits import layered_circuit
from support.fake_engine import Script, eventually, submitted

from ketjet import Simulator
from ketjet.errors import JobCancelledError, JobFailedError
from ketjet.jobs import workers


class Inline(Executor):
    """Runs everything in `submit`."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Recording(ThreadPoolExecutor):
    calls = 0

    def submit(self, fn, /, *args, **kwargs):
        self.calls += 1
        return super().submit(fn, *args, **kwargs)


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_the_executor_is_really_used_and_gives_the_same_counts(bell, processes):
    backend = Simulator(seed_simulator=3)
    circuits = [bell, layered_circuit(5, 2)]
    expected = backend.run(circuits).result().get_counts()
    with Recording(2) as threads:
        assert backend.run(circuits, executor=threads).result(30).get_counts() == expected
    assert threads.calls == 1  # two small circuits are one bundle
    assert backend.run(circuits, executor=processes).result(60).get_counts() == expected
    assert backend.run(circuits, executor=Inline()).result(30).get_counts() == expected


def test_an_executor_that_runs_at_once_makes_no_recursion():
    assert len(submitted(*[Script()] * 2000, executor=Inline()).result(60).results) == 2000


def test_an_executor_that_is_closed_fails_the_job(bell):
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    job = Simulator().run(bell, executor=pool)
    with pytest.raises(JobFailedError, match="shutdown"):
        job.result(5)


def test_an_executor_that_drops_its_calls_fails_the_job():
    pool = ThreadPoolExecutor(1)
    blocker = threading.Event()
    pool.submit(blocker.wait, 10)
    job = submitted(Script(), executor=pool)
    pool.shutdown(wait=False, cancel_futures=True)
    blocker.set()
    with pytest.raises(JobFailedError, match="cancelled by its executor"):
        job.result(5)


class Eager(Executor):
    """No executor at all: `submit` returns the value instead of a future."""

    def submit(self, fn, /, *args, **kwargs):
        return fn(*args, **kwargs)


def test_an_executor_without_futures_fails_the_job(bell):
    job = Simulator().run(bell, executor=Eager())
    with pytest.raises(JobFailedError, match="must return a future, got list"):
        job.result(5)


class Lying(Executor):
    """Its futures have something else to give."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        future.set_result([])
        return future


def test_an_executor_that_gives_something_else_fails_the_job(bell):
    with pytest.raises(JobFailedError, match="must give what its call returns"):
        Simulator().run([bell, bell], executor=Lying()).result(5)


def test_elapsed_time_on_an_executor_starts_with_the_work(bell, long_circuit):
    with ThreadPoolExecutor(1) as pool:
        with Simulator().run(long_circuit, executor=pool) as job:
            time.sleep(0.6)  # nobody asks meanwhile
            assert job.progress().elapsed > 0.1
        blocker = threading.Event()
        pool.submit(blocker.wait, 10)
        job = Simulator().run(bell, executor=pool)
        assert job.metrics()["timestamps"]["running"] is None
        time.sleep(0.2)
        blocker.set()
        job.result(10)
        assert job.progress().elapsed < 0.2
        assert job.metrics()["usage"]["seconds"] == pytest.approx(job.progress().elapsed)


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_cancel_reaches_an_executor(kind, processes):
    threads = ThreadPoolExecutor(1)
    pool = {"threads": threads, "processes": processes}[kind]
    slow = Script(seconds=60)
    job = submitted(slow, Script(seconds=60), Script(seconds=60), executor=pool)
    eventually(lambda: job.running(), 30)
    assert job.cancel()
    with pytest.raises(JobCancelledError):
        job.result()
    assert submitted(Script(), executor=pool).result(20).success  # the workers are free again
    threads.shutdown()


def test_progress_comes_back_from_another_process(processes, long_circuit):
    with Simulator().run(long_circuit, executor=processes) as job:
        eventually(lambda: job.progress().stages_done > 0, 60)
        assert job.running()
    assert job.cancelled()


# The real engine on ketjet's own workers. Timed goals belong to the benchmarks: here only orders of magnitude.


def test_cancel_stops_the_kernels_and_frees_their_memory(long_circuit):
    job = Simulator().run(long_circuit)
    eventually(lambda: job.progress().stages_done > 0, 60)
    assert workers.shared().held_bytes >= 16 << 24
    start = time.monotonic()
    assert job.cancel()
    eventually(lambda: workers.shared().held_bytes == 0)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("delay", [0.002, 0.01, 0.02, 0.05])
def test_cancel_stops_a_run_that_still_maps_its_memory(delay):
    job = Simulator().run(layered_circuit(25, 3))
    eventually(job.running, 30)
    time.sleep(delay)
    start = time.monotonic()
    assert job.cancel()
    eventually(lambda: workers.shared().held_bytes == 0)
    assert time.monotonic() - start < 0.3


def test_other_threads_keep_running_while_the_engine_computes(long_circuit):
    gaps, stop = [], threading.Event()

    def tick():
        last = time.monotonic()
        while not stop.is_set():
            time.sleep(0.001)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    ticker = threading.Thread(target=tick)
    with Simulator().run(long_circuit) as job:
        eventually(lambda: job.progress().stages_done > 0, 60)
        ticker.start()
        with pytest.raises(TimeoutError):
            job.result(0.5)
        stop.set()
    ticker.join()
    assert len(gaps) > 20
    assert max(gaps) < 0.4


def test_a_timeout_is_kept_while_the_engine_computes(long_circuit):
    with Simulator().run(long_circuit) as job:
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            job.result(0.1)
        assert time.monotonic() - start < 1
