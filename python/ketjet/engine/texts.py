"""Outcomes as text: the bit strings that the engine writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketjet import _core

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["bitstrings", "fill_counts"]


def bitstrings(keys: NDArray[np.uint64], header: Mapping[str, Any]) -> list[str]:
    """Return the keys as bit strings, highest classical bit first, with a space between registers."""
    return _core.bit_strings(keys, _sizes(header))


def fill_counts(
    made: Sequence[dict[str, int]],
    begins: Sequence[int],
    keys: NDArray[np.uint64],
    counts: NDArray[np.int64],
    header: Mapping[str, Any],
) -> None:
    """Put counts into dictionaries, by the bit strings of their keys; where the rows of each begin is given."""
    _core.fill_counts(made, begins, keys, counts, _sizes(header))


def _sizes(header: Mapping[str, Any]) -> list[int]:
    """Return the sizes of registers, or of one with all bits where these do not show every bit once."""
    slots = int(header.get("memory_slots", 0))
    sizes = [int(size) for _, size in header.get("creg_sizes", [])]
    return sizes if sum(sizes) == slots else [slots]
