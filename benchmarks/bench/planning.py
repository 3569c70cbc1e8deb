"""Time to plan large circuits without running them: by default 30 qubits and 10^5 gates.

Each round plans a circuit of another seed, so that no plan is found ready; the minimum of the rounds counts.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from circuits.families import GENERATORS, build
from protocol.measure import child_environment, machine_facts, make_backend, markdown_table, write_results

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

RANDOM_NAMES = ("clifford_t", "supremacy", "ansatz", "qcbm", "qaoa", "quantum_volume")
"""Families whose circuits differ with the seed and grow with the depth."""


def deep_circuit(name: str, num_qubits: int, gates: int, seed: int) -> QuantumCircuit:
    """Build a circuit just deep enough for so many gates."""
    layer = build(name, num_qubits, depth=9, seed=seed).size() - build(name, num_qubits, depth=1, seed=seed).size()
    return build(name, num_qubits, depth=math.ceil(8 * gates / layer), seed=seed)


def planning_time(backend: Any, circuit: QuantumCircuit) -> tuple[float, float]:
    """Return the seconds of planning alone, and of the whole call, lowering included."""
    begin = time.perf_counter()
    if hasattr(backend, "explain"):
        planning = float(backend.explain(circuit).to_dict()["planning_seconds"])
        return planning, time.perf_counter() - begin
    backend.estimate(circuit)
    seconds = time.perf_counter() - begin
    return seconds, seconds


def main() -> int:
    """Measure all circuits, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qubits", type=int, default=30)
    parser.add_argument("--gates", type=int, default=10**5)
    parser.add_argument("--circuits", nargs="+", choices=list(GENERATORS), default=list(RANDOM_NAMES))
    parser.add_argument("--precision", choices=["single", "double"], default="double")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--name", default="planning", help="name of the result file")
    options = parser.parse_args()
    os.environ.update(child_environment(options.threads))
    facts, cases = machine_facts(), []
    backend = make_backend("ketjet", options.precision, options.threads)
    for name in options.circuits:
        rounds = []
        for seed in range(1, options.rounds + 1):
            circuit = deep_circuit(name, options.qubits, options.gates, seed)
            rounds.append(planning_time(backend, circuit))
        planning, total = (min(times) for times in zip(*rounds, strict=True))
        sizes = {"circuit": name, "qubits": options.qubits, "gates": circuit.size()}
        cases.append({**sizes, "planning_seconds": planning, "total_seconds": total})
        print(f"{name}: {planning:.3f} s", file=sys.stderr, flush=True)
    rows = [
        [case["circuit"], case["qubits"], case["gates"]]
        + [f"{1e3 * case[key]:.1f}" for key in ("planning_seconds", "total_seconds")]
        for case in cases
    ]
    print(markdown_table(["circuit", "qubits", "gates", "planning ms", "lowering and planning ms"], rows))
    worst = max(case["planning_seconds"] for case in cases)
    path = write_results(options.name, facts, vars(options), cases=cases, worst_planning_seconds=worst)
    print(f"\nwritten: {path}")
    return 0
