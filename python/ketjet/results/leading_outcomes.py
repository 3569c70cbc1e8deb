"""The most frequent outcomes of one circuit, for its face; of a million others nothing is formatted.

The trick: the packed counts tell which keys lead, and only these become bit strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ketjet.engine import Outcome

__all__ = ["Leading", "leading", "leading_of"]


class Leading(NamedTuple):
    """The outcomes that lead.

    Attributes
    ----------
    outcomes : tuple of (str, number)
        Bit strings with their counts or probabilities, the most frequent first.
    total : number
        Of all outcomes together.
    others : int
        How many outcomes there are besides.
    """

    outcomes: tuple[tuple[str, Any], ...]
    total: Any
    others: int


def leading(packed: Outcome, header: Mapping[str, Any], most: int) -> Leading:
    """Return the most frequent outcomes, or the most probable ones of an exact run; the lowest keys among equals."""
    weights: NDArray[Any] = packed.counts if packed.probabilities is None else packed.probabilities
    chosen = np.arange(len(weights))
    if len(weights) > most:
        least = np.partition(weights, len(weights) - most)[len(weights) - most]
        chosen = np.concatenate([np.flatnonzero(weights > least), np.flatnonzero(weights == least)])[:most]
    chosen = chosen[np.argsort(-weights[chosen], kind="stable")]
    names = engine.bitstrings(packed.keys[chosen], header)
    outcomes = tuple(zip(names, weights[chosen].tolist(), strict=True))
    return Leading(outcomes, weights.sum().item(), len(weights) - len(chosen))


def leading_of(counts: Mapping[str, Any], most: int) -> Leading:
    """Return the most frequent outcomes of a dictionary."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Leading(tuple(ordered[:most]), sum(counts.values()), max(len(ordered) - most, 0))
