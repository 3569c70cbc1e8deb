"""How prompt a job is: cancel, time limit, result(timeout), Ctrl-C, return of run(), exit, and the GIL during a run.

``--engine aer`` shows another backend by the same measure. A cancel is over when the process has stopped computing, not
when ``cancel()`` returns: after it, the process' CPU time is read every millisecond until it stands still.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from circuits.dynamic import endless
from circuits.families import build
from protocol.measure import (
    HERE,
    child_environment,
    machine_facts,
    make_backend,
    markdown_table,
    summary,
    write_results,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit import QuantumCircuit

IDLE_SHARE = 0.3
IDLE_WINDOWS = 20
EXIT_CODE = 7
GRACE = 10.0
"""Seconds after which a job is taken not to heed its time limit."""

COLUMNS = ("count", "median", "p99", "max")


def long_circuit(name: str, num_qubits: int, depth: int) -> QuantumCircuit:
    """Build a measured circuit that runs much longer than the moments of the tests."""
    circuit = build(name, num_qubits, depth=depth)
    circuit.measure_all()
    return circuit


def seconds_until_idle(begin: float, limit: float) -> float:
    """Wait until the process' other threads stop computing; return the seconds from ``begin`` to then."""
    last, idle = time.perf_counter(), 0
    used, own = time.process_time(), time.thread_time()
    busy_until = last
    while idle < IDLE_WINDOWS and last - begin < limit:
        time.sleep(0.001)
        now, now_used, now_own = time.perf_counter(), time.process_time(), time.thread_time()
        if (now_used - used) - (now_own - own) > IDLE_SHARE * (now - last):
            busy_until, idle = now, 0
        else:
            idle += 1
        last, used, own = now, now_used, now_own
    return busy_until - begin


def cancel_latency(backend: Any, circuit: QuantumCircuit, shots: int, options: argparse.Namespace) -> dict[str, Any]:
    """Cancel at random moments; return milliseconds until computing stopped and until result() raised."""
    rng, stopped, raised, missed = random.Random(1), [], [], 0
    for _ in range(options.repeats):
        job = backend.run(circuit, shots=shots)
        time.sleep(rng.uniform(0.0, options.window))
        begin = time.perf_counter()
        if not job.cancel():
            missed += 1
            with contextlib.suppress(Exception):
                job.result()
            continue
        with contextlib.suppress(Exception):
            job.result()
        raised.append(1e3 * (time.perf_counter() - begin))
        stopped.append(1e3 * seconds_until_idle(begin, 30.0))
    if not stopped:
        return {"refused": missed}
    return {"stopped_ms": summary(stopped), "raised_ms": summary(raised), "refused": missed}


def return_time(backend: Any, circuit: QuantumCircuit, options: argparse.Namespace) -> dict[str, Any]:
    """Return milliseconds until run() comes back; it may lower the circuit, but must not simulate."""
    times = []
    for _ in range(options.repeats):
        begin = time.perf_counter()
        job = backend.run(circuit, shots=1)
        times.append(1e3 * (time.perf_counter() - begin))
        job.cancel()
        with contextlib.suppress(Exception):
            job.result()
        seconds_until_idle(time.perf_counter(), 30.0)
    return {"ms": summary(times), "instructions": circuit.size()}


def timeout_overshoot(backend: Any, circuit: QuantumCircuit, options: argparse.Namespace) -> dict[str, Any]:
    """Return milliseconds by which result(timeout=0.05) of a running job comes late."""
    job, times, early = backend.run(circuit, shots=1), [], 0
    for _ in range(options.repeats):
        begin = time.perf_counter()
        try:
            job.result(timeout=0.05)
        except Exception:  # noqa: BLE001 - engines differ in what they raise
            times.append(1e3 * (time.perf_counter() - begin - 0.05))
        else:
            early += 1
            job = backend.run(circuit, shots=1)
    job.cancel()
    return {"ms": summary(times), "finished_early": early} if times else {"finished_early": early}


def longest_stall(backend: Any, circuits: list[QuantumCircuit], shots: int) -> dict[str, Any]:
    """Return the longest pauses of a thread that only sleeps for half a millisecond, idle and during runs."""
    end, gaps = threading.Event(), []

    def tick() -> None:
        last = time.perf_counter()
        while not end.is_set():
            time.sleep(0.0005)
            now = time.perf_counter()
            gaps.append(1e3 * (now - last))
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    time.sleep(1.0)
    idle = summary(gaps)
    gaps.clear()
    for circuit in circuits:
        backend.run(circuit, shots=shots).result()
    end.set()
    thread.join()
    return {"ms": summary(gaps), "idle_ms": idle}


def time_limit_lateness(backend: Any, circuit: QuantumCircuit, options: argparse.Namespace) -> dict[str, Any]:
    """Return milliseconds by which a job with a time limit ends late, and its error; the loop would never end."""
    times, errors = [], set()
    for _ in range(options.repeats):
        begin = time.perf_counter()
        job = backend.run(circuit, shots=1, time_limit=options.time_limit)
        try:
            job.result(timeout=options.time_limit + GRACE)
        except Exception as error:  # noqa: BLE001 - the error is what is shown
            times.append(1e3 * (time.perf_counter() - begin - options.time_limit))
            errors.add(f"{type(error).__name__}: {error}".replace(job.job_id(), "JOB"))
        if job.cancel():  # it was still running
            return {"not_ended_after_s": options.time_limit + GRACE}
    return {"ms": summary(times), "errors": sorted(errors)} if times else {"finished": options.repeats}


def endless_loop(backend: Any, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Cancel a loop that never ends, and give it a time limit; only ketjet can do both, others would run forever."""
    if options.engine != "ketjet":
        return {}
    loop = endless(options.loop_qubits, 1)
    return {
        "cancel_loop": unless_refused(cancel_latency, backend, loop, 1, options),
        "time_limit": unless_refused(time_limit_lateness, backend, loop, options),
    }


def unless_refused(measure: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Measure, or return why the engine takes no such circuit or option."""
    try:
        return measure(*arguments)
    except Exception as error:  # noqa: BLE001 - engines differ in what they raise
        return {"refused_because": f"{type(error).__name__}: {error}"}


CHILD = """
import signal, sys, time
from bench.jobs import long_circuit
from protocol.measure import make_backend
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
engine, precision, threads, name, qubits, depth, what = sys.argv[1:]
backend = make_backend(engine, precision, int(threads))
circuit = long_circuit(name, int(qubits), int(depth))
jobs = [backend.run(circuit, shots=1) for _ in range(3 if what == "exit" else 1)]
if what == "exit":
    time.sleep(0.5)
    print(time.monotonic(), flush=True)
    sys.exit({exit_code})
try:
    print("waiting", flush=True)
    jobs[0].result()
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
""".replace("{exit_code}", str(EXIT_CODE))


def start_child(what: str, options: argparse.Namespace) -> subprocess.Popen[str]:
    """Start a process that submits jobs and then exits, or waits for a Ctrl-C."""
    keys = ("engine", "precision", "threads", "circuit", "qubits", "depth")
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *(str(getattr(options, key)) for key in keys), what],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=HERE, env=child_environment(options.threads),
    )  # fmt: skip


def exit_time(options: argparse.Namespace) -> dict[str, Any]:
    """Return milliseconds from sys.exit with three unfinished jobs to the end of the process."""
    times, codes = [], []
    for _ in range(options.child_repeats):
        child = start_child("exit", options)
        assert child.stdout is not None
        begin = child.stdout.readline()
        codes.append(child.wait())
        if begin:
            times.append(1e3 * (time.monotonic() - float(begin)))
        child.stdout.close()
    kept = all(code == EXIT_CODE for code in codes)
    return {"ms": summary(times) if times else None, "exit_code_kept": kept, "exit_code_lost": int(not kept)}


def interrupt_latency(options: argparse.Namespace) -> dict[str, Any]:
    """Return milliseconds from a SIGINT during result() to its KeyboardInterrupt, and to the end of the process."""
    caught, ended = [], []
    for seed in range(options.child_repeats):
        child = start_child("interrupt", options)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(random.Random(seed).uniform(0.2, 1.0))
        begin = time.monotonic()
        child.send_signal(signal.SIGINT)
        answer = child.stdout.readline()
        child.wait()
        if answer:
            caught.append(1e3 * (float(answer) - begin))
            ended.append(1e3 * (time.monotonic() - begin))
        child.stdout.close()
    return {"ms": summary(caught), "ended_ms": summary(ended)} if caught else {"not_caught": options.child_repeats}


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["ketjet", "aer"], default="ketjet")
    parser.add_argument("--precision", choices=["single", "double"], default="double")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--qubits", type=int, default=24)
    parser.add_argument("--circuit", default="quantum_volume", help="circuit of the long job")
    parser.add_argument("--depth", type=int, default=200, help="its depth: it must run for several seconds")
    parser.add_argument("--window", type=float, default=2.0, help="cancel after a random time up to so many seconds")
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--child-repeats", type=int, default=5)
    parser.add_argument("--shots", type=int, default=10**9, help="shots of the job that is cancelled in its sampling")
    parser.add_argument("--loop-qubits", type=int, default=20, help="width of the endless loop")
    parser.add_argument("--time-limit", type=float, default=0.5, help="seconds after which it has to end")
    parser.add_argument("--name", default="jobs", help="name of the result file")
    return parser.parse_args()


def main() -> int:
    """Measure everything, print a table and write the results."""
    options = parse_arguments()
    os.environ.update(child_environment(options.threads))
    facts = machine_facts()
    backend = make_backend(options.engine, options.precision, options.threads)
    long = long_circuit(options.circuit, options.qubits, options.depth)
    sampled = long_circuit("superposition", options.qubits, 1)
    short = [long_circuit(name, options.qubits, 2) for name in ("qft", "ansatz", "superposition")]
    backend.run(long_circuit("ghz", 10, 1), shots=1).result()
    results = {
        "return": return_time(backend, short[0], options),
        "return_long": return_time(backend, long, options),
        "timeout": timeout_overshoot(backend, long, options),
        "cancel": cancel_latency(backend, long, 1, options),
        "cancel_sampling": cancel_latency(backend, sampled, options.shots, options),
        **endless_loop(backend, options),
        "stall": longest_stall(backend, short, 10**6),
        "exit": exit_time(options),
        "interrupt": interrupt_latency(options),
    }
    rows = []
    for name, found in results.items():
        for key, numbers in found.items():
            if isinstance(numbers, dict):
                rows.append([f"{name} {key}", *(f"{numbers[column]:.4g}" for column in COLUMNS)])
            else:
                rows.append([f"{name} {key}", numbers, "", "", ""])
    print(markdown_table(["what", *COLUMNS], rows))
    path = write_results(options.name, facts, vars(options), **results)
    print(f"\nwritten: {path}")
    return 0
