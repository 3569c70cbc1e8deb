"""How well a job's progress tells what is to come, in runs of more than five seconds.

Each case is a fresh process that runs its job twice, so that the first run of a process is there too. Printed are the
worst error of the predicted total (elapsed and still to go) from a tenth of the run on, relative to what the run took,
and whether the fraction never went back.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from protocol.measure import HERE, child_environment, machine_facts, make_backend, markdown_table, write_results
from qiskit import QuantumCircuit

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = tuple[list[QuantumCircuit], dict[str, Any]]

PROMISED = 0.3
FROM = 0.1
ASKED_EVERY = 0.01


def layers(num_qubits: int, depth: int, seed: int = 1) -> QuantumCircuit:
    """Build layers of rotations of all qubits, and of CX along a random order of them."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(num_qubits)
    for _ in range(depth):
        for qubit in range(num_qubits):
            circuit.ry(rng.uniform(0.2, 1.4), qubit)
            circuit.rz(rng.uniform(0.2, 1.4), qubit)
        order = rng.permutation(num_qubits).tolist()
        for one, other in itertools.pairwise(order):
            circuit.cx(one, other)
    return circuit


def measured(num_qubits: int, depth: int, seed: int = 1) -> QuantumCircuit:
    """Build such layers, measured."""
    circuit = layers(num_qubits, depth, seed)
    circuit.measure_all()
    return circuit


def parting(num_qubits: int, rounds: int, depth: int = 1) -> QuantumCircuit:
    """Build layers with a measurement behind each that parts all shots, and with feed-forward."""
    circuit = QuantumCircuit(num_qubits, rounds + num_qubits)
    for turn in range(rounds):
        circuit.compose(layers(num_qubits, depth, turn), range(num_qubits), inplace=True)
        qubit = turn % num_qubits
        circuit.measure(qubit, turn)
        with circuit.if_test((circuit.clbits[turn], 1)):
            circuit.ry(0.7, (qubit + 1) % num_qubits)
    circuit.measure(range(num_qubits), range(rounds, rounds + num_qubits))
    return circuit


def waves(num_qubits: int) -> QuantumCircuit:
    """Build a state with all amplitudes alike, which is nothing beside sampling it."""
    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    circuit.measure_all()
    return circuit


CASES: dict[str, Callable[[], Run]] = {
    "straight, 26 qubits": lambda: ([measured(26, 12)], {"shots": 1000}),
    "straight, 20 qubits": lambda: ([measured(20, 500)], {"shots": 1000}),
    "shallow, 27 qubits": lambda: ([measured(27, 3)], {"shots": 1000}),
    "10^9 shots of 24 qubits": lambda: ([waves(24)], {"shots": 10**9}),
    "a list of 10^8 shots": lambda: ([waves(10)], {"shots": 10**8, "memory": True}),
    "state of 26 qubits": lambda: ([layers(26, 12)], {}),
    "tree of 2000 shots, 16 qubits": lambda: ([parting(16, 16)], {"shots": 2000}),
    "tree of 10^5 shots, 12 qubits": lambda: ([parting(12, 14)], {"shots": 10**5}),
    "tree of few branches, 24 qubits": lambda: ([parting(24, 4)], {"shots": 1000}),
    "exact, 16 qubits": lambda: ([parting(16, 8)], {"exact": True}),
    "exact, 21 qubits": lambda: ([parting(21, 4)], {"exact": True}),
    "20 circuits of 22 qubits": lambda: ([measured(22, 2 + 3 * i, i) for i in range(12)], {"shots": 1000}),
    "circuits of 10 to 24 qubits": lambda: ([measured(10 + i, 20, i) for i in range(15)], {"shots": 1000}),
    "circuits of all kinds": lambda: (
        [measured(24, 6), parting(14, 10), waves(22), parting(18, 6)], {"shots": 1000}
    ),
}  # fmt: skip


def follow(backend: Any, run: Run) -> dict[str, Any]:
    """Run a job and tell how well its progress did."""
    circuits, options = run
    job, asked = backend.run(circuits, seed_simulator=1, **options), []
    while not job.done():
        asked.append(job.progress())
        time.sleep(ASKED_EVERY)
    job.result()
    total = job.progress().elapsed
    errors = [
        (abs(each.elapsed + each.eta - total) / total if each.eta is not None else float("inf"), each.elapsed / total)
        for each in asked
        if each.elapsed >= FROM * total
    ]
    worst, at = max(errors, default=(0.0, 0.0))
    fractions = [each.fraction for each in asked]
    return {"seconds": total, "worst": worst, "at": at, "monotone": fractions == sorted(fractions)}


def child(name: str, threads: int) -> None:
    """Do a case twice in this process and print what came of it."""
    backend, run = make_backend("ketjet", "double", threads), CASES[name]()
    print(json.dumps([follow(backend, run) for _ in range(2)]))


def main() -> int:
    """Measure all cases, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES), metavar="CASE")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--name", default="progress", help="name of the result file")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.cases[0], options.threads)
        return 0
    facts, cases = machine_facts(), []
    for name in options.cases:
        command = [sys.executable, str(HERE / "run.py"), "progress", "--child", "--cases", name]
        command += ["--threads", str(options.threads)]
        environment = child_environment(options.threads)
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
        cases += [
            {"case": name, "run": run, **facts_of_run} for run, facts_of_run in enumerate(json.loads(done.stdout), 1)
        ]
        print(f"{name}: {[round(case['worst'], 2) for case in cases[-2:]]}", file=sys.stderr, flush=True)
    rows = [
        [
            case["case"],
            case["run"],
            f"{case['seconds']:.1f}",
            f"{case['worst']:.0%}",
            f"{case['at']:.0%}",
            "yes" if case["monotone"] else "no",
        ]
        for case in cases
    ]
    print(markdown_table(["case", "run", "seconds", "worst error", "at", "monotone"], rows))
    long = [case for case in cases if case["seconds"] >= 5]
    kept = all(case["worst"] <= PROMISED and case["monotone"] for case in long)
    print(f"\nwithin {PROMISED:.0%} from a tenth of the run on, in all runs over 5 s: {'yes' if kept else 'no'}")
    path = write_results(options.name, facts, vars(options), cases=cases, kept=kept)
    print(f"written: {path}")
    return 0
