"""Exact and sampled runs beside the same run with one shot: what reading the state costs by itself.

Three runs take turns, and the minima count: one shot, ``exact=True``, and many shots. What is read by itself is the
difference to the run with one shot. Exact runs measure the first qubits only, since every outcome is a row.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from typing import TYPE_CHECKING, Any

from circuits.families import GENERATORS, build
from protocol.measure import child_environment, machine_facts, make_backend, markdown_table, write_results
from qiskit import ClassicalRegister

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def measured(circuit: QuantumCircuit, count: int) -> QuantumCircuit:
    """Measure the first qubits at the end."""
    register = ClassicalRegister(count, "meas")
    ended = circuit.copy()
    ended.add_register(register)
    ended.measure(range(count), register)
    return ended


def least_seconds(circuit: QuantumCircuit, precision: str, options: argparse.Namespace) -> dict[str, float]:
    """Return the least seconds of each kind of run."""
    backend = make_backend("ketjet", precision, options.threads)
    some, all_of_it = measured(circuit, options.measured), measured(circuit, circuit.num_qubits)
    runs: dict[str, tuple[QuantumCircuit, dict[str, Any]]] = {
        "one shot": (all_of_it, {"shots": 1}),
        "exact": (some, {"exact": True}),
        "sampled": (all_of_it, {"shots": options.shots}),
    }
    least = dict.fromkeys(runs, math.inf)
    for _ in range(options.rounds):
        for kind, (given, choice) in runs.items():
            begin = time.perf_counter()
            backend.run(given, **choice).result()
            least[kind] = min(least[kind], time.perf_counter() - begin)
    return least


def main() -> int:
    """Measure all circuits, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ["quantum_volume", "ansatz", "qft"]
    parser.add_argument("--circuits", "--families", dest="circuits", nargs="+", choices=list(GENERATORS), default=names)
    parser.add_argument("--qubits", type=int, nargs="+", default=[24])
    parser.add_argument("--measured", type=int, default=10, help="qubits that exact runs measure")
    parser.add_argument("--shots", type=int, default=10**6, help="of sampled runs, which measure all qubits")
    parser.add_argument("--precision", nargs="+", choices=["double", "single"], default=["double", "single"])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--name", default="exact", help="name of the result file")
    options = parser.parse_args()
    os.environ.update(child_environment(options.threads))
    facts, cases, rows = machine_facts(), [], []
    for precision in options.precision:
        for num_qubits in options.qubits:
            for name in options.circuits:
                took = least_seconds(build(name, num_qubits), precision, options)
                cases.append({"circuit": name, "qubits": num_qubits, "precision": precision, "seconds": took})
                own = [took[kind] - took["one shot"] for kind in ("exact", "sampled")]
                times = [f"{1e3 * seconds:.2f}" for seconds in (*took.values(), *own)]
                rows.append([name, num_qubits, precision, *times])
    header = [
        "circuit",
        "qubits",
        "precision",
        "one shot ms",
        "exact ms",
        "sampled ms",
        "exact by itself",
        "sampled by itself",
    ]
    print(markdown_table(header, rows))
    print(f"\nwritten: {write_results(options.name, facts, vars(options), cases=cases)}")
    return 0
