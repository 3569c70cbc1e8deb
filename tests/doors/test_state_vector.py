"""`StateVector`: one allocation that a script evolves, reads and reuses."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import QFTGate, efficient_su2
from qiskit.quantum_info import Operator, Pauli, SparsePauliOp, Statevector, random_pauli_list

from ketjet import StateVector, engine
from ketjet.errors import CircuitTypeError, InsufficientMemoryError, InvalidCircuitError, InvalidOptionError

TOLERANCE = {"single": 1e-5, "double": 1e-12}


def ansatz(num_qubits, seed=0):
    circuit = efficient_su2(num_qubits, reps=2)
    return circuit.assign_parameters(np.random.default_rng(seed).uniform(-3, 3, circuit.num_parameters))


@pytest.fixture(params=["single", "double"])
def precision(request):
    return request.param


def test_it_starts_in_all_zeros(precision):
    state = StateVector(3, precision=precision)
    assert (state.num_qubits, state.precision, len(state)) == (3, precision, 8)
    assert np.array_equal(np.asarray(state), np.eye(8)[0])
    assert repr(state) == f"StateVector(num_qubits=3, precision={precision!r})"


@pytest.mark.parametrize("num_qubits", [0, 1, 2, 5, 9])
def test_it_evolves_step_by_step(num_qubits, precision):
    state = StateVector(num_qubits, precision)
    expected = Statevector.from_int(0, 2**num_qubits)
    for step in range(3 if num_qubits else 0):
        circuit = ansatz(num_qubits, step)
        assert state.evolve(circuit) is state
        expected = expected.evolve(Operator(circuit))
        assert np.asarray(state) == pytest.approx(expected.data, abs=TOLERANCE[precision])
    assert state.norm() == pytest.approx(1, abs=TOLERANCE[precision])


def test_the_array_is_a_view_until_a_copy_is_asked_for(precision):
    state = StateVector(4, precision)
    view, copy = np.asarray(state), np.array(state)
    assert view.dtype == {"single": np.complex64, "double": np.complex128}[precision]
    assert np.shares_memory(view, np.asarray(state))
    assert not np.shares_memory(copy, view)
    flip = QuantumCircuit(4)
    flip.x(0)
    state.evolve(flip)
    assert (view[1], copy[1]) == (1, 0)
    assert np.asarray(state, dtype=np.complex128).dtype == np.complex128


def test_a_view_outlives_its_state():
    view = np.asarray(StateVector(10))
    assert view[0] == 1
    assert np.count_nonzero(view) == 1


def test_reset_keeps_the_memory():
    state = StateVector(6).evolve(ansatz(6))
    view = np.asarray(state)
    state.reset()
    assert np.shares_memory(view, np.asarray(state))
    assert np.array_equal(view, np.eye(64)[0])


def test_probabilities_of_some_qubits_follow_qiskits_order(precision):
    circuit = ansatz(5)
    state, expected = StateVector(5, precision).evolve(circuit), Statevector(circuit)
    for qubits in (None, [0], [4, 0], [2, 3, 1], [4, 3, 2, 1, 0], []):
        wanted = expected.probabilities(qubits) if qubits != [] else [1]
        assert state.probabilities(qubits) == pytest.approx(wanted, abs=TOLERANCE[precision])


def test_samples_repeat_with_their_seed_and_leave_the_state_alone():
    state = StateVector(5).evolve(ansatz(5))
    before = np.array(state)
    counts = state.sample(1000, seed=7)
    assert sum(counts.values()) == 1000
    assert counts == state.sample(1000, seed=7) != state.sample(1000, seed=8)
    assert state.sample(1000) != state.sample(1000)
    assert np.array_equal(before, np.asarray(state))


def test_samples_follow_the_probabilities():
    state = StateVector(4).evolve(ansatz(4))
    shots, expected = 200_000, state.probabilities([2, 0])
    counts = state.sample(shots, qubits=[2, 0], seed=3)
    seen = np.array([counts.get(f"{key:02b}", 0) for key in range(4)])
    assert ((seen - shots * expected) ** 2 / (shots * expected)).sum() < 16.3  # chi-square, 3 degrees, p = 0.001


def test_expectation_of_pauli_sums(precision):
    rng = np.random.default_rng(5)
    circuit = ansatz(4)
    state, expected = StateVector(4, precision).evolve(circuit), Statevector(circuit)
    for observable in (
        SparsePauliOp(random_pauli_list(4, 20, seed=1), rng.normal(size=20)),
        SparsePauliOp(random_pauli_list(4, 5, seed=2), rng.normal(size=5) + 1j * rng.normal(size=5)),
        Pauli("-YXZI"),
        SparsePauliOp("IIII"),
    ):
        assert state.expectation(observable) == pytest.approx(
            expected.expectation_value(observable), abs=20 * TOLERANCE[precision]
        )
    assert isinstance(state.expectation("YYII"), float)


def test_a_reset_in_the_circuit_repeats_with_its_seed():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.reset(0)
    seen = {int(np.flatnonzero(np.abs(np.asarray(StateVector(2).evolve(circuit, seed=s))))[0]) for s in range(20)}
    assert seen == {0, 2}


def test_a_large_state_agrees_with_a_closed_form():
    num_qubits, number = 16, 12345
    circuit = QuantumCircuit(num_qubits)
    for qubit in range(num_qubits):
        if number >> qubit & 1:
            circuit.x(qubit)
    circuit.append(QFTGate(num_qubits), range(num_qubits))
    size = 2**num_qubits
    expected = np.exp(2j * np.pi * (number * np.arange(size) % size) / size) / np.sqrt(size)
    assert np.asarray(StateVector(num_qubits).evolve(circuit)) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((-1,), InvalidOptionError),
        ((3, "half"), InvalidOptionError),
        ((64,), InsufficientMemoryError),
        ((55,), InsufficientMemoryError),
        ((2.5,), TypeError),
    ],
)
def test_impossible_states_are_refused(arguments, error):
    with pytest.raises(error):
        StateVector(*arguments)


def test_the_memory_check_names_need_and_limit(monkeypatch):
    monkeypatch.setattr(engine, "available_memory", lambda: (1000, "a small test"))
    with pytest.raises(InsufficientMemoryError, match=r"8 qubits.*a small test.*enough for 5 qubits"):
        StateVector(8)


def test_circuits_that_do_not_fit_are_refused():
    state = StateVector(2)
    with pytest.raises(InvalidCircuitError, match="3 qubits, the state 2"):
        state.evolve(QuantumCircuit(3))
    unbound = QuantumCircuit(2)
    unbound.rx(Parameter("angle"), 0)
    with pytest.raises(InvalidCircuitError, match="angle"):
        state.evolve(unbound)
    measured = QuantumCircuit(2)
    measured.measure_all()
    with pytest.raises(InvalidCircuitError, match="sample"):
        state.evolve(measured)


def test_wrong_questions_are_refused():
    state = StateVector(2)
    for qubits in ([0, 0], [2], [-1]):
        with pytest.raises(InvalidOptionError):
            state.probabilities(qubits)
    with pytest.raises(InvalidOptionError, match="3 qubits"):
        state.expectation("XYZ")
    with pytest.raises(InvalidOptionError, match="shots"):
        state.sample(0)
    with pytest.raises(InvalidOptionError, match="seed"):
        state.sample(1, seed=-1)


def test_everything_that_is_no_circuit_qubit_or_number_is_refused():
    state = StateVector(2)
    for circuit in (None, "text", QuantumCircuit):
        with pytest.raises(CircuitTypeError, match="takes a QuantumCircuit"):
            state.evolve(circuit)
    with pytest.raises(InvalidOptionError, match="seed"):
        state.evolve(QuantumCircuit(2), seed=-1)
    with pytest.raises(TypeError):
        state.probabilities([0.5])
    with pytest.raises(InvalidOptionError, match=r"coefficient .*nan"):
        state.expectation(SparsePauliOp(["ZZ", "XX"], [1, np.nan]))
    with pytest.raises(InvalidOptionError, match="unbound parameters: angle"):
        state.expectation(SparsePauliOp(["ZZ"], np.array([Parameter("angle")])))
    with pytest.raises(InvalidOptionError, match="at most"):
        state.sample(1 << 63)
    assert StateVector(1, None).precision == "double"


def test_a_sample_of_no_qubits_has_one_empty_outcome():
    assert StateVector(0).sample(5) == StateVector(2).sample(5, []) == {"": 5}


def test_amplitudes_that_are_zero_but_for_rounding_do_not_change_samples(precision):
    samples = []
    for rounding in (0.0, 1e-9):
        state = StateVector(4, precision)
        np.asarray(state)[:] = rounding
        np.asarray(state)[[3, 5, 6, 9]] = 0.5
        samples.append([state.sample(10000, seed=seed) for seed in range(20)])
    assert samples[0] == samples[1]
