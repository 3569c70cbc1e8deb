"""Running a job in the process that it has for itself."""

from __future__ import annotations

import dataclasses
import resource
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from ketjet.archives.archive import write_archive
from ketjet.archives.given import read_given
from ketjet.archives.kept_errors import kept_error
from ketjet.checkpoints.checkpoint import Checkpoint
from ketjet.detached.folder import end_of
from ketjet.jobs.batch import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketjet.detached.folder import JobFolder
    from ketjet.detached.store import JobRecord
    from ketjet.engine import Outcome

__all__ = ["run"]

LOOK_SECONDS = 0.05
"""How often it is looked whether somebody has cancelled the job."""

TELL_SECONDS = 0.2
"""How often its progress is told."""


def run(record: JobRecord, folder: JobFolder) -> None:
    """Run a job to its end, or until somebody cancels it, and write down what came of it."""
    given = read_given(folder.given)
    experiments = given.experiments
    checkpoint = Checkpoint(folder.path, given.checkpoint_seconds, given.results_dir)
    batch = Batch(
        [experiment.task for experiment in experiments],
        [experiment.peak_bytes for experiment in experiments],
        partial(_keep, folder),
        memory_limit=record.bytes or None,
        results=checkpoint,
        owner=record.job_id,
    )
    del experiments, given
    try:
        _wait(batch, folder)
    except BaseException:  # this process is asked to end
        batch.future.cancel()
        batch.value_of_ended()
        raise
    if batch.future.cancelled():
        if folder.path.exists():
            batch.value_of_ended()  # which keeps it
        return
    error = batch.future.exception()
    end = end_of("DONE", ended_at=batch.ended_at, peak_memory_bytes=_peak_memory())
    if error is not None:
        cause = error.__cause__
        end |= {"status": "ERROR", "message": str(error), "error": None if cause is None else kept_error(cause)}
    if folder.decide(end)["status"] == "DONE":
        checkpoint.remove()


def _wait(batch: Batch[Any], folder: JobFolder) -> None:
    """Run a batch to its end, or until somebody cancels the job, and tell how far it is."""
    batch.start()
    batch.run_here()
    told_at = 0.0
    while not batch.future.wait(LOOK_SECONDS):
        if (now := time.monotonic()) - told_at >= TELL_SECONDS:
            _tell(batch, folder)
            told_at = now
        if folder.is_over():
            batch.future.cancel()
    _tell(batch, folder)


def _keep(folder: JobFolder, outcomes: Sequence[Outcome | BaseException]) -> bool:
    """Write what came out; the value of the batch is that it has been."""
    ended = list(outcomes)
    try:
        write_archive(folder.result, ended)
    except OSError as error:
        raise OSError(error.errno, f"the result could not be written: {error.strerror}", str(folder.result)) from error
    return True


def _tell(batch: Batch[Any], folder: JobFolder) -> None:
    progress = dataclasses.asdict(batch.progress())
    folder.tell({**progress, "started_at": batch.started_at})


def _peak_memory() -> int:
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kibibytes * (1 if sys.platform == "darwin" else 1024)
