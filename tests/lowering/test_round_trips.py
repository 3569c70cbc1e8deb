"""Circuits written to a file and read again run as before: QPY for all, OpenQASM 3 for what Qiskit reads back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from qiskit import QuantumCircuit, qasm3, qpy
from qiskit.circuit import ClassicalRegister, Parameter, QuantumRegister
from qiskit.circuit.classical import expr, types
from support.dynamic_strategies import dynamic_circuits
from support.qiskit_versions import LOOP_VARIABLES

from ketjet import Simulator


def from_qpy(circuit):
    file = io.BytesIO()
    qpy.dump(circuit, file)
    file.seek(0)
    return qpy.load(file)[0]


def exact(circuit):
    return Simulator().run(circuit, exact=True).result().get_probabilities()


def assert_runs_equal(circuit, other):
    assert exact(other) == pytest.approx(exact(circuit), abs=1e-12)
    backend = Simulator(seed_simulator=3)
    first, second = (backend.run(one, shots=100, memory=True).result().get_memory() for one in (circuit, other))
    assert first == second


def started():
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(2, "c"), ClassicalRegister(2, "d"))
    circuit.ry(0.7, 0)
    circuit.h(1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def if_else():
    circuit = started()
    with circuit.if_test((circuit.cregs[0], 2)) as else_:
        circuit.x(2)
    with else_:
        circuit.h(2)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(2)
    return circuit


def while_loop():
    circuit = started()
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.x(2)
        circuit.reset(0)
        circuit.ry(2.8, 0)
        circuit.measure(0, 0)
    return circuit


def for_loop():
    circuit = started()
    with circuit.for_loop(range(1, 8, 3)):
        circuit.rx(0.3, 2)
        circuit.cx(1, 2)
    with circuit.for_loop((0, 3, 5)):
        circuit.ry(0.2, 2)
    return circuit


def for_loop_with_parameter():
    circuit = started()
    angle = Parameter("angle")
    with circuit.for_loop((1, 4, 2), angle):
        circuit.rx(angle * 0.3, 2)
        circuit.h(2)
    return circuit


def switch():
    circuit = started()
    with circuit.switch(circuit.cregs[0]) as case:
        with case(0, 3):
            circuit.h(2)
        with case(1):
            circuit.x(2)
        with case(case.DEFAULT):
            circuit.rx(0.4, 2)
    return circuit


def break_and_continue():
    circuit = started()
    with circuit.for_loop(range(4)):
        circuit.ry(0.8, 2)
        circuit.measure(2, 2)
        with circuit.if_test((circuit.clbits[2], 1)):
            circuit.break_loop()
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.continue_loop()
        circuit.h(2)
    return circuit


def box():
    circuit = started()
    with circuit.box():
        circuit.h(2)
        with circuit.if_test((circuit.clbits[1], 1)):
            circuit.rz(0.2, 2)
        circuit.h(2)
    return circuit


def expressions():
    circuit = started()
    c, d = circuit.cregs
    circuit.x(0)
    circuit.measure(0, d[1])
    with circuit.if_test(expr.logic_or(expr.less(c, d), expr.equal(expr.bit_xor(c, d), 3))):
        circuit.x(2)
    with circuit.while_loop(expr.logic_and(expr.logic_not(c[0]), expr.greater_equal(d, 1))):
        circuit.ry(2.0, 1)
        circuit.measure(1, c[0])
    with circuit.switch(expr.bit_and(c, d)) as case, case(case.DEFAULT):
        circuit.h(2)
    return circuit


def variables():
    circuit = started()
    c, d = circuit.cregs
    flag = circuit.add_var("flag", expr.lift(c[0]))
    number = circuit.add_var("number", expr.lift(5, types.Uint(8)))
    fraction = circuit.add_var("fraction", expr.lift(0.5))
    circuit.store(number, expr.mul(expr.cast(c, types.Uint(8)), number))
    circuit.store(fraction, expr.add(fraction, 1.0))
    circuit.store(d[0], expr.index(number, 2))
    with circuit.if_test(expr.logic_or(flag, expr.greater(expr.mul(fraction, 2.0), 4.0))):
        inner = circuit.add_var("inner", expr.shift_right(number, 1))
        circuit.store(d, expr.cast(inner, types.Uint(2)))
    return circuit


def resets_and_preparation():
    circuit = started()
    circuit.reset(2)
    circuit.initialize(np.array([0.6, 0.8j]), 2)
    circuit.barrier()
    circuit.delay(10, 1)
    return circuit


CONSTRUCTS = [
    if_else,
    while_loop,
    for_loop,
    for_loop_with_parameter,
    switch,
    break_and_continue,
    box,
    expressions,
    variables,
    resets_and_preparation,
]
LOOPS = [for_loop, for_loop_with_parameter, break_and_continue] if LOOP_VARIABLES else []
"""Before 2.4, Qiskit writes loops that are no OpenQASM 3."""

IN_OPENQASM_3 = [if_else, while_loop, box, *LOOPS]
"""Qiskit cannot read back variables of a program, nor write `initialize`."""


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_from_qpy(construct):
    circuit = construct()
    circuit.measure(2, 3)
    assert_runs_equal(circuit, from_qpy(circuit))


@pytest.mark.parametrize("construct", IN_OPENQASM_3)
def test_from_openqasm_3(construct):
    pytest.importorskip("qiskit_qasm3_import")
    circuit = construct()
    circuit.measure(2, 3)
    other = qasm3.loads(qasm3.dumps(circuit))
    assert exact(other) == pytest.approx(exact(circuit), abs=1e-12)


@seed(7)
@settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(dynamic_circuits(max_qubits=3, max_statements=6))
def test_any_circuit_from_qpy(circuit):
    circuit.measure_all()
    assert_runs_equal(circuit, from_qpy(circuit))
