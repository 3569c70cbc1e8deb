"""Runs without a job, for calls that wait for their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketjet.jobs.batch import Batch
from ketjet.jobs.promise import SLICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment

__all__ = ["run_to_end"]


def run_to_end(experiments: Sequence[Experiment], memory: int | None) -> list[Outcome]:
    """Run to the end; whatever interrupts the wait also stops the run."""
    batch: Batch[list[Any]] = Batch(
        [experiment.task for experiment in experiments],
        [experiment.peak_bytes for experiment in experiments],
        list,
        memory_limit=memory,
    )
    batch.start()
    try:
        batch.run_here(interrupt_cancels=True)
        while not batch.future.done():
            batch.future.wait(SLICE)
    except BaseException:
        batch.future.cancel()
        raise
    error = batch.future.exception()
    if error is not None:
        raise error.__cause__ or error
    return batch.future.result()
