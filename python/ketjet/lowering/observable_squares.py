"""Squares of observables, for the variances of what measuring them gives.

Strings that anticommute cancel in a square, and all others come twice, with a sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ketjet.errors import InvalidOptionError
from ketjet.lowering.observable_table import Observables, table_of
from ketjet.lowering.observables import place_of
from ketjet.lowering.pauli_terms import bit_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FEW_STRINGS", "MAX_STRINGS", "strings_to_square", "with_squares"]

FEW_STRINGS = 8
"""An observable of so few strings is squared in less time than it is applied to a state (measured, 8 to 20 qubits)."""

MAX_STRINGS = 200
"""The most strings of an observable whose square is written out: it has up to half as many squared."""


def strings_to_square(observables: Observables) -> NDArray[np.float64]:
    """Return how many strings the square of each observable is made of: beside X or Y, projectors are written out."""
    counts = np.ones(len(observables.columns))
    if observables.condition_masks.any():
        terms = np.exp2(bit_counts(observables.condition_masks))[observables.columns]
        counts = np.where(_has_flips(observables)[observables.rows], terms, counts)
    return np.bincount(observables.rows, counts, observables.num_rows).astype(np.float64)


def with_squares(observables: Observables, squared: NDArray[np.bool_] | None = None) -> Observables:
    """Return observables and behind them as many others: the squares of those that are `squared`, by default of all.

    None has a multiple of the identity. In place of a square that is not wanted there is 0.

    Raises
    ------
    InvalidOptionError
        One that is squared has more than `MAX_STRINGS` strings.
    """
    wanted = np.ones(observables.num_rows, bool) if squared is None else squared
    counts = np.where(wanted, strings_to_square(observables), 0)
    if (counts > MAX_STRINGS).any():
        row = int(np.argmax(counts))
        raise InvalidOptionError(
            f"variances: {place_of(observables.shape, row)} has {counts[row]:.0f} strings, and squares are written out "
            f"for {MAX_STRINGS} at most"
        )
    no_rows, no_words = np.empty(0, np.int64), observables.x_masks[:0]
    nothing = table_of((1,), observables.num_qubits, no_rows, (no_words,) * 4, np.empty(0))
    written_out = counts > np.diff(observables.row_begins)
    squares = []
    for row in range(observables.num_rows):
        if not wanted[row]:
            squares.append(nothing)
        elif written_out[row]:
            squares.append(_square(observables.some(np.array([row])).without_conditions(), 0))
        else:
            squares.append(_square(observables, row))
    return observables.and_others(squares)


def _has_flips(observables: Observables) -> NDArray[np.bool_]:
    """Return for each observable whether a string of it has X or Y."""
    flips = np.isin(observables.columns, np.flatnonzero(observables.x_masks.any(axis=1)))
    return np.isin(np.arange(observables.num_rows), observables.rows[flips])


def _square(observables: Observables, row: int) -> Observables:
    """Return the square of one observable, which has conditions only if it has neither X nor Y."""
    terms = slice(*observables.row_begins[row : row + 2])
    strings, coefficients = observables.columns[terms], observables.coefficients[terms]
    x, z, fixed, ones = (words[strings] for words in observables[2:6])
    a, b = np.triu_indices(len(strings))
    # Y is iXZ, so a product of two strings has as many factors of i as these have Y, less those that it has itself; and
    # a sign for each X that passes a Z. What is fixed to |1> gives a sign for a Z of the other string.
    powers = 2 * bit_counts(z[a] & x[b])
    powers += bit_counts(x[a] & z[a]) + bit_counts(x[b] & z[b]) - bit_counts((x[a] ^ x[b]) & (z[a] ^ z[b]))
    powers += 2 * (bit_counts(z[a] & ones[b]) + bit_counts(z[b] & ones[a]))
    both = fixed[a] | fixed[b]
    vanishes = (powers % 2 == 1) | (fixed[a] & fixed[b] & (ones[a] ^ ones[b])).any(axis=1)
    weights = coefficients[a] * coefficients[b] * np.where(a == b, 1, 2) * np.where(powers % 4 == 0, 1, -1)
    columns = x[a] ^ x[b], (z[a] ^ z[b]) & ~both, both, ones[a] | ones[b]
    return table_of((1,), observables.num_qubits, np.zeros(len(a), np.int64), columns, np.where(vanishes, 0, weights))
