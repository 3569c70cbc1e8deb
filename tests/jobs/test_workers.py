"""The worker threads and their one budget."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import wait

import pytest
from support.fake_engine import eventually

from ketjet.jobs import budget, inbox, workers
from ketjet.jobs.workers import Workers


class Call:
    """A call that runs until it is told to end."""

    def __init__(self):
        self.started = threading.Event()
        self.finish = threading.Event()

    def __call__(self):
        self.started.set()
        assert self.finish.wait(10)
        return "done"


@pytest.fixture
def machine():
    """What the machine has free, as a pool of the test sees it."""
    return {"free": 1000}


@pytest.fixture
def pool(machine):
    pool = Workers(4, idle_seconds=0.2, measure=lambda: (machine["free"], "the test"))
    pool.free_memory()
    yield pool
    pool.close(2)


@pytest.fixture
def impatient(monkeypatch):
    """Calls wait no longer than a moment, whoever they wait for."""
    monkeypatch.setattr(inbox, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(budget, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(budget, "LIGHT_PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(workers, "LIGHT_PATIENCE_SECONDS", 0.01)


def start(pool, **share):
    call = Call()
    return call, pool.submit(call, stop=call.finish.set, **share)


def test_importing_starts_no_thread():
    code = "import threading, ketjet.backend.simulator; print(threading.active_count())"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "1"
    )


def test_small_calls_run_side_by_side_and_a_big_one_waits_its_turn(pool):
    small = [start(pool, threads=1) for _ in range(3)]
    big, big_future = start(pool, threads=100)  # more than there is: everything
    late, late_future = start(pool, threads=1)  # would fit, but is behind the big one
    assert all(call.started.wait(5) for call, _ in small)
    time.sleep(0.02)
    assert not big.started.is_set()
    assert not late.started.is_set()
    for call, _ in small:
        call.finish.set()
    assert big.started.wait(5)
    assert not late.started.is_set()
    big.finish.set()
    late.finish.set()
    assert [future.result(5) for future in (big_future, late_future)] == ["done", "done"]


def test_memory_is_reserved_while_a_call_runs(pool):
    assert pool.free_bytes(1000) == 1000
    first, _ = start(pool, memory=600)
    assert first.started.wait(5)
    assert pool.held_bytes == 600
    assert pool.free_bytes(1000) == 400  # nothing touched yet
    assert pool.free_bytes(350) == 350  # touched, and something else grew
    second, _ = start(pool, memory=600)
    third, _ = start(pool, memory=0)
    time.sleep(0.02)
    assert not second.started.is_set()
    assert not third.started.is_set()  # first in, first out
    first.finish.set()
    assert second.started.wait(5)
    assert third.started.wait(5)
    second.finish.set()
    third.finish.set()
    eventually(lambda: pool.held_bytes == 0)


def test_a_limit_of_its_own_holds_a_call_back(pool):
    first, _ = start(pool, memory=300)
    second, _ = start(pool, memory=300, memory_limit=500)
    assert first.started.wait(5)
    time.sleep(0.02)
    assert not second.started.is_set()
    first.finish.set()
    assert second.started.wait(5)
    second.finish.set()


def test_what_is_too_big_for_anybody_runs_alone(pool, machine, impatient, monkeypatch):
    monkeypatch.setattr(budget, "LONG_SECONDS", 0.1)
    machine["free"] = 10
    pool.free_memory()
    light, _ = start(pool, memory=1, seconds=0.0)
    assert light.started.wait(5)
    big, future = start(pool, memory=1000)
    time.sleep(0.15)
    assert not big.started.is_set()
    later, _ = start(pool, memory=1, seconds=0.0)  # would keep it waiting for ever if it could pass
    time.sleep(0.1)
    assert not later.started.is_set()
    light.finish.set()
    assert big.started.wait(5)
    time.sleep(0.05)
    assert not later.started.is_set()
    big.finish.set()
    assert later.started.wait(5)
    later.finish.set()
    assert future.result(5) == "done"


@pytest.mark.parametrize("touched", [0, 300, 600])
def test_memory_that_becomes_free_elsewhere_is_seen(pool, machine, touched):
    first, _ = start(pool, memory=600, touched=lambda: touched)
    assert first.started.wait(5)
    machine["free"] = 1000 - touched
    assert pool.free_memory() == (400, "the test")
    machine["free"] = 5000 - touched
    assert pool.free_memory() == (4400, "the test")
    machine["free"] = 100
    assert pool.free_memory() == (100, "the test")
    first.finish.set()
    eventually(lambda: pool.held_bytes == 0)
    assert pool.free_memory() == (100, "the test")


def test_memory_that_is_claimed_but_not_touched_is_not_given_twice(pool, machine):
    first, _ = start(pool, memory=600, touched=lambda: 10_000)  # it cannot hold more than it was given
    assert first.started.wait(5)
    assert pool.free_memory() == (1000, "the test")  # 600 are touched, so there were 1600
    second, _ = start(pool, memory=600)
    assert second.started.wait(5)
    assert pool.free_memory()[0] == 400
    for call in (first, second):
        call.finish.set()


def test_a_waiting_call_sees_that_memory_became_free_elsewhere(pool, machine):
    first, _ = start(pool, memory=600)
    second, _ = start(pool, memory=600)
    assert first.started.wait(5)
    time.sleep(0.02)
    assert not second.started.is_set()
    machine["free"] = 2000
    assert second.started.wait(5)
    first.finish.set()
    second.finish.set()


def test_behind_an_owner_that_keeps_all_threads_others_start_after_a_while(pool, impatient):
    trouble = [start(pool, threads=4, owner="trouble") for _ in range(2)]
    assert trouble[0][0].started.wait(5)
    light, _ = start(pool, owner="light", seconds=0.001)
    assert light.started.wait(5)
    heavy = [start(pool, threads=4, owner=f"heavy {i}")[0] for i in range(2)]
    assert heavy[0].started.wait(5)
    time.sleep(0.2)
    assert not heavy[1].started.is_set()  # no more than twice the budget
    assert not trouble[1][0].started.is_set()  # it would wait for its own
    assert start(pool, owner="another", seconds=0.001)[0].started.wait(5)
    assert pool.waits_for("heavy 1")[:2] in (["trouble", "heavy 0"], ["heavy 0", "trouble"])
    assert pool.waits_for("heavy 0") == []
    assert pool.waits_for("nobody") == []
    heavy[0].finish.set()
    assert heavy[1].started.wait(5)
    for call, _ in trouble:
        call.finish.set()
    heavy[1].finish.set()
    light.finish.set()
    assert trouble[1][1].result(5) == "done"


def test_light_calls_of_one_owner_go_one_by_one_where_they_were_not_waited_for(pool, impatient):
    trouble, _ = start(pool, threads=4, owner="trouble")
    assert trouble.started.wait(5)
    calls = [start(pool, owner="many", seconds=0.001) for _ in range(20)]
    eventually(lambda: sum(call.started.is_set() for call, _ in calls) == 1)
    time.sleep(0.05)
    assert sum(call.started.is_set() for call, _ in calls) == 1
    for call, future in calls:
        call.finish.set()
        assert future.result(5) == "done"
    trouble.finish.set()


def test_light_calls_that_last_do_not_take_all_there_is(pool, impatient):
    trouble, _ = start(pool, threads=4, owner="trouble")
    assert trouble.started.wait(5)
    calls = [start(pool, owner=str(i), seconds=0.001)[0] for i in range(30)]
    limit = 4 + budget.LIGHT_CALLS
    eventually(lambda: sum(call.started.is_set() for call in calls) >= limit)
    time.sleep(0.1)
    assert sum(call.started.is_set() for call in calls) == limit
    for call in [*calls, trouble]:
        call.finish.set()
    eventually(lambda: all(call.started.is_set() for call in calls))


def test_a_call_that_lacks_memory_is_passed_but_not_for_ever(pool, impatient, monkeypatch):
    trouble, _ = start(pool, memory=600, owner="trouble")
    assert trouble.started.wait(5)
    large, _ = start(pool, memory=700, owner="large")
    passes, _ = start(pool, memory=200, owner="passes")
    assert passes.started.wait(5)
    assert pool.waits_for("large") == ["trouble", "passes"]
    assert not large.started.is_set()
    monkeypatch.setattr(budget, "LONG_SECONDS", 0.1)
    time.sleep(0.15)
    greedy, _ = start(pool, memory=150, owner="greedy")  # together with what has passed it leaves less than 700
    modest, _ = start(pool, memory=90, owner="modest")
    light, _ = start(pool, memory=1, owner="light", seconds=0.001)
    assert modest.started.wait(5)
    assert light.started.wait(5)
    time.sleep(0.1)
    assert not greedy.started.is_set()
    trouble.finish.set()
    assert large.started.wait(5)
    for call in (large, passes, greedy, modest, light):
        call.finish.set()


def test_a_cancelled_head_no_longer_blocks_the_queue(pool):
    first, _ = start(pool, threads=3)
    big, big_future = start(pool, threads=4)
    small, _ = start(pool, threads=1)
    assert first.started.wait(5)
    assert big_future.cancel()
    assert small.started.wait(5)
    assert not big.started.is_set()
    assert big_future in wait([big_future], 5).done
    first.finish.set()
    small.finish.set()


def test_a_running_call_can_be_cancelled_and_its_value_is_dropped(pool):
    call, future = start(pool)
    assert call.started.wait(5)
    assert future.cancel()
    call.finish.set()
    assert future in wait([future], 5).done
    assert future.cancelled()
    assert pool.submit(lambda: 3).result(5) == 3


def test_errors_reach_the_future(pool):
    def fail():
        raise SystemExit(3)

    assert isinstance(pool.submit(fail).exception(5), SystemExit)
    assert pool.submit(lambda: 3).result(5) == 3


def test_a_callback_may_submit_and_wait(pool):
    answers = []
    pool.submit(lambda: 1, threads=4).add_done_callback(
        lambda _: answers.append(pool.submit(lambda: 2, threads=4).result(5))
    )
    eventually(lambda: answers == [2])


def test_calls_one_after_the_other_are_run_by_one_worker(pool):
    calls, futures = zip(*(start(pool) for _ in range(4)), strict=True)
    for call in calls:
        assert call.started.wait(5)
    for call in calls:
        call.finish.set()
    wait(futures, 5)  # several workers are idle now
    ran, handed_out = [], []
    for _ in range(20):
        eventually(lambda: len(pool.inbox._idle) == len(pool.inbox._serving))
        pool.inbox.do(lambda: handed_out.append(pool.submit(lambda: ran.append(threading.get_ident()))), patience=5)
        handed_out.pop().result(5)
    assert len(set(ran)) == 1


@pytest.mark.parametrize("patience", [0, 0.05])
def test_who_is_called_back_while_work_is_handed_out_may_wait_for_other_work(pool, patience):
    seen = []

    def hand_out():
        pool.inbox.may_take_long()  # as before each callback of a user
        seen.append(pool.submit(lambda: "done").result(5))

    pool.inbox.do(hand_out, patience)
    eventually(lambda: seen == ["done"])


def test_idle_workers_end_and_come_back(pool):
    assert pool.submit(lambda: 1).result(5) == 1
    assert pool.inbox._serving
    eventually(lambda: not pool.inbox._serving)
    assert pool.submit(lambda: 2).result(5) == 2


def test_idle_workers_keep_nothing_alive(pool):
    class Thing:
        pass

    future = pool.submit(Thing)
    thing = weakref.ref(future.result(5))
    del future
    gc.collect()
    eventually(lambda: thing() is None)


def test_many_submitters(pool):
    totals = []

    def submit_many():
        totals.append(sum(pool.submit(lambda i=i: i, threads=1 + i % 4).result(10) for i in range(50)))

    threads = [threading.Thread(target=submit_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert totals == [sum(range(50))] * 8


def test_no_thread_to_be_had_fails_the_call(monkeypatch):
    pool = Workers(1)

    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert isinstance(pool.submit(lambda: 1).exception(1), RuntimeError)
    monkeypatch.undo()
    assert pool.submit(lambda: 2).result(5) == 2
    pool.close(2)


def test_closing_stops_what_runs_and_refuses_what_comes(pool):
    running, running_future = start(pool, threads=4)
    _, queued_future = start(pool, threads=4)
    assert running.started.wait(5)
    pool.close(2)
    assert running.finish.is_set()
    assert running_future.cancelled()
    assert queued_future.cancelled()
    with pytest.raises(RuntimeError, match="shutting down"):
        pool.submit(lambda: 1)
