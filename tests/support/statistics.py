"""Counts beside the distribution that they were drawn from."""

from __future__ import annotations

from scipy import stats

FALSE_ALARM = 1e-10
"""How often a right count is taken for a wrong one."""


def assert_drawn_from(counts, probabilities):
    """Each count is one that its outcome's binomial distribution gives more often than a false alarm, in both tails."""
    shots = sum(counts.values())
    assert set(counts) <= set(probabilities)
    for outcome, probability in probabilities.items():
        count, drawn = counts.get(outcome, 0), stats.binom(shots, min(max(probability, 0), 1))
        at_most, at_least = drawn.cdf(count), drawn.sf(count - 1)
        assert 2 * min(at_most, at_least) > FALSE_ALARM, (outcome, count, shots * probability)
