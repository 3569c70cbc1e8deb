"""Gradients by `EstimatorV2` and `Objective`: data and metadata of pubs, and what optimisers ask for."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.quantum_info import SparsePauliOp
from scipy.optimize import minimize
from support.circuits import layered_circuit, turned
from support.interrupts import assert_ctrl_c_stops, assert_running_work_is_cancelled

from ketjet import EstimatorV2, Objective, PrimitiveJob, Simulator
from ketjet.errors import (
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    InvalidPubError,
    JobFailedError,
    OptionTypeError,
    PubTypeError,
    TimeLimitError,
)

A, B = Parameter("a"), Parameter("b")
ISING = SparsePauliOp.from_sparse_list(
    [("ZZ", [qubit, qubit + 1], 1) for qubit in range(3)] + [("X", [qubit], 0.7) for qubit in range(4)], 4
)


# EstimatorV2


def test_pubs_have_values_gradients_and_metadata():
    circuit = efficient_su2(4, reps=1)
    circuit.metadata = {"of": "mine"}
    values = np.random.default_rng(1).normal(size=(2, circuit.num_parameters))
    job = EstimatorV2().gradient([(circuit, [[ISING], ["ZZZZ"], ["XYII"]], values), (turned(A), "Z", {"a": 0.3})])
    assert isinstance(job, PrimitiveJob)
    assert job.progress().circuits_total == 3
    first, second = result = job.result()
    assert result.metadata == {"version": 2}
    assert set(first.data.keys()) == {"evs", "gradients"}
    assert first.data.shape == first.data.evs.shape == (3, 2)
    assert first.data.gradients.shape == (3, 2, circuit.num_parameters)
    backend = Simulator()
    expected = backend.value_and_gradient(circuit, [[ISING], ["ZZZZ"], ["XYII"]], values)
    np.testing.assert_array_equal(first.data.evs, expected[0])
    np.testing.assert_array_equal(first.data.gradients, expected[1])
    np.testing.assert_allclose(
        first.data.evs,
        EstimatorV2().run([(circuit, [[ISING], ["ZZZZ"], ["XYII"]], values)]).result()[0].data.evs,
        atol=1e-12,
    )
    assert second.data.evs == pytest.approx(np.cos(0.3))
    assert second.data.gradients == pytest.approx([-np.sin(0.3)])
    assert first.metadata["circuit_metadata"] == {"of": "mine"}
    assert first.metadata["target_precision"] == 0
    told = first.metadata["simulator_metadata"]
    assert told["num_points"] == 2
    assert 0 <= told["adjoint_residual"] < 1e-13
    assert told["time_taken"] > 0


def test_parameters_are_chosen_for_all_pubs():
    circuit = turned(B)
    circuit.rz(A, 0)
    for parameters in ([B, "a"], ["b", A]):
        data = EstimatorV2().gradient([(circuit, "X", [0.3, 0.4])], parameters=parameters).result()[0].data
        np.testing.assert_allclose(data.gradients, [np.cos(0.4) * np.cos(0.3), -np.sin(0.4) * np.sin(0.3)], atol=1e-12)
    with pytest.raises(InvalidOptionError, match="'turned' has no parameters b"):
        EstimatorV2().gradient([(circuit, "X", [0.3, 0.4]), (turned(A), "X", [0.1])], parameters=["b"])


def branching():
    """A qubit that is measured in the middle, and another that is turned by what was found."""
    circuit = QuantumCircuit(2, 1, name="branching")
    circuit.ry(A, 0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.ry(B, 1)
    return circuit


def test_shifts_differentiate_dynamic_circuits():
    values = np.random.default_rng(3).normal(size=(3, 2))
    job = EstimatorV2().gradient([(branching(), [["ZI"], ["IZ"]], values), (turned(A), "Z", [0.3])], method="shift")
    assert job.progress().circuits_total == 3 * (1 + 4) + 1 + 2
    first, second = job.result()
    a, b = values.T
    np.testing.assert_allclose(first.data.evs, [np.cos(a / 2) ** 2 + np.sin(a / 2) ** 2 * np.cos(b), np.cos(a)])
    by_a = np.sin(a) / 2 * (np.cos(b) - 1)
    np.testing.assert_allclose(first.data.gradients[0], np.transpose([by_a, -(np.sin(a / 2) ** 2) * np.sin(b)]))
    np.testing.assert_allclose(first.data.gradients[1], np.transpose([-np.sin(a), 0 * b]), atol=1e-12)
    np.testing.assert_allclose(second.data.gradients, [-np.sin(0.3)])
    told = first.metadata["simulator_metadata"]
    assert told["num_points"] == 3
    assert "adjoint_residual" not in told


def test_shifts_of_a_paired_pub_read_what_each_point_needs():
    values = np.random.default_rng(3).normal(size=(3, 2))
    observables = ["ZI", "IZ", {"ZI": 2, "XI": 1}]
    paired = EstimatorV2().gradient([(branching(), observables, values)], method="shift").result()[0].data
    for which in range(3):
        pub = (branching(), observables[which], values[which])
        alone = EstimatorV2().gradient([pub], method="shift").result()[0].data
        np.testing.assert_allclose(paired.gradients[which], alone.gradients, atol=1e-12)
        np.testing.assert_allclose(paired.evs[which], alone.evs, atol=1e-12)


def test_shifts_run_light_cones_unless_told_otherwise():
    circuit = efficient_su2(30, reps=1, entanglement="pairwise")
    pub = (circuit, "I" * 15 + "Z" + "I" * 14, np.linspace(0, 1, circuit.num_parameters))
    found = EstimatorV2().gradient([pub], method="shift").result()[0].data.gradients
    plain = efficient_su2(5, reps=1, entanglement="pairwise")  # the neighbours of the qubit, of both parities
    some = [circuit.parameters.data[q + 30 * k] for k in range(4) for q in range(12, 17)]
    point = {each.name: value for each, value in zip(circuit.parameters, pub[2], strict=True)}
    expected = Simulator().gradient(plain, "IIZII", [point[each.name] for each in some])
    places = [list(circuit.parameters).index(each) for each in some]
    np.testing.assert_allclose(found[places], expected, atol=1e-10)
    assert np.count_nonzero(np.abs(found) > 1e-12) <= len(some)
    whole = EstimatorV2(backend=Simulator(max_memory_mb=100), options={"light_cones": False})
    with pytest.raises(InsufficientMemoryError, match="30 qubits"):
        whole.gradient([pub], method="shift")


def test_a_pub_may_be_qiskits_own_or_a_list():
    pub = EstimatorPub(turned(A), ObservablesArray("Z"), BindingsArray({"a": [0.1, 0.2]}), 0.0)
    for form in (pub, [turned(A), "Z", [[0.1], [0.2]]], (turned(A), "Z", {"a": [0.1, 0.2]}, None)):
        gradients = EstimatorV2().gradient([form]).result()[0].data.gradients
        np.testing.assert_allclose(gradients, -np.sin([[0.1], [0.2]]))
    assert len(EstimatorV2().gradient([]).result()) == 0
    empty = EstimatorV2().gradient([(turned(A), [], [0.1])]).result()[0].data
    assert empty.evs.shape == (0,)
    assert empty.gradients.shape == (0, 1)


def test_a_paired_pub_differentiates_what_each_point_needs():
    circuit = efficient_su2(4, reps=1)
    values = np.random.default_rng(2).normal(size=(3, circuit.num_parameters))
    observables = ["ZIII", ISING, "XXII"]
    paired = EstimatorV2().gradient([(circuit, observables, values)]).result()[0].data
    for which in range(3):
        alone = EstimatorV2().gradient([(circuit, observables[which], values[which])]).result()[0].data
        np.testing.assert_array_equal(paired.gradients[which], alone.gradients)
        np.testing.assert_array_equal(paired.evs[which], alone.evs)


@pytest.mark.parametrize(
    ("pub", "error", "message"),
    [
        ((turned(A), "Z", [0.1], 0.1), InvalidPubError, r"pub 0: gradients are exact; leave the precision 0\.1 out"),
        (
            (turned(A), "ZZ", [0.1]),
            InvalidPubError,
            r"pub 0, circuit 'turned': The number of qubits of the circuit \(1\)",
        ),
        ((turned(A), {"Z": 1j}, [0.1]), InvalidPubError, "pub 0, circuit 'turned': .*not Hermitian"),
        ((turned(A), "Z", [np.inf]), InvalidPubError, "pub 0, circuit 'turned': .*'a' is not finite"),
        ((turned(A.log()), "Z", [-1.0]), InvalidCircuitError, "pub 0, .*turned"),
        (
            (turned(A.sign()), "Z", [0.3]),
            InvalidCircuitError,
            r"instruction 0 \(ry\): the angle sign\(a\) has no deriv",
        ),
        ((turned(A.abs()), "Z", [[0.3], [0.0]]), InvalidCircuitError, r"the angle abs\(a\) has no .* a = 0\.0"),
        (turned(A), PubTypeError, "invalid Estimator pub-like"),
    ],
)
@pytest.mark.parametrize("method", ["adjoint", "shift"])
def test_pubs_that_are_refused(pub, error, message, method):
    with pytest.raises(error, match=message):
        EstimatorV2().gradient([pub], method=method)


def test_circuits_without_gradients_and_too_wide_ones_are_refused():
    circuit = turned(A)
    circuit.reset(0)
    with pytest.raises(InvalidCircuitError, match=r"'turned' has no gradient by the adjoint method: .*\(reset\)"):
        EstimatorV2().gradient([(circuit, "Z", [0.1])])
    wide = efficient_su2(20, reps=1)
    with pytest.raises(InsufficientMemoryError, match="two states of 20 qubits"):
        EstimatorV2(backend=Simulator(max_memory_mb=28)).gradient([(wide, "Z" * 20, np.zeros(wide.num_parameters))])


@pytest.fixture(scope="module")
def long_circuit():
    circuit = layered_circuit(22, 200)
    circuit.remove_final_measurements()
    circuit.ry(A, 0)
    return circuit


def test_the_life_of_a_job(long_circuit):
    pub = (long_circuit, "Z" * 22, [0.1])
    estimator = EstimatorV2()
    job = estimator.gradient([pub])
    assert_running_work_is_cancelled(job, estimator.backend)
    limited = EstimatorV2(options={"run_options": {"time_limit": 0.2}})
    job = limited.gradient([pub, (turned(A), "Z", [0.1])])
    with pytest.raises(JobFailedError):
        job.result()
    failed, whole = job.result(partial=True)
    assert "time_limit" in failed.metadata["error"]
    assert not failed.data.keys()
    assert whole.data.gradients == pytest.approx([-np.sin(0.1)])


def test_executors_give_the_same_digits():
    circuit = efficient_su2(4, reps=1)
    pub = (circuit, [[ISING], ["ZZZZ"]], np.random.default_rng(1).normal(size=(3, circuit.num_parameters)))
    expected = EstimatorV2().gradient([pub]).result()[0].data.gradients
    for pool in (ThreadPoolExecutor(2), ProcessPoolExecutor(1, mp_context=get_context("spawn"))):
        with pool:
            estimator = EstimatorV2(options={"run_options": {"executor": pool}})
            np.testing.assert_array_equal(estimator.gradient([pub]).result()[0].data.gradients, expected)


# Objective


def test_objectives_have_the_simulators_gradients():
    circuit = efficient_su2(4, reps=1)
    point = np.random.default_rng(1).normal(size=circuit.num_parameters)
    energy = Objective(circuit, ISING)
    value, gradient = energy.value_and_gradient(point)
    assert isinstance(value, float)
    assert value == pytest.approx(energy(point), abs=1e-12)
    np.testing.assert_array_equal(gradient, Simulator().gradient(circuit, ISING, point))
    np.testing.assert_array_equal(energy.gradient(point), gradient)
    single = Objective(circuit, ISING, backend=Simulator(precision="single"))
    np.testing.assert_allclose(single.gradient(point), gradient, atol=1e-4)


def test_gradients_of_objectives_are_in_the_order_of_their_parameters():
    circuit = turned(A)
    circuit.rz(B, 0)
    expected = [-np.sin(0.3) * np.sin(0.4), np.cos(0.3) * np.cos(0.4)]
    np.testing.assert_allclose(Objective(circuit, "X", parameters=["b", "a"]).gradient([0.4, 0.3]), expected)
    np.testing.assert_allclose(Objective(circuit, "X").gradient([0.3, 0.4]), expected[::-1])


def test_objectives_without_parameters_or_anything_to_simulate():
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    assert Objective(bell, "XX").gradient([]).shape == (0,)
    assert Objective(turned(A), {"I": 3}).value_and_gradient([0.5])[0] == 3
    np.testing.assert_array_equal(Objective(turned(A), {"I": 3}).gradient([0.5]), [0])
    measured = turned(A)
    measured.measure_all()
    np.testing.assert_allclose(Objective(measured, "Z").gradient([0.5]), [-np.sin(0.5)])
    np.testing.assert_array_equal(Objective(measured, "X").gradient([0.5]), [0])


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda energy: pickle.loads(pickle.dumps(energy))])
@pytest.mark.parametrize("used", [False, True])
def test_copies_and_pickles_of_objectives(again, used):
    energy = Objective(turned(A, B), "Z", parameters=["b", "a"])
    if used:
        energy.gradient([0.1, 0.2])
    np.testing.assert_array_equal(again(energy).gradient([0.1, 0.2]), energy.gradient([0.1, 0.2]))


def test_objectives_from_many_threads_and_another_process():
    circuit = efficient_su2(4, reps=1)
    energy = Objective(circuit, ISING)
    points = np.random.default_rng(3).normal(size=(40, circuit.num_parameters))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(energy.gradient, points))
    expected = [energy.gradient(point) for point in points]
    np.testing.assert_array_equal(found, expected)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        np.testing.assert_array_equal(list(pool.map(energy.gradient, points[:3])), expected[:3])


def test_an_optimiser_finds_the_ground_state():
    energy = Objective(efficient_su2(4, reps=3), ISING)
    start = np.random.default_rng(5).normal(size=energy.num_parameters)
    found = minimize(energy.value_and_gradient, start, jac=True, method="L-BFGS-B")
    assert found.fun == pytest.approx(np.linalg.eigvalsh(ISING.to_matrix())[0], abs=0.05)
    assert np.abs(energy.gradient(found.x)).max() < 1e-3


@pytest.mark.parametrize(
    "again", [lambda energy: energy, copy.deepcopy, lambda energy: pickle.loads(pickle.dumps(energy))]
)
def test_objectives_of_dynamic_circuits_are_differentiated_by_shifts(again):
    energy = again(Objective(branching(), {"ZI": 1, "IZ": 0.5, "II": 2}, parameters=["b", "a"], method="shift"))
    a, b = 0.7, 0.4
    value, gradient = energy.value_and_gradient([b, a])
    assert isinstance(value, float)
    assert value == pytest.approx(energy([b, a]))
    by_a = np.sin(a) / 2 * (np.cos(b) - 1) - np.sin(a) / 2
    np.testing.assert_allclose(gradient, [-(np.sin(a / 2) ** 2) * np.sin(b), by_a], atol=1e-12)
    found = minimize(energy.value_and_gradient, [0.3, 0.2], jac=True)
    assert found.fun == pytest.approx(0.5, abs=1e-6)


def test_what_gradients_of_objectives_refuse(long_circuit):
    dynamic = turned(A)
    dynamic.reset(0)
    energy = Objective(dynamic, "Z")
    assert energy([0.1]) == pytest.approx(1)
    with pytest.raises(InvalidCircuitError, match="no gradient by the adjoint method"):
        energy.gradient([0.1])
    with pytest.raises(InvalidOptionError, match=r"must have shape \(1,\), got \(2,\)"):
        Objective(turned(A), "Z").gradient([0.1, 0.2])
    with pytest.raises(OptionTypeError, match="real numbers"):
        Objective(turned(A), "Z").gradient([1j])
    with pytest.raises(InvalidCircuitError, match="sign"):
        Objective(turned(A.sign()), "Z").gradient([0.1])
    wide = efficient_su2(20, reps=1)
    energy = Objective(wide, "Z" * 20, backend=Simulator(max_memory_mb=28))
    with pytest.raises(InsufficientMemoryError, match="two states of 20 qubits"):
        energy.gradient(np.zeros(wide.num_parameters))
    with pytest.raises(TimeLimitError):
        Objective(long_circuit, "Z" * 22, backend=Simulator(time_limit=0.2)).gradient([0.1])


def test_ctrl_c_stops_a_gradient_of_an_objective(long_circuit):
    energy = Objective(long_circuit, "Z" * 22)
    assert_ctrl_c_stops(lambda: energy.gradient([0.1]))
