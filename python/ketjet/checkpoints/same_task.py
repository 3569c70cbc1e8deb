"""Whether a job is the one that a checkpoint was made for: the same circuits, angles, and options that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ketjet.kept.keys import PARTS, group_of, points_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketjet.experiment import Experiment

__all__ = ["are_aligned", "difference"]

OPTIONS = {"seed": "seed_simulator", "switched_off": "plan_options", "floor": "exact_floor"}
"""What parts of a task are as options, where they have other names."""


def difference(before: Sequence[Experiment], now: Sequence[Experiment]) -> str | None:
    """Return in words what is not as it was; None if all is."""
    old, new = _places(before), _places(now)
    if len(old) != len(new):
        return f"it has {len(old)} circuits or points, not {len(new)}"
    for number, (one, other) in enumerate(zip(old, new, strict=True)):
        if one[2] != other[2]:
            what = _what_differs(one[0].at_point(one[1]), other[0].at_point(other[1]))
            return f"circuit {number} ({other[0].header['name']!r}) differs: {what}"
    return None


def are_aligned(before: Sequence[Experiment], now: Sequence[Experiment]) -> bool:
    """Return whether two lists of the same circuits are cut into the same tasks."""
    return [experiment.task.num_points for experiment in before] == [each.task.num_points for each in now]


def _places(experiments: Sequence[Experiment]) -> list[tuple[Experiment, int, tuple[str, bytes]]]:
    """Return the experiment, point and key of each result, in their order."""
    found: list[tuple[int, tuple[Experiment, int, tuple[str, bytes]]]] = []
    for experiment in experiments:
        group = group_of(experiment.task)
        keys = points_of(experiment.task)
        places = range(len(found), len(found) + len(keys)) if experiment.places is None else experiment.places
        rows = zip(places, range(len(keys)), keys, strict=True)
        found += [(place, (experiment, point, (group, key))) for place, point, key in rows]
    return [row for _, row in sorted(found, key=lambda row: row[0])]


def _what_differs(one: Experiment, other: Experiment) -> str:
    before, now = one.task, other.task
    for part in (*PARTS, "floor"):
        was, is_now = getattr(before, part), getattr(now, part)
        if was != is_now and (part != "floor" or before.exact):
            return f"{OPTIONS.get(part, part)} was {was!r} and is {is_now!r}"
    if not before.program.same_structure(now.program):
        return f"its operations are others (it was {one.header['name']!r})"
    if not np.array_equal(before.program.slots, now.program.slots):
        return "its angles are others"
    return "what is read of it, or how many equal circuits come before it"
