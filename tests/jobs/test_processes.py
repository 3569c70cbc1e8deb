"""What only a process of its own can show: Ctrl-C, the end of the interpreter, fork. All on the real engine."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

PRELUDE = """
import os, signal, sys, threading, time, warnings
warnings.simplefilter("ignore")  # forking a process with threads
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus
from ketjet import Simulator
from ketjet.errors import JobError, JobFailedError

def layered(num_qubits, layers):
    circuit = QuantumCircuit(num_qubits)
    for layer in range(layers):
        for qubit in range(num_qubits):
            circuit.rx(0.3 + 0.01 * layer, qubit)
            circuit.cx(qubit, (qubit + 1) % num_qubits)
    circuit.measure_all()
    return circuit

def start(**options):
    job = Simulator(**options).run(layered(24, 200))
    while not job.running():
        time.sleep(0.001)
    return job

small = layered(4, 2)
"""


def run(code, timeout=60):
    """Run a script and return its completed process."""
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + code], capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.mark.parametrize("cancels", [True, False])
def test_ctrl_c_in_result(cancels):
    done = run(f"""
job = start(cancel_on_interrupt={cancels})
interrupted_at = []
def interrupt():
    interrupted_at.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer(0.1, interrupt).start()
try:
    job.result()
except KeyboardInterrupt:
    print(time.monotonic() - interrupted_at[0], job.status().name)
""")
    assert done.returncode == 0, done.stderr
    latency, status = done.stdout.split()
    assert float(latency) < 1
    assert status == ("CANCELLED" if cancels else "RUNNING")


@pytest.mark.parametrize(
    ("ending", "code"), [("sys.exit(7)", 7), ("raise SystemExit(0)", 0), ("raise RuntimeError('mine')", 1)]
)
def test_the_end_of_the_interpreter_with_jobs_under_way(ending, code):
    done = run(f"""
jobs = [start()] + [Simulator().run(layered(24, 50)) for _ in range(2)]
print(time.time(), flush=True)
{ending}
""")
    left = time.time()
    assert done.returncode == code
    assert left - float(done.stdout) < 5  # minutes of work are left
    assert "Fatal" not in done.stderr
    assert ("Traceback" in done.stderr) is ("Runtime" in ending)


@pytest.mark.parametrize("executor", ["ThreadPoolExecutor", "ProcessPoolExecutor"])
def test_the_end_of_the_interpreter_with_jobs_on_an_executor(executor):
    # What ends last is what was imported last; some versions of Qiskit import one of these, none imports the other.
    done = run(f"""
from concurrent.futures import {executor}
job = start(executor={executor}(2))
print(time.time(), flush=True)
sys.exit(7)
""")
    assert done.returncode == 7, done.stderr
    assert time.time() - float(done.stdout) < 5


def test_the_end_of_the_interpreter_before_the_engine_has_stopped():
    # Up to Python 3.13 a thread that wants the GIL back by then is unwound, through C++ that cannot be.
    done = run("""
from ketjet.jobs import workers
workers.EXIT_SECONDS = 0
job = start()
""")
    assert done.returncode == 0, done.stderr


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@needs_fork
def test_a_child_forked_while_a_job_runs():
    done = run("""
job = start()
queued = Simulator().run(small)
pid = os.fork()
if pid == 0:
    assert job.status() is queued.status() is JobStatus.ERROR
    assert job.cancel() is False
    for inherited in (job, queued):
        try:
            inherited.result()
        except JobFailedError as error:
            assert "forked" in str(error)
        else:
            os._exit(2)
    assert Simulator(seed_simulator=1).run(small).result().success
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert job.running()  # the parent's run goes on
assert job.cancel()
assert queued.result().success
""")
    assert done.returncode == 0, done.stderr


@needs_fork
def test_a_child_forked_after_use():
    done = run("""
job = Simulator(seed_simulator=1).run(small)
counts = job.result().get_counts()
my_end, their_end = os.pipe()
pid = os.fork()
if pid == 0:
    assert job.result().get_counts() == counts
    again = Simulator(seed_simulator=1).run(small)
    assert again.result().get_counts() == counts
    os.write(their_end, again.job_id().encode())
    sys.exit(5)  # the whole way out, exit handlers included
assert Simulator().run(small).job_id() != os.read(my_end, 100).decode()
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
""")
    assert done.returncode == 0, done.stderr


@needs_fork
def test_a_forking_process_pool_after_use():
    done = run("""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
backend = Simulator(seed_simulator=1)
counts = backend.run([small, small]).result().get_counts()
with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
    assert backend.run([small, small], executor=pool).result().get_counts() == counts
""")
    assert done.returncode == 0, done.stderr
