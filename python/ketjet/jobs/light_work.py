"""A queue of work too short for a worker thread: the thread that waits for its result takes it and runs it.

Handing work to another thread and being woken at its end takes longer than many a small circuit runs. A watching
thread starts whatever nobody has taken after a few milliseconds, so nothing is left undone.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ketjet.jobs.per_process import PerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ketjet.engine import Task

__all__ = ["LightQueue", "are_light", "shared"]

LIGHT_SECONDS = 5e-4
"""Tasks that are predicted to take less on one thread are not worth being handed to another one."""

LIGHT_BYTES = 4 << 20
"""They take no more memory than this, which also bounds the time that the samples take."""

LOOK_SECONDS = 0.005
"""How long a call stays in the queue before the watching thread starts it, and how often that thread looks."""

SELDOM_SECONDS = 0.05
"""How often it looks when nothing was queued for `BUSY_SECONDS`."""

BUSY_SECONDS = 3.0

IDLE_SECONDS = 60.0
"""How long the watching thread outlives the last call; starting a new one would delay the next call."""


def are_light(tasks: Sequence[Task], reservations: Sequence[int]) -> bool:
    """Return whether tasks, with the memory that each takes, are not worth being handed to another thread."""
    seconds = 0.0
    for task in tasks:
        seconds += task.seconds
        endless = task.plan is not None and task.plan.has_loops  # for all that can be known
        if endless or task.threads > 1 or seconds > LIGHT_SECONDS:
            return False
    return sum(reservations) < LIGHT_BYTES


class LightQueue:
    """Calls that each start some work; a waiting thread takes a call out, or the watching thread makes it."""

    def __init__(self) -> None:
        self._open: dict[Callable[[], object], float] = {}  # and when each was queued
        self._last = 0.0
        self._unwatched = [None]  # the one who pops it must start the watching thread

    def put(self, start: Callable[[], object]) -> None:
        """Queue a call; unless it is taken, the watching thread makes it soon. It must return at once."""
        self._open[start] = self._last = time.monotonic()
        if not self._is_mine_to_watch():
            return
        try:
            threading.Thread(target=self._watch, name="ketjet-light-work", daemon=True).start()
        except RuntimeError:  # the system has no more threads
            self._unwatched.append(None)
            if self.take(start):
                start()
        except BaseException:
            self._unwatched.append(None)
            raise

    def has(self, start: Callable[[], object]) -> bool:
        """Return whether the call is still queued."""
        return start in self._open

    def take(self, start: Callable[[], object]) -> bool:
        """Return whether the call was still queued; if so, it is the caller's to make now."""
        return self._open.pop(start, None) is not None

    def _is_mine_to_watch(self) -> bool:
        try:
            self._unwatched.pop()
        except IndexError:
            return False
        return True

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS if time.monotonic() - self._last < BUSY_SECONDS else SELDOM_SECONDS)
            now = time.monotonic()
            left = [start for start, since in self._open.copy().items() if now - since >= LOOK_SECONDS]
            if not self._open and now - self._last > IDLE_SECONDS:
                self._unwatched.append(None)
                if not (self._open and self._is_mine_to_watch()):
                    return
            while left:
                start = left.pop(0)
                if self.take(start):
                    start()
                del start  # a sleeping thread keeps nothing alive


shared = PerProcess(LightQueue)
"""The queue of this process."""
