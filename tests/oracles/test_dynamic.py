"""The interpreter of dynamic circuits against results worked out by hand, and random circuits through it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import BreakLoopOp, Clbit, Duration, Parameter
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import Initialize
from support import dynamic_strategies, strategies
from support.qiskit_versions import needs_loop_variables, needs_negation

from oracles import dynamic as dynamic_oracle
from oracles import static as oracle
from oracles.dynamic import Length, UndefinedError, UnsupportedError, distribution, evaluate, final_states

few = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def uint(value, width):
    return expr.Value(value, types.Uint(width))


def value(node, **variables):
    return evaluate(node, variables)


def outcome(circuit):
    """Return the only possible value of the classical bits."""
    ((bits, probability),) = distribution(circuit).items()
    assert probability == pytest.approx(1)
    return bits


def classical(num_clbits):
    """Return a circuit of a qubit and a register."""
    return QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(num_clbits, "c"))


TOP = {width: (1 << width) - 1 for width in dynamic_strategies.WIDTHS}


@pytest.mark.parametrize("width", TOP)
def test_integers_wrap(width):
    top = TOP[width]
    assert value(expr.add(uint(top, width), uint(1, width))) == 0
    assert value(expr.sub(uint(0, width), uint(1, width))) == top
    assert value(expr.mul(uint(top, width), uint(top, width))) == 1
    assert value(expr.bit_not(uint(0, width))) == top
    assert value(expr.bit_not(uint(top, width))) == 0
    assert value(expr.bit_xor(uint(top, width), uint(top, width))) == 0
    assert value(expr.bit_or(uint(top, width), uint(0, width))) == top
    assert value(expr.bit_and(uint(top, width), uint(1, width))) == 1
    assert value(expr.div(uint(top, width), uint(top, width))) == 1


@pytest.mark.parametrize("width", TOP)
def test_shifts_fill_with_zeros(width):
    top = TOP[width]
    assert value(expr.shift_left(uint(top, width), uint(0, 1))) == top
    assert value(expr.shift_left(uint(top, width), uint(1, 1))) == top - 1
    assert value(expr.shift_right(uint(top, width), uint(width - 1, 8))) == 1
    for amount in (width, width + 1, 2**70 - 1):
        assert value(expr.shift_left(uint(top, width), uint(amount, 71))) == 0
        assert value(expr.shift_right(uint(top, width), uint(amount, 71))) == 0


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (expr.div(uint(7, 3), uint(2, 3)), 3),
        (expr.add(uint(7, 3), uint(1, 8)), 8),  # the wider type
        (expr.cast(uint(300, 9), types.Uint(8)), 44),
        (expr.cast(uint(255, 8), types.Uint(70)), 255),
        (expr.cast(uint(256, 9), types.Bool()), True),
        (expr.cast(uint(0, 9), types.Bool()), False),
        (expr.cast(True, types.Uint(8)), 1),
        (expr.cast(True, types.Float()), 1.0),
        (expr.cast(2.999, types.Uint(2)), 2),
        (expr.cast(-0.999, types.Uint(2)), 0),
        (expr.cast(1e-300, types.Bool()), True),
        (expr.cast(-0.0, types.Bool()), False),
        (expr.cast(math.nan, types.Bool()), True),
        (expr.cast(uint(2**53 + 1, 64), types.Float()), 2.0**53),
        (expr.div(1.0, 0.0), math.inf),
        (expr.div(-1.0, 0.0), -math.inf),
        (expr.mul(1e300, 1e300), math.inf),
        (expr.equal(math.nan, math.nan), False),
        (expr.not_equal(math.nan, math.nan), True),
        (expr.less_equal(math.nan, 1.0), False),
        (expr.logic_not(uint(4, 3)), False),
        (expr.logic_and(uint(2, 2), uint(1, 1)), True),
        (expr.logic_or(uint(0, 2), False), False),
        (expr.bit_not(True), False),
        (expr.bit_xor(True, True), False),
        (expr.equal(True, True), True),
        (expr.equal(uint(3, 2), uint(3, 70)), True),
        (expr.less(uint(2**64, 65), uint(1, 1)), False),
        (expr.greater_equal(uint(5, 3), uint(5, 3)), True),
        (expr.greater(uint(5, 3), uint(5, 3)), False),
        (expr.index(uint(0b0100, 4), 2), True),
        (expr.index(uint(0b0100, 4), 3), False),
        (expr.index(uint(2**69, 70), uint(69, 7)), True),
        (expr.equal(Duration.us(0.1), Duration.ns(100.0)), True),
        (expr.less(Duration.ps(999.0), Duration.ns(1.0)), True),
        (expr.equal(expr.add(Duration.s(1.0), Duration.ms(1.0)), Duration.ms(1001.0)), True),
        (expr.div(Duration.ms(1.0), Duration.us(250.0)), 4.0),
        (expr.equal(expr.div(Duration.ns(3.0), 2.0), Duration.ps(1500.0)), True),
    ],
    ids=lambda part: repr(part)[:60],
)
def test_an_expression_has_this_value(node, expected):
    result = value(node)
    assert result == expected
    assert type(result) is type(expected)


@needs_negation
def test_negation():
    assert value(expr.negate(expr.lift(0.5))) == -0.5
    assert value(expr.equal(expr.sub(Duration.dt(5), expr.mul(Duration.dt(2), 3)), expr.negate(Duration.dt(1))))


@pytest.mark.parametrize(
    "node",
    [
        expr.div(uint(1, 8), uint(0, 8)),
        expr.cast(4.0, types.Uint(2)),
        expr.cast(-1.0, types.Uint(2)),
        expr.cast(math.nan, types.Uint(2)),
        expr.cast(math.inf, types.Uint(70)),
        expr.index(uint(1, 4), uint(4, 3)),
        expr.add(Duration.dt(1), Duration.ns(1.0)),
        expr.equal(Duration.dt(0), Duration.ns(0.0)),
        expr.div(Duration.ns(1.0), 0.0),
        expr.div(Duration.ns(1.0), Duration.ns(0.0)),
        expr.Var.new("a", types.Bool()),
    ],
    ids=range(11),
)
def test_an_expression_has_no_value(node):
    with pytest.raises(UndefinedError):
        value(node)


def test_a_logical_operator_needs_both_sides():
    broken = expr.equal(expr.div(uint(1, 8), uint(0, 8)), uint(1, 8))
    for node in (expr.logic_and(False, broken), expr.logic_or(True, broken), expr.logic_and(broken, False)):
        with pytest.raises(UndefinedError):
            value(node)


def test_dt_is_converted_when_it_is_known():
    assert evaluate(expr.lift(Duration.dt(4)), {}, dt=2.5e-10) == Length(1 / dynamic_oracle.Fraction(10**9), "s")
    assert evaluate(expr.equal(Duration.dt(4), Duration.ns(1.0)), {}, dt=2.5e-10) is True


def test_registers_and_bits_are_read_from_their_bits():
    register = ClassicalRegister(bits=[Clbit(), Clbit(), Clbit()], name="r")
    env = {bit: bit == register[2] for bit in register}
    assert evaluate(expr.lift(register), env) == 4
    assert evaluate(expr.lift(register[2]), env) is True
    assert evaluate(expr.Var(register, types.Uint(5)), env) == 4


@few
@given(dynamic_strategies.value_types, st.data())
def test_expressions_have_values_of_their_type(kind, data):
    node = data.draw(dynamic_strategies.expressions(kind))
    result = value(node)
    if kind.kind is types.Uint:
        assert type(result) is int
        assert 0 <= result < 1 << kind.width
    else:
        assert type(result) is {types.Bool: bool, types.Float: float}[kind.kind]


@few
@given(dynamic_strategies.duration_conditions())
def test_durations_compare(node):
    assert type(value(node)) is bool


def test_teleportation():
    circuit = QuantumCircuit(3, 2)
    circuit.u(1.1, 0.4, -0.3, 0)
    (expected,) = [state[:2] for _, _, state in final_states(circuit)]
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((1, True)):
        circuit.x(2)
    with circuit.if_test((0, True)):
        circuit.z(2)
    ends = final_states(circuit)
    assert sorted(bits for _, bits, _ in ends) == [0, 1, 2, 3]
    for probability, bits, state in ends:
        assert probability == pytest.approx(0.25)
        np.testing.assert_allclose(np.array(state).reshape(2, 4)[:, bits], expected, atol=1e-12)


@pytest.mark.parametrize("max_steps", [50, 201])
def test_repeat_until_success_is_geometric(max_steps):
    tries = 6
    circuit = QuantumCircuit(1, 4)
    register = circuit.cregs[0]
    count = circuit.add_var("count", uint(0, 3))
    with circuit.while_loop(expr.equal(expr.index(register, 3), False)):
        circuit.reset(0)
        circuit.ry(2 * math.asin(math.sqrt(0.3)), 0)
        circuit.measure(0, 3)
        circuit.store(count, expr.add(count, expr.cast(expr.less(count, tries), types.Uint(3))))
    circuit.store(expr.index(register, 0), expr.index(count, 0))
    circuit.store(expr.index(register, 1), expr.index(count, 1))
    circuit.store(expr.index(register, 2), expr.index(count, 2))
    result = distribution(circuit, max_steps=max_steps)
    for turn in range(1, tries):
        assert result[8 + turn] == pytest.approx(0.3 * 0.7 ** (turn - 1))
    turns = (max_steps - 6) // 5  # five steps for a turn; the declaration, the loop, its last test and three stores
    assert result.remainder == pytest.approx(0.7**turns if max_steps == 50 else 0, abs=1e-6)
    assert sum(result.values()) + result.remainder == pytest.approx(1)


def test_improbable_branches_are_given_up():
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((0, 0)):
        circuit.h(0)
        circuit.measure(0, 0)
    result = distribution(circuit, floor=0.01)
    assert result.remainder == pytest.approx(2**-6)  # two branches of 2**-7, the first that is below the floor
    assert result[1] == pytest.approx(1 - 2**-6)


def test_an_endless_loop_is_given_up():
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((0, 0)):
        pass
    assert distribution(circuit) == {}
    assert distribution(circuit).remainder == 1


@pytest.mark.parametrize("phase", range(16))
def test_iterative_phase_estimation(phase):
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(4, "c"))
    angle = circuit.add_var("angle", uint(0, 4))  # in sixteenths of a turn, what the bits so far stand for
    circuit.x(1)
    for bit in range(4):
        circuit.reset(0)
        circuit.h(0)
        circuit.cp(2 * math.pi * phase / 16 * 2 ** (3 - bit), 0, 1)
        for value in range(4):
            with circuit.if_test(expr.index(angle, value)):
                circuit.p(-2 * math.pi * 2**value / 16, 0)
        circuit.h(0)
        circuit.measure(0, bit)
        circuit.store(angle, expr.shift_right(angle, 1))
        circuit.store(expr.index(angle, 2), circuit.clbits[bit])
    assert outcome(circuit) == phase


@pytest.mark.parametrize("jump", ["break", "continue", "neither"])
def test_jumps_in_a_for_loop(jump):
    circuit = classical(8)
    register = circuit.cregs[0]
    with circuit.for_loop(range(4)):
        circuit.store(register, expr.add(register, 1))
        with circuit.if_test(expr.greater_equal(register, 2)):
            if jump == "break":
                circuit.break_loop()
            if jump == "continue":
                circuit.continue_loop()
        circuit.store(register, expr.add(register, 16))
    # 1, 17 and then 18 with a break; without, 16 more after every turn that does not continue
    assert outcome(circuit) == {"break": 18, "continue": 20, "neither": 68}[jump]


def test_jumps_concern_the_innermost_loop():
    circuit = classical(8)
    register = circuit.cregs[0]
    with circuit.for_loop(range(3)):
        with circuit.for_loop(range(5)):
            circuit.store(register, expr.add(register, 1))
            with circuit.switch(expr.bit_and(register, 3)) as case, case(2):
                circuit.break_loop()
        circuit.store(register, expr.add(register, 16))
        with circuit.if_test(expr.less(register, 40)):
            circuit.continue_loop()
        circuit.store(register, expr.add(register, 64))
    # 1, 2 (break), 18 (continue); 19, 20, 21, 22 (break), 38 (continue); 39, 40, 41, 42 (break), 58, 122
    assert outcome(circuit) == 122


def test_continue_in_a_while_loop_tests_the_condition_again():
    circuit = classical(4)
    register = circuit.cregs[0]
    with circuit.while_loop(expr.less(register, 3)):
        circuit.store(register, expr.add(register, 1))
        circuit.continue_loop()
        circuit.store(register, 0)
    assert outcome(circuit) == 3


def test_a_jump_can_leave_a_box_of_a_block_that_was_built_by_hand():
    inner = QuantumCircuit(1, 1)
    inner.append(BreakLoopOp(1, 1), [0], [0])
    body = QuantumCircuit(1, 1)
    body.box(inner, [0], [0])
    body.x(0)
    circuit = QuantumCircuit(1, 1)
    circuit.for_loop(range(3), None, body, [0], [0])
    circuit.measure(0, 0)
    assert outcome(circuit) == 0


@pytest.mark.parametrize(("target", "expected"), [(0, 1), (1, 2), (2, 1), (3, 4), (7, 4)])
def test_one_case_of_a_switch_is_run(target, expected):
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(3, "t"), ClassicalRegister(3, "c"))
    register, result = circuit.cregs
    circuit.store(register, target)
    with circuit.switch(register) as case:
        with case(0, 2):
            circuit.store(result, expr.bit_or(result, 1))
            circuit.store(register, 1)  # no case is looked for again
        with case(1):
            circuit.store(result, expr.bit_or(result, 2))
        with case(case.DEFAULT):
            circuit.store(result, expr.bit_or(result, 4))
    assert outcome(circuit) >> 3 == expected


def test_switches_without_a_fitting_case_do_nothing():
    circuit = QuantumCircuit(1, 2)
    with circuit.switch(circuit.clbits[0]) as case, case(1):
        circuit.store(circuit.clbits[1], True)
    with circuit.switch(expr.logic_not(circuit.clbits[0])) as case, case(0):
        circuit.store(circuit.clbits[1], True)
    assert outcome(circuit) == 0
    with circuit.switch(circuit.clbits[0]) as case, case(False):
        circuit.store(circuit.clbits[1], True)
    assert outcome(circuit) == 2


@pytest.mark.parametrize(
    ("wanted", "holds"), [((0, 1), True), ((0, 2), True), ((0, 0), False), ((1, False), True), ((1, True), False)]
)
def test_conditions_on_bits(wanted, holds):
    circuit = QuantumCircuit(1, 3)
    circuit.store(circuit.clbits[0], True)
    with circuit.if_test(wanted):
        circuit.store(circuit.clbits[2], True)
    assert outcome(circuit) == (5 if holds else 1)


@pytest.mark.parametrize(("wanted", "holds"), [(2, True), (3, False), (10, False)])
def test_conditions_on_registers(wanted, holds):
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(3, "c"), [Clbit()])
    circuit.store(circuit.cregs[0], 2)
    with circuit.if_test((circuit.cregs[0], wanted)) as otherwise:
        pass
    with otherwise:
        circuit.store(circuit.clbits[3], True)
    assert outcome(circuit) == (2 if holds else 10)


def test_loop_values_are_the_parameter():
    circuit = QuantumCircuit(1)
    theta = Parameter("theta")
    with circuit.for_loop(range(0, 6, 2)) as outer:
        with circuit.for_loop(range(-1, 4, 4), theta):
            circuit.rz(outer * theta + 0.5, 0)
        circuit.rz(outer, 0)
    (state,) = [state for _, _, state in final_states(circuit)]
    total = sum(outer * inner + 0.5 for outer in (0, 2, 4) for inner in (-1, 3)) + 6
    np.testing.assert_allclose(state[0], np.exp(-0.5j * total))


def test_a_loop_parameter_hides_that_of_an_outer_loop():
    circuit = QuantumCircuit(1)
    theta = Parameter("theta")
    with circuit.for_loop((1, 2), theta):
        with circuit.for_loop((10,), theta):
            circuit.p(theta, 0)
        circuit.p(theta * 0.1, 0)
    circuit.x(0)
    body = QuantumCircuit(1, global_phase=theta)
    circuit.for_loop((1, 2), theta, body, [0], [])
    (state,) = [state for _, _, state in final_states(circuit, state=[0, 1])]
    np.testing.assert_allclose(state[0], np.exp(1j * (20 + 0.3 + 3)))


@needs_loop_variables
def test_loop_values_are_the_variable():
    circuit = classical(4)
    register = circuit.cregs[0]
    with circuit.for_loop((1, 0, 6), expr.Var.new("i", types.Uint(4))) as i:
        circuit.store(i, expr.add(i, 1))  # does not change what comes next
        circuit.store(register, expr.add(register, i))
    assert outcome(circuit) == 10


@needs_loop_variables
@pytest.mark.parametrize("values", [range(9), range(-1, 0)])
def test_loop_values_fit_their_variable(values):
    circuit = classical(1)
    with circuit.for_loop(values, expr.Var.new("i", types.Uint(3))):
        pass
    with pytest.raises(UndefinedError, match="loop value"):
        distribution(circuit)


def test_stores_write_bits_registers_and_indices():
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(4, "c"))
    register = circuit.cregs[0]
    circuit.add_register(ClassicalRegister(bits=[register[3], register[0]], name="d"))
    other = circuit.cregs[1]
    variable = circuit.add_var("v", uint(0b0110, 4))
    circuit.store(register, variable)
    circuit.store(other, 1)  # bit 3 of c
    assert outcome(circuit) == 0b1110
    circuit.store(expr.index(register, expr.cast(other, types.Uint(2))), False)  # bit 1
    circuit.store(expr.index(variable, 3), True)
    circuit.store(register[0], expr.index(variable, 3))
    assert outcome(circuit) == 0b1101


def test_variables_of_a_block_start_afresh():
    body = QuantumCircuit(1, 2)
    local = expr.Var.new("local", types.Bool())
    body.add_uninitialized_var(local)
    with body.if_test((0, True)):
        body.store(body.clbits[1], local)  # still unset in the second turn
    body.store(local, True)
    body.store(body.clbits[0], True)
    circuit = QuantumCircuit(1, 2)
    circuit.for_loop(range(1), None, body, [0], [0, 1])
    assert outcome(circuit) == 1
    circuit.for_loop(range(1), None, body, [0], [0, 1])
    with pytest.raises(UndefinedError, match="before it is written"):
        distribution(circuit)


def test_a_variable_of_a_block_hides_the_same_one_outside():
    variable = expr.Var.new("v", types.Uint(2))
    body = QuantumCircuit(1, 2)
    body.add_var(variable, uint(3, 2))
    capturing = QuantumCircuit(1, 2, captures=[variable])
    capturing.store(variable, 2)
    body.box(capturing, [0], [0, 1])
    body.store(body.clbits[0], expr.index(variable, 0))
    circuit = QuantumCircuit(1, 2)
    circuit.add_var(variable, uint(1, 2))
    circuit.if_test((0, False), body, [0], [0, 1])
    circuit.store(circuit.clbits[1], expr.index(variable, 0))
    assert outcome(circuit) == 2  # 0 in the block, where 2 was captured; 1 outside


def test_a_captured_variable_is_shared():
    circuit = classical(2)
    variable = circuit.add_var("v", uint(0, 2))
    with circuit.if_test((circuit.clbits[0], False)), circuit.box():
        circuit.store(variable, 2)
    circuit.store(circuit.cregs[0], variable)
    assert outcome(circuit) == 2


def test_branches_have_variables_of_their_own():
    circuit = QuantumCircuit(2, 2)
    circuit.ry(2 * math.asin(math.sqrt(0.3)), 0)
    circuit.measure(0, 0)
    variable = circuit.add_var("v", expr.lift(circuit.clbits[0]))
    circuit.reset(0)
    circuit.store(circuit.clbits[0], False)
    with circuit.if_test(variable):
        circuit.x(1)
    circuit.measure(1, 1)
    assert distribution(circuit) == pytest.approx({0: 0.7, 2: 0.3})


def test_blocks_have_bits_by_position():
    inner = QuantumCircuit(QuantumRegister(1), ClassicalRegister(2, "c"))
    inner.x(0)
    body = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "c"))
    body.if_test((body.cregs[0], 1), inner, [1], [0, 1])
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "c"))
    circuit.store(circuit.clbits[1], True)
    circuit.box(body, [1, 0], [1, 0])  # the value of its register is 1, and its qubit 1 is qubit 0
    circuit.measure([0, 1], [0, 1])
    assert outcome(circuit) == 1


def test_inputs_and_captures_of_a_circuit_are_refused():
    circuit = classical(2)
    variable = circuit.add_input("a", types.Uint(2))
    circuit.store(circuit.cregs[0], variable)
    with pytest.raises(UnsupportedError, match=r"without a value: \['a'\]"):
        distribution(circuit)
    assert distribution(circuit, inputs={variable: 3}) == {3: 1.0}
    circuit = QuantumCircuit(1, captures=[variable])
    with pytest.raises(UnsupportedError, match="capture"):
        distribution(circuit)


def test_what_cannot_be_run_is_refused():
    circuit = QuantumCircuit(1, 1)
    circuit.append(BreakLoopOp(1, 1), [0], [0])
    with pytest.raises(UnsupportedError, match="outside a loop"):
        distribution(circuit)
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    with pytest.raises(UnsupportedError, match="'a' has no value"):
        distribution(circuit)
    circuit = QuantumCircuit(1)
    stretch = circuit.add_stretch("s")
    circuit.delay(stretch, 0)
    assert len(final_states(circuit)) == 1
    with circuit.if_test(expr.less(stretch, Duration.ns(1.0))):
        circuit.x(0)
    with pytest.raises(UnsupportedError, match="stretch"):
        distribution(circuit)


def test_initialize_resets_what_is_entangled():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.append(Initialize([0.6, 0.8]), [0])
    circuit.measure([0, 1], [0, 1])
    assert distribution(circuit) == pytest.approx({0: 0.18, 1: 0.32, 2: 0.18, 3: 0.32})


@few
@given(strategies.circuits(max_qubits=3, max_operations=8, measure=True))
def test_circuits_without_control_flow_agree_with_the_plain_oracle(circuit):
    assert distribution(circuit) == pytest.approx(oracle.distribution(circuit), abs=1e-9)


@few
@given(dynamic_strategies.dynamic_circuits(durations=True), strategies.seeds)
def test_random_circuits_run_with_bits_in_any_order(circuit, seed):
    result = distribution(circuit)
    assert result.remainder == 0
    assert sum(result.values()) == pytest.approx(1)
    assert distribution(dynamic_strategies.relocated(circuit, seed)) == pytest.approx(result, abs=1e-9)


@few
@given(dynamic_strategies.dynamic_circuits(undefined=True))
def test_random_circuits_run_or_are_undefined(circuit):
    try:
        result = distribution(circuit)
    except UndefinedError:
        return
    assert sum(result.values()) == pytest.approx(1)


@few
@given(dynamic_strategies.unbounded_circuits())
def test_random_unbounded_loops_end(circuit):
    result = distribution(circuit, floor=1e-3)
    assert result.remainder < 0.05
    assert sum(result.values()) + result.remainder == pytest.approx(1)
