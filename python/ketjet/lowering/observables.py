"""Observables in the engine's terms: each Pauli string as two masks of qubits, one of X and one of Z; Y is in both.

`StateVector.expectation` reads what Qiskit users write for an observable through `pauli_terms`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import SparsePauliOp

from ketjet.errors import InvalidOptionError

__all__ = ["PauliTerms", "pauli_terms"]


class PauliTerms(NamedTuple):
    """A sum of Pauli strings.

    Attributes
    ----------
    num_qubits : int
    x_masks, z_masks : list of int
        Of each string: the qubits on which it has X or Y, and those on which it has Z or Y.
    coefficients : list of complex
    are_complex : bool
        Whether one of the coefficients has an imaginary part.
    """

    num_qubits: int
    x_masks: list[int]
    z_masks: list[int]
    coefficients: list[complex]
    are_complex: bool


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
    x_masks, z_masks = ((part * bits).sum(axis=1).tolist() for part in (paulis.paulis.x, paulis.paulis.z))
    return PauliTerms(paulis.num_qubits, x_masks, z_masks, _numbers(paulis), bool(np.iscomplex(paulis.coeffs).any()))


def _numbers(paulis: SparsePauliOp) -> list[complex]:
    """Return the coefficients of an observable, which must be finite numbers."""
    if paulis.coeffs.dtype == object:
        names = ", ".join(sorted(parameter.name for parameter in paulis.parameters))
        raise InvalidOptionError(f"the observable has unbound parameters: {names}; use assign_parameters() first")
    if not np.isfinite(paulis.coeffs).all():
        bad = paulis.coeffs[~np.isfinite(paulis.coeffs)][0]
        raise InvalidOptionError(f"the observable has the coefficient {bad}; use finite numbers")
    coefficients: list[complex] = paulis.coeffs.tolist()
    return coefficients
