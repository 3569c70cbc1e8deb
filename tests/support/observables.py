"""Observables by labels of I, X, Y, Z and the projectors 0 and 1: as the engine's readout, and as matrices."""

from __future__ import annotations

import functools

import numpy as np

from ketjet import engine

MATRICES = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
    "0": np.diag([1, 0]),
    "1": np.diag([0, 1]),
}


@functools.cache
def matrix_of(label):
    """The matrix of a string; qubit 0 is at the right."""
    return functools.reduce(np.kron, [MATRICES[letter] for letter in label])


def readout_of(*observables):
    """The engine's readout of observables that are lists of pairs, (label, real coefficient)."""
    terms = [term for observable in observables for term in observable]
    masks = [
        np.array([sum(1 << q for q, letter in enumerate(label[::-1]) if letter in letters) for label, _ in terms])
        for letters in ("XY", "ZY", "01", "1")
    ]
    begins = np.cumsum([0, *(len(observable) for observable in observables)])
    coefficients = np.array([coefficient for _, coefficient in terms])
    return engine.ObservablesReadout(*masks, begins, np.arange(len(terms)), coefficients)
