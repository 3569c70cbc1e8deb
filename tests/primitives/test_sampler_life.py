"""The life of a sampler's job on the real engine: progress by points, cancel, timeouts, failures, copies, processes."""

from __future__ import annotations

import asyncio
import concurrent.futures
import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers import JobStatus
from support.fake_engine import eventually

from ketjet import SamplerV2, Simulator
from ketjet.errors import JobCancelledError, JobFailedError, JobTimeoutError, TimeLimitError
from ketjet.jobs import workers


def layered(num_qubits, layers):
    """Layers that all turn by the one parameter."""
    angle = Parameter("a")
    circuit = QuantumCircuit(num_qubits, name="layered")
    for _ in range(layers):
        circuit.rx(angle, range(num_qubits))
        for qubit in range(num_qubits):
            circuit.cx(qubit, (qubit + 1) % num_qubits)
    circuit.measure_all()
    return circuit


def endless_if(value):
    """A circuit with one parameter that loops for ever if that is `value` radians, and else ends at once."""
    angle = Parameter("a")
    circuit = QuantumCircuit(1, 1)
    circuit.ry(angle - value, 0)
    circuit.measure(0, 0)
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.ry(angle - value, 0)
        circuit.measure(0, 0)
    return circuit


@pytest.fixture
def long():
    job = SamplerV2().run([(layered(22, 40), np.linspace(0, 1, 50))])
    yield job
    job.cancel()


def test_progress_counts_points(long):
    assert long.status() in {JobStatus.QUEUED, JobStatus.RUNNING}
    assert long.progress().circuits_total == 50
    eventually(lambda: long.progress().circuits_done >= 1, 60)
    assert 0 < long.progress().fraction < 1
    assert long.progress().counted == "points"
    assert "/50 points" in repr(long)
    assert "points" in long.progress()._repr_html_()


def test_cancel_stops_the_points_and_frees_their_memory(long):
    eventually(long.running, 30)
    assert long.cancel() is True
    assert long.cancelled()
    with pytest.raises(JobCancelledError):
        long.result()
    eventually(lambda: workers.shared().held_bytes == 0)
    assert long.cancel() is True


def test_cancel_of_many_tiny_points():
    job = SamplerV2().run([(layered(2, 1), np.linspace(0, 1, 30_000))])
    assert job.cancel()
    eventually(lambda: workers.shared().held_bytes == 0)
    with pytest.raises(JobCancelledError):
        job.result()


def test_a_timeout_leaves_the_job_running(long):
    start = time.monotonic()
    with pytest.raises(JobTimeoutError, match="It goes on"):
        long.result(timeout=0.1)
    assert time.monotonic() - start < 2
    assert not long.in_final_state()
    with pytest.raises(TimeoutError):
        long.wait_for_final_state(timeout=0.01)


def test_a_failed_pub_has_no_data_and_says_why(bell):
    pubs = [bell, (endless_if(0.5), [[np.pi + 0.5], [0.5]]), (bell, None, 5)]
    job = SamplerV2(seed=1, options={"time_limit": 0.2}).run(pubs, shots=10)
    with pytest.raises(JobFailedError, match="1 of 4 points failed: TimeLimitError") as caught:
        job.result()
    assert isinstance(caught.value.__cause__, TimeLimitError)
    assert job.status() is JobStatus.ERROR
    first, second, third = job.result(partial=True)
    assert sum(first.data.meas.get_counts().values()) == 10
    assert len(second.data) == 0
    assert second.data.shape == (2,)
    assert second.metadata["error"].startswith("point (1,): TimeLimitError: ")
    assert second.metadata["shots"] == 10
    assert third.data.meas.num_shots == 5
    assert caught.value.partial_result[1].metadata == second.metadata


def test_a_failed_pub_of_one_point_says_why():
    job = SamplerV2(options={"max_iterations": 5}).run([(endless_if(0.5), [0.5])])
    assert job.result(partial=True)[0].metadata["error"].startswith("IterationLimitError: ")


def test_ended_jobs_are_pickled_and_others_are_not(bell, long):
    job = SamplerV2(seed=1).run([bell])
    counts = job.result()[0].data.meas.get_counts()
    again = pickle.loads(pickle.dumps(job))
    assert again.job_id() == job.job_id()
    assert again.status() is JobStatus.DONE
    assert again.result()[0].data.meas.get_counts() == counts
    with pytest.raises(TypeError, match="has not ended"):
        pickle.dumps(long)


def test_await_and_what_futures_wait_for(bell, long):
    async def main():
        result = await SamplerV2().run([bell])
        assert set(result[0].data.meas.get_counts()) == {"00", "11"}
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(long, 0.02)

    asyncio.run(main())
    assert long.cancelled()
    job = SamplerV2().run([bell])
    assert concurrent.futures.wait([job, long], timeout=5).done == {job, long}


def test_leaving_the_block_cancels(bell):
    with SamplerV2().run([(layered(20, 40), np.linspace(0, 1, 50))]) as job:
        assert not job.in_final_state()
    assert job.cancelled()
    with SamplerV2().run([bell]) as job:
        job.result()
    assert job.done()


def test_the_executor_of_the_options_runs_the_points(bell):
    pubs = [(layered(3, 2), np.linspace(0, 1, 4)), bell]
    expected = [SamplerV2(seed=2).run(pubs).result()[0].data.meas.array.tobytes()]
    with ThreadPoolExecutor(2) as threads:
        sampler = SamplerV2(seed=2, options={"run_options": {"executor": threads}})
        assert [sampler.run(pubs).result()[0].data.meas.array.tobytes()] == expected
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        sampler = SamplerV2(seed=2, options={"executor": processes})
        assert [sampler.run(pubs).result()[0].data.meas.array.tobytes()] == expected


def test_jobs_of_a_simulator_and_of_its_primitives_are_listed_together(long_circuit):
    backend = Simulator()
    with backend.run(long_circuit) as first, SamplerV2(backend=backend).run([long_circuit]) as second:
        assert backend.jobs() == [first, second]
    assert backend.jobs() == []


PRELUDE = """
import os, signal, sys, threading, time, warnings
warnings.simplefilter("ignore")  # forking a process with threads
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus
from ketjet import SamplerV2
from ketjet.errors import JobFailedError

def layered(num_qubits, layers):
    circuit = QuantumCircuit(num_qubits)
    for layer in range(layers):
        circuit.rx(0.3 + 0.01 * layer, range(num_qubits))
        for qubit in range(num_qubits):
            circuit.cx(qubit, (qubit + 1) % num_qubits)
    circuit.measure_all()
    return circuit

def start(**options):
    job = SamplerV2(options=options).run([layered(24, 200)])
    while not job.running():
        time.sleep(0.001)
    return job

small = layered(4, 2)
"""


def run(code):
    """Run a script and return its completed process."""
    command = [sys.executable, "-c", PRELUDE + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("cancels", [True, False])
def test_ctrl_c_in_result(cancels):
    done = run(f"""
job = start(cancel_on_interrupt={cancels})
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    job.result()
except KeyboardInterrupt:
    print(job.status().name)
""")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["CANCELLED" if cancels else "RUNNING"]


def test_the_end_of_the_interpreter_with_a_job_under_way():
    done = run("""
job = start()
print(time.time(), flush=True)
sys.exit(7)
""")
    assert done.returncode == 7, done.stderr
    assert time.time() - float(done.stdout) < 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child():
    done = run("""
ended = SamplerV2(seed=1).run([small])
counts = ended.result()[0].data.meas.get_counts()
job = start()
pid = os.fork()
if pid == 0:
    assert job.status() is JobStatus.ERROR
    try:
        job.result()
    except JobFailedError as error:
        assert "forked" in str(error)
    else:
        os._exit(2)
    assert ended.result()[0].data.meas.get_counts() == counts
    assert SamplerV2(seed=1).run([small]).result()[0].data.meas.get_counts() == counts
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert job.running()
assert job.cancel()
""")
    assert done.returncode == 0, done.stderr
