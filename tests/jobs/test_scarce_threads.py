"""Where the system lets no more threads start a run takes fewer, and gives the same counts; the process goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
    import os, resource, sys, threading
    from qiskit import QuantumCircuit
    from ketjet import Simulator, engine
    from ketjet.errors import JobFailedError
    from ketjet.lowering import lower

    circuit = QuantumCircuit(17)
    for layer in range(4):
        circuit.rx(0.1 + layer, range(17))
        for i in range(16):
            circuit.cz(i, i + 1)
    circuit.measure_all()
    program = lower(circuit).program
    task = engine.Task(program=program, shots=500, seed=1, threads=1)
    expected = engine.execute(task).counts.tolist()
    bell = QuantumCircuit(1)
    bell.measure_all()
    backend = Simulator(seed_simulator=1)
    assert backend.run(bell).result().success  # another user could not import what this does
    spare = int(sys.argv[1])
    if spare >= 0:
        os.setgid(65534)
        os.setuid(65534)
        alive = len(os.listdir("/proc/self/task"))
        resource.setrlimit(resource.RLIMIT_NPROC, (alive + spare, alive + spare))
    got = []
    def run():
        for threads in (8, 3, 2, 8):
            got.append(engine.execute(task._replace(threads=threads)).counts.tolist())
    if spare != 0:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert got == [expected] * 4, got
    try:
        assert backend.run(circuit, shots=500).result().success
    except JobFailedError as error:
        assert "thread" in str(error), error
    print("alive")
"""


def run(spare: int, **environment: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(spare)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **environment}
    )
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr[-3000:]


@pytest.mark.parametrize("size", ["100G", "1", "8000T", "garbage"])
def test_whatever_the_stack_size_of_openmp(size):
    run(-1, OMP_STACKSIZE=size, GOMP_STACKSIZE=size)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to become another user")
@pytest.mark.parametrize("spare", [0, 1, 2, 3, 4])
def test_a_limit_on_threads(spare):
    run(spare)
