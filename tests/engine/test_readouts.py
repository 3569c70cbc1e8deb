"""Readouts belong to the request of a run: they see the final state and change no sample of the program."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.dynamic import final_states
from qiskit import QuantumCircuit
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp, Statevector, random_pauli_list
from support.observables import readout_of
from support.programs import TINY_CACHES
from support.strategies import circuits

from ketjet import engine
from ketjet.lowering import lower

TOLERANCE = {"single": 2e-5, "double": 1e-10}


@st.composite
def pauli_sums(draw, num_qubits):
    """A sum of a few Pauli strings with complex coefficients, some of which act on a qubit or two."""
    few = st.dictionaries(st.integers(0, num_qubits - 1), st.sampled_from("XYZ"), max_size=2)
    on_few = few.map(lambda letters: "".join(letters.get(qubit, "I") for qubit in range(num_qubits)))
    labels = draw(st.lists(on_few | st.text("IXYZ", min_size=num_qubits, max_size=num_qubits), min_size=1, max_size=5))
    return SparsePauliOp(labels, [complex(draw(st.floats(-2, 2)), draw(st.floats(-2, 2))) for _ in labels])


def readout_of_sum(observable):
    """The engine's readout of a sum of Pauli strings: its real and its imaginary part."""
    labels = observable.paulis.to_labels()
    parts = observable.coeffs.real.tolist(), observable.coeffs.imag.tolist()
    return readout_of(*(list(zip(labels, part, strict=True)) for part in parts))


def averages(branches, observable, qubits):
    """The two readouts' values by matrices, over the ways that a run can end."""
    value, distribution = 0, 0
    for weight, _, state in branches:
        vector = Statevector(state)
        mean = np.vdot(state, observable.to_matrix() @ state)
        value += weight * np.array([mean.real, mean.imag])
        distribution += weight * vector.probabilities(qubits)
    return value, distribution


@given(data=st.data(), circuit=circuits(5), precision=st.sampled_from(["single", "double"]), threads=st.integers(1, 2))
def test_a_straight_run_reads_its_final_state(data, circuit, precision, threads):
    observable = data.draw(pauli_sums(circuit.num_qubits))
    qubits = data.draw(st.permutations(range(circuit.num_qubits)))[: data.draw(st.integers(1, circuit.num_qubits))]
    expected = averages(final_states(circuit), observable, qubits)
    circuit.measure_all()
    readouts = (readout_of_sum(observable), engine.ProbabilitiesReadout(qubits))
    task = engine.Task(lower(circuit).program, 20, 1, precision=precision, threads=threads, readouts=readouts)
    found = engine.execute(task, on=TINY_CACHES)
    assert found.facts.trajectories is None
    for value, wanted in zip(found.readouts, expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=20 * TOLERANCE[precision])


@given(data=st.data(), circuit=circuits(6), precision=st.sampled_from(["single", "double"]))
def test_a_run_that_is_only_asked_for_observables_need_not_write_its_state(data, circuit, precision):
    observable = data.draw(pauli_sums(circuit.num_qubits))
    value, _ = averages(final_states(circuit), observable, [0])
    program = lower(circuit, keep_idle_qubits=True).program
    task = engine.Task(program, 0, 1, precision=precision, readouts=(readout_of_sum(observable),))
    found = [engine.execute(task._replace(threads=threads), on=TINY_CACHES) for threads in (1, 2)]
    np.testing.assert_allclose(found[0].readouts[0], value, atol=20 * TOLERANCE[precision])
    np.testing.assert_array_equal(found[0].readouts[0], found[1].readouts[0])
    assert found[0].facts.norm_error < TOLERANCE[precision]


@given(data=st.data(), circuit=circuits(4, measure=True), precision=st.sampled_from(["single", "double"]))
def test_an_exact_run_averages_over_its_branches(data, circuit, precision):
    circuit.h(range(circuit.num_qubits))
    observable = data.draw(pauli_sums(circuit.num_qubits))
    expected = averages(final_states(circuit), observable, [0])
    readouts = (readout_of_sum(observable), engine.ProbabilitiesReadout([0]))
    task = engine.Task(lower(circuit).program, 1, 1, exact=True, precision=precision, readouts=readouts)
    for value, wanted in zip(engine.execute(task, on=TINY_CACHES).readouts, expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=20 * TOLERANCE[precision])


def scatter(branches, observable):
    """The variance of an observable, by matrices, over the ways that a run can end."""
    matrix = observable.to_matrix()
    mean = sum(weight * np.vdot(state, matrix @ state).real for weight, _, state in branches)
    return sum(weight * np.vdot(state, matrix @ matrix @ state).real for weight, _, state in branches) - mean**2


@given(
    data=st.data(),
    circuit=st.one_of(circuits(4), circuits(3, measure=True)),
    precision=st.sampled_from(["single", "double"]),
    caches=st.sampled_from([TINY_CACHES, None]),
    threads=st.integers(1, 2),
)
def test_variances_of_straight_and_of_exact_runs(data, circuit, precision, caches, threads):
    circuit.h(range(circuit.num_qubits))
    sums = [data.draw(pauli_sums(circuit.num_qubits)) for _ in range(2)]
    reals = [SparsePauliOp(each.paulis, each.coeffs.real) for each in sums]
    listed = [list(zip(each.paulis.to_labels(), each.coeffs.real.tolist(), strict=True)) for each in reals]
    readouts = (readout_of(*listed), engine.VariancesReadout(readout_of(*listed)))
    lowered, branches = lower(circuit, keep_idle_qubits=True), final_states(circuit)
    exact = lowered.has_measurements
    task = engine.Task(
        lowered.program, int(exact), 1, exact=exact, precision=precision, threads=threads, readouts=readouts
    )
    means, found = engine.execute(task, on=caches).readouts
    variances = engine.variances_of(found)
    assert (variances >= 0).all()
    tolerance = 200 * TOLERANCE[precision]
    np.testing.assert_allclose(variances, [scatter(branches, each) for each in reals], atol=tolerance)
    np.testing.assert_allclose(found.reshape(-1, 3)[:, 1], means, atol=tolerance)


def test_threads_change_no_digit_of_variances():
    labels = [pauli.to_label() for pauli in random_pauli_list(17, 40, seed=3, phase=False)]
    readout = engine.VariancesReadout(readout_of([(label, 0.1 * place) for place, label in enumerate(labels)]))
    program = lower(efficient_su2(17, reps=1).assign_parameters(np.linspace(0, 6, 68))).program
    found = [
        engine.execute(engine.Task(program, 0, 1, threads=threads, readouts=(readout,))).readouts[0]
        for threads in (1, 2, 3)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_a_sampled_run_averages_over_its_shots():
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.cx(0, 1)
    circuit.h(0)
    readouts = (readout_of_sum(SparsePauliOp("ZI")), engine.ProbabilitiesReadout([1]))
    found = engine.execute(engine.Task(lower(circuit).program, 100, 3, readouts=readouts))
    zeros, ones = found.counts
    assert found.readouts[0] == pytest.approx([(zeros - ones) / 100, 0])
    np.testing.assert_allclose(found.readouts[1], [zeros / 100, ones / 100], atol=1e-12)


@given(circuit=circuits(4, measure=True), threads=st.integers(1, 2))
def test_readouts_change_no_sample_of_a_run_that_keeps_its_state(circuit, threads):
    program = lower(circuit).program
    plain = engine.Task(program, 50, 7, memory=True, return_state=True, threads=threads)
    asked = plain._replace(readouts=(engine.ProbabilitiesReadout([0]),))
    one, other = engine.execute(plain), engine.execute(asked)
    np.testing.assert_array_equal(one.memory, other.memory)
    np.testing.assert_array_equal(one.state, other.state)
    assert one.facts.trajectories == other.facts.trajectories
