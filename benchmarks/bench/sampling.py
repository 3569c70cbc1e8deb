"""Time of many shots: what they cost beside the same circuit with one shot.

Each case runs in turn with 1 shot and with many; the difference of the minima is the price of the shots, result object
included. ``get_counts`` is timed apart. Counts must add up, and those of a GHZ state must be even within six sigma.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from circuits.families import build
from protocol.measure import child_environment, machine_facts, make_backend, markdown_table, write_results

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

CASES = ("ghz:24", "superposition:20", "superposition:24", "quantum_volume:16")
FEW_OUTCOMES = 1 << 20
"""Shots beyond 10^8 are asked only of circuits with at most so many outcomes; a dictionary of more is no benchmark."""


def timed_run(backend: Any, circuit: QuantumCircuit, shots: int) -> tuple[float, Any]:
    """Run once; return seconds and result."""
    begin = time.perf_counter()
    result = backend.run(circuit, shots=shots, seed_simulator=1).result()
    return time.perf_counter() - begin, result


def measure_case(backend: Any, name: str, qubits: int, shots: int, rounds: int) -> dict[str, Any]:
    """Measure one circuit with one number of shots."""
    circuit = build(name, qubits)
    circuit.measure_all()
    timed_run(backend, circuit, 1)
    single, many, counting = [], [], []
    for _ in range(rounds):
        single.append(timed_run(backend, circuit, 1)[0])
        seconds, result = timed_run(backend, circuit, shots)
        many.append(seconds)
        begin = time.perf_counter()
        counts = result.get_counts()
        counting.append(time.perf_counter() - begin)
    assert sum(counts.values()) == shots, f"{name}: the counts do not add up to {shots}"
    if name == "ghz":
        assert abs(counts["0" * qubits] - shots / 2) < 3 * shots**0.5, f"{name}: uneven counts {counts}"
    metadata = result.results[0].metadata or {}
    return {
        "circuit": name,
        "qubits": qubits,
        "shots": shots,
        "outcomes": len(counts),
        "one_shot_seconds": min(single),
        "total_seconds": min(many),
        "shots_seconds": max(0.0, min(many) - min(single)),
        "get_counts_seconds": min(counting),
        "reported_seconds": metadata.get("sample_measure_time"),
    }


def main() -> int:
    """Measure all cases, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["ketjet", "aer"], default="ketjet")
    parser.add_argument("--precision", choices=["single", "double"], default="double")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--shots", type=int, nargs="+", default=[10**6, 10**9])
    parser.add_argument("--cases", nargs="+", default=CASES, help="NAME:QUBITS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--name", default="sampling", help="name of the result file")
    options = parser.parse_args()
    os.environ.update(child_environment(options.threads))
    facts, cases = machine_facts(), []
    backend = make_backend(options.engine, options.precision, options.threads)
    for shots in options.shots:
        for name, qubits in (case.split(":") for case in options.cases):
            if shots > 10**8 and name != "ghz" and 1 << int(qubits) > FEW_OUTCOMES:
                continue
            case = measure_case(backend, name, int(qubits), shots, options.rounds)
            cases.append(case)
            print(f"{name} {qubits} {shots}: {case['shots_seconds']:.4f} s", file=sys.stderr, flush=True)
    keys = ("one_shot_seconds", "total_seconds", "shots_seconds", "get_counts_seconds", "reported_seconds")
    rows = [
        [case["circuit"], case["qubits"], f"{case['shots']:.0e}", case["outcomes"]]
        + ["-" if case[key] is None else f"{1e3 * case[key]:.2f}" for key in keys]
        for case in cases
    ]
    times = ("1 shot ms", "all ms", "shots ms", "get_counts ms", "reported ms")
    print(markdown_table(["circuit", "qubits", "shots", "outcomes", *times], rows))
    path = write_results(options.name, facts, vars(options), cases=cases)
    print(f"\nwritten: {path}")
    return 0
