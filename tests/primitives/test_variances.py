"""Variances of an estimator, and noise of their size: of short observables by their squares, of long ones otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.dynamic import final_states
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparseObservable, SparsePauliOp, Statevector, random_pauli_list
from support.dynamic_strategies import dynamic_circuits
from support.observables import sum_of, terms
from support.strategies import circuits

from ketjet import EstimatorV2, Simulator
from ketjet.errors import InsufficientMemoryError, InvalidPubError


def variances_of(circuit, observables, values=None, *, backend=None, **options):
    estimator = EstimatorV2(backend=backend, options={"variances": True, **options})
    return estimator.run([(circuit, observables, values)]).result()[0].data


def random_sum(num_qubits, count, seed):
    """A sum of distinct strings at random."""
    random = np.random.default_rng(seed)
    return SparsePauliOp(random_pauli_list(num_qubits, count, seed=seed, phase=False), random.normal(size=count))


def scatter(branches, matrix):
    mean = sum(weight * np.vdot(state, matrix @ state).real for weight, _, state in branches)
    return mean, sum(weight * np.vdot(state, matrix @ matrix @ state).real for weight, _, state in branches) - mean**2


@given(
    data=st.data(),
    circuit=st.one_of(circuits(4), circuits(3, measure=True), dynamic_circuits(max_qubits=3, max_statements=4)),
    measured=st.booleans(),
)
@settings(deadline=None)
def test_variances_are_those_of_matrices_for_observables_of_any_length(data, circuit, measured):
    n = circuit.num_qubits
    if data.draw(st.booleans()):
        circuit.h(range(n))
    if measured:
        circuit.measure_all()
    listed = [data.draw(terms(n, max_terms=count)) for count in (3, 40, 40)]
    matrices = [sum_of(some, n) for some in listed]
    expected = [scatter(final_states(circuit), matrix) for matrix in matrices]
    found = variances_of(circuit, [SparseObservable.from_list(some) for some in listed])
    assert (found.variances >= 0).all()
    sizes = [1 + np.linalg.norm(matrix, 2) ** 2 for matrix in matrices]
    np.testing.assert_allclose(found.evs, [mean for mean, _ in expected], atol=1e-7)
    np.testing.assert_allclose((found.variances - [each for _, each in expected]) / sizes, 0, atol=1e-8)


def test_long_sums_at_many_points():
    circuit = efficient_su2(4, reps=1)
    values = np.random.default_rng(3).normal(size=(6, circuit.num_parameters))
    sums = [random_sum(4, count, count) + SparsePauliOp("IIII", 2.0) for count in (5, 30, 150)]
    expected = np.array(
        [
            [
                scatter([(1, None, np.asarray(Statevector(circuit.assign_parameters(row))))], each.to_matrix())
                for row in values
            ]
            for each in sums
        ]
    )
    every = variances_of(circuit, [[each] for each in sums], values)
    np.testing.assert_allclose(every.evs, expected[..., 0], atol=1e-10)
    np.testing.assert_allclose(every.variances, expected[..., 1], rtol=1e-10)
    paired = variances_of(circuit, sums * 2, values)
    places = np.arange(6) % 3, np.arange(6)
    np.testing.assert_allclose(paired.evs, expected[..., 0][places], atol=1e-10)
    np.testing.assert_allclose(paired.variances, expected[..., 1][places], rtol=1e-10)


@pytest.mark.parametrize("points", [1, 2, 7])
def test_short_sums_at_many_points(points):
    circuit = efficient_su2(4, reps=1)
    values = np.random.default_rng(3).normal(size=(points, circuit.num_parameters))
    sums = ["ZZII", SparsePauliOp(["XXII", "IIII", "ZIII"], [1, 3, 2]), {"1111": 2}]
    matrices = [sum_of(each, 4) for each in ([("ZZII", 1)], [("XXII", 1), ("IIII", 3), ("ZIII", 2)], [("1111", 2)])]
    states = [np.asarray(Statevector(circuit.assign_parameters(row))) for row in values]
    expected = np.array([[scatter([(1, None, state)], matrix) for state in states] for matrix in matrices])
    found = variances_of(circuit, [[each] for each in sums], values)
    np.testing.assert_allclose(found.evs, expected[..., 0], atol=1e-12)
    np.testing.assert_allclose(found.variances, expected[..., 1], atol=1e-12)


def test_flips_of_idle_qubits_count():
    circuit = QuantumCircuit(6)
    circuit.h(2)
    circuit.ry(Parameter("a"), 4)
    observable = random_sum(6, 250, 5)
    state = np.asarray(Statevector(circuit.assign_parameters([0.7])))
    mean, variance = scatter([(1, None, state)], observable.to_matrix())
    found = variances_of(circuit, observable, [0.7])
    np.testing.assert_allclose([found.evs, found.variances], [mean, variance], rtol=1e-10)


def test_what_is_measured_last_of_all():
    circuit = QuantumCircuit(8, 1)
    circuit.h(range(8))
    circuit.measure(3, 0)
    diagonal = SparsePauliOp([format(k, "08b").replace("0", "I").replace("1", "Z") for k in range(1, 254)])
    found = variances_of(circuit, diagonal)  # which needs no square
    np.testing.assert_allclose([found.evs, found.variances], [0, 253], atol=1e-9)
    plus = SparsePauliOp(["XIII", "IXII", "ZXII", "IIXX", *(f"I{a}{b}Z" for a in "XYZ" for b in "XYZ")])
    four = QuantumCircuit(4, 1)
    four.h(range(4))
    four.measure(3, 0)
    mean, variance = scatter(final_states(four), plus.to_matrix())
    found = variances_of(four, plus)
    np.testing.assert_allclose([found.evs, found.variances], [mean, variance], atol=1e-9)
    with pytest.raises(InvalidPubError, match="variances: observable 1 has 298 strings, and X or Y on a qubit that is"):
        variances_of(circuit, ["Z" * 8, random_sum(8, 300, 3)])


def test_light_cones_read_squares():
    circuit = efficient_su2(96, reps=1, entanglement="pairwise")
    point = np.linspace(0, 1, circuit.num_parameters)
    chain = SparsePauliOp.from_sparse_list([("XX", [q, q + 1], 1.0) for q in range(0, 95, 8)], 96)
    found = variances_of(circuit, chain, point)
    parts = [variances_of(circuit, SparsePauliOp(chain.paulis[place]), point) for place in range(12)]
    np.testing.assert_allclose(found.evs, sum(part.evs for part in parts), atol=1e-10)
    np.testing.assert_allclose(found.variances, sum(part.variances for part in parts), atol=1e-8)  # cones are disjoint


def test_memory_decides_between_the_two_ways():
    circuit = efficient_su2(16, reps=1)
    point = np.linspace(0, 6, circuit.num_parameters)
    short, long = random_sum(16, 12, 3), random_sum(16, 201, 3)
    ample, scarce = Simulator(max_memory_mb=200, max_threads=1), Simulator(max_memory_mb=3.5, max_threads=1)
    expected = variances_of(circuit, short, point, backend=ample)  # one state takes 1 MiB
    found = variances_of(circuit, short, point, backend=scarce)
    np.testing.assert_allclose(found.variances, expected.variances, rtol=1e-10)
    assert variances_of(circuit, long, point, backend=ample).variances > 0
    with pytest.raises(InsufficientMemoryError, match="two states of 16 qubits") as caught:
        variances_of(circuit, long, point, backend=scarce)
    assert caught.value.max_qubits == 15


def test_noise_of_the_size_that_shots_would_have():
    circuit = efficient_su2(4, reps=1)
    point = np.linspace(0, 6, circuit.num_parameters)
    observable = random_sum(4, 220, 9)
    exact = variances_of(circuit, observable, point)
    options = {"noise": "sampled"}
    data = EstimatorV2(seed=3, options=options).run([(circuit, [observable] * 2000, point, 0.1)]).result()[0].data
    np.testing.assert_allclose(data.stds, 0.1 * np.sqrt(exact.variances), rtol=1e-10)
    assert np.std(data.evs) == pytest.approx(0.1 * np.sqrt(exact.variances), rel=0.1)
    assert "variances" not in data


@pytest.mark.parametrize("precision", ["single", "double"])
def test_executors_and_precisions(precision):
    circuit = QuantumCircuit(3, 1)
    circuit.h(range(3))
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.ry(0.4, 1)
    observable = random_sum(3, 40, 2)
    mean, variance = scatter(final_states(circuit), observable.to_matrix())
    found = variances_of(circuit, observable, run_options={"precision": precision})
    np.testing.assert_allclose(
        [found.evs, found.variances], [mean, variance], rtol=1e-4 if precision == "single" else 1e-10
    )
