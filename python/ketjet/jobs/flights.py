"""Flights: tasks of a batch that are handed out together, because handing over each would take longer than it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from ketjet.engine import Control, Progress, Task

__all__ = ["Flight", "flights_of"]

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

    def progress(self) -> list[tuple[int, Progress]]:
        """Return how far each task is that has begun."""
        return list(zip(self.numbers, [*self.ended, self.control.progress()], strict=False))

    def ends(self) -> list[Progress]:
        """Return how far they have come, up to the last one that has begun."""
        return self.ended or [self.control.progress()]


def flights_of(tasks: Sequence[Task]) -> Iterator[range]:
    """Share out tasks over flights: small ones that follow each other are together, any other is by itself."""
    seconds = [task.seconds + TASK_SECONDS for task in tasks]
    least, most = FLIGHT_SECONDS
    share = sum(seconds) / (FLIGHTS_PER_CORE * engine.machine().cores)
    length, begin, taken = min(max(share, least), most), 0, 0.0
    for number, task in enumerate(tasks):
        small = task.threads == 1 and seconds[number] < SMALL_SECONDS and not task.memory_limit
        if number > begin and (not small or taken + seconds[number] > length):
            yield range(begin, number)
            begin, taken = number, 0.0
        taken += seconds[number] if small else most
    if tasks:
        yield range(begin, len(tasks))
