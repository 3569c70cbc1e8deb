"""Small work beside other engines: a Bell pair, 500 circuits of five qubits, 1000 points of a sweep and their states.

And 10^4 energies. All engines take turns at each task, whoever is not at work is stopped. A turn is one call or as many
as fit into ``burst`` seconds; minima count. An engine whose first call takes longer than ``slow`` has no other. What is
measured of counts must agree as random draws do, states and energies to nine digits.

Then ketjet alone: reading circuits, by the gate; 112,016 gates from the object to counts; the import beyond
Qiskit's; and 10^5 small jobs, from one thread and from several, with the memory that they leave behind.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time
import unittest.mock
from typing import TYPE_CHECKING, Any

from engines.small import ENGINES
from protocol.measure import machine_facts, markdown_table, write_results
from protocol.turns import EngineProcess

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

TASKS = ("bell", "circuits", "sweep", "states", "energies")
OURS = ("ketjet", "primitives")
LARGE_GATES = 112_016


def agree(task: str, found: list[float], reference: list[float]) -> bool:
    """Whether two engines have found the same numbers, or as many shots with as many ones as chance allows."""
    if task in ("states", "energies"):
        return all(abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a, b in zip(found, reference, strict=True))
    return found[1] == reference[1] and abs(found[0] - reference[0]) < 6 / found[1] ** 0.5


def measure_task(crew: dict[str, EngineProcess], task: str, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Let all engines that know a task take turns at it."""
    seconds: dict[str, list[float]] = {}
    outcomes: dict[str, dict[str, Any]] = {}
    for name in [name for name in crew if task in ENGINES[name].tasks]:
        answer = crew[name].prepare(task=task)
        answer = answer if "error" in answer else crew[name].ask("run", repeats=1)
        outcomes[name] = {"error": answer["error"]} if "error" in answer else {"found": answer["found"]}
        seconds[name] = answer.get("seconds", [])
    quick = [name for name, taken in seconds.items() if taken and taken[0] <= options.slow]
    for name in quick:
        first = crew[name].ask("run", repeats=1)["seconds"]  # plans and memory were found in the first call
        seconds[name] = first
    for turn in range(options.rounds):
        first_engine = turn % max(1, len(quick))
        for name in quick[first_engine:] + quick[:first_engine]:
            repeats = max(1, min(2000, round(options.burst / max(min(seconds[name]), 1e-6))))
            seconds[name] += crew[name].ask("run", repeats=repeats)["seconds"]
    reference = next((outcome["found"] for outcome in outcomes.values() if "found" in outcome), None)
    for name, outcome in outcomes.items():
        crew[name].ask("drop")
        if reference is not None and "found" in outcome:
            taken = seconds[name]
            outcome |= {"best": min(taken), "median": statistics.median(taken)}
            outcome["agrees"] = agree(task, outcome["found"], reference)
    return outcomes


def large_circuit() -> QuantumCircuit:
    """Build 5 qubits with 112,016 gates."""
    from qiskit import QuantumCircuit

    circuit, layer = QuantumCircuit(5), 0
    while len(circuit.data) < LARGE_GATES:
        for qubit in range(5):
            circuit.rz(0.1 + layer, qubit)
            circuit.sx(qubit)
        for qubit in range(layer % 2, 4, 2):
            circuit.cx(qubit, qubit + 1)
        layer += 1
    del circuit.data[LARGE_GATES:]
    circuit.measure_all()
    return circuit


def _best(call: Any, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def intake(rounds: int) -> dict[str, float]:
    """Return nanoseconds a gate of reading a circuit, in C++ and in Python, and milliseconds of running it."""
    from ketjet import Simulator
    from ketjet.lowering import lower, native

    circuit, backend = large_circuit(), Simulator()
    found = {"native_ns": 1e9 * _best(lambda: lower(circuit), rounds) / LARGE_GATES}
    with unittest.mock.patch.object(native, "read", return_value=None):
        found["python_ns"] = 1e9 * _best(lambda: lower(circuit), rounds) / LARGE_GATES
    found["large_ms"] = 1e3 * _best(lambda: backend.run(circuit, shots=100).result().get_counts(), rounds)
    return found


def import_seconds(rounds: int) -> float:
    """Return by how much an import of ketjet takes longer than one of Qiskit, in seconds."""
    best = {}
    for _ in range(rounds):
        for modules in ("qiskit", "qiskit, ketjet"):
            code = f"import time; t = time.perf_counter(); import {modules}; print(time.perf_counter() - t)"
            taken = float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
            best[modules] = min(taken, best.get(modules, taken))
    return best["qiskit, ketjet"] - best["qiskit"]


def throughput(jobs: int, threads: int) -> dict[str, float]:
    """Run so many Bell pairs from so many threads; return jobs a second, and MiB by which the peak of memory grew."""
    from circuits.small import bell

    from ketjet import Simulator

    backend, circuit = Simulator(), bell()

    def work(count: int) -> None:
        for _ in range(count):
            backend.run(circuit, shots=100).result().get_counts()

    work(1000)
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    team = [threading.Thread(target=work, args=(jobs // threads,)) for _ in range(threads)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"jobs_per_second": jobs / (time.perf_counter() - begin), "grown_mib": grown / 1024}


def headline(tasks: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """The figures that ``goals.toml`` asks for."""
    found: dict[str, Any] = {
        "wrong": sum(not each.get("agrees", True) for outcomes in tasks.values() for each in outcomes.values()),
        "failed": sum("error" in outcomes.get(name, {}) for outcomes in tasks.values() for name in OURS),
    }
    for task, outcomes in tasks.items():
        best = {name: each["best"] for name, each in outcomes.items() if "best" in each and each["agrees"]}
        own = min([best[name] for name in OURS if name in best], default=None)
        others = [seconds for name, seconds in best.items() if name not in OURS]
        if own is None:
            continue
        found[task] = {f"{name}_us": 1e6 * best[name] for name in OURS if name in best}
        if others:
            found[task]["peer"] = min(others) / own
        if "aer" in best:
            found[task]["aer"] = best["aer"] / own
    return found


def _cell(outcome: dict[str, Any] | None) -> str:
    if outcome is None:
        return "-"
    if "error" in outcome:
        return "failed"
    return f"{'' if outcome['agrees'] else '**wrong** '}{1e3 * outcome['best']:.4g}"


def main() -> int:
    """Measure, print and write; 1 if ketjet failed or engines disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="*", choices=TASKS, default=list(TASKS))
    parser.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--burst", type=float, default=0.2)
    parser.add_argument("--slow", type=float, default=3.0, help="an engine slower than this has one call")
    parser.add_argument("--jobs", type=int, default=100_000, help="jobs of each throughput; 0 for none")
    parser.add_argument("--submitters", type=int, nargs="*", default=[1, 2, 8])
    parser.add_argument("--name", default="small", help="name of the result file")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no stopped worker is left behind
    names = [name for name in options.engines if ENGINES[name].installed()]
    facts = machine_facts()
    crew = {name: EngineProcess(name, options.threads, module="engines.small_worker") for name in names}
    try:
        tasks = {task: measure_task(crew, task, options) for task in options.tasks}
    finally:
        for process in crew.values():
            process.close()
    found = headline(tasks)
    found["import_ms"] = 1e3 * import_seconds(options.rounds)
    found["intake"] = intake(options.rounds)
    if options.jobs:
        found["jobs"] = {f"from_{count}": throughput(options.jobs, count) for count in options.submitters}
    path = write_results(options.name, facts, vars(options), headline=found, tasks=tasks)
    rows = [[task, *(_cell(outcomes.get(name)) for name in names)] for task, outcomes in tasks.items()]
    table = markdown_table(["task", *(f"{name} ms" for name in names)], rows)
    path.with_suffix(".md").write_text(table + "\n")
    for task, outcomes in tasks.items():
        for name, outcome in outcomes.items():
            if "error" in outcome:
                print(f"{task}, {name}: {outcome['error']}", file=sys.stderr)
    print(table, "", *(f"{key}: {value}" for key, value in found.items()), f"\nwritten: {path}", sep="\n")
    return 1 if found["wrong"] or found["failed"] else 0
