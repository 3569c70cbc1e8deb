"""Tasks of one job under way: handed out, watched, stopped, and gathered into one future.

`Job` (and any other kind of job) is a face over a Batch. The batch's future stays PENDING until every task has
ended, so `future.cancel()` decides alone, and at any moment, whether there will be a result; whoever calls it, the
batch then stops its tasks. Tasks run on ketjet's own workers or, as plain picklable calls, on any Executor; tasks that
take less time than that are run by the thread that waits for their result.
"""

from __future__ import annotations

import contextlib
import operator
import os
import threading
import time
import traceback
import weakref
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ketjet import engine, offers, workers
from ketjet.engine import Control, Outcome, Progress, Task
from ketjet.errors import (
    IterationLimitError,
    JobFailedError,
    KetjetError,
    ProgramError,
    TimeLimitError,
    VerificationError,
)
from ketjet.progress import JobProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Batch"]

T = TypeVar("T")

WINDOW = 128
"""Most tasks of one batch that are handed out at a time; it bounds the control files that are open."""

LIGHT_SECONDS = 5e-4
"""A batch that is predicted to take less on one thread is not worth being handed to another one."""

LIGHT_BYTES = 4 << 20
"""It takes no more memory than this, which also bounds the time that the samples take."""

PUBLIC_ERRORS: dict[type[BaseException], type[KetjetError]] = {
    engine.VerificationFailed: VerificationError,
    engine.IterationLimitReached: IterationLimitError,
    engine.TimeLimitReached: TimeLimitError,
    engine.ClassicalError: ProgramError,
}
"""What users know the engine's errors as."""

_live: set[Batch[Any]] = set()
_feeding = threading.local()
_inherited: list[object] = []


@dataclass
class _Flight:
    """A task that has been handed out."""

    control: Control
    future: Future[Outcome] | None = None


class Batch(Generic[T]):
    """A list of tasks and the future of what becomes of them.

    Parameters
    ----------
    tasks
        What to run.
    reservations
        Peak memory of each task, in bytes.
    assemble
        Makes the future's value from one outcome, or the exception in its place, per task.
    executor
        Where to run; None for ketjet's own workers.
    memory_limit
        Most memory that ketjet's running tasks may hold together when one of these starts.
    execute
        Runs one task; `engine.execute` or something with its signature, importable by name if the executor is
        made of processes.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        reservations: Sequence[int],
        assemble: Callable[[list[Outcome | BaseException]], T],
        *,
        executor: Executor | None = None,
        memory_limit: int | None = None,
        execute: Callable[..., Outcome] = engine.execute,
    ) -> None:
        self.future: Future[T] = Future()
        self.partial: T | None = None
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self._tasks = list(tasks)
        self._reservations = list(reservations)
        self._assemble: Callable[[list[Outcome | BaseException]], T] | None = assemble
        self._executor = executor
        self._memory_limit = memory_limit
        self._execute = execute
        self._light = executor is None and _light(tasks, reservations)
        self._lock = threading.Lock()
        self._outcomes: list[Outcome | BaseException | None] = [None] * len(tasks)
        self._flights: dict[int, _Flight] = {}
        self._next = 0
        self._done = 0
        self._past = [0, 0, 0, 0, 0]  # progress counters of tasks that have ended
        self._claimed = False  # somebody has begun to bring the future to its end

    def start(self) -> None:
        """Hand out the first tasks and return at once."""
        _live.add(self)
        known = weakref.ref(self)  # a future that knew its batch would be a cycle, and keep the result until a gc
        self.future.add_done_callback(lambda _: _settle(known()))
        if not self._outcomes:
            self._finish()
        elif self._light:
            offers.shared().make(self._feed)
        else:
            self._feed()

    def run_here(self) -> None:
        """Run light tasks on this thread, which would only wait for them, unless they have been begun elsewhere."""
        if not self._light or self.future.done() or not offers.shared().take(self._feed):
            return
        try:
            while (index := self._take()) is not None and (begun := self._begin(index)) is not None:
                task, flight = begun
                try:
                    outcome: Outcome | BaseException = self._run(task, flight.control)
                except Exception as error:  # noqa: BLE001 - whoever waits for the job gets it
                    outcome = error
                self._take_in(index, flight.control, outcome)
            self._feed_or_finish()
        except BaseException:  # Ctrl-C: others go on where this thread leaves off
            with self._lock:
                self._flights.clear()
                self._next = self._done
            self._feed_or_finish()
            raise

    def hurry(self) -> None:
        """Start light tasks now: somebody waits for them in a way that does not run them."""
        if self._light and not self.future.done() and offers.shared().take(self._feed):
            self._feed()

    def close(self, value: T | None, *, cancelled: bool, error: JobFailedError | None) -> None:
        """Bring the future of a batch that is never started to its end."""
        self.partial, self._claimed = value, True
        if cancelled:
            self.future.cancel()
        if not self.future.set_running_or_notify_cancel():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(cast("T", value))

    def started(self) -> bool:
        """Return whether any task has begun to run."""
        if self.started_at is None:
            with self._lock:
                begun = [at for flight in self._flights.values() if (at := _started_at(flight)) is not None]
            if begun:
                self._mark_started(min(begun))
        return self.started_at is not None

    def progress(self) -> JobProgress:
        """Return how far the tasks are."""
        with self._lock:
            counters = [_counters(flight.control.progress()) for flight in self._flights.values()]
            past, done, total = list(self._past), self._done, len(self._outcomes)
        if not total or (self.future.done() and not self.future.cancelled()):
            fraction = 1.0
        else:
            fraction = min((done + sum(map(_fraction, counters))) / total, 1.0)
        begun = self.started_at if self.started() else None
        elapsed = 0.0 if begun is None else (self.ended_at or time.time()) - begun
        eta = elapsed * (1 - fraction) / fraction if fraction > 0 and not self.future.done() else None
        stages_done, stages_total, shots_done, shots_total, bytes_moved = map(sum, zip(past, *counters, strict=True))
        return JobProgress(
            done, total, stages_done, stages_total, shots_done, shots_total, bytes_moved, elapsed, eta, fraction
        )

    def _mark_started(self, at: float) -> None:
        if self.started_at is None or at < self.started_at:
            self.started_at = at

    def _feed(self) -> None:
        """Hand out tasks until the window is full; an executor that runs them in `submit` makes no recursion."""
        if getattr(_feeding, "batch", None) is self:
            return
        outer, _feeding.batch = getattr(_feeding, "batch", None), self
        try:
            while (index := self._take()) is not None:
                self._launch(index)
        finally:
            _feeding.batch = outer

    def _take(self) -> int | None:
        with self._lock:
            if self._claimed or len(self._flights) >= WINDOW or self._next >= len(self._tasks):
                return None
            index = self._next
            self._next += 1
            self._flights[index] = _Flight(_new_control(shared=self._executor is not None))
            return index

    def _begin(self, index: int) -> tuple[Task, _Flight] | None:
        with self._lock:
            flight = self._flights.get(index)
            return None if flight is None else (self._tasks[index], flight)  # None: cancelled meanwhile

    def _launch(self, index: int) -> None:
        begun = self._begin(index)
        if begun is None:
            return
        task, flight = begun
        try:
            future = self._submit(task, self._reservations[index], flight.control)
        except Exception as error:  # noqa: BLE001 - for one, the executor takes no more
            future = Future()
            future.set_exception(error)
        with self._lock:
            cancelled = index not in self._flights
            flight.future = future
        future.add_done_callback(partial(self._collect, index, flight.control))
        if cancelled:
            future.cancel()

    def _submit(self, task: Task, memory: int, control: Control) -> Future[Outcome]:
        if self._executor is not None:
            future = self._executor.submit(self._execute, task._replace(control_path=control.path))
            if not callable(getattr(future, "add_done_callback", None)):
                raise TypeError(f"the executor's submit() must return a future, got {type(future).__name__}")
            return future
        return workers.shared().submit(
            partial(self._run, task, control),
            threads=task.threads,
            memory=memory,
            memory_limit=self._memory_limit,
            stop=control.stop,
        )

    def _run(self, task: Task, control: Control) -> Outcome:
        self._mark_started(time.time())
        return self._execute(task, control)

    def _collect(self, index: int, control: Control, future: Future[Outcome]) -> None:
        """Take in the outcome of one task; called by whoever brought it to its end."""
        outcome: Outcome | BaseException | None
        if future.cancelled():
            outcome = CancelledError(f"circuit {index} was cancelled by its executor")
        else:
            error = future.exception()
            outcome = future.result() if error is None else error
        if self._take_in(index, control, outcome):
            self._feed_or_finish()

    def _take_in(self, index: int, control: Control, outcome: Outcome | BaseException | None) -> bool:
        """Keep the outcome of a task; False if the batch has ended without it."""
        started_at, *counters = control.progress()
        with self._lock:
            awaited = self._flights.pop(index, None) is not None
            if awaited:
                self._mark_started(started_at or time.time())
                self._outcomes[index] = _public(outcome)
                self._done += 1
                self._past = list(map(operator.add, self._past, counters))
        control.close()
        return awaited

    def _feed_or_finish(self) -> None:
        if self._done == len(self._outcomes):
            self._finish()
        else:
            self._feed()

    def _finish(self) -> None:
        with self._lock:
            if self._claimed:
                return
            self._claimed = True
            outcomes = [outcome for outcome in self._outcomes if outcome is not None]
            assemble = self._assemble
        if not self.future.set_running_or_notify_cancel() or assemble is None:
            return
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        try:
            self.partial = assemble(outcomes)
        except BaseException as error:  # noqa: BLE001 - it becomes the outcome of the job
            failures.insert(0, error)
        self.ended_at = time.time()
        if failures:
            self.future.set_exception(_failure(failures, len(outcomes), self.partial))
        else:
            self.future.set_result(cast("T", self.partial))
        if failures and isinstance(failures[0], KeyboardInterrupt):
            raise failures[0]

    def settle(self) -> None:
        """Stop what still runs and let go of everything; called once, when the future has its final state."""
        with self._lock:
            notify = not self._claimed
            self._claimed = True
            flights = list(self._flights.values())
            self._flights.clear()
            self._tasks, self._reservations, self._executor, self._assemble = [], [], None, None
            self._outcomes = [None] * len(self._outcomes)
        if notify:
            self.future.set_running_or_notify_cancel()
        self.ended_at = self.ended_at or time.time()
        for flight in flights:
            if flight.future is not None:
                flight.future.cancel()
            flight.control.stop()
        _live.discard(self)

    def _disown(self) -> None:
        """Fail in a forked child, where the threads that ran this do not exist. The parent's run goes on."""
        _inherited.append(self._flights)  # a control's finaliser must not act on what the parent still uses
        self._lock = threading.Lock()
        self._flights, self._tasks, self._claimed = {}, [], True
        self.future = Future()
        message = f"this job was inherited unfinished by a forked process and belongs to process {os.getppid()}"
        self.future.set_exception(JobFailedError(f"{message}; run the circuit again here."))


def _light(tasks: Sequence[Task], reservations: Sequence[int]) -> bool:
    seconds = 0.0
    for task in tasks:
        seconds += task.seconds
        if task.threads > 1 or seconds > LIGHT_SECONDS:
            return False
    return sum(reservations) < LIGHT_BYTES


def _settle(batch: Batch[Any] | None) -> None:
    if batch is not None:
        batch.settle()


def _new_control(*, shared: bool) -> Control:
    if shared:
        with contextlib.suppress(OSError):  # no room for its file: the task runs, deaf to cancel
            return Control(shared=True)
    return Control()


def _counters(progress: Progress) -> tuple[int, int, int, int, int]:
    return progress[1:]


def _fraction(counters: tuple[int, int, int, int, int]) -> float:
    stages_done, stages_total, shots_done, shots_total, _ = counters
    if 0 < shots_done < shots_total:
        return shots_done / shots_total
    return stages_done / stages_total if stages_total else 0.0


def _started_at(flight: _Flight) -> float | None:
    if at := flight.control.progress().started_at:
        return at
    return time.time() if flight.future is not None and flight.future.running() else None


def _public(outcome: Outcome | BaseException | None) -> Outcome | BaseException | None:
    """Return the outcome; an error of the engine, which knows nothing of Qiskit, becomes the one that users know."""
    if not isinstance(outcome, BaseException):
        return outcome
    for kind, error in PUBLIC_ERRORS.items():
        if isinstance(outcome, kind):
            public = error(str(outcome))
            public.__cause__ = outcome
            return public
    return outcome


def _failure(failures: list[BaseException], circuits: int, partial_result: object) -> JobFailedError:
    first = failures[0]
    traceback.clear_frames(first.__traceback__)  # keeps the lines, drops the programs and arrays in their variables
    which = f"{len(failures)} of {circuits} circuits failed: " if circuits > 1 else ""
    error = JobFailedError(f"{which}{type(first).__name__}: {first}")
    error.__cause__ = first
    error.partial_result = partial_result
    return error


def _cancel_all() -> None:
    for batch in list(_live):
        batch.future.cancel()


def _begin_child() -> None:
    for batch in list(_live):
        batch._disown()
    _live.clear()


# Executors of the standard library wait for their calls before ordinary exit handlers run, so stop them before that.
getattr(threading, "_register_atexit", lambda _: None)(_cancel_all)
with contextlib.suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_begin_child)
