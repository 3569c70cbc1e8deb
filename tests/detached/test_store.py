"""The store: who may write what to it, what becomes of it on a full disk, and of jobs of other computers."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus
from support.circuits import endless, layered_circuit
from support.fake_engine import eventually

from ketjet import Provider, Simulator
from ketjet.archives import archive
from ketjet.detached import folder, hand_over, shares
from ketjet.detached.folder import boot_id
from ketjet.detached.job import DetachedJob
from ketjet.detached.run import run
from ketjet.detached.store import JobRecord, Store
from ketjet.errors import InvalidOptionError, JobCancelledError, JobError, JobFailedError
from ketjet.options.machine import store_folder


def record_of(number, **fields):
    name = f"job-{number}"
    return JobRecord(name, "bell", 1, 2, 1000.0 + number, "here", boot_id(), 100, 1, None)._replace(**fields)


@pytest.fixture
def held(store):
    """Enters jobs whose processes live, which are this one."""
    with contextlib.ExitStack() as locks:

        def enter(number, **fields):
            record = record_of(number, **fields)
            locks.enter_context(store.new_folder(record.job_id).locked())
            store.add(record)
            return record

        yield enter


def test_the_folder_is_that_of_the_variable_or_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("KETJET_STORE", str(tmp_path / "one"))
    assert store_folder() == tmp_path / "one"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KETJET_STORE", "one")
    assert store_folder() == tmp_path / "one"
    monkeypatch.setenv("KETJET_STORE", "")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert store_folder() == tmp_path / "state" / "ketjet"
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: folder.Path("~/.local"))
    with pytest.raises(InvalidOptionError, match="KETJET_STORE"):
        store_folder()


def test_a_store_of_another_version_is_refused_by_name(store, bell):
    store.path.mkdir()
    with sqlite3.connect(store.path / "jobs.sqlite") as table:
        table.execute("PRAGMA user_version = 9")
    table.close()
    for use in (store.records, lambda: Simulator().run(bell, detach=True), lambda: Provider().job("x")):
        with pytest.raises(JobError, match="version 9, and this version of ketjet knows version 1"):
            use()
    assert not list((store.path / "jobs").glob("*"))
    (store.path / "jobs.sqlite").unlink()


def test_what_is_no_store_is_told(store, bell):
    store.path.mkdir()
    (store.path / "jobs.sqlite").write_text("no database" * 100, encoding="ascii")
    with pytest.raises(JobError, match="cannot be used: file is not a database"):
        Simulator().run(bell, detach=True)
    (store.path / "jobs.sqlite").unlink()
    store.path.rmdir()
    store.path.write_text("a file", encoding="ascii")
    with pytest.raises(JobError, match="cannot be used"):
        Simulator().run(bell, detach=True)
    store.path.unlink()


def test_many_may_enter_jobs_at_a_time(store):
    store.path.mkdir()
    threads = [threading.Thread(target=Store(store.path).add, args=(record_of(number),)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {record.job_id for record in store.records()} == {f"job-{number}" for number in range(16)}
    with pytest.raises(JobError, match="UNIQUE"):
        store.add(record_of(3))


def test_turns_cores_and_memory(store, held, monkeypatch):
    monkeypatch.setattr(shares.engine, "machine", lambda: type("Machine", (), {"cores": 4}))
    monkeypatch.setattr(shares.engine, "available_memory", lambda: (1000, "MemAvailable"))
    monkeypatch.setattr(shares, "_resident_bytes", lambda pid: 0)
    held(1, bytes=600, threads=2)
    held(2, bytes=300, threads=3)
    held(3, bytes=50, threads=1)

    def asks(number):
        return shares.take_share(store, f"job-{number}")

    assert not asks(2).granted  # it is not its turn
    assert asks(1).granted
    assert asks(2) == (False, ("job-1",))  # for want of cores
    assert asks(3) == (False, ("job-1",))  # its turn is after that
    store.return_share("job-1")
    assert asks(2).granted
    assert asks(3).granted
    held(4, bytes=701, threads=0)
    held(5, bytes=700, threads=0)
    assert asks(4) == (False, ("job-2", "job-3"))  # for want of memory, 350 of which is promised to others
    store.return_share("job-4")
    assert not asks(5).granted
    store.return_share("job-3")
    assert asks(5).granted


def test_what_running_jobs_have_written_to_is_not_counted_twice(store, held, monkeypatch):
    monkeypatch.setattr(shares.engine, "available_memory", lambda: (1000, "MemAvailable"))
    monkeypatch.setattr(shares, "_resident_bytes", lambda pid: shares.PROCESS_BYTES + 500)
    held(1, bytes=600, threads=0, share="held", pid=1)
    assert shares.memory_in_all() == (1500, "MemAvailable")
    held(2, bytes=1000 - 100 + shares.PROCESS_BYTES + 500, threads=0)
    assert shares.take_share(store, "job-2").granted
    held(3, bytes=1 << 60, threads=0)
    assert not shares.take_share(store, "job-3").granted


def test_what_running_jobs_hold_is_no_reason_to_refuse_one(store, held, monkeypatch):
    circuit = layered_circuit(20, 1)
    needed = Simulator(max_threads=1).estimate(circuit).peak_bytes
    monkeypatch.setattr(shares.engine, "available_memory", lambda: (needed // 2, "MemAvailable"))
    with pytest.raises(MemoryError):
        Simulator(detach=True).run(circuit)
    assert not Simulator().estimate(circuit, detach=True).fits
    monkeypatch.setattr(shares, "_resident_bytes", lambda pid: shares.PROCESS_BYTES + needed)
    held(1, bytes=needed, threads=0, share="held", pid=1)
    assert Simulator().estimate(circuit, detach=True).fits


def test_jobs_of_other_computers_count_as_alive_while_they_are_heard_of(store, held):
    other = {"host": "there", "boot_id": "other"}
    assert DetachedJob(None, store, held(1, **other)).status() is JobStatus.QUEUED
    silent = record_of(2, **other)
    place = store.new_folder(silent.job_id)
    store.add(silent)
    place.tell({"fraction": 0.5, "started_at": time.time()})
    assert DetachedJob(None, store, silent).status() is JobStatus.RUNNING
    assert DetachedJob(None, store, silent).progress().fraction == 0.5
    os.utime(place.path / "progress.json", (0, 0))
    assert DetachedJob(None, store, silent).status() is JobStatus.ERROR


def test_the_first_end_counts_and_stays(store, held):
    record = held(1)
    place = store.folder_of(record.job_id)
    assert place.end() is None
    ends = []
    threads = [
        threading.Thread(target=lambda name=name: ends.append(place.decide(folder.end_of(name, "so"))))
        for name in ("DONE", "ERROR", "CANCELLED") * 5
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({end["status"] for end in ends}) == 1
    assert place.end() == ends[0]
    assert sorted(path.name for path in place.path.iterdir()) == ["end.json", "lock", "spare"]


def test_a_result_without_room_is_an_error_that_says_so(in_this_process, monkeypatch, bell):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write = archive.write_archive

    def write_result(path, value):
        with monkeypatch.context() as patched:
            if path.name == "result.npz":
                patched.setattr(archive.os, "fsync", full)
            write(path, value)

    monkeypatch.setattr("ketjet.detached.run.write_archive", write_result)
    job = Simulator().run(bell, detach=True)
    assert job.status() is JobStatus.ERROR
    with pytest.raises(JobFailedError, match=r"could not be written: No space left on device.*result\.npz") as failed:
        job.result()
    assert isinstance(failed.value.__cause__, OSError)
    assert failed.value.__cause__.errno == errno.ENOSPC
    assert failed.value.partial_result is None
    assert not (in_this_process.folder_of(job.job_id()).path / "result.npz.part").exists()


@pytest.fixture
def tiny_disk(tmp_path, monkeypatch):
    """A store on a disk of 512 KiB; gives what fills it up."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", path], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a disk")
    monkeypatch.setenv("KETJET_STORE", str(path / "store"))

    def fill():
        with (path / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(1 << 12)):
                pass

    yield fill
    for job in Provider().jobs():
        job.cancel()
    found = Store()
    eventually(lambda: not any(map(found.is_alive, found.records())), 30)
    subprocess.run(["umount", path], check=True)


def test_a_full_disk(tiny_disk, bell):
    state = QuantumCircuit(15)
    state.h(range(15))  # 512 KiB
    job = Simulator().run(state, return_state=True, detach=True)
    with pytest.raises(JobFailedError, match="could not be written: No space left on device"):
        job.result(60)
    small = Simulator().run(bell, detach=True)
    assert small.result(60).success


def test_a_disk_that_is_full_when_a_job_ends(tiny_disk, bell):
    jobs = [Simulator(max_threads=1).run(endless(), detach=True) for _ in range(2)]
    eventually(jobs[0].running, 60)
    pid = Store().find(jobs[0].job_id()).pid
    tiny_disk()
    with pytest.raises((JobError, OSError)):
        Simulator().run(bell, detach=True)
    assert len(Provider().jobs()) == 2
    os.kill(pid, signal.SIGTERM)
    eventually(jobs[0].errored, 30)
    assert "SIGTERM" in jobs[0].error_message()
    assert jobs[1].cancel()
    assert jobs[1].cancelled()


def test_whoever_cancels_and_the_process_agree(store, monkeypatch, bell):
    """Of jobs that end at that moment, `cancel` is true if and only if there is no result."""
    workers = []

    def start_thread(store, place, lock):
        kept = os.dup(lock)  # as a process inherits it

        def work():
            run(store.find(place.path.name), place)
            os.close(kept)

        workers.append(threading.Thread(target=work))
        workers[-1].start()

    monkeypatch.setattr(hand_over, "_start", start_thread)
    outcomes = set()
    for step in range(40):
        job = Simulator().run(bell, detach=True)
        time.sleep(step * 0.0003)
        cancelled = job.cancel()
        workers[-1].join()
        again = Provider().job(job.job_id())
        assert again.cancelled() is job.cancelled() is job.cancel() is cancelled
        if cancelled:
            with pytest.raises(JobCancelledError):
                again.result()
        else:
            assert again.result().success
        outcomes.add(cancelled)
    assert True in outcomes


def test_shares_of_the_dead_are_taken_back(store, held):
    dead = record_of(1, share="held", bytes=1 << 60)
    store.new_folder(dead.job_id)
    store.add(dead)
    held(2)
    assert shares.take_share(store, "job-2").granted
    assert [record.share for record in store.records()] == ["returned", "held"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_meanwhile_holds_no_lock(store):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            """
import os, sys
from pathlib import Path
from ketjet.detached.folder import JobFolder

folder = JobFolder(Path(sys.argv[1]))
folder.create()
told, tells = os.pipe()
waits, ends = os.pipe()
with folder.locked():
    assert folder.is_locked()
    pid = os.fork()
    if pid == 0:
        os.close(ends)
        os.write(tells, b".")
        os.read(waits, 1)  # until the parent has looked
        os._exit(0)
os.read(told, 1)
assert not folder.is_locked()
os.close(ends)
assert os.waitpid(pid, 0)[1] == 0
""",
            store.path,
        ],
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
