"""How far the tasks of a batch are: those that have ended are counted, those that run are asked."""

from __future__ import annotations

import operator
import threading
from typing import TYPE_CHECKING

from ketjet.jobs.progress import JobProgress, fraction_of, shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketjet.engine import Control, Progress, Task

    Running = Sequence[tuple[int, Progress]]
    """The tasks that run, by number, and how far each is."""

__all__ = ["Tally"]


class Tally:
    """The tally of some tasks, which are known by their numbers.

    Parameters
    ----------
    tasks
        All of them. A task of several points is counted as so many.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.points = [task.num_points for task in tasks]
        """How many points each has."""
        self.total = sum(self.points)
        self.done = 0
        self.taken = 0
        """How many points need not run, for their results are those of earlier runs."""
        self.kept_bytes = 0
        """What outcomes take that are kept."""
        self._shares = shares(tasks)
        self._lock = threading.Lock()  # of what `add` counts; whoever holds it calls nothing else
        self._past = [0, 0, 0, 0, 0]  # progress counters of tasks that have ended
        self._ended = 0.0  # the share of these tasks
        self._taken = 0.0  # and of those of them that have not run
        self._ended_here: Sequence[Control] = ()

    def add(self, task: int, progress: Progress, kept_bytes: int) -> bool:
        """Count a task that has ended, whose outcome takes so much; return whether it was the last one."""
        with self._lock:
            self._past = list(map(operator.add, self._past, _counters(progress)))
            self.done += self.points[task]
            self.kept_bytes += kept_bytes
            self._ended += self._shares[task]
            return self.done == self.total

    def take(self, task: int, kept_bytes: int) -> bool:
        """Count a task that need not run, whose outcome takes so much; return whether it was the last one."""
        with self._lock:
            self.done += self.points[task]
            self.kept_bytes += kept_bytes
            self._taken += self._shares[task]
            self._ended += self._shares[task]
            return self.done == self.total

    def set_all(self, controls: Sequence[Control]) -> None:
        """Count all tasks at once, which have ended; what these tell of them is looked at when somebody asks."""
        self._ended_here, self.done = controls, self.total

    def counters(self, running: Running) -> tuple[int, ...]:
        """Return stages done and in all, shots done and in all, and bytes moved, of all tasks that have begun."""
        told = [progress for _, progress in running] + [control.progress() for control in self._ended_here]
        return tuple(map(sum, zip(self._past, *map(_counters, told), strict=True)))

    def fraction(self, running: Running) -> float:
        """Return the part of the work that is done, in predicted time where that is known."""
        if not self.total:
            return 1.0
        return min(self._ended + sum(self._shares[task] * fraction_of(progress) for task, progress in running), 1.0)

    def told(
        self,
        running: Running,
        elapsed: float,
        eta: float | None,
        fraction: float,
        waiting_for: tuple[str, ...],
        counted: str,
        kept: int,
    ) -> JobProgress:
        """Return what users are told, with the fields that are not counted here."""
        done = self.done
        stages_done, stages_total, shots_done, shots_total, bytes_moved = self.counters(running)
        return JobProgress(
            done,
            self.total,
            stages_done,
            stages_total,
            shots_done,
            shots_total,
            bytes_moved,
            elapsed,
            eta,
            fraction,
            waiting_for,
            counted,
            self.taken,
            kept,
        )

    def fraction_run(self, fraction: float) -> float:
        """Return the part that is done of the work that had to be done, of a fraction of all."""
        return (fraction - self._taken) / (1 - self._taken) if self._taken < 1 else 1.0


def _counters(progress: Progress) -> tuple[int, ...]:
    return progress[1:6]
