"""Observables in the engine's terms: every kind that Qiskit has, and arrays of them, become one table.

Projectors other than those onto |0> and |1> are written as halves of strings. The last tables are kept; observables can
change, so they are known again by what they consist of.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Pauli, PauliList, SparseObservable, SparsePauliOp

from ketjet.errors import InvalidOptionError, OptionTypeError
from ketjet.lowering import pauli_terms
from ketjet.lowering.observable_table import FEW, Observables, small_table_of, table_of
from ketjet.lowering.pauli_terms import WORD, Terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Observables", "complex_observable", "is_array", "place_of", "read_observables"]

IMAGINARY_TOLERANCE = 100 * np.finfo(np.float64).eps
"""Imaginary parts of coefficients below this are rounding, as for Qiskit."""

KNOWN = 16
"""How many tables are kept."""

MAX_KNOWN_TERMS = 4096
"""The most terms of an observable whose table is kept: it takes some hundred bytes for each."""

MAX_DEPTH = 32
"""The most dimensions of an array of observables."""

COMMON_LETTERS = frozenset("IXYZ01")
"""Letters of labels that are strings as they are."""

BITS = [str.maketrans("IXYZ01", bits) for bits in ("011000", "001100", "000011", "000001")]
"""What each of the four masks of a string has for these letters."""

KINDS = (
    "a SparsePauliOp, a SparseObservable, a Pauli, a label like 'ZZI' or a dictionary from labels to numbers; "
    'SparsePauliOp.from_list([("ZZI", 0.5), ("XII", -1)]) adds labels up'
)


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
    if type(observables) is SparsePauliOp and len(observables.coeffs) <= MAX_KNOWN_TERMS:
        content = pauli_terms.content_of(observables)
        if content is not None:
            return _known(*content)
    shape, elements = _flattened(observables)
    return _hermitian(_gathered(shape, elements))


@functools.lru_cache(KNOWN)
def _known(*content: Any) -> Observables:
    """Read one observable from its content."""
    reading = _Reading(())
    reading.add_terms(0, pauli_terms.of_content(*content))
    return _hermitian(reading.table())


def _hermitian(found: Observables) -> Observables:
    """Return observables with real coefficients.

    Raises
    ------
    InvalidOptionError
        There is one with an imaginary part.
    """
    wrong = np.flatnonzero(np.abs(found.coefficients.imag) >= IMAGINARY_TOLERANCE)
    if len(wrong):
        bad = int(wrong[0])
        raise InvalidOptionError(
            f"{place_of(found.shape, int(found.rows[bad]))} is not Hermitian: the coefficient of "
            f"{found.label(int(found.columns[bad]))} is {found.coefficients[bad]}; use real numbers"
        )
    return found._replace(coefficients=found.coefficients.real.copy())


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
    whole = _gathered(shape, elements)
    parts = whole.coefficients.real, whole.coefficients.imag
    rows = [whole._replace(coefficients=part) for part in parts]
    return rows[0].and_others(rows[1:])


def _gathered(shape: tuple[int, ...], elements: list[Any] | PauliList) -> Observables:
    """Return observables whose coefficients are complex."""
    reading = _Reading(shape)
    reading.add_all(elements)
    return reading.table()


def is_array(observables: Any) -> bool:
    """Tell whether something is an array of observables rather than one."""
    return isinstance(observables, (list, tuple, np.ndarray, PauliList)) or (
        hasattr(observables, "sparse_observables_array") and observables.ndim > 0
    )


def _flattened(observables: Any) -> tuple[tuple[int, ...], list[Any] | PauliList]:
    """Return the shape of an array of observables, and these in one list."""
    if hasattr(observables, "sparse_observables_array"):  # an ObservablesArray, which not every program imports
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

    def add_terms(self, row: int, terms: Terms) -> None:
        """Take in terms of one observable."""
        self._require_width(row, terms.num_qubits)
        self._parts.append(terms)
        self._rows.append(np.full(len(terms.coefficients), row))

    def table(self) -> Observables:
        """Return the observables; their coefficients may be complex."""
        if not self._parts and len(self._labels) <= FEW and (small := self._small_table()) is not None:
            return small
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
        fixed = terms.projectors
        columns = terms.x, terms.z & ~fixed, fixed, terms.minus
        return table_of(self._shape, self.num_qubits, rows[sources], columns, terms.coefficients)

    def _small_table(self) -> Observables | None:
        """Return the observables if they are a few labels with common letters and plain numbers."""
        if not self.num_qubits or self.num_qubits > WORD or not set().union(*self._labels) <= COMMON_LETTERS:
            return None
        if any(type(value) is not float or not math.isfinite(value) for value in self._label_coefficients):
            return None
        terms = [
            (row, *[int(label.translate(bits), 2) for bits in BITS])
            for row, label in zip(self._label_rows, self._labels, strict=True)
        ]
        return small_table_of(self._shape, self.num_qubits, terms, self._label_coefficients)

    def _add(self, row: int, observable: Any) -> None:
        if isinstance(observable, str):
            self._add_label(row, observable, 1.0)
        elif isinstance(observable, SparsePauliOp):
            self.add_terms(row, pauli_terms.of_sparse_pauli(observable))
        elif isinstance(observable, SparseObservable):
            self.add_terms(row, pauli_terms.of_sparse_observable(observable))
        elif isinstance(observable, Pauli):
            self.add_terms(row, pauli_terms.of_pauli(observable))
        elif isinstance(observable, Mapping):
            self._add_mapping(row, observable)
        else:
            raise OptionTypeError(f"{place_of(self._shape, row)} must be {KINDS}, got {observable!r}")

    def _add_mapping(self, row: int, observable: Mapping[Any, Any]) -> None:
        if not observable:
            raise InvalidOptionError(
                f"{place_of(self._shape, row)} is an empty dictionary, which says nothing of its qubits; "
                'SparsePauliOp("II", 0) is zero on two qubits'
            )
        for key, coefficient in observable.items():
            if isinstance(key, str):
                self._add_label(row, key, coefficient)
            elif isinstance(key, Pauli):
                self.add_terms(row, pauli_terms.of_pauli(key, coefficient))
            else:
                raise OptionTypeError(
                    f"{place_of(self._shape, row)}: keys of a dictionary are labels like 'ZZI' or Paulis, got {key!r}"
                )

    def _add_label(self, row: int, label: str, coefficient: Any) -> None:
        self._require_width(row, len(label))
        self._labels.append(label)
        self._label_rows.append(row)
        self._label_coefficients.append(coefficient)

    def _require_width(self, row: int, num_qubits: int) -> None:
        if self.num_qubits is None:
            self.num_qubits = num_qubits
        elif self.num_qubits != num_qubits:
            raise InvalidOptionError(
                f"{place_of(self._shape, row)} has a string of {num_qubits} qubits, and one before it has "
                f"{self.num_qubits}; all observables of an array act on the same qubits"
            )


def place_of(shape: tuple[int, ...], row: int) -> str:
    """Return which observable it is, for messages."""
    if not shape:
        return "the observable"
    return f"observable {', '.join(map(str, np.unravel_index(row, shape)))}"
