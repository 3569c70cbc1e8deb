"""One run of a program at many points, which differ in its angles alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import _core
from ketjet.engine.machine import isa_in_use
from ketjet.engine.outcome import Outcome, RunFacts
from ketjet.engine.random_keys import random_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ketjet.engine.control import Control
    from ketjet.engine.task import Task

__all__ = ["Points", "run_points"]

NO_KEYS = np.empty((0, 2), np.uint32)


class Points(NamedTuple):
    """The points of a task.

    Attributes
    ----------
    slots : ndarray of float64, shape (points, slots)
        The program's angles at each.
    fingerprints : ndarray of uint64, shape (points,)
        Of the program with these angles.
    occurrences : ndarray of uint64, shape (points,)
        How many programs of the job with that fingerprint come before.
    """

    slots: NDArray[np.float64]
    fingerprints: NDArray[np.uint64]
    occurrences: NDArray[np.uint64]


def run_points(task: Task, made: _core.Plan, request: _core.RunRequest, control: Control, start: float) -> Outcome:
    """Run a task of points, which began at that time; what is drawn or read of each is as in a run of its own."""
    points = task.points
    assert points is not None
    keys = random_keys(points.fingerprints, task.seed, points.occurrences) if task.shots > 0 else NO_KEYS
    output = _core.run_points(
        made, points.slots, keys, request, threads=task.threads, isa=task.isa, control=control.counters
    )
    count = len(points.slots)
    cost = _core.plan_cost(made, task.threads)
    facts = RunFacts(
        isa_in_use(task.isa),
        cost.state_bytes,
        made.num_stages,
        made.num_sweeps,
        cost.bytes_moved,
        None,
        task.plan_time,
        output.sample_seconds,
        task.plan_time + time.perf_counter() - start,
        float(output.norm_errors.max(initial=0.0)),
        0.0,
        None,
    )
    shots = None if output.shots is None else output.shots.reshape(count * task.shots, -1)
    return Outcome(
        output.keys,
        output.counts,
        shots,
        None,
        task.program.num_clbits,
        facts,
        tuple(output.stage_seconds),
        readouts=tuple(output.readouts),
        begins=output.begins,
        norm_errors=output.norm_errors,
    )
