"""Squares of observables, for the variances of what measuring them gives.

Strings that anticommute cancel in a square, and all others come twice, with a sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet.errors import InvalidOptionError
from ketjet.lowering.observable_table import Observables, table_of
from ketjet.lowering.observables import place_of
from ketjet.lowering.pauli_terms import bit_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_STRINGS", "WithSquares", "with_squares"]

MAX_STRINGS = 200
"""The most strings of an observable whose square is written out: it has up to half as many squared."""


class WithSquares(NamedTuple):
    """Observables and their squares.

    Attributes
    ----------
    observables : Observables
        First the observables without their multiples of the identity, then the squares of these.
    identities : ndarray of float, shape (observables,)
        The multiples of the identity, which have no part in a variance.
    """

    observables: Observables
    identities: NDArray[np.float64]


def with_squares(observables: Observables) -> WithSquares:
    """Return observables together with their squares.

    Raises
    ------
    InvalidOptionError
        An observable has more than `MAX_STRINGS` strings.
    """
    identities, rest = observables.split_identities()
    if rest.x_masks.any():
        rest = rest.without_conditions()
    counts = np.diff(rest.row_begins)
    if (counts > MAX_STRINGS).any():
        row = int(np.argmax(counts))
        raise InvalidOptionError(
            f"variances: {place_of(rest.shape, row)} has {counts[row]} strings, and squares are written out for "
            f"{MAX_STRINGS} at most; leave variances out, or ask for parts of the observable"
        )
    squares = [_square(rest, row) for row in range(rest.num_rows)]
    return WithSquares(rest.and_others(squares), identities)


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
