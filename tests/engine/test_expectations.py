"""Expectation values are those of matrices, whatever the blocks, threads and instruction sets that read the state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.observables import matrix_of, readout_of
from support.programs import TINY_CACHES

from ketjet import engine

TINIEST_CACHES = engine.Machine(l2_bytes=1 << 9)  # blocks of four or five qubits
TOLERANCE = {"single": 1e-5, "double": 1e-13}


def random_state(num_qubits, precision, seed):
    """A state of Gaussian amplitudes, and these."""
    random = np.random.default_rng(seed)
    amplitudes = random.normal(size=2**num_qubits) + 1j * random.normal(size=2**num_qubits)
    state = engine.State(num_qubits, precision)
    state.array[:] = amplitudes / np.linalg.norm(amplitudes)
    return state, state.array.astype(complex)


@st.composite
def observables(draw, num_qubits):
    """Up to three observables of a few strings each, some of which come in several of them or twice."""
    label = st.text("IXYZ01", min_size=num_qubits, max_size=num_qubits)
    labels = draw(st.lists(st.one_of(label, st.text("IZ", min_size=num_qubits, max_size=num_qubits)), min_size=1))
    term = st.tuples(st.sampled_from(labels), st.floats(-2, 2))
    return draw(st.lists(st.lists(term, max_size=12), max_size=3))


@settings(deadline=None)
@given(
    data=st.data(),
    num_qubits=st.integers(1, 7),
    precision=st.sampled_from(["single", "double"]),
    caches=st.sampled_from([TINIEST_CACHES, TINY_CACHES, None]),
    seed=st.integers(0, 99),
)
def test_expectation_values_are_those_of_matrices(data, num_qubits, precision, caches, seed):
    wanted = data.draw(observables(num_qubits))
    state, amplitudes = random_state(num_qubits, precision, seed)
    found = state.expectations(readout_of(*wanted), 2, on=caches)
    assert found.shape == (len(wanted),)
    for value, terms in zip(found, wanted, strict=True):
        exact = sum(c * np.vdot(amplitudes, matrix_of(label) @ amplitudes).real for label, c in terms)
        assert value == pytest.approx(exact, abs=TOLERANCE[precision] * (1 + sum(abs(c) for _, c in terms)))


def many_strings(num_qubits, count, seed, letters="IXYZ01"):
    """Labels drawn at random."""
    random = np.random.default_rng(seed)
    return ["".join(row) for row in random.choice(list(letters), (count, num_qubits)).tolist()]


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("letters", ["IXYZ01", "IZ", "IIIIIXYZ"])
def test_threads_change_no_digit(precision, letters):
    readout = readout_of(*([(label, 1)] for label in many_strings(17, 60, 3, letters)))
    state, _ = random_state(17, precision, 1)
    values = [state.expectations(readout, threads, on=engine.Machine(l2_bytes=1 << 16)) for threads in (1, 2, 3)]
    np.testing.assert_array_equal(values[0], values[1])
    np.testing.assert_array_equal(values[0], values[2])


def test_the_order_of_strings_changes_no_value():
    labels = many_strings(9, 40, 5)
    state, _ = random_state(9, "double", 2)
    one = state.expectations(readout_of(*([(label, 1)] for label in labels)), 1, on=TINY_CACHES)
    other = state.expectations(readout_of(*([(label, 1)] for label in labels[::-1])), 1, on=TINY_CACHES)
    np.testing.assert_array_equal(one, other[::-1])


def test_a_projector_onto_one_basis_state_is_its_probability():
    state, amplitudes = random_state(12, "double", 4)
    value = state.expectations(readout_of([("0" * 12, 3)], [("01" * 6, 1)]), 1, on=TINY_CACHES)
    expected = [3 * abs(amplitudes[0]) ** 2, abs(amplitudes[int("01" * 6, 2)]) ** 2]
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_a_vector_of_any_length_has_expectation_values():
    state, amplitudes = random_state(7, "double", 6)
    readout = readout_of([("I" * 7, 1)], [("XYZIZYX", 1)])
    unit = state.expectations(readout, 1)
    for scale in (1e-15, 1e9):
        state.array[:] = scale * amplitudes
        np.testing.assert_allclose(state.expectations(readout, 1), scale**2 * unit, rtol=1e-9)
    state.array[3] = np.nan
    assert np.isnan(state.expectations(readout, 1)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_masks": [1], "condition_masks": [1]}, "has a Pauli where it has a projector"),
        ({"condition_values": [1]}, "has a value outside its mask"),
        ({"z_masks": [4]}, "acts on a qubit that the state does not have"),
        ({"z_masks": []}, "of different lengths"),
        ({"columns": [1]}, "has a string that is not there"),
        ({"row_begins": [0, 2]}, "do not fit together"),
        ({"coefficients": []}, "do not fit together"),
    ],
)
def test_what_is_no_observable_is_refused(change, message):
    readout = readout_of([("ZI", 1)])._replace(**{name: np.array(values, int) for name, values in change.items()})
    with pytest.raises(ValueError, match=message):
        engine.State(2).expectations(readout, 1)
