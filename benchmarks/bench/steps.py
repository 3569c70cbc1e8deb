"""A ``StateVector`` that steps through a circuit, in one piece and in ten, beside a run of the same circuit.

The run (``return_state=True``), ``reset(); evolve(circuit)``, ``reset()`` with one ``evolve`` a piece, and the plans of
the pieces, each made for the qubits that are |0> then, with nothing around them, take turns; the minima count. A first
round, in which plans are made and memory is found, does not.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from circuits.families import GENERATORS, build
from protocol.measure import child_environment, geometric_mean, machine_facts, markdown_table, write_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit import QuantumCircuit

TOLERANCE = {"double": 1e-10, "single": 1e-4}
WAYS = ("run", "one piece", "pieces", "plans")


def pieces_of(circuit: QuantumCircuit, count: int) -> list[QuantumCircuit]:
    """Cut a circuit into pieces of about equally many operations."""
    pieces = []
    for index in range(count):
        piece = circuit.copy_empty_like()
        piece.data = circuit.data[len(circuit.data) * index // count : len(circuit.data) * (index + 1) // count]
        piece.global_phase = circuit.global_phase if index == 0 else 0
        pieces.append(piece)
    return [piece for piece in pieces if piece.data]


def measure(circuit: QuantumCircuit, precision: str, options: argparse.Namespace) -> dict[str, float]:
    """Return the least seconds of each way; all must come to the same state."""
    from ketjet import Simulator, StateVector, engine
    from ketjet.lowering import lower

    backend = Simulator(precision=precision, max_threads=options.threads)
    state, parts = StateVector(circuit.num_qubits, precision), pieces_of(circuit, options.pieces)

    def run() -> Any:
        return backend.run(circuit, shots=1, return_state=True).result().get_statevector()

    def step(*steps: QuantumCircuit) -> StateVector:
        state.reset()
        for piece in steps:
            state.evolve(piece)
        return state

    bare = engine.State(circuit.num_qubits, precision)
    programs = [lower(piece, keep_idle_qubits=True, starts_in_zero=False).program for piece in parts]

    def plans() -> Any:
        bare.set_zero(options.threads)
        for program in programs:
            bare.evolve(program, options.threads)
        return bare

    ways: dict[str, Callable[[], Any]] = {
        "run": run, "one piece": lambda: step(circuit), "pieces": lambda: step(*parts), "plans": plans,
    }  # fmt: skip
    least, expected = dict.fromkeys(WAYS, math.inf), np.array(run())
    for way in WAYS[1:]:
        reached = ways[way]()
        amplitudes = np.array(reached.array if reached is bare else reached)  # a copy: no view of the state lives on
        if abs(abs(np.vdot(expected, amplitudes)) - 1) > TOLERANCE[precision]:
            raise RuntimeError(f"{way}: another state than that of the run")
    for _ in range(options.rounds):
        for way, call in ways.items():
            begin = time.perf_counter()
            kept = call()
            least[way] = min(least[way], time.perf_counter() - begin)
            del kept  # its memory is what the next run writes to
    return least


def main() -> int:
    """Measure all circuits, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ["quantum_volume", "qft", "ansatz", "ghz"]
    parser.add_argument("--circuits", "--families", dest="circuits", nargs="+", choices=list(GENERATORS), default=names)
    parser.add_argument("--qubits", type=int, nargs="+", default=[22])
    parser.add_argument("--precision", nargs="+", choices=["double", "single"], default=["double", "single"])
    parser.add_argument("--pieces", type=int, default=10)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--name", default="steps", help="name of the result file")
    options = parser.parse_args()
    os.environ.update(child_environment(options.threads))
    facts, cases, rows = machine_facts(), [], []
    for precision in options.precision:
        for num_qubits in options.qubits:
            for name in options.circuits:
                took = measure(build(name, num_qubits), precision, options)
                ratios = [took["one piece"] / took["run"], took["pieces"] / took["plans"]]
                case = {"circuit": name, "qubits": num_qubits, "precision": precision, "seconds": took}
                cases.append({**case, "one_piece_over_run": ratios[0], "pieces_over_plans": ratios[1]})
                times = [f"{1e3 * took[way]:.2f}" for way in WAYS]
                rows.append([name, num_qubits, precision, *times, *(f"{ratio:.2f}" for ratio in ratios)])
    means = [geometric_mean([case[key] for case in cases]) for key in ("one_piece_over_run", "pieces_over_plans")]
    rows.append(["geometric mean", *[""] * 6, *(f"{mean:.2f}" for mean in means)])
    many = f"{options.pieces} pieces"
    header = [
        "circuit",
        "qubits",
        "precision",
        "run ms",
        "one piece ms",
        f"{many} ms",
        "their plans ms",
        "one piece / run",
        f"{many} / their plans",
    ]
    print(markdown_table(header, rows))
    worst = {
        "one_piece_over_run": max(case["one_piece_over_run"] for case in cases),
        "pieces_over_plans": max(case["pieces_over_plans"] for case in cases),
    }
    print(f"\nwritten: {write_results(options.name, facts, vars(options), cases=cases, worst=worst)}")
    return 0
