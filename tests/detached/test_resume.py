"""A detached job whose process is gone goes on, in a new one, from what it had kept."""

from __future__ import annotations

import json
import os
import signal

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus
from support.circuits import endless, layered_circuit
from support.fake_engine import eventually

from ketjet import Provider, Simulator
from ketjet.cli import main
from ketjet.errors import JobError, JobFailedError

pytestmark = pytest.mark.usefixtures("store")


def small():
    return [layered_circuit(qubits, 3) for qubits in (4, 9, 14)]


def long():
    """Takes a second or so."""
    return layered_circuit(20, 60)


def kill_when_kept(store, job, circuits):
    eventually(lambda: job.progress().circuits_kept == circuits, 60)
    os.kill(store.find(job.job_id()).pid, signal.SIGKILL)
    assert isinstance(job.exception(30), JobFailedError)


def test_a_killed_job_goes_on_from_what_it_has_kept(store):
    given = [*small(), endless()]
    job = Simulator().run(given, detach=True, seed_simulator=4, checkpoint_minutes=0)
    kill_when_kept(store, job, 3)
    assert "its process is gone" in job.error_message()
    again = Simulator().resume(job.job_id())
    assert again.job_id() == job.job_id()
    eventually(lambda: again.progress().circuits_taken == 3, 60)
    assert Provider().job(job.job_id()).status() in {JobStatus.RUNNING, JobStatus.QUEUED}
    with pytest.raises(JobError, match="has not ended: nothing is to be resumed"):
        Simulator().resume(job.job_id())
    os.kill(store.find(job.job_id()).pid, signal.SIGTERM)
    assert "SIGTERM" in str(again.exception(30))
    once_more = Simulator().resume(job.job_id())
    eventually(lambda: once_more.progress().circuits_taken == 3, 60)
    assert once_more.cancel()


def test_what_it_gives_is_what_it_would_have_given(store, capsys):
    given = [*small(), long()]
    expected = Simulator().run(given, seed_simulator=4).result().get_counts()
    job = Simulator().run(given, detach=True, seed_simulator=4, checkpoint_minutes=0)
    kill_when_kept(store, job, 3)
    assert main(["resume", job.job_id(), "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["counts"] for one in told] == expected
    assert {one["job_id"] for one in told} == {job.job_id()}
    found = Provider().job(job.job_id())
    assert found.result().get_counts() == expected
    assert not (store.folder_of(job.job_id()).path / "outcomes").exists()
    assert Simulator().resume(job.job_id()).result().get_counts() == expected  # it was done


def test_a_job_that_failed_or_was_cancelled_can_be_tried_again(in_this_process):
    bell = QuantumCircuit(2)
    bell.measure_all()
    job = Simulator().run([bell, endless()], detach=True, max_iterations=3, seed_simulator=1)
    assert isinstance(job.exception(), JobFailedError)
    again = Simulator().resume(job.job_id())
    assert "max_iterations" in again.error_message()
    assert again.result(partial=True).get_counts(0) == {"00": 1024}
    with pytest.raises(JobError, match="has no job 'nobody'"):
        Simulator().resume("nobody")
