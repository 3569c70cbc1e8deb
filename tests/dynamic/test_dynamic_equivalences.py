"""Dynamic circuits that say the same in two ways have the same distribution of outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Clbit, Parameter
from qiskit.circuit.classical import expr, types
from support.dynamic_strategies import dynamic_circuits

from ketjet import Simulator

FEW = settings(
    max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
gates = st.lists(
    st.tuples(st.sampled_from(["h", "t", "ry", "cx", "measure", "reset"]), st.permutations(range(3))),
    min_size=1,
    max_size=5,
)


def exact(circuit):
    return Simulator().run(circuit, exact=True).result().get_probabilities()


def assert_same(first, second):
    assert exact(first) == pytest.approx(exact(second), abs=1e-10)


def started():
    """Three qubits in superpositions; measurements go to `c`."""
    circuit = QuantumCircuit(3)
    circuit.add_register(ClassicalRegister(3, "c"))
    for qubit in range(3):
        circuit.ry(0.5 + qubit, qubit)
    circuit.cx(0, 2)
    return circuit


def write(circuit, instructions, angle=0.4):
    for name, (a, b, _) in instructions:
        if name == "ry":
            circuit.ry(angle, a)
        elif name == "cx":
            circuit.cx(a, b)
        elif name == "measure":
            circuit.measure(a, circuit.clbits[b])
        else:
            getattr(circuit, name)(a)


@seed(1)
@FEW
@given(dynamic_circuits(max_qubits=3, max_statements=5))
def test_dead_branches(circuit):
    circuit.measure_all()
    never = Clbit()
    guarded = circuit.copy_empty_like()
    guarded.add_bits([never])
    for instruction in circuit.data:
        guarded.append(instruction)
        with guarded.if_test((never, 1)):
            guarded.x(0)
            guarded.reset(0)
        with guarded.while_loop((never, 1)):
            guarded.h(0)
        with guarded.for_loop(range(0)):
            guarded.x(0)
    expected, found = exact(circuit), exact(guarded)
    assert {integer(key): value for key, value in found.items()} == pytest.approx(
        {integer(key): value for key, value in expected.items()}, abs=1e-10
    )


def integer(key):
    return int(key.replace(" ", ""), 2)


def unrolled(body, turns):
    circuit = started()
    for turn in range(turns):
        write(circuit, body, 0.3 * turn)
    return circuit


def for_parameter(body, turns):
    circuit, angle = started(), Parameter("angle")
    with circuit.for_loop(range(turns), angle):
        write(circuit, body, 0.3 * angle)
        circuit.rz(0 * angle, 0)
    return circuit


def nested_ifs(body, turns):
    """Each turn is guarded by a counter that counts the turns."""
    circuit = started()
    counter = circuit.add_var("counter", expr.lift(0, types.Uint(4)))
    for turn in range(turns):
        with circuit.if_test(expr.equal(counter, turn)):
            write(circuit, body, 0.3 * turn)
            circuit.store(counter, expr.add(counter, 1))
    return circuit


def counted_switch(body, turns):
    circuit = started()
    counter = circuit.add_var("counter", expr.lift(0, types.Uint(4)))
    with circuit.while_loop(expr.less(counter, turns)):
        with circuit.switch(counter) as case:
            for turn in range(turns):
                with case(turn):
                    write(circuit, body, 0.3 * turn)
        circuit.store(counter, expr.add(counter, 1))
    return circuit


def endless_with_break(body, turns):
    circuit = started()
    counter = circuit.add_var("counter", expr.lift(0, types.Uint(4)))
    with circuit.while_loop(expr.lift(True)):
        with circuit.if_test(expr.equal(counter, turns)):
            circuit.break_loop()
        with circuit.switch(counter) as case:
            for turn in range(turns):
                with case(turn):
                    write(circuit, body, 0.3 * turn)
        circuit.store(counter, expr.add(counter, 1))
        circuit.continue_loop()
    return circuit


def boxed(body, turns):
    circuit = started()
    for turn in range(turns):
        with circuit.box():
            write(circuit, body, 0.3 * turn)
    return circuit


@pytest.mark.parametrize("form", [for_parameter, nested_ifs, counted_switch, endless_with_break, boxed])
@seed(2)
@FEW
@given(gates, st.integers(1, 3))
def test_loops_and_boxes(form, body, turns):
    looped, by_hand = form(body, turns), unrolled(body, turns)
    looped.measure_all()
    by_hand.measure_all()
    assert_same(looped, by_hand)


@pytest.mark.parametrize("limit", [0, 4096])
@seed(3)
@FEW
@given(gates, st.integers(0, 4))
def test_loops_without_variable(limit, body, turns):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ketjet.lowering.control_flow.UNROLL_LIMIT", limit)
        looped, by_hand = started(), started()
        with looped.for_loop(range(turns)):
            write(looped, body)
        for _ in range(turns):
            write(by_hand, body)
        looped.measure_all()
        by_hand.measure_all()
        assert_same(looped, by_hand)


@seed(4)
@FEW
@given(st.lists(st.tuples(st.sampled_from(["x", "h", "ry", "cx"]), st.permutations(range(3))), max_size=4))
def test_deferred_measurement(body):
    """A condition on a measured qubit is a control by a copy of it."""
    midway, deferred = QuantumCircuit(4, 4), QuantumCircuit(4, 4)
    for circuit in (midway, deferred):
        for qubit in range(3):
            circuit.ry(0.6 + qubit, qubit)
        circuit.cx(0, 3)
    midway.measure(3, 3)
    block = QuantumCircuit(3)
    for name, (a, b, _) in body:
        if name == "cx":
            block.cx(a, b)
        elif name == "ry":
            block.ry(0.7, a)
        else:
            getattr(block, name)(a)
    with midway.if_test((midway.clbits[3], 1)):
        midway.compose(block, range(3), inplace=True)
    if body:
        deferred.append(block.to_gate().control(1), [3, 0, 1, 2])
    deferred.measure(3, 3)
    midway.measure(range(3), range(3))
    deferred.measure(range(3), range(3))
    assert_same(midway, deferred)


def test_conditions_in_every_form():
    forms = []
    for number in range(6):
        circuit = started()
        c = circuit.cregs[0]
        circuit.measure(range(2), range(2))
        condition = [
            (c, 2),
            expr.equal(c, 2),
            expr.logic_and(c[1], expr.logic_not(c[0])),
            expr.logic_not(expr.not_equal(c, 2)),
            expr.equal(expr.bit_xor(c, 2), 0),
            expr.logic_and(expr.less(c, 3), expr.greater_equal(c, 2)),
        ][number]
        with circuit.if_test(condition) as else_:
            circuit.h(2)
        with else_:
            circuit.rx(0.3, 2)
        circuit.measure_all()
        forms.append(exact(circuit))
    assert all(found == pytest.approx(forms[0], abs=1e-12) for found in forms)


def test_a_reset_is_a_measurement_and_a_flip():
    first, second = started(), started()
    first.reset(0)
    scratch = ClassicalRegister(1, "scratch")
    second.add_register(scratch)
    second.measure(0, scratch[0])
    with second.if_test((scratch, 1)):
        second.x(0)
    second.store(scratch, expr.lift(0, types.Uint(1)))
    first.add_register(scratch)
    first.h(0)
    second.h(0)
    first.measure_all()
    second.measure_all()
    assert_same(first, second)
    assert np.isclose(sum(exact(first).values()), 1)
