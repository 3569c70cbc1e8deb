"""A register's outcomes as a BitArray that is a table until somebody asks for the bits of every shot."""

from __future__ import annotations

import itertools
import math
import operator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.primitives import BitArray

from ketjet import engine
from ketjet.base.bitstrings import dictionary, integers, plain
from ketjet.base.units import size
from ketjet.errors import InsufficientMemoryError, KetjetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["OutcomeTables", "TabledBitArray"]

FEW = 64
"""Rows that are put together in less time one by one than by NumPy."""


class OutcomeTables(NamedTuple):
    """The outcomes of all points of a pub, of which each has the same number of shots.

    Attributes
    ----------
    keys : ndarray of uint64, shape (rows, words)
        Distinct outcomes of the first point, then of the second one ...; classical bit c is bit c % 64 of word c // 64.
    counts : ndarray of int64, shape (rows,)
        Shots of each.
    begins : ndarray of int64, shape (points + 1,)
        The rows of point i are those from begins[i] up to before begins[i + 1].
    shots : int
        Of a point.
    num_clbits : int
        Of the circuit.
    seed : int
        Of the job.
    fingerprints : ndarray of uint64
        Of each point's program; empty if nothing was drawn.
    occurrences : ndarray of uint64
        How many tasks with that program came before in the job.
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.int64]
    begins: NDArray[np.int64]
    shots: int
    num_clbits: int
    seed: int
    fingerprints: NDArray[np.uint64]
    occurrences: NDArray[np.uint64]

    @property
    def points(self) -> int:
        """How many points there are."""
        return len(self.begins) - 1

    def rows_of(self, point: int | None) -> slice:
        """Return which rows are those of a point, or of all."""
        return slice(None) if point is None else slice(int(self.begins[point]), int(self.begins[point + 1]))

    def listed(self, rows: NDArray[np.uint8], point: int | None = None) -> NDArray[np.uint8]:
        """Return a row of bytes for every shot of all points, or of one, shape (points, shots, bytes).

        Parameters
        ----------
        rows
            One for each outcome of these points.
        point
            Which point; None for all.

        Raises
        ------
        InsufficientMemoryError
            There is not so much memory.
        KetjetError
            A point has not run.
        """
        points = range(self.points) if point is None else range(point, point + 1)
        shape = (len(points), self.shots, rows.shape[1])
        needed, (available, rule) = math.prod(shape), engine.recently_available_memory()
        if needed > available:
            error = InsufficientMemoryError(
                f"a list of {len(points)} x {self.shots} shots takes {size(needed)}, but {size(available)} are "
                f"available ({rule}). Use get_counts() or get_int_counts(), which need no list, or take fewer shots."
            )
            error.required_bytes, error.available_bytes = needed, available
            raise error
        if len(missing := np.flatnonzero(np.diff(self.begins[points.start : points.stop + 1]) == 0)) and self.shots:
            raise KetjetError(
                f"point {missing[0] + points.start} of {self.points} has no shots: the job was cancelled before it had "
                "run. Its metadata say which points are finished; ask for these one by one, or for get_counts()."
            )
        if not len(self.fingerprints):  # one outcome for each point
            return np.broadcast_to(rows[:, None, :], shape).copy()
        shots = np.empty(shape, np.uint8)
        begins = self.begins[points.start : points.stop + 1].tolist()
        for place, (begin, end) in enumerate(itertools.pairwise(begins)):
            engine.list_rows(
                rows[begin - begins[0] : end - begins[0]],
                self.counts[begin:end],
                shots[place],
                fingerprint=int(self.fingerprints[points[place]]),
                seed=self.seed,
                occurrence=int(self.occurrences[points[place]]),
            )
        return shots


class TabledBitArray(BitArray):
    """The bits of one register at all points of a pub: distinct outcomes with their numbers of shots.

    Counts and all that follows from them come from the table. `array`, the bytes of every shot, is made when it is
    first read and is read-only; what Qiskit's methods make of it, slices for instance, are plain BitArrays.

    Parameters
    ----------
    tables
        Of the pub.
    shape
        Of the pub.
    clbits
        Which of the circuit's classical bits the register has, from its lowest on.
    """

    def __init__(self, tables: OutcomeTables, shape: tuple[int, ...], clbits: Sequence[int]) -> None:
        self._tables = tables
        self._shape = shape
        self._clbits = tuple(clbits)
        self._num_bits = len(self._clbits)
        self._bytes: NDArray[np.uint8] | None = None

    @property
    def _array(self) -> NDArray[np.uint8]:
        if self._bytes is None:
            values, width = self._values(), -(-self._num_bits // 8)
            rows = np.ascontiguousarray(values[:, ::-1]).astype(">u8").view(np.uint8)  # the highest byte first
            made = self._tables.listed(np.ascontiguousarray(rows[:, rows.shape[1] - width :]))
            made.shape = (*self._shape, *made.shape[1:])
            made.flags.writeable = False
            self._bytes = made
        return self._bytes

    @property
    def num_shots(self) -> int:
        """Shots of each point."""
        return self._tables.shots

    def get_counts(self, loc: int | tuple[int, ...] | None = None) -> dict[str, int]:
        """Return the number of shots of every outcome at one point, or at all together; see `BitArray.get_counts`."""
        values, counts = self._counted(loc)
        return _united(self._texts(values), plain(counts))

    def get_int_counts(self, loc: int | tuple[int, ...] | None = None) -> dict[int, int]:
        """Return the same with integers as keys; see `BitArray.get_int_counts`."""
        values, counts = self._counted(loc)
        return _united(integers(values), plain(counts))

    def get_bitstrings(self, loc: int | tuple[int, ...] | None = None) -> list[str]:
        """Return the bit string of every shot at one point, or at all; see `BitArray.get_bitstrings`."""
        point = self._point(loc)
        texts = self._texts(self._values(point))
        return [texts[i] for i in self._listed(np.arange(len(texts)), point).tolist()]

    def bitcount(self) -> NDArray[np.uint64]:
        """Return how many ones every shot has, shape (..., num_shots); see `BitArray.bitcount`."""
        ones = np.unpackbits(self._values().view(np.uint8), axis=1).sum(axis=1)
        return self._listed(ones, None).astype(np.uint64).reshape(*self._shape, self.num_shots)

    def _listed(self, numbers: NDArray[Any], point: int | None) -> NDArray[np.int64]:
        """Return the number of each shot of all points, or of one; there is a number for each of their outcomes."""
        return self._tables.listed(numbers.astype(np.int64)[:, None].view(np.uint8), point).view(np.int64).ravel()

    def _counted(self, loc: int | tuple[int, ...] | None) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return values and their numbers of shots at one point, or at all; few values may come several times."""
        point = self._point(loc)
        values, counts = self._values(point), self._tables.counts[self._tables.rows_of(point)]
        one_point = point is not None or self._tables.points == 1
        if len(counts) <= FEW or (one_point and len(set(self._clbits)) == self._tables.num_clbits):
            return values, counts
        order = np.lexsort(values.T)
        values, counts = values[order], counts[order]
        firsts = np.flatnonzero(np.append(True, (values[1:] != values[:-1]).any(axis=1)))
        return values[firsts], np.add.reduceat(counts, firsts)

    def _point(self, loc: int | tuple[int, ...] | None) -> int | None:
        """Return which point an index tells, or None for all."""
        if loc is None:
            return None
        index = loc if isinstance(loc, tuple) else (loc,)
        if len(index) != len(self._shape):
            raise IndexError(f"{loc} is no point of a bit array of shape {self._shape}; give {self.ndim} integers.")
        point = 0
        for i, length in zip(map(operator.index, index), self._shape, strict=True):
            if not -length <= i < length:
                raise IndexError(f"index {loc} is out of bounds for a bit array of shape {self._shape}.")
            point = point * length + i % length
        return point

    def _values(self, point: int | None = None) -> NDArray[np.uint64]:
        """Return the register's bits of all outcomes of a point, or of all points, 64 to a word."""
        keys, clbits, num_bits = self._tables.keys[self._tables.rows_of(point)], self._clbits, self._num_bits
        first = clbits[0] if clbits else 0
        if clbits == tuple(range(first, first + num_bits)) and num_bits and (first + num_bits - 1) // 64 == first // 64:
            word = keys[:, first // 64] >> np.uint64(first % 64)
            return (word & np.uint64((1 << num_bits) - 1))[:, None]
        bits = np.unpackbits(keys.astype("<u8").view(np.uint8), axis=1, bitorder="little")
        padded = np.zeros((len(keys), max(1, -(-num_bits // 64)) * 64), np.uint8)
        padded[:, :num_bits] = bits[:, list(clbits)]
        return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)

    def _texts(self, values: NDArray[np.uint64]) -> list[str]:
        if not self._num_bits:
            return ["0"] * len(values)  # as Qiskit writes it
        return engine.bitstrings(values, {"memory_slots": self._num_bits})

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bytes": None}


def _united(names: list[Any], counts: list[int]) -> dict[Any, int]:
    """Return numbers of shots by name, those of equal names added."""
    found = dictionary(names, counts)
    if len(found) < len(names):
        found = dict.fromkeys(found, 0)
        for name, count in zip(names, counts, strict=True):
            found[name] += count
    return found
