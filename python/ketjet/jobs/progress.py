"""How far a job is: the snapshot that `job.progress()` returns, from what a task tells of itself."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketjet import faces
from ketjet.base.units import duration, size
from ketjet.engine import AMPLITUDE_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketjet.engine import Progress, Task

__all__ = [
    "JobProgress",
    "fraction_of",
    "progress_of_one",
    "seconds_left",
    "shares",
    "written_bytes",
]

MIN_PACE = 0.01
"""The part of the work that has to be done before anybody tells how long the rest takes."""


@dataclass(frozen=True)
class JobProgress:
    """One moment in the life of a job.

    Totals of stages count the circuits that have begun: a circuit is planned when its turn comes.
    """

    circuits_done: int
    """Circuits that have ended, well or not."""
    circuits_total: int
    """Circuits of the job, one for every set of bound parameters."""
    stages_done: int
    """Stages of the plans, over all circuits begun."""
    stages_total: int
    """Stages of all these plans."""
    shots_done: int
    """Shots sampled, over all circuits begun."""
    shots_total: int
    """Shots that are wanted, over all circuits."""
    bytes_moved: int
    """Memory traffic of the stages done, in bytes."""
    elapsed: float
    """Seconds since the first circuit began; 0 while the job is queued."""
    eta: float | None
    """Seconds still to go at the pace so far; None while there is no pace yet."""
    fraction: float
    """Part of the work that is done, from 0 to 1, in predicted time where that is known; it never goes back."""
    waiting_for: tuple[str, ...] = ()
    """Of a queued job: the jobs that hold the memory or the threads it needs, that with most of it first."""
    counted: str = "circuits"
    """What is counted as circuits: circuits, or the points of a primitive's pubs."""
    circuits_taken: int = 0
    """Circuits that need not run, for their results were in `results_dir`, or in a checkpoint."""
    circuits_kept: int = 0
    """Circuits whose results are in either, so that whoever runs the job again need not."""

    def __str__(self) -> str:
        if self.waiting_for:
            return f"waiting for {', '.join(self.waiting_for)}"
        parts = [f"{self.fraction:.0%}"]
        if self.circuits_total > 1:
            taken = f" ({self.circuits_taken} taken)" if self.circuits_taken else ""
            parts.append(f"{self.circuits_done}/{self.circuits_total} {self.counted}{taken}")
        parts.append(f"{self.elapsed:.1f} s")
        if self.eta:
            parts.append(f"{self.eta:.1f} s to go")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"<JobProgress: {self}>"

    def _repr_html_(self) -> str:
        told = [
            (self.counted, f"{self.circuits_done} of {self.circuits_total}"),
            ("stages", f"{self.stages_done} of {self.stages_total}"),
            ("shots", f"{self.shots_done} of {self.shots_total}"),
            ("moved", size(self.bytes_moved)),
            ("elapsed", duration(self.elapsed)),
        ]
        if self.eta is not None:
            told.append(("to go", duration(self.eta)))
        return faces.card("JobProgress", "", [str(self)], faces.progress(self.fraction, str(self)), faces.words(told))


def shares(tasks: Sequence[Task]) -> list[float]:
    """Return the part of each task in the predicted time of all; equal parts where it is not predicted for each."""
    if len(tasks) == 1:
        return [1.0]
    seconds = [task.seconds for task in tasks]
    total = sum(seconds)
    if min(seconds, default=0) > 0 and math.isfinite(total):
        return [one / total for one in seconds]
    return [1 / len(seconds)] * len(seconds) if seconds else []


def fraction_of(progress: Progress) -> float:
    """Return how much of one task is done: in predicted time, else in shots."""
    if progress.work_total:
        return min(progress.work_done / progress.work_total, 1.0)
    return progress.shots_done / progress.shots_total if progress.shots_total else 0.0


def written_bytes(task: Task, progress: Progress) -> int:
    """Return how much memory a running task has written to, at least: its first stage goes through all of a state."""
    if task.plan is None or not 0 < progress.stages_done < progress.stages_total:
        return 0
    return AMPLITUDE_BYTES[task.precision] << task.plan.num_qubits


def seconds_left(elapsed: float, fraction: float) -> float | None:
    """Return how long something will still take at its pace so far; None while so little is done that none is known."""
    return elapsed * (1 - fraction) / fraction if fraction >= MIN_PACE else None


def progress_of_one(progress: Progress, ended_at: float | None) -> JobProgress:
    """Return how far one run is, which has ended at that time, as far as it came, or goes on."""
    fraction = fraction_of(progress) if progress.stages_done < progress.stages_total or not progress.started_at else 1.0
    elapsed = (ended_at or time.time()) - progress.started_at if progress.started_at else 0.0
    eta = seconds_left(elapsed, fraction) if ended_at is None else None
    done = int(ended_at is not None)
    return JobProgress(
        done,
        1,
        progress.stages_done,
        progress.stages_total,
        progress.shots_done,
        progress.shots_total,
        progress.bytes_moved,
        elapsed,
        eta,
        fraction,
    )
