"""The job of an EstimatorGradient or a QuantumGeometricTensor: its result is of a kind of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from ketjet.jobs.primitive_job import PrimitiveJob
from ketjet.options.machine import memory_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ketjet.backend import Simulator
    from ketjet.experiment import Experiment
    from ketjet.options import SimulatorOptions

__all__ = ["GradientJob", "submitted"]


class GradientJob(PrimitiveJob):
    """A `PrimitiveJob` whose result has lists of arrays instead of pubs."""

    def _handed_over(self, result: Any) -> Any:
        return result

    def result(self, timeout: float | None = None, *, partial: bool = False, progress: bool = False) -> Any:
        """Wait for the result.

        Parameters
        ----------
        timeout, partial, progress
            As of a `PrimitiveJob`; with `partial`, what has failed is NaN, and its metadata have an ``"error"``.

        Returns
        -------
        EstimatorGradientResult or QuantumGeometricTensorResult

        Raises
        ------
        JobTimeoutError, JobCancelledError, JobFailedError, JobError
            As of a `PrimitiveJob`.
        """
        return super().result(timeout, partial=partial, progress=progress)


def submitted(
    backend: Simulator, options: SimulatorOptions, experiments: Sequence[Experiment], assemble: Callable[..., Any]
) -> GradientJob:
    """Submit a job; `assemble` makes its result from one outcome, or exception, per experiment."""
    job = GradientJob(
        backend,
        str(uuid.uuid4()),
        experiments,
        assemble,
        executor=options.executor,
        cancel_on_interrupt=options.cancel_on_interrupt,
        memory_limit=memory_limit(options),
    )
    return backend._submit(job, experiments)
