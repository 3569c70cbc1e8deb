"""Long lists as arrays, converted piece by piece, so that other threads and Ctrl-C get their turn in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray

_Item = TypeVar("_Item")

CHUNK = 1 << 13
"""Entries converted at a time: about a millisecond."""


def array_of(values: Sequence[Any] | NDArray[Any], dtype: DTypeLike | None) -> NDArray[Any]:
    """Return numbers, or equally long rows of them, as an array of its own; of NumPy's choice of type for None."""
    at_a_time = max(1, CHUNK // max(1, np.size(values[0]))) if len(values) else CHUNK
    if len(values) <= at_a_time or isinstance(values, np.ndarray):
        return np.array(values, dtype)
    return np.concatenate([np.array(values[i : i + at_a_time], dtype) for i in range(0, len(values), at_a_time)])


def distinct(items: Sequence[_Item]) -> set[_Item]:
    """Return the different items of a list."""
    found: set[_Item] = set()
    for i in range(0, len(items), CHUNK):
        found.update(items[i : i + CHUNK])
    return found
