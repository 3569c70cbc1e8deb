"""Sweeps on executors beside ketjet's own workers: what sending points elsewhere costs.

A sweep of 1000 points that takes part of a second, and one that takes 20 s and more, run on ketjet's own workers, on a
process pool and on dask workers of one thread each, as many as there are cores. All take turns, and the minima count.
Counts must be the same everywhere. dask is needed: ``pip install distributed``.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from circuits.variational import ansatz
from protocol.measure import machine_facts, markdown_table, write_results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit import QuantumCircuit

PLACES = ("own", "processes", "dask")


@contextlib.contextmanager
def executors(workers: int) -> Iterator[dict[str, Any]]:
    """Start all places, and let them be for a while."""
    from distributed import Client, LocalCluster

    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(workers, mp_context=spawn) as pool,
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield {"own": None, "processes": pool, "dask": client}


def sweep(num_qubits: int, layers: int, points: int) -> tuple[QuantumCircuit, np.ndarray]:
    """Return a measured circuit with as many parameters as qubits in each layer, and values for all points."""
    circuit = ansatz(num_qubits, num_qubits * layers)
    circuit.measure_all()
    return circuit, np.random.default_rng(5).uniform(0, 2 * np.pi, (points, circuit.num_parameters))


def least_seconds(
    places: dict[str, Any], given: tuple[QuantumCircuit, np.ndarray], rounds: int, shots: int
) -> dict[str, Any]:
    """Return the least seconds of each place, and how many of them had other counts."""
    from ketjet import Simulator

    circuit, values = given
    binds = [dict(zip(circuit.parameters, values.T, strict=True))]
    backend, took, counts = Simulator(seed_simulator=5), {}, {}
    for turn in range(rounds):
        for name, executor in places.items():
            begin = time.perf_counter()
            result = backend.run(circuit, parameter_binds=binds, shots=shots, executor=executor).result()
            took[name] = min(took.get(name, np.inf), time.perf_counter() - begin)
            if turn == 0:
                counts[name] = [hash(frozenset(found.items())) for found in result.get_counts()]
    return {"seconds": took, "wrong": sum(found != counts["own"] for found in counts.values())}


def main() -> int:
    """Measure both sweeps, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1000, help="of the short sweep")
    parser.add_argument("--qubits", type=int, default=14)
    parser.add_argument("--long-points", type=int, default=6500, help="of the long one; 0 leaves it out")
    parser.add_argument("--long-qubits", type=int, default=20)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=7, help="of the short sweep; the long one has two")
    parser.add_argument("--name", default="farm", help="name of the result file")
    options = parser.parse_args()
    facts, results, rows = machine_facts(), {}, []
    import ketjet.options.machine  # noqa: F401 - before dask sets OMP_NUM_THREADS

    with executors(options.workers) as places:
        least_seconds(places, sweep(6, 2, 50), 2, 100)  # everybody has imported what it needs
        sizes = {"short": (options.qubits, options.points, options.rounds, 1000)}
        if options.long_points:
            sizes["long"] = (options.long_qubits, options.long_points, 2, 100)
        for name, (num_qubits, points, rounds, shots) in sizes.items():
            found = least_seconds(places, sweep(num_qubits, options.layers, points), rounds, shots)
            seconds = found["seconds"]
            found["over_ms"] = {place: 1e3 * (seconds[place] - seconds["own"]) for place in PLACES[1:]}
            found["ratio"] = {place: seconds[place] / seconds["own"] for place in PLACES[1:]}
            results[name] = found
            rows.append([name, num_qubits, points, *[f"{seconds[place]:.3f}" for place in PLACES], found["wrong"]])
    print(markdown_table(["sweep", "qubits", "points", *[f"{place} s" for place in PLACES], "wrong"], rows))
    print(f"\nwritten: {write_results(options.name, facts, vars(options), **results)}")
    return 0
