"""Gradients by parameter-shift rules: the adjoint method's where that works, and of dynamic circuits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparseObservable, SparsePauliOp
from support.observables import terms
from support.strategies import parametrised_circuits

from ketjet import EstimatorV2, Objective, Simulator
from ketjet.errors import InvalidCircuitError, InvalidOptionError, InvalidPubError

A, B = Parameter("a"), Parameter("b")


@pytest.fixture
def backend():
    return Simulator()


def differences(value, point, step=2e-3):
    def central(size):
        shifts = size * np.eye(len(point))
        return np.array([(value(point + shift) - value(point - shift)) / (2 * size) for shift in shifts])

    return (4 * central(step / 2) - central(step)) / 3


@given(data=st.data(), parametrised=parametrised_circuits(4, max_operations=12))
@settings(max_examples=50, deadline=None)
def test_every_gate_has_the_gradient_of_the_adjoint_method(data, parametrised):
    circuit, values = parametrised
    observables = [SparseObservable.from_list(data.draw(terms(circuit.num_qubits))) for _ in range(2)]
    backend, point = Simulator(), [float(values[parameter]) for parameter in circuit.parameters]
    expected = backend.value_and_gradient(circuit, observables, point)
    found = backend.value_and_gradient(circuit, observables, point, method="shift")
    np.testing.assert_allclose(found[0], expected[0], atol=1e-9)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-9)


def teleported():
    """One qubit's state to another's, with its corrections, and a turn that depends on an outcome."""
    qubits, bits = QuantumRegister(3), ClassicalRegister(2)
    circuit = QuantumCircuit(qubits, bits)
    circuit.ry(A, 0)
    circuit.rz(B, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], bits)
    with circuit.if_test((bits[1], 1)):
        circuit.x(2)
    with circuit.if_test((bits[0], 1)):
        circuit.z(2)
    circuit.reset(0)
    with circuit.if_test((bits[0], 1)) as otherwise:
        circuit.crx(A * B, 2, 0)
    with otherwise:
        circuit.u(A, B, 0.3, 0)
    circuit.cx(2, 0)
    return circuit


def test_dynamic_circuits(backend):
    circuit = teleported()
    observables = ["ZII", "XII", SparsePauliOp(["YIZ", "IIX", "ZIZ"], [1, 0.5, 2])]
    point = np.array([0.7, 0.4])
    value, gradient = backend.value_and_gradient(circuit, observables, point, method="shift")

    def evs(point):
        return EstimatorV2().run([(circuit, observables, point)]).result()[0].data.evs

    np.testing.assert_allclose(value, evs(point), atol=1e-12)
    np.testing.assert_allclose(gradient, differences(evs, point).T, atol=1e-9)
    np.testing.assert_allclose(gradient[0], [-np.sin(0.7), 0], atol=1e-12)


def test_shapes_parameters_and_wide_circuits(backend):
    circuit = efficient_su2(14, reps=1)
    circuit.reset(13)
    points = np.random.default_rng(1).normal(size=(2, circuit.num_parameters))
    plain = efficient_su2(14, reps=1)
    observables = [[SparsePauliOp("I" * 12 + "ZX")], [{"I" * 14: 2, "I" * 11 + "ZII": 1}]]
    names = [plain.parameters[30], plain.parameters[2].name]
    found = backend.gradient(circuit, observables, points, parameters=names, method="shift")
    expected = backend.gradient(plain, observables, points, parameters=names)
    assert found.shape == expected.shape == (2, 2, 2)
    np.testing.assert_allclose(found, expected, atol=1e-9)  # the last qubit is not read
    assert backend.gradient(circuit, [], points[0], method="shift").shape == (0, circuit.num_parameters)
    bell = QuantumCircuit(1)
    bell.h(0)
    assert backend.gradient(bell, "X", method="shift").shape == (0,)


def test_parameters_in_loops_are_refused(backend):
    circuit = QuantumCircuit(1, 1, name="looping")
    circuit.ry(A, 0)
    with circuit.while_loop((0, 0)):
        circuit.h(0)
        circuit.measure(0, 0)
    gradient = backend.gradient(circuit, "Z", [0.3], method="shift", max_iterations=60, exact_floor=1e-9)
    np.testing.assert_allclose(gradient, [0], atol=1e-6)
    with circuit.while_loop((0, 0)):
        circuit.rx(A, 0)
        circuit.measure(0, 0)
    with pytest.raises(InvalidCircuitError, match=r"'looping' has no gradient by the shift rule: operation \d+ \(rx\)"):
        backend.gradient(circuit, "Z", [0.3], method="shift")


def test_a_parameter_in_a_loop_bars_only_derivatives_by_itself(backend):
    circuit = QuantumCircuit(2, 1, name="looping")
    circuit.ry(A, 1)
    with circuit.while_loop((0, 0)):
        circuit.rx(B, 0)
        circuit.measure(0, 0)
    found = backend.gradient(circuit, "ZI", [0.3, 2.4], parameters=["a"], method="shift")
    np.testing.assert_allclose(found, [-np.sin(0.3)], atol=1e-9)
    with pytest.raises(InvalidCircuitError, match="by the shift rule"):
        backend.gradient(circuit, "ZI", [0.3, 2.4], method="shift")


@pytest.mark.parametrize(
    ("of_observables", "of_values"), [((), ()), ((3,), ()), ((), (2,)), ((2,), (2,)), ((3, 1), (2,)), ((0,), (1,))]
)
def test_products_with_jacobians(backend, of_observables, of_values):
    random = np.random.default_rng(7)
    circuit = teleported()
    labels = [["".join(random.choice(list("IXYZ"), 3)) for _ in range(int(np.prod(of_observables)))]]
    observables = np.array(labels, object).reshape(of_observables).tolist()
    values = random.normal(size=(*of_values, 2))

    def evs(flat):
        return EstimatorV2().run([(circuit, observables, flat.reshape(values.shape))]).result()[0].data.evs

    weights = random.normal(size=np.broadcast_shapes(of_observables, of_values))
    found = backend.vjp(circuit, observables, values, weights, method="shift")
    assert found.shape == values.shape
    expected = differences(lambda flat: (weights * evs(flat)).sum(), values.ravel()) if weights.size else 0
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-9)
    some = backend.vjp(circuit, observables, values, weights, parameters=["b"], method="shift")
    np.testing.assert_allclose(some, found[..., 1:], atol=1e-12)


def test_the_refusal_of_the_adjoint_method_tells_where_shifts_help(backend):
    helps = r'first parameter\. Simulator\.gradient\(\), .* take this one with method="shift"\.'
    calls = [
        lambda circuit: backend.gradient(circuit, "Z", [0.3]),
        lambda circuit: backend.vjp(circuit, "Z", [0.3], 1),
        lambda circuit: EstimatorV2().gradient([(circuit, "Z", [0.3])]),
        lambda circuit: Objective(circuit, "Z").gradient([0.3]),
    ]
    circuit = QuantumCircuit(1, 1)
    circuit.ry(A, 0)
    circuit.reset(0)
    for call in calls:
        with pytest.raises(InvalidCircuitError, match=helps):
            call(circuit)
    with circuit.while_loop((0, 0)):
        circuit.rx(A, 0)
        circuit.measure(0, 0)
    for call in calls:
        with pytest.raises(InvalidCircuitError, match=r"before the first parameter\.$"):
            call(circuit)


def test_mistakes(backend):
    circuit = teleported()
    for call in (
        lambda: backend.gradient(circuit, "ZII", [0.1, 0.2], method="finite"),
        lambda: backend.vjp(circuit, "ZII", [0.1, 0.2], 1, method="finite"),
        lambda: EstimatorV2().gradient([(circuit, "ZII", [0.1, 0.2])], method="finite"),
        lambda: Objective(circuit, "ZII", method="finite"),
    ):
        with pytest.raises(InvalidOptionError, match='method must be "adjoint" or "shift", got \'finite\''):
            call()
    with pytest.raises(InvalidOptionError, match="the circuit has 3 qubits, the observables have 1"):
        backend.gradient(circuit, "Z", [0.1, 0.2], method="shift")
    with pytest.raises(InvalidPubError, match="number of values"):
        backend.gradient(circuit, "ZII", [0.1], method="shift")
    with pytest.raises(InvalidOptionError, match="has no parameters c"):
        backend.gradient(circuit, "ZII", [0.1, 0.2], parameters=["c"], method="shift")
