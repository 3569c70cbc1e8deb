"""Signal handlers that ask, cancel, run and wait at any moment: no deadlock, no contradiction, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs setitimer")

STORM = """
    import contextlib, signal, sys, time
    from qiskit import QuantumCircuit
    from ketjet import Simulator, StateVector, errors
    from ketjet.jobs import process_hooks, workers

    bell = QuantumCircuit(2)
    bell.h(0); bell.cx(0, 1); bell.measure_all()
    wide = QuantumCircuit(14)
    wide.h(range(14)); wide.measure_all()
    endless = QuantumCircuit(1, 1)
    with endless.while_loop((endless.clbits[0], 0)):
        endless.x(0)
    backend = Simulator(seed_simulator=3, max_threads=2)
    heard, inside = [0], [False]
    job = backend.run(bell)

    def ask(action):
        if action == "status": job.status(), job.done(), job.in_final_state(), job.progress(), repr(job)
        if action == "cancel":
            was = job.cancel()
            assert job.cancelled() is was and job.in_final_state()
        if action == "cancel_all": backend.cancel_all()
        if action == "run": backend.run(bell, shots=10)
        if action == "run and wait": assert backend.run(bell, shots=10).result().success
        if action == "run and wait for workers": assert backend.run(wide, shots=10).result().success
        if action == "callback": job.add_done_callback(lambda _: None)
        if action == "wait for it":
            with contextlib.suppress(errors.JobTimeoutError, errors.JobCancelledError):
                job.result(timeout=0.001)
        if action == "wait for it without end":
            with contextlib.suppress(errors.JobCancelledError):
                job.result()

    def handler(*_):
        heard[0] += 1
        if not inside[0]:
            inside[0] = True
            ask(ACTION)
            inside[0] = False

    def once(circuit, action):
        global job
        job = backend.run(circuit, shots=100)
        for _ in range(3):
            job.status(), job.progress()
        if action == "cancel":
            job.cancel()
        try:
            result = job.result(timeout=0.2) if circuit is endless else job.result()
        except errors.JobCancelledError:
            assert job.cancelled() and job.cancel()
        except errors.JobTimeoutError:
            assert circuit is endless
            assert job.cancel() is True
        else:
            assert not job.cancel() and sum(result.get_counts(0).values()) == 100

    ACTION = sys.argv[1]
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 4e-4, 4e-4)
    end, rounds = time.monotonic() + float(sys.argv[2]), 0
    while time.monotonic() < end:
        circuit = (bell, bell, wide, [bell] * 5, bell)[rounds % 5]
        if rounds % 50 == 0 and ACTION != "wait for it without end":
            circuit = endless
        once(circuit, ACTION if rounds % 3 == 0 else "")
        rounds += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    backend.cancel_all()
    left = time.monotonic() + 5
    while (process_hooks._live or workers.shared()._running) and time.monotonic() < left:
        time.sleep(0.01)
    assert not process_hooks._live and not workers.shared()._running, (process_hooks._live, workers.shared()._running)
    assert heard[0] > 10 and rounds > 3, (heard, rounds)
    print(rounds, heard[0])
"""

ACTIONS = [
    "status",
    "cancel",
    "cancel_all",
    "run",
    "run and wait",
    "run and wait for workers",
    "callback",
    "wait for it",
    "wait for it without end",
]


def run_script(script: str, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(script), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # shows where it hangs
            _, err = process.communicate()
            pytest.fail(f"it hangs:\n{err[-4000:]}")
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_storm_of_signals(action):
    done = run_script(STORM, action, os.environ.get("KETJET_STORM_SECONDS", "1"))
    assert done.returncode == 0, done.stderr[-4000:]


CTRL_C = """
    import os, signal, sys, threading, time
    from qiskit import QuantumCircuit
    from ketjet import Simulator
    from ketjet.jobs import process_hooks, workers

    bell = QuantumCircuit(2)
    bell.h(0); bell.cx(0, 1); bell.measure_all()
    circuits = [bell] * int(sys.argv[1])
    backend = Simulator(seed_simulator=3)
    backend.run(circuits).result()
    seen, sent, ready, over = 0, 0, threading.Event(), threading.Event()

    def press():  # once each time that the main thread is where it catches it
        global sent
        while True:
            ready.wait()
            ready.clear()
            if over.wait(0.0015):
                return
            sent += 1
            os.kill(os.getpid(), signal.SIGINT)

    def lift():  # a signal that comes just before a wait begins does not end it, so that none may be long
        while fingers.is_alive():
            fingers.join(0.1)
        time.sleep(0.1)

    fingers = threading.Thread(target=press, daemon=True)
    fingers.start()
    end = time.monotonic() + 3
    while time.monotonic() < end:
        try:
            ready.set()
            while time.monotonic() < end:
                backend.run(circuits).result()
            over.set()
            lift()
        except KeyboardInterrupt:
            seen += 1
    over.set()
    ready.set()
    try:
        lift()
    except KeyboardInterrupt:
        seen += 1
    assert seen == sent > 20, (seen, sent)
    left = time.monotonic() + 5
    while (process_hooks._live or workers.shared()._running or backend._jobs) and time.monotonic() < left:
        time.sleep(0.01)
    assert not process_hooks._live and not workers.shared()._running and not backend._jobs
"""


@pytest.mark.parametrize("circuits", ["1", "3"])
def test_no_ctrl_c_is_lost_and_nothing_is_left_behind(circuits):
    done = run_script(CTRL_C, circuits)
    assert done.returncode == 0, done.stderr[-4000:]
