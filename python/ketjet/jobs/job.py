"""The job of a backend: circuits under way, whose end is a Qiskit Result."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from qiskit.providers import JobV1

from ketjet import engine
from ketjet.jobs.face import JobFace
from ketjet.results.result import SimulationResult, assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from qiskit.providers.backend import Backend

    from ketjet.checkpoints.checkpoint import Checkpoint
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.farm.farm import FarmOptions
    from ketjet.kept.results import KeptResults

__all__ = ["Job"]


class Job(JobFace["SimulationResult"], JobV1):
    """A simulation under way, or ended.

    Works with ``await``, ``with`` (leaving the block cancels), `concurrent.futures.wait` and `as_completed`.

    Parameters
    ----------
    backend
        The backend that made the job.
    job_id
        Its name, unique in the process.
    experiments
        What to run, one for every circuit and set of bound parameters.
    executor
        A `concurrent.futures.Executor` to run on, or options of a farm; None for ketjet's own workers.
    cancel_on_interrupt
        Whether Ctrl-C in `result` cancels the job.
    memory_limit
        Most bytes that ketjet's running circuits may hold together when one of these starts.
    results
        Where results are kept and taken from.
    _execute
        Runs one task, for tests.
    _finish
        Changes the result before anybody sees it.
    metadata
        Anything to remember with the job.
    """

    def __init__(
        self,
        backend: Backend | None,
        job_id: str,
        experiments: Sequence[Experiment] = (),
        *,
        executor: Executor | FarmOptions | None = None,
        cancel_on_interrupt: bool = True,
        memory_limit: int | None = None,
        results: KeptResults | Checkpoint | None = None,
        _execute: Callable[..., Outcome] = engine.execute,
        _finish: Callable[[SimulationResult], None] | None = None,
        **metadata: Any,
    ) -> None:
        self._name(backend, job_id, metadata)
        labels = {
            "backend_name": getattr(backend, "name", None),
            "backend_version": getattr(backend, "backend_version", None),
            "job_id": job_id,
        }
        self._set_up(
            experiments,
            partial(assemble, list(experiments), labels, time.time(), _finish),
            executor=executor,
            cancel_on_interrupt=cancel_on_interrupt,
            memory_limit=memory_limit,
            results=results,
            execute=_execute,
        )

    def _name(self, backend: Backend | None, job_id: str, metadata: dict[str, Any]) -> None:
        JobV1.__init__(self, backend, job_id, **metadata)

    def _handed_over(self, result: SimulationResult) -> SimulationResult:
        return result.warned()

    def result(
        self, timeout: float | None = None, *, partial: bool = False, progress: bool = False
    ) -> SimulationResult:
        """Wait for the result.

        Parameters
        ----------
        timeout
            Seconds to wait; None waits as long as it takes.
        partial
            If circuits have failed, or the job has been cancelled, return the result anyway, with ``success`` telling
            for each whether it has run. Of a cancelled job, final states and saved data are not kept.
        progress
            Show a progress bar meanwhile.

        Returns
        -------
        SimulationResult
            A `qiskit.result.Result`.

        Raises
        ------
        JobTimeoutError
            The time is over. The job goes on and may be asked again.
        JobCancelledError
            The job has been cancelled, and no partial result is wanted, or there is none.
        JobFailedError
            A circuit has failed; ``__cause__`` says why.
        JobError
            The job has not been submitted.
        """
        return super().result(timeout, partial=partial, progress=progress)
