"""Flights: tasks of a batch that are handed out together, because handing over each would take longer than it runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.engine import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from ketjet.engine import Outcome, Progress, Task
    from ketjet.farm.farm import Sent

__all__ = ["Flight", "flights_of", "started_at"]

TASK_SECONDS = 3e-5
"""What a task takes beside what is predicted."""

SMALL_SECONDS = 5e-4
"""Tasks that take less are handed out several at a time."""

FLIGHT_SECONDS = (5e-4, 5e-3)
"""The least and the most that they take together: what handing them to a worker is worth, and how soon others get their
turn."""

FLIGHTS_PER_CORE = 2
"""So many flights, if they are not too short, end at nearly the same time on all cores."""


@dataclass
class Flight:
    """Tasks that run one after another."""

    numbers: range
    control: Control
    """Of the one that runs."""
    future: Future[Any] | None = None
    ended: list[Progress] = field(default_factory=list)
    """How far the ones before it had come."""

    @property
    def started_at(self) -> float:
        """When it has begun; 0 if it has not."""
        return self.control.progress().started_at

    def stop(self) -> None:
        """Stop the task that runs."""
        self.control.stop()

    def fly(
        self, tasks: Sequence[Task], run: Callable[[Task, Control], Outcome], is_over: Callable[[], bool]
    ) -> list[Outcome | BaseException]:
        """Run the tasks, until their batch is over."""
        outcomes: list[Outcome | BaseException] = []
        for task in tasks:
            if outcomes:
                self.ended.append(self.control.progress())
                self.control = Control()
            if is_over():
                break
            try:
                outcomes.append(run(task, self.control))
            except Exception as error:  # noqa: BLE001 - whoever waits for the job gets it
                outcomes.append(error)
        self.ended.append(self.control.progress())
        return outcomes

    def progress(self) -> list[tuple[int, Progress]]:
        """Return how far each task is that has begun."""
        return list(zip(self.numbers, [*self.ended, self.control.progress()], strict=False))

    def ends(self) -> list[Progress]:
        """Return how far they have come, up to the last one that has begun."""
        return self.ended or [self.control.progress()]


def started_at(flight: Flight | Sent) -> float | None:
    """Return when a flight has begun; None if it has not."""
    if at := flight.started_at:
        return at
    return time.time() if flight.future is not None and flight.future.running() else None


def flights_of(tasks: Sequence[Task], numbers: Sequence[int] | None = None) -> Iterator[range]:
    """Share out tasks over flights: small ones that follow each other are together, any other is by itself.

    Parameters
    ----------
    tasks
        Those of a job.
    numbers
        Of those to share out, ascending; None for all.
    """
    numbers = range(len(tasks)) if numbers is None else numbers
    seconds = [task.seconds + TASK_SECONDS for task in tasks]
    least, most = FLIGHT_SECONDS
    share = sum(seconds) / (FLIGHTS_PER_CORE * engine.machine().cores)
    length, flight, taken = min(max(share, least), most), range(0), 0.0
    for number in numbers:
        task = tasks[number]
        small = task.threads == 1 and seconds[number] < SMALL_SECONDS and not task.memory_limit
        if flight and (not small or taken + seconds[number] > length or number != flight.stop):
            yield flight
            flight, taken = range(0), 0.0
        flight = range(flight.start if flight else number, number + 1)
        taken += seconds[number] if small else most
    if flight:
        yield flight
