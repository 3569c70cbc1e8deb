"""States that are shared out among MPI ranks: what these send each other, how long they take, and what that needs.

First, from plans alone, exchanges and what each rank sends, in shares, at 36 qubits on 4 to 1024 ranks, and the
predictions that ``docs/ranks.md`` shows. Then runs on 2, 4 and 8 ranks of this computer, in which every rank counts
what it sends. Last a state that is stepped through from a random one: two ranks of one thread beside one process of
two, and one rank beside none, each in fresh processes by turns; minima count. And how soon all ranks have ended a job
that is cancelled, and their processes where one is killed. It needs ``mpiexec`` beside this Python
(``pip install mpi4py mpich``).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from circuits.families import build
from protocol.measure import HERE, machine_facts, markdown_table, write_results

FAMILIES = ("quantum_volume", "qft", "ising", "ansatz", "supremacy", "qaoa", "clifford_t", "ghz")
PREDICTED = ("qft", "qaoa", "supremacy", "quantum_volume")
SIZES = ((30, 0), (33, 2), (36, 4), (36, 6), (40, 8), (44, 10))
"""Qubits, and how many of them are global, of the predictions."""
AMPLITUDE_BYTES = 16
GIB = 1 << 30
MPIEXEC = Path(sys.executable).parent / "mpiexec"


def planned(name: str, num_qubits: int, global_qubits: int) -> tuple[Any, Any]:
    """Plan a circuit of which only counts are wanted; return its program and the plan."""
    from ketjet import engine
    from ketjet.lowering import lower

    circuit = build(name, num_qubits)
    circuit.measure_all()
    program = lower(circuit).program
    return program, engine.plan(program, keep_state=False, global_qubits=global_qubits)


def volumes(num_qubits: int) -> dict[str, dict[str, list[float]]]:
    """Return exchanges, and shares that each rank sends, for every family and number of global qubits."""
    from ketjet import _core

    found: dict[str, dict[str, list[float]]] = {}
    for name in FAMILIES:
        found[name] = {}
        for global_qubits in (2, 3, 4, 6, 8, 10):
            cost = _core.plan_cost(planned(name, num_qubits, global_qubits)[1], 1)
            share = AMPLITUDE_BYTES << (num_qubits - global_qubits)
            found[name][str(1 << global_qubits)] = [cost.exchanges, cost.bytes_exchanged / share]
    return found


def predictions(threads: int) -> list[list[Any]]:
    """Return memory of a rank in GiB, and seconds and GiB sent for each family, of every size."""
    from ketjet import _core, engine

    rows = []
    for num_qubits, global_qubits in SIZES:
        row: list[Any] = [num_qubits, 1 << global_qubits]
        for name in PREDICTED:
            program, made = planned(name, num_qubits, global_qubits)
            needs = engine.demand(program, made, shots=1024, memory=False, max_threads=threads, available=1 << 60)
            cost = _core.plan_cost(made, threads)
            if len(row) == 2:
                row.append(round(needs.peak_bytes / GIB, 1))
            row.append(f"{cost.seconds:.1f} s, {cost.bytes_exchanged / GIB:.0f} GiB")
        rows.append(row)
    return rows


def send(num_qubits: int) -> None:
    """On all ranks: run every family, and print what rank 0 has sent beside what its plan says."""
    from ketjet import _core, engine
    from ketjet.ranks import Ranks

    with Ranks(share_from=num_qubits) as ranks:
        if ranks is not None:
            for name in FAMILIES:
                program, made = planned(name, num_qubits, ranks.global_qubits)
                control = engine.Control()
                ranks.execute(engine.Task(program, 1024, 1, plan=made), control)
                sent = control.counters.bytes_exchanged
                print(json.dumps([name, sent, _core.plan_cost(made, 1).bytes_exchanged]), flush=True)


def step(num_qubits: int, threads: int, names: list[str], shared: bool) -> None:
    """Evolve a random state by every family three times; print seconds, and the peak of this process in bytes."""
    from qiskit import QuantumCircuit

    from ketjet import StateVector
    from ketjet.ranks import Ranks

    ranks = Ranks() if shared else None
    state: Any = StateVector(num_qubits, ranks=ranks, max_threads=threads)
    product = QuantumCircuit(num_qubits)
    for qubit in range(num_qubits):
        product.ry(0.3 + 0.1 * qubit, qubit)
        product.rz(0.2 * qubit, qubit)
    state.evolve(product)
    seconds = {}
    for name in names:
        circuit, taken = build(name, num_qubits), []
        for _ in range(3):
            begin = time.perf_counter()
            state.evolve(circuit)
            taken.append(time.perf_counter() - begin)
        seconds[name] = min(taken)
    if ranks is None or ranks.rank == 0:
        print(json.dumps([seconds, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))


def cancel(num_qubits: int) -> None:
    """On all ranks: cancel a long job a few times, and print the seconds until every rank has taken the next one."""
    from ketjet import Simulator
    from ketjet.errors import JobCancelledError
    from ketjet.ranks import Ranks

    long, next_one = build("quantum_volume", num_qubits, depth=400), build("ghz", num_qubits)
    long.measure_all()
    next_one.measure_all()
    with Ranks(share_from=num_qubits) as ranks:
        if ranks is not None:
            backend = Simulator(ranks=ranks)
            backend.run(next_one).result()
            for turn in range(10):
                job = backend.run(long)
                while not job.progress().bytes_moved:
                    time.sleep(0.001)
                time.sleep(0.1 + 0.03 * turn)
                begin = time.perf_counter()
                job.cancel()
                try:
                    job.result()
                except JobCancelledError:
                    backend.run(next_one).result()
                print(json.dumps([time.perf_counter() - begin]), flush=True)


def killed(num_qubits: int) -> float:
    """Kill one of two ranks in the middle of a job; return the seconds until the launcher has ended."""
    command = [str(MPIEXEC), "-n", "2", sys.executable, str(HERE / "run.py"), "ranks", "--child", "wait"]
    launcher = subprocess.Popen(
        [*command, "--qubits", str(num_qubits)], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    )
    assert launcher.stdout is not None
    victim = int(json.loads(launcher.stdout.readline())[0])
    time.sleep(1)
    begin = time.perf_counter()
    os.kill(victim, signal.SIGKILL)
    launcher.wait(60)
    return time.perf_counter() - begin


def wait(num_qubits: int) -> None:
    """On all ranks: begin a long job, after rank 0 has told the process of rank 1."""
    from mpi4py import MPI

    from ketjet import Simulator
    from ketjet.ranks import Ranks

    pids = MPI.COMM_WORLD.allgather(os.getpid())
    long = build("quantum_volume", num_qubits, depth=4000)
    long.measure_all()
    with Ranks(share_from=num_qubits) as ranks:
        if ranks is not None:
            job = Simulator(ranks=ranks).run(long)
            while not job.progress().bytes_moved:
                time.sleep(0.001)
            print(json.dumps([pids[1]]), flush=True)
            job.result()


def child(ranks: int, *arguments: str) -> list[Any]:
    """Run this module on so many ranks, without a launcher on 0, and return what it prints."""
    launcher = [str(MPIEXEC), "-n", str(ranks)] if ranks else []
    command = [*launcher, sys.executable, str(HERE / "run.py"), "ranks", *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1200).stdout
    return [json.loads(line) for line in printed.splitlines() if line.startswith("[")]


def main() -> int:
    """Measure all of it, print tables and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qubits", type=int, default=26, help="of the state that is stepped through")
    parser.add_argument("--sent-qubits", type=int, default=18, help="of the circuits whose messages are counted")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--names", nargs="+", default=["quantum_volume", "qft", "ising", "supremacy", "ansatz"])
    parser.add_argument("--child", choices=["send", "step", "shared-step", "cancel", "wait"], help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child == "send":
        send(options.sent_qubits)
        return 0
    if options.child in ("cancel", "wait"):
        {"cancel": cancel, "wait": wait}[options.child](options.qubits)
        return 0
    if options.child:
        step(options.qubits, options.threads, options.names, options.child == "shared-step")
        return 0

    facts = machine_facts()
    sent = {
        str(ranks): child(ranks, "--child", "send", "--sent-qubits", str(options.sent_qubits)) for ranks in (2, 4, 8)
    }
    differing = sum(found != wanted for rows in sent.values() for _, found, wanted in rows)
    cancelled = [seconds for (seconds,) in child(2, "--child", "cancel", "--qubits", str(options.qubits - 2))]
    lost = killed(options.qubits - 2)
    crews = {"2 threads": (0, 2), "2 ranks": (2, 1), "1 rank": (1, 2)}
    best: dict[str, dict[str, float]] = {name: {} for name in crews}
    peak: dict[str, int] = {}
    for _ in range(options.rounds):
        for crew, (ranks, threads) in crews.items():
            kind = "shared-step" if ranks else "step"
            settings = ["--qubits", str(options.qubits), "--threads", str(threads), "--names", *options.names]
            ((seconds, bytes_held),) = child(ranks, "--child", kind, *settings)
            peak[crew] = bytes_held
            for name, taken in seconds.items():
                best[crew][name] = min(taken, best[crew].get(name, taken))
    ratios = {
        crew: {name: best[crew][name] / best["2 threads"][name] for name in options.names}
        for crew in ("2 ranks", "1 rank")
    }
    counted = volumes(36)
    table = predictions(16)
    header = ["circuit", *next(iter(counted.values()))]
    print("exchanges / shares sent, 36 qubits\n")
    print(
        markdown_table(
            header, [[name, *(f"{e:.0f} / {v:.2f}" for e, v in row.values())] for name, row in counted.items()]
        )
    )
    print("\npredictions, 16 threads a rank\n")
    print(markdown_table(["qubits", "ranks", "GiB a rank", *PREDICTED], table))
    print(f"\nruns in which ranks sent what their plan did not say: {differing}\n")
    rows = [
        [name, *(f"{best[crew][name]:.3f}" for crew in crews), f"{ratios['2 ranks'][name]:.2f}"]
        for name in options.names
    ]
    print(markdown_table(["seconds", *crews, "2 ranks / 2 threads"], rows))
    share = AMPLITUDE_BYTES << (options.qubits - 1)
    beside = (peak["2 ranks"] - share - (peak["2 threads"] - 2 * share)) / (1 << 20)
    print(f"\na job that is cancelled makes room for the next one on both ranks within {1e3 * max(cancelled):.0f} ms")
    print(f"all processes have ended {lost:.2f} s after one was killed")
    print(f"a rank holds {beside:.0f} MiB beside its share, more than one process beside its state")
    write_results(
        "ranks",
        facts,
        vars(options),
        volumes=counted,
        sent=sent,
        differing=differing,
        seconds=best,
        worst={crew: max(row.values()) for crew, row in ratios.items()},
        ratios=ratios,
        beside_share_mib=beside,
        cancelled_seconds=max(cancelled),
        lost_seconds=lost,
    )
    return 0
