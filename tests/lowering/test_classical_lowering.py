"""Classical expressions and variables: what they are lowered to, run by a small interpreter."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from oracles import packed_control_flow
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import (
    Clbit,
    Duration,
    ForLoopOp,
    Qubit,
    WhileLoopOp,
)
from qiskit.circuit.classical import expr, types
from support.lowering_checks import bits, error_of, registers, set_register
from support.qiskit_versions import WIDE_NUMBERS, needs_loop_variables, needs_negation, needs_wide_numbers

from ketjet.errors import UnsupportedInstructionError
from ketjet.lowering import lower
from ketjet.lowering.expressions import Expressions
from ketjet.lowering.variables import VariableTable

NAN = float("nan")


def evaluate(make, kind, **values):
    """The value of an expression of Uint variables of 70 bits or of the type in its name, as so many bits."""
    result = ClassicalRegister(kind.width if kind.kind is types.Uint else 1, "result")
    circuit = QuantumCircuit(result)
    variables = [circuit.add_var(name, value) for name, value in values.items()]
    value = make(*variables)
    circuit.store(result if kind.kind is types.Uint else result[0], value)
    return bits(circuit)


@pytest.mark.parametrize("width", [1, 5, 64, *([65, 130] if WIDE_NUMBERS else [])])
def test_arithmetic_of_unsigned_integers(width):
    rng = np.random.default_rng(width)
    kind, size = types.Uint(width), 1 << width
    for _ in range(4):
        x, y = (int.from_bytes(rng.bytes(17), "little") % size for _ in range(2))
        amount = int(rng.integers(0, width + 2))
        expected = {
            expr.add: (x + y) % size,
            expr.sub: (x - y) % size,
            expr.mul: x * y % size,
            expr.bit_and: x & y,
            expr.bit_or: x | y,
            expr.bit_xor: x ^ y,
        } | ({expr.div: x // y} if y else {})
        given_values = {"x": expr.lift(x, kind), "y": expr.lift(y, kind)}
        for operation, value in expected.items():
            assert evaluate(operation, kind, **given_values) == value
        relations = {
            expr.equal: x == y, expr.not_equal: x != y, expr.less: x < y, expr.less_equal: x <= y,
            expr.greater: x > y, expr.greater_equal: x >= y,
        }  # fmt: skip
        for relation, value in relations.items():
            assert evaluate(relation, types.Bool(), **given_values) == value
        shifted = {"x": expr.lift(x, kind), "n": expr.lift(amount, types.Uint(9))}
        assert evaluate(expr.shift_left, kind, **shifted) == (x << amount) % size
        assert evaluate(expr.shift_right, kind, **shifted) == x >> amount
        assert evaluate(expr.bit_not, kind, x=expr.lift(x, kind)) == size - 1 - x
        assert evaluate(expr.logic_not, types.Bool(), x=expr.lift(x, kind)) == (x == 0)
        index = expr.lift(min(amount, width - 1), types.Uint(9))
        assert evaluate(expr.index, types.Bool(), x=expr.lift(x, kind), n=index) == x >> min(amount, width - 1) & 1


def test_bools():
    for x, y in itertools.product([False, True], repeat=2):
        expected = {
            expr.logic_and: x and y, expr.logic_or: x or y, expr.bit_and: x & y, expr.bit_or: x | y,
            expr.bit_xor: x ^ y, expr.equal: x == y, expr.not_equal: x != y,
        }  # fmt: skip
        for operation, value in expected.items():
            assert evaluate(operation, types.Bool(), x=expr.lift(x), y=expr.lift(y)) == value
        assert evaluate(expr.bit_not, types.Bool(), x=expr.lift(x)) == (not x)


@needs_negation
def test_floats():
    x, y = -2.5, 0.75
    relations = {
        expr.equal: x == y, expr.not_equal: x != y, expr.less: x < y, expr.less_equal: x <= y,
        expr.greater: x > y, expr.greater_equal: x >= y,
    }  # fmt: skip
    for relation, value in relations.items():
        assert evaluate(relation, types.Bool(), x=expr.lift(x), y=expr.lift(y)) == value
    for operation, value in {expr.add: x + y, expr.sub: x - y, expr.mul: x * y, expr.div: x / y}.items():
        same = evaluate(lambda x, y, f=operation, v=value: expr.equal(f(x, y), v), types.Bool(), x=x, y=y)
        assert same
    assert evaluate(lambda x: expr.equal(expr.negate(x), 2.5), types.Bool(), x=x)


@needs_wide_numbers
def test_casts():
    wide, narrow = types.Uint(70), types.Uint(3)
    value = (1 << 69) + 13
    assert evaluate(lambda x: expr.cast(x, narrow), narrow, x=expr.lift(value, wide)) == 5
    assert evaluate(lambda x: expr.cast(x, wide), wide, x=expr.lift(5, narrow)) == 5
    assert evaluate(lambda x: expr.cast(x, types.Bool()), types.Bool(), x=expr.lift(1 << 69, wide)) == 1
    assert evaluate(lambda x: expr.cast(x, wide), wide, x=expr.lift(True)) == 1
    assert evaluate(lambda x: expr.cast(x, narrow), narrow, x=6.9) == 6
    assert evaluate(lambda x: expr.cast(x, types.Bool()), types.Bool(), x=0.1) == 1
    assert evaluate(lambda x: expr.cast(x, types.Bool()), types.Bool(), x=-0.0) == 0
    back = evaluate(lambda x: expr.cast(expr.cast(x, types.Float()), wide), wide, x=expr.lift(value, wide))
    assert back == int(float(value))


@needs_negation
def test_durations():
    for make, expected in (
        (lambda: expr.less(Duration.ns(999), Duration.us(1)), True),
        (lambda: expr.equal(Duration.ms(2), Duration.s(0.002)), True),
        (lambda: expr.equal(expr.add(Duration.ps(500), Duration.ns(1)), Duration.ns(1.5)), True),
        (lambda: expr.less(expr.negate(Duration.dt(3)), expr.sub(Duration.dt(1), Duration.dt(3))), True),
        (lambda: expr.equal(expr.mul(expr.lift(3, types.Uint(2)), Duration.dt(5)), Duration.dt(15)), True),
        (lambda: expr.equal(expr.div(Duration.dt(5), expr.lift(2, types.Uint(2))), Duration.dt(3)), False),
        (lambda: expr.equal(expr.div(Duration.dt(5), Duration.dt(2)), 2.5), True),
    ):
        assert evaluate(make, types.Bool()) == expected
    circuit, a = registers(1)
    variable = circuit.add_var("d", Duration.ns(3))
    circuit.store(a[0], expr.greater(variable, Duration.ns(2)))
    assert bits(circuit) == 1


def test_registers_and_bits_are_read_and_stored():
    circuit, a, b = registers(3, 70)
    set_register(circuit, a, 5)
    circuit.store(a[1], expr.index(a, 2))
    set_register(circuit, b, 1 << 69)
    circuit.store(expr.index(b, expr.lift(3, types.Uint(7))), expr.index(b, expr.lift(69, types.Uint(7))))
    circuit.store(expr.index(b, a), True)
    assert bits(circuit) == 7 | ((1 << 69) + (1 << 3) + (1 << 7)) << 3
    assert lower(circuit).has_measurements
    wide = expr.lift(a, types.Uint(66))
    circuit.store(b, expr.cast(expr.add(wide, wide), types.Uint(70)))
    assert bits(circuit) == 7 | 14 << 3


def test_bits_of_variables():
    circuit, a = registers(7)
    variable = circuit.add_var("v", expr.lift(0, types.Uint(70)))
    circuit.store(expr.index(variable, 69), True)
    circuit.store(expr.index(variable, expr.lift(1, types.Uint(70))), expr.index(variable, 69))
    circuit.store(a, expr.cast(expr.shift_right(variable, 64), types.Uint(7)))
    circuit.store(a[0], expr.index(variable, 1))
    assert bits(circuit) == 33
    assert not lower(QuantumCircuit(1)).has_measurements


def uninitialised(circuit, name="v"):
    variable = expr.Var.new(name, types.Uint(4))
    circuit.add_uninitialized_var(variable)
    return variable


def guards(circuit):
    """Names of the variables whose reads are guarded at run time."""
    return lower(circuit).program.packed()[12]


def test_variables_that_surely_have_a_value_are_not_guarded(loops):
    circuit, a, b = registers(4, 1)
    variable = uninitialised(circuit)
    with circuit.if_test((b, 0)) as else_:
        circuit.store(variable, 3)
    with else_, circuit.switch(b) as case:
        with case(0):
            circuit.store(variable, 1)
        with case(case.DEFAULT):
            circuit.store(variable, 2)
    circuit.store(a, variable)
    other = uninitialised(circuit, name="w")
    with circuit.for_loop(range(3)):
        circuit.store(other, variable)
        with circuit.box():
            local = circuit.add_var("local", other)
            circuit.store(other, expr.add(local, 1))
    circuit.store(a, expr.add(a, other))
    assert guards(circuit) == []
    assert bits(circuit) == 7


def test_reads_that_may_come_too_early_are_guarded(loops):
    for stores in (True, False):
        circuit, a, b = registers(4, 1)
        variable = uninitialised(circuit)
        circuit.store(b[0], stores)
        with circuit.if_test((b, 1)):
            circuit.store(variable, 9)
        circuit.store(a, variable)
        assert guards(circuit) == ["v"]
        if stores:
            assert bits(circuit) == 25
        else:
            with pytest.raises(packed_control_flow.RunTimeError, match="variable v is read before"):
                bits(circuit)


def test_a_variable_starts_afresh_whenever_its_scope_is_entered(loops):
    circuit, a, b = registers(4, 2)
    body, _, _ = registers(4, 2)
    variable = uninitialised(body)
    with body.if_test((b, 0)):
        body.store(variable, 9)
    body.store(b, expr.add(b, 1))
    body.store(a, variable)
    circuit.append(ForLoopOp(range(3), None, body), circuit.qubits, circuit.clbits)
    assert guards(circuit) == ["v"]
    with pytest.raises(packed_control_flow.RunTimeError, match="variable v is read before"):
        bits(circuit)


def test_a_store_later_in_a_loop_counts():
    circuit, a = registers(4)
    variable = uninitialised(circuit)
    with circuit.while_loop(expr.less(a, 3)):
        with circuit.if_test(expr.greater(a, 0)):
            circuit.store(a, expr.add(a, variable))
        with circuit.if_test(expr.equal(a, 0)):
            circuit.store(a, 1)
        circuit.store(variable, 1)
    assert bits(circuit) == 3


def test_blocks_that_are_never_open_together_share_words():
    circuit, a = registers(4)
    for value in range(20):
        with circuit.if_test(expr.equal(a, value % 8)):
            local = circuit.add_var("local", expr.lift(3, types.Uint(4)))
            circuit.store(a, local)
    assert lower(circuit).program.packed()[11] == 2


@needs_loop_variables
def test_the_same_variable_in_nested_loops(loops):
    variable = expr.Var.new("i", types.Uint(4))
    register = ClassicalRegister(8, "a")
    inner = QuantumCircuit([Qubit()], register, inputs=[variable])
    inner.store(register, expr.add(register, 1))
    outer = QuantumCircuit([Qubit()], register, inputs=[variable])
    outer.append(ForLoopOp(range(7), variable, inner), [0], register)
    outer.store(register, expr.add(register, expr.shift_left(expr.cast(variable, types.Uint(8)), 5)))
    circuit = QuantumCircuit([Qubit()], register)
    circuit.append(ForLoopOp((1, 2), variable, outer), [0], register)
    assert bits(circuit) == 14 + (3 << 5)


def test_values_that_nobody_gives():
    variable = expr.Var.new("angle", types.Float())
    message = error_of(QuantumCircuit(1, inputs=[variable]))
    assert message == (
        "circuit 'wrong': its input variables 'angle' have no value; give them with run(..., inputs={name: value})"
    )
    assert "its captured variable 'angle'" in error_of(QuantumCircuit(1, captures=[variable]))


def test_reads_that_certainly_come_too_early():
    circuit, a = registers(4)
    circuit.h(0)
    variable = uninitialised(circuit)
    circuit.store(a, expr.add(variable, 1))
    assert error_of(circuit) == (
        "circuit 'wrong', instruction 1: 'store' on qubits []: variable 'v' is read before it has a value; "
        "store one first, e.g. with add_var"
    )
    circuit, a = registers(4)
    variable = uninitialised(circuit)
    with circuit.while_loop(expr.less(a, 2)), circuit.if_test(expr.less(a, 1)):
        circuit.store(expr.index(variable, 0), True)
    assert "instruction 0, inside while_loop > if_else: 'store'" in error_of(circuit)
    circuit, a = registers(4)
    body, _ = registers(4)
    variable = uninitialised(body)
    body.store(a, variable)
    body.store(variable, 1)
    circuit.append(WhileLoopOp(expr.less(a, 2), body), circuit.qubits, circuit.clbits)
    assert "inside while_loop: 'store' on qubits []: variable 'v'" in error_of(circuit)


def test_expressions_without_a_meaning_here():
    circuit = QuantumCircuit(1, 1)
    stretch = circuit.add_stretch("idle")
    with circuit.if_test(expr.less(stretch, Duration.ns(3))):
        circuit.x(0)
    message = error_of(circuit, UnsupportedInstructionError)
    assert "the value of stretch 'idle' is known only after scheduling" in message
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test(expr.less(Duration.ns(3), Duration.dt(3))):
        circuit.x(0)
    assert "use dt everywhere or nowhere" in error_of(circuit)
    circuit = QuantumCircuit(1, 2)
    circuit.store(circuit.cregs[0], expr.Value(4, types.Uint(2)))
    assert "the value 4 does not fit into 2 bits" in error_of(circuit)


def test_deep_expressions():
    clbit = Clbit()
    value = expr.lift(clbit)
    for _ in range(3001):
        value = expr.logic_not(value)
    code = Expressions(VariableTable(lambda error: error), {clbit: 0}).condition(value)
    assert packed_control_flow.run_code(code, packed_control_flow.Memory(clbits=0), []) == 1
    assert packed_control_flow.run_code(code, packed_control_flow.Memory(clbits=1), []) == 0
