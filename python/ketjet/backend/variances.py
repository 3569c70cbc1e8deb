"""How variances of observables are read: from the strings of their squares, or by applying them to the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ketjet.errors import InsufficientMemoryError, InvalidOptionError
from ketjet.lowering.observable_squares import FEW_STRINGS, MAX_STRINGS, strings_to_square, with_squares
from ketjet.lowering.observables import place_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ketjet.backend.reading_parts import Reading
    from ketjet.backend.readings import ReadCircuit
    from ketjet.lowering.observable_table import Observables

__all__ = ["reading_with_variances"]


def reading_with_variances(read: ReadCircuit, observables: Observables) -> tuple[Reading, NDArray[np.float64]]:
    """Return how values and variances are read.

    Returns
    -------
    Reading
        Of the observables without multiples of the identity, and behind them of their squares; where a variance is read
        by itself the square is 0.
    ndarray of float, shape (observables,)
        The multiples of the identity, which have no part in a variance.

    Raises
    ------
    InsufficientMemoryError
        What has to run does not fit into memory.
    InvalidOptionError
        An observable of too many strings has X or Y on a qubit that is measured last of all.
    """
    identities, rest = observables.split_identities
    strings = strings_to_square(rest)
    applied = strings > FEW_STRINGS
    if applied.any():
        numbers = np.flatnonzero(applied)
        may_be_squared = bool(strings.max() <= MAX_STRINGS)
        if read.flips_measured(rest.some(numbers)):  # and its square need not flip them
            if not may_be_squared:
                raise InvalidOptionError(
                    f"variances: {place_of(rest.shape, int(strings.argmax()))} has {strings.max():.0f} strings, and X "
                    "or Y on a qubit that is measured last of all, where observables may have "
                    f"{MAX_STRINGS} at most; leave the measurement out, or ask for parts of the observable"
                )
        elif not (may_be_squared and read.reads_light_cones(rest)):
            try:
                return read.reading(with_squares(rest, ~applied), numbers), identities
            except InsufficientMemoryError:
                if not may_be_squared:
                    raise
    return read.reading(with_squares(rest)), identities
