"""The outcomes of a job's tasks that have ended, in files: each holds those of some time, so that there are few."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from ketjet.archives.archive import read_archive, write_archive
from ketjet.base.warnings import warn
from ketjet.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ketjet.engine import Outcome, Task

__all__ = ["KeptOutcomes"]

LEAST_SECONDS = 1.0
"""Work of less is not written by itself, unless the interval is shorter."""

SHARE = 0.01
"""Nor is less than this part of the time that the job has run."""


class KeptOutcomes:
    """Outcomes of a job's tasks, which are known by their numbers.

    Parameters
    ----------
    folder
        Where they are; it is made when there is something to keep.
    seconds
        The most seconds of work that may be lost.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder, self._seconds = folder, seconds
        self._began_at = time.monotonic()
        self._points = 0  # of all tasks
        self._pending: list[tuple[int, Outcome]] = []
        self._pending_points = 0
        self._lock = threading.Lock()
        self._warned = False
        self.points = 0
        """How many circuits and points are kept."""

    def take(self, tasks: Sequence[Task], go_on: Callable[[], bool]) -> tuple[list[Task], dict[int, Outcome], int]:
        """Look what is there of all tasks of the job; as `KeptResults.take`."""
        self._points = sum([task.num_points for task in tasks])
        found: dict[int, Outcome] = {}
        for path in self._files():
            if not go_on():
                break
            try:
                kept = read_archive(path)
                found.update({number: outcome for number, outcome in kept if 0 <= number < len(tasks)})
            except (JobError, OSError, TypeError, ValueError) as error:
                _warn(f"checkpoint: what {str(path)!r} holds is computed again: {error}")
        self.points = sum([tasks[number].num_points for number in found])
        return list(tasks), found, self.points

    def keep(self, number: int, task: Task, outcome: Outcome, *, now: bool = False) -> Outcome:
        """Keep the outcome of a task, with those before it, as soon as that pays, or now; return it."""
        if outcome.failures:
            return outcome
        with self._lock:
            self._pending.append((number, outcome))
            self._pending_points += task.num_points
            work = sum([each.facts.seconds for _, each in self._pending])
            is_last = self.points + self._pending_points == self._points
            if now or is_last or work >= self._worth_writing():
                self._write()
        return outcome

    def _worth_writing(self) -> float:
        return min(self._seconds, max(LEAST_SECONDS, SHARE * (time.monotonic() - self._began_at)))

    def _write(self) -> None:
        try:
            self._folder.mkdir(exist_ok=True)
            files = self._files()
            number = int(files[-1].stem) + 1 if files else 0
            write_archive(self._folder / f"{number:06}.npz", [[*each] for each in self._pending])
        except OSError as error:
            if not self._warned:
                self._warned = True
                _warn(f"checkpoint: what has ended could not be kept, and the job goes on without: {error}.")
            return
        self.points += self._pending_points
        self._pending, self._pending_points = [], 0

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("*.npz") if path.stem.isdecimal())


def _warn(message: str) -> None:
    with contextlib.suppress(Warning):  # where warnings are errors, the result is worth more
        warn(message)
