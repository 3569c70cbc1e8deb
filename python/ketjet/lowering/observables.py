"""Observables in the engine's terms: every kind that Qiskit has, and arrays of them, as one table of distinct strings.

A string is a product of Paulis on some qubits and of projectors onto |0> or |1> on others, as bits of words; an
observable is a row of real coefficients. Other projectors are written as halves of strings. Nothing is kept between
two calls, for observables can change.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.exceptions import QiskitError
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.quantum_info import Pauli, PauliList, SparseObservable, SparsePauliOp

from ketjet.errors import InvalidOptionError, OptionTypeError
from ketjet.lowering import pauli_terms
from ketjet.lowering.pauli_terms import Terms, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Columns = tuple[Words, Words, Words, Words]

__all__ = ["Observables", "complex_observable", "read_observables"]

IMAGINARY_TOLERANCE = 100 * np.finfo(np.float64).eps
"""Imaginary parts of coefficients below this are rounding, as for Qiskit."""

MAX_DEPTH = 32
"""The most dimensions of an array of observables."""

KINDS = (
    "a SparsePauliOp, a SparseObservable, a Pauli, a label like 'ZZI' or a dictionary from labels to numbers; "
    'SparsePauliOp.from_list([("ZZI", 0.5), ("XII", -1)]) adds labels up'
)


class Observables(NamedTuple):
    """An array of observables.

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

    shape: tuple[int, ...]
    num_qubits: int | None
    x_masks: Words
    z_masks: Words
    condition_masks: Words
    condition_values: Words
    row_begins: NDArray[np.int64]
    columns: NDArray[np.int64]
    coefficients: NDArray[np.float64]

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

    def label(self, string: int) -> str:
        """Return a string as a label, the last qubit first."""
        return _label(self.num_qubits, self[2:6], string)

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
        zero = ((self.x_masks & blurred) | (self.condition_values & idle)).any(axis=1)
        x, z, fixed, ones = (_picked(words, qubits) for words in self[2:6])
        strings, numbers = _distinct((x, z, fixed, ones))
        seen = ~zero[self.columns]
        sums = _summed(self.rows[seen], numbers[self.columns[seen]], self.coefficients[seen])
        return _table(self.shape, len(qubits), strings, *sums)

    def without_conditions(self) -> Observables:
        """Return the same sums of Pauli strings alone, without projectors.

        Raises
        ------
        InvalidOptionError
            There would be too many strings.
        """
        if not self.condition_masks.any():
            return self
        x, z, fixed, ones = (words[self.columns] for words in self[2:6])
        terms = Terms(self.num_qubits or 0, x, z | fixed, fixed, ones, self.coefficients.astype(np.complex128))
        terms, sources = terms.written_out(conditions=False)
        strings, numbers = _distinct(_columns_of(terms))
        return _table(
            self.shape, self.num_qubits, strings, *_summed(self.rows[sources], numbers, terms.coefficients.real)
        )

    def _words_with(self, qubits: Sequence[int]) -> Words:
        """Return words in which these qubits are 1."""
        flags = np.zeros((1, 64 * self.x_masks.shape[1]), bool)
        flags[0, list(qubits)] = True
        return packed(flags)


def read_observables(observables: Any) -> Observables:
    """Read observables: one of any kind, nested lists or an array of them, a PauliList or an ObservablesArray.

    Raises
    ------
    OptionTypeError
        Something is no observable.
    InvalidOptionError
        An observable is not Hermitian, has a coefficient that is unknown or no finite number, or another number of
        qubits than the others; or a list is ragged.
    """
    shape, elements = _flattened(observables)
    reading = _Reading(shape)
    reading.add_all(elements)
    strings, rows, numbers, coefficients = reading.sums()
    wrong = np.flatnonzero(np.abs(coefficients.imag) >= IMAGINARY_TOLERANCE)
    if len(wrong):
        bad = int(wrong[0])
        raise InvalidOptionError(
            f"{_place(shape, int(rows[bad]))} is not Hermitian: the coefficient of "
            f"{_label(reading.num_qubits, strings, int(numbers[bad]))} is {coefficients[bad]}; use real numbers"
        )
    return _table(shape, reading.num_qubits, strings, rows, numbers, coefficients.real)


def complex_observable(observable: Any) -> Observables:
    """Read one observable, whose coefficients may be complex: one row has their real parts, the other the imaginary.

    A label may have a phase in front, as in "-iXX". (So '-' and '+' at its beginning are no projectors.)

    Raises
    ------
    OptionTypeError, InvalidOptionError
        As `read_observables`, but that it need not be Hermitian.
    """
    if isinstance(observable, str):
        with contextlib.suppress(QiskitError):
            observable = Pauli(observable)
    shape, elements = _flattened(observable)
    if shape:
        raise OptionTypeError(f"an observable must be {KINDS}, got {observable!r}")
    reading = _Reading(shape)
    reading.add_all(elements)
    strings, rows, numbers, coefficients = reading.sums()
    parts = np.concatenate([coefficients.real, coefficients.imag])
    return _table((2,), reading.num_qubits, strings, np.concatenate([rows, rows + 1]), np.tile(numbers, 2), parts)


def _flattened(observables: Any) -> tuple[tuple[int, ...], list[Any] | PauliList]:
    """Return the shape of an array of observables, and these in one list."""
    if isinstance(observables, ObservablesArray):
        observables = observables.sparse_observables_array()
    if isinstance(observables, np.ndarray):
        return observables.shape, observables.ravel().tolist()
    if isinstance(observables, PauliList):
        return (len(observables),), observables
    shape: list[int] = []
    flat = [observables]
    while flat and isinstance(flat[0], (list, tuple, PauliList)):
        if len({len(each) if isinstance(each, (list, tuple, PauliList)) else -1 for each in flat}) > 1:
            raise InvalidOptionError(f"a list of observables is ragged in dimension {len(shape)}; nest lists evenly")
        if len(shape) == MAX_DEPTH:
            raise InvalidOptionError(f"a list of observables has more than {MAX_DEPTH} dimensions")
        shape.append(len(flat[0]))
        flat = [element for each in flat for element in each]
    return tuple(shape), flat


class _Reading:
    """The terms of an array of observables while they are gathered.

    Parameters
    ----------
    shape
        Of the array.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.num_qubits: int | None = None
        self._shape = shape
        self._parts: list[Terms] = []
        self._rows: list[NDArray[np.int64]] = []
        self._labels: list[str] = []  # they are read all at once
        self._label_rows: list[int] = []
        self._label_coefficients: list[Any] = []

    def add_all(self, elements: list[Any] | PauliList) -> None:
        """Take in the observables of the flattened array."""
        if isinstance(elements, PauliList):
            self._parts, self._rows = [pauli_terms.of_paulis(elements)], [np.arange(len(elements))]
            self.num_qubits = elements.num_qubits
            return
        for row, element in enumerate(elements):
            self._add(row, element)

    def sums(self) -> tuple[Columns, NDArray[np.int64], NDArray[np.int64], NDArray[np.complex128]]:
        """Return distinct strings, and the sums of coefficients of each observable and string in ascending order."""
        if self._labels:
            self._parts.append(pauli_terms.of_labels(self._labels, self._label_coefficients))
            self._rows.append(np.array(self._label_rows))
        if not self._parts:
            none = np.empty((0, 1), np.uint64)
            self._parts, self._rows = [Terms(0, none, none, none, none, np.empty(0, complex))], [np.empty(0, np.int64)]
        terms = pauli_terms.joined(self._parts)
        terms.require_finite()
        rows = np.concatenate(self._rows) if len(self._rows) > 1 else self._rows[0]
        terms, sources = terms.written_out()
        strings, numbers = _distinct(_columns_of(terms))
        return (strings, *_summed(rows[sources], numbers, terms.coefficients))

    def _add(self, row: int, observable: Any) -> None:
        if isinstance(observable, str):
            self._add_label(row, observable, 1.0)
        elif isinstance(observable, SparsePauliOp):
            self._add_terms(row, pauli_terms.of_sparse_pauli(observable))
        elif isinstance(observable, SparseObservable):
            self._add_terms(row, pauli_terms.of_sparse_observable(observable))
        elif isinstance(observable, Pauli):
            self._add_terms(row, pauli_terms.of_pauli(observable))
        elif isinstance(observable, Mapping):
            self._add_mapping(row, observable)
        else:
            raise OptionTypeError(f"{_place(self._shape, row)} must be {KINDS}, got {observable!r}")

    def _add_mapping(self, row: int, observable: Mapping[Any, Any]) -> None:
        if not observable:
            raise InvalidOptionError(
                f"{_place(self._shape, row)} is an empty dictionary, which says nothing of its qubits; "
                'SparsePauliOp("II", 0) is zero on two qubits'
            )
        for key, coefficient in observable.items():
            if isinstance(key, str):
                self._add_label(row, key, coefficient)
            elif isinstance(key, Pauli):
                self._add_terms(row, pauli_terms.of_pauli(key, coefficient))
            else:
                raise OptionTypeError(
                    f"{_place(self._shape, row)}: the keys of a dictionary are labels like 'ZZI' or Paulis, got {key!r}"
                )

    def _add_label(self, row: int, label: str, coefficient: Any) -> None:
        self._require_width(row, len(label))
        self._labels.append(label)
        self._label_rows.append(row)
        self._label_coefficients.append(coefficient)

    def _add_terms(self, row: int, terms: Terms) -> None:
        self._require_width(row, terms.num_qubits)
        self._parts.append(terms)
        self._rows.append(np.full(len(terms.coefficients), row))

    def _require_width(self, row: int, num_qubits: int) -> None:
        if self.num_qubits is None:
            self.num_qubits = num_qubits
        elif self.num_qubits != num_qubits:
            raise InvalidOptionError(
                f"{_place(self._shape, row)} has a string of {num_qubits} qubits, and one before it has "
                f"{self.num_qubits}; all observables of an array act on the same qubits"
            )


def _place(shape: tuple[int, ...], row: int) -> str:
    """Return which observable it is, for messages."""
    if not shape:
        return "the observable"
    return f"observable {', '.join(map(str, np.unravel_index(row, shape)))}"


def _columns_of(terms: Terms) -> Columns:
    """Return the columns of strings for terms that have no projectors but those onto 0 and 1."""
    fixed = terms.projectors
    return terms.x, terms.z & ~fixed, fixed, terms.minus


def _label(num_qubits: int | None, strings: Columns, string: int) -> str:
    x, z, fixed, ones = (column[string] for column in strings)
    return pauli_terms.label_of(num_qubits or 0, x, z | fixed, fixed, ones)


def _picked(words: Words, qubits: Sequence[int]) -> Words:
    """Return words with these qubits alone, in this order."""
    if not words.any():
        return np.zeros((len(words), pauli_terms.words_of(len(qubits))), np.uint64)
    return packed(unpacked(words)[:, list(qubits)])


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


def _summed(
    rows: NDArray[np.int64], numbers: NDArray[np.int64], coefficients: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
    """Add up the coefficients that belong to the same row and number; the results ascend by these."""
    if not len(rows):
        return rows, numbers, coefficients
    order = np.lexsort((numbers, rows))
    rows, numbers, coefficients = rows[order], numbers[order], coefficients[order]
    begins = np.concatenate([[0], np.flatnonzero((np.diff(rows) != 0) | (np.diff(numbers) != 0)) + 1])
    return rows[begins], numbers[begins], np.add.reduceat(coefficients, begins)


def _table(
    shape: tuple[int, ...],
    num_qubits: int | None,
    strings: Columns,
    rows: NDArray[np.int64],
    numbers: NDArray[np.int64],
    coefficients: NDArray[np.float64],
) -> Observables:
    """Make observables of sums of coefficients, without those that are zero and strings that nobody needs."""
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
