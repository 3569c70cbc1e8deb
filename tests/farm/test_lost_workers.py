"""Workers that are lost with what they run: it is sent again, and gives the same."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import lossy_workers
from support.circuits import layered_circuit
from support.fake_engine import Script, eventually, submitted, successes

from ketjet import Simulator
from ketjet.errors import JobFailedError, WorkerLostError
from ketjet.farm.farm import FarmOptions

WIDTH = 18
"""Qubits of the circuit that is fatal."""


@pytest.fixture(scope="module")
def circuits():
    return [layered_circuit(width, 4) for width in (10, 11, WIDTH, 12, 13, 9)]


@pytest.fixture(scope="module")
def expected(circuits):
    return [Simulator(seed_simulator=5).run(circuit).result().get_counts() for circuit in circuits]


@pytest.fixture
def made(tmp_path):
    """What makes pools, and those that it has made."""

    def make():
        pools.append(lossy_workers.pool(2, tmp_path, WIDTH))
        return pools[-1]

    pools = []
    yield make, pools
    for pool in pools:
        pool.shutdown(cancel_futures=True)


def test_a_worker_killed_in_mid_work_changes_no_counts(circuits, expected, made, tmp_path):
    make, pools = made
    lossy_workers.deaths(tmp_path, 1)
    job = Simulator(seed_simulator=5).run(circuits, executor=make)
    assert job.result(120).get_counts() == expected
    assert len(pools) == 2
    assert not list(tmp_path.iterdir())
    eventually(lambda: all(pool._shutdown_thread for pool in pools), 20)  # by those who had them made


def test_what_is_lost_too_often_fails_and_takes_nothing_else_with_it(circuits, expected, made, tmp_path):
    make, pools = made
    lossy_workers.deaths(tmp_path, 3)
    job = Simulator(seed_simulator=5).run(circuits, executor=make)
    with pytest.raises(JobFailedError, match=r"1 of 6 circuits failed: WorkerLostError: .*sent 3 times") as caught:
        job.result(120)
    assert isinstance(caught.value.__cause__, WorkerLostError)
    assert isinstance(caught.value.__cause__.__cause__, BrokenExecutor)
    found = job.result(partial=True)
    for place, counts in enumerate(expected):
        assert circuits[place].num_qubits == WIDTH or found.get_counts(place) == counts
    assert len(pools) in (3, 4)  # another one if there was something left to do


def test_an_instance_that_breaks_fails_the_rest_at_once(circuits, expected, made, tmp_path):
    make, _ = made
    lossy_workers.deaths(tmp_path, 1)
    backend = Simulator(seed_simulator=5, executor=make())
    job = backend.run([circuits[2]] * 1000)
    with pytest.raises(JobFailedError, match=r"give a callable.*executor=lambda: ProcessPoolExecutor\(\.\.\.\)"):
        job.result(60)
    with pytest.raises(JobFailedError, match="WorkerLostError"):
        backend.run(circuits[0]).result(60)


def test_loky_is_made_anew_too(circuits, expected, tmp_path):
    loky = pytest.importorskip("loky", reason="loky is not installed")
    lossy_workers.deaths(tmp_path, 1)
    pools = []

    def make():
        pools.append(loky.ProcessPoolExecutor(2, initializer=lossy_workers.arm, initargs=(str(tmp_path), WIDTH)))
        return pools[-1]

    assert Simulator(seed_simulator=5).run(circuits, executor=make).result(120).get_counts() == expected
    assert len(pools) == 2
    for pool in pools:
        pool.shutdown(kill_workers=True)


class Losing:
    """An executor in this process whose workers are lost with some tasks."""

    def __init__(self, losses, kind=BrokenExecutor):
        self.losses, self.kind, self.broken = losses, kind, False
        self.closed = False

    def submit(self, fn, bundle):
        future = Future()
        fatal = [number for number in bundle.numbers if self.losses.get(number, 0)]
        if self.broken:
            raise self.kind("it has broken")
        if fatal:
            self.losses[fatal[0]] -= 1
            self.broken = self.kind is BrokenExecutor
            future.set_exception(self.kind("lost"))
        else:
            future.set_result(fn(bundle))
        return future

    def shutdown(self, wait):
        self.closed = True


class KilledWorker(Exception):  # noqa: N818
    """As dask calls it, whose executor goes on."""


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 30),
    st.dictionaries(st.integers(0, 29), st.integers(0, 4), max_size=5),
    st.integers(0, 3),
    st.sampled_from([BrokenExecutor, KilledWorker]),
    st.sampled_from([1e-4, 1.0]),
)
def test_everything_ends_whatever_is_lost(count, losses, retries, kind, seconds):
    losses = {number: often for number, often in losses.items() if number < count}
    left, made = dict(losses), []

    def make():
        made.append(Losing(left, kind))
        return made[-1]

    job = submitted(*[Script()] * count, seconds=seconds, executor=FarmOptions(make, retries))
    job.exception(30)
    ended = successes(job.result(partial=True))
    assert len(ended) == count
    for number, success in enumerate(ended):
        if seconds == 1.0:  # each is sent by itself
            assert success is (losses.get(number, 0) <= retries)
        elif not losses.get(number, 0):  # one that is lost with others that are sent by themselves from then on
            assert success or retries == 0 or any(often > retries for often in losses.values())
    if kind is BrokenExecutor:
        eventually(lambda: all(executor.closed for executor in made))


def test_a_task_on_its_last_try_is_alone():
    together, running = [], set()

    class Watching(Losing):
        def submit(self, fn, bundle):
            running.add(bundle.numbers)
            together.append((bundle.numbers.start, len(running)))
            future = Future()
            if bundle.numbers.start == 2 and len([1 for number, _ in together if number == 2]) < 3:
                for other in list(waiting):
                    other.cancel_and_end()
                future.set_exception(KilledWorker("lost"))
                running.discard(bundle.numbers)
                return future
            waiting.append(Ending(future, fn, bundle))
            return future

    class Ending:
        def __init__(self, future, fn, bundle):
            self.future, self.fn, self.bundle = future, fn, bundle

        def cancel_and_end(self):
            waiting.remove(self)
            running.discard(self.bundle.numbers)
            self.future.set_result(self.fn(self.bundle))

    waiting = []
    job = submitted(*[Script()] * 6, seconds=1.0, executor=FarmOptions(Watching({}), retries=2))
    while not job.in_final_state():
        eventually(lambda: waiting or job.in_final_state())
        for other in list(waiting):
            other.cancel_and_end()
    assert successes(job.result(5)) == [True] * 6
    tries = [beside for number, beside in together if number == 2]
    assert len(tries) == 3
    assert tries[-1] == 1


def test_a_callable_that_fails_fails_the_job(bell):
    def failing():
        raise ValueError("no cluster today")

    job = Simulator().run([bell, layered_circuit(20, 20)], executor=failing)
    with pytest.raises(JobFailedError, match="2 of 2 circuits failed: ValueError: no cluster today"):
        job.result(10)
    with pytest.raises(JobFailedError, match=r"must make a concurrent\.futures\.Executor, got 3"):
        Simulator().run(bell, executor=lambda: 3).result(10)


class NeverWorks(ThreadPoolExecutor):
    """Its workers end before they begin."""

    made = 0

    def __init__(self):
        super().__init__(1)
        NeverWorks.made += 1

    def submit(self, fn, /, *args, **kwargs):
        raise BrokenExecutor("no worker has begun")


def test_executors_that_never_work_are_given_up():
    job = submitted(*[Script()] * 5, seconds=1.0, executor=NeverWorks)
    with pytest.raises(JobFailedError, match=r"5 of 5 circuits failed: WorkerLostError: .*Nothing has even begun"):
        job.result(20)
    assert NeverWorks.made == 3


def test_a_pool_whose_workers_cannot_start_is_given_up(bell):
    spawn = multiprocessing.get_context("spawn")
    made = partial(ProcessPoolExecutor, 1, mp_context=spawn, initializer=os._exit, initargs=(3,))
    with pytest.raises(JobFailedError, match="Nothing has even begun"):
        Simulator().run(bell, executor=made, retries=1).result(60)


def test_an_executor_that_is_made_for_a_cancelled_job_is_shut_down(bell):
    import threading

    begun, go_on, made = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        go_on.wait(20)
        made.append(Losing({}))
        return made[-1]

    job = Simulator().run(bell, executor=slow)
    assert begun.wait(20)
    assert job.cancel()
    go_on.set()
    eventually(lambda: made and made[0].closed)
