"""What a run can be asked to read from its final states, beside the outcomes of its measurements."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from ketjet import _core

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class _Columns(NamedTuple):
    x_masks: NDArray[np.uint64]
    z_masks: NDArray[np.uint64]
    condition_masks: NDArray[np.uint64]
    condition_values: NDArray[np.uint64]
    row_begins: NDArray[np.uint32]
    columns: NDArray[np.uint32]
    coefficients: NDArray[np.float64]


class ObservablesReadout(_Columns):
    """The expectation values of observables; gives an array of float64, shape (rows,).

    Each is a row of real coefficients of Pauli strings, of which those that are zero are left out.

    Attributes
    ----------
    x_masks, z_masks : ndarray of uint64, shape (strings,)
        Of each string: the qubits on which it has X or Y, and those on which it has Z or Y.
    condition_masks, condition_values : ndarray of uint64, shape (strings,)
        The other qubits on which it projects, and those of them that are to be one.
    row_begins : ndarray of uint32, shape (rows + 1,)
        Row k is made of the entries from row_begins[k] to row_begins[k + 1].
    columns : ndarray of uint32, shape (entries,)
        The number of each entry's string.
    coefficients : ndarray of float64, shape (entries,)
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return ObservablesReadout, tuple(self)

    @functools.cached_property
    def observables(self) -> _core.ObservableSet:
        """They as the engine takes them."""
        return _core.ObservableSet(*self)

    @property
    def num_values(self) -> int:
        """How many numbers it gives."""
        return len(self.row_begins) - 1

    def add_to(self, request: _core.RunRequest) -> None:
        """Ask for it."""
        request.add_observables(self.observables)


class SpreadReadout(NamedTuple):
    """The expectation values of observables, and their squares behind them; gives float64, shape (2 * rows,).

    Their averages over shots are what `error_of_mean` takes.

    Attributes
    ----------
    observables : ObservablesReadout
    """

    observables: ObservablesReadout

    @property
    def num_values(self) -> int:
        """How many numbers it gives."""
        return 2 * self.observables.num_values

    def add_to(self, request: _core.RunRequest) -> None:
        """Ask for it."""
        request.add_observables(self.observables.observables, squares=True)


def error_of_mean(found: NDArray[np.float64], shots: int) -> NDArray[np.float64]:
    """Return the standard errors of averages over so many shots, from what `SpreadReadout` gives; NaN for one shot."""
    means, squares = np.split(found, 2)
    spread: NDArray[np.float64] = np.maximum(squares - means**2, 0)
    return np.sqrt(spread / (shots - 1)) if shots > 1 else np.full(len(means), np.nan)


class VariancesReadout(NamedTuple):
    """How far measurements of observables scatter; gives an array of float64, shape (3 * rows,).

    Of each row three numbers: the variance in a final state, the mean, and its square. Their averages over the final
    states are what `variances_of` takes.

    Attributes
    ----------
    observables : ObservablesReadout
    """

    observables: ObservablesReadout

    @property
    def num_values(self) -> int:
        """How many numbers it gives."""
        return 3 * self.observables.num_values

    def add_to(self, request: _core.RunRequest) -> None:
        """Ask for it."""
        request.add_variances(self.observables.observables)


def variances_of(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variances in the mixture of the final states, shape (rows,), from what `VariancesReadout` gives."""
    within, means, squares = found.reshape(-1, 3).T
    return within + np.maximum(squares - means**2, 0)


class ProbabilitiesReadout(NamedTuple):
    """The distribution of measuring some qubits; gives an array of float64, shape (2**len(qubits),).

    Attributes
    ----------
    qubits : sequence of int
        The first is the lowest bit of an outcome.
    """

    qubits: Sequence[int]

    @property
    def num_values(self) -> int:
        """How many numbers it gives."""
        return 1 << len(self.qubits)

    def add_to(self, request: _core.RunRequest) -> None:
        """Ask for it."""
        request.add_probabilities(list(self.qubits))


Readout: TypeAlias = ObservablesReadout | SpreadReadout | VariancesReadout | ProbabilitiesReadout
