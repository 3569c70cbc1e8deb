"""The results in a folder: what is there of some tasks is taken, and what they give is kept."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ketjet.base.warnings import warn
from ketjet.engine import joined
from ketjet.kept.files import read, read_points, write
from ketjet.kept.keys import KEY_BYTES, group_of, points_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ketjet.engine import Outcome, Task

__all__ = ["KeptResults"]


class KeptResults:
    """The results of one job in a folder, of which others may use the same at the same time.

    What a file holds that is torn, foreign or of another format is not used.

    Parameters
    ----------
    folder
        Its path; it is made if it is missing.

    Raises
    ------
    OSError
        It cannot be made.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder).absolute()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, dict[bytes, tuple[Path, int]]] = {}  # by group, then by key: the file and the row
        self._read: tuple[Path, Outcome] | None = None  # the last one
        self._taken: dict[int, tuple[Task, dict[int, Outcome]]] = {}  # of tasks of which some points are missing
        self._failed = threading.Event()
        self.points = 0
        """How many circuits and points of the job are kept."""

    def take(self, tasks: Sequence[Task], go_on: Callable[[], bool]) -> tuple[list[Task], dict[int, Outcome], int]:
        """Look what is there of some tasks.

        Parameters
        ----------
        tasks
            Those of the job.
        go_on
            Whether anybody still wants to know.

        Returns
        -------
        left : list of Task
            What there is to do of each.
        found : dict
            The outcomes of those of which nothing is, by number.
        points : int
            How many points are there in all.
        """
        left, found, points = list(tasks), {}, 0
        for number, task in enumerate(tasks):
            if not go_on():
                break
            parts = self._parts(task)
            points += len(parts)
            if len(parts) == task.num_points:
                found[number] = _put_together(task, [parts[point] for point in range(task.num_points)])
            elif parts:
                missing = [point for point in range(task.num_points) if point not in parts]
                left[number] = _only(task, missing)
                self._taken[number] = task, parts
        self._read = None
        self.points = points
        return left, found, points

    def keep(self, number: int, task: Task, outcome: Outcome) -> Outcome:
        """Keep what was missing of a task, and return the outcome of all of it."""
        self._write(task, outcome)
        if number not in self._taken:
            return outcome
        whole, parts = self._taken.pop(number)
        missing = [point for point in range(whole.num_points) if point not in parts]
        failures = {missing[point]: error for point, error in outcome.failures.items()}
        parts |= {point: outcome.at_point(row) for row, point in enumerate(missing)}
        every = [parts[point] for point in range(whole.num_points)]
        return _put_together(whole, every)._replace(failures=failures, stage_seconds=outcome.stage_seconds)

    def close(self) -> None:
        """Do nothing: the folder is everybody's."""

    def _parts(self, task: Task) -> dict[int, Outcome]:
        """Return what is there of a task, point by point."""
        group = group_of(task)
        files = self._files_of(group)
        places = [(point, files[key]) for point, key in enumerate(points_of(task)) if key in files]
        found = {}
        for point, (path, row) in places:
            outcome = self._outcome_in(path, group)
            if outcome is not None:
                part = outcome.at_point(row)
                found[point] = part._replace(facts=part.facts._replace(taken=True))
        return found

    def _files_of(self, group: str) -> dict[bytes, tuple[Path, int]]:
        if group not in self._files:
            self._files[group] = found = {}
            for path in sorted((self._folder / group).glob("*.npz")):
                found.update({key: (path, row) for row, key in enumerate(_points_in(path, group))})
        return self._files[group]

    def _outcome_in(self, path: Path, group: str) -> Outcome | None:
        if self._read is None or self._read[0] != path:
            try:
                self._read = path, read(path, group)
            except Exception:  # noqa: BLE001 - it is not used, whatever is wrong with it
                return None
        return self._read[1]

    def _write(self, task: Task, outcome: Outcome) -> None:
        keys = points_of(task)
        if outcome.failures:
            rows = [row for row in range(len(keys)) if row not in outcome.failures]
            if not rows:
                return
            keys, outcome = [keys[row] for row in rows], joined([outcome.at_point(row) for row in rows], outcome.facts)
        group, points = group_of(task), np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY_BYTES)
        path = self._folder / group / f"{hashlib.sha256(points.tobytes()).hexdigest()[:32]}.npz"
        try:
            path.parent.mkdir(exist_ok=True)
            write(path, group, points, outcome)
            self.points += len(keys)
        except OSError as error:
            if not self._failed.is_set():
                self._failed.set()
                with contextlib.suppress(Warning):  # where warnings are errors, the result is worth more
                    warn(f"results_dir: a result could not be kept, and others may not be: {error}.")


def _points_in(path: Path, group: str) -> list[bytes]:
    try:
        return read_points(path, group)
    except Exception:  # noqa: BLE001 - it is not used, whatever is wrong with it
        return []


def _only(task: Task, points: Sequence[int]) -> Task:
    """Return a task of some of its points."""
    own = task.points
    assert own is not None
    rows = np.array(points)
    some = own._replace(slots=own.slots[rows], fingerprints=own.fingerprints[rows], occurrences=own.occurrences[rows])
    return task._replace(points=some, seconds=task.seconds * len(points) / task.num_points)


def _put_together(task: Task, parts: Sequence[Outcome]) -> Outcome:
    """Return the outcome of a task from those of its points."""
    if task.points is None:
        return parts[0]
    worst = max(parts, key=lambda part: part.facts.norm_error)
    seconds = sum([part.facts.seconds for part in parts])
    samples = sum([part.facts.sample_seconds for part in parts])
    taken = all(part.facts.taken for part in parts)
    return joined(parts, worst.facts._replace(seconds=seconds, sample_seconds=samples, taken=taken))
