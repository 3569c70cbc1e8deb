"""How long another Python thread may have to wait for the GIL while a public call is busy.

A thread ticks every millisecond; its longest pause during the call, less that of an equal time without work, is how
long the call kept it waiting. The least of a few rounds counts: what else the computer does only adds to it.
"""

from __future__ import annotations

import argparse
import gc
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from protocol.measure import machine_facts, markdown_table, write_results
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction, ParameterVector
from qiskit.circuit.library import DiagonalGate

from ketjet import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

TICK = 0.001
PROMISE_MS = 20


def longest_pause(call: Callable[[], Any]) -> tuple[float, float]:
    """Return the longest pause of a thread that ticks meanwhile, and how long the call took, in seconds."""
    pauses, ended, ticking = [0.0], threading.Event(), threading.Event()

    def tick() -> None:
        last = time.perf_counter()
        while not ended.is_set():
            time.sleep(TICK)
            now = time.perf_counter()
            pauses.append(now - last - TICK)
            last = now
            ticking.set()

    thread = threading.Thread(target=tick)
    thread.start()
    ticking.wait()
    begin = time.perf_counter()
    kept = call()
    taken = time.perf_counter() - begin
    time.sleep(2 * TICK)
    ended.set()
    thread.join()
    del kept  # to let go of millions of objects is one step of Python, and no call
    return max(pauses), taken


def plain_gates(count: int, width: int = 12) -> QuantumCircuit:
    """Return a circuit of so many gates that is read natively."""
    circuit = QuantumCircuit(width)
    for i in range(count // 2):
        circuit.rx(0.001 * i, i % width)
        circuit.cx(i % width, (i + 1) % width)
    circuit.measure_all()
    return circuit


def parametrised_gates(count: int, width: int = 12) -> tuple[QuantumCircuit, dict[Any, list[Any]]]:
    """Return a circuit of so many gates, each with an expression of parameters, and values for these."""
    angles = ParameterVector("a", width)
    circuit = QuantumCircuit(width)
    for i in range(count):
        circuit.rx(angles[i % width] * (1 + i % 7), i % width)
    circuit.measure_all()
    return circuit, {angle: [0.1 + k] for k, angle in enumerate(angles)}


def wide_diagonal(qubits: int) -> QuantumCircuit:
    """Return a circuit with one diagonal of 2**qubits entries."""
    circuit = QuantumCircuit(qubits)
    circuit.append(DiagonalGate(np.exp(1j * np.arange(1 << qubits)).tolist()), range(qubits))
    circuit.measure_all()
    return circuit


def prepared(qubits: int) -> QuantumCircuit:
    """Return a circuit that begins with a list of 2**qubits amplitudes."""
    circuit = QuantumCircuit(qubits)
    circuit.initialize(np.exp(1j * np.arange(1 << qubits)) / 2 ** (qubits / 2))
    circuit.measure_all()
    return circuit


def uniform(qubits: int, *, measured: bool = True) -> QuantumCircuit:
    """Return a circuit all of whose outcomes are equally likely."""
    circuit = QuantumCircuit(qubits)
    circuit.h(range(qubits))
    if measured:
        circuit.measure_all()
    return circuit


def saved(name: str, qubits: int) -> QuantumCircuit:
    """Return a circuit that ends with a save instruction of that name, as Aer makes them."""
    circuit = uniform(qubits, measured=False)
    instruction = Instruction(name, qubits, 0, [])
    instruction._label, instruction._subtype = name, "single" if "statevector" in name else "average"
    circuit.append(instruction, range(qubits))
    return circuit


def cases(gates: int, qubits: int, shots: int) -> dict[str, Callable[[], Callable[[], Any]]]:
    """Return what makes each of the calls that are measured, with all that it needs."""
    backend = Simulator(seed_simulator=1)

    def run(circuit: QuantumCircuit, **options: Any) -> Callable[[], Any]:
        return lambda: backend.run(circuit, **options).cancel()

    def run_parametrised() -> Callable[[], Any]:
        circuit, binds = parametrised_gates(gates)
        return run(circuit, parameter_binds=binds)

    def explained() -> Any:
        return backend.explain(plain_gates(gates // 10))

    def sampled(**options: Any) -> Any:
        return backend.run(uniform(qubits), **options).result()

    def saved_data(name: str) -> Callable[[], Any]:
        circuit = saved(name, qubits)
        return lambda: backend.run(circuit).result().data()

    many = 20 << qubits
    return {
        f"run of {gates} gates": lambda: run(plain_gates(gates)),
        f"run of {gates} parametrised gates": run_parametrised,
        f"run of a diagonal of {qubits} qubits": lambda: run(wide_diagonal(qubits)),
        f"run of initialize on {qubits} qubits": lambda: run(prepared(qubits)),
        f"run of initialize on {qubits + 2} qubits": lambda: run(prepared(qubits + 2)),
        f"estimate of {gates} gates": lambda: partial(backend.estimate, plain_gates(gates)),
        f"explain of {gates // 10} gates": lambda: partial(backend.explain, plain_gates(gates // 10)),
        "its explanation as text": lambda: explained().__str__,
        "its explanation as HTML": lambda: explained().to_html,
        "its explanation as JSON": lambda: explained().to_json,
        "its explanation as a dictionary": lambda: explained().to_dict,
        f"result with {shots} shots listed": lambda: (
            lambda: backend.run(uniform(10), shots=shots, memory=True).result()
        ),
        f"get_memory of {shots} shots": lambda: lambda: sampled(shots=shots, memory=True).get_memory(),
        f"result with 2^{qubits} keys": lambda: lambda: sampled(shots=many),
        f"get_counts of 2^{qubits} keys": lambda: lambda: sampled(shots=many).get_counts(),
        f"get_probabilities of 2^{qubits} keys": lambda: lambda: sampled(exact=True).get_probabilities(),
        f"to_dict of a result with 2^{qubits} keys": lambda: lambda: sampled(shots=many).to_dict(),
        f"save_statevector_dict of 2^{qubits} keys": lambda: saved_data("save_statevector_dict"),
        f"save_probabilities_dict of 2^{qubits} keys": lambda: saved_data("save_probabilities_dict"),
    }


def main() -> int:
    """Measure all calls, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gates", type=int, default=10**6)
    parser.add_argument("--qubits", type=int, default=20)
    parser.add_argument("--shots", type=int, default=10**6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="measure calls whose name contains this")
    parser.add_argument("--name", default="gil", help="name of the result file")
    options = parser.parse_args()
    rows, found = [], {}
    for name, make in cases(options.gates, options.qubits, options.shots).items():
        if options.only not in name:
            continue
        call = make()
        gc.collect()
        rounds = [longest_pause(call) for _ in range(options.rounds)]
        idle = min(longest_pause(lambda taken=taken: time.sleep(taken))[0] for _, taken in rounds)
        pause, taken = min(rounds)
        found[name] = {"pause_ms": 1e3 * pause, "idle_ms": 1e3 * idle, "seconds": taken}
        kept = 1e3 * max(pause - idle, 0)
        rows.append([name, f"{taken:.3g}", f"{1e3 * pause:.1f}", f"{1e3 * idle:.1f}", f"{kept:.1f}"])
        print(" | ".join(rows[-1]), flush=True)
    print(markdown_table(["call", "takes (s)", "longest pause (ms)", "without work (ms)", "difference (ms)"], rows))
    print(f"\nwritten: {write_results(options.name, machine_facts(), vars(options), **found)}")
    return 0
