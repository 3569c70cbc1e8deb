"""Parameter values of pubs: shapes, orders and mistakes; what Qiskit's BindingsArray makes of them is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.primitives.containers.bindings_array import BindingsArray

from ketjet.errors import InvalidPubError, PubTypeError
from ketjet.lowering import lower
from ketjet.primitives.pubs import as_pubs, parts_of, points_of


def ansatz(*names):
    circuit = QuantumCircuit(1, name="ansatz")
    for name in names:
        circuit.rx(Parameter(name), 0)
    return circuit


def points(circuit, values, index=0):
    return points_of(circuit, lower(circuit).parameters, values, index)


@pytest.mark.parametrize(
    ("names", "values", "shape", "array"),
    [
        ("ab", [1, 2], (), [[1, 2]]),
        ("ab", (1, np.int8(2)), (), [[1, 2]]),
        ("ab", [[1, 2], [3, 4], [5, 6]], (3,), [[1, 2], [3, 4], [5, 6]]),
        ("ab", np.zeros((0, 2)), (0,), np.zeros((0, 2))),
        ("ab", {"b": 2, "a": 1}, (), [[1, 2]]),
        ("ab", {"b": [2, 3], "a": [0, 1]}, (2,), [[0, 2], [1, 3]]),
        ("ab", {("b", "a"): [[2, 1], [4, 3]]}, (2,), [[1, 2], [3, 4]]),
        ("ab", {(name for name in "ab"): [[1, 2]]}, (1,), [[1, 2]]),
        ("abc", {("c", "a"): np.ones((2, 3, 2)), "b": np.zeros((2, 3))}, (2, 3), [[1, 0, 1]] * 6),
        ("a", 1.5, (), [[1.5]]),
        ("a", [1.5], (), [[1.5]]),
        ("a", [1, 2], (2,), [[1], [2]]),
        ("a", [[1], [2]], (2,), [[1], [2]]),
        ("", None, (), np.zeros((1, 0))),
        ("", [], (), np.zeros((1, 0))),
        ("", {}, (), np.zeros((1, 0))),
        ("", np.zeros((4, 0)), (4,), np.zeros((4, 0))),
        ("", BindingsArray(shape=(2, 1)), (2, 1), np.zeros((2, 0))),
    ],
)
def test_forms_of_values(names, values, shape, array):
    found = points(ansatz(*names), values)
    assert found.shape == shape
    assert np.array_equal(found.values, array)
    assert found.values.flags.c_contiguous


def test_columns_are_sorted_as_the_circuits_parameters_are():
    circuit = ansatz("p10", "p2")
    assert points(circuit, {"p2": 2, "p10": 10}).values.tolist() == [[10, 2]]
    vector = ParameterVector("v", 11)
    wide = QuantumCircuit(1)
    for parameter in reversed(vector):
        wide.rx(parameter, 0)
    assert points(wide, {vector: np.arange(11)}).values.tolist() == [list(range(11))]


@given(st.data())
@settings(deadline=None)
def test_values_are_those_of_a_bindings_array(data):
    names = data.draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5, unique=True))
    shape = tuple(data.draw(st.lists(st.integers(2, 4), max_size=3)))
    circuit, values = ansatz(*names), {}
    left = data.draw(st.permutations(names))
    while left:
        size = data.draw(st.integers(1, len(left)))
        values[tuple(left[:size])] = np.random.default_rng(size).random((*shape, size))
        left = left[size:]
    found, oracle = points(circuit, values), BindingsArray.coerce(values)
    assert found.shape == oracle.shape
    assert np.array_equal(found.values.reshape(*shape, -1), oracle.as_array(circuit.parameters))


@pytest.mark.parametrize(
    ("names", "values", "error", "message"),
    [
        ("ab", None, InvalidPubError, r"values \(0\) does not match.* for the circuit: a, b\. Note that if you want"),
        ("ab", {}, InvalidPubError, "Note that if you want to run a single pub"),
        ("ab", [1], InvalidPubError, r"The number of values \(1\) does not match the number of parameters \(2\)"),
        ("ab", [[1, 2, 3]], InvalidPubError, r"values \(3\)"),
        ("", [1], InvalidPubError, r"\(1\) does not match the number of parameters \(0\) for the circuit\.$"),
        ("abc", {"a": 1, "d": 2}, InvalidPubError, "unknown parameters: d.*parameters without a value: b, c"),
        (("theta", "phi"), {"thetta": 1, "phi": 2}, InvalidPubError, "did you mean 'theta'"),
        ("ab", {"a": 1, ("a", "b"): [1, 2]}, InvalidPubError, "parameters with two values: a"),
        ("ab", {"a": [1, 2], "b": [1, 2, 3]}, InvalidPubError, "Could not find any consistent shape"),
        ("ab", {("a", "b"): [1, 2, 3]}, InvalidPubError, "bad parameter values: Length of"),
        ("ab", [[1, 2], [3]], InvalidPubError, "bad parameter values"),
        ("ab", ["x", "y"], InvalidPubError, "bad parameter values"),
        ("ab", [1, 1j], PubTypeError, "complex"),
        ("ab", np.array([1, 1j]), PubTypeError, "complex"),
        ("ab", {"a": 1, "b": np.complex128(1)}, PubTypeError, "complex"),
        ("ab", [1, [2]], InvalidPubError, "bad parameter values"),
        ("ab", [1, float("nan")], InvalidPubError, "the value nan of parameter 'b' is not finite"),
        ("ab", [[[1, 2], [3, 4]], [[5, 6], [np.inf, 8]]], InvalidPubError, r"inf of parameter 'a' at point \(1, 1\)"),
    ],
)  # fmt: skip
def test_bad_values_are_told_with_pub_and_circuit(names, values, error, message):
    with pytest.raises(error, match=message) as caught:
        points(ansatz(*names), values, 3)
    assert isinstance(caught.value, ValueError)
    assert "pub 3, circuit 'ansatz'" in str(caught.value)


@pytest.mark.parametrize("pubs", [None, 3, "text", {"a": 1}])
def test_what_holds_no_pubs_is_refused(pubs):
    with pytest.raises(PubTypeError, match=r"SamplerV2\.run\(\) takes a list of pubs"):
        as_pubs(pubs, "Sampler")


def test_any_iterable_holds_pubs():
    assert as_pubs(iter([1, 2]), "Sampler") == [1, 2]


def test_parts():
    circuit = ansatz()
    assert parts_of(circuit, 0, "Sampler", 1, 3) == (circuit,)
    assert parts_of([circuit, None], 0, "Sampler", 1, 3) == (circuit, None)
    for pub in (circuit.data, [circuit] * 4, []):
        with pytest.raises(ValueError, match=r"(?i)pub"):
            parts_of(pub, 0, "Sampler", 1, 3)
    with pytest.raises(InvalidPubError, match="length of pub must be 2, 3 or 4, but length 1 is given"):
        parts_of((circuit,), 5, "Estimator", 2, 4)
    with pytest.raises(PubTypeError, match="An invalid Estimator pub-like was given"):
        parts_of(circuit, 0, "Estimator", 2, 4)
    with pytest.raises(PubTypeError, match="An invalid Sampler pub-like was given: circuit must be QuantumCircuit"):
        parts_of([0.5, 0.7], 1, "Sampler", 1, 3)
