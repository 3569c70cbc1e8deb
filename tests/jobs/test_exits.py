"""The end of the interpreter while daemon threads are inside of every public call: the exit code is kept."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
    import sys, threading, time
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import UnitaryGate
    import numpy as np
    from ketjet import Simulator, StateVector

    circuit = QuantumCircuit(8)
    for i in range(300):
        circuit.rz(0.1 * i, i % 8)
        circuit.cx(i % 8, (i + 1) % 8)
        circuit.append(UnitaryGate(np.eye(4)), [i % 8, (i + 3) % 8])
    bare = circuit.copy()
    circuit.measure_all()
    backend = Simulator(seed_simulator=1)

    def run(): backend.run(circuit, shots=200, memory=True).result().get_counts()
    def state(): StateVector(8).evolve(bare).sample(100)
    def explain(): backend.explain(circuit)
    def estimate(): backend.estimate(circuit)

    def loop(call):
        while True:
            call()
            begun.release()

    begun = threading.Semaphore(0)
    for call in [globals()[name] for name in sys.argv[1].split()]:
        threading.Thread(target=loop, args=(call,), daemon=True).start()
        begun.acquire()
    time.sleep(float(sys.argv[2]))
    sys.exit(7)
"""


@pytest.mark.parametrize("pause", ["0.01", "0.037"])
@pytest.mark.parametrize("calls", ["run run run", "explain explain explain", "estimate estimate", "run explain state"])
def test_daemon_threads_do_not_spoil_the_exit(calls, pause):
    command = [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(SCRIPT), calls, pause]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 7, done.stderr[-3000:]
