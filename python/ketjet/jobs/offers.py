"""Work that is offered instead of handed over: whoever would wait for its end takes it and does it himself.

Handing work to another thread and being woken when it has ended takes longer than many a small circuit runs. What
nobody has taken after a moment is started by a thread that looks in now and then, so nothing is left undone.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ketjet.engine import Task

__all__ = ["Offers", "are_light", "shared"]

LIGHT_SECONDS = 5e-4
"""Tasks that are predicted to take less on one thread are not worth being handed to another one."""

LIGHT_BYTES = 4 << 20
"""They take no more memory than this, which also bounds the time that the samples take."""

LOOK_SECONDS = 0.005
"""How long an offer waits for somebody to take it, and how often the thread looks."""

SELDOM_SECONDS = 0.05
"""How often it looks when there has been no offer for `BUSY_SECONDS`."""

BUSY_SECONDS = 3.0

IDLE_SECONDS = 60.0
"""How long after the last offer it goes on looking; a new thread would delay the next one."""


def are_light(tasks: Sequence[Task], reservations: Sequence[int]) -> bool:
    """Return whether tasks, with the memory that each takes, are not worth being handed to another thread."""
    seconds = 0.0
    for task in tasks:
        seconds += task.seconds
        endless = task.plan is not None and task.plan.has_loops  # for all that can be known
        if endless or task.threads > 1 or seconds > LIGHT_SECONDS:
            return False
    return sum(reservations) < LIGHT_BYTES


class Offers:
    """Calls that start some work, until somebody takes it or they are called by a thread of their own."""

    def __init__(self) -> None:
        self._open: dict[Callable[[], object], float] = {}  # and when each was made
        self._last = 0.0
        self._unwatched = [None]  # whoever takes it out has to see to it that somebody looks

    def make(self, start: Callable[[], object]) -> None:
        """Offer some work; unless somebody takes it, `start` is called soon and must return at once."""
        self._open[start] = self._last = time.monotonic()
        if not self._is_mine_to_watch():
            return
        try:
            threading.Thread(target=self._watch, name="ketjet-offers", daemon=True).start()
        except RuntimeError:  # the system has no more threads
            self._unwatched.append(None)
            if self.take(start):
                start()
        except BaseException:
            self._unwatched.append(None)
            raise

    def has(self, start: Callable[[], object]) -> bool:
        """Return whether the work is still there."""
        return start in self._open

    def take(self, start: Callable[[], object]) -> bool:
        """Return whether the work was still there; it is the caller's to do now."""
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
            left = [start for start, made in list(self._open.items()) if now - made >= LOOK_SECONDS]
            if not self._open and now - self._last > IDLE_SECONDS:
                self._unwatched.append(None)
                if not (self._open and self._is_mine_to_watch()):
                    return
            while left:
                start = left.pop(0)
                if self.take(start):
                    start()
                del start  # a sleeping thread keeps nothing alive


_shared = [Offers()]


def shared() -> Offers:
    """Return the offers of this process."""
    return _shared[0]


def _begin_child() -> None:
    """Start afresh in a forked child: the parent's thread does not exist here."""
    _shared[0] = Offers()


with contextlib.suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_begin_child)
