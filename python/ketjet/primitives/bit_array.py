"""A register's outcomes as a BitArray that is a table until somebody asks for the bits of every shot."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.primitives import BitArray

from ketjet import engine
from ketjet.base.bitstrings import bitstrings, dictionary, integers, plain
from ketjet.base.units import size
from ketjet.errors import InsufficientMemoryError

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
    fingerprints : tuple of int
        Of each point's program; empty if nothing was drawn.
    occurrences : tuple of int
        How many tasks with that program came before in the job.
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.int64]
    begins: NDArray[np.int64]
    shots: int
    num_clbits: int
    seed: int
    fingerprints: tuple[int, ...]
    occurrences: tuple[int, ...]

    @property
    def points(self) -> int:
        """How many points there are."""
        return len(self.begins) - 1

    def listed(self, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a row of bytes for every shot, shape (points, shots, bytes); `rows` has one for each outcome.

        Raises
        ------
        InsufficientMemoryError
            There is not so much memory.
        """
        shape = (self.points, self.shots, rows.shape[1])
        needed, (available, rule) = self.points * self.shots * rows.shape[1], engine.recently_available_memory()
        if needed > available:
            error = InsufficientMemoryError(
                f"a list of {self.points} x {self.shots} shots takes {size(needed)}, but {size(available)} are "
                f"available ({rule}). Use get_counts() or get_int_counts(), which need no list, or take fewer shots."
            )
            error.required_bytes, error.available_bytes = needed, available
            raise error
        if not self.fingerprints:  # one outcome for each point
            return np.broadcast_to(rows[:, None, :], shape).copy()
        shots = np.empty(shape, np.uint8)
        begins = self.begins.tolist()
        for point, (begin, end) in enumerate(itertools.pairwise(begins)):
            engine.list_rows(
                rows[begin:end],
                self.counts[begin:end],
                shots[point],
                fingerprint=self.fingerprints[point],
                seed=self.seed,
                occurrence=self.occurrences[point],
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
            made = self._tables.listed(self._rows())
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
        found = self._counted(loc)
        if found is None:
            counts: dict[str, int] = super().get_counts(loc)
            return counts
        values, counted = found
        return _united(self._texts(values), plain(counted))

    def get_int_counts(self, loc: int | tuple[int, ...] | None = None) -> dict[int, int]:
        """Return the same with integers as keys; see `BitArray.get_int_counts`."""
        found = self._counted(loc)
        if found is None:
            counts: dict[int, int] = super().get_int_counts(loc)
            return counts
        values, counted = found
        return _united(integers(values), plain(counted))

    def get_bitstrings(self, loc: int | tuple[int, ...] | None = None) -> list[str]:
        """Return the bit string of every shot at one point, or at all; see `BitArray.get_bitstrings`."""
        if self._rows_at(loc) is None:
            strings: list[str] = super().get_bitstrings(loc)
            return strings
        texts = self._texts(self._values(0, len(self._tables.counts)))
        numbers = self._numbers(np.arange(len(texts)))
        return [texts[i] for i in (numbers if loc is None else numbers[loc]).ravel().tolist()]

    def bitcount(self) -> NDArray[np.uint64]:
        """Return how many ones every shot has, shape (..., num_shots); see `BitArray.bitcount`."""
        return self._numbers(np.unpackbits(self._rows(), axis=1).sum(axis=1)).astype(np.uint64)

    def _numbers(self, of_rows: NDArray[Any]) -> NDArray[np.int64]:
        """Return the number of each shot's outcome, shape (*shape, num_shots); `of_rows` has those of all rows."""
        listed = self._tables.listed(of_rows.astype(np.int64)[:, None].view(np.uint8))
        return listed.view(np.int64).reshape(*self._shape, self.num_shots)

    def _counted(self, loc: int | tuple[int, ...] | None) -> tuple[NDArray[np.uint64], NDArray[np.int64]] | None:
        """Return values and their numbers of shots at one point, or at all; few values may come several times."""
        rows = self._rows_at(loc)
        if rows is None:
            return None
        values, counts = self._values(*rows), self._tables.counts[slice(*rows)]
        one_point = loc is not None or self._tables.points == 1
        if len(counts) <= FEW or (one_point and len(set(self._clbits)) == self._tables.num_clbits):
            return values, counts
        order = np.lexsort(values.T)
        values, counts = values[order], counts[order]
        firsts = np.flatnonzero(np.append(True, (values[1:] != values[:-1]).any(axis=1)))
        return values[firsts], np.add.reduceat(counts, firsts)

    def _rows_at(self, loc: int | tuple[int, ...] | None) -> tuple[int, int] | None:
        """Return the rows of one point, or of all, in the tables; None if `loc` is no point."""
        begins = self._tables.begins
        if loc is None:
            return 0, len(self._tables.counts)
        point = np.arange(self._tables.points).reshape(self._shape)[loc]
        return (int(begins[point]), int(begins[point + 1])) if np.ndim(point) == 0 else None

    def _values(self, begin: int, end: int) -> NDArray[np.uint64]:
        """Return the register's bits of some rows of the tables, 64 to a word."""
        keys, clbits, num_bits = self._tables.keys[begin:end], self._clbits, self._num_bits
        first = clbits[0] if clbits else 0
        if clbits == tuple(range(first, first + num_bits)) and num_bits and (first + num_bits - 1) // 64 == first // 64:
            word = keys[:, first // 64] >> np.uint64(first % 64)
            return (word & np.uint64((1 << num_bits) - 1))[:, None]
        bits = np.unpackbits(keys.astype("<u8").view(np.uint8), axis=1, bitorder="little")
        padded = np.zeros((len(keys), max(1, -(-num_bits // 64)) * 64), np.uint8)
        padded[:, :num_bits] = bits[:, list(clbits)]
        return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)

    def _rows(self) -> NDArray[np.uint8]:
        """Return the register's bits of all rows as BitArray has them: bytes, the highest first."""
        values, width = self._values(0, len(self._tables.counts)), -(-self._num_bits // 8)
        found = np.ascontiguousarray(values[:, ::-1]).astype(">u8").view(np.uint8)
        return np.ascontiguousarray(found[:, found.shape[1] - width :])

    def _texts(self, values: NDArray[np.uint64]) -> list[str]:
        if not self._num_bits:
            return ["0"] * len(values)  # as Qiskit writes it
        return bitstrings(values, {"memory_slots": self._num_bits})

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
