"""What a run can be asked to read from its final states, beside the outcomes of its measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ketjet import _core


class ExpectationReadout(NamedTuple):
    """The expectation value of a sum of Pauli strings, as in `ketjet.lowering.observables`; gives a complex number.

    Attributes
    ----------
    x_masks, z_masks : sequence of int
        Of each string: the qubits on which it has X or Y, and those on which it has Z or Y.
    coefficients : sequence of complex
    """

    x_masks: Sequence[int]
    z_masks: Sequence[int]
    coefficients: Sequence[complex]

    def add_to(self, request: _core.RunRequest) -> None:
        """Ask for it."""
        request.add_expectation(list(self.x_masks), list(self.z_masks), list(self.coefficients))

    def value_of(self, found: NDArray[np.float64]) -> complex:
        """Return what the engine has found."""
        return complex(*found)


class ProbabilitiesReadout(NamedTuple):
    """The distribution of measuring some qubits; gives an array of float64, shape (2**len(qubits),).

    Attributes
    ----------
    qubits : sequence of int
        The first is the lowest bit of an outcome.
    """

    qubits: Sequence[int]

    def add_to(self, request: _core.RunRequest) -> None:
        """Ask for it."""
        request.add_probabilities(list(self.qubits))

    def value_of(self, found: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the engine has found."""
        return found


Readout: TypeAlias = "ExpectationReadout | ProbabilitiesReadout"
