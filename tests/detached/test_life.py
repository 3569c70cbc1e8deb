"""The life of a job in a process of its own, as other processes see it: on real processes, which are also killed."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import fcntl
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus
from support.circuits import endless, layered_circuit
from support.fake_engine import eventually

from ketjet import EstimatorV2, Job, Provider, SamplerV2, Simulator
from ketjet.basicaer import AerSimulator
from ketjet.errors import InvalidOptionError, JobCancelledError, JobError, JobFailedError, JobTimeoutError
from ketjet.ranks import PlannedRanks

TESTS = Path(__file__).parents[1]

PRELUDE = f"""
import os, sys, time
sys.path.append({str(TESTS)!r})
from qiskit import QuantumCircuit
from support.circuits import endless
from support.fake_engine import eventually
from ketjet import Provider, Simulator
from ketjet.errors import JobCancelledError
"""

pytestmark = pytest.mark.usefixtures("store")


def script(code):
    """Run a script in another process, with a process group, that need not end well; return what it has printed."""
    command = [sys.executable, "-c", PRELUDE + code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, start_new_session=True)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.strip()


def running(job):
    """A job that has begun to run."""
    eventually(job.running, 60)
    return job


def pid_of(store, job):
    return store.find(job.job_id()).pid


def leaves(store, job):
    """Wait until the process of a job is gone."""
    eventually(lambda: not store.is_alive(store.find(job.job_id())), 30)


def test_a_job_whose_process_is_killed_is_read_and_cancelled_from_others(store):
    job_id = script("""
job = Simulator().run(endless(), detach=True)
print(job.job_id(), flush=True)
os.killpg(0, 9)
""")
    seen = script(f"""
job = Provider().job({job_id!r})
eventually(job.running, 60)
eventually(lambda: job.progress().elapsed > 0, 60)
print(job.status().name, job.progress().circuits_total)
""")
    assert seen == "RUNNING 1"
    told = script(f"""
job = Simulator().retrieve_job({job_id!r})
print(job.cancel(), job.cancel(), job.status().name)
try:
    job.result()
except JobCancelledError:
    print("no result")
""")
    assert told.split("\n") == ["True True CANCELLED", "no result"]
    leaves(store, Provider().job(job_id))


def test_the_result_of_a_job_whose_shell_is_gone(store, bell):
    counts = Simulator().run(bell, seed_simulator=7, shots=1000).result().get_counts()
    job_id = script("""
bell = QuantumCircuit(2, name="bell")
bell.h(0)
bell.cx(0, 1)
bell.measure_all()
print(Simulator().run(bell, seed_simulator=7, shots=1000, detach=True).job_id())
""")
    job = Provider().job(job_id)
    assert isinstance(job, Job)
    assert job.job_id() == job_id
    assert job.backend().name == "ketjet"
    assert job.result(60).get_counts() == counts
    assert job.result().job_id == job_id
    assert job.done()
    assert job.in_final_state()
    assert not job.errored()
    assert job.error_message() is None
    assert job.exception() is None
    assert job.cancel() is False
    assert job.progress().fraction == 1
    times = job.metrics()["timestamps"]
    assert times["created"] <= times["running"] <= times["finished"]
    assert job.creation_date.isoformat() == times["created"]
    assert job_id in repr(job)
    assert "DONE" in job._repr_html_()
    assert [found.job_id() for found in Provider().jobs()] == [job_id]
    with pytest.raises(JobError, match="already been submitted"):
        job.submit()


def test_a_killed_process_is_told_from_one_that_runs(store):
    job = running(Simulator().run(endless(), detach=True))
    os.kill(pid_of(store, job), signal.SIGKILL)
    eventually(job.errored, 30)
    assert "killed" in job.error_message()
    with pytest.raises(JobFailedError, match="its process is gone"):
        job.result()
    with pytest.raises(JobFailedError):
        job.result(partial=True)
    assert job.cancel() is False
    assert Provider().job(job.job_id()).error_message() == job.error_message()
    assert script(f"print(Provider().job({job.job_id()!r}).status().name)") == "ERROR"


def test_a_process_that_is_asked_to_end_says_so_and_keeps_what_had_ended(store, bell):
    job = running(Simulator(max_threads=1, seed_simulator=5).run([bell, endless()], detach=True))
    eventually(lambda: job.progress().circuits_done == 1, 60)
    os.kill(pid_of(store, job), signal.SIGTERM)
    eventually(job.errored, 30)
    assert "SIGTERM" in job.error_message()
    with pytest.raises(JobFailedError) as failed:
        job.result()
    partial = job.result(partial=True)
    assert failed.value.partial_result is partial
    assert pickle.loads(pickle.dumps(job.exception())).partial_result.to_dict() == partial.to_dict()
    assert [one.success for one in partial.results] == [True, False]
    assert partial.get_counts(0) == Simulator().run(bell, seed_simulator=5).result().get_counts()


def test_a_process_that_cannot_begin_says_why(monkeypatch, bell):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    job = Simulator().run(bell, detach=True)
    eventually(job.errored, 30)
    assert "/no/such/python" in job.error_message()


def test_a_computer_that_was_started_again_has_ended_its_jobs(store):
    job = running(Simulator().run(endless(), detach=True))
    with store.connection() as table:
        table.execute("UPDATE jobs SET boot_id = 'another'")
    again = Provider().job(job.job_id())
    assert again.status() is JobStatus.ERROR
    assert job.error_message() == again.error_message()
    leaves(store, job)  # for it has ended by everybody's word


def test_waiting(store):
    job = running(Simulator().run(endless(), detach=True))
    begin = time.monotonic()
    with pytest.raises(JobTimeoutError) as late:
        job.result(0.2)
    assert isinstance(late.value, TimeoutError)
    assert time.monotonic() - begin < 5
    assert job.running()
    with pytest.raises(JobTimeoutError):
        job.wait_for_final_state(timeout=0.1)
    seen = []
    job.add_done_callback(seen.append)
    with ThreadPoolExecutor(2) as threads:
        waits = threads.submit(concurrent.futures.wait, [job], 60)
        results = threads.submit(job.result)
        assert Provider().job(job.job_id()).cancel()
        assert job in waits.result(60).done
        with pytest.raises(JobCancelledError):
            results.result(60)
    eventually(lambda: seen == [job])
    assert job.cancelled()
    told = []
    job.wait_for_final_state(callback=lambda job_id, status, found: told.append((job_id, status, found)))
    assert told == [(job.job_id(), JobStatus.CANCELLED, job)]


def test_other_ways_to_wait(bell):
    async def awaited():
        return await Simulator(seed_simulator=7).run(bell, detach=True)

    job = Simulator(seed_simulator=7).run(bell, detach=True)
    counts = job.future().result(60).get_counts()
    assert asyncio.run(awaited()).get_counts() == counts
    [ended] = concurrent.futures.as_completed([job], timeout=60)
    assert ended is job


def test_leaving_a_block_and_ctrl_c_leave_it_alone():
    with running(Simulator().run(endless(), detach=True)) as job:
        pass
    assert job.running()
    out = script(f"""
import signal, threading
job = Provider().job({job.job_id()!r})
threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    job.result()
except KeyboardInterrupt:
    print(job.status().name)
""")
    assert out == "RUNNING"
    assert Simulator().jobs() == []
    assert job.cancel()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_asks_as_its_parent_does():
    out = script("""
job = Simulator().run(endless(), detach=True)
job.add_done_callback(print)  # a thread waits
eventually(job.running, 60)
pid = os.fork()
if pid == 0:
    assert job.running()
    assert job.cancel()
    try:
        job.result(10)
    except JobCancelledError:
        os._exit(0)
    os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), job.status().name)
""")
    assert out.split("\n")[-1] == "0 CANCELLED"


def test_pickles_and_copies_at_any_time(bell):
    job = running(Simulator(max_threads=1).run(endless(), detach=True))
    for other in (pickle.loads(pickle.dumps(job)), copy.deepcopy(job), copy.copy(job)):
        assert other.running()
        assert other.job_id() == job.job_id()
        assert other.backend().options.max_threads == 1
    assert pickle.loads(pickle.dumps(job)).cancel()
    assert job.cancelled()
    assert pickle.loads(pickle.dumps(job)).cancelled()


def test_partial_results_of_a_cancelled_job(bell):
    job = running(Simulator(max_threads=1, seed_simulator=5).run([bell, endless()], detach=True))
    eventually(lambda: job.progress().circuits_done == 1, 60)
    assert job.progress().circuits_total == 2
    assert job.cancel()
    partial = job.result(partial=True)
    assert [one.success for one in partial.results] == [True, False]
    assert partial.get_counts(0) == Simulator().run(bell, seed_simulator=5).result().get_counts()
    assert "cancelled" in partial.results[1].status
    with pytest.raises(JobCancelledError):
        job.result()
    with pytest.raises(CancelledError):
        job.future().result()


def wide_endless(num_qubits):
    """A circuit that goes on for ever, with a state of so many qubits."""
    circuit = layered_circuit(num_qubits, 2)
    for bit in (0, 1):
        with circuit.while_loop((circuit.clbits[0], bit)):
            circuit.reset(0)
            if bit:
                circuit.x(0)
            circuit.measure(0, 0)
    return circuit


def test_one_job_waits_until_another_gives_its_memory_back():
    looping, wide = wide_endless(17), layered_circuit(18, 2)
    plain = Simulator(max_threads=1)
    needed = [plain.estimate(circuit, shots=1).peak_bytes for circuit in (looping, wide)]
    backend = Simulator(max_threads=1, max_memory_mb=(sum(needed) - 1) / 2**20)
    first = running(backend.run(looping, shots=1, detach=True))
    second = backend.run(wide, shots=1, detach=True, seed_simulator=3)
    eventually(lambda: second.progress().waiting_for == (first.job_id(),), 60)
    assert second.status() is JobStatus.QUEUED
    third = backend.run(wide, detach=True)
    assert third.cancel()  # and never starts
    small = plain.run(layered_circuit(3, 1), detach=True)
    assert small.status() is JobStatus.QUEUED  # in turn
    assert first.cancel()
    counts = plain.run(wide, shots=1, seed_simulator=3).result().get_counts()
    assert second.result(60).get_counts() == counts
    assert small.result(60).success
    assert third.cancelled()
    assert third.metrics()["timestamps"]["running"] is None


def test_what_a_dead_job_held_is_free(store):
    backend = Simulator()  # which takes all cores
    first = running(backend.run(wide_endless(20), shots=1, detach=True))
    second = backend.run(layered_circuit(20, 2), detach=True)
    eventually(lambda: second.progress().waiting_for == (first.job_id(),), 60)
    os.kill(pid_of(store, first), signal.SIGKILL)
    assert second.result(60).success
    assert first.errored()


def test_unknown_jobs_are_told_with_the_store(store):
    for find in (Provider().job, Simulator().retrieve_job):
        with pytest.raises(JobError, match=f"{store.path}.* has no job 'other'"):
            find("other")
    assert Provider().jobs() == []
    assert not store.path.exists()  # for nobody has put anything there


def test_a_job_that_was_forgotten_meanwhile(store, bell):
    job = Simulator().run(bell, detach=True)
    job.result(60)
    other = Provider().job(job.job_id())
    leaves(store, job)
    store.remove(job.job_id())
    assert job.done()
    with pytest.raises(JobError, match="has no job"):
        other.status()
    with pytest.raises(JobError, match="has no job"):
        pickle.loads(pickle.dumps(job))


@pytest.mark.parametrize("queued", [True, False])
def test_a_process_whose_job_is_forgotten_ends(store, queued):
    backend = Simulator()  # which takes all cores
    first = running(backend.run(wide_endless(20), shots=1, detach=True))
    job = backend.run(endless(), detach=True) if queued else first
    place = store.folder_of(job.job_id())
    with (place.path / "lock").open() as lock:  # which stays when its name is gone
        store.remove(job.job_id())

        def is_free():
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return False
            return True

        eventually(is_free, 30)
    assert [record.job_id for record in store.records()] == ([first.job_id()] if queued else [])


def test_what_cannot_be_detached_is_refused_by_name(store, bell):
    with ThreadPoolExecutor(1) as executor, pytest.raises(InvalidOptionError, match="detach and executor"):
        Simulator().run(bell, executor=executor, detach=True)
    with pytest.raises(InvalidOptionError, match="detach and ranks"):
        Simulator(ranks=PlannedRanks(2, share_from=20)).run(bell, detach=True)
    with pytest.raises(InvalidOptionError, match=r"detach is for ketjet\.Simulator"):
        AerSimulator().run(bell, detach=True)
    detached = Simulator(detach=True)
    for call in (
        lambda: SamplerV2(backend=detached).run([bell]),
        lambda: EstimatorV2(backend=detached).run([(bell.remove_final_measurements(inplace=False), "ZZ")]),
        lambda: detached.gradient(QuantumCircuit(1), "Z", []),
    ):
        with pytest.raises(InvalidOptionError, match=r"detach is for Simulator\.run"):
            call()
    with pytest.raises(TypeError, match="detach"):
        Simulator().run(bell, detach="yes")
    assert not store.path.exists()


def test_a_backend_may_detach_all_of_its_runs(store, bell):
    job = Simulator(detach=True).run(bell)
    assert job.result(60).success
    assert [record.job_id for record in store.records()] == [job.job_id()]


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
def test_the_process_has_nothing_of_its_submitter(store, tmp_path):
    """Neither its files, nor its terminal, nor its session; and its files are for nobody else."""
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        job = running(Simulator().run(endless(), detach=True))
        pid = pid_of(store, job)
        assert os.getsid(pid) != os.getsid(0)
        open_files = {path.name: str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
        assert str(tmp_path / "open") not in open_files.values()
        log = str(store.folder_of(job.job_id()).log)
        assert [open_files[number] for number in "012"] == ["/dev/null", log, log]
    for path in (store.path, store.path / "jobs", store.folder_of(job.job_id()).path):
        assert path.stat().st_mode & 0o777 == 0o700
    assert (store.path / "jobs.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_script_without_a_main_block_runs_once(tmp_path):
    (tmp_path / "script.py").write_text(
        PRELUDE
        + """
print("begins")
bell = QuantumCircuit(1)
bell.measure_all()
print(Simulator().run(bell, shots=7, detach=True).result(60).get_counts())
""",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py"], capture_output=True, text=True, timeout=90, check=True
    )
    assert done.stdout.split("\n") == ["begins", "{'0': 7}", ""]
    assert done.stderr == ""


def test_end_and_progress_are_json(store, bell):
    job = Simulator().run(bell, detach=True)
    job.result(60)
    path = store.folder_of(job.job_id()).path
    assert json.loads((path / "end.json").read_text(encoding="utf-8"))["status"] == "DONE"
    assert json.loads((path / "progress.json").read_text(encoding="utf-8"))["fraction"] == 1
