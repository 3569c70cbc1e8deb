"""The process's own worker threads, and the one budget of engine threads and memory they share.

`submit` queues a call that says how many engine threads and bytes it wants; the queue is strictly first in, first
out, so several small calls run side by side, a big one gets the whole machine, and nobody starves. Workers are
daemon threads, started when there is work and gone when there has been none for a while. A future stays PENDING
while its call runs: that is what makes a running call cancellable without a race. Nothing here imports Qiskit.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Workers", "shared"]

T = TypeVar("T")

IDLE_SECONDS = 3.0
"""How long a worker without work stays alive."""

EXIT_SECONDS = 0.7
"""How long the end of the interpreter waits for stopped calls to return."""


@dataclass(eq=False)
class _Work:
    """A queued or running call and its share of the budget."""

    future: Future[Any]
    call: Callable[[], Any] | None
    stop: Callable[[], None]
    threads: int
    memory: int
    memory_limit: int | None


class Workers:
    """Daemon threads that run calls within one budget.

    Parameters
    ----------
    threads
        How many engine threads all running calls together may use; None for every core the process may use.
    idle_seconds
        How long a worker without work stays alive.
    """

    def __init__(self, threads: int | None = None, idle_seconds: float = IDLE_SECONDS) -> None:
        self._threads = threads
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._offered = threading.Condition(self._lock)  # notified once for every call that becomes ready
        self._ended = threading.Condition(self._lock)  # notified whenever a call has returned
        self._queue: deque[_Work] = deque()  # waiting for their share of the budget
        self._ready: deque[_Work] = deque()  # have their share, wait for a worker
        self._running: set[_Work] = set()  # hold their share: being computed
        self._alive = 0  # workers
        self._busy = 0  # workers that have a call in hand
        self._capacity = 0  # bytes that all calls together may hold, as last seen while none held any
        self._closed = False

    @property
    def threads(self) -> int:
        """How many engine threads all running calls together may use."""
        return self._threads or engine.machine().cores

    @property
    def held_bytes(self) -> int:
        """Memory reserved by calls that have their share of the budget."""
        with self._lock:
            return self._held_bytes()

    def free_bytes(self, measured: int) -> int:
        """Return how much memory a further call may use.

        Parameters
        ----------
        measured
            What the machine has free now. It lacks only what running calls have touched so far, hence the
            reservation of a call that has just begun is held against what was free before it began.
        """
        with self._lock:
            held = self._held_bytes()
            if held == 0:
                self._capacity = measured
            return max(min(measured, self._capacity - held), 0)

    def submit(
        self,
        call: Callable[[], T],
        *,
        threads: int = 1,
        memory: int = 0,
        memory_limit: int | None = None,
        stop: Callable[[], None] = lambda: None,
    ) -> Future[T]:
        """Queue a call.

        Parameters
        ----------
        call
            What to run, on a worker thread.
        threads
            How many engine threads it will use; more than the whole budget counts as the whole budget.
        memory
            How many bytes it will use at its peak.
        memory_limit
            Start it only while all running calls together hold no more than this.
        stop
            Makes the running call return soon. Used at the end of the interpreter.

        Returns
        -------
        Future
            Pending until the call has returned. ``cancel()`` succeeds all that time: a queued call then never
            starts, and what a running one returns is dropped.
        """
        work = _Work(Future(), call, stop, min(threads, self.threads), memory, memory_limit)
        with self._lock:
            if self._closed:
                raise RuntimeError("the interpreter is shutting down: no new simulation can start")
            self._queue.append(work)
        known = weakref.ref(work)  # a future that knew its work would be a cycle, and keep its result until the next gc
        work.future.add_done_callback(lambda _: self._forget(known()))
        self._start_what_fits()
        return work.future

    def close(self, timeout: float) -> None:
        """Cancel what is queued, stop what runs, and wait up to `timeout` seconds for it to return."""
        with self._lock:
            self._closed = True
            queued, running = [*self._queue], [*self._running]
        for work in queued:
            work.future.cancel()
        for work in running:
            work.future.cancel()
            work.stop()
        deadline = time.monotonic() + timeout
        with self._lock:
            while self._running and self._ended.wait(deadline - time.monotonic()):
                pass

    def _held_bytes(self) -> int:
        return sum([work.memory for work in self._running])

    def _fits(self, work: _Work) -> bool:
        if sum(other.threads for other in self._running) + work.threads > self.threads:
            return False
        held = self._held_bytes()
        limits = [limit for limit in (self._capacity, work.memory_limit) if limit]
        return held == 0 or work.memory == 0 or all(held + work.memory <= limit for limit in limits)

    def _start_what_fits(self) -> None:
        """Give the head of the queue its share of the budget, and a worker, as long as there is enough."""
        stranded: dict[_Work, Exception] = {}
        with self._lock:
            while self._queue and (self._queue[0].call is None or self._fits(self._queue[0])):
                work = self._queue.popleft()
                if work.call is None:  # cancelled: wake those who wait for it
                    work.future.set_running_or_notify_cancel()
                    continue
                self._running.add(work)
                self._ready.append(work)
                self._offered.notify()
                try:
                    if self._busy + len(self._ready) > self._alive:
                        self._start_worker()
                except RuntimeError as no_thread:  # the system has no more threads
                    if self._alive == 0:
                        self._running.discard(self._ready.pop())
                        stranded[work] = no_thread
        for work, error in stranded.items():
            _deliver(work.future, None, error)

    def _start_worker(self) -> None:
        threading.Thread(target=self._serve, name="ketjet-worker", daemon=True).start()
        self._alive += 1

    def _serve(self) -> None:
        """Run ready calls until there have been none for a while."""
        while (work := self._next()) is not None:
            value, raised = _outcome(work.call)
            with self._lock:
                self._running.discard(work)
                self._ended.notify_all()
            self._start_what_fits()
            _deliver(work.future, value, raised)
            del work, value, raised  # an idle worker keeps nothing alive
            with self._lock:
                self._busy -= 1

    def _next(self) -> _Work | None:
        deadline = time.monotonic() + self._idle_seconds
        with self._lock:
            while not self._ready:
                if not self._offered.wait(deadline - time.monotonic()) and not self._ready:
                    self._alive -= 1
                    return None
            self._busy += 1
            return self._ready.popleft()

    def _forget(self, work: _Work | None) -> None:
        """Let go of what a finished or cancelled call refers to; a cancelled head no longer blocks the queue."""
        if work is None:
            return
        work.call = None
        if work.future.cancelled():
            self._start_what_fits()


def _outcome(call: Callable[[], T] | None) -> tuple[T | None, BaseException | None]:
    if call is None:  # cancelled at the last moment
        return None, None
    try:
        return call(), None
    except BaseException as error:  # noqa: BLE001 - whoever waits for the call gets it
        return None, error


def _deliver(future: Future[Any], value: Any, error: BaseException | None) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)


_shared = [Workers()]


def shared() -> Workers:
    """Return the workers of this process, whose budget is every core the process may use."""
    return _shared[0]


def _leave() -> None:
    shared().close(EXIT_SECONDS)


def _begin_child() -> None:
    """Start afresh in a forked child: the parent's worker threads do not exist here."""
    _shared[0] = Workers()


atexit.register(_leave)
with contextlib.suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_begin_child)
