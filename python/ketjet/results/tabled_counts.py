"""Counts whose keys are written by the engine, and whose other forms are made when somebody asks for them."""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qiskit.result import Counts

from ketjet import engine
from ketjet.base.bitstrings import dictionary, hexadecimal, integers, plain
from ketjet.base.units import size
from ketjet.errors import InsufficientMemoryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ketjet.engine import Outcome

__all__ = ["TabledCounts", "require_memory_of_counts", "tabled_counts"]


COUNTS_BYTES, ROW_BYTES = 700, 100
"""What a dictionary of counts takes, and each of its entries."""

MANY_COUNTS = 1000
"""So many dictionaries are made only if there is memory for them."""


class TabledCounts(Counts):
    """The counts of one circuit, empty until `tabled_counts` fills it.

    Parameters
    ----------
    keys, counts
        As `Outcome` has them.
    creg_sizes, memory_slots
        As the circuit's header has them.
    """

    def __init__(
        self, keys: NDArray[np.uint64], counts: NDArray[np.int64], creg_sizes: list[list[Any]], memory_slots: int
    ) -> None:
        dict.__init__(self)
        self._table = keys, counts
        self.creg_sizes, self.memory_slots = creg_sizes, memory_slots
        self.time_taken = None

    @functools.cached_property
    def hex_raw(self) -> dict[str, int]:
        """The same with hexadecimal keys."""
        keys, counts = self._table
        return dictionary(hexadecimal(keys), plain(counts))

    @functools.cached_property
    def int_raw(self) -> dict[int, int]:
        """The same with integers as keys."""
        keys, counts = self._table
        return dictionary(integers(keys), plain(counts))


def require_memory_of_counts(outcomes: Sequence[Outcome]) -> None:
    """Check that the counts of these can be made.

    Raises
    ------
    InsufficientMemoryError
        There is not so much memory.
    """
    points = sum([1 if outcome.begins is None else len(outcome.begins) - 1 for outcome in outcomes])
    if points < MANY_COUNTS:
        return
    needed = COUNTS_BYTES * points + ROW_BYTES * sum([len(outcome.counts) for outcome in outcomes])
    available, rule = engine.recently_available_memory()
    if needed > available:
        error = InsufficientMemoryError(
            f"the counts of {points} experiments take about {size(needed)} as dictionaries, but {size(available)} are "
            f"available ({rule}). Ask for those of one at a time: get_counts(i)."
        )
        error.required_bytes, error.available_bytes = needed, available
        raise error


def tabled_counts(outcome: Outcome, header: Mapping[str, Any]) -> list[TabledCounts]:
    """Return the counts of a circuit, or those of each point of one, from what the engine returned."""
    keys, counts = outcome.keys, outcome.counts
    begins = [0, len(counts)] if outcome.begins is None else outcome.begins.tolist()
    registers = header.get("creg_sizes", []), header.get("memory_slots", 0)
    made = [TabledCounts(keys[begin:end], counts[begin:end], *registers) for begin, end in pairwise(begins)]
    engine.fill_counts(made, begins, keys, counts, *registers)
    return made
