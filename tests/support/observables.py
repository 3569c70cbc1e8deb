"""Observables for tests: strategies for labels and sums of them, and their matrices by Kronecker products."""

from __future__ import annotations

import functools

import numpy as np
from hypothesis import strategies as st

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


def matrix_of(sum_of_terms, num_qubits):
    """The matrix of a sum of labels with coefficients."""
    result = np.zeros((2**num_qubits,) * 2, complex)
    for label, coefficient in sum_of_terms:
        result += coefficient * functools.reduce(np.kron, [MATRICES[letter] for letter in label], np.eye(1))
    return result
