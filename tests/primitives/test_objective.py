"""Objective: energies for optimisers, the same as the estimator's, from any thread, and stopped by Ctrl-C."""

from __future__ import annotations

import copy
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.dynamic import final_states
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparseObservable, SparsePauliOp, random_pauli_list
from support.circuits import layered_circuit, turned
from support.interrupts import assert_ctrl_c_stops
from support.observables import sum_of, terms
from support.strategies import parametrised_circuits

from ketjet import EstimatorV2, Objective, Simulator, engine
from ketjet.errors import (
    CircuitTypeError,
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    IterationLimitError,
    OptionTypeError,
)
from ketjet.jobs import batch

A, B = Parameter("a"), Parameter("b")


@given(data=st.data(), parametrised=parametrised_circuits(3))
@settings(max_examples=60)
def test_values_are_those_of_matrices(data, parametrised):
    circuit, values = parametrised
    listed = data.draw(terms(circuit.num_qubits))
    ((_, _, state),) = final_states(circuit.assign_parameters(values))
    expected = np.vdot(state, sum_of(listed, circuit.num_qubits) @ state).real
    energy = Objective(circuit, SparseObservable.from_list(listed))
    assert energy.parameters == tuple(circuit.parameters)
    point = [float(values[parameter]) for parameter in circuit.parameters]
    found = energy(point)
    assert isinstance(found, float)
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_batch_has_the_shape_of_its_points_and_the_digits_of_single_calls():
    circuit = efficient_su2(5, reps=1)
    observable = SparsePauliOp(random_pauli_list(5, 20, seed=2, phase=False), np.arange(20) / 7)
    energy = Objective(circuit, observable)
    points = np.random.default_rng(1).normal(size=(2, 3, circuit.num_parameters))
    found = energy.batch(points)
    np.testing.assert_array_equal(found, [[energy(point) for point in row] for row in points])
    estimator = EstimatorV2(backend=Simulator())
    np.testing.assert_array_equal(found, estimator.run([(circuit, observable, points)]).result()[0].data.evs)
    assert energy.batch(np.zeros((0, circuit.num_parameters))).shape == (0,)
    assert energy.batch(points[0, 0]).shape == ()


def test_parameters_may_be_in_another_order():
    circuit = turned(A)
    circuit.rz(B, 0)
    plain = Objective(circuit, "X")
    assert plain([0.3, 0.4]) == pytest.approx(np.sin(0.3) * np.cos(0.4))
    for order in ([B, A], ["b", "a"], ("b", A)):
        energy = Objective(circuit, "X", parameters=order)
        assert [parameter.name for parameter in energy.parameters] == ["b", "a"]
        assert energy([0.4, 0.3]) == plain([0.3, 0.4])
        assert energy.batch([[0.4, 0.3]])[0] == plain([0.3, 0.4])


def test_circuit_and_observable_are_copied():
    circuit, observable = turned(A), SparsePauliOp("Z")
    energy = Objective(circuit, observable)
    circuit.x(0)
    observable.coeffs[0] = 5
    assert energy([0.1]) == pytest.approx(np.cos(0.1))


def test_without_parameters_or_anything_to_simulate():
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    assert Objective(bell, "XX")([]) == pytest.approx(1)
    assert Objective(turned(A), {"I": 3})([0.5]) == 3
    assert Objective(turned(A), SparsePauliOp("Z", 0)).batch([[0.5], [0.6]]).tolist() == [0, 0]


def test_a_dynamic_circuit():
    circuit = QuantumCircuit(2, 1)
    circuit.ry(A, 0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    assert Objective(circuit, "ZI")([0.7]) == pytest.approx(np.cos(0.7))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda energy: pickle.loads(pickle.dumps(energy))])
def test_copies_and_pickles(again):
    energy = Objective(turned(A, B), "Z", backend=Simulator(precision="single"), parameters=["b", "a"])
    other = again(energy)
    assert other([0.1, 0.2]) == energy([0.1, 0.2])
    assert repr(other) == repr(energy) == "<Objective of circuit 'turned': 1 qubits, 2 parameters>"


def test_many_threads_and_another_process():
    circuit = efficient_su2(4, reps=1)
    energy = Objective(circuit, "ZZZZ")
    points = np.random.default_rng(3).normal(size=(40, circuit.num_parameters))
    expected = [energy(point) for point in points]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(energy, points)) == expected
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(energy, points[:3])) == expected[:3]


def test_a_gradient_of_few_qubits_runs_on_the_thread_that_asks(monkeypatch):
    circuit = efficient_su2(8, reps=1)
    energy = Objective(circuit, "Z" * 8)
    ran_on = []

    def noted(task, control):
        ran_on.append(threading.current_thread())
        return engine.gradient.differentiate(task, control)

    monkeypatch.setattr("ketjet.engine.run.differentiate", noted)
    monkeypatch.setattr(batch, "HERE_SECONDS", 10.0)
    points = np.random.default_rng(3).normal(size=(3, circuit.num_parameters))
    for point in points:
        np.testing.assert_allclose(energy.value_and_gradient(point)[0], energy(point), atol=1e-12)
    assert ran_on == [threading.current_thread()] * 3


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("Z", turned(A)), CircuitTypeError, "takes one QuantumCircuit"),
        ((turned(A), ["Z"]), OptionTypeError, r"one observable, got an array of shape \(1,\)"),
        ((turned(A), "ZZ"), InvalidOptionError, "observable has 2 qubits, circuit 'turned' 1"),
        ((turned(A), {"Z": 1j}), InvalidOptionError, "not Hermitian"),
    ],
)
def test_what_it_is_not_made_of(arguments, error, message):
    with pytest.raises(error, match=message):
        Objective(*arguments)


@pytest.mark.parametrize("parameters", [["a"], ["a", "c"], [A, A], ["a", "b", "b"], [A, Parameter("b")]])
def test_parameters_that_are_not_the_circuits(parameters):
    with pytest.raises(InvalidOptionError, match=r"must be those of circuit 'turned', each once \(a, b\)"):
        Objective(turned(A, B), "Z", parameters=parameters)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([1], InvalidOptionError, r"must have shape \(2,\), got \(1,\); the parameters are a, b"),
        ([[1, 2]], InvalidOptionError, r"must have shape \(2,\), got \(1, 2\)"),
        (3, InvalidOptionError, r"got \(\)"),
        ([1, np.nan], InvalidOptionError, "parameter 'b' must be finite, got nan"),
        ([1, 1j], OptionTypeError, "real numbers"),
        (["x", "y"], OptionTypeError, "real numbers"),
        ([[1, 2], [3]], OptionTypeError, "real numbers"),
    ],
)
def test_values_that_are_refused(values, error, message):
    with pytest.raises(error, match=message):
        Objective(turned(A, B), "Z")(values)


def test_mistakes_in_batches_and_backends():
    energy = Objective(turned(A, B), "Z")
    with pytest.raises(InvalidOptionError, match=r"shape \(..., 2\), got \(3,\)"):
        energy.batch([1, 2, 3])
    with pytest.raises(InvalidOptionError, match=r"parameter 'a' at point \(1,\) must be finite, got inf"):
        energy.batch([[1, 2], [np.inf, 2]])
    with pytest.raises(OptionTypeError, match=r"backend must be a ketjet.Simulator"):
        Objective(turned(A), "Z", backend="ketjet")
    with pytest.raises(InvalidCircuitError, match="turned"):
        Objective(turned(A.log()), "Z")([-1.0])
    wide = QuantumCircuit(40)
    wide.h(range(40))
    with pytest.raises(InsufficientMemoryError, match="40 qubits"):
        Objective(wide, "Z" * 40, backend=Simulator(max_memory_mb=10))


def test_a_run_that_fails_raises_its_own_error():
    endless = QuantumCircuit(1, 1)
    with endless.while_loop((0, 0)):
        endless.x(0)
    with pytest.raises(IterationLimitError):
        Objective(endless, "Z", backend=Simulator(max_iterations=5))([])


def test_ctrl_c_stops_a_long_call():
    vector = ParameterVector("v", 1)
    circuit = layered_circuit(22, 200)
    circuit.remove_final_measurements()
    circuit.ry(vector[0], 0)
    energy = Objective(circuit, "Z" * 22)
    assert_ctrl_c_stops(lambda: energy([0.1]), after=0.3)
