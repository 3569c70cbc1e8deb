"""From the outcomes of points to the values and gradients of a pub, as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ketjet.backend.differentiation import DifferentiableCircuit
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.points.broadcasting import Grid

__all__ = ["Differentiation", "gathered"]


class Differentiation(NamedTuple):
    """The values of a pub and their gradients, before they are run.

    Attributes
    ----------
    grid : Grid
    circuit : DifferentiableCircuit
    constants : ndarray of float
        The part of each observable that is the same in all states.
    wanted : list of ndarray of int
        At each distinct point, the numbers of the observables that are wanted there.
    places : ndarray of int
        Of each value of the pub: its place in these lists, one after the other.
    experiments : list of Experiment
        One for every point; none if no observable depends on the state.
    """

    grid: Grid
    circuit: DifferentiableCircuit
    constants: NDArray[np.float64]
    wanted: list[NDArray[np.int64]]
    places: NDArray[np.int64]
    experiments: list[Experiment]

    def arrays(self, outcomes: Sequence[Outcome | None]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values, in the shape of the pub, and gradients, with an axis over parameters behind that.

        At points without an outcome both are NaN.
        """
        count = self.circuit.num_parameters
        if not self.experiments:
            found = [(self.constants[numbers], np.zeros((len(numbers), count))) for numbers in self.wanted]
            return gathered(found, self.places, self.grid.shape, count)
        found = []
        for numbers, point, outcome in zip(self.wanted, self.grid.values, outcomes, strict=True):
            if outcome is None:
                found.append((np.full(len(numbers), np.nan), np.full((len(numbers), count), np.nan)))
                continue
            values, by_slot = outcome.readouts
            found.append((self.constants[numbers] + values, self.circuit.pulled_back(point, by_slot)))
        return gathered(found, self.places, self.grid.shape, count)


def gathered(
    found: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    places: NDArray[np.int64],
    shape: tuple[int, ...],
    num_parameters: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Put the values and gradients that were found at each point into the shape of a pub.

    Parameters
    ----------
    found
        For each point the values of the observables that are wanted there, and derivatives (observables, parameters).
    places
        Of each value of the pub: its place in these, one point after the other.
    shape
        Of the pub.
    num_parameters
        How many parameters there are derivatives by.
    """
    if len(found) == len(places) == 1:  # one value, as optimisers ask for it
        ((values, gradients),) = found
        return values.reshape(shape), gradients.reshape((*shape, num_parameters))
    values = np.concatenate([np.empty(0), *(values for values, _ in found)])
    gradients = np.concatenate([np.empty((0, num_parameters)), *(gradients for _, gradients in found)])
    return values[places].reshape(shape), gradients[places].reshape((*shape, num_parameters))
