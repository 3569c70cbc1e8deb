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
    return _core.bit_strings(keys, _sizes(header.get("creg_sizes", []), header.get("memory_slots", 0)))


def fill_counts(
    made: Sequence[dict[str, int]],
    begins: Sequence[int],
    keys: NDArray[np.uint64],
    counts: NDArray[np.int64],
    creg_sizes: Sequence[Sequence[Any]],
    memory_slots: int,
) -> None:
    """Put counts into dictionaries, by the bit strings of their keys; where the rows of each begin is given."""
    _core.fill_counts(made, begins, keys, counts, _sizes(creg_sizes, memory_slots))


def _sizes(creg_sizes: Sequence[Sequence[Any]], memory_slots: int) -> list[int]:
    """Return the sizes of registers, or of one with all bits where these do not show every bit once."""
    sizes = [int(size) for _, size in creg_sizes]
    return sizes if sum(sizes) == memory_slots else [int(memory_slots)]
