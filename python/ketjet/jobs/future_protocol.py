"""Lets `concurrent.futures.wait` and `as_completed` accept jobs, and hands jobs to done-callbacks.

Both functions append a waiter to each future's list of waiters, and a finished future hands itself to them. A job
lends them its future's list through `Waiters`, so that a waiter of the job's future is handed the job instead.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = ["DoneCallback", "Waiters"]

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
