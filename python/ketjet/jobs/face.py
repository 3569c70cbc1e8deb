"""The face of a job: an honest future with Qiskit's methods, the same for circuits and for pubs of a primitive.

A job is submitted once, may be asked anything from any thread at any time without blocking, can be cancelled while
its kernels run, and ends in exactly one of DONE, ERROR and CANCELLED. The running itself is Batch's; this file only
waits, reports, and turns the batch's future into what Qiskit users, asyncio and concurrent.futures expect.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import pickle
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from qiskit.providers import JobStatus

from ketjet import faces
from ketjet.errors import JobCancelledError, JobError, JobFailedError, JobTimeoutError
from ketjet.jobs import log
from ketjet.jobs.batch import Batch
from ketjet.jobs.future_protocol import AwaitableJob
from ketjet.jobs.progress_bar import ProgressBar, label_of
from ketjet.jobs.promise import SLICE, Promise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor, Future

    from qiskit.providers.backend import Backend

    from ketjet.checkpoints.checkpoint import Checkpoint
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.farm.farm import FarmOptions
    from ketjet.jobs.progress import JobProgress
    from ketjet.jobs.running import Running
    from ketjet.kept.results import KeptResults

    Show = Callable[[JobProgress], None]

__all__ = ["JobFace"]

Self = TypeVar("Self", bound="JobFace[Any]")
T = TypeVar("T")

FINAL = (JobStatus.DONE, JobStatus.CANCELLED, JobStatus.ERROR)


class JobFace(AwaitableJob[T]):
    """What every job can be asked, around the batch of its tasks; a class of Qiskit's joins it with a name.

    Works with ``await``, ``with`` (leaving the block cancels), `concurrent.futures.wait` and `as_completed`.
    """

    counted: ClassVar[str] = "circuits"
    """What its tasks are to users."""
    metadata: dict[str, Any]
    _backend: Backend | None
    _job_id: str
    _batch: Running[T]

    def _set_up(
        self,
        experiments: Sequence[Experiment],
        assemble: Callable[[Sequence[Outcome | BaseException]], T],
        *,
        executor: Executor | FarmOptions | None,
        cancel_on_interrupt: bool,
        memory_limit: int | None,
        results: KeptResults | Checkpoint | None,
        execute: Callable[..., Outcome],
    ) -> None:
        """Make the batch of a new job; `assemble` makes the result from one outcome, or exception, per experiment."""
        self._cancel_on_interrupt = cancel_on_interrupt
        self._created_at = time.time()
        self._submitted_at: float | None = None
        self._header: Mapping[str, Any] = experiments[0].header if experiments else {}
        self._batch = Batch(
            [experiment.task for experiment in experiments],
            [experiment.peak_bytes for experiment in experiments],
            assemble,
            executor=executor,
            memory_limit=memory_limit,
            results=results,
            owner=self._job_id,
            counted=self.counted,
            execute=execute,
        )

    def _name(self, backend: Backend | None, job_id: str, metadata: dict[str, Any]) -> None:
        """Give a job that comes from a pickle what Qiskit's constructor gives it."""
        raise NotImplementedError

    def _handed_over(self, result: T) -> T:
        """Return the result as somebody gets it who has asked for it."""
        raise NotImplementedError

    # What happens to a job

    def submit(self) -> None:
        """Hand the job to its workers; returns at once.

        Raises
        ------
        JobError
            The job has been submitted before.
        """
        if self._submitted_at is not None:
            raise JobError(f"job {self._job_id} has already been submitted; run the circuit again for another job.")
        self._submitted_at = time.time()
        try:
            self._batch.start()
            log.follow(self._batch, self._job_id, self._header, self.counted)
        except BaseException:
            self._batch.future.cancel()
            raise

    def cancel(self) -> bool:
        """Stop the job, queued or running.

        Returns
        -------
        bool
            True if and only if `result` raises `JobCancelledError` from now on; False if the job had ended before.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        return self._submitted().cancel()

    def __enter__(self: Self) -> Self:  # noqa: PYI019 - typing.Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        if self._submitted_at is not None:
            self.cancel()

    # What one may ask without waiting

    def status(self) -> JobStatus:
        """Return the status; never blocks.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        future = self._watched()
        if future.done():
            if future.cancelled():
                return JobStatus.CANCELLED
            return JobStatus.DONE if future.exception() is None else JobStatus.ERROR
        return JobStatus.RUNNING if self._batch.started() else JobStatus.QUEUED

    def done(self) -> bool:
        """Return whether the job has ended well.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        return self.status() is JobStatus.DONE

    def running(self) -> bool:
        """Return whether the job has begun and goes on.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        return self.status() is JobStatus.RUNNING

    def cancelled(self) -> bool:
        """Return whether the job has been cancelled.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        return self.status() is JobStatus.CANCELLED

    def in_final_state(self) -> bool:
        """Return whether the job has ended: well, with an error, or cancelled.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        return self.status() in FINAL

    def errored(self) -> bool:
        """Return whether the job has failed.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        return self.status() is JobStatus.ERROR

    def error_message(self) -> str | None:
        """Return why the job has failed, or None if it has not.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        return str(self._submitted().exception()) if self.errored() else None

    def progress(self) -> JobProgress:
        """Return how far the job is; never blocks.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        self._watched()
        return self._batch.progress()

    @property
    def creation_date(self) -> dt.datetime:
        """When the job was made, in local time."""
        return _local_time(self._created_at)

    def metrics(self) -> dict[str, Any]:
        """Return when the job reached each state, as ISO times or None, and how many seconds it ran."""
        batch = self._batch
        times = {
            "created": self._created_at,
            "submitted": self._submitted_at,
            "running": batch.started_at,
            "finished": batch.ended_at,
        }
        running = (batch.ended_at or time.time()) - batch.started_at if batch.started_at else 0.0
        return {
            "timestamps": {name: at and _local_time(at).isoformat() for name, at in times.items()},
            "usage": {"seconds": running},
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._job_id}: {self._summary()}>"

    def _repr_html_(self) -> str:
        bar = "" if self._submitted_at is None else faces.progress(self._batch.progress().fraction, self._summary())
        return faces.card(type(self).__name__, self._job_id, [self._summary()], bar)

    def _summary(self) -> str:
        if self._submitted_at is None:
            return "INITIALIZING"
        status = self.status()
        if status is JobStatus.ERROR:
            return f"{status.name}, {self.error_message()}"
        name: str = status.name
        progress = self._batch.progress()
        return name if status is JobStatus.QUEUED and not progress.waiting_for else f"{name}, {progress}"

    # Waiting

    def result(self, timeout: float | None = None, *, partial: bool = False, progress: bool = False) -> T:
        """Wait for the result; see the classes of jobs."""
        future, cancels = self._submitted(), self._cancel_on_interrupt
        try:
            label = label_of(self._header, self._batch.total, self.counted) if progress else ""
            with ProgressBar(label) if progress else contextlib.nullcontext() as bar:
                self._wait(timeout, bar.show if bar else None, interrupt_cancels=cancels)
        except KeyboardInterrupt:
            if cancels:
                self.cancel()
            raise
        if partial and (ended := self._batch.value_of_ended()) is not None:
            return self._handed_over(ended)
        error = self._error_of(future)
        if error is None:
            return self._handed_over(future.result())
        again = JobFailedError(error.message)  # raising one object twice would grow its traceback
        again.partial_result = error.partial_result
        raise again from error.__cause__

    def exception(self, timeout: float | None = None) -> JobFailedError | None:
        """Wait for the end and return the error of a failed job, or None.

        Raises
        ------
        JobTimeoutError
            The time is over.
        JobCancelledError
            The job has been cancelled.
        JobError
            The job has not been submitted.
        """
        future = self._submitted()
        self._wait(timeout)
        return self._error_of(future)

    def _error_of(self, ended: Future[T]) -> JobFailedError | None:
        """Return the error of the job's future, which has ended."""
        try:
            error = ended.exception()
        except concurrent.futures.CancelledError:
            raise JobCancelledError(f"job {self._job_id} has been cancelled.") from None
        if error is None or isinstance(error, JobFailedError):
            return error
        raise error

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float = 5,
        callback: Callable[[str, JobStatus, Any], object] | None = None,
    ) -> None:
        """Wait until the job has ended; returns as soon as it has.

        Parameters
        ----------
        timeout
            Seconds to wait; None waits as long as it takes.
        wait
            Seconds between calls of the callback while the status stays the same.
        callback
            Called as ``callback(job_id, status, job)`` at first, on every change of status, every `wait` seconds,
            and with the final status. What it raises is raised here.

        Raises
        ------
        JobTimeoutError
            The time is over.
        JobError
            The job has not been submitted.
        """
        self._submitted()
        if callback is None:
            self._wait(timeout)
            return
        deadline = None if timeout is None else time.monotonic() + timeout
        told, told_at = None, 0.0
        while True:
            status, now = self.status(), time.monotonic()
            if status is not told or now - told_at >= wait:
                callback(self._job_id, status, self)
                told, told_at = status, now
            if status in FINAL:
                return
            pause = min(SLICE, max(told_at + wait - time.monotonic(), 0.01))
            if not self._pause(pause, deadline):
                raise self._timeout_error(timeout)

    def _wait(self, timeout: float | None, show: Show | None = None, *, interrupt_cancels: bool = False) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        self._batch.run_here(interrupt_cancels=interrupt_cancels)
        while not self._batch.future.done():
            if show is not None:
                show(self._batch.progress())
            if not self._pause(SLICE, deadline):
                raise self._timeout_error(timeout)
        if show is not None:
            show(self._batch.progress())

    def _pause(self, seconds: float, deadline: float | None) -> bool:
        """Sleep until the job ends, `seconds` pass or the deadline comes; return whether there is time left."""
        left = float("inf") if deadline is None else deadline - time.monotonic()
        return self._batch.future.wait(max(min(seconds, left), 0)) or left > seconds

    def _timeout_error(self, timeout: float | None) -> JobTimeoutError:
        return JobTimeoutError(
            f"job {self._job_id} has not ended within {timeout} s: {self._summary()}. It goes on; ask again later."
        )

    def forget_in(self, jobs: dict[str, Any]) -> None:
        """Take this job out of a dictionary of jobs once it has ended."""
        job_id = self._job_id
        self._submitted().at_end(partial(jobs.pop, job_id, None))

    # Copies

    def __reduce_ex__(self, _: Any) -> tuple[Any, ...]:
        if self._submitted_at is None or not self.in_final_state():
            raise TypeError(
                f"job {self._job_id} has not ended, so it cannot be copied or pickled; wait for job.result() first."
            )
        batch, future = self._batch, self._batch.future
        error = None if future.cancelled() else future.exception()
        failure = None if error is None else (str(error), _picklable(error.__cause__))
        ending = (future.cancelled(), failure, batch.value_of_ended())
        times = (self._created_at, self._submitted_at, batch.started_at, batch.ended_at)
        return _ended_job, (type(self), self._backend, self._job_id, self.metadata, ending, times)

    def _submitted(self) -> Promise[T]:
        """Return the batch's future; every accessor passes here, for there is nothing to ask before `submit`."""
        if self._submitted_at is None:
            raise JobError(f"job {self._job_id} has not been submitted yet: call job.submit() first.")
        return self._batch.future

    def _watched(self) -> Promise[T]:
        """Return the future to somebody who looks on, but leaves the work to others."""
        future = self._submitted()
        self._batch.hurry()
        return future


def _local_time(at: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(at).astimezone()


def _picklable(error: BaseException | None) -> BaseException | None:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - pickling may raise anything
        return None
    return error


def _ended_job(
    kind: type[Self], backend: Backend | None, job_id: str, metadata: dict[str, Any], ending: Any, times: Any
) -> Self:
    """Rebuild an ended job, from a pickle."""
    cancelled, failure, value = ending
    error = None
    if failure is not None:
        error = JobFailedError(failure[0])
        error.__cause__, error.partial_result = failure[1], value
    job = kind.__new__(kind)
    job._name(backend, job_id, metadata)
    batch: Batch[Any] = Batch([], [], lambda _: value, counted=kind.counted)
    job._cancel_on_interrupt, job._header, job._batch = True, {}, batch
    job._created_at, job._submitted_at, batch.started_at, batch.ended_at = times
    batch.close(value, cancelled=cancelled, error=error)
    return job
