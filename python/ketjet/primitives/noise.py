"""Noise that an estimator adds to exact values where a precision is asked for, bit for bit that of Qiskit's."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet.base.fresh_seeds import fresh_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Noise", "noise_of"]


class Noise(NamedTuple):
    """The noise of one pub.

    Attributes
    ----------
    precision : float
        Standard deviation of each value; 0 for none.
    generator : Generator, optional
        Where the noise is drawn from; None where there is none.
    seed : int, optional
        What made the generator; None if that was the caller.
    """

    precision: float
    generator: np.random.Generator | None
    seed: int | None

    def added_to(
        self, exact: NDArray[np.float64], deviations: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values with noise, and the standard error of each.

        Parameters
        ----------
        exact
            The values.
        deviations
            The standard deviations of what is measured; if given, errors are `precision` times these.
        """
        if self.generator is None:
            return exact, np.zeros(exact.shape)
        errors = np.full(exact.shape, self.precision)
        if deviations is not None:
            errors *= deviations
        return np.asarray(self.generator.normal(exact, errors)), errors


def noise_of(precision: float, seed: int | np.random.Generator | None, shape: tuple[int, ...]) -> Noise:
    """Choose the noise of a pub of this shape.

    An integer seeds each pub anew. A generator goes on from one pub to the next: what this pub needs is drawn from it
    now, so that it does not matter when the pub runs. Without either the pub gets a seed of its own.
    """
    if precision == 0:
        return Noise(precision, None, seed if isinstance(seed, int) else None)
    if isinstance(seed, np.random.Generator):
        mine = copy.deepcopy(seed)
        seed.normal(size=shape)
        return Noise(precision, mine, None)
    drawn = fresh_seed() if seed is None else seed
    return Noise(precision, np.random.default_rng(drawn), drawn)
