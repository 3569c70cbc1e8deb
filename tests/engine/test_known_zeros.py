"""A state that is evolved piece by piece knows which qubits are still |0>, and nobody who looks at it can tell."""

from __future__ import annotations

import concurrent.futures
import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import static as oracle
from qiskit import QuantumCircuit
from qiskit.quantum_info import random_unitary
from support.programs import SMALL_CACHES, TINY_CACHES

from ketjet import StateVector, engine
from ketjet.lowering import lower

TOLERANCE = {"single": 2e-5, "double": 1e-12}

ONE = ["h", "x", "y", "z", "s", "t", "sx"]
TURNS = ["rx", "ry", "rz", "p"]
TWO = ["cx", "cz", "swap", "iswap", "ch", "cy"]


@st.composite
def pieces(draw, num_qubits):
    """A circuit on some of the qubits, as a script would apply it between two looks at the state."""
    circuit = QuantumCircuit(num_qubits)
    circuit.global_phase = draw(st.sampled_from([0.0, 0.7]))
    few = draw(st.permutations(range(num_qubits)))[: draw(st.integers(1, num_qubits))]
    for _ in range(draw(st.integers(0, 12))):
        order = draw(st.permutations(few))
        kind = draw(st.sampled_from(["one", "turn", "two", "ccx", "unitary", "diagonal", "permute", "real"]))
        if kind == "one" or len(order) < 2:
            getattr(circuit, draw(st.sampled_from(ONE)))(order[0])
        elif kind == "turn":
            getattr(circuit, draw(st.sampled_from(TURNS)))(draw(st.floats(-4, 4)), order[0])
        elif kind == "two":
            getattr(circuit, draw(st.sampled_from(TWO)))(*order[:2])
        elif kind == "real":
            for qubit in order:
                circuit.ry(draw(st.floats(-4, 4)), qubit)
            circuit.cx(*order[:2])
        elif kind == "unitary":
            circuit.unitary(random_unitary(4, seed=draw(st.integers(0, 99))), order[:2])
        elif kind == "diagonal":
            circuit.rzz(draw(st.floats(-4, 4)), *order[:2])
        elif kind == "permute":
            circuit.swap(*order[:2])
            circuit.swap(order[-1], order[0])
        elif len(order) > 2:
            circuit.ccx(*order[:3])
    return circuit


INTERLUDES = ["none", "none", "none", "array", "sample", "probabilities", "expectation", "copy", "pickle", "norm"]
INTERLUDES += ["reset", "keep", "write", "drop"]


@settings(max_examples=80, deadline=None)
@given(st.data(), st.integers(1, 9), st.sampled_from(["single", "double"]), st.sampled_from(["off", "full"]))
def test_a_script_sees_the_whole_state_whenever_it_looks(data, num_qubits, precision, verify):
    state = StateVector(num_qubits, precision, max_threads=data.draw(st.integers(1, 2)), verify=verify)
    zero = np.eye(1, 2**num_qubits, dtype=complex)[0]
    expected, views, tolerance = zero, [], TOLERANCE[precision]
    for _ in range(data.draw(st.integers(1, 6))):
        interlude = data.draw(st.sampled_from(INTERLUDES))
        if interlude == "array":
            assert np.asarray(state) == pytest.approx(expected, abs=tolerance)
        elif interlude == "sample":
            seen = {int(key, 2) for key in state.sample(20, seed=1)}
            assert all(abs(expected[key]) > tolerance for key in seen)
        elif interlude == "probabilities":
            assert state.probabilities() == pytest.approx(np.abs(expected) ** 2, abs=2 * tolerance)
        elif interlude == "expectation":
            signs = np.array([(-1) ** index.bit_count() for index in range(2**num_qubits)])
            value = state.expectation("Z" * num_qubits)
            assert value == pytest.approx(np.sum(signs * np.abs(expected) ** 2), abs=2 * tolerance)
        elif interlude == "norm":
            assert state.norm() == pytest.approx(1, abs=tolerance)
        elif interlude == "copy":
            state = copy.copy(state)
        elif interlude == "pickle":
            state = pickle.loads(pickle.dumps(state))
        elif interlude == "reset":
            state.reset()
            expected = zero
        elif interlude == "keep":
            views.append(data.draw(st.sampled_from([np.asarray, memoryview_of, tail_of]))(state))
        elif interlude == "write":
            state.reset()
            place = data.draw(st.integers(0, 2**num_qubits - 1))
            view = np.asarray(state)[::1]
            view[0], view[place] = 0, 1
            expected = np.eye(2**num_qubits, dtype=complex)[place]
            views.append(view)
        elif interlude == "drop":
            views.clear()
        circuit = data.draw(pieces(num_qubits))
        state.evolve(circuit)
        expected = oracle.statevector(circuit, expected)
    assert np.asarray(state) == pytest.approx(expected, abs=tolerance)


def memoryview_of(state):
    return memoryview(np.asarray(state))


def tail_of(state):
    return np.asarray(state)[1:].real


@settings(max_examples=60, deadline=None)
@given(
    st.data(),
    st.integers(4, 11),
    st.sampled_from([TINY_CACHES, SMALL_CACHES, engine.machine()]),
    st.sampled_from(["off", "fast", "full"]),
)
def test_plans_for_small_caches_start_from_what_is_known(data, num_qubits, machine, verify):
    states = [engine.State(num_qubits, precision) for precision in ("single", "double")]
    expected = np.eye(1, 2**num_qubits, dtype=complex)[0]
    for state in states:
        state.array[:] = np.nan
        state.set_zero(1)
    for _ in range(data.draw(st.integers(1, 4))):
        circuit = data.draw(pieces(num_qubits))
        program = lower(circuit, keep_idle_qubits=True, starts_in_zero=False).program
        for state in states:
            state.evolve(program, data.draw(st.integers(1, 2)), verify=verify, on=machine)
        expected = oracle.statevector(circuit, expected)
    for state in states:
        assert state.array == pytest.approx(expected, abs=TOLERANCE[state.precision])


def flipped(num_qubits, *qubits):
    circuit = QuantumCircuit(num_qubits)
    circuit.h(qubits[0])
    for qubit in qubits[1:]:
        circuit.cx(qubits[0], qubit)
    return circuit


@pytest.mark.parametrize("view_of", [np.asarray, memoryview_of, lambda state: np.asarray(state)[3:][::2][1:]])
def test_what_is_written_through_an_old_view_counts(view_of):
    state = StateVector(5)
    view = view_of(state)
    state.evolve(flipped(5, 1, 2))
    state.reset()
    assert np.asarray(view).base is not None
    whole = np.asarray(state)
    assert np.array_equal(whole, np.eye(32)[0])
    whole[0] = 0
    np.asarray(view)[-1] = 1
    (place,) = np.flatnonzero(whole)
    del whole
    state.evolve(flipped(5, 0, 3))
    expected = oracle.statevector(flipped(5, 0, 3), np.eye(32)[place])
    assert np.asarray(state) == pytest.approx(expected, abs=1e-12)


def test_memory_is_written_when_somebody_looks_and_not_before():
    state = engine.State(10)
    state.array[:] = 7
    state.set_zero(1)
    assert not state.is_written_out
    state.evolve(lower(flipped(10, 4, 8), keep_idle_qubits=True, starts_in_zero=False).program, 1)
    assert not state.is_written_out
    view = state.array[5:]
    assert state.is_written_out
    assert np.count_nonzero(state.array) == 2
    state.set_zero(1)
    assert state.is_written_out
    assert not view.any()
    del view
    state.set_zero(1)
    assert not state.is_written_out


@pytest.mark.parametrize("num_qubits", range(4))
def test_qubits_that_are_only_stored_are_zero_whatever_was_in_memory_before(num_qubits):
    amplitudes = np.full(2**num_qubits, 2 ** (-num_qubits / 2))
    for _ in range(200):
        poison = [np.full(16, np.nan, complex) for _ in range(20)]
        del poison
        state = StateVector.from_array(amplitudes, verify="full")
        state.evolve(QuantumCircuit(num_qubits, global_phase=0.5))
        assert np.asarray(state) == pytest.approx(amplitudes * np.exp(0.5j))


def test_a_copy_knows_what_its_source_knows():
    state = StateVector(12).evolve(flipped(12, 3, 9))
    twin = state.copy()
    assert not twin._state.is_written_out
    state.reset()
    assert np.flatnonzero(np.asarray(twin)).tolist() == [0, (1 << 3) | (1 << 9)]
    assert np.flatnonzero(np.asarray(state)).tolist() == [0]


def test_threads_that_look_at_once_all_see_the_whole_state():
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for _ in range(20):
            state = StateVector(16, max_threads=2).evolve(flipped(16, 5, 11))
            reads = [pool.submit(np.asarray, state) for _ in range(3)]
            reads += [pool.submit(state.probabilities) for _ in range(3)]
            assert [np.count_nonzero(read.result()) for read in reads] == [2] * 6


def test_what_is_not_touched_yet_is_not_available_to_others():
    before, _ = engine.available_memory()
    bytes_of_state = engine.AMPLITUDE_BYTES["double"] << 26
    if before < 2 * bytes_of_state:
        pytest.skip("there is not enough memory")
    state = StateVector(26)
    available, _ = engine.available_memory()
    assert available < before - bytes_of_state // 2
    del state
