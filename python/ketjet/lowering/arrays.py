"""Long lists as arrays, converted piece by piece, so that other threads and Ctrl-C get their turn in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray

CHUNK = 1 << 13
"""Entries converted at a time: about a millisecond."""


def array_of(values: Sequence[Any] | NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return numbers, or equally long rows of them, as an array of its own."""
    if len(values) <= CHUNK or isinstance(values, np.ndarray):
        return np.array(values, dtype)
    return np.concatenate([np.array(values[i : i + CHUNK], dtype) for i in range(0, len(values), CHUNK)])


def distinct(numbers: Sequence[int]) -> set[int]:
    """Return the different numbers of a list."""
    found: set[int] = set()
    for i in range(0, len(numbers), CHUNK):
        found.update(numbers[i : i + CHUNK])
    return found
