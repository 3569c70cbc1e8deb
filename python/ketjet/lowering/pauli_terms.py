"""Terms of observables as columns of bits, read from each kind of observable that Qiskit has.

A term is a number times a product that has I, X, Y, Z or a projector on each qubit. The projectors are onto eigenstates
of a Pauli P, (1 + P) / 2 and (1 - P) / 2: 0 and 1 of Z, + and - of X, r and l of Y.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.circuit import ParameterExpression

from ketjet.errors import InvalidOptionError, OptionTypeError
from ketjet.lowering.parameters import is_unbound, names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qiskit.quantum_info import Pauli, PauliList, SparseObservable, SparsePauliOp

    Words = NDArray[np.uint64]

__all__ = [
    "LETTERS",
    "Terms",
    "content_of",
    "joined",
    "of_content",
    "of_labels",
    "of_pauli",
    "of_paulis",
    "of_sparse_observable",
    "of_sparse_pauli",
]

WORD = 64

CHUNK = 1 << 13
"""Letters of a SparseObservable that are read at a time: what they need lies in the caches."""

LETTERS = "IZXY01+-rl"
"""What a label may have on a qubit."""

CODES = (0, 1, 2, 3, 9, 5, 10, 6, 11, 7)
"""The numbers of these letters in a SparseObservable: bit 0 is Z, bit 1 is X; bit 3 marks a projector, bit 2 one onto
the eigenstate of -1."""

UNKNOWN = 255

ALL = np.uint64(2**64 - 1)

MAX_TERMS = 1 << 22
"""The most terms that projectors other than 0 and 1 may become."""


class Terms(NamedTuple):
    """Terms, one row of the columns for each; qubit q is bit q % 64 of word q // 64.

    Attributes
    ----------
    num_qubits : int
    x, z : ndarray of uint64, shape (terms, words)
        The qubits with X or Y, and those with Z or Y, be it as they are or in a projector.
    projectors, minus : ndarray of uint64, shape (terms, words)
        The qubits with a projector, and those of them where it is onto the eigenstate of -1.
    coefficients : ndarray of complex, shape (terms,)
    """

    num_qubits: int
    x: Words
    z: Words
    projectors: Words
    minus: Words
    coefficients: NDArray[np.complex128]

    def label(self, term: int) -> str:
        """Return the product of one term as a label, the last qubit first."""
        return label_of(self.num_qubits, self.x[term], self.z[term], self.projectors[term], self.minus[term])

    def require_finite(self) -> None:
        """Refuse a coefficient that is no finite number.

        Raises
        ------
        InvalidOptionError
            There is one.
        """
        if not np.isfinite(self.coefficients).all():
            term = int(np.argmin(np.isfinite(self.coefficients)))
            bad = self.coefficients[term]
            raise InvalidOptionError(
                f"the observable has the coefficient {bad if bad.imag else bad.real} of {self.label(term)}; "
                "use finite numbers"
            )

    def written_out(self, *, conditions: bool = True) -> tuple[Terms, NDArray[np.intp]]:
        """Return the same sum with projectors onto 0 and 1 alone, or without any.

        Parameters
        ----------
        conditions
            Whether projectors onto 0 and 1 stay.

        Returns
        -------
        terms : Terms
        sources : ndarray of int
            For each of them, which of these terms it comes from.

        Raises
        ------
        InvalidOptionError
            There would be too many terms.
        """
        sources = np.arange(len(self.coefficients))
        left = self.projectors & self.x if conditions else self.projectors
        if not left.any():
            return self, sources
        halves = bit_counts(left)
        if (total := float(np.exp2(halves).sum())) > MAX_TERMS:
            term = int(np.argmax(halves))
            raise InvalidOptionError(
                f"the projectors of {self.label(term)} and others make {total:.3g} Pauli strings, and at most "
                f"{MAX_TERMS} are evaluated; turn these qubits in the circuit, and use 0 and 1 instead of + - r l"
            )
        terms = self
        for word in range(self.x.shape[1]):
            while True:
                left = terms.projectors[:, word] & (terms.x[:, word] if conditions else ALL)
                split = np.flatnonzero(left)
                if not len(split):
                    break
                terms = terms._split(split, word, left[split] & (~left[split] + np.uint64(1)))
                sources = np.concatenate([sources, sources[split]])
        return terms, sources

    def _split(self, split: NDArray[np.intp], word: int, lowest: Words) -> Terms:
        """Write some terms as halves of two: with I on one of their qubits, and with the Pauli of its projector."""
        columns = [np.concatenate([column, column[split]]) for column in self[1:5]]
        x, z, projectors, minus = columns
        coefficients = self.coefficients.copy()
        coefficients[split] /= 2
        signs = np.where(self.minus[split, word] & lowest, -1, 1)
        firsts, seconds = split, slice(len(self.coefficients), None)
        for column in columns:
            column[firsts, word] &= ~lowest
        for column in (projectors, minus):
            column[seconds, word] &= ~lowest
        return Terms(
            self.num_qubits, x, z, projectors, minus, np.concatenate([coefficients, signs * coefficients[split]])
        )


def joined(parts: Sequence[Terms]) -> Terms:
    """Return the terms of several sums, one behind the other."""
    if len(parts) == 1:
        return parts[0]
    x, z, projectors, minus, coefficients = map(np.concatenate, list(zip(*parts, strict=True))[1:])
    return Terms(parts[0].num_qubits, x, z, projectors, minus, coefficients)


def of_sparse_pauli(observable: SparsePauliOp) -> Terms:
    """Read a SparsePauliOp.

    Raises
    ------
    InvalidOptionError
        A coefficient is not known.
    """
    paulis = observable.paulis
    return _plain(paulis.x, paulis.z, paulis.phase, numbers_of(observable.coeffs))


def content_of(observable: SparsePauliOp) -> tuple[int, bytes, bytes, bytes, bytes] | None:
    """Return what a SparsePauliOp consists of; None if that is more than bits and complex numbers."""
    paulis, coefficients = observable.paulis, observable.coeffs
    if coefficients.dtype != np.complex128 or not paulis.num_qubits:
        return None
    return (
        paulis.num_qubits,
        paulis.x.tobytes(),
        paulis.z.tobytes(),
        paulis._phase.tobytes(),
        coefficients.tobytes(),
    )


def of_content(num_qubits: int, x: bytes, z: bytes, phases: bytes, coefficients: bytes) -> Terms:
    """Read a SparsePauliOp from its content."""
    bits_x, bits_z = (np.frombuffer(bits, bool).reshape(-1, num_qubits) for bits in (x, z))
    with_y = np.frombuffer(phases, np.int64) - (bits_x & bits_z).sum(axis=1)  # each Y has a phase of its own there
    return _plain(bits_x, bits_z, with_y % 4, np.frombuffer(coefficients, np.complex128))


def of_paulis(paulis: PauliList) -> Terms:
    """Read a PauliList: each of its strings is a term."""
    return _plain(paulis.x, paulis.z, paulis.phase, np.ones(len(paulis), np.complex128))


def of_pauli(pauli: Pauli, coefficient: Any = 1.0) -> Terms:
    """Read a Pauli, its phase included, times a number.

    Raises
    ------
    InvalidOptionError
        The number is not known.
    """
    phase = (-1j) ** int(pauli.phase)
    coefficients = numbers_of([coefficient]) if phase == 1 else phase * numbers_of([coefficient])
    x, z = packed(pauli.x[np.newaxis]), packed(pauli.z[np.newaxis])
    return Terms(pauli.num_qubits, x, z, np.zeros_like(x), np.zeros_like(x), coefficients)


def of_sparse_observable(observable: SparseObservable) -> Terms:
    """Read a SparseObservable."""
    bounds = np.asarray(observable.boundaries).astype(np.intp)
    codes, qubits = np.asarray(observable.bit_terms), np.asarray(observable.indices)
    found = np.empty((4, len(bounds) - 1, words_of(observable.num_qubits)), np.uint64)
    first = 0
    while first < len(bounds) - 1:
        last = max(int(np.searchsorted(bounds, bounds[first] + CHUNK, side="right")) - 1, first + 1)
        begin, end = bounds[first], bounds[last]
        _unite(codes[begin:end], qubits[begin:end], bounds[first : last + 1] - begin, found[:, first:last])
        first = last
    z, x, minus, plus = found
    coefficients = np.asarray(observable.coeffs).astype(np.complex128)
    return Terms(observable.num_qubits, x, z, plus | minus, minus, coefficients)


def _unite(codes: NDArray[np.uint8], qubits: NDArray[np.uint32], bounds: NDArray[np.intp], found: Words) -> None:
    """Write the words of a few terms, for each bit of the codes.

    A term has a qubit once, so the union of its bits is their sum, and that is a difference of sums from the beginning.
    """
    masks = np.left_shift(np.uint64(1), (qubits % WORD).astype(np.uint64))
    homes = qubits // WORD
    sums = np.zeros(len(codes) + 1, np.uint64)
    for bit in range(4):
        flagged = (codes >> bit & 1).astype(bool)
        for word in range(found.shape[2]):
            np.cumsum(np.where(flagged & (homes == word), masks, np.uint64(0)), out=sums[1:])
            found[bit, :, word] = sums[bounds[1:]] - sums[bounds[:-1]]


def of_labels(labels: Sequence[str], coefficients: Sequence[Any]) -> Terms:
    """Read labels of one length, each times a number.

    Raises
    ------
    InvalidOptionError
        One is no label, or a number is not known.
    """
    text = "".join(labels).encode("ascii", "replace")
    codes = _codes_by_letter()[np.frombuffer(text, np.uint8).reshape(len(labels), -1)][:, ::-1]
    if (codes == UNKNOWN).any():
        bad = labels[int(np.argmax((codes == UNKNOWN).any(axis=1)))]
        raise InvalidOptionError(f"{bad!r} is no observable: a label like 'ZZI' has the letters I X Y Z 0 1 + - r l")
    z, x, minus, plus = (packed(codes & 1 << bit) for bit in range(4))
    return Terms(codes.shape[1], x, z, plus | minus, minus, numbers_of(coefficients))


def numbers_of(coefficients: Any) -> NDArray[np.complex128]:
    """Return coefficients as numbers.

    Raises
    ------
    InvalidOptionError
        Parameters among them have no value.
    OptionTypeError
        One is no number.
    """
    if isinstance(coefficients, np.ndarray) and coefficients.dtype != object:
        return coefficients.astype(np.complex128)
    if unbound := [each for each in coefficients if is_unbound(each)]:
        names = names_of({parameter.name for each in unbound for parameter in each.parameters})
        raise InvalidOptionError(f"the observable has unbound parameters: {names}; use assign_parameters() first")
    return np.fromiter(map(_number, coefficients), np.complex128, len(coefficients))


def _number(value: Any) -> complex:
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return complex(value.numeric() if isinstance(value, ParameterExpression) else value)
    except (TypeError, ValueError, OverflowError):
        raise OptionTypeError(f"the observable has the coefficient {value!r}; use numbers") from None


def words_of(num_qubits: int) -> int:
    """Return how many words hold a bit for each qubit."""
    return max(1, -(-num_qubits // WORD))


def packed(bits: NDArray[Any]) -> Words:
    """Return rows of flags, one for each qubit, as words."""
    rows, num_qubits = bits.shape
    found = np.zeros((rows, 8 * words_of(num_qubits)), np.uint8)
    found[:, : -(-num_qubits // 8)] = np.packbits(bits.astype(bool, copy=False), axis=1, bitorder="little")
    return found.view("<u8").astype(np.uint64, copy=False)


def unpacked(words: Words) -> NDArray[np.uint8]:
    """Return words as rows of flags, one for each bit."""
    return np.unpackbits(np.ascontiguousarray(words, "<u8").view(np.uint8), axis=1, bitorder="little")


def label_of(num_qubits: int, x: Words, z: Words, projectors: Words, minus: Words) -> str:
    """Return a product as a label, the last qubit first."""
    columns = [unpacked(words[np.newaxis])[0, :num_qubits].tolist() for words in (z, x, minus, projectors & ~minus)]
    letters = dict(zip(CODES, LETTERS, strict=True))
    return "".join(letters[z + 2 * x + 4 * minus + 8 * plus] for z, x, minus, plus in zip(*columns, strict=True))[::-1]


def _plain(
    x: NDArray[np.bool_], z: NDArray[np.bool_], phases: NDArray[np.int64], coefficients: NDArray[np.complex128]
) -> Terms:
    if phases.any():
        coefficients = coefficients * np.array([1, -1j, -1, 1j])[phases]
    words = packed(x)
    none = np.zeros_like(words)
    return Terms(x.shape[1], words, packed(z), none, none, coefficients)


@functools.cache
def _codes_by_letter() -> NDArray[np.uint8]:
    table = np.full(256, UNKNOWN, np.uint8)
    table[np.frombuffer(LETTERS.encode(), np.uint8)] = CODES
    return table


def bit_counts(words: Words) -> NDArray[np.int64]:
    """Return how many bits of each row of words are 1."""
    counts: NDArray[np.int64] = unpacked(words).sum(axis=1, dtype=np.int64)
    return counts
