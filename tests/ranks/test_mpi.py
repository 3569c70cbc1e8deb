"""Ranks that are processes of a real MPI launcher: what they give, and that none is ever left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("mpi4py")
MPIEXEC = Path(sys.executable).parent / "mpiexec"
if not MPIEXEC.exists():
    pytest.skip("no mpiexec beside this Python: pip install mpich", allow_module_level=True)

PRELUDE = """
import json, os, signal, sys, threading, time
from qiskit import QuantumCircuit
from ketjet import Simulator, _core
from ketjet.errors import JobError
from ketjet.ranks import Ranks

def layered(num_qubits, layers):
    circuit = QuantumCircuit(num_qubits)
    for layer in range(layers):
        for qubit in range(num_qubits):
            circuit.rx(0.3 + 0.01 * layer * qubit, qubit)
            circuit.cx(qubit, (qubit + 1 + 4 * layer % (num_qubits - 1)) % num_qubits)
    circuit.measure_all()
    return circuit
"""


def run(code, ranks=2, timeout=100):
    """Run a script on so many processes and return the launcher's completed process."""
    command = [str(MPIEXEC), "-n", str(ranks), sys.executable, "-c", PRELUDE + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def alive(pids):
    return [pid for pid in pids if Path(f"/proc/{pid}").exists() and "Z" not in _state(pid)]


def _state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_counts_do_not_depend_on_the_number_of_ranks(ranks):
    done = run(
        """
with Ranks(share_from=14) as ranks:
    if ranks is not None:
        circuit = layered(15, 4)
        shared = Simulator(ranks=ranks).run(circuit, shots=2000, seed_simulator=7, memory=True).result()
        alone = Simulator().run(circuit, shots=2000, seed_simulator=7, memory=True).result()
        assert shared.get_counts() == alone.get_counts()
        assert shared.get_memory() == alone.get_memory()
        small = layered(5, 2)
        assert Simulator(ranks=ranks).run(small, seed_simulator=1).result().get_counts()
        print(ranks.size, ranks.idle)
print("left")
""",
        ranks,
    )
    assert done.returncode == 0, done.stderr
    used = 1 << (ranks.bit_length() - 1)
    assert f"{used} {ranks - used}" in done.stdout
    assert done.stdout.count("left") == ranks
    assert ("no power of two" in done.stderr) == (ranks == 3)


def test_many_circuits_and_jobs_at_once():
    done = run("""
with Ranks(share_from=13) as ranks:
    if ranks is not None:
        backend = Simulator(ranks=ranks, seed_simulator=3)
        circuits = [layered(13 + i % 2, 2 + i) for i in range(4)] + [layered(4, 1)]
        jobs = [backend.run(circuits) for _ in range(3)]
        counts = [job.result().get_counts() for job in jobs]
        assert counts == [Simulator(seed_simulator=3).run(circuits).result().get_counts()] * 3
        state = backend.run(layered(14, 2).remove_final_measurements(inplace=False), return_state=True).result()
        print(abs(state.get_statevector()).max() > 0)
""")
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


CANCELLED = """
with Ranks(share_from=20) as ranks:
    if ranks is not None:
        job = Simulator(ranks=ranks).run(layered(22, 400))
        while not job.running():
            time.sleep(0.001)
        time.sleep(0.2)
        begin = time.monotonic()
        {stop}
        try:
            job.result()
        except (JobError, KeyboardInterrupt) as error:
            print(type(error).__name__, job.status().name)
        counts = Simulator(ranks=ranks, seed_simulator=1).run(layered(20, 1)).result().get_counts()
        assert counts == Simulator(seed_simulator=1).run(layered(20, 1)).result().get_counts()
        print("goes on")
"""


@pytest.mark.parametrize(
    ("stop", "error", "status"),
    [
        ("job.cancel()", "JobCancelledError", "CANCELLED"),
        ("threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()", "KeyboardInterrupt", "CANCELLED"),
    ],
)
def test_a_job_that_is_stopped_stops_on_all_ranks(stop, error, status):
    done = run(CANCELLED.format(stop=stop))
    assert (done.returncode, done.stdout.split("\n")[:2]) == (0, [f"{error} {status}", "goes on"]), done.stderr


def test_ctrl_c_on_another_rank_stops_the_job(tmp_path):
    done = run(f"""
from mpi4py import MPI
file = os.path.join({str(tmp_path)!r}, "pid")
if MPI.COMM_WORLD.Get_rank() == 1:
    with open(file, "w") as written:
        written.write(str(os.getpid()))
with Ranks(share_from=20) as ranks:
    if ranks is not None:
        job = Simulator(ranks=ranks).run(layered(22, 400))
        while not job.progress().bytes_moved:
            time.sleep(0.001)
        time.sleep(0.3)
        os.kill(int(open(file).read()), signal.SIGINT)
        try:
            job.result()
        except JobError as error:
            print(error)
print("left")
""")
    assert (done.returncode, done.stdout.count("left")) == (0, 2), done.stderr
    assert "RanksError: another rank was interrupted" in done.stdout


def test_memory_that_one_rank_has_not_fails_the_job_on_all():
    done = run("""
from mpi4py import MPI
if MPI.COMM_WORLD.Get_rank() == 1:
    _core.fail_allocation_after(1)
with Ranks(share_from=16) as ranks:
    if ranks is not None:
        job = Simulator(ranks=ranks).run(layered(18, 3))
        try:
            job.result()
        except JobError as error:
            print(type(error.__cause__).__name__, "rank 1" in str(error))
        print(len(Simulator(ranks=ranks, seed_simulator=1).run(layered(18, 3)).result().get_counts()) > 0)
""")
    assert (done.returncode, done.stdout.split()) == (0, ["InsufficientMemoryError", "True", "True"]), done.stderr


@pytest.mark.parametrize("death", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(3)"])
def test_a_rank_that_dies_ends_all(death, tmp_path):
    script = (
        PRELUDE
        + f"""
from mpi4py import MPI
rank = MPI.COMM_WORLD.Get_rank()
open(os.path.join({str(tmp_path)!r}, str(rank)), "w").write(str(os.getpid()))
def die():
    {death}
if rank == 1:
    threading.Timer(1.0, die).start()
with Ranks(share_from=20) as ranks:
    if ranks is not None:
        Simulator(ranks=ranks).run(layered(24, 4000)).result()
"""
    )
    launcher = subprocess.run(
        [str(MPIEXEC), "-n", "2", sys.executable, "-c", script], capture_output=True, timeout=60, check=False
    )
    assert launcher.returncode != 0
    pids = [int(file.read_text()) for file in tmp_path.iterdir()]
    deadline = time.monotonic() + 10
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(pids) == []


def test_an_error_on_one_rank_of_a_script_that_all_run_ends_all():
    done = run("""
from ketjet import StateVector
ranks = Ranks()
state = StateVector(14, ranks=ranks)
if ranks.rank == 1:
    raise ValueError("mine alone")
state.evolve(layered(14, 2).remove_final_measurements(inplace=False))
""")
    assert done.returncode != 0
    assert "ValueError: mine alone" in done.stderr


def test_a_rank_that_cannot_read_a_task_ends_all():
    done = run("""
from mpi4py import MPI
def fail(*arguments):
    raise ValueError("cannot be read")
all_ranks = Ranks(share_from=14)
if all_ranks.rank == 1:
    MPI.pickle.__init__(loads=fail)
with all_ranks as ranks:
    if ranks is not None:
        Simulator(ranks=ranks).run(layered(15, 2)).result()
""")
    assert done.returncode != 0
    assert "ValueError: cannot be read" in done.stderr


def test_leaving_the_ranks_stops_what_runs():
    done = run("""
with Ranks(share_from=20) as ranks:
    if ranks is not None:
        jobs = [Simulator(ranks=ranks).run(layered(24, 4000)) for _ in range(2)]
        while not jobs[0].progress().bytes_moved:
            time.sleep(0.001)
if ranks is not None:
    for job in jobs:
        try:
            job.result()
        except JobError as error:
            print("ended", type(error).__name__)
print("left")
""")
    assert (done.returncode, done.stdout.count("left"), done.stdout.count("ended")) == (0, 2, 2), done.stderr


def test_an_error_of_the_script_lets_the_others_go():
    done = run("""
with Ranks() as ranks:
    if ranks is not None:
        raise ValueError("mine")
print("left")
""")
    assert done.returncode != 0
    assert done.stdout.strip() == "left"
    assert "ValueError: mine" in done.stderr


def test_a_state_that_all_ranks_step_through(tmp_path):
    done = run(
        f"FOLDER = {str(tmp_path)!r}"
        """
import numpy as np
from ketjet import StateVector
from ketjet.errors import InvalidOptionError, RanksError, StateFileError
from ketjet.state import SharedStateVector
from qiskit.quantum_info import SparsePauliOp
ranks = Ranks()
step = layered(15, 2).remove_final_measurements(inplace=False)
observable = SparsePauliOp(["X" * 10 + "I" * 5, "ZZ" + "I" * 13, "Y" + "I" * 13 + "X"], [1.0, 2.0, 3.0])
state, alone = StateVector(15, ranks=ranks), StateVector(15)
for _ in range(3):
    state.evolve(step)
    alone.evolve(step)
assert np.asarray(state).shape == (2**13,)
assert np.abs(np.asarray(state) - np.asarray(alone)[state.slice]).max() < 1e-12
assert abs(state.norm() - 1) < 1e-12
assert abs(state.expectation(observable) - alone.expectation(observable)) < 1e-12
try:
    state.expectation("ZZI")
    raise AssertionError("the observable is too narrow")
except InvalidOptionError as error:
    assert "apply_layout(qubits, 15)" in str(error)
assert state.sample(1000, seed=3) == alone.sample(1000, seed=3)
assert state.sample(1000, [3, 14], seed=3) == alone.sample(1000, [3, 14], seed=3)
path = os.path.join(FOLDER, "state.npy")
state.save(path)
again = SharedStateVector.load(path, ranks=ranks)
assert (np.asarray(again) == np.asarray(state)).all()
assert (np.asarray(StateVector.load(path))[state.slice] == np.asarray(state)).all()
ranks.meet("has read it")
if ranks.rank == 0:
    with open(path, "r+b") as file:
        file.seek(-17, os.SEEK_END)
        byte = file.read(1)
        file.seek(-17, os.SEEK_END)
        file.write(bytes([byte[0] ^ 1]))
ranks.meet("has flipped a bit")
for load in (lambda: SharedStateVector.load(path, ranks=ranks), lambda: StateVector.load(path)):
    try:
        load()
        raise AssertionError("damage was not found")
    except StateFileError as error:
        assert "not what was saved" in str(error)
try:
    state.save(os.path.join(FOLDER, "missing", "state.npy"))
    raise AssertionError("there is no such folder")
except OSError as error:
    assert "rank 0" in str(error)
assert sorted(os.listdir(FOLDER)) == ["state.npy", "state.npy.json"]
ranks.meet("has looked")
state.reset()
assert abs(np.asarray(state)).sum() == (ranks.rank == 0)
try:
    state.evolve(step if ranks.rank != 2 else layered(15, 1).remove_final_measurements(inplace=False))
except RanksError as error:
    assert "same calls" in str(error) and "rank 2" in str(error), error
print("whole", ranks.rank)
""",
        4,
    )
    assert (done.returncode, done.stdout.count("whole")) == (0, 4), done.stderr


QASM = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[14];
creg c[14];
"""
QASM += "".join(f"h q[{i}]; cx q[{i}],q[{(i + 5) % 14}]; rx(0.{i + 1}) q[{i}];\n" for i in range(14))
QASM += "measure q -> c;\n"


def test_the_command_line_runs_on_all_ranks_and_prints_once(tmp_path):
    file = tmp_path / "circuit.qasm"
    file.write_text(QASM, encoding="utf-8")
    arguments = [sys.executable, "-m", "ketjet", "run", str(file), "--seed", "5", "--json", "--share-from", "12"]
    alone = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    output = [*arguments, "--output", str(tmp_path / "out.json")]
    launcher = [str(MPIEXEC), "-n", "4"]
    shared = subprocess.run([*launcher, *arguments], capture_output=True, text=True, timeout=60, check=True)
    subprocess.run([*launcher, *output], capture_output=True, text=True, timeout=60, check=True)
    counts = json.loads(alone.stdout)["counts"]
    assert json.loads(shared.stdout)["counts"] == counts
    assert json.loads((tmp_path / "out.json").read_text())["counts"] == counts


def test_a_launcher_whose_processes_do_not_meet_is_refused(tmp_path):
    file = tmp_path / "circuit.qasm"
    file.write_text(QASM, encoding="utf-8")
    command = [sys.executable, "-m", "ketjet", "run", str(file)]
    environment = {**os.environ, "PALS_NRANKS": "4"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "has started 4 processes, but mpi4py sees 1" in done.stderr
    (tmp_path / "mpi4py.py").write_text("raise ImportError('no such thing')", encoding="utf-8")
    environment |= {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "pip install 'ketjet[ranks]'" in done.stderr


def test_ranks_with_another_version_are_refused():
    done = run("""
from importlib import metadata
from mpi4py import MPI
from ketjet.errors import RanksError
known = metadata.version
if MPI.COMM_WORLD.Get_rank() == 1:
    metadata.version = lambda name: "0.0.7" if name == "ketjet" else known(name)
try:
    Ranks()
except RanksError as error:
    print("0.0.7 on rank 1" in str(error) and "same ketjet" in str(error))
""")
    assert (done.returncode, done.stdout.count("True")) == (0, 2), done.stderr
