"""A store for each test of detached jobs, which leaves no process behind, and a way to run such jobs in this one."""

from __future__ import annotations

import pytest
from support.fake_engine import eventually

from ketjet.detached import hand_over
from ketjet.detached.job import stored_jobs
from ketjet.detached.run import run
from ketjet.detached.store import Store


@pytest.fixture
def store(monkeypatch, tmp_path):
    """The store that detached jobs of this test and its processes go to."""
    monkeypatch.setenv("KETJET_STORE", str(tmp_path / "store"))
    found = Store()
    yield found
    for job in stored_jobs(None):
        job.cancel()
    eventually(lambda: not any(map(found.is_alive, found.records())), 30)


@pytest.fixture
def in_this_process(store, monkeypatch):
    """Run detached jobs before they are returned, in this process, but otherwise as in their own."""
    monkeypatch.setattr(hand_over, "_start", lambda store, folder, _: run(store.find(folder.path.name), folder))
    return store
