"""Lets `concurrent.futures.wait` and `as_completed` accept jobs, and hands jobs to done-callbacks.

Both functions append a waiter to each future's list of waiters, and a finished future hands itself to them. A job
lends them its future's list through `Waiters`, so that a waiter of the job's future is handed the job instead.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ketjet.jobs import workers

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from concurrent.futures import Future

    from ketjet.jobs.promise import Promise

__all__ = ["AwaitableJob", "DoneCallback", "Waiters"]

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Waiters:
    """The list of waiters of a job's future, which reports the job instead of the future to every waiter in it."""

    def __init__(self, job: object, future: Future[Any]) -> None:
        self._job = job
        self._waiters: list[Any] = future._waiters

    def append(self, waiter: Any) -> None:
        """Tell this waiter about the job once it has ended."""
        self._waiters.append(_Waiter(waiter, self._job))

    def remove(self, waiter: Any) -> None:
        """Tell it no more."""
        self._waiters.remove(_Waiter(waiter, self._job))


class _Waiter:
    """Tells a waiter about the job whenever it would be told about the future."""

    def __init__(self, waiter: Any, job: object) -> None:
        self._waiter = waiter
        self._job = job

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Waiter) and other._waiter is self._waiter

    __hash__ = object.__hash__

    def add_result(self, _: object) -> None:
        self._waiter.add_result(self._job)

    def add_exception(self, _: object) -> None:
        self._waiter.add_exception(self._job)

    def add_cancelled(self, _: object) -> None:
        self._waiter.add_cancelled(self._job)


class DoneCallback:
    """Calls back with the job, once, and forgets it: futures keep their callbacks, and this would be a cycle.

    `before` is called first, since the callback may do anything.
    """

    def __init__(self, callback: Callable[[Any], object], job: Any, before: Callable[[], object]) -> None:
        self._pending: tuple[Callable[[Any], object], Any] | None = (callback, job)
        self._before = before

    def __call__(self, _: object) -> None:
        """Call back; what the callback raises is logged."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        callback, job = pending
        self._before()
        try:
            callback(job)
        except Exception:
            logger.exception("a done-callback of job %s raised", job.job_id())


class AwaitableJob(Generic[T]):
    """What a job needs in order to be awaited, called back, and waited for by `concurrent.futures`."""

    def result(self, timeout: float | None = None) -> T:
        """Wait for the result."""
        raise NotImplementedError

    def cancel(self) -> bool:
        """Stop the job."""
        raise NotImplementedError

    def _submitted(self) -> Promise[T]:
        """Return the job's future."""
        raise NotImplementedError

    def _watched(self) -> Promise[T]:
        """Return it to somebody who looks on, but leaves the work to others."""
        raise NotImplementedError

    def future(self) -> Future[T]:
        """Return the job's future, for code that knows nothing of jobs; cancelling it cancels the job.

        It stays pending while the job runs, so that ``cancel()`` succeeds all that time.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        return self._watched()

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """Call ``callback(job)`` once the job has ended, from whichever thread ends it, or now if it has.

        Exceptions that it raises are logged.

        Raises
        ------
        JobError
            The job has not been submitted.
        """
        self._watched().add_done_callback(DoneCallback(callback, self, workers.shared().inbox.may_take_long))

    def __await__(self) -> Generator[Any, None, T]:
        return self._result_in_loop().__await__()

    async def _result_in_loop(self) -> T:
        """Wait without blocking the event loop; cancelling the waiting task cancels the job."""
        import asyncio

        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def wake(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(ended.set)

        self._watched().add_done_callback(wake)
        try:
            await ended.wait()
        except asyncio.CancelledError:
            self.cancel()
            raise
        return self.result(0)

    # concurrent.futures.wait and as_completed use these three attributes of what they wait for.

    @property
    def _condition(self) -> Any:
        return self._watched()._condition

    @property
    def _state(self) -> str:
        future = self._submitted()
        future.tell()
        return future._state

    @property
    def _waiters(self) -> Waiters:
        return Waiters(self, self._submitted())
