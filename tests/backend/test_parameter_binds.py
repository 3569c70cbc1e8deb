"""What `parameter_binds` takes, and how what it does not take is told: by parameter, point and shapes, in `run`."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector

from ketjet import EstimatorV2, Objective, SamplerV2, Simulator
from ketjet.errors import InvalidCircuitError, InvalidOptionError, KetjetError
from ketjet.lowering import arrays

THETA, VECTOR = Parameter("theta"), ParameterVector("v", 3)
POINTS = 5
RANDOM = np.random.default_rng(0).uniform(-3, 3, (POINTS, 4))
ROWS = RANDOM.round(1).astype(np.float32).astype(float)


def swept(*, measured=True):
    circuit = QuantumCircuit(3, name="swept")
    circuit.ry(THETA, 0)
    for qubit, element in enumerate(VECTOR):
        circuit.rx(element * THETA, qubit)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    if measured:
        circuit.measure_all()
    return circuit


def rotation():
    circuit = QuantumCircuit(1, name="rotation")
    circuit.ry(THETA, 0)
    circuit.measure_all()
    return circuit


def counts(binds, circuit=None):
    backend = Simulator(seed_simulator=5)
    return backend.run(circuit or swept(), parameter_binds=binds, shots=100).result().get_counts()


@pytest.fixture(scope="module")
def expected():
    """What circuits give to which Qiskit has assigned the values."""
    rows = [dict(zip([THETA, *VECTOR], row, strict=True)) for row in ROWS.tolist()]
    return Simulator(seed_simulator=5).run([swept().assign_parameters(row) for row in rows], shots=100).result()


class Series:
    """A column as pandas and others have them."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


@pytest.mark.parametrize(
    "kind",
    [
        np.asarray,
        np.asfortranarray,
        lambda column: np.repeat(column, 2, axis=0)[::2],
        lambda column: np.asarray(column, np.float32),
        lambda column: np.asarray(column, object),
        lambda column: column.tolist(),
        lambda column: tuple(map(tuple, column.tolist())) if column.ndim > 1 else tuple(column.tolist()),
        list,
        Series,
    ],
)
def test_columns_of_any_kind(kind, expected):
    assert counts([{"theta": kind(ROWS[:, 0]), VECTOR: kind(ROWS[:, 1:])}]) == expected.get_counts()


def test_elements_of_a_vector_by_themselves(expected):
    columns = {element: ROWS[:, 1 + place] for place, element in enumerate(VECTOR)}
    assert counts({THETA: ROWS[:, 0], **columns}) == expected.get_counts()
    by_name = {f"v[{place}]": ROWS[:, 1 + place].tolist() for place in range(3)}
    assert counts([{"theta": ROWS[:, 0].tolist(), **by_name}]) == expected.get_counts()


@pytest.mark.parametrize("value", [0.5, np.float64(0.5), np.array(0.5), [0.5], (0.5,), np.array([0.5])])
def test_one_point(value):
    whole = {VECTOR: [0.1, 0.2, 0.3], THETA: value}
    assert counts(whole) == counts({VECTOR: np.array([[0.1, 0.2, 0.3]]), THETA: [0.5]})


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=40), st.integers(1, 10))
def test_long_lists_are_read_in_pieces(values, piece):
    length, arrays.CHUNK = arrays.CHUNK, piece
    try:
        np.testing.assert_array_equal(arrays.array_of(values, float), values)
        rows = [[value, 2 * value] for value in values]
        np.testing.assert_array_equal(arrays.array_of(rows, float), rows)
    finally:
        arrays.CHUNK = length


@pytest.mark.parametrize("kind", [int, float, np.float64, np.float32, np.int8, Fraction, complex, str, bool])
def test_numbers_of_any_kind(kind):
    column = [kind(1), 2, kind(0), 0.5]
    if kind is str:
        with pytest.raises(InvalidCircuitError, match=r"point 0: bad value for parameter 'theta'.*'1' is not a number"):
            counts({THETA: column}, rotation())
        return
    assert counts({THETA: column}, rotation()) == counts({THETA: [1.0, 2.0, 0.0, 0.5]}, rotation())
    with pytest.raises(InvalidCircuitError, match=r"point 1: bad value for parameter 'theta'.*larger than any float"):
        counts({THETA: [kind(1), 10**400]}, rotation())


ZEROS = np.zeros(POINTS)


@pytest.mark.parametrize(
    ("binds", "message"),
    [
        ({THETA: ZEROS[:3], VECTOR: np.zeros((2, 3))}, r"same length, got shapes theta: \(3,\), v: \(2, 3\)"),
        ({THETA: ZEROS, VECTOR: np.zeros(3)}, r"same length, got shapes theta: \(5,\), v: \(1, 3\)"),
        ({THETA: ZEROS[:, np.newaxis], VECTOR: np.zeros((5, 3))}, r"'theta' takes .* \(points,\), got .* \(5, 1\)"),
        ({THETA: ZEROS, VECTOR: np.zeros((5, 4))}, r"vector 'v' of 3 elements .* \(points, 3\), got .* \(5, 4\)"),
        ({THETA: ZEROS, VECTOR: np.zeros((3, 5))}, r"vector 'v' of 3 elements .* \(points, 3\), got .* \(3, 5\)"),
        ({THETA: ZEROS, VECTOR: np.zeros((5, 3, 1))}, r"vector 'v' .* \(points, 3\), got .* \(5, 3, 1\)"),
        ({THETA: ZEROS, VECTOR: ZEROS}, r"vector 'v' .* \(points, 3\), got values of shape \(5,\)"),
        ({THETA: ZEROS, VECTOR: 0.5}, r"vector 'v' .* \(points, 3\), got the value 0.5"),
        ({THETA: [0, 1], VECTOR: [[1, 2, 3], [1, 2]]}, r"vector 'v' .* \(points, 3\), got 2 values at point 1"),
        ({THETA: [0, 1], VECTOR: [[1, 2, 3], 4]}, r"vector 'v' .* \(points, 3\), got 1 values at point 1"),
        ({THETA: [], VECTOR: []}, r"empty lists"),
        ({THETA: np.array([0, np.nan]), VECTOR: np.zeros((2, 3))}, r"point 1.*'theta'.*nan is not finite"),
        ({THETA: [0, 1], VECTOR: [[1, 2, 3], [1, np.inf, 3]]}, r"point 1.*'v\[1\]' .*\(rx\).*inf is not finite"),
        ({THETA: [0, 2j], VECTOR: np.zeros((2, 3))}, r"point 1.*'theta'.*2j is not real"),
        ({THETA: np.array([0, 2j]), VECTOR: np.zeros((2, 3))}, r"point 1.*'theta'.*2j.* is not real"),
        ({THETA: np.array(["0", "1"]), VECTOR: np.zeros((2, 3))}, r"point 0.*'theta'.*'0'.* is not a number"),
        ({THETA: [0, None], VECTOR: np.zeros((2, 3))}, r"point 1.*'theta'.*None is not a number"),
        ({THETA: [[0], [1]], VECTOR: np.zeros((2, 3))}, r"point 0.*'theta'.*\[0\] is not a number"),
        ({THETA: [0, 1], VECTOR: [[1, 2, 3], [1, "2", 3]]}, r"point 1.*'v\[1\]'.*'2' is not a number"),
        ({THETA: ZEROS}, r"parameters without a value: v\[0\], v\[1\], v\[2\]"),
        (
            {THETA: ZEROS, VECTOR: np.zeros((5, 3)), "x": ZEROS},
            r"unknown parameters: x; the circuit's parameters are: ",
        ),
        ({"tehta": ZEROS, VECTOR: np.zeros((5, 3))}, r"unknown parameters: tehta \(did you mean 'theta'\?\)"),
        ({Parameter("theta"): ZEROS, VECTOR: np.zeros((5, 3))}, r"theta \(another Parameter of that name"),
        ({THETA: ZEROS, "theta": ZEROS, VECTOR: np.zeros((5, 3))}, r"parameters with two values: theta"),
        ({THETA: ZEROS, VECTOR: np.zeros((5, 3)), VECTOR[1]: ZEROS}, r"parameters with two values: v\[1\]"),
    ],
)
def test_what_does_not_fit_is_named_before_anything_runs(binds, message):
    backend = Simulator()
    with pytest.raises((InvalidCircuitError, InvalidOptionError), match=message):
        backend.run(swept(), parameter_binds=[binds])
    assert not backend.jobs()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (ROWS[:, :3], r"4\D.*theta.*\(5, 3\)|\(\.\.\., 4\), got \(5, 3\)"),
        (
            np.where(np.arange(20).reshape(5, 4) == 14, np.nan, ROWS),
            r"nan.*'v\[1\]' at point \(3,\)|at point \(3,\).*nan",
        ),
        (ROWS + 0j, r"real numbers"),
        (ROWS.astype(str), r"real numbers"),
        ([[1, 2, 3, 4], [1, 2, 3]], r"inhomogeneous|real numbers"),
    ],
)
def test_values_of_primitives_that_do_not_fit(values, message):
    unmeasured = swept(measured=False)
    calls = [
        lambda: SamplerV2().run([(swept(), values)]),
        lambda: EstimatorV2().run([(unmeasured, "ZZZ", values)]),
        lambda: EstimatorV2().gradient([(unmeasured, "ZZZ", values)]),
        lambda: Objective(unmeasured, "ZZZ").batch(values),
    ]
    for call in calls:
        with pytest.raises(KetjetError, match=message):
            call()


def test_mappings_of_primitives_tell_their_shapes():
    values = {THETA: np.zeros(4), VECTOR: np.zeros((5, 3))}
    with pytest.raises(KetjetError, match=r"consistent shape.*theta: \(4,\), v: \(5, 3\)"):
        SamplerV2().run([(swept(), values)])


@pytest.mark.parametrize("place", ["plain", "if", "loop", "box", "definition", "phase"])
def test_an_expression_without_a_value_at_one_point(place):
    circuit = QuantumCircuit(2, 2, name="swept")
    angle = (THETA + 1).log()
    if place == "if":
        circuit.h(0)
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.ry(angle, 1)
    elif place == "loop":
        with circuit.for_loop(range(2)):
            circuit.ry(angle, 1)
    elif place == "box":
        with circuit.box():
            circuit.ry(angle, 1)
    elif place == "definition":
        own = QuantumCircuit(1, name="own")
        own.ry(angle, 0)
        circuit.append(own.to_gate(), [1])
    elif place == "phase":
        circuit.global_phase = angle
        circuit.ry(THETA, 1)
    else:
        circuit.ry(angle, 1)
    measured = circuit.copy()
    measured.measure([0, 1], [0, 1])
    named = {"if": r"instruction 2 \(if_else\)", "loop": r"instruction 0 \(for_loop\)", "box": r"instruction 0 \(box\)"}
    named |= {"definition": r"instruction 0 \(own\)", "phase": r"global phase", "plain": r"instruction 0 \(ry\)"}
    message = rf"point 2, {named[place]}: the angle log\(.*theta = -1.0"
    column = np.array([0.5, 1, -1, 2])
    with pytest.raises(InvalidCircuitError, match=message):
        Simulator().run(measured, parameter_binds={THETA: column})
    with pytest.raises(InvalidCircuitError, match=f"pub 0, .*{message}"):
        SamplerV2().run([(measured, column)])
    with pytest.raises(InvalidCircuitError, match=f"pub 0, .*{message}"):
        EstimatorV2().run([(circuit, "ZZ", column)])
    with pytest.raises(InvalidCircuitError, match=message):
        Objective(circuit, "ZZ").batch(column[:, np.newaxis])
    if place != "if":  # measurements have no derivatives
        with pytest.raises(InvalidCircuitError, match=f"pub 0, .*{message}"):
            EstimatorV2().gradient([(circuit, "ZZ", column)])
