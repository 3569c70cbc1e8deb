"""What a batch keeps while it runs, and takes when it begins."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ketjet.checkpoints.outcomes import KeptOutcomes
from ketjet.kept.results import KeptResults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ketjet.checkpoints.folder import CheckpointFolder
    from ketjet.engine import Outcome, Task

__all__ = ["Checkpoint"]


OUTCOMES = "outcomes"


class Checkpoint:
    """The work of a job in a folder.

    Parameters
    ----------
    path
        The folder.
    seconds
        The most seconds of work that may be lost.
    results_dir
        Where what has ended is kept instead, for other jobs too.
    folder
        What is to be closed when the job has ended.

    Raises
    ------
    OSError
        `results_dir` cannot be made.
    """

    def __init__(
        self, path: Path, seconds: float, results_dir: str | None = None, folder: CheckpointFolder | None = None
    ) -> None:
        self._path, self._folder = path, folder
        self._outcomes: KeptOutcomes | KeptResults
        if results_dir is None:
            self._outcomes = KeptOutcomes(path / OUTCOMES, seconds)
        else:
            self._outcomes = KeptResults(results_dir)

    @property
    def points(self) -> int:
        """How many circuits and points are kept."""
        return self._outcomes.points

    def take(self, tasks: Sequence[Task], go_on: Callable[[], bool]) -> tuple[list[Task], dict[int, Outcome], int]:
        """Look what is there of all tasks of the job; as `KeptResults.take`."""
        return self._outcomes.take(tasks, go_on)

    def keep(self, number: int, task: Task, outcome: Outcome) -> Outcome:
        """Keep the outcome of a task, and return that of all of it."""
        return self._outcomes.keep(number, task, outcome)

    def remove(self) -> None:
        """Delete what has been kept in the folder."""
        shutil.rmtree(self._path / OUTCOMES, ignore_errors=True)

    def close(self) -> None:
        """Let go of the folder; the job has ended."""
        if self._folder is not None:
            self._folder.close()
