"""Exact runs of dynamic circuits on the engine, and how their outcomes are compared."""

from __future__ import annotations

import pytest

from ketjet import engine
from ketjet.lowering import lower


def keys_of(outcome):
    """The outcomes as integers, classical bit 0 the lowest."""
    return [sum(int(word) << 64 * i for i, word in enumerate(row)) for row in outcome.keys]


def exact(circuit, *, floor=0.0, on=None, **fields):
    """The exact distribution by the engine, and what it dropped."""
    outcome = engine.execute(engine.Task(lower(circuit).program, 1, 0, exact=True, floor=floor, **fields), on=on)
    return dict(zip(keys_of(outcome), outcome.probabilities, strict=True)), outcome.facts.dropped


def assert_same(found, expected, tolerance):
    for key in found.keys() | expected.keys():
        assert found.get(key, 0) == pytest.approx(expected.get(key, 0), abs=tolerance), (key, found, expected)
