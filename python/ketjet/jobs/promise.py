"""A future whose end is decided in one step that nothing can interrupt.

A `Future` decides under a lock, in several steps; a signal handler that interrupts these on the same thread, and
cancels or waits, would find it half ended. Here one operation on a dictionary decides, and whoever comes by makes it
known: the waiters are told once, the callbacks are called once, and who asks needs no lock.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import threading
import time
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SLICE", "Promise"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

SLICE = 0.1
"""Longest uninterrupted wait in seconds: an end that came between looking and waiting is seen after it, and where
signals do not end a wait, Ctrl-C."""


class _End(NamedTuple):
    """What a promise comes to; `state` in the words of `Future`."""

    state: str
    value: Any = None
    error: BaseException | None = None


_CANCELLED = _End("CANCELLED_AND_NOTIFIED")


class Promise(Future[T]):
    """A future that may be asked, waited for, cancelled and kept by anybody at any moment, signal handlers included.

    It is pending until `cancel` or `deliver` is called for the first time, hence can be cancelled all that time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[Callable[[], object]] = []  # at the end, before all callbacks
        self._stepping: set[int] = set()  # threads that take them
        self._done_callbacks: list[Callable[[Future[T]], object]] = []
        self._decided: dict[str, _End] = {}
        self._told: dict[int, object] = {}  # waiters, by identity

    def cancel(self) -> bool:
        """Return whether nothing will ever be delivered, from now on."""
        end = self._decided.setdefault("end", _CANCELLED)
        self.tell()
        return end is _CANCELLED

    def deliver(self, value: T | None, error: BaseException | None = None) -> bool:
        """Keep the promise with a value or an error, and return whether nobody was faster."""
        offered = _End("FINISHED", value, error)
        end = self._decided.setdefault("end", offered)
        self.tell()
        return end is offered

    def done(self) -> bool:
        """Return whether it is cancelled or kept."""
        return bool(self._decided)

    def cancelled(self) -> bool:
        """Return whether it is cancelled."""
        return self._decided.get("end") is _CANCELLED

    def running(self) -> bool:
        """Return False: it is pending as long as it can be cancelled."""
        return False

    def result(self, timeout: float | None = None) -> T:
        """Wait for the value; see `Future.result`."""
        error = self.exception(timeout)
        try:
            if error is not None:
                raise error
            return cast("T", self._decided["end"].value)
        finally:
            del self, error  # an error that knew this frame would be a cycle

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end and return the error, if any; see `Future.exception`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._decided:
            left = SLICE if deadline is None else min(deadline - time.monotonic(), SLICE)
            if left <= 0:
                raise concurrent.futures.TimeoutError
            with self._condition:
                if not self._decided:
                    self._condition.wait(left)
        end = self._decided["end"]
        if end is _CANCELLED:
            raise CancelledError
        return end.error

    def wait(self, seconds: float) -> bool:
        """Wait for the end so long at most, and return whether it has come."""
        with contextlib.suppress(CancelledError, concurrent.futures.TimeoutError):
            self.exception(seconds)
        return self.done()

    def add_done_callback(self, fn: Callable[[Future[T]], object]) -> None:
        """Call ``fn(self)`` at the end, or now; see `Future.add_done_callback`."""
        self._done_callbacks.append(fn)
        self.tell()

    def at_end(self, step: Callable[[], object]) -> None:
        """Take a step at the end, or now; one that Ctrl-C breaks off is taken again by whoever comes by."""
        self._steps.append(step)
        self.tell()

    def tell(self) -> None:
        """Make the end known to all who have not heard of it."""
        end = self._decided.get("end")
        if end is None:
            return
        with self._condition:
            if self._state == "PENDING":
                for waiter in list(self._waiters):
                    if self._told.setdefault(id(waiter), token := object()) is token:
                        _tell(waiter, self, end)
                self._result, self._exception = end.value, end.error
                self._state = end.state
                self._condition.notify_all()
        self._take_steps()
        while self._done_callbacks:
            with contextlib.suppress(IndexError):  # somebody else has called it
                self._call(partial(self._done_callbacks.pop(0), self))

    def _take_steps(self) -> None:
        here = threading.get_ident()
        if not self._steps or here in self._stepping:  # a step may come by here once more
            return
        try:
            self._stepping.add(here)
            for step in self._steps[:]:
                self._call(step)
                with contextlib.suppress(ValueError):  # somebody else has taken it
                    self._steps.remove(step)
        finally:
            self._stepping.discard(here)

    def _call(self, callback: Callable[[], object]) -> None:
        try:
            callback()
        except Exception:
            logger.exception("a callback of %r raised", self)


def _tell(waiter: Any, promise: Promise[Any], end: _End) -> None:
    if end is _CANCELLED:
        waiter.add_cancelled(promise)
    elif end.error is not None:
        waiter.add_exception(promise)
    else:
        waiter.add_result(promise)
