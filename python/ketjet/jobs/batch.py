"""Tasks of one job under way: handed out, watched, stopped, and gathered into one future.

`Job` is a face over a Batch. The batch's future stays pending until every task has ended, so `future.cancel()` decides
alone, at any moment, whether there will be a result; then the batch stops its tasks. Tasks run on ketjet's own workers
or, pickled, on any Executor; those that take less time than that, on the thread that waits for their result.

A signal handler may interrupt any of this on its own thread, and call it. So whatever is taken is taken by one
operation on a list or a dictionary, and what a waiting thread has in hand can be done again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections import deque
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ketjet import engine
from ketjet.engine import Control, Outcome, Task
from ketjet.errors import JobFailedError
from ketjet.farm.farm import Farm, FarmOptions, Sent
from ketjet.jobs import light_work, process_hooks, workers
from ketjet.jobs.ended import EndedTasks, OutcomesOf
from ketjet.jobs.failures import failure_of, public_outcomes
from ketjet.jobs.flights import Flight, flights_of, started_at
from ketjet.jobs.progress import seconds_left, written_bytes
from ketjet.jobs.promise import Promise
from ketjet.jobs.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ketjet.checkpoints.checkpoint import Checkpoint
    from ketjet.jobs.progress import JobProgress
    from ketjet.kept.results import KeptResults

__all__ = ["Batch"]

T = TypeVar("T")

WINDOW = 512
"""Most flights of one batch at a time: it bounds what waits in executors."""

HERE_SECONDS = 0.01
"""A batch that takes longer on the thread that waits for it is handed to the workers after all."""

HANDING_SECONDS = 0.05
"""How long whoever starts a batch waits until the first tasks are handed out, so that their memory is spoken for."""

HANDING_BYTES = 16 << 20
"""Nobody waits for that if they take less."""

_feeding = threading.local()


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
        Where to run: an executor, or options of a farm; None for ketjet's own workers.
    memory_limit
        Most memory that ketjet's running tasks may hold together when one of these starts.
    results
        Where results are kept and taken from; None for nowhere.
    owner
        Name of the job, for those who wait for what its tasks hold.
    counted
        What its tasks are to users: "circuits" or "points".
    execute
        Runs one task as `engine.execute` does; importable by name if the executor is made of processes.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        reservations: Sequence[int],
        assemble: Callable[[list[Outcome | BaseException]], T],
        *,
        executor: Any = None,
        memory_limit: int | None = None,
        results: KeptResults | Checkpoint | None = None,
        owner: str | None = None,
        counted: str = "circuits",
        execute: Callable[..., Outcome] = engine.execute,
    ) -> None:
        self.future: Promise[T] = Promise()
        self.partial: T | None = None
        self.started_at: float | None = None
        self.ended_at: float | None = None
        self._tasks = list(tasks)
        self._reservations = list(reservations)
        self._assemble: Callable[[list[Outcome | BaseException]], T] | None = assemble
        self._ended: EndedTasks[T] = EndedTasks()  # of a cancelled batch
        self._farm: Farm | None = None
        if executor is not None:
            farming = executor if isinstance(executor, FarmOptions) else FarmOptions(executor)
            self._farm = Farm(farming, len(tasks), execute, process_hooks.cancel_before)
        self._memory_limit, self._execute, self._results = memory_limit, execute, results
        self._owner, self._counted = owner, counted
        self._light = executor is None and results is None and light_work.are_light(tasks, reservations)
        self._outcomes: list[Outcome | BaseException | None] = [None] * len(tasks)
        self._waiting = deque(self._shared_out(range(len(tasks))) if results is None else ())
        self._flights: dict[int, Flight | Sent] = {}
        self._runners: set[int] = set()  # threads that run light tasks, or are about to, while they wait
        self._runs_here: list[Control] = []  # of these runs
        self._tally = Tally(tasks)
        self.total = self._tally.total
        """How many circuits there are, or whatever is counted."""
        self._furthest = 0.0  # fraction that anybody has been told of

    def start(self) -> None:
        """Hand out the first tasks and return at once."""
        known = weakref.ref(self)  # a future that knew its batch would be a cycle, and keep the result until a gc
        self.future.at_end(lambda: _settle(known()))
        process_hooks.enter(self)
        if self._farm is not None:
            self._farm.open()
        if not self._outcomes:
            self._finish([])
        elif self._light:
            light_work.shared().put(self._feed)
        elif self._results is not None:
            self._elsewhere(self._recall)
        elif self._farm is not None:
            self._feed()
        else:
            self._feed_elsewhere(HANDING_SECONDS if sum(self._reservations) >= HANDING_BYTES else 0)

    def run_here(self, *, interrupt_cancels: bool = False) -> None:
        """Run light tasks on this thread, which would only wait for them, unless they have been begun elsewhere.

        Those that take longer than predicted are left to the workers, from their beginning. So are those that Ctrl-C
        breaks off, unless whoever calls cancels the batch then.
        """
        if not self._light or self.future.done():
            return
        here, ended = threading.get_ident(), False
        in_handler = here in self._runners  # of a signal that came while this thread had the tasks in hand
        try:
            self._runners.add(here)
            if not light_work.shared().take(self._feed) and not in_handler:
                ended = True  # or will be, elsewhere
                return
            ended = self._run_all(time.monotonic() + HERE_SECONDS)
        except KeyboardInterrupt:
            ended = interrupt_cancels
            raise
        finally:
            if not ended:
                self._feed_elsewhere()
            self._runners.discard(here)

    def hurry(self) -> None:
        """Start light tasks now: somebody waits for them in a way that does not run them."""
        if self._light and not self.future.done() and light_work.shared().has(self._feed):
            self._feed_elsewhere()

    def close(self, value: T | None, *, cancelled: bool, error: JobFailedError | None) -> None:
        """Bring the future of a batch that is never started to its end."""
        self.partial = value
        if cancelled:
            self.future.cancel()
        else:
            self.future.deliver(value, error)

    def value_of_ended(self) -> T | None:
        """Return what the tasks give that have ended, as if the others had failed; None if none is left."""
        self.future.tell()  # so that a cancelled batch has kept it
        if not self.future.cancelled() or self.partial is not None:
            return self.partial
        return self._ended.value()

    def started(self) -> bool:
        """Return whether any task has begun to run."""
        if self.started_at is None:
            flights = list(self._flights.values())
            begun = [at for flight in flights if (at := started_at(flight)) is not None]
            if begun:
                self._mark_started(min(begun))
        return self.started_at is not None

    def progress(self) -> JobProgress:
        """Return how far the tasks are."""
        running = [told for flight in list(self._flights.values()) for told in flight.progress()]
        found = 1.0 if self.future.done() and not self.future.cancelled() else self._tally.fraction(running)
        self._furthest = max(found, self._furthest)
        begun = self.started_at if self.started() else None
        elapsed = 0.0 if begun is None else (self.ended_at or time.time()) - begun
        eta = None if self.future.done() else seconds_left(elapsed, self._tally.fraction_run(found))
        waiting_for = self._waits_for() if begun is None else ()
        kept = 0 if self._results is None else self._results.points
        return self._tally.told(running, elapsed, eta, self._furthest, waiting_for, self._counted, kept)

    def _waits_for(self) -> tuple[str, ...]:
        if self._owner is None or self._farm is not None or self.future.done():
            return ()
        return tuple(owner for owner in workers.shared().waits_for(self._owner) if isinstance(owner, str))

    def _mark_started(self, at: float) -> None:
        if self.started_at is None or at < self.started_at:
            self.started_at = at

    def _run_all(self, deadline: float) -> bool:
        """Run all tasks on this thread; False if that takes too long."""
        outcomes: list[Outcome | BaseException] = []
        self._runs_here = controls = []
        for task in self._tasks:
            left = deadline - time.monotonic()
            if self.future.done() or left <= 0:
                return left > 0
            ours = not 0 < task.time_limit <= left
            try:
                controls.append(control := Control())
                outcomes.append(self._run(task._replace(time_limit=left) if ours else task, control))
            except Exception as error:  # noqa: BLE001 - whoever waits for the job gets it
                if ours and isinstance(error, engine.TimeLimitReached):
                    return False
                outcomes.append(error)
        if not self.future.done():
            self._tally.set_all(controls)
            self._finish(outcomes)
        return True

    def _shared_out(self, numbers: Sequence[int]) -> Iterable[range]:
        """Return the flights of the tasks of these numbers."""
        if self._farm is not None:
            return self._farm.bundles(self._tasks, numbers)
        return flights_of(self._tasks, numbers) if len(numbers) > 1 else [range(one, one + 1) for one in numbers]

    def _recall(self) -> None:
        """Take what there is of earlier runs, and hand out the rest."""
        assert self._results is not None
        self._mark_started(time.time())
        left, found, self._tally.taken = self._results.take(self._tasks, lambda: not self.future.done())
        if self.future.done():
            return
        self._tasks, is_last = left, False
        for number, outcome in found.items():
            self._outcomes[number] = outcome
            is_last = self._tally.take(number, outcome.bytes)
        if is_last:
            self._finish([outcome for outcome in self._outcomes if outcome is not None])
        else:
            self._waiting.extend(self._shared_out([number for number in range(len(left)) if number not in found]))
            self._feed()

    def _elsewhere(self, call: Callable[[], None]) -> None:
        """Let a worker do something that takes longer than whoever is here may wait; what it raises fails the batch."""

        def do() -> None:
            try:
                call()
            except Exception as error:  # noqa: BLE001 - it becomes the outcome of the job
                self.future.deliver(None, failure_of([error], self.total, self._counted, None))

        try:
            workers.shared().inbox.post(do)
        except RuntimeError:  # there is no thread for it
            do()

    def _feed_elsewhere(self, patience: float = 0) -> None:
        """Let a worker hand out tasks, and wait for that so long at most.

        A signal handler that waits for them finds them offered or handed over at any moment.
        """
        try:
            workers.shared().inbox.do(self._feed, patience)
        except RuntimeError:  # there is no thread for it, and the tasks will fail for that reason
            self._feed()
        if self._light:
            light_work.shared().take(self._feed)

    def _feed(self) -> None:
        """Hand out tasks until the window is full; an executor that runs them in `submit` makes no recursion."""
        if getattr(_feeding, "batch", None) is self:
            return
        outer, _feeding.batch = getattr(_feeding, "batch", None), self
        try:
            while (flight := self._take()) is not None:
                self._launch(flight)
        except Exception as error:  # noqa: BLE001 - it becomes the outcome of the job
            self.future.deliver(None, failure_of([error], self.total, self._counted, None))
        finally:
            _feeding.batch = outer

    def _take(self) -> Flight | Sent | None:
        if self.future.done():
            self.future.tell()  # whoever cancelled it may have been interrupted
            return None
        if len(self._flights) >= WINDOW:
            return None
        farm = self._farm
        with contextlib.suppress(IndexError):
            if farm is not None and not farm.may_send(self._waiting[0], list(self._flights.values()), self._feed):
                return None
            numbers = self._waiting.popleft()
            flight = Flight(numbers, Control()) if farm is None else farm.sent(numbers)
            self._flights[numbers.start] = flight
            return flight
        return None

    def _launch(self, flight: Flight | Sent) -> None:
        tasks, reservations = self._tasks, self._reservations
        if not tasks:  # cancelled meanwhile
            return
        try:
            future = self._submit(flight, tasks, reservations)
        except Exception as error:  # noqa: BLE001 - for one, the executor takes no more
            future = Future()
            future.set_exception(error)
        flight.future = future
        if self._farm is None or self._results is None:
            future.add_done_callback(partial(self._collect, flight))
        else:  # keeping results takes longer than a thread of the executor may have
            future.add_done_callback(lambda ended: self._elsewhere(partial(self._collect, flight, ended)))
        if flight.numbers.start not in self._flights:  # cancelled meanwhile
            future.cancel()

    def _submit(self, flight: Flight | Sent, tasks: Sequence[Task], reservations: Sequence[int]) -> Future[Any]:
        first, numbers = tasks[flight.numbers.start], flight.numbers
        together = [tasks[number] for number in numbers]
        if isinstance(flight, Sent):
            return flight.send(together)
        return workers.shared().submit(
            partial(flight.fly, together, self._run, self.future.done),
            threads=max([task.threads for task in together]),
            memory=max([reservations[number] for number in numbers]),
            memory_limit=self._memory_limit,
            seconds=sum([task.seconds for task in together]),
            owner=self._owner,
            touched=lambda: written_bytes(first, flight.control.progress()),
            grown=lambda: flight.control.bytes_held,
            stop=flight.stop,
        )

    def _run(self, task: Task, control: Control) -> Outcome:
        self._mark_started(time.time())
        kept = self._tally.kept_bytes if task.memory_limit else 0
        return self._execute(task._replace(kept_bytes=kept) if kept else task, control)

    def _collect(self, flight: Flight | Sent, future: Future[Any]) -> None:
        """Take in the outcomes of a flight, and go on; called by whoever brought it to its end."""
        numbers: Sequence[int] = flight.numbers
        awaited = self._flights.pop(flight.numbers.start, None) is not None
        if isinstance(flight, Sent):
            flight.came_back()
        if not awaited or self.future.cancelled():  # the batch has ended without it
            return
        progress = dict(zip(flight.numbers, flight.ends(), strict=False))
        outcomes: list[Outcome | BaseException]
        if future.cancelled():
            counted, is_one_each = self._counted.removesuffix("s"), self.total == len(self._outcomes)
            names = [f"{counted} {number}" if is_one_each else f"a {counted}" for number in numbers]
            outcomes = [CancelledError(f"{name} was cancelled by its executor") for name in names]
        elif (error := future.exception()) is not None:
            if isinstance(flight, Sent):
                again, numbers, error = flight.lost(error)
                self._waiting.extend(again)
            outcomes = [error] * len(numbers)
        else:
            outcomes = future.result()
            if isinstance(flight, Sent):
                outcomes = flight.checked(outcomes)
        self._mark_started(progress[flight.numbers.start].started_at or time.time())
        is_last = False
        for number, outcome in zip(numbers, outcomes, strict=False):
            if self._results is not None and isinstance(outcome, Outcome) and (tasks := self._tasks):
                outcome = self._results.keep(number, tasks[number], outcome)  # noqa: PLW2901
            self._outcomes[number] = outcome
            is_last = self._tally.add(number, progress[number], outcome.bytes if isinstance(outcome, Outcome) else 0)
        if is_last:
            self._finish([outcome for outcome in self._outcomes if outcome is not None])
        else:
            self._feed()

    def _finish(self, outcomes: Sequence[Outcome | BaseException]) -> None:
        assemble = self._assemble
        if assemble is None or self.future.done():
            return
        ended, failures = public_outcomes(outcomes, self._tally.points)
        try:
            self.partial = assemble(OutcomesOf(self.future, ended))
        except BaseException as error:  # noqa: BLE001 - it becomes the outcome of the job
            failures.insert(0, error)
        self.ended_at = time.time()
        failure = failure_of(failures, self.total, self._counted, self.partial) if failures else None
        if not self.future.deliver(self.partial, failure) and self.future.cancelled():
            self.partial = None
        if failures and isinstance(failures[0], KeyboardInterrupt):
            raise failures[0]

    def settle(self) -> None:
        """Stop what still runs and let go of everything, when the future has its final state."""
        try:
            self._let_go()
        except BaseException:  # Ctrl-C: a worker does it
            workers.shared().inbox.post(self._let_go)
            raise

    def _let_go(self) -> None:
        flights = list(self._flights.values())
        for control in list(self._runs_here):
            control.stop()
        # Those that wait are cancelled before others stop, and they would begin in their place.
        futures = [flight.future for flight in reversed(flights) if flight.future is not None]
        if self._farm is not None and flights:
            self._farm.stop(futures)
        for future in futures if self._farm is None else ():
            future.cancel()
        for flight in flights:
            if isinstance(flight, Flight):
                flight.stop()
        self._flights.clear()
        for helper in (self._farm, self._results):
            if helper is not None:
                helper.close()
        if self.future.cancelled() and self._assemble is not None:
            self._ended.keep(self._assemble, self._outcomes, self._tally.points)
        self._tasks, self._reservations, self._assemble = [], [], None
        self._outcomes = [None] * len(self._outcomes)
        self.ended_at = self.ended_at or time.time()
        process_hooks.leave(self)

    def disown(self) -> None:
        """Fail in a forked child, where the threads that ran this do not exist. The parent's run goes on."""
        self._flights, self._tasks, self._runners, self._runs_here = {}, [], set(), []
        self.future = Promise()
        message = f"this job was inherited unfinished by a forked process and belongs to process {os.getppid()}"
        self.future.deliver(None, JobFailedError(f"{message}; run the circuit again here."))


def _settle(batch: Batch[Any] | None) -> None:
    if batch is not None:
        batch.settle()


process_hooks.install()  # behind those of the workers, which are imported above
