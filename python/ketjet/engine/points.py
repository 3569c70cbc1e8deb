"""One run of a program at many points, which differ in its angles alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import _core
from ketjet.engine.machine import isa_in_use
from ketjet.engine.outcome import Outcome, RunFacts, joined
from ketjet.engine.random_keys import random_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ketjet.engine.control import Control
    from ketjet.engine.task import Task

__all__ = ["Points", "points_of", "run_points", "slots_of"]

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
    are_circuits : bool
        Whether each is a circuit of its own, and fails alone.
    """

    slots: NDArray[np.float64]
    fingerprints: NDArray[np.uint64]
    occurrences: NDArray[np.uint64]
    are_circuits: bool = False

    def some(self, begin: int, end: int) -> Points:
        """Return those from one number to another."""
        return Points(
            self.slots[begin:end], self.fingerprints[begin:end], self.occurrences[begin:end], self.are_circuits
        )


def points_of(programs: Sequence[_core.Program], occurrences: Sequence[int]) -> Points:
    """Return programs that differ in nothing but angles as points of which each is a circuit of its own.

    Parameters
    ----------
    programs : sequence of Program
    occurrences : sequence of int
        How many programs of the job with the fingerprint of each come before it.
    """
    slots = slots_of(programs)
    return Points(slots, programs[0].fingerprints_with(slots), np.array(occurrences, np.uint64), are_circuits=True)


def slots_of(programs: Sequence[_core.Program]) -> NDArray[np.float64]:
    """Return the angles of programs that differ in nothing else, shape (programs, slots)."""
    return _core.slots_of_all(programs)


def run_points(task: Task, made: _core.Plan, request: _core.RunRequest, control: Control, start: float) -> Outcome:
    """Run a task of points, which began at that time; what is drawn or read of each is as in a run of its own."""
    points = task.points
    assert points is not None
    if not points.are_circuits:
        return _run_all(task, points, made, request, control, start)
    try:
        return _run_all(task, points, made, request, control, start)
    except (_core.Cancelled, _core.TimeLimitReached):
        raise
    except Exception:  # noqa: BLE001 - those that fail by themselves say why
        return _run_each(task, points, made, request, control, start)


def _run_each(
    task: Task, points: Points, made: _core.Plan, request: _core.RunRequest, control: Control, start: float
) -> Outcome:
    """Run points one by one, of which some fail."""
    words = max(1, -(-task.program.num_clbits // 64))
    memory = np.zeros((task.shots, words), np.uint64) if task.memory else None
    facts = _facts(task, made, start, 0.0, np.zeros(1))
    nothing = Outcome(np.empty((0, words), np.uint64), np.empty(0, np.int64), memory, None, 0, facts)
    failures: dict[int, BaseException] = {}

    def run(point: int) -> Outcome:
        try:
            return _run_all(task, points.some(point, point + 1), made, request, control, start)
        except (_core.Cancelled, _core.TimeLimitReached):
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits for the job gets it
            failures[point] = error
            return nothing

    outcomes = [run(point).at_point(0) for point in range(len(points.slots))]
    norm_errors = np.array([one.facts.norm_error for one in outcomes])
    sample_seconds = sum([one.facts.sample_seconds for one in outcomes])
    return joined(outcomes, _facts(task, made, start, sample_seconds, norm_errors))._replace(failures=failures)


def _run_all(
    task: Task, points: Points, made: _core.Plan, request: _core.RunRequest, control: Control, start: float
) -> Outcome:
    """Run points, of which none may fail."""
    keys = random_keys(points.fingerprints, task.seed, points.occurrences) if task.shots > 0 else NO_KEYS
    output = _core.run_points(
        made, points.slots, keys, request, threads=task.threads, isa=task.isa, control=control.counters
    )
    shots = None if output.shots is None else output.shots.reshape(len(points.slots) * task.shots, -1)
    return Outcome(
        output.keys,
        output.counts,
        shots,
        None,
        task.program.num_clbits,
        _facts(task, made, start, output.sample_seconds, output.norm_errors),
        tuple(output.stage_seconds),
        readouts=tuple(output.readouts),
        begins=output.begins,
        norm_errors=output.norm_errors,
    )


def _facts(
    task: Task, made: _core.Plan, start: float, sample_seconds: float, norm_errors: NDArray[np.float64]
) -> RunFacts:
    """Return what there is to tell of points that have run from that time on."""
    cost = _core.plan_cost(made, task.threads)
    return RunFacts(
        isa_in_use(task.isa),
        cost.state_bytes,
        made.num_stages,
        made.num_sweeps,
        cost.bytes_moved,
        None,
        task.plan_time,
        sample_seconds,
        task.plan_time + time.perf_counter() - start,
        float(norm_errors.max(initial=0.0)),
        0.0,
        None,
    )
