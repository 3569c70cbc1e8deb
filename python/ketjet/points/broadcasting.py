"""Which point and which observable each value of a pub belongs to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet.errors import InvalidPubError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ketjet.points.values import Points

__all__ = ["Grid", "grid_of"]


class Grid(NamedTuple):
    """The values of a pub, in C order, and the distinct points that they need.

    Attributes
    ----------
    shape : tuple of int
        Of the pub.
    values : ndarray of float64, shape (points, parameters)
        The distinct points, in the order in which the pub has them first.
    points, observables : ndarray of int, shape (size,)
        Of each value: which of these points it is taken at, and the number of its observable in the flattened array.
    """

    shape: tuple[int, ...]
    values: NDArray[np.float64]
    points: NDArray[np.int64]
    observables: NDArray[np.int64]

    def observables_by_point(self) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
        """Return which observables are wanted at each point, and where each value is in all of these.

        Returns
        -------
        wanted : list of ndarray of int
            For each point the numbers of observables, ascending.
        places : ndarray of int, shape (size,)
            Of each value: its place in one list after the other.
        """
        if len(self.observables) == 1:
            return [self.observables], np.zeros(1, np.int64)
        pairs = self.points * (self.observables.max() + 1) + self.observables
        _, firsts, places = np.unique(pairs, return_index=True, return_inverse=True)
        ends = np.searchsorted(self.points[firsts], np.arange(1, len(self.values)))
        return np.split(self.observables[firsts], ends), places


def grid_of(observables: tuple[int, ...], points: Points, where: str) -> Grid:
    """Broadcast the shape of observables against that of parameter values, as NumPy does.

    Raises
    ------
    InvalidPubError
        They do not fit; the message begins with `where`.
    """
    if not observables and not points.shape:  # one energy, as optimisers ask for it
        first = np.zeros(1, np.int64)
        return Grid((), points.values, first, first)
    try:
        shape = np.broadcast_shapes(observables, points.shape)
    except ValueError:
        raise InvalidPubError(
            f"{where}: The observables shape {observables} and the parameter values shape {points.shape} are not "
            "broadcastable."
        ) from None
    if not math.prod(shape):
        nothing = np.empty(0, np.int64)
        return Grid(shape, points.values[:0], nothing, nothing)
    values, numbers = _distinct(points.values)
    at, of = numbers.reshape(points.shape), np.arange(math.prod(observables)).reshape(observables)
    return Grid(shape, values, np.broadcast_to(at, shape).ravel(), np.broadcast_to(of, shape).ravel())


def _distinct(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distinct rows, in the order in which they come first, and which of these each row is."""
    if len(values) == 1 or not values.shape[1]:
        return values[:1], np.zeros(len(values), np.int64)
    rows = np.ascontiguousarray(values)
    _, firsts, numbers = np.unique(_hashes(rows), return_index=True, return_inverse=True)
    if len(firsts) == len(rows):
        return values, np.arange(len(rows))
    if (rows[firsts[numbers]] != rows).any():  # different rows have the same hash
        whole = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
        _, firsts, numbers = np.unique(whole, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return values[firsts[order]], places[numbers]


def _hashes(rows: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return a number for each row, by which equal ones are found in less time than by comparing rows."""
    found = np.zeros(len(rows), np.uint64)
    for column in rows.view(np.uint64).T:
        found ^= column
        found *= np.uint64(0x9E3779B97F4A7C15)
        found ^= found >> np.uint64(32)
    return found
