"""The budget of engine threads and memory that the calls of this process share, and the rules of who may start.

In turn, a call starts once there are threads and memory for it. Memory is a hard limit, and never taken back. Threads
are not: behind a call that keeps them for long, the next ones of other owners start after a while all the same, light
calls soon, until a bounded number of threads have work. A call that lacks memory is passed too, but not so often that
it never starts. Nothing here locks, waits or imports Qiskit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ketjet.jobs.promise import Promise

__all__ = ["Budget", "Work"]

PATIENCE_SECONDS = 3.0
"""How long a call of an owner that has none running waits for its turn."""

LIGHT_PATIENCE_SECONDS = 0.1
"""The same for a light call."""

LONG_SECONDS = 60.0
"""A call at the head of the queue that has waited so long is passed only by those that leave it what it needs."""

CROWDED = 2
"""So many times the budget of threads may be in use when calls have not waited for it."""

LIGHT_CALLS = 8
"""How many threads light calls may use on top of that."""

LIGHT_BYTES = 64 << 20
"""What a light call takes at most."""

LIGHT_SECONDS = 0.5
"""How long it is predicted to run at most."""


@dataclass(eq=False)
class Work:
    """A queued or running call and its share of the budget."""

    promise: Promise[Any]
    call: Callable[[], Any] | None
    stop: Callable[[], None]
    threads: int
    memory: int
    memory_limit: int | None
    seconds: float
    owner: object
    touched: Callable[[], int]
    grown: Callable[[], int]
    queued_at: float
    begun_at: float = 0.0

    @property
    def bytes(self) -> int:
        """How much memory it has been given by now."""
        return max(self.memory, self.grown())

    @property
    def light(self) -> bool:
        """Whether it is gone soon, and hardly noticed meanwhile."""
        return self.threads == 1 and self.memory <= LIGHT_BYTES and self.seconds <= LIGHT_SECONDS

    @property
    def patience(self) -> float:
        """How long it waits for its turn."""
        return LIGHT_PATIENCE_SECONDS if self.light else PATIENCE_SECONDS


class Budget:
    """What calls may use together, and those that have their share of it.

    Parameters
    ----------
    threads
        How many engine threads; None for every core the process may use.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._capacity = 0  # bytes that all calls together may hold, as far as is known; 0 as long as nothing is
        self.running: set[Work] = set()

    @property
    def threads(self) -> int:
        """How many engine threads all running calls together may use."""
        return self._threads or engine.machine().cores

    @property
    def held_bytes(self) -> int:
        """Memory that running calls have been given."""
        return sum([work.bytes for work in list(self.running)])

    @property
    def touched_bytes(self) -> int:
        """How much of it they have written to by now, at least: what the system no longer counts as free."""
        return sum([min(work.touched(), work.bytes) for work in list(self.running)])

    def free_bytes(self, measured: int, touched: int = 0) -> int:
        """Return how much memory a further call may use.

        Parameters
        ----------
        measured
            What the machine has free now.
        touched
            `touched_bytes` as it was just before. Memory that running calls have been given but not written to is free
            by that measure, hence all that they have been given is taken from what there is in all: what was free
            before they began, or what is free and touched now, if that has become more.
        """
        held = self.held_bytes
        self._capacity = measured if held == 0 else max(self._capacity, measured + touched)
        return max(min(measured, self._capacity - held), 0)

    def fits(self, work: Work) -> bool:
        """Return whether there is enough for a call whose turn it is."""
        return sum(other.threads for other in self.running) + work.threads <= self.threads and self._has_memory(work)

    def may_pass(self, work: Work, head: Work, now: float) -> bool:
        """Return whether a call whose owner has none running may start out of turn, or beyond the budget of threads.

        Parameters
        ----------
        work
            A waiting call.
        head
            The first one of the queue, maybe the same.
        now
            By the monotonic clock.
        """
        if now - work.queued_at < work.patience or not self._has_memory(work):
            return False
        running = self.running
        if sum(other.threads for other in running) + work.threads > self.threads:
            most = CROWDED * self.threads + (LIGHT_CALLS if work.light else 0)
            used = sum(other.threads for other in running if work.light or not other.light)
            if used + work.threads > most or not self.is_kept(work.patience, now):
                return False
        return work is head or self._leaves_enough(head, work, now)

    def is_kept(self, seconds: float, now: float) -> bool:
        """Return whether any call has had its share for so long."""
        return any(now - work.begun_at >= seconds for work in self.running)

    def waits_for(self, owner: object, queue: Collection[Work]) -> list[object]:
        """Return the owners of the calls that hold what the first waiting one of `owner` needs, the greatest first."""
        running = list(self.running)
        waiting = next((work for work in list(queue) if work.owner == owner), None)
        if waiting is None or any(work.owner == owner for work in running):
            return []
        lacks_memory = not self._has_memory(waiting)
        share: dict[object, int] = {}
        for work in running:
            share[work.owner] = share.get(work.owner, 0) + (work.bytes if lacks_memory else work.threads)
        return sorted((one for one in share if share[one]), key=lambda one: -share[one])

    def _has_memory(self, work: Work) -> bool:
        """Return whether there is enough for it; what is too big for anybody runs when nothing else holds any."""
        held = self.held_bytes
        return held == 0 or work.memory == 0 or held + work.memory <= self._limit(work)

    def _limit(self, work: Work) -> float:
        """Return what all running calls together may hold when it starts."""
        return min(self._capacity or float("inf"), work.memory_limit or float("inf"))

    def _leaves_enough(self, head: Work, work: Work, now: float) -> bool:
        """Return whether the head of the queue may be passed once more."""
        if head.call is None or now - head.queued_at < LONG_SECONDS:
            return True
        if self._has_memory(head) and not work.light:
            return False  # it waits for threads
        passed = sum(other.bytes for other in self.running if other.begun_at > head.queued_at)
        return work.memory == 0 or head.memory + passed + work.memory <= self._limit(head)
