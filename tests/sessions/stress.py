"""Stress that takes too long for the suite: `PYTHONPATH=tests python tests/sessions/stress.py --help`.

Each command ends with a line that tells what was tried, and with exit status 1 if anything went wrong.

- ``circuits``: random dynamic circuits in both precisions beside the interpreter ``oracles.dynamic``, exact
  distributions and samples;
- ``exits``: interpreters that end while jobs are queued, running, waited for and polled, under load;
- ``jobs``: tiny jobs in a row, with the memory, threads and files that they leave behind.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
from oracles.dynamic import distribution
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import CASE_DEFAULT
from qiskit.circuit.library import (
    CHGate,
    CXGate,
    CZGate,
    HGate,
    RXGate,
    RYGate,
    RZGate,
    SGate,
    SwapGate,
    SXGate,
    TGate,
    XGate,
    iSwapGate,
)

from ketjet import Simulator, engine
from ketjet.lowering import lower

ONE_QUBIT_GATES = (HGate, XGate, SGate, TGate, SXGate)
ROTATIONS = (RXGate, RYGate, RZGate)
TWO_QUBIT_GATES = (CXGate, CZGate, CHGate, SwapGate, iSwapGate)

LIMITS = {"double": (1e-12, 1e-9), "single": (1e-6, 1e-3)}
"""What may be dropped on the way, and how far a probability may be off."""


def keys_of(outcome):
    return [sum(int(word) << 64 * i for i, word in enumerate(row)) for row in outcome.keys]


def check_circuit(circuit, sampled_with):
    """Compare the engine's exact distribution with the interpreter's, and look for impossible outcomes in a sample."""
    program, expected = lower(circuit).program, distribution(circuit)
    for precision, (floor, tolerance) in LIMITS.items():
        task = engine.Task(program, 1, sampled_with, precision=precision, verify="fast")
        outcome = engine.execute(task._replace(exact=True, floor=floor))
        found = dict(zip(keys_of(outcome), outcome.probabilities, strict=True))
        for key in found.keys() | expected.keys():
            assert abs(found.get(key, 0) - expected.get(key, 0)) < tolerance, (precision, key, found, expected)
        sample = engine.execute(task._replace(shots=100))
        assert sample.counts.sum() == 100
        assert all(expected.get(key, 0) > floor for key in keys_of(sample)), (precision, expected)


def random_block(rng, circuit, depth, budget):
    """Append a few random statements; `budget` bounds the collapses, which the interpreter pays for with branches."""
    qubits, clbits = circuit.num_qubits, circuit.num_clbits
    for _ in range(rng.integers(1, 7)):
        one, *others = map(int, rng.permutation(qubits))
        bit, angle = int(rng.integers(clbits)), float(rng.choice([0.3, np.pi / 2, np.pi, rng.uniform(-4, 4)]))
        kind = rng.integers(14)
        if kind < 3:
            circuit.append(rng.choice(ONE_QUBIT_GATES)(), [one])
        elif kind < 5:
            circuit.append(rng.choice(ROTATIONS)(angle), [one])
        elif kind < 8 and others:
            circuit.append(rng.choice(TWO_QUBIT_GATES)(), [one, others[0]])
        elif kind < 10 and budget[0] > 0:
            budget[0] -= 1
            circuit.measure(one, bit)
        elif kind == 10 and budget[0] > 0:
            budget[0] -= 1
            circuit.reset(one)
        elif kind == 11 and others:  # an ancilla that is computed, used and uncomputed
            circuit.h(one)
            circuit.cz(one, others[0])
            circuit.cz(one, others[0])
            circuit.h(one)
        elif depth:
            random_control_flow(rng, circuit, bit, depth, budget)


def random_control_flow(rng, circuit, bit, depth, budget):
    def body():
        inner = circuit.copy_empty_like()
        random_block(rng, inner, depth - 1, budget)
        return inner

    kind, wires = rng.integers(4), (circuit.qubits, circuit.clbits)
    if kind == 0:
        circuit.if_test((circuit.clbits[bit], int(rng.integers(2))), body(), *wires)
    elif kind == 1:
        circuit.if_else((circuit.clbits[bit], 1), body(), body(), *wires)
    elif kind == 2:
        circuit.for_loop(range(int(rng.integers(1, 3))), None, body(), *wires)
    else:
        cases = [(0, body()), (1, body())] if circuit.num_clbits == 1 else [((1, 2), body()), (CASE_DEFAULT, body())]
        circuit.switch(circuit.cregs[0], cases, *wires)


def random_circuit(rng):
    """Return a dynamic circuit on a few qubits, made without hypothesis: a hundred thousand take minutes, not days."""
    circuit = QuantumCircuit(
        QuantumRegister(int(rng.integers(1, 5)), "q"), ClassicalRegister(int(rng.integers(1, 4)), "c")
    )
    random_block(rng, circuit, 2, [6])
    for bit in range(min(circuit.num_qubits, circuit.num_clbits)):
        if rng.random() < 0.6:
            circuit.measure(bit, bit)
    random_block(rng, circuit, 1, [1])
    return circuit


def circuits(count, first_seed):
    """Try `count` random circuits, each in both precisions."""
    begin = time.perf_counter()
    for number in range(first_seed, first_seed + count):
        circuit = random_circuit(np.random.default_rng(number))
        try:
            check_circuit(circuit, number)
        except Exception:
            print(f"circuit {number}:\n{circuit.draw()}")
            raise
    print(f"{count} circuits from {first_seed} on agree, {time.perf_counter() - begin:.0f} s", flush=True)
    return 0


PREAMBLE = """
import sys, threading, time
from qiskit import QuantumCircuit
from qiskit.circuit.library import quantum_volume
from ketjet import Simulator
backend = Simulator()
def volume(qubits, depth):
    circuit = quantum_volume(qubits, depth, seed=1)
    circuit.measure_all()
    return circuit
small = volume(16, 8)
endless = QuantumCircuit(1, 1)
with endless.while_loop((endless.clbits[0], 0)):
    endless.h(0)
    endless.x(0)
def forever(call):
    def loop():
        while True:
            call()
    for _ in range(4):
        threading.Thread(target=loop, daemon=True).start()
    time.sleep(0.4)
"""
EXITS = {
    "running": "job = backend.run(volume(22, 60)); time.sleep(0.2)",
    "queued": "jobs = [backend.run(volume(20, 60)) for _ in range(20)]",
    "waited for": "job = backend.run(volume(22, 60)); threading.Thread(target=job.result, daemon=True).start()",
    "run by daemons": "forever(lambda: backend.run(small).result())",
    "explained by daemons": "forever(lambda: backend.explain(small))",
    "estimated by daemons": "forever(lambda: backend.estimate(small))",
    "many shots": "job = backend.run(volume(18, 4), shots=10**6, memory=True); time.sleep(0.3)",
    "endless": "job = backend.run(endless)",
}


def exits(count, _):
    """End `count` interpreters in turn, in each way; every one must end with its own exit code, in time."""
    codes, slowest = Counter(), 0.0
    for number in range(count):
        name = list(EXITS)[number % len(EXITS)]
        program = PREAMBLE + EXITS[name] + "\nprint(time.time(), flush=True)\nsys.exit(7)\n"
        try:
            done = subprocess.run(
                [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
            )
        except subprocess.TimeoutExpired:
            codes[name, "hangs"] += 1
            continue
        if done.stdout.strip():
            slowest = max(slowest, time.time() - float(done.stdout.split()[-1]))
        codes[name, done.returncode] += 1
    wrong = {key: times for key, times in codes.items() if key[1] != 7}
    print(f"{count} exits, {sum(wrong.values())} wrong {wrong or ''}, slowest {slowest:.2f} s after the last statement")
    return 1 if wrong else 0


def footprint():
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resident / 2**20, len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def jobs(count, _):
    """Run `count` Bell pairs; what is left behind after the first tenth must not grow."""
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    backend, begin, before = Simulator(), time.perf_counter(), None
    for number in range(count):
        if number == count // 10:
            before = footprint()
        backend.run(bell, shots=100).result().get_counts()
    after = footprint()
    print(f"{count} jobs in {time.perf_counter() - begin:.0f} s; MiB, files, threads: {before} -> {after}")
    return int(after[0] > before[0] + 2 or after[1:] > before[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["circuits", "exits", "jobs"])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the random circuits")
    options = parser.parse_args()
    return {"circuits": circuits, "exits": exits, "jobs": jobs}[options.command](options.count, options.seed)


if __name__ == "__main__":
    sys.exit(main())
