"""`StateVector`: one allocation that a script evolves, reads and reuses."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import QFTGate, efficient_su2
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.quantum_info import (
    Operator,
    Pauli,
    SparsePauliOp,
    Statevector,
    entropy,
    partial_trace,
    random_pauli_list,
    random_statevector,
)

from ketjet import StateVector, engine
from ketjet.errors import (
    CircuitTypeError,
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    JobError,
    OptionTypeError,
)
from ketjet.jobs import workers

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


@pytest.mark.parametrize("precision", ["single", "double"])
def test_several_observables_are_read_together(precision):
    rng = np.random.default_rng(6)
    circuit = ansatz(4)
    state, expected = StateVector(4, precision).evolve(circuit), Statevector(circuit)
    sums = [SparsePauliOp(random_pauli_list(4, 6, seed=seed, phase=False), rng.normal(size=6)) for seed in range(6)]
    array = np.empty(6, object)
    array[:] = sums
    for shape in ((6,), (2, 3), (3, 2, 1)):
        found = state.expectation(array.reshape(shape).tolist())
        assert found.shape == shape
        known = np.reshape([expected.expectation_value(each).real for each in sums], shape)
        np.testing.assert_allclose(found, known, atol=20 * TOLERANCE[precision])
    assert state.expectation(ObservablesArray([["ZZII", "1+-r"]])).shape == (1, 2)
    assert state.expectation([]).shape == (0,)
    with pytest.raises(InvalidOptionError, match="not Hermitian"):
        state.expectation(["ZZII", SparsePauliOp("XXII", 1j)])
    narrow = SparsePauliOp("ZZI")
    with pytest.raises(InvalidOptionError, match=r"3 qubits, the state 4; SparsePauliOp.apply_layout\(qubits, 4\)"):
        state.expectation([narrow])
    assert state.expectation(narrow.apply_layout([0, 1, 3], 4)) == state.expectation("ZIZI")


@pytest.mark.parametrize("precision", ["single", "double"])
def test_variances(precision):
    rng = np.random.default_rng(7)
    circuit = ansatz(4)
    state, expected = StateVector(4, precision).evolve(circuit), Statevector(circuit)

    def known(observable):
        mean = expected.expectation_value(observable).real
        return expected.expectation_value(observable @ observable).real - mean**2

    sums = [SparsePauliOp(random_pauli_list(4, 6, seed=seed, phase=False), rng.normal(size=6)) for seed in range(3)]
    sums.append(SparsePauliOp(["IIII", "ZZII"], [3.0, 0.5]))
    tolerance = 100 * TOLERANCE[precision]
    np.testing.assert_allclose(state.variance(sums), [known(each) for each in sums], atol=tolerance)
    assert state.variance(sums[0]) == pytest.approx(known(sums[0]), abs=tolerance)
    assert isinstance(state.variance("ZZII"), float)
    assert StateVector(4).variance("ZZII") == 0
    assert state.variance([[{"ZIII": 1}]]).shape == (1, 1)
    many = SparsePauliOp(random_pauli_list(4, 150, seed=1, phase=False), rng.normal(size=150))
    several = [many, sums[0], many + SparsePauliOp("IIII", 3)]
    np.testing.assert_allclose(state.variance(several), [known(each) for each in several], rtol=100 * tolerance)
    with pytest.raises(InvalidOptionError, match="3 qubits, the state 4"):
        state.variance("ZZI")


def test_the_variance_in_an_eigenstate_is_zero_to_the_square_of_rounding():
    observable = SparsePauliOp(random_pauli_list(4, 60, seed=2, phase=False), np.linspace(-1, 1, 60))
    values, states = np.linalg.eigh(observable.to_matrix())
    assert abs(values[0]) > 1
    assert 0 <= StateVector.from_array(states[:, 0]).variance(observable) < 1e-26


def test_a_variance_needs_the_memory_of_another_state(monkeypatch):
    state = StateVector(10)
    observable = SparsePauliOp(random_pauli_list(10, 20, seed=2, phase=False), np.ones(20))
    monkeypatch.setattr(type(workers.shared()), "free_memory", lambda _: (1 << 13, "a test"))
    with pytest.raises(InsufficientMemoryError, match="a state of 10 qubits"):
        state.variance(observable)
    assert state.variance("Z" * 10) == 0


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


@pytest.mark.parametrize("num_qubits", [0, 1, 3, 5, 14])
def test_overlaps_are_inner_products_in_every_precision(num_qubits):
    amplitudes = [random_statevector(2**num_qubits, seed=seed).data for seed in (1, 2)]
    for precisions in (("double", "double"), ("double", "single"), ("single", "double"), ("single", "single")):
        bra, ket = (StateVector.from_array(*given) for given in zip(amplitudes, precisions, strict=True))
        tolerance = max(TOLERANCE[precision] for precision in precisions)
        assert bra.overlap(ket) == pytest.approx(np.vdot(*amplitudes), abs=tolerance)
        assert ket.overlap(bra) == bra.overlap(ket).conjugate()
        assert bra.overlap(bra) == pytest.approx(1, abs=tolerance)
        assert type(bra.overlap(ket)) is complex


def test_an_overlap_reads_what_was_never_written():
    state = StateVector(20)
    state.evolve(QuantumCircuit(20).compose(ansatz(3), range(3)))
    assert StateVector(20).overlap(state) == pytest.approx(np.asarray(state)[0])


def test_readings_have_the_same_digits_for_any_number_of_threads():
    states = [engine.State(17), engine.State(17)]
    for seed, state in enumerate(states):
        state.array[:] = random_statevector(2**17, seed=seed).data
    assert states[0].overlap(states[1], 1) == states[0].overlap(states[1], 2)
    for qubits in ([3], [16, 2, 9], list(range(7))):
        assert np.array_equal(*(states[0].reduced_density_matrix(qubits, threads) for threads in (1, 2)))


def test_what_is_no_other_state_has_no_overlap():
    with pytest.raises(InvalidOptionError, match="the other state has 3 qubits, this one 2"):
        StateVector(2).overlap(StateVector(3))
    for other in (np.ones(4) / 2, Statevector([1, 0]), None):
        with pytest.raises(OptionTypeError, match=r"overlap\(\) takes a StateVector, got a .*from_array"):
            StateVector(2).overlap(other)


def test_an_overlap_needs_both_states_whole():
    broken = StateVector(2)
    broken._calls._broken = True
    for bra, ket in ((broken, StateVector(2)), (StateVector(2), broken)):
        with pytest.raises(JobError, match="stopped halfway"):
            bra.overlap(ket)


@pytest.mark.parametrize("qubits", [[], [0], [4], [1, 3], [0, 1, 2], [0, 1, 2, 3, 4]], ids=str)
def test_density_matrices_and_entropies_are_those_of_qiskit(qubits, precision):
    expected = random_statevector(32, seed=3)
    state = StateVector.from_array(expected, precision)
    reduced = partial_trace(expected, [qubit for qubit in range(5) if qubit not in qubits])
    matrix = state.reduced_density_matrix(qubits)
    assert (matrix.shape, matrix.dtype) == (reduced.data.shape, np.complex128)
    assert matrix == pytest.approx(reduced.data, abs=TOLERANCE[precision])
    assert np.array_equal(matrix, matrix.conj().T)
    for base in (2, np.e, 10):
        assert state.entropy(qubits, base) == pytest.approx(entropy(reduced, base), abs=1e-4)
    assert state.entropy(qubits) >= 0


def test_another_order_of_qubits_permutes_the_bits_of_the_density_matrix():
    state = StateVector.from_array(random_statevector(32, seed=4))
    ascending = state.reduced_density_matrix([1, 2, 4]).reshape((2,) * 6)  # axes: row 4 2 1, column 4 2 1
    permuted = state.reduced_density_matrix([4, 1, 2]).reshape((2,) * 6)  # row 2 1 4, column 2 1 4
    assert permuted == pytest.approx(ascending.transpose(1, 2, 0, 4, 5, 3), abs=1e-15)


def test_entropies_take_the_smaller_side():
    ghz = QuantumCircuit(16)
    ghz.h(0)
    for qubit in range(15):
        ghz.cx(qubit, qubit + 1)
    state = StateVector(16).evolve(ghz)
    assert state.entropy(range(15)) == pytest.approx(1)
    assert state.entropy([3, 9]) == pytest.approx(1)
    assert state.entropy(range(16)) == state.entropy([]) == 0
    assert StateVector(16).entropy([3]) == 0


def test_wrong_parts_of_a_state_are_refused(monkeypatch):
    state = StateVector(14)
    for read in (state.reduced_density_matrix, state.entropy):
        for qubits in ([0, 0], [14], [-1]):
            with pytest.raises(InvalidOptionError, match="expected distinct numbers from 0 to 13"):
                read(qubits)
    with pytest.raises(InvalidOptionError, match="density matrix of 13 qubits was asked for; at most 12"):
        state.reduced_density_matrix(range(13))
    with pytest.raises(InvalidOptionError, match="entropy of 13 qubits with 13 others was asked for; one side"):
        StateVector(26).entropy(range(13))
    for base in (0, 1, -2, np.inf, np.nan):
        with pytest.raises(InvalidOptionError, match="base must be a number above 0 other than 1"):
            state.entropy([0], base)
    for base in ("e", True, None):
        with pytest.raises(OptionTypeError, match="base must be a number"):
            state.entropy([0], base)
    monkeypatch.setattr("ketjet.jobs.workers.Workers.free_memory", lambda _: (1 << 20, "a limit"))
    with pytest.raises(InsufficientMemoryError, match=r"10 qubits takes 16 MiB; 1 MiB are available \(a limit\)"):
        state.reduced_density_matrix(range(10))
