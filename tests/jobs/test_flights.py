"""Small tasks that follow each other are handed out together, and nothing else tells of it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.providers import JobStatus
from support.fake_engine import Kernel, Script, eventually, execute, submitted, successes

from ketjet import engine
from ketjet.errors import JobCancelledError, JobFailedError
from ketjet.jobs import flights

SECONDS = 5e-5
"""Predicted of a small task; too many are made of them for the thread that waits to run them."""

tasks = st.builds(
    engine.Task,
    program=st.none(),
    shots=st.just(1),
    seed=st.just(1),
    threads=st.sampled_from([1, 1, 1, 2]),
    seconds=st.sampled_from([0.0, 1e-6, 1e-4, flights.SMALL_SECONDS, 1.0, float("inf")]),
    memory_limit=st.sampled_from([0, 0, 0, 1 << 20]),
)


@given(st.lists(tasks, max_size=60))
def test_every_task_is_in_one_flight(given_tasks):
    found = list(flights.flights_of(given_tasks))
    assert [number for flight in found for number in flight] == list(range(len(given_tasks)))
    for flight in found:
        together = [given_tasks[number] for number in flight]
        if len(together) > 1:
            assert all(task.threads == 1 and task.seconds < flights.SMALL_SECONDS for task in together)
            assert not any(task.memory_limit for task in together)
            assert sum(task.seconds for task in together) <= flights.FLIGHT_SECONDS[1]


def test_many_small_tasks_are_few_flights():
    found = list(flights.flights_of([engine.Task(None, 1, 1, seconds=1e-6)] * 1000))
    assert engine.machine().cores <= len(found) <= max(8, flights.FLIGHTS_PER_CORE * engine.machine().cores)


def test_circuits_that_fail_do_not_take_others_with_them():
    scripts = [Script(error=ValueError(f"number {i}") if i in (3, 4, 27) else None) for i in range(40)]
    job = submitted(*scripts, seconds=SECONDS)
    with pytest.raises(JobFailedError, match="3 of 40 circuits failed: ValueError: number 3"):
        job.result(5)
    assert successes(job.result(partial=True)) == [i not in (3, 4, 27) for i in range(40)]


def test_cancelling_stops_the_task_that_runs_and_those_behind_it_in_its_flight():
    begun, kernel = [], Kernel()

    def noting(task, control=None):
        begun.append(task.program)
        return execute(task, control)

    job = submitted(Script(), kernel, *[Script()] * 38, seconds=SECONDS, _execute=noting)
    flight = next(flights.flights_of([engine.Task(None, 1, 1, seconds=SECONDS)] * 40))
    assert len(flight) > 2
    assert kernel.started.wait(5)
    assert job.status() is JobStatus.RUNNING
    assert job.cancel()
    assert kernel.ended.wait(5)
    with pytest.raises(JobCancelledError):
        job.result()
    time.sleep(0.02)  # for those that had begun elsewhere
    after = len(begun)
    assert after < 40
    time.sleep(0.02)
    assert len(begun) == after


def test_progress_counts_the_tasks_of_a_flight():
    kernel = Kernel()
    job = submitted(*[Script()] * 3, kernel, *[Script()] * 36, seconds=SECONDS)
    assert kernel.started.wait(5)
    eventually(lambda: job.progress().fraction >= 0.05)  # at least the three before it
    assert job.progress().fraction < 1
    kernel.finish.set()
    assert successes(job.result(5)) == [True] * 40
    assert job.progress().fraction == 1
    assert job.progress().circuits_done == 40
