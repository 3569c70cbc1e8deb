"""Observables for tests, by labels: strategies, matrices by Kronecker products, and the engine's readout."""

from __future__ import annotations

import functools

import numpy as np
from hypothesis import strategies as st

from ketjet import engine

LETTERS = "IXYZ01+-rl"

_X, _Y, _Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])

MATRICES = {"I": np.eye(2), "X": _X, "Y": _Y, "Z": _Z} | {
    letter: (np.eye(2) + sign * pauli) / 2
    for letter, sign, pauli in [("0", 1, _Z), ("1", -1, _Z), ("+", 1, _X), ("-", -1, _X), ("r", 1, _Y), ("l", -1, _Y)]
}


def labels(num_qubits, letters=LETTERS):
    """Labels of so many qubits."""
    return st.text(letters, min_size=num_qubits, max_size=num_qubits)


def terms(num_qubits, letters=LETTERS, max_terms=6):
    """Pairs of labels and real coefficients, equal labels among them."""
    numbers = st.floats(-3, 3).map(lambda value: round(value, 6))
    return st.lists(st.tuples(labels(num_qubits, letters), numbers), min_size=1, max_size=max_terms)


@functools.cache
def matrix_of(label):
    """The matrix of a product; qubit 0 is at the right."""
    return functools.reduce(np.kron, [MATRICES[letter] for letter in label], np.eye(1))


def sum_of(terms_of_sum, num_qubits):
    """The matrix of a sum of products with coefficients."""
    result = np.zeros((2**num_qubits,) * 2, complex)
    for label, coefficient in terms_of_sum:
        result += coefficient * matrix_of(label)
    return result


def readout_of(*observables):
    """The engine's readout of observables that are lists of pairs, (label of I X Y Z 0 1, real coefficient)."""
    listed = [term for observable in observables for term in observable]
    masks = [
        np.array([sum(1 << q for q, letter in enumerate(label[::-1]) if letter in letters) for label, _ in listed])
        for letters in ("XY", "ZY", "01", "1")
    ]
    begins = np.cumsum([0, *(len(observable) for observable in observables)])
    coefficients = np.array([coefficient for _, coefficient in listed])
    return engine.ObservablesReadout(*masks, begins, np.arange(len(listed)), coefficients)
