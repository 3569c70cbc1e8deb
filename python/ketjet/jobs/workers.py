"""The process's own workers, which run calls under one budget of engine threads and memory.

`submit` queues a call that says how many engine threads and bytes it wants; the queue is first in, first out, so
several small calls run side by side, a big one gets the whole machine, and nobody starves. Behind a call that keeps its
share for long, an idle worker lets others start as far as the budget allows it. Whoever wants something posts it to the
workers' inbox and goes on: workers alone take the lock, so a signal handler may submit, ask, cancel and wait whatever
its thread was doing. A promise stays pending while its call runs: that is what makes a running call cancellable without
a race. Nothing here imports Qiskit.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import threading
import time
import weakref
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ketjet import engine
from ketjet.jobs.budget import LIGHT_PATIENCE_SECONDS, Budget, Work
from ketjet.jobs.inbox import IDLE_SECONDS, Inbox
from ketjet.jobs.per_process import PerProcess
from ketjet.jobs.promise import Promise

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Workers", "shared"]

T = TypeVar("T")

EXIT_SECONDS = 0.7
"""How long the end of the interpreter waits for stopped calls to return."""

CLOSING_SECONDS = 0.002
"""How often it looks whether they have."""

WATCH_SECONDS = 0.1
"""How often somebody who watches a call that he waits for is asked to."""


class Workers:
    """Daemon threads that run calls within one budget.

    Parameters
    ----------
    threads
        How many engine threads all running calls together may use; None for every core the process may use.
    idle_seconds
        How long a worker without work stays alive.
    measure
        Tells how much memory the machine has free, and by which limit; None for `engine.available_memory`.
    """

    def __init__(
        self,
        threads: int | None = None,
        idle_seconds: float = IDLE_SECONDS,
        measure: Callable[[], tuple[int, str]] | None = None,
    ) -> None:
        self._measure = measure
        self._lock = threading.Lock()  # of the three below
        self._queue: deque[Work] = deque()  # waiting for their share of the budget
        self._budget = Budget(threads)
        self._running = self._budget.running  # hold their share: being computed
        self._closed = False
        self.inbox = Inbox(idle_seconds, self._queue, self._look)
        """What the workers are to do soon, outside the budget."""

    @property
    def threads(self) -> int:
        """How many engine threads all running calls together may use."""
        return self._budget.threads

    @property
    def held_bytes(self) -> int:
        """Memory reserved by calls that have their share of the budget."""
        return self._budget.held_bytes

    def free_bytes(self, measured: int) -> int:
        """Return how much memory a further call may use, of so much that the machine had free a moment ago."""
        return self._budget.free_bytes(measured)

    def free_memory(self) -> tuple[int, str]:
        """Return how much memory a further call may use by what the machine has free now, and the limit that says so.

        What has become free elsewhere while calls run is found then.
        """
        touched = self._budget.touched_bytes
        measured, rule = self._measure() if self._measure else engine.available_memory()
        return self._budget.free_bytes(measured, touched), rule

    def waits_for(self, owner: object) -> list[object]:
        """Return the owners of the calls that hold what the waiting ones of `owner` need, the greatest first."""
        return self._budget.waits_for(owner, self._queue)

    def submit(
        self,
        call: Callable[[], T],
        *,
        threads: int = 1,
        memory: int = 0,
        memory_limit: int | None = None,
        seconds: float = math.inf,
        owner: object = None,
        touched: Callable[[], int] = lambda: 0,
        grown: Callable[[], int] = lambda: 0,
        stop: Callable[[], None] = lambda: None,
    ) -> Promise[T]:
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
        seconds
            How long it is predicted to run.
        owner
            Whose calls it is one of; None if it stands alone.
        touched
            Tells how many of these bytes it has written to by now, at least.
        grown
            Tells how many bytes it has been given while it runs, which may be more.
        stop
            Makes the running call return soon. Used at the end of the interpreter.

        Returns
        -------
        Promise
            Pending until the call has returned. ``cancel()`` succeeds all that time: a queued call then never
            starts, and what a running one returns is dropped.
        """
        if self._closed:
            raise RuntimeError("the interpreter is shutting down: no new simulation can start")
        promise: Promise[T] = Promise()
        threads, owner = min(threads, self.threads), promise if owner is None else owner
        work = Work(
            promise, call, stop, threads, memory, memory_limit, seconds, owner, touched, grown, time.monotonic()
        )
        known = weakref.ref(work)  # a future that knew its work would be a cycle, and keep its result until the next gc
        promise.add_done_callback(lambda _: self._forget(known()))
        try:
            self.inbox.post(partial(self._enqueue, work))
        except RuntimeError as no_thread:
            promise.deliver(None, no_thread)
        return promise

    def run(
        self,
        call: Callable[[], T],
        *,
        stop: Callable[[], None] = lambda: None,
        watch: Callable[[], object] | None = None,
        **share: Any,
    ) -> T:
        """Run a call and wait for it; Ctrl-C, or whatever else interrupts the wait, stops it and waits for its end.

        Parameters
        ----------
        call, stop, share
            As for `submit`.
        watch
            Called on this thread every WATCH_SECONDS meanwhile, and at the end.
        """
        begun, ended = threading.Event(), threading.Event()

        def watched() -> T:
            begun.set()
            try:
                return call()
            finally:
                ended.set()

        future = self.submit(watched, stop=stop, **share)
        try:
            while watch is not None and not future.done():
                future.wait(WATCH_SECONDS)
                watch()
            return future.result()
        except BaseException:
            stop()
            if future.cancel() and begun.is_set():
                ended.wait()
            raise

    def aside(self, call: Callable[[], T]) -> T:
        """Let a worker make a call outside the budget and wait for it; what interrupts the wait leaves it behind."""
        promise: Promise[T] = Promise()

        def make() -> None:
            self.inbox.want_listener()
            promise.deliver(*_outcome(call))

        try:
            self.inbox.post(make)
        except RuntimeError:  # there is no thread for it
            return call()
        return promise.result()

    def close(self, timeout: float) -> None:
        """Cancel what is queued, stop what runs, and wait up to `timeout` seconds for it to return."""
        self._closed = True
        for work in list(self._queue):
            work.promise.cancel()
        for work in list(self._running):
            work.promise.cancel()
            work.stop()
        deadline = time.monotonic() + timeout
        while self._running and time.monotonic() < deadline:
            time.sleep(CLOSING_SECONDS)

    def _enqueue(self, work: Work) -> None:
        with self._lock:
            self._queue.append(work)
        self._start_what_fits()

    def _start_what_fits(self) -> None:
        """Give the head of the queue its share of the budget, and a worker, as long as there is enough."""
        with self._lock:
            while self._queue and (self._queue[0].call is None or self._closed or self._budget.fits(self._queue[0])):
                work = self._queue.popleft()
                if self._closed:
                    work.promise.cancel()
                elif work.call is not None:  # else it has been cancelled
                    self._give_share(work)

    def _start_impatient(self) -> None:
        """Start waiting calls out of turn, or beyond the budget of threads, as far as that is due."""
        now = time.monotonic()
        with self._lock:
            if self._closed or not self._queue or not self._budget.is_kept(LIGHT_PATIENCE_SECONDS, now):
                return
            owners = {work.owner for work in self._running}
            for work in list(self._queue):
                if work.call is not None and work.owner not in owners:
                    if self._budget.may_pass(work, self._queue[0], now):
                        self._queue.remove(work)
                        self._give_share(work)
                    owners.add(work.owner)  # the next ones wait for this one

    def _look(self) -> None:
        """Look whether there is more memory than there was, and who has waited long enough."""
        self.free_memory()
        self._start_what_fits()
        self._start_impatient()

    def _give_share(self, work: Work) -> None:
        work.begun_at = time.monotonic()
        self._running.add(work)
        self.inbox.put(partial(self._compute, work))

    def _compute(self, work: Work) -> None:
        if self._queue:  # which somebody else looks after from now on
            self.inbox.put(self._start_what_fits)
        self.inbox.want_listener()
        value, raised = _outcome(work.call)
        with self._lock:
            self._running.discard(work)
        self._start_what_fits()
        self._start_impatient()
        self.inbox.want_listener()
        work.promise.deliver(value, raised)

    def _forget(self, work: Work | None) -> None:
        """Let go of what a finished or cancelled call refers to; a cancelled head no longer blocks the queue."""
        if work is None:
            return
        work.call = None
        if work.promise.cancelled():
            with contextlib.suppress(RuntimeError):  # no worker, so nothing is queued behind it
                self.inbox.post(self._start_what_fits)


def _outcome(call: Callable[[], T] | None) -> tuple[T | None, BaseException | None]:
    if call is None:  # cancelled at the last moment
        return None, None
    try:
        return call(), None
    except BaseException as error:  # noqa: BLE001 - whoever waits for the call gets it
        return None, error


shared = PerProcess(Workers)
"""The workers of this process, whose budget is every core the process may use."""


def _leave() -> None:
    shared().close(EXIT_SECONDS)


atexit.register(_leave)
