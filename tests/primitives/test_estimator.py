"""EstimatorV2: values against matrices and Qiskit's estimator, broadcasting, noise, dynamic circuits exactly."""

from __future__ import annotations

import copy
import itertools
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.dynamic import final_states
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.primitives import BaseEstimatorV2, StatevectorEstimator
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.quantum_info import Pauli, PauliList, SparseObservable, SparsePauliOp, Statevector, random_pauli_list
from support.dynamic_strategies import dynamic_circuits
from support.observables import labels, matrix_of, sum_of, terms
from support.saves import save
from support.strategies import angles, circuits, parametrised_circuits

from ketjet import EstimatorV2, Objective, PrimitiveJob, Simulator
from ketjet.errors import InsufficientMemoryError, KetjetWarning
from ketjet.primitives.options import EstimatorOptions

TOLERANCE = {"single": 2e-4, "double": 1e-9}


def evs_of(circuit, observables, values=None, **options):
    return EstimatorV2(options={"run_options": options}).run([(circuit, observables, values)]).result()[0].data.evs


def turned(*names):
    """One qubit, turned about Y by each parameter."""
    circuit = QuantumCircuit(1, name="turned")
    for name in names:
        circuit.ry(Parameter(name), 0)
    return circuit


# Values


@given(data=st.data(), circuit=circuits(4), precision=st.sampled_from(["single", "double"]))
def test_every_kind_of_observable_of_every_gate(data, circuit, precision):
    num_qubits, ((_, _, state),) = circuit.num_qubits, final_states(circuit)
    listed = data.draw(st.lists(terms(num_qubits), min_size=1, max_size=3))
    observables = [
        data.draw(st.sampled_from([SparseObservable.from_list, lambda some: dict(some)]))(some) for some in listed
    ]
    expected = [
        np.vdot(state, sum_of(some if isinstance(read, SparseObservable) else dict(some).items(), num_qubits) @ state)
        for some, read in zip(listed, observables, strict=True)
    ]
    single = data.draw(labels(num_qubits))
    expected.append(np.vdot(state, matrix_of(single) @ state))
    found = evs_of(circuit, [*observables, single], precision=precision)
    np.testing.assert_allclose(found, expected, atol=TOLERANCE[precision])


@given(
    data=st.data(),
    parametrised=parametrised_circuits(3),
    shapes=st.sampled_from(
        [((), ()), ((2,), (2,)), ((3, 1), (2,)), ((), (2, 1)), ((1,), (3,)), ((2, 1), (2, 2)), ((2,), ())]
    ),
    seed=st.integers(0, 2**40),
)
@settings(max_examples=60)
def test_pubs_are_broadcast_as_by_qiskit(data, parametrised, shapes, seed):
    circuit, values = parametrised
    of_observables, of_values = shapes
    names = tuple(values)
    rng = np.random.default_rng(seed)
    grid = np.array([float(values[name]) for name in names]) + rng.normal(size=(*of_values, len(names)))
    paulis = ["".join(rng.choice(list("IXYZ"), circuit.num_qubits)) for _ in range(int(np.prod(of_observables)))]
    observables = np.array(paulis, object).reshape(of_observables)
    bound = {names[:1]: grid[..., :1], names[1:]: grid[..., 1:]} if names else BindingsArray(shape=of_values)
    pub = (circuit, observables, bound if data.draw(st.booleans()) or not names else grid, 0.25)
    found, expected = (kind(seed=seed).run([pub]).result()[0] for kind in (EstimatorV2, StatevectorEstimator))
    assert found.data.evs.shape == found.data.stds.shape == found.data.shape == expected.data.shape
    assert found.data.evs.dtype == found.data.stds.dtype == np.float64
    np.testing.assert_allclose(found.data.evs, expected.data.evs, atol=1e-9)
    np.testing.assert_array_equal(found.data.stds, np.full(found.data.shape, 0.25))  # Qiskit leaves them 0


@pytest.mark.parametrize(
    ("observables", "values", "expected"),
    [
        ("Z", [0.3], np.cos(0.3)),
        ("Z", 0.3, np.cos(0.3)),
        ("Z", [[0.3], [0.4]], np.cos([0.3, 0.4])),
        (["Z", "X"], [[0.3], [0.4]], [np.cos(0.3), np.sin(0.4)]),
        (["Z"], [0.3], [np.cos(0.3)]),
        ([["Z"], ["X"], ["Y"]], [[0.3], [0.4]], [np.cos([0.3, 0.4]), np.sin([0.3, 0.4]), [0, 0]]),
        ("Z", {"a": [0.1, 0.2, 0.3]}, np.cos([0.1, 0.2, 0.3])),
        ([], [0.3], []),
        ("Z", np.zeros((0, 1)), []),
        ([["Z", "X"]], np.zeros((0, 1, 1)), np.zeros((0, 1, 2))[:, 0]),
        (np.array([["Z"], ["X"]]), [0.3], [[np.cos(0.3)], [np.sin(0.3)]]),
        (PauliList(["Z", "-X"]), [0.3], [np.cos(0.3), -np.sin(0.3)]),
        (ObservablesArray([["Z", {"X": 2}]]), [0.3], [[np.cos(0.3), 2 * np.sin(0.3)]]),
    ],
)
def test_shapes(observables, values, expected):
    found = EstimatorV2().run([(turned("a"), observables, values)]).result()[0].data
    shape = np.broadcast_shapes(np.shape(expected)) if np.size(expected) else found.evs.shape
    assert found.evs.shape == shape
    assert isinstance(found.evs, np.ndarray)
    np.testing.assert_allclose(found.evs, np.reshape(expected, found.evs.shape), atol=1e-12)
    np.testing.assert_array_equal(found.stds, np.zeros_like(found.evs))


def test_parameters_are_in_the_order_of_the_circuit():
    circuit = QuantumCircuit(2)
    circuit.ry(Parameter("p2"), 0)
    circuit.ry(Parameter("p10"), 1)
    np.testing.assert_allclose(evs_of(circuit, ["IZ", "ZI"], [0.1, 0.2]), np.cos([0.2, 0.1]))  # p10 comes first
    vector = ParameterVector("v", 11)
    wide = QuantumCircuit(11)
    for qubit, parameter in enumerate(vector):
        wide.ry(parameter, qubit)
    observables = ["I" * (10 - qubit) + "Z" + "I" * qubit for qubit in range(11)]
    np.testing.assert_allclose(evs_of(wide, observables, np.arange(11)), np.cos(np.arange(11)))


def test_a_pub_may_be_qiskits_own_or_a_list():
    circuit = turned("a")
    pub = EstimatorPub(circuit, ObservablesArray("Z"), BindingsArray({"a": [0.1, 0.2]}), 0.0)
    for form in (pub, [circuit, "Z", [[0.1], [0.2]]], (circuit, "Z", {"a": [0.1, 0.2]}, None)):
        np.testing.assert_allclose(EstimatorV2().run([form]).result()[0].data.evs, np.cos([0.1, 0.2]))
    np.testing.assert_allclose(EstimatorV2().run(iter([pub])).result()[0].data.evs, np.cos([0.1, 0.2]))


def test_every_distinct_point_is_simulated_once_and_every_string_read_once():
    circuit = turned("a")
    job = EstimatorV2().run([(circuit, [["Z"], ["X"], [{"Z": 2, "X": 1}]], [[0.1], [0.2], [0.1]])])
    assert job.progress().circuits_total == 2
    expected = np.cos([0.1, 0.2, 0.1]), np.sin([0.1, 0.2, 0.1])
    np.testing.assert_allclose(job.result()[0].data.evs, [*expected, 2 * expected[0] + expected[1]])


def test_a_paired_pub_with_many_points_reads_what_each_needs():
    rng = np.random.default_rng(4)
    circuit = efficient_su2(3, reps=1)
    paulis = random_pauli_list(3, 40, seed=5, phase=False)
    values = rng.normal(size=(40, circuit.num_parameters))
    values[7] = values[3]  # the same point with two observables
    states = [Statevector(circuit.assign_parameters(row)) for row in values]
    expected = [state.expectation_value(pauli).real for state, pauli in zip(states, paulis, strict=True)]
    np.testing.assert_allclose(evs_of(circuit, paulis, values), expected, atol=1e-9)
    options = EstimatorOptions(variances=True)
    data = EstimatorV2(options=options).run([(circuit, paulis, values)]).result()[0].data
    np.testing.assert_allclose(data.evs, expected, atol=1e-9)
    np.testing.assert_allclose(data.variances, 1 - np.square(expected), atol=1e-9)


@pytest.mark.parametrize(("observables", "values"), [([], [0.3]), ("Z", np.zeros((0, 1))), ([["Z"]], np.zeros((0, 1)))])
def test_nothing_runs_for_an_empty_pub(observables, values):
    estimator, pub = EstimatorV2(options={"variances": True}), (turned("a"), observables, values)
    for job in (estimator.run([pub]), estimator.gradient([pub])):
        assert job.progress().circuits_total == 0
        assert job.result()[0].data.evs.size == 0


def test_what_no_state_decides_is_not_simulated():
    circuit = QuantumCircuit(3)
    circuit.h(1)
    observables = ["III", "ZIZ", "XII", "1II", "0I0", {"ZII": 2, "III": 1}, SparsePauliOp("ZZZ", 0), "IIr"]
    job = EstimatorV2().run([(circuit, observables)])
    assert job.progress().circuits_total == 0
    assert job.result()[0].data.evs.tolist() == [1, 1, 0, 0, 1, 3, 0, 0.5]
    assert EstimatorV2().run([(QuantumCircuit(), "")]).result()[0].data.evs == 1
    assert evs_of(QuantumCircuit(2), SparsePauliOp(["ZZ", "ZZ"], [1, -1])) == 0


def test_idle_qubits_cost_nothing():
    circuit = QuantumCircuit(200)
    circuit.h(5)
    circuit.cx(5, 190)
    label = ["I"] * 200
    label[5] = label[190] = "X"
    zeros = "0" * 200
    np.testing.assert_allclose(evs_of(circuit, ["".join(reversed(label)), "Z" * 200, zeros]), [1, 1, 0.5], atol=1e-12)


def test_observables_are_read_anew_in_each_run():
    estimator, circuit, observable = EstimatorV2(), QuantumCircuit(1), SparsePauliOp("Z")
    assert estimator.run([(circuit, observable)]).result()[0].data.evs == 1
    observable.coeffs[0] = 3
    assert estimator.run([(circuit, observable)]).result()[0].data.evs == 3


# Measurements, resets and control flow


@given(data=st.data(), circuit=st.one_of(circuits(4, measure=True), dynamic_circuits(max_qubits=3, max_statements=5)))
def test_dynamic_circuits_are_averaged_over_exactly(data, circuit):
    if data.draw(st.booleans()):
        circuit.h(range(circuit.num_qubits))
    if data.draw(st.booleans()):
        for qubit in data.draw(st.lists(st.integers(0, circuit.num_qubits - 1), max_size=3)):
            circuit.add_register(register := ClassicalRegister(1))
            circuit.measure(qubit, register[0])
    listed = data.draw(st.lists(terms(circuit.num_qubits), min_size=1, max_size=3))
    ends = final_states(circuit)
    expected = [
        sum(weight * np.vdot(state, sum_of(some, circuit.num_qubits) @ state) for weight, _, state in ends)
        for some in listed
    ]
    found = evs_of(circuit, [SparseObservable.from_list(some) for some in listed])
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_a_qubit_that_is_measured_has_no_coherence_left(bell):
    np.testing.assert_allclose(evs_of(bell, ["ZZ", "XX", "ZI", "YY", "11"]), [1, 0, 0, 0, 0.5], atol=1e-12)


@pytest.mark.parametrize(
    "after", ["nothing", "id", "barrier", "known control", "swap", "the same bit", "diagonal", "box"]
)
def test_whatever_the_planner_finds_out_about_a_measurement(after):
    circuit = QuantumCircuit(3, 1)
    circuit.h([0, 1])
    circuit.measure(0, 0)
    if after == "id":
        circuit.id(0)
    elif after == "barrier":
        circuit.barrier()
    elif after == "known control":
        circuit.cx(2, 0)
    elif after == "swap":
        circuit.swap(0, 1)
        circuit.swap(0, 1)
    elif after == "the same bit":
        circuit.measure(1, 0)
    elif after == "diagonal":
        circuit.t(0)
    elif after == "box":
        with circuit.box():
            circuit.noop(0)
    found = evs_of(circuit, ["IIX", "IIY", "IIZ", "IX" + "I", "00" + "+"])
    np.testing.assert_allclose(found, [0, 0, 0, 0 if after == "the same bit" else 1, 0.25], atol=1e-12)


def test_a_loop_that_ends_sooner_or_later():
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.while_loop((0, 1)):
        circuit.x(1)
        circuit.h(0)
        circuit.measure(0, 0)
    result = EstimatorV2().run([(circuit, ["IZ", "ZI"])]).result()[0]
    np.testing.assert_allclose(result.data.evs, [1, 1 / 3], atol=1e-9)  # the sum of (-1)**k / 2**(k + 1)
    assert result.metadata["simulator_metadata"]["exact"]["remainder"] < 1e-9


def test_points_of_a_dynamic_circuit():
    circuit = QuantumCircuit(2, 1)
    circuit.ry(Parameter("a"), 0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    values = np.linspace(0, 3, 5)
    np.testing.assert_allclose(evs_of(circuit, [["ZZ"], ["ZI"]], values), [np.ones(5), np.cos(values)], atol=1e-12)


# Noise


@given(seed=st.integers(0, 2**64), shape=st.lists(st.integers(1, 3), max_size=2), generator=st.booleans())
@settings(max_examples=40)
def test_noise_is_bit_for_bit_that_of_qiskit(seed, shape, generator):
    circuit = QuantumCircuit(2)  # whose values have no rounding
    observables = np.full(shape, "ZZ", object)
    pubs = [(circuit, observables), (circuit, "ZI", None, 0.5), (circuit, "ZI", None, 0), (circuit, observables)]
    first, second = (np.random.default_rng(seed) for _ in range(2)) if generator else (seed, seed)
    mine, theirs = EstimatorV2(seed=first), StatevectorEstimator(seed=second)
    for precision in (0.1, 0.25):  # a generator goes on from run to run
        for found, expected in zip(
            mine.run(pubs, precision=precision).result(), theirs.run(pubs, precision=precision).result(), strict=True
        ):
            np.testing.assert_array_equal(found.data.evs, expected.data.evs)


def test_without_a_seed_each_pub_has_one_that_replays_it():
    pub = (QuantumCircuit(1), "Z", None, 0.1)
    first, second = EstimatorV2().run([pub, pub]).result()
    assert first.data.evs != second.data.evs
    for result in (first, second):
        seed = result.metadata["simulator_metadata"]["seed_simulator"]
        assert EstimatorV2(seed=seed).run([pub]).result()[0].data.evs == result.data.evs


def test_who_wins_of_several_seeds():
    pub = (QuantumCircuit(1), "Z", None, 0.1)

    def value(**arguments):
        result = EstimatorV2(**arguments).run([pub]).result()[0]
        return result.data.evs.item(), result.metadata["simulator_metadata"]["seed_simulator"]

    by_seed = {seed: value(seed=seed) for seed in (1, 2, 3)}
    assert value(backend=Simulator(seed_simulator=3)) == by_seed[3]
    assert value(backend=Simulator(seed_simulator=3), options={"run_options": {"seed_simulator": 2}}) == by_seed[2]
    assert value(backend=Simulator(seed_simulator=3), options={"seed_simulator": 2}, seed=1) == by_seed[1]


def test_precision_of_the_pub_wins_over_that_of_the_run_and_that_over_the_default():
    circuit = QuantumCircuit(1)
    estimator = EstimatorV2(default_precision=0.1)
    assert estimator.default_precision == estimator.options.default_precision == 0.1
    assert estimator.run([(circuit, "Z")]).result()[0].data.stds == 0.1
    results = estimator.run(
        [(circuit, "Z"), (circuit, "Z", None, 0.3), (circuit, "Z", None, 0)], precision=0.2
    ).result()
    assert [result.data.stds.item() for result in results] == [0.2, 0.3, 0]
    assert [result.metadata["target_precision"] for result in results] == [0.2, 0.3, 0]
    estimator.options.default_precision = 0.5
    assert estimator.run([(circuit, "Z")]).result()[0].data.stds == 0.5


def test_noise_has_the_size_that_was_asked_for():
    circuit = QuantumCircuit(1)
    circuit.ry(1.0, 0)
    evs = EstimatorV2(seed=3).run([(circuit, ["Z"] * 4000, None, 0.1)]).result()[0].data.evs
    assert np.mean(evs) == pytest.approx(np.cos(1.0), abs=0.1 * 5 / np.sqrt(4000))
    assert np.std(evs) == pytest.approx(0.1, rel=0.06)
    options = EstimatorOptions(noise="sampled")
    data = EstimatorV2(seed=3, options=options).run([(circuit, ["Z"] * 4000, None, 0.1)]).result()[0].data
    assert np.std(data.evs) == pytest.approx(0.1 * np.sin(1.0), rel=0.06)
    np.testing.assert_allclose(data.stds, 0.1 * np.sin(1.0))
    assert "variances" not in data


# The object and what its results tell


def test_it_is_an_estimator_of_qiskit():
    estimator = EstimatorV2(seed=5)
    assert isinstance(estimator, BaseEstimatorV2)
    assert (estimator.seed, estimator.default_precision) == (5, 0.0)
    assert isinstance(estimator.backend, Simulator)
    backend = Simulator(precision="single")
    assert EstimatorV2.from_backend(backend).backend is backend
    assert "EstimatorOptions" in repr(estimator.options)
    job = estimator.run([(QuantumCircuit(1), "Z")])
    assert isinstance(job, PrimitiveJob)
    assert job.backend() is estimator.backend


def test_metadata():
    circuit = QuantumCircuit(1, metadata={"a": 1})
    circuit.ry(Parameter("t"), 0)
    result = EstimatorV2().run([(circuit, "Z", [[1], [2]])]).result()
    assert result.metadata == {"version": 2}
    metadata = dict(result[0].metadata)
    told = metadata.pop("simulator_metadata")
    assert metadata == {"target_precision": 0.0, "circuit_metadata": {"a": 1}}
    assert (told["method"], told["num_points"], told["precision"]) == ("statevector", 2, "double")
    assert EstimatorV2().run([]).result().metadata == {"version": 2}


def test_a_result_pickles_and_a_job_ends_in_it():
    job = EstimatorV2(seed=1).run([(turned("a"), ["Z", "X"], [0.3], 0.1)])
    result = job.result()
    for other in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result), pickle.loads(pickle.dumps(job)).result()):
        np.testing.assert_array_equal(other[0].data.evs, result[0].data.evs)


def test_digits_do_not_depend_on_company_or_threads():
    circuit = efficient_su2(6, reps=2)
    values = np.random.default_rng(1).normal(size=(5, circuit.num_parameters))
    observable = SparsePauliOp(random_pauli_list(6, 30, seed=2, phase=False), np.random.default_rng(3).normal(size=30))
    together = evs_of(circuit, observable, values)
    alone = [evs_of(circuit, observable, row).item() for row in values]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(evs_of(circuit, observable, values, max_threads=1), alone)


def test_a_pub_that_fails_says_why_in_a_partial_result():
    endless = QuantumCircuit(1, 1)
    with endless.while_loop((0, 0)):
        endless.x(0)
    estimator = EstimatorV2(options={"run_options": {"max_iterations": 5}})
    job = estimator.run([(turned("a"), "Z", [0.3]), (endless, "Z")])
    assert "max_iterations" in str(job.exception())
    good, bad = job.result(partial=True)
    assert good.data.evs == pytest.approx(np.cos(0.3))
    assert not list(bad.data)
    assert "max_iterations" in bad.metadata["error"]


def test_registers_do_not_matter():
    first, second = QuantumRegister(1, "a"), QuantumRegister(2, "b")
    circuit = QuantumCircuit(second, first)
    circuit.x(first[0])
    found = evs_of(circuit, ["".join(label) for label in itertools.product("IZ", repeat=3)])
    assert found.tolist() == [1, 1, 1, 1, -1, -1, -1, -1]


@given(angle=angles, label=st.sampled_from("IXYZ01+-rl"))
def test_one_qubit_by_hand(angle, label):
    circuit = QuantumCircuit(1)
    circuit.rx(angle, 0)
    state = np.array([np.cos(angle / 2), -1j * np.sin(angle / 2)])
    expected = np.vdot(state, matrix_of(label) @ state).real
    assert evs_of(circuit, label) == pytest.approx(expected, abs=1e-9)
    if label in "XYZ":
        assert evs_of(circuit, Pauli("-" + label)) == pytest.approx(-expected, abs=1e-9)


# Light cones


def chain(num_qubits, steps):
    """A chain of turned qubits with entangling layers, so that a string depends on its neighbours."""
    circuit = QuantumCircuit(num_qubits)
    angles_of = ParameterVector("t", num_qubits * steps)
    for step in range(steps):
        for qubit in range(num_qubits):
            circuit.ry(angles_of[step * num_qubits + qubit], qubit)
        for qubit in range(num_qubits - 1):
            circuit.rzz(angles_of[step * num_qubits + qubit] * 0.5 + 0.2, qubit, qubit + 1)
    circuit.rx(0.3, range(num_qubits))
    return circuit


def neighbours(num_qubits):
    """An Ising chain in a field."""
    pairs = [("ZZ", [qubit, qubit + 1], 1 + qubit / 7) for qubit in range(num_qubits - 1)]
    return SparsePauliOp.from_sparse_list([*pairs, *(("X", [q], 0.3 - q) for q in range(num_qubits))], num_qubits)


def test_light_cones_give_the_same_values():
    circuit = chain(16, 2)
    values = np.random.default_rng(1).normal(size=(2, circuit.num_parameters))
    zeros = "0" * 3 + "I" * 13
    observables = [[neighbours(16)], ["I" * 8 + "Y" + "I" * 7], [{zeros: 2, "I" * 16: 1}]]
    found = EstimatorV2().run([(circuit, observables, values)])
    whole = EstimatorV2(options={"light_cones": False}).run([(circuit, observables, values)])
    assert found.progress().circuits_total > whole.progress().circuits_total == 2
    np.testing.assert_allclose(found.result()[0].data.evs, whole.result()[0].data.evs, atol=1e-10)
    assert found.result()[0].metadata["simulator_metadata"]["num_qubits"] < 12
    energy = Objective(circuit, neighbours(16))
    np.testing.assert_allclose(energy.batch(values), found.result()[0].data.evs[0], atol=1e-10)


def test_light_cones_of_a_paired_pub_and_of_variances():
    circuit = chain(14, 1)
    values = np.random.default_rng(2).normal(size=(14, circuit.num_parameters))
    observables = ["I" * (13 - qubit) + "X" + "I" * qubit for qubit in range(14)]
    pub = (circuit, observables, values)
    few, all_of_it = (
        EstimatorV2(options={"light_cones": on, "variances": True}).run([pub]).result()[0].data for on in (True, False)
    )
    np.testing.assert_allclose(few.evs, all_of_it.evs, atol=1e-10)
    np.testing.assert_allclose(few.variances, 1 - few.evs**2, atol=1e-10)


def test_circuits_of_any_width_whose_light_cones_fit():
    circuit = chain(100, 1)
    values = np.linspace(0, 1, circuit.num_parameters)
    found = evs_of(circuit, [neighbours(100), "Z" + "I" * 99], values)
    small = chain(6, 1)  # the last qubits of the wide one
    expected = evs_of(small, "Z" + "I" * 5, values[-6:])
    assert found[1] == pytest.approx(expected, abs=1e-10)
    assert np.isfinite(found[0])
    with pytest.raises(InsufficientMemoryError, match="100 qubits"):
        EstimatorV2(options={"light_cones": False}).run([(circuit, "Z" * 100, values)])
    with pytest.raises(InsufficientMemoryError, match="100 qubits"):
        EstimatorV2().run([(circuit, "X" * 100, values)])


def test_what_a_circuit_saves_is_left_out():
    circuit = QuantumCircuit(2, 1, name="saving")
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
        save(circuit, "save_statevector", "single", [0, 1])
    with pytest.warns(KetjetWarning, match=r"circuit 'saving' saves something.*an estimator's.*Simulator\.run"):
        job = EstimatorV2().run([(circuit, ["ZZ", "ZI"])])
    np.testing.assert_allclose(job.result()[0].data.evs, [1, 0], atol=1e-12)


def test_a_long_paired_pub_takes_no_more_than_its_length():
    circuit, angles_there = turned("a"), np.linspace(0, 1, 3000)
    for observables in (["Z"] * 3000, ["Z", "X", "Y"] * 1000):
        tracemalloc.start()
        found = evs_of(circuit, observables, angles_there)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 40e6  # every observable at every point would be 72 MB
        known = {"Z": np.cos, "X": np.sin, "Y": np.zeros_like}
        expected = [known[name](angle) for name, angle in zip(observables, angles_there, strict=True)]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_an_observable_may_change_from_one_run_to_the_next():
    circuit, operator = turned("a"), SparsePauliOp(["Z", "X"], [1.0, 0.5])
    estimator, pub = EstimatorV2(), (circuit, operator, [0.3])
    for coefficient in (1.0, -2.0, 1.0):
        operator.coeffs[0] = coefficient
        found = estimator.run([pub]).result()[0].data.evs
        assert found == pytest.approx(coefficient * np.cos(0.3) + 0.5 * np.sin(0.3))
    operator.paulis.z[1] = True  # now Y, with a phase that X did not have
    operator.paulis.phase = [0, 0]
    assert estimator.run([pub]).result()[0].data.evs == pytest.approx(np.cos(0.3))


def test_of_a_dynamic_circuit_only_what_observables_depend_on_runs():
    circuit = QuantumCircuit(40, 2)
    circuit.ry(0.8, 0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.ry(0.3, 1)
    circuit.h(range(2, 40))
    for qubit in range(2, 39):
        circuit.cp(0.3, qubit, qubit + 1)
    circuit.measure(5, 1)
    circuit.ry(0.1, 5)
    observable = SparsePauliOp.from_sparse_list([("ZZ", [0, 1], 2.0), ("X", [1], 1.0), ("", [], 0.5)], 40)
    value = EstimatorV2().run([(circuit, observable)]).result()[0].data.evs
    one = np.sin(0.4) ** 2
    assert value == pytest.approx(0.5 + 2 * (1 - one - one * np.cos(0.3)) + one * np.sin(0.3))
