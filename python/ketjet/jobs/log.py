"""What the logger `ketjet` tells of jobs and states: admitted, started, stage k of n, done.

A thread of its own follows a job, and only where level INFO is on when the job is submitted; else nothing is looked at
and nothing is formatted. A program that wants to see it calls ``logging.basicConfig(level=logging.INFO)``.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from ketjet.base.printable import printable
from ketjet.jobs.progress_bar import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ketjet.experiment import Experiment
    from ketjet.jobs.progress import JobProgress
    from ketjet.jobs.running import Running

__all__ = ["admitted", "follow", "is_read", "telling"]

logger = logging.getLogger("ketjet.job")
logging.getLogger("ketjet").addHandler(logging.NullHandler())

LOOK_SECONDS = 0.25
"""How often a job is looked at."""

LINE_SECONDS = 1.0
"""How often a line on its progress is written, at most."""


def is_read() -> bool:
    """Return whether anybody wants to see what is told here."""
    return logger.isEnabledFor(logging.INFO)


def admitted(job_id: str, experiments: Sequence[Experiment], counted: str) -> None:
    """Tell that a job fits into memory and will run; its experiments count as circuits, or whatever they are."""
    if not is_read() or not experiments:
        return
    tasks = [experiment.task for experiment in experiments]
    logger.info(
        "job %s: admitted %s; at most %d qubits and %d MiB, predicted to take %.3g s",
        job_id,
        label_of(experiments[0].header, sum(task.num_points for task in tasks), counted),
        max(task.program.num_qubits for task in tasks),
        max(experiment.peak_bytes for experiment in experiments) >> 20,
        sum(task.seconds for task in tasks),
    )


def follow(batch: Running[Any], job_id: str, header: Mapping[str, Any], counted: str) -> None:
    """Tell of a job that has been submitted, from now to its end, whose first circuit has this header."""
    if not is_read():
        return
    name = f"job {job_id}"
    with contextlib.suppress(RuntimeError):  # the system has no more threads
        threading.Thread(
            target=_tell_all, args=(batch, name, label_of(header, batch.total, counted)), name="ketjet-log", daemon=True
        ).start()


@contextlib.contextmanager
def telling(name: str) -> Iterator[Callable[[JobProgress], None] | None]:
    """Tell when something starts and ends, and give what tells of its progress; nothing if nobody listens."""
    tell, start = _teller(name), time.monotonic()
    if tell is None:
        yield None
        return
    logger.info("%s: started", name)
    try:
        yield tell
    except BaseException as error:
        logger.info("%s: failed after %.3g s: %s", name, time.monotonic() - start, printable(error))
        raise
    logger.info("%s: done after %.3g s", name, time.monotonic() - start)


def _teller(name: str) -> Callable[[JobProgress], None] | None:
    """Return what tells of the progress of something when it is called often; None if nobody listens."""
    if not is_read():
        return None
    told, told_at = 0, 0.0

    def tell(progress: JobProgress) -> None:
        nonlocal told, told_at
        now = time.monotonic()
        if 0 < progress.stages_done < progress.stages_total and progress.stages_done != told:
            if now - told_at < LINE_SECONDS:
                return
            told, told_at = progress.stages_done, now
            logger.info("%s: stage %d of %d, %s", name, progress.stages_done + 1, progress.stages_total, progress)

    return tell


def _tell_all(batch: Running[Any], name: str, label: str) -> None:
    tell, started = _teller(name), False
    while not batch.future.done():
        batch.future.wait(LOOK_SECONDS)
        if not started and batch.started():
            started = True
            logger.info("%s: started %s", name, label)
        if tell is not None:
            tell(batch.progress())
    seconds = batch.progress().elapsed
    if batch.future.cancelled():
        logger.info("%s: cancelled after %.3g s", name, seconds)
    elif (error := batch.future.exception()) is not None:
        logger.info("%s: failed after %.3g s: %s", name, seconds, printable(error))
    else:
        logger.info("%s: done after %.3g s", name, seconds)
