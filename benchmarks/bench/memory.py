"""Peak resident memory of a job that returns counts, and of a gradient, over the size of the state.

Each measurement is a fresh process. What it holds after its imports and one tiny job is subtracted from its peak.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import subprocess
import sys
from pathlib import Path

from circuits.families import GENERATORS, build
from circuits.variational import build_problem
from protocol.measure import (
    AMPLITUDE_BYTES,
    HERE,
    child_environment,
    machine_facts,
    make_backend,
    markdown_table,
    write_results,
)

GRADIENT = "gradient"
"""Of the energy of an Ising chain in the state of an ansatz with four parameters a qubit."""


def resident_bytes() -> int:
    """Memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def child(engine: str, circuit: str, qubits: int, precision: str, threads: int, shots: int) -> None:
    """Run one job in this process and print the bytes of its peak above those held before."""
    backend = make_backend(engine, precision, threads)
    tiny, measured = build("ghz", 2), build(circuit, qubits)
    tiny.measure_all()
    measured.measure_all()
    backend.run(tiny, shots=shots).result().get_counts()
    before = resident_bytes()
    counts = backend.run(measured, shots=shots).result().get_counts()
    assert sum(counts.values()) == shots
    print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def gradient_child(qubits: int, precision: str, threads: int) -> None:
    """Differentiate one energy by ketjet in this process and print the bytes of its peak above those held before."""
    from ketjet import Simulator

    simulator = Simulator(precision=precision, max_threads=threads)
    tiny, measured = (build_problem("ansatz", "ising", n, 4 * n, 0) for n in (2, qubits))
    simulator.gradient(tiny.circuit, tiny.observable, tiny.values)
    before = resident_bytes()
    assert len(simulator.gradient(measured.circuit, measured.observable, measured.values)) == 4 * qubits
    print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def main() -> int:
    """Measure all cases, each in a process of its own, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["ketjet", "aer"], default="ketjet")
    parser.add_argument("--qubits", type=int, default=26)
    parser.add_argument("--gradient-qubits", type=int, default=22)
    parser.add_argument(
        "--circuits", nargs="+", choices=[*GENERATORS, GRADIENT], default=["qft", "ansatz", "supremacy", GRADIENT]
    )
    parser.add_argument("--precision", nargs="+", choices=["double", "single"], default=["double", "single"])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--shots", type=int, default=1024)
    parser.add_argument("--name", default="memory", help="name of the result file")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        circuit, precision = options.circuits[0], options.precision[0]
        if circuit == GRADIENT:
            gradient_child(options.gradient_qubits, precision, options.threads)
        else:
            child(options.engine, circuit, options.qubits, precision, options.threads, options.shots)
        return 0
    facts, cases, rows = machine_facts(), [], []
    for precision, circuit in itertools.product(options.precision, options.circuits):
        if circuit == GRADIENT and options.engine != "ketjet":
            continue
        qubits = options.gradient_qubits if circuit == GRADIENT else options.qubits
        command = [sys.executable, str(HERE / "run.py"), "memory", "--child", "--circuits", circuit]
        command += ["--precision", precision]
        for key in ("engine", "qubits", "gradient_qubits", "threads", "shots"):
            command += [f"--{key.replace('_', '-')}", str(getattr(options, key))]
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, env=child_environment(options.threads)
        )
        peak, state = int(done.stdout.split()[-1]), AMPLITUDE_BYTES[precision] << qubits
        sizes = {"peak_bytes": peak, "state_bytes": state, "ratio": peak / state}
        cases.append({"circuit": circuit, "qubits": qubits, "precision": precision, **sizes})
        rows.append([circuit, qubits, precision, f"{state / 2**20:.1f}", f"{peak / 2**20:.1f}", f"{peak / state:.3f}"])
    print(markdown_table(["circuit", "qubits", "precision", "state MiB", "peak MiB", "peak / state"], rows))
    jobs, gradients = ([c["ratio"] for c in cases if (c["circuit"] == GRADIENT) == wanted] for wanted in (False, True))
    worst = {name: max(found) for name, found in (("worst_ratio", jobs), ("gradient_states", gradients)) if found}
    path = write_results(options.name, facts, vars(options), cases=cases, **worst)
    print(f"\nwritten: {path}")
    return 0
