"""Other Python threads run while a public call is busy: none of its steps holds the GIL for a good part of it.

How long exactly is measured by `benchmarks/run.py gil`.
"""

from __future__ import annotations

import gc
from functools import partial

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import DiagonalGate
from support.pauses import longest_pause

from ketjet import Simulator
from ketjet.lowering import lower
from ketjet.lowering.walk import CircuitWalk


@pytest.fixture(autouse=True)
def frozen():
    """Keep what other tests have left behind out of the garbage collections of this one."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def gates(count, name="rz", width=10):
    circuit = QuantumCircuit(width)
    append = getattr(circuit, name)  # of turns about Z from |0> nothing is left but to read them
    for i in range(count):
        append(0.001 * i, i % width)
    circuit.measure_all()
    return circuit


def parametrised():
    angle, width = Parameter("a"), 10
    angles = [angle * (1 + i) for i in range(7)]
    circuit = QuantumCircuit(width)
    for i in range(300_000):
        circuit.rx(angles[i % len(angles)], i % width)
    circuit.measure_all()
    return circuit


def uniform(width, **options):
    circuit = QuantumCircuit(width)
    circuit.h(range(width))
    circuit.measure_all()
    return Simulator(seed_simulator=1).run(circuit, **options).result()


def diagonal():
    circuit = QuantumCircuit(22)
    circuit.append(DiagonalGate(np.exp(1j * np.arange(1 << 22)).tolist()), range(22))
    circuit.measure_all()
    return circuit


def run(circuit, **options):
    return partial(lambda: Simulator().run(circuit, **options).cancel())


def many_kinds(count):
    angle, circuit = Parameter("a"), QuantumCircuit(4)
    for i in range(count):
        circuit.rx(angle * i, 0)
        circuit.ry(angle, 1)
        circuit.cx(0, 2, ctrl_state=0)
    return circuit


CALLS = {
    "run of native gates": lambda: run(gates(1_500_000)),
    "run of parametrised gates": lambda: run(parametrised(), parameter_binds={"a": [0.5]}),
    "run of a wide diagonal": lambda: run(diagonal()),
    "estimate": lambda: partial(Simulator().estimate, gates(1_500_000)),
    "explain": lambda: partial(Simulator().explain, gates(60_000, "rx")),
    "explanation as JSON": lambda: Simulator().explain(gates(30_000, "rx")).to_json,
    "get_counts": lambda: uniform(20, shots=20 << 20).get_counts,
    "get_memory": lambda: uniform(12, shots=2 * 10**6, memory=True).get_memory,
}


@pytest.mark.parametrize("name", CALLS)
def test_no_step_holds_the_gil_for_long(name):
    call = CALLS[name]()
    assert any(longest_pause(call) < 0.25 for _ in range(3))


def test_reading_and_explaining_leave_the_garbage_collector_nothing_to_go_through():
    def tracked(make):
        gc.collect()
        before = len(gc.get_objects())
        kept = make()
        return len(gc.get_objects()) - before, kept

    def read(count):
        walk = CircuitWalk(circuits[count], True)
        walk.walk()
        return walk

    circuits = {count: many_kinds(count) for count in (100, 1000)}
    lower(circuits[100])
    for make in (read, lambda count: lower(circuits[count]), lambda count: Simulator().explain(circuits[count])):
        few, _ = tracked(lambda make=make: make(100))
        many, _ = tracked(lambda make=make: make(1000))
        assert many - few < 100
