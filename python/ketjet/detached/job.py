"""The job of a process of its own: a `Job` whose life is in the store, for whoever knows its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketjet.detached.store import Store
from ketjet.detached.stored_run import StoredRun
from ketjet.errors import JobError
from ketjet.jobs.job import Job

if TYPE_CHECKING:
    from concurrent.futures import Future

    from qiskit.providers.backend import Backend

    from ketjet.detached.store import JobRecord
    from ketjet.jobs.future_protocol import Waiters
    from ketjet.results import SimulationResult

__all__ = ["DetachedJob", "forget_job", "stored_job", "stored_jobs"]


class DetachedJob(Job):
    """A simulation in a process of its own; it goes on when this one ends, or forks, or leaves its ``with`` block.

    Everything else is as with any `Job`, but for Ctrl-C in `result`, which does not cancel it, and pickling, which it
    allows at any time.

    Parameters
    ----------
    backend
        Whose job it is to be here.
    store
        That has the job.
    record
        What it knows of it.
    """

    _batch: StoredRun

    def __init__(self, backend: Backend | None, store: Store, record: JobRecord) -> None:
        self._name(backend, record.job_id, {})
        self._cancel_on_interrupt = False
        self._created_at = self._submitted_at = record.created_at
        self._header = {"name": record.name}
        self._store = store
        self.record = record
        """What the store knows of it."""
        self._batch = StoredRun(store, record)

    def metrics(self) -> dict[str, Any]:
        """Return when the job reached each state, how many seconds it ran, and the most memory of its process."""
        found = super().metrics()
        found["usage"]["peak_memory_bytes"] = self._batch.peak_memory_bytes
        return found

    def __exit__(self, *_: object) -> None:
        pass

    def __reduce_ex__(self, _: Any) -> tuple[Any, ...]:
        return _job_of, (self._backend, self._store.path, self._job_id)

    def future(self) -> Future[SimulationResult]:
        """Return the job's future, for code that knows nothing of jobs; cancelling it cancels the job."""
        self._batch.future.watch()
        return self._batch.future

    @property
    def _waiters(self) -> Waiters:
        self._batch.future.watch()
        return super()._waiters


def stored_job(backend: Backend | None, job_id: str) -> DetachedJob:
    """Return a job of the user's store.

    Raises
    ------
    JobError
        The store has no job of this name.
    """
    store = Store()
    return DetachedJob(backend, store, store.find(job_id))


def stored_jobs(backend: Backend | None) -> list[DetachedJob]:
    """Return all jobs of the user's store, oldest first."""
    store = Store()
    return [DetachedJob(backend, store, record) for record in store.records()]


def forget_job(job: DetachedJob) -> None:
    """Delete a job that has ended from its store, with its result.

    Raises
    ------
    JobError
        It has not ended.
    """
    if not job.in_final_state():
        raise JobError(f"job {job.job_id()} has not ended: {job.status().name}. Cancel it first.")
    job._store.remove(job.job_id())


def _job_of(backend: Backend | None, path: Any, job_id: str) -> DetachedJob:
    """Find a job again, from a pickle."""
    store = Store(path)
    return DetachedJob(backend, store, store.find(job_id))
