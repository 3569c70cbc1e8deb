"""What it brings to hold real amplitudes two in the place of one: the same circuits with `real_blocks` and without.

Both settings run by turns in one process, the state is handed over, and the minimum of the rounds counts.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from protocol.measure import child_environment, geometric_mean, machine_facts, markdown_table, write_results
from qiskit import QuantumCircuit
from qiskit.circuit.library import real_amplitudes

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 7


def ansatz(num_qubits: int, entanglement: str) -> QuantumCircuit:
    """Qiskit's RealAmplitudes of three repetitions, at random angles."""
    circuit = real_amplitudes(num_qubits, entanglement, reps=3)
    return circuit.assign_parameters(np.random.default_rng(SEED).uniform(-3, 3, circuit.num_parameters))


def grover(num_qubits: int) -> QuantumCircuit:
    """Three iterations for the basis state of ones, with X gates controlled by all other qubits."""
    circuit = QuantumCircuit(num_qubits)
    last = num_qubits - 1

    def flip_all_ones() -> None:
        circuit.h(last)
        circuit.mcx(list(range(last)), last)
        circuit.h(last)

    circuit.h(range(num_qubits))
    for _ in range(3):
        flip_all_ones()
        for gate in (circuit.h, circuit.x):
            gate(range(num_qubits))
        flip_all_ones()
        for gate in (circuit.x, circuit.h):
            gate(range(num_qubits))
    return circuit


def ghz_with_turns(num_qubits: int) -> QuantumCircuit:
    """A GHZ state between two layers of RY."""
    circuit = QuantumCircuit(num_qubits)
    circuit.ry(0.3, range(num_qubits))
    circuit.h(0)
    for qubit in range(num_qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.ry(1.1, range(num_qubits))
    return circuit


def clifford(num_qubits: int) -> QuantumCircuit:
    """Random H, X, CX and CZ, twelve for each qubit."""
    random = np.random.default_rng(SEED)
    circuit = QuantumCircuit(num_qubits)
    for _ in range(12 * num_qubits):
        first, second = map(int, random.choice(num_qubits, 2, replace=False))
        name = str(random.choice(["h", "x", "cx", "cz"]))
        getattr(circuit, name)(*((first,) if len(name) == 1 else (first, second)))
    return circuit


CIRCUITS: dict[str, Callable[[int], QuantumCircuit]] = {
    "ansatz, reverse linear": lambda n: ansatz(n, "reverse_linear"),
    "ansatz, full": lambda n: ansatz(n, "full"),
    "grover": grover,
    "ghz with turns": ghz_with_turns,
    "clifford": clifford,
}


def measure(backends: dict[str, Any], circuit: QuantumCircuit, rounds: int) -> dict[str, float]:
    """Return the least time of the engine in milliseconds, by setting."""
    least = dict.fromkeys(backends, np.inf)
    for _ in range(rounds):
        for setting, backend in backends.items():
            result = backend.run(circuit, return_state=True).result()
            least[setting] = min(least[setting], 1e3 * result.results[0].metadata["time_taken"])
            del result  # its memory is what the next run writes to
    return least


def main() -> int:
    """Measure all circuits, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qubits", type=int, nargs="+", default=[20, 22, 24])
    parser.add_argument("--precision", choices=["single", "double"], nargs="+", default=["double", "single"])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--name", default="real", help="name of the result file")
    options = parser.parse_args()
    os.environ.update(child_environment(options.threads))
    import ketjet

    facts, cases, rows = machine_facts(), [], []
    for precision in options.precision:
        backends = {
            setting: ketjet.Simulator(
                max_threads=options.threads, precision=precision, plan_options={"real_blocks": setting == "on"}
            )
            for setting in ("off", "on")
        }
        for num_qubits in options.qubits:
            ratios = []
            for name, build in CIRCUITS.items():
                took = measure(backends, build(num_qubits), options.rounds)
                ratios.append(took["off"] / took["on"])
                cases.append({"circuit": name, "qubits": num_qubits, "precision": precision, "milliseconds": took})
                shown = [f"{took['off']:.2f}", f"{took['on']:.2f}", f"{ratios[-1]:.2f}"]
                rows.append([name, num_qubits, precision, *shown])
                print(*rows[-1], file=sys.stderr, flush=True)
            rows.append(["geometric mean", num_qubits, precision, "", "", f"{geometric_mean(ratios):.2f}"])
    print(markdown_table(["circuit", "qubits", "precision", "off ms", "on ms", "off / on"], rows))
    path = write_results(options.name, facts, vars(options), cases=cases)
    print(f"\nwritten: {path}")
    return 0
