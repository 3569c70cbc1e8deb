"""The job of an EstimatorGradient or a QuantumGeometricTensor: its result is of a kind of its own."""

from __future__ import annotations

from typing import Any

from ketjet.jobs.primitive_job import PrimitiveJob

__all__ = ["GradientJob"]


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
