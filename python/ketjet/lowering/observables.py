"""Observables in the engine's terms: each Pauli string as two masks of qubits, one of X and one of Z; Y is in both.

`StateVector.expectation` reads what Qiskit users write for an observable through `pauli_terms`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import SparsePauliOp

from ketjet import engine
from ketjet.errors import InvalidOptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PauliTerms", "pauli_terms"]


class PauliTerms(NamedTuple):
    """A sum of Pauli strings.

    Attributes
    ----------
    num_qubits : int
    x_masks, z_masks : ndarray of uint64
        Of each string: the qubits on which it has X or Y, and those on which it has Z or Y.
    coefficients : ndarray of complex128
    """

    num_qubits: int
    x_masks: NDArray[np.uint64]
    z_masks: NDArray[np.uint64]
    coefficients: NDArray[np.complex128]

    @property
    def are_complex(self) -> bool:
        """Whether one of the coefficients has an imaginary part."""
        return bool(np.iscomplex(self.coefficients).any())

    def readout(self) -> engine.ObservablesReadout:
        """Return the engine's readout of two observables, of the real parts of the coefficients and of the others."""
        strings = len(self.coefficients)
        nothing = np.zeros(strings, np.uint64)
        return engine.ObservablesReadout(
            self.x_masks,
            self.z_masks,
            nothing,
            nothing,
            np.array([0, strings, 2 * strings], np.uint32),
            np.tile(np.arange(strings, dtype=np.uint32), 2),
            np.concatenate([self.coefficients.real, self.coefficients.imag]),
        )


def pauli_terms(observable: Any) -> PauliTerms:
    """Return the terms of a SparsePauliOp, a Pauli or a label.

    Raises
    ------
    InvalidOptionError
        It is none of these, or its coefficients are not finite numbers.
    """
    try:
        paulis = SparsePauliOp(observable)
    except (QiskitError, TypeError, ValueError) as error:
        raise InvalidOptionError(
            f"an observable is a SparsePauliOp, a Pauli or a label like 'ZZI', got {observable!r}; "
            'SparsePauliOp.from_list([("ZZI", 0.5), ("XII", -1)]) adds labels up.'
        ) from error
    bits = 1 << np.arange(paulis.num_qubits, dtype=np.uint64)
    x_masks, z_masks = ((part * bits).sum(axis=1, dtype=np.uint64) for part in (paulis.paulis.x, paulis.paulis.z))
    return PauliTerms(paulis.num_qubits, x_masks, z_masks, _numbers(paulis))


def _numbers(paulis: SparsePauliOp) -> NDArray[np.complex128]:
    """Return the coefficients of an observable, which must be finite numbers."""
    if paulis.coeffs.dtype == object:
        names = ", ".join(sorted(parameter.name for parameter in paulis.parameters))
        raise InvalidOptionError(f"the observable has unbound parameters: {names}; use assign_parameters() first")
    if not np.isfinite(paulis.coeffs).all():
        bad = paulis.coeffs[~np.isfinite(paulis.coeffs)][0]
        raise InvalidOptionError(f"the observable has the coefficient {bad}; use finite numbers")
    return np.asarray(paulis.coeffs, np.complex128)
