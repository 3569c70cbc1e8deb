"""EstimatorGradient: lists as qiskit-algorithms gives them, complex derivatives, and what is refused."""

from __future__ import annotations

import enum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2, real_amplitudes
from qiskit.quantum_info import SparseObservable, SparsePauliOp, Statevector
from support.circuits import layered_circuit
from support.observables import sum_of, terms
from support.strategies import parametrised_circuits

from ketjet import EstimatorGradient, PrimitiveJob, Simulator
from ketjet.errors import (
    CircuitTypeError,
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    InvalidPubError,
    JobFailedError,
    OptionTypeError,
    PubTypeError,
    UnknownOptionError,
)

A, B = Parameter("a"), Parameter("b")


class DerivativeType(enum.Enum):
    """As in qiskit_algorithms.gradients."""

    REAL = "real"
    IMAG = "imag"
    COMPLEX = "complex"


def tangents_of(circuit, point, step=2e-3):
    """A state and its derivatives by all parameters, from differences."""

    def state(point):
        return np.asarray(Statevector(circuit.assign_parameters(point)))

    def central(size):
        shifts = size * np.eye(len(point))
        return np.array([(state(point + shift) - state(point - shift)) / (2 * size) for shift in shifts])

    return state(point), (4 * central(step / 2) - central(step)) / 3


@given(data=st.data(), parametrised=parametrised_circuits(3, max_operations=12))
@settings(max_examples=40, deadline=None)
def test_complex_derivatives_are_those_of_states(data, parametrised):
    circuit, values = parametrised
    listed = [*data.draw(terms(circuit.num_qubits)), ("I" * circuit.num_qubits, 0.5)]
    point = np.array([float(values[parameter]) for parameter in circuit.parameters])
    state, tangents = tangents_of(circuit, point)
    tangents = tangents.reshape(len(point), len(state))
    expected = 2 * tangents @ (sum_of(listed, circuit.num_qubits) @ state).conj()
    observable = SparseObservable.from_list(listed)
    for kind, part in ((DerivativeType.REAL, np.real), (DerivativeType.IMAG, np.imag), ("complex", np.asarray)):
        gradient = EstimatorGradient(derivative_type=kind)
        (found,) = gradient.run([circuit], [observable], [point]).result().gradients
        assert found.dtype == (complex if kind == "complex" else float)
        np.testing.assert_allclose(found, part(expected), atol=1e-7)


def test_a_global_phase_turns_the_state():
    circuit = QuantumCircuit(1, global_phase=A)
    circuit.ry(B, 0)
    (found,) = (
        EstimatorGradient(derivative_type="complex").run(circuit, SparsePauliOp("Z"), [0.3, 0.4]).result().gradients
    )
    np.testing.assert_allclose(found, [2j * np.cos(0.4), -np.sin(0.4)], atol=1e-12)


def test_measured_qubits_and_prepared_states():
    circuit = QuantumCircuit(2, 1)
    circuit.initialize(np.array([1, 1]) / np.sqrt(2), 0)
    circuit.rz(A, 0)
    circuit.cry(B, 0, 1)
    circuit.measure(1, 0)
    point = [0.3, 0.8]
    for kind in ("real", "complex"):
        gradient = EstimatorGradient(derivative_type=kind)
        found = gradient.run([circuit] * 2, [SparsePauliOp("ZI"), SparsePauliOp("XI")], [point] * 2).result().gradients
        np.testing.assert_allclose(found[0].real, [0, -np.sin(0.8) / 2], atol=1e-12)
        np.testing.assert_allclose(found[1], [0, 0], atol=1e-12)


def test_equal_circuits_and_points_run_once():
    circuit, other = efficient_su2(3, reps=1), real_amplitudes(3, reps=1)
    one, two = SparsePauliOp(["ZZI", "XII"], [1, 0.5]), SparsePauliOp("YXI")
    points = np.random.default_rng(1).normal(size=(2, circuit.num_parameters))
    backend = Simulator()
    job = EstimatorGradient(backend).run(
        [circuit, circuit, other, circuit, circuit],
        [one, two, one, one, one],
        [points[0], points[0], points[1, :6], points[1], points[0]],
    )
    assert isinstance(job, PrimitiveJob)
    assert job.backend() is backend
    assert job.progress().circuits_total == 3
    result = job.result()
    assert result.precision == 0
    expected = backend.gradient(circuit, [[one], [two]], points)
    found = result.gradients
    np.testing.assert_array_equal(found[0], expected[0, 0])
    np.testing.assert_array_equal(found[1], expected[1, 0])
    np.testing.assert_allclose(found[2], backend.gradient(other, one, points[1, :6]), atol=1e-12)
    np.testing.assert_array_equal(found[3], expected[0, 1])
    np.testing.assert_array_equal(found[4], expected[0, 0])
    assert [told["parameters"] for told in result.metadata] == [
        tuple(each.parameters) for each in (circuit, circuit, other, circuit, circuit)
    ]
    assert result.metadata[0]["simulator_metadata"]["adjoint_residual"] < 1e-12


def test_parameters_are_in_the_order_that_is_given():
    vector = ParameterVector("v", 12)
    circuit = QuantumCircuit(12)
    for qubit, parameter in enumerate(vector):
        circuit.ry(parameter, qubit)
    observable = SparsePauliOp.from_sparse_list([("Z", [qubit], 1 + qubit) for qubit in range(12)], 12)
    point = np.linspace(0.1, 1.2, 12)
    expected = -np.arange(1, 13) * np.sin(point)
    chosen = [None, [vector[10], vector[2]], {vector[10], vector[2]}, circuit.parameters[3:], ("v[4]",), []]
    places = [list(range(12)), [10, 2], [2, 10], list(range(3, 12)), [4], []]
    result = EstimatorGradient().run([circuit] * 6, [observable] * 6, [point] * 6, chosen).result()
    for gradient, places_of_it, told in zip(result.gradients, places, result.metadata, strict=True):
        np.testing.assert_allclose(gradient, expected[places_of_it], atol=1e-12)
        assert told["parameters"] == tuple(vector[place] for place in places_of_it)


def test_single_circuits_need_no_lists():
    circuit = QuantumCircuit(1)
    circuit.ry(A, 0)
    circuit.rz(B, 0)
    expected = [np.cos(0.3) * np.cos(0.4), -np.sin(0.3) * np.sin(0.4)]
    for arguments in (
        (circuit, SparsePauliOp("X"), [0.3, 0.4]),
        (circuit, "X", [[0.3, 0.4]]),
        ([circuit], ["X"], [[0.3, 0.4]], [None]),
        (circuit, [SparsePauliOp("X")], np.array([0.3, 0.4]), [A, B]),
        ((circuit,), ({"X": 1},), ([0.3, 0.4],), ([A, "b"],)),
    ):
        np.testing.assert_allclose(EstimatorGradient().run(*arguments).result().gradients, [expected], atol=1e-12)
    result = EstimatorGradient().run([], [], []).result()
    assert result.gradients == result.metadata == []
    assert EstimatorGradient().run(circuit, "X", [0.3, 0.4], precision=0.1).result().precision == 0


def test_the_derivative_type_may_be_changed():
    gradient = EstimatorGradient(derivative_type=DerivativeType.REAL)
    assert gradient.derivative_type is DerivativeType.REAL
    gradient.derivative_type = DerivativeType.IMAG
    assert gradient.derivative_type is DerivativeType.IMAG
    assert repr(gradient) == f"<EstimatorGradient on {gradient.backend!r}, imag>"
    for wrong in ("imaginary", 1, None):
        with pytest.raises(OptionTypeError, match='"real", "imag" or "complex"'):
            gradient.derivative_type = wrong
    with pytest.raises(OptionTypeError, match=r"ketjet\.Simulator"):
        EstimatorGradient("ketjet")


def turned():
    circuit = QuantumCircuit(1, name="turned")
    circuit.ry(A, 0)
    return circuit


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            ([turned()], ["Z", "X"], [[0.1]]),
            InvalidPubError,
            r"number of circuits \(1\) .* number of observables \(2\)",
        ),
        (([turned()], ["Z"], [[0.1], [0.2]]), InvalidPubError, r"number of sets of parameter values \(2\)"),
        (([turned()], ["Z"], [[0.1]], [None, None]), InvalidPubError, r"number of lists of parameters \(2\)"),
        (([turned()], ["Z"], 3), PubTypeError, "give sets of parameter values as a list"),
        (([turned()], ["Z"], [[0.1, 0.2]]), InvalidPubError, "number 0, circuit 'turned': give one set"),
        (([turned()] * 2, ["Z"] * 2, [[0.1], [np.nan]]), InvalidPubError, "number 1, circuit 'turned': .*not finite"),
        (([turned()], ["ZZ"], [[0.1]]), InvalidPubError, r"number of qubits of the circuit \(1\)"),
        (([turned()], [["Z", "X"]], [[0.1]]), PubTypeError, r"one observable, not an array of shape \(2,\)"),
        (([turned()], [{"Z": 1j}], [[0.1]]), InvalidPubError, "number 0, circuit 'turned': .*not Hermitian"),
        ((["turned"], ["Z"], [[0.1]]), CircuitTypeError, "taken of QuantumCircuits"),
        (([turned()], ["Z"], [[0.1]], [[B]]), InvalidOptionError, "'turned' has no parameters b"),
    ],
)
def test_what_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        EstimatorGradient().run(*arguments)


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_what_cannot_be_run(kind):
    gradient = EstimatorGradient(derivative_type=kind)
    circuit = turned()
    circuit.reset(0)
    with pytest.raises(InvalidCircuitError, match=r"'turned' has no gradient by the adjoint method: .*\(reset\)"):
        gradient.run([circuit], ["Z"], [[0.1]])
    with pytest.raises(UnknownOptionError, match="time_limit"):
        gradient.run([turned()], ["Z"], [[0.1]], timelimit=3)
    wide = efficient_su2(20, reps=1)
    with pytest.raises(InsufficientMemoryError, match=r"two states of 2[01] qubits"):
        EstimatorGradient(Simulator(max_memory_mb=28), kind).run([wide], ["Z" * 20], [np.zeros(wide.num_parameters)])


def test_a_circuit_that_fails_leaves_the_others():
    circuit = layered_circuit(22, 200)
    circuit.remove_final_measurements()
    circuit.ry(A, 0)
    job = EstimatorGradient().run([circuit, turned()], ["Z" * 22, "Z"], [[0.1], [0.2]], time_limit=0.2)
    with pytest.raises(JobFailedError):
        job.result()
    result = job.result(partial=True)
    assert np.isnan(result.gradients[0]).all()
    assert "time_limit" in result.metadata[0]["error"]
    np.testing.assert_allclose(result.gradients[1], [-np.sin(0.2)])
