"""Tables of observables: the distinct strings that they consist of, and a row of coefficients for each.

A string is a product of Paulis on some qubits and of projectors onto |0> or |1> on others, as bits of words.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.lowering.pauli_terms import Terms, label_of, packed, unpacked, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Columns = tuple[Words, Words, Words, Words]

__all__ = ["FEW", "Observables", "small_table_of", "table_of"]

FEW = 24
"""Up to so many terms NumPy takes longer than Python itself."""


class _Columns(NamedTuple):
    shape: tuple[int, ...]
    num_qubits: int | None
    x_masks: Words
    z_masks: Words
    condition_masks: Words
    condition_values: Words
    row_begins: NDArray[np.int64]
    columns: NDArray[np.int64]
    coefficients: NDArray[np.float64]


class Observables(_Columns):
    """An array of observables. It does not change, and what follows from it is kept.

    Attributes
    ----------
    shape : tuple of int
        Of the array.
    num_qubits : int, optional
        How many qubits each acts on; None for an array without any.
    x_masks, z_masks : ndarray of uint64, shape (strings, words)
        Of each distinct string: the qubits on which it has X or Y, and those on which it has Z or Y; qubit q is
        bit q % 64 of word q // 64. Ascending by these columns, and those behind them.
    condition_masks, condition_values : ndarray of uint64, shape (strings, words)
        The qubits on which it is a projector, and those of them where it is onto |1>.
    row_begins : ndarray of int64, shape (observables + 1,)
        Where the row of each observable begins in `columns` and `coefficients`; in the order of the flattened array.
    columns : ndarray of int64
        Numbers of strings, ascending in each row.
    coefficients : ndarray of float
    """

    @property
    def num_strings(self) -> int:
        """How many distinct strings there are."""
        return len(self.x_masks)

    @property
    def num_rows(self) -> int:
        """How many observables there are."""
        return len(self.row_begins) - 1

    @property
    def rows(self) -> NDArray[np.int64]:
        """The number of the observable that each of the coefficients belongs to."""
        return np.repeat(np.arange(self.num_rows), np.diff(self.row_begins))

    @property
    def supports(self) -> Words:
        """The qubits on which each string is something other than I, as words."""
        return self.x_masks | self.z_masks | self.condition_masks

    @property
    def _of_terms(self) -> Columns:
        """The strings of all coefficients, one row for each of these."""
        x, z, fixed, ones = (words[self.columns] for words in self[2:6])
        return x, z, fixed, ones

    def flip(self, qubits: Iterable[int]) -> bool:
        """Return whether any string has X or Y on one of these qubits."""
        return bool((self.x_masks & self._words_with(list(qubits))).any())

    def __reduce__(self) -> tuple[Any, ...]:
        return Observables, tuple(self)

    def label(self, string: int) -> str:
        """Return a string as a label, the last qubit first."""
        x, z, fixed, ones = (words[string] for words in self[2:6])
        return label_of(self.num_qubits or 0, x, z | fixed, fixed, ones)

    def in_program(self, qubits: Sequence[int], measured: Sequence[int] = ()) -> Observables:
        """Return them as they read in the state of a program, in whose qubits they are numbered then.

        Parameters
        ----------
        qubits
            The program's qubit i is qubit qubits[i] of the observables; all others are |0>.
        measured
            Qubits of the program that have been measured though the state does not show it: what does not commute
            with Z there has the average 0.
        """
        if tuple(qubits) == tuple(range(self.num_qubits or 0)) and not measured:
            return self
        idle = ~self._words_with(qubits)
        blurred = idle | self._words_with([qubits[qubit] for qubit in measured])
        x, z, fixed, ones = (_picked(words, qubits)[self.columns] for words in self[2:6])
        zero = ((self.x_masks & blurred) | (self.condition_values & idle)).any(axis=1)
        coefficients = np.where(zero[self.columns], 0, self.coefficients)
        return table_of(self.shape, len(qubits), self.rows, (x, z, fixed, ones), coefficients)

    def without_conditions(self) -> Observables:
        """Return the same sums of Pauli strings alone, without projectors.

        Raises
        ------
        InvalidOptionError
            There would be too many strings.
        """
        if not self.condition_masks.any():
            return self
        x, z, fixed, ones = self._of_terms
        terms = Terms(self.num_qubits or 0, x, z | fixed, fixed, ones, self.coefficients.astype(np.complex128))
        terms, sources = terms.written_out(conditions=False)
        columns = terms.x, terms.z, terms.projectors, terms.minus
        return table_of(self.shape, self.num_qubits, self.rows[sources], columns, terms.coefficients.real)

    @property
    def split_identities(self) -> tuple[NDArray[np.float64], Observables]:
        """The multiples of the identity, one for each observable, and the observables without them."""
        identities, rest = self._identities
        return identities, self if rest is None else rest

    @functools.cached_property
    def _identities(self) -> tuple[NDArray[np.float64], Observables | None]:
        """The same, with None for these observables themselves: who knew himself would be kept by a circle."""
        identities = np.zeros(self.num_rows)
        if not self.num_strings or any(words[0].any() for words in self[2:5]):  # strings ascend
            return identities, None
        plain = self.columns == 0
        identities[self.rows[plain]] = self.coefficients[plain]
        rest = np.where(plain, 0, self.coefficients)
        return identities, table_of(self.shape, self.num_qubits, self.rows, self._of_terms, rest)

    @functools.cached_property
    def readout(self) -> engine.ObservablesReadout:
        """How the engine reads them from a state of their qubits, of which there are 64 at most."""
        x, z, fixed, ones = (words[:, 0] for words in self[2:6])
        begins, columns = self.row_begins.astype(np.uint32), self.columns.astype(np.uint32)
        return engine.ObservablesReadout(x, z, fixed, ones, begins, columns, self.coefficients)

    def some(self, rows: NDArray[np.int64]) -> Observables:
        """Return a few of them, by their numbers in the flattened array."""
        begins, ends = self.row_begins[rows], self.row_begins[rows + 1]
        terms = np.concatenate([np.arange(begin, end) for begin, end in zip(begins, ends, strict=True)])
        strings = self.columns[terms]
        x, z, fixed, ones = (words[strings] for words in self[2:6])
        numbers = np.repeat(np.arange(len(rows)), ends - begins)
        return table_of((len(rows),), self.num_qubits, numbers, (x, z, fixed, ones), self.coefficients[terms])

    def with_strings(self, strings: NDArray[np.int64]) -> Observables:
        """Return what they are with a few of their strings alone, by the numbers of these."""
        kept = np.zeros(self.num_strings, bool)
        kept[strings] = True
        terms = kept[self.columns]
        x, z, fixed, ones = (words[self.columns[terms]] for words in self[2:6])
        return table_of(self.shape, self.num_qubits, self.rows[terms], (x, z, fixed, ones), self.coefficients[terms])

    def and_others(self, others: Sequence[Observables]) -> Observables:
        """Return these and others on the same qubits, all in one dimension."""
        tables = [self, *others]
        x, z, fixed, ones = (
            np.concatenate(parts) for parts in zip(*(table._of_terms for table in tables), strict=True)
        )
        begins = np.cumsum([0, *(table.num_rows for table in tables)])
        rows = np.concatenate([table.rows + begin for table, begin in zip(tables, begins, strict=False)])
        coefficients = np.concatenate([table.coefficients for table in tables])
        return table_of((int(begins[-1]),), self.num_qubits, rows, (x, z, fixed, ones), coefficients)

    def times_on_top(self, pauli: Literal["X", "Y"], factor: float) -> Observables:
        """Return a multiple of the products of these and a Pauli on one qubit more, which is the last."""
        last = self.num_qubits or 0
        word, flag = last // 64, np.uint64(1 << last % 64)
        padding = (0, 0), (0, word + 1 - self.x_masks.shape[1])
        x, z, fixed, ones = (np.pad(words, padding) for words in self._of_terms)
        x[:, word] |= flag
        if pauli == "Y":
            z[:, word] |= flag
        return table_of(self.shape, last + 1, self.rows, (x, z, fixed, ones), factor * self.coefficients)

    def _words_with(self, qubits: Sequence[int]) -> Words:
        """Return words in which these qubits are 1."""
        flags = np.zeros((1, 64 * self.x_masks.shape[1]), bool)
        flags[0, list(qubits)] = True
        return packed(flags)


def table_of(
    shape: tuple[int, ...],
    num_qubits: int | None,
    rows: NDArray[np.int64],
    columns: Columns,
    coefficients: NDArray[Any],
) -> Observables:
    """Make observables of terms: equal ones add up, and those that are zero are left out.

    Parameters
    ----------
    shape, num_qubits
        Of the array of observables.
    rows : ndarray of int, shape (terms,)
        Which of them each term belongs to, by its number in the flattened array.
    columns : ndarrays of uint64, shape (terms, words)
        The terms' strings: `x_masks`, `z_masks`, `condition_masks` and `condition_values`.
    coefficients : ndarray of float or complex, shape (terms,)
    """
    if len(rows) <= FEW and columns[0].shape[1] == 1:
        terms = zip(rows.tolist(), *(words[:, 0].tolist() for words in columns), strict=True)
        small = small_table_of(shape, num_qubits, terms, coefficients.tolist())
        return small._replace(coefficients=small.coefficients.astype(coefficients.dtype))
    strings, numbers = _distinct(columns)
    if len(rows):
        order = np.lexsort((numbers, rows))
        rows, numbers, coefficients = rows[order], numbers[order], coefficients[order]
        begins = np.concatenate([[0], np.flatnonzero((np.diff(rows) != 0) | (np.diff(numbers) != 0)) + 1])
        rows, numbers, coefficients = rows[begins], numbers[begins], np.add.reduceat(coefficients, begins)
    kept = coefficients != 0
    if not kept.all():
        rows, numbers, coefficients = rows[kept], numbers[kept], coefficients[kept]
    needed = np.zeros(len(strings[0]), bool)
    needed[numbers] = True
    if not needed.all():
        x, z, fixed, ones = (column[needed] for column in strings)
        strings, numbers = (x, z, fixed, ones), (np.cumsum(needed) - 1)[numbers]
    begins = np.searchsorted(rows, np.arange(math.prod(shape) + 1))
    return Observables(shape, num_qubits, *strings, begins, numbers, coefficients)


def small_table_of(
    shape: tuple[int, ...], num_qubits: int | None, terms: Iterable[tuple[int, ...]], coefficients: Iterable[Any]
) -> Observables:
    """Make observables of a few terms without NumPy, which would take longer.

    Parameters
    ----------
    shape, num_qubits
        Of the array of observables, on 64 qubits at most.
    terms
        For each term the number of its observable in the flattened array, then the masks of its string.
    coefficients
        One for each.
    """
    sums: dict[tuple[int, ...], Any] = {}
    for term, coefficient in zip(terms, coefficients, strict=True):
        sums[term] = sums.get(term, 0) + coefficient
    found = sorted([term for term, coefficient in sums.items() if coefficient != 0])
    strings = sorted({term[1:] for term in found})
    numbers = {string: number for number, string in enumerate(strings)}
    x, z, fixed, ones = np.array(strings, np.uint64).reshape(-1, 4, 1).transpose(1, 0, 2)
    begins = np.zeros(math.prod(shape) + 1, np.int64)
    for term in found:
        begins[term[0] + 1] += 1
    columns = np.array([numbers[term[1:]] for term in found], np.int64)
    values = np.array([sums[term] for term in found])
    return Observables(shape, num_qubits, x, z, fixed, ones, begins.cumsum(), columns, values)


def _distinct(columns: Columns) -> tuple[Columns, NDArray[np.int64]]:
    """Return the distinct rows of some columns in ascending order, and which of these each row is."""
    keys = [words for column in columns for words in column.T[::-1]]
    varying = [key for key in keys if key.any()] or keys[:1]
    order = np.lexsort(varying[::-1]) if len(varying) > 1 else np.argsort(varying[0], kind="stable")
    begins = np.zeros(len(order), bool)
    begins[:1] = True
    for key in varying:
        ascending = key[order]
        begins[1:] |= ascending[1:] != ascending[:-1]
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(begins) - 1
    firsts = order[begins]
    x, z, fixed, ones = (column[firsts] for column in columns)
    return (x, z, fixed, ones), numbers


def _picked(words: Words, qubits: Sequence[int]) -> Words:
    """Return words with these qubits alone, in this order."""
    if not words.any():
        return np.zeros((len(words), words_of(len(qubits))), np.uint64)
    return packed(unpacked(words)[:, list(qubits)])
