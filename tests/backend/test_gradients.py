"""Gradients of `Simulator` against differences of Qiskit's estimator; shapes, parameters, and what is refused."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import CRXGate, PauliEvolutionGate, RYGate, RZZGate, efficient_su2
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparseObservable, SparsePauliOp, Statevector, random_pauli_list
from support.circuits import layered_circuit, turned
from support.interrupts import assert_ctrl_c_stops
from support.observables import sum_of, terms
from support.strategies import parametrised_circuits

from ketjet import Simulator
from ketjet.errors import (
    CircuitTypeError,
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    InvalidPubError,
    OptionTypeError,
    TimeLimitError,
)

A, B, C = Parameter("a"), Parameter("b"), Parameter("c")
TOLERANCE = {"double": 1e-8, "single": 2e-4}


@pytest.fixture
def backend():
    return Simulator()


def differences(value, point, step=1e-3):
    """The derivatives of a function of a point by Richardson's extrapolation of central differences."""

    def central(size):
        shifts = size * np.eye(len(point))
        return np.array([(value(point + shift) - value(point - shift)) / (2 * size) for shift in shifts])

    return (4 * central(step / 2) - central(step)) / 3


def expected_of(circuit, observable, point):
    """The derivatives of a value by Qiskit's estimator."""

    def value(point):
        return StatevectorEstimator().run([(circuit, observable, point)]).result()[0].data.evs

    return differences(value, np.asarray(point, float))


# Values


@given(
    data=st.data(),
    parametrised=parametrised_circuits(4, max_operations=15),
    precision=st.sampled_from(["single", "double"]),
)
@settings(max_examples=60, deadline=None)
def test_gradients_of_every_gate_and_kind_of_observable(data, parametrised, precision):
    circuit, values = parametrised
    listed = data.draw(terms(circuit.num_qubits))
    matrix = sum_of(listed, circuit.num_qubits)

    def value(point):
        state = np.asarray(Statevector(circuit.assign_parameters(point)))
        return np.vdot(state, matrix @ state).real

    point = np.array([float(values[parameter]) for parameter in circuit.parameters])
    found = Simulator(precision=precision).value_and_gradient(circuit, SparseObservable.from_list(listed), point)
    assert [array.dtype for array in found] == [np.float64, np.float64]
    assert [array.shape for array in found] == [(), point.shape]
    np.testing.assert_allclose(found[0], value(point), atol=TOLERANCE[precision])
    np.testing.assert_allclose(found[1], differences(value, point).reshape(-1), atol=20 * TOLERANCE[precision])


@pytest.mark.parametrize(
    "angle",
    [2 * A - B, A * B, A**2 + B, A.sin() * B.cos(), A.exp() / (B + 2), (A - 1).abs() * B, A.arctan() + B.tan(), A],
    ids=str,
)
def test_expressions_of_parameters(backend, angle):
    circuit = QuantumCircuit(2)
    circuit.ry(A, 0)
    circuit.cx(0, 1)
    circuit.rx(angle, 1)
    circuit.crz(B + angle, 0, 1)
    circuit.ry(A, 1)
    observable, point = SparsePauliOp(["XZ", "ZI", "YY"], [1, 0.5, -2]), [0.4, 0.7]
    for _ in range(2):  # the first is evaluated by Qiskit, the others are compiled
        np.testing.assert_allclose(
            backend.gradient(circuit, observable, point), expected_of(circuit, observable, point), atol=1e-8
        )


def test_an_angle_without_a_derivative_is_named(backend):
    with pytest.raises(
        InvalidCircuitError, match=r"'turned', instruction 0 \(ry\): the angle .*sign\(a\).* derivative"
    ):
        backend.gradient(turned(0.5 * A.sign()), "Z", [0.3])


@pytest.mark.parametrize("method", ["adjoint", "shift"])
def test_an_angle_without_a_derivative_is_of_no_concern_to_other_parameters(backend, method):
    circuit = turned(0.5 * A.sign())
    circuit.ry(B, 0)
    found = backend.gradient(circuit, "Z", [0.3, 0.4], parameters=["b"], method=method)
    np.testing.assert_allclose(found, [-np.sin(0.9)], atol=1e-12)
    weighted = backend.vjp(circuit, ["Z", "X"], [0.3, 0.4], [1, 2], parameters=["b"], method=method)
    np.testing.assert_allclose(weighted, [-np.sin(0.9) + 2 * np.cos(0.9)], atol=1e-12)
    for call in (
        lambda: backend.gradient(circuit, "Z", [0.3, 0.4], method=method),
        lambda: backend.vjp(circuit, "Z", [0.3, 0.4], 1, method=method),
    ):
        with pytest.raises(InvalidCircuitError, match=r"instruction 0 \(ry\): the angle .*sign\(a\)"):
            call()
    tensor = backend.quantum_geometric_tensor(circuit, [0.3, 0.4], parameters=["b"])
    np.testing.assert_allclose(tensor, [[0.25]], atol=1e-12)


def test_parameters_are_in_the_order_of_the_circuit_or_as_told(backend):
    vector = ParameterVector("v", 12)
    circuit = QuantumCircuit(12)
    for qubit, parameter in enumerate(vector):
        circuit.ry(parameter, 11 - qubit)
    observable = SparsePauliOp.from_sparse_list([("Z", [qubit], 1 + qubit) for qubit in range(12)], 12)
    point = np.linspace(0.1, 1.2, 12)
    expected = -np.arange(12, 0, -1) * np.sin(point)
    np.testing.assert_allclose(backend.gradient(circuit, observable, point), expected, atol=1e-12)
    np.testing.assert_allclose(backend.gradient(circuit, observable, {vector: point}), expected, atol=1e-12)
    for parameters in ([vector[10], vector[2]], ["v[10]", "v[2]"], (vector[10], "v[2]")):
        found = backend.gradient(circuit, observable, point, parameters=parameters)
        np.testing.assert_allclose(found, expected[[10, 2]], atol=1e-12)
    assert backend.gradient(circuit, observable, point, parameters=[]).shape == (0,)
    with pytest.raises(InvalidOptionError, match=r"'turned' has no parameters b, c; its parameters are a\."):
        backend.gradient(turned(A), "Z", [0.1], parameters=["a", B, "c"])


def test_phases_idle_qubits_and_circuits_without_parameters(backend):
    circuit = QuantumCircuit(4, global_phase=B)
    circuit.ry(A, 2)
    circuit.p(C, 0)
    value, gradient = backend.value_and_gradient(circuit, ["IZII", "ZXIX", "IXII"], [0.3, 0.4, 0.5])
    np.testing.assert_allclose(value, [np.cos(0.3), 0, np.sin(0.3)], atol=1e-12)
    np.testing.assert_allclose(gradient, [[-np.sin(0.3), 0, 0], [0, 0, 0], [np.cos(0.3), 0, 0]], atol=1e-12)
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    value, gradient = backend.value_and_gradient(bell, ["XX", "ZZ", "ZI"])
    np.testing.assert_allclose(value, [1, 1, 0], atol=1e-12)
    assert gradient.shape == (3, 0)
    assert backend.vjp(bell, ["XX"], None, [1]).shape == (0,)


def test_what_is_measured_at_the_end_is_averaged_over(backend):
    circuit = QuantumCircuit(2, 2)
    circuit.ry(A, 0)
    circuit.ry(B, 1)
    circuit.measure(0, 0)
    value, gradient = backend.value_and_gradient(circuit, ["IZ", "IX", "IY", "XI", "XX", "I+"], [0.3, 0.4])
    np.testing.assert_allclose(value, [np.cos(0.3), 0, 0, np.sin(0.4), 0, 0.5], atol=1e-12)
    expected = np.zeros((6, 2))
    expected[0, 0], expected[3, 1] = -np.sin(0.3), np.cos(0.4)
    np.testing.assert_allclose(gradient, expected, atol=1e-12)


def test_observables_that_are_the_same_in_all_states(backend):
    value, gradient = backend.value_and_gradient(turned(A), [{"I": 3}, SparsePauliOp("Z", 0)], [[0.5], [0.6]])
    np.testing.assert_array_equal(value, [3, 0])
    np.testing.assert_array_equal(gradient, [[0], [0]])
    value, gradient = backend.value_and_gradient(turned(A), {"I": 3, "Z": 2, "1": 4}, [0.5])
    assert value == pytest.approx(3 + 2 * np.cos(0.5) + 4 * np.sin(0.25) ** 2)
    assert gradient == pytest.approx(-2 * np.sin(0.5) + 2 * np.sin(0.5), abs=1e-12)
    np.testing.assert_array_equal(backend.vjp(turned(A), {"I": 3}, [[0.5], [0.6]], [1, 2]), [[0], [0]])


def test_controls_in_any_state_and_gates_of_gates(backend):
    circuit = QuantumCircuit(5)
    circuit.h(range(5))
    circuit.append(RYGate(A).control(2, ctrl_state=1, annotated=False), [0, 3, 4])
    circuit.append(CRXGate(A * B, ctrl_state=0), [4, 1])
    circuit.append(RZZGate(B).control(1, ctrl_state=0, annotated=False), [2, 0, 1])
    inner = QuantumCircuit(2, name="inner", global_phase=A)
    inner.cp(A, 0, 1)
    inner.ry(B, 1)
    circuit.append(inner.to_gate().control(1, annotated=False), [3, 0, 2])
    observable = SparsePauliOp(random_pauli_list(5, 20, seed=3, phase=False), np.linspace(-1, 1, 20))
    for point in ([0.3, 0.8], [2.5, -1.1]):
        np.testing.assert_allclose(
            backend.gradient(circuit, observable, point), expected_of(circuit, observable, point), atol=1e-8
        )


def test_time_of_an_evolution(backend):
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.append(PauliEvolutionGate(SparsePauliOp(["ZZI", "XIX", "IYI"], [1, 0.5, -0.3]), A), range(3))
    circuit.append(PauliEvolutionGate(SparsePauliOp(["XXY"]), A * B), range(3))
    observable, point = SparsePauliOp(["ZIX", "YYI", "IIZ"], [1, 2, 3]), [0.3, 0.8]
    np.testing.assert_allclose(
        backend.gradient(circuit, observable, point),
        expected_of(circuit.decompose(reps=2), observable, point),
        atol=1e-8,
    )


def test_states_may_be_prepared_before_the_first_parameter(backend):
    start = np.array([1, 1j, 0, -1]) / np.sqrt(3)
    circuit, gates = QuantumCircuit(3), QuantumCircuit(3)
    circuit.initialize(start, [2, 0])
    gates.prepare_state(start, [2, 0])
    for each in (circuit, gates):
        each.ry(A, 0)
        each.cx(0, 1)
        each.rx(B, 2)
    observable, point = SparsePauliOp(["ZZX", "IYZ"], [1, 2]), [0.3, 0.8]
    np.testing.assert_allclose(
        backend.gradient(circuit, observable, point), expected_of(gates, observable, point), atol=1e-8
    )


# Shapes


@pytest.mark.parametrize(
    ("observables", "values", "shape"),
    [
        ("Z", [0.3], ()),
        ("Z", [[0.3], [0.4]], (2,)),
        (["Z", "X"], [[0.3], [0.4]], (2,)),
        (["Z"], [0.3], (1,)),
        ([["Z"], ["X"], ["Y"]], [[0.3], [0.4]], (3, 2)),
        ([["Z"], ["X"]], [[0.3], [0.4], [0.3]], (2, 3)),
        ("Z", {"a": [0.1, 0.2, 0.3]}, (3,)),
        ([], [0.3], (0,)),
        ("Z", np.zeros((0, 1)), (0,)),
        ([["Z", "X"]], np.zeros((0, 1, 1)), (0, 2)),
    ],
)
def test_shapes(backend, observables, values, shape):
    points = np.asarray(values["a"] if isinstance(values, dict) else np.asarray(values, float)[..., 0])
    labels = np.array(observables, object)
    expected = np.zeros((2, *shape))
    if expected.size:
        angles, letters = np.broadcast_to(points, shape), np.broadcast_to(labels, shape)
        expected[0] = np.select([letters == "Z", letters == "X"], [np.cos(angles), np.sin(angles)])
        expected[1] = np.select([letters == "Z", letters == "X"], [-np.sin(angles), np.cos(angles)])
    value, gradient = backend.value_and_gradient(turned(A), observables, values)
    assert value.shape == shape
    assert gradient.shape == (*shape, 1)
    np.testing.assert_allclose(value, expected[0], atol=1e-12)
    np.testing.assert_allclose(gradient[..., 0], expected[1], atol=1e-12)


@pytest.mark.parametrize(
    ("of_observables", "of_values"), [((), ()), ((3,), ()), ((), (2, 2)), ((3,), (3,)), ((3, 1), (2,)), ((0,), (1,))]
)
def test_products_with_jacobians(backend, of_observables, of_values):
    random = np.random.default_rng(5)
    circuit = efficient_su2(3, reps=1)
    paulis = ["".join(random.choice(list("IXYZ"), 3)) for _ in range(int(np.prod(of_observables)))]
    observables = np.array(paulis, object).reshape(of_observables)
    observables = observables.item() if not of_observables else observables.tolist()
    values = random.normal(size=(*of_values, circuit.num_parameters))
    jacobian = backend.gradient(circuit, observables, values)
    weights = random.normal(size=jacobian.shape[:-1])
    found = backend.vjp(circuit, observables, values, weights)
    assert found.shape == values.shape

    def value(flat):
        evs = StatevectorEstimator().run([(circuit, observables, flat.reshape(values.shape))]).result()[0].data.evs
        return (weights * evs).sum()

    if weights.size:
        np.testing.assert_allclose(found.ravel(), differences(value, values.ravel()), atol=1e-8)
    else:
        np.testing.assert_array_equal(found, 0)
    some = backend.vjp(circuit, observables, values, weights, parameters=list(circuit.parameters)[2::-1])
    np.testing.assert_allclose(some, found[..., 2::-1], atol=1e-12)


def test_equal_points_and_observables_have_equal_digits(backend):
    circuit = efficient_su2(4, reps=1)
    point = np.random.default_rng(1).normal(size=circuit.num_parameters)
    one = backend.gradient(circuit, "ZXYZ", point)
    many = backend.gradient(circuit, [["ZXYZ"], ["XXII"], ["ZXYZ"]], [point, point + 1, point])
    for row, column in ((0, 0), (2, 0), (2, 2)):
        np.testing.assert_array_equal(many[row, column], one)


# Mistakes


def barred(act):
    circuit = QuantumCircuit(2, 1, name="barred")
    circuit.ry(A, 0)
    act(circuit)
    circuit.rx(0.5, 0)
    return circuit


def branched(circuit):
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda circuit: circuit.reset(0), r"\(reset\) comes after a parameter"),
        (lambda circuit: circuit.initialize([0, 1], 0), r"\(initialize\) comes after a parameter"),
        (lambda circuit: circuit.measure(0, 0), r"\(measure\) has no derivative"),
        (branched, r"\(measure\) has no derivative"),
    ],
)
def test_what_has_no_derivative_is_named(backend, act, words):
    for method in (backend.gradient, backend.value_and_gradient):
        with pytest.raises(InvalidCircuitError, match=rf"'barred' has no gradient by the adjoint method: .*{words}"):
            method(barred(act), "ZZ", [0.1])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([turned(A)], "Z", [0.1]), CircuitTypeError, "QuantumCircuit"),
        ((turned(A), "ZZ", [0.1]), InvalidOptionError, "the circuit has 1 qubits, the observables have 2"),
        ((turned(A), {"Z": 1j}, [0.1]), InvalidOptionError, "not Hermitian"),
        ((turned(A, B), "Z", [0.1]), InvalidPubError, r"'turned': The number of values \(1\)"),
        ((turned(A), "Z"), InvalidPubError, r"number of values \(0\) does not match"),
        ((turned(A), "Z", [np.nan]), InvalidPubError, "'a' is not finite"),
        ((turned(A), ["Z", "X"], [[0.1]] * 3), InvalidPubError, "not broadcastable"),
        ((turned(A.log()), "Z", [-1.0]), InvalidCircuitError, "turned"),
    ],
)
def test_what_is_refused(backend, arguments, error, message):
    with pytest.raises(error, match=message):
        backend.gradient(*arguments)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1], InvalidOptionError, r"shape of the expectation values, \(2,\), but have \(1,\)"),
        ([1, np.inf], InvalidOptionError, "finite"),
        ([1, 1j], OptionTypeError, "weights must be real numbers"),
        (["x", "y"], OptionTypeError, "weights must be real numbers"),
    ],
)
def test_weights_that_are_refused(backend, weights, error, message):
    with pytest.raises(error, match=message):
        backend.vjp(turned(A), ["Z", "X"], [0.1], weights)


def test_two_states_must_fit_into_memory():
    circuit = efficient_su2(20, reps=1)
    point = np.zeros(circuit.num_parameters)
    backend = Simulator(max_memory_mb=28, max_threads=1)  # one state takes 16 MiB
    assert backend.estimate(circuit).fits
    with pytest.raises(InsufficientMemoryError, match=r"two states of 20 qubits .* at most 19 qubits fit") as caught:
        backend.gradient(circuit, "Z" * 20, point)
    assert "shots" not in str(caught.value)
    assert caught.value.max_qubits == 19
    narrower = efficient_su2(19, reps=1)
    assert backend.gradient(narrower, "Z" * 19, point[:-4]).shape == (76,)


# Life


@pytest.fixture(scope="module")
def long_run():
    circuit = layered_circuit(22, 200)
    circuit.remove_final_measurements()
    circuit.ry(A, 0)
    return circuit, "Z" * 22, [0.1]


def test_time_limit_holds(backend, long_run):
    begin = time.monotonic()
    with pytest.raises(TimeLimitError):
        backend.gradient(*long_run, time_limit=0.3)
    assert time.monotonic() - begin < 5


def test_ctrl_c_stops_a_gradient(backend, long_run):
    assert_ctrl_c_stops(lambda: backend.gradient(*long_run))


def test_from_many_threads(backend):
    circuit = efficient_su2(4, reps=1)
    points = np.random.default_rng(3).normal(size=(20, circuit.num_parameters))
    expected = backend.gradient(circuit, "ZXXZ", points)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda point: backend.gradient(circuit, "ZXXZ", point), points))
    np.testing.assert_array_equal(found, expected)


def test_memory_decides_how_many_observables_go_back_together():
    circuit = efficient_su2(16, reps=1)
    point = np.random.default_rng(3).normal(size=circuit.num_parameters)
    observables = random_pauli_list(16, 6, seed=3, phase=False).to_labels()
    found = [Simulator(max_memory_mb=mb, max_threads=1).gradient(circuit, observables, point) for mb in (6.5, 1000)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)
