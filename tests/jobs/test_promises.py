"""Promises: what is to happen at their end happens, even where Ctrl-C breaks it off; and seeds are nobody else's."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketjet.base import fresh_seeds
from ketjet.base.fresh_seeds import fresh_seed
from ketjet.jobs.promise import Promise


@given(st.integers(0, 2), st.booleans())
def test_a_step_that_is_broken_off_is_taken_again(broken, delivered):
    promise, taken = Promise(), []

    def step(number):
        taken.append(number)
        if number == broken and taken.count(number) == 1:
            raise KeyboardInterrupt

    for number in range(3):
        promise.at_end(lambda number=number: step(number))
    promise.add_done_callback(lambda _: taken.append("callback"))
    assert not taken
    with pytest.raises(KeyboardInterrupt):
        promise.deliver(1) if delivered else promise.cancel()
    assert promise.done()
    assert taken == list(range(broken + 1))
    promise.tell()
    promise.tell()
    assert taken == [*range(broken + 1), *range(broken, 3), "callback"]
    promise.at_end(lambda: taken.append("later"))
    assert taken[-1] == "later"


def test_a_step_that_comes_by_again_is_taken_once():
    promise, taken = Promise(), []
    promise.at_end(lambda: (taken.append(1), promise.tell(), promise.cancel()))
    assert promise.deliver(None)
    assert taken == [1]
    assert not promise.cancelled()


def test_a_step_that_fails_is_told_of_and_the_next_one_is_taken(caplog):
    promise, taken = Promise(), []
    promise.at_end(lambda: taken.append(1 // 0))
    promise.at_end(lambda: taken.append(1))
    promise.deliver(None)
    assert taken == [1]
    assert "ZeroDivisionError" in caplog.text


def test_fresh_seeds_differ():
    seeds = [fresh_seed() for _ in range(1000)]
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 1 << fresh_seeds.SEED_BITS for seed in seeds)
    assert max(seeds).bit_length() == fresh_seeds.SEED_BITS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_has_seeds_of_its_own():
    fresh_seed()  # others are left
    reads, writes = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writes, json.dumps([fresh_seed() for _ in range(100)]).encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as told:
        childs = json.loads(told.read())
    assert os.waitpid(child, 0)[1] == 0
    assert set(childs).isdisjoint(fresh_seed() for _ in range(100))
