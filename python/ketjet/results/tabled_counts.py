"""Counts whose keys are written by the engine, and whose other forms are made when somebody asks for them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from qiskit.result import Counts

from ketjet import engine
from ketjet.base.bitstrings import dictionary, hexadecimal, integers, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ketjet.engine import Outcome

__all__ = ["TabledCounts"]


class TabledCounts(Counts):
    """The counts of one circuit.

    Parameters
    ----------
    outcome
        What the engine returned.
    header
        Of the circuit's result.
    """

    def __init__(self, outcome: Outcome, header: Mapping[str, Any]) -> None:
        dict.__init__(self)
        engine.fill_counts(self, outcome.keys, outcome.counts, header)
        self._table = outcome.keys, outcome.counts
        self.creg_sizes = header.get("creg_sizes")
        self.memory_slots = header.get("memory_slots")
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
