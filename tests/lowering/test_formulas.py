"""Slots by formulas: Qiskit's own digits for every expression and point, and derivatives."""

from __future__ import annotations

import math
import operator
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterExpression, ParameterVector

from ketjet import Simulator, engine
from ketjet.errors import InvalidCircuitError
from ketjet.lowering import lower, parameters
from ketjet.lowering.formulas import FormulaWriter

A, B, C = PARAMETERS = [Parameter(name) for name in "abc"]
FUNCTIONS = ["sin", "cos", "tan", "arcsin", "arccos", "arctan", "exp", "log", "abs", "sign", "conjugate"]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
CONSTANTS = st.sampled_from([2, 3, -1, -2, 7, 1, 0, 0.5, 1 / 3, math.pi, 2 * math.pi, -0.25, 1j])
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, math.pi, 1e-20, 1 + 1e-15, 1e17]
VALUES = st.sampled_from(SPECIAL) | st.floats(-4, 4)


def applied(function, *operands):
    """The expression, or its last operand where there is none."""
    try:
        return function(*operands)
    except (ArithmeticError, RuntimeError, TypeError, ValueError):
        return operands[-1]


def expressions():
    def extended(inner):
        return st.one_of(
            st.builds(lambda x: applied(operator.neg, x), inner),
            st.builds(
                lambda name, x: applied(getattr(x, name)) if isinstance(x, ParameterExpression) else x,
                st.sampled_from(FUNCTIONS),
                inner,
            ),
            st.builds(lambda op, x, y: applied(op, x, y), st.sampled_from(OPERATORS), inner, inner | CONSTANTS),
            st.builds(lambda op, x, y: applied(op, x, y), st.sampled_from(OPERATORS), CONSTANTS, inner),
        )

    return st.recursive(st.sampled_from(PARAMETERS), extended, max_leaves=6).filter(
        lambda expression: isinstance(expression, ParameterExpression)
    )


def bits(value):
    return struct.pack("d", value)


def lowered_with(*angles):
    circuit = QuantumCircuit(1)
    for angle in angles:
        circuit.rx(angle, 0)
    return lower(circuit)


def formulas_of(expression, **changed):
    writer = FormulaWriter({"a": 0, "b": 1, "c": 2})
    writer.expression(expression)
    columns = {
        name: np.asarray(getattr(writer, name)) for name in ("begins", "ops", "operands", "constants", "ordered")
    }
    slots = {"num_parameters": 3, "numbers": [0.0], "slots": [0], "formulas": [0], "phases": []}
    return engine.Formulas(**{**slots, **columns, **changed})


def bound(expression, point):
    """What Qiskit makes of it; None where that is no finite real number."""
    values = dict(zip(PARAMETERS, point, strict=True))
    try:
        value = parameters.real_number(expression.bind({each: values[each] for each in expression.parameters}))
    except (ArithmeticError, InvalidCircuitError, RuntimeError, TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


@settings(max_examples=600, deadline=None)
@given(expressions(), st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=10))
def test_what_the_engine_decides_has_the_digits_of_qiskit(expression, points):
    slots, undecided = formulas_of(expression).evaluate(np.array(points))
    for point in set(range(len(points))) - {point for point, _ in undecided.tolist()}:
        assert bits(slots[point, 0]) == bits(bound(expression, points[point]))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(expressions(), min_size=1, max_size=4), st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=9)
)
def test_slots_of_many_points_are_those_of_single_ones(angles, points):
    lowered = lowered_with(*angles)
    names = [parameter.name for parameter in lowered.parameters]
    given_values = np.array([[point["abc".index(name)] for name in names] for point in points])
    expected = [[bound(angle, point) for angle in angles] for point in points]
    for count in (1, len(points)):
        if any(None in row for row in expected[:count]):
            with pytest.raises(InvalidCircuitError, match="has no value"):
                lowered.binding.slots_of(given_values[:count])
        else:
            assert lowered.binding.slots_of(given_values[:count]).tobytes() == np.array(expected[:count]).tobytes()


@pytest.mark.parametrize(
    "expression",
    [A, 2 * A, A / 3, A / 3.7, -A, A + B, A - math.pi, 2 * (math.pi - A) * (math.pi - B), A * B / 2, A.sin(), A**2 + B],
    ids=str,
)
def test_usual_expressions_are_decided_by_the_engine(expression):
    _, undecided = formulas_of(expression).evaluate(np.array([[0.3, -1.7, 0.9], [0.0, 0.0, 0.0], [1.0, 0.5, -1.0]]))
    assert not len(undecided)


def test_an_expression_without_a_replay_is_left_to_qiskit(monkeypatch):
    monkeypatch.setattr("ketjet.lowering.formulas.expression_steps", lambda _: iter(()))
    points = np.array([[0.1 * i, 0.2] for i in range(6)])
    binding = lowered_with(2 * A + B.sin()).binding
    assert binding.slots_of(points)[:, 0].tolist() == [bound(2 * A + B.sin(), (*point, 0)) for point in points]
    assert binding.pull_back(points[3], np.array([2.0])) == pytest.approx([4, 2 * math.cos(0.2)])


def test_a_negative_integer_that_qiskit_cannot_hash_is_an_angle():
    minus_one = -(A / A)
    assert lowered_with(minus_one, B, minus_one).binding.slots_of(np.array([[0.5, 2.0]])).tolist() == [[-1, 2, -1]]


def test_a_global_phase_is_kept_in_one_turn():
    circuit = QuantumCircuit(1, global_phase=A)
    circuit.rx(A, 0)
    circuit.global_phase += B**2
    lowered = lower(circuit)
    points = np.array([[7.0, 1.5], [-1e-20, 0.0], [-7.5, 0.25], [3.0, -4.0]])
    slots = lowered.binding.slots_of(points)
    assert slots[:, 0].tolist() == points[:, 0].tolist()
    assert slots[:, 1].tolist() == [bound(A + B**2, (a, b, 0)) % math.tau for a, b in points]
    assert [each.header.global_phase for each in lowered.at_points(points)] == slots[:, 1].tolist()
    assert next(lower(circuit).at_points(points[:1])).program.slots.tolist() == slots[0].tolist()
    assert lowered.binding.pull_back(points[0], np.array([1.0, 10.0])) == pytest.approx([11, 30])


def test_all_values_of_a_circuit_are_bound_as_each_of_them_alone():
    vector = ParameterVector("v", 2)
    circuit = QuantumCircuit(1)
    circuit.rx(vector[0] * A, 0)
    circuit.p(vector[1], 0)
    circuit.rx(0.25, 0)
    lowered = lower(circuit)
    points = [{vector: [0.1 * i, i], "a": np.float32(1.5)} for i in range(7)]
    rows = lowered.rows({vector: [point[vector] for point in points], "a": [1.5] * 7}, 7)
    together = [each.program.slots.tolist() for each in lowered.at_points(rows)]
    assert together == [lowered.bind(point).program.slots.tolist() for point in points]
    assert together[3] == [(0.1 * 3) * 1.5, 3.0, 0.25]


@pytest.mark.parametrize("at_a_time", [1, 2, 100])
def test_a_point_is_named_where_there_are_several(at_a_time, monkeypatch):
    monkeypatch.setattr(sys.modules["ketjet.lowering.lower"], "SLOTS_AT_A_TIME", at_a_time)
    circuit = QuantumCircuit(1, 1, name="c")
    circuit.rx(1 / A, 0)
    circuit.measure(0, 0)
    values = [1.0] * 7
    for bad, message in [
        (0.0, r"circuit 'c', point 5, instruction 0 \(rx\): the angle 1/a has no value with a = 0.0"),
        (math.nan, r"circuit 'c', point 5: bad value for parameter 'a' \(used by instruction 0 \(rx\)\): nan is not"),
        ("x", r"circuit 'c', point 5: bad value for parameter 'a'.*'x' is not a number"),
    ]:
        values[5] = bad
        with pytest.raises(InvalidCircuitError, match=message):
            Simulator().run(circuit, parameter_binds=[{A: values}])
    with pytest.raises(InvalidCircuitError, match=r"circuit 'c', instruction 0 \(rx\): the angle 1/a has no value"):
        Simulator().run(circuit, parameter_binds=[{A: [0.0]}])


@settings(max_examples=200, deadline=None)
@given(expressions(), st.tuples(*[st.floats(0.2, 0.9)] * 3))
def test_derivatives_are_those_of_differences(expression, point):
    gradient, left_out = formulas_of(expression).pull_back(np.array(point), np.array([1.0]))
    if len(left_out) or np.abs(gradient).max() > 1e3:
        return
    for i, slope in enumerate(gradient):
        steps = [1e-4, -1e-4, 2e-4, -2e-4]
        moved = [bound(expression, [value + step * (i == j) for j, value in enumerate(point)]) for step in steps]
        if None in moved:
            continue
        ahead, behind, far_ahead, far_behind = moved
        near, far = (ahead - behind) / 2e-4, (far_ahead - far_behind) / 4e-4
        if abs(near - far) < 1e-4 * max(1, abs(near)):  # smooth there
            assert slope == pytest.approx(near, rel=1e-3, abs=1e-3)


def test_what_has_no_derivative_is_named():
    for expression, point, reason in [
        (A.sign(), [0.5], "sign"),
        (A.abs(), [0.0], "it is|inf|NaN|nan|zero"),
        (A**0.5, [0.0], "it is|inf|NaN|nan|zero"),
        ((1j * A).abs(), [0.5], "abs and conj have none for complex numbers"),
    ]:
        binding = lowered_with(expression).binding
        with pytest.raises(
            InvalidCircuitError, match=rf"instruction 0 \(rx\): .* has no derivative with a = .*({reason})"
        ):
            binding.pull_back(np.array(point), np.array([1.0]))
    assert lowered_with(A.abs()).binding.pull_back(np.array([-0.5]), np.array([3.0])).tolist() == [-3.0]
    hyperbolic = lowered_with((1j * A).cos()).binding  # by way of complex numbers
    assert hyperbolic.pull_back(np.array([0.5]), np.array([1.0])) == pytest.approx([math.sinh(0.5)])


def test_slots_of_one_expression_add_up():
    binding = lowered_with(2 * A, B, 2 * A, 0.5, A + B).binding
    assert binding.pull_back(np.array([0.3, 0.4]), np.array([1.0, 10.0, 100.0, 1e9, 1000.0])).tolist() == [
        1202.0,
        1010.0,
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"begins": [0, 9]},
        {"begins": [1, 3]},
        {"ops": [0, 0, 99]},
        {"ops": [2, 0, 0]},
        {"ops": [0, 0, 0]},
        {"operands": [0, 3, 0]},
        {"operands": [0, -1, 0]},
        {"slots": [1]},
        {"formulas": [1]},
        {"phases": [-1]},
        {"ordered": []},
    ],
    ids=str,
)
def test_columns_that_do_not_fit_are_refused(changed):
    with pytest.raises(ValueError, match="formula"):
        formulas_of(A + B, **changed)


def test_values_of_a_wrong_size_are_refused():
    formulas = formulas_of(A + B)
    with pytest.raises(ValueError, match="size"):
        formulas.evaluate(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="size"):
        formulas.pull_back(np.zeros(2), np.zeros(1))
