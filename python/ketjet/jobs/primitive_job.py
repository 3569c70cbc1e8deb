"""The job of a primitive: pubs under way, whose end is a PrimitiveResult.

Qiskit's own PrimitiveJob is not inherited: it takes a pending future for an error, has no timeout, and waits when it is
pickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.primitives import BasePrimitiveJob, PrimitiveResult
from qiskit.providers import JobStatus

from ketjet import engine
from ketjet.base.warnings import warn
from ketjet.errors import JobError
from ketjet.jobs.face import JobFace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from qiskit.primitives import PubResult
    from qiskit.providers.backend import Backend

    from ketjet.checkpoints.checkpoint import Checkpoint
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.farm.farm import FarmOptions
    from ketjet.kept.results import KeptResults

__all__ = ["PrimitiveJob"]


class PrimitiveJob(JobFace["PrimitiveResult[Any]"], BasePrimitiveJob["PrimitiveResult[Any]", JobStatus]):
    """Pubs of a primitive under way, or ended; lives as a `Job` does.

    Works with ``await``, ``with`` (leaving the block cancels), `concurrent.futures.wait` and `as_completed`.
    `progress` counts the points of all pubs, one for every circuit and set of parameter values that is simulated.

    Parameters
    ----------
    backend
        The simulator that runs it.
    job_id
        Its name, unique in the process.
    experiments
        What to run, one for every point.
    assemble
        Makes the result from one outcome, or the exception in its place, per point. A pub with an exception has no
        data fields then, and ``metadata["error"]`` says why.
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
    metadata
        Anything to remember with the job.
    """

    counted = "points"
    _has_warned = False

    def __init__(
        self,
        backend: Backend | None,
        job_id: str,
        experiments: Sequence[Experiment],
        assemble: Callable[[Sequence[Outcome | BaseException]], PrimitiveResult[Any]],
        *,
        executor: Executor | FarmOptions | None = None,
        cancel_on_interrupt: bool = True,
        memory_limit: int | None = None,
        results: KeptResults | Checkpoint | None = None,
        _execute: Callable[..., Outcome] = engine.execute,
        **metadata: Any,
    ) -> None:
        self._name(backend, job_id, metadata)
        self._set_up(
            experiments,
            assemble,
            executor=executor,
            cancel_on_interrupt=cancel_on_interrupt,
            memory_limit=memory_limit,
            results=results,
            execute=_execute,
        )

    def _name(self, backend: Backend | None, job_id: str, metadata: dict[str, Any]) -> None:
        BasePrimitiveJob.__init__(self, job_id, **metadata)
        self._backend = backend

    def _handed_over(self, result: PrimitiveResult[Any]) -> PrimitiveResult[Any]:
        """Return the result, the first time with a warning if states have not kept their norm."""
        if not self._has_warned:
            self._has_warned = True
            told = {index: drift for index, pub in enumerate(result) if (drift := _drift_of(pub))}
            if told:
                pubs = ", ".join(map(str, list(told)[:5]))
                warn(f"pub {pubs}{', ...' if len(told) > 5 else ''}: {next(iter(told.values()))}.")
        return result

    def backend(self) -> Backend:
        """Return the simulator that runs the job.

        Raises
        ------
        JobError
            It was made without one.
        """
        if self._backend is None:
            raise JobError(f"job {self._job_id} does not have any backend.")
        return self._backend

    def result(
        self, timeout: float | None = None, *, partial: bool = False, progress: bool = False
    ) -> PrimitiveResult[Any]:
        """Wait for the result.

        Parameters
        ----------
        timeout
            Seconds to wait; None waits as long as it takes.
        partial
            If pubs have failed, or the job has been cancelled, return the result anyway; ``metadata["error"]`` of such
            a pub says why, and it has no data fields. A pub of which some points had ended when the job was cancelled
            has their data: ``metadata["finished"]`` is an array of its shape that tells which. The values of the others
            are NaN, and they have no counts.
        progress
            Show a progress bar meanwhile.

        Returns
        -------
        PrimitiveResult
            One entry for each pub.

        Raises
        ------
        JobTimeoutError
            The time is over. The job goes on and may be asked again.
        JobCancelledError
            The job has been cancelled.
        JobFailedError
            A pub has failed; ``__cause__`` says why.
        JobError
            The job has not been submitted.
        """
        return super().result(timeout, partial=partial, progress=progress)


def _drift_of(pub: PubResult) -> str:
    """Return what there is to say of the norms of a pub's states."""
    told = pub.metadata.get("simulator_metadata")
    return engine.drift_of(told["norm_error"], told["precision"]) if told and "norm_error" in told else ""
