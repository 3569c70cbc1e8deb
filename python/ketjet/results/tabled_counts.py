"""Counts whose keys are written by the engine, and whose other forms are made when somebody asks for them."""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qiskit.result import Counts

from ketjet import engine
from ketjet.base.bitstrings import dictionary, hexadecimal, integers, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from ketjet.engine import Outcome

__all__ = ["TabledCounts", "tabled_counts"]


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


def tabled_counts(outcome: Outcome, header: Mapping[str, Any]) -> list[TabledCounts]:
    """Return the counts of a circuit, or those of each point of one, from what the engine returned."""
    keys, counts = outcome.keys, outcome.counts
    begins = [0, len(counts)] if outcome.begins is None else outcome.begins.tolist()
    registers = header.get("creg_sizes", []), header.get("memory_slots", 0)
    made = [TabledCounts(keys[begin:end], counts[begin:end], *registers) for begin, end in pairwise(begins)]
    engine.fill_counts(made, begins, keys, counts, *registers)
    return made
