"""Whether two sets of counts can come from the same distribution, however many outcomes it has.

Single bits, neighbouring pairs and random sets of bits have a parity each; how often it is odd is compared by Fisher's
exact test, which holds for any number of shots. The outcomes as they are are compared by a chi-square test of two
samples, those too rare for it in one bin. Of all these p-values the least counts, times their number (Bonferroni).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from scipy.stats import chi2, fisher_exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

THRESHOLD = 1e-6
"""Counts whose p-value is less are taken to differ: by chance once in a million comparisons."""

RANDOM_SETS = 32
LEAST_EXPECTED = 5.0

Counts = dict[str, int]


def broken(counts: Mapping[str, int], even: Iterable[Sequence[int]]) -> int:
    """Return the number of shots in which one of these sets of bits has odd parity; bit 0 is the last character."""
    sets = list(even)
    return sum(number for key, number in counts.items() if any(_parity(key, bits) for bits in sets))


def p_value(first: Mapping[str, int], second: Mapping[str, int]) -> float:
    """Return a bound of the probability that counts of one distribution differ as much as these."""
    width = len(next(iter(first)))
    if {len(key) for key in (*first, *second)} != {width}:
        return 0.0
    rng = random.Random(width)
    sets: list[Sequence[int]] = [[bit] for bit in range(width)] + [[bit, bit + 1] for bit in range(width - 1)]
    sets += [rng.sample(range(width), rng.randint(1, width)) for _ in range(RANDOM_SETS)]
    values = [_parity_test(first, second, bits) for bits in sets]
    values.append(_chi_square(first, second))
    return min(1.0, min(values) * len(values))


def _parity(key: str, bits: Sequence[int]) -> int:
    """Parity of some bits of an outcome."""
    return sum(key[-1 - bit] == "1" for bit in bits) % 2


def _parity_test(first: Mapping[str, int], second: Mapping[str, int], bits: Sequence[int]) -> float:
    """p-value of the parity of some bits."""
    table = []
    for counts in (first, second):
        odd = sum(number for key, number in counts.items() if _parity(key, bits))
        table.append([odd, sum(counts.values()) - odd])
    return float(fisher_exact(table)[1])


def _chi_square(first: Mapping[str, int], second: Mapping[str, int]) -> float:
    """p-value of the whole outcomes; 1 if all are rare."""
    totals = sum(first.values()), sum(second.values())
    needed = LEAST_EXPECTED * sum(totals) / min(totals)
    bins: dict[str, tuple[int, int]] = {}
    for key in {*first, *second}:
        pair = first.get(key, 0), second.get(key, 0)
        name = key if sum(pair) >= needed else "rare"
        old = bins.get(name, (0, 0))
        bins[name] = old[0] + pair[0], old[1] + pair[1]
    if sum(bins.get("rare", (0, 0))) < needed:
        bins.pop("rare", None)
    totals = sum(one for one, _ in bins.values()), sum(other for _, other in bins.values())
    if len(bins) < 2 or not all(totals):
        return 1.0
    ratio = (totals[1] / totals[0]) ** 0.5
    statistic = sum((ratio * one - other / ratio) ** 2 / (one + other) for one, other in bins.values())
    return float(chi2.sf(statistic, len(bins) - 1))
