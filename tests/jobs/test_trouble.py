"""A job that keeps all threads, or much memory, does not hold those that come after it."""

from __future__ import annotations

import time

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus
from support.fake_engine import Kernel, eventually, execute, experiment, submitted

from ketjet import Simulator, _core, engine
from ketjet.errors import InsufficientMemoryError
from ketjet.jobs import workers
from ketjet.jobs.job import Job


@pytest.fixture
def trouble():
    """A job that keeps all threads until the test is over."""
    kernel = Kernel()
    job = submitted(kernel, threads=engine.machine().cores)
    assert kernel.started.wait(10)
    yield job
    job.cancel()
    assert kernel.ended.wait(10)


def rotated(qubits, layers=1):
    circuit = QuantumCircuit(qubits)
    for layer in range(layers):
        for qubit in range(qubits):
            circuit.rx(0.1 * qubit + layer, qubit)
        for qubit in range(qubits - 1):
            circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit


def test_a_small_circuit_returns_at_once(trouble):
    begin = time.monotonic()
    counts = Simulator().run(rotated(10, layers=30), shots=2000).result(timeout=10).get_counts()
    assert sum(counts.values()) == 2000
    assert time.monotonic() - begin < 2
    assert trouble.status() is JobStatus.RUNNING


def test_a_list_of_small_circuits_returns_soon(trouble):
    result = Simulator().run([rotated(10, layers=30)] * 20, shots=200).result(timeout=20)
    assert len(result.results) == 20
    assert trouble.status() is JobStatus.RUNNING


def test_a_large_circuit_that_fits_begins_within_seconds(trouble):
    job = Simulator().run(rotated(22), shots=10)
    assert job.progress().waiting_for == (trouble.job_id(),)
    assert trouble.job_id() in str(job.progress())
    assert trouble.job_id() in repr(job)
    eventually(lambda: job.status() in {JobStatus.RUNNING, JobStatus.DONE}, timeout=8)
    assert job.progress().waiting_for == ()
    job.result(timeout=60)
    assert trouble.status() is JobStatus.RUNNING


def test_a_job_does_not_crowd_out_itself(trouble):
    kernels = [Kernel() for _ in range(2)]
    job = submitted(*kernels, threads=engine.machine().cores)
    eventually(lambda: sum(kernel.started.is_set() for kernel in kernels) == 1, timeout=8)
    time.sleep(0.5)
    assert sum(kernel.started.is_set() for kernel in kernels) == 1
    for kernel in kernels:
        kernel.finish.set()
    job.result(timeout=20)


def with_bytes(kernel, peak_bytes, limit):
    job = Job(
        None,
        f"holds {peak_bytes}",
        [experiment(kernel.script, peak_bytes=peak_bytes)],
        memory_limit=limit,
        _execute=execute,
    )
    job.submit()
    return job


def test_who_waits_for_memory_says_for_whom():
    first, second, third = Kernel(), Kernel(), Kernel()
    holder = with_bytes(first, 600 << 20, 1000 << 20)
    assert first.started.wait(10)
    waiting = with_bytes(second, 700 << 20, 1000 << 20)
    passing = with_bytes(third, 100 << 20, 1000 << 20)
    assert third.started.wait(10)
    assert waiting.progress().waiting_for == (holder.job_id(), passing.job_id())
    assert not second.started.is_set()
    first.finish.set()
    assert second.started.wait(10)
    assert waiting.progress().waiting_for == ()
    for kernel in (second, third):
        kernel.finish.set()
    for job in (holder, waiting, passing):
        job.result(timeout=10)


def test_memory_that_becomes_free_while_a_job_runs_is_seen(trouble, monkeypatch):
    monkeypatch.setattr(_core, "available_memory", lambda: (200 << 20, "MemAvailable"))
    assert not Simulator().estimate(rotated(26)).fits
    monkeypatch.undo()
    assert Simulator().estimate(rotated(26)).fits


def test_a_refusal_names_what_running_circuits_hold(long_circuit):
    with Simulator().run(long_circuit, shots=1):
        limited = Simulator(max_memory_mb=400)
        with pytest.raises(InsufficientMemoryError, match=r"\(max_memory_mb, less what running circuits hold\)"):
            limited.run(long_circuit)


def test_what_a_run_has_written_to_is_known_between_its_first_and_its_last_stage(long_circuit):
    with Simulator().run(long_circuit, shots=1) as job:
        eventually(lambda: workers.shared()._budget.touched_bytes, 30)
        assert 16 << 24 == workers.shared()._budget.touched_bytes <= workers.shared().held_bytes
        assert job.cancel()
    eventually(lambda: workers.shared()._budget.touched_bytes == 0)
