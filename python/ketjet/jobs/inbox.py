"""Messages for workers, and the daemon threads that deal with them: begun when there is something, gone when idle.

Whoever has a message appends it and rings for a thread, in single operations on a deque and a list. No lock is taken,
so a signal handler may do so whatever its thread was doing.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

__all__ = ["IDLE_SECONDS", "Inbox"]

_Bell: TypeAlias = "queue.SimpleQueue[None]"

logger = logging.getLogger(__name__)

IDLE_SECONDS = 3.0
"""How long a worker without work stays alive."""

LOOK_SECONDS = 0.1
"""How often an idle worker looks after what waits."""


class Inbox:
    """Messages, which are calls, and the workers that make them one after the other.

    Parameters
    ----------
    idle_seconds
        How long a worker without work stays alive.
    waiting
        Something else that waits; as long as it is not empty, a worker stays.
    look
        Called by an idle worker every LOOK_SECONDS meanwhile.
    """

    def __init__(self, idle_seconds: float, waiting: Sized, look: Callable[[], None]) -> None:
        self._idle_seconds = idle_seconds
        self._waiting = waiting
        self._look = look
        self._messages: deque[Callable[[], None]] = deque()
        self._serving: set[_Bell] = set()  # by the bells of the workers
        self._idle: list[_Bell] = []  # by the bells of those that wait for work, the last one to begin at the end
        self._soon_back: set[int] = set()  # threads of workers that look into the inbox again in a moment

    def put(self, message: Callable[[], None]) -> None:
        """Leave a message for a worker that comes anyway, or that `want_listener` is called for."""
        self._messages.append(message)

    def post(self, message: Callable[[], None]) -> None:
        """Let a worker do something soon that takes no time to speak of, outside the budget.

        Raises
        ------
        RuntimeError
            There is no worker, and the system has no more threads.
        """
        self._messages.append(message)
        if threading.get_ident() not in self._soon_back:
            self.want_listener()

    def do(self, message: Callable[[], None], patience: float = 0) -> None:
        """Post a message, and wait up to `patience` seconds until it has been dealt with, and what it posted itself.

        Raises
        ------
        RuntimeError
            As `post`.
        """
        dealt_with: queue.SimpleQueue[None] = queue.SimpleQueue()

        def deal() -> None:
            self._soon_back.add(me := threading.get_ident())
            try:
                message()
            finally:
                self._soon_back.discard(me)
                if patience:
                    self._messages.append(partial(dealt_with.put, None))

        self.post(deal)
        if patience:
            with contextlib.suppress(queue.Empty):
                dealt_with.get(timeout=patience)

    def may_take_long(self) -> None:
        """Let another worker look into the inbox, if this thread is one that is expected back there in a moment."""
        if (me := threading.get_ident()) in self._soon_back:
            self._soon_back.discard(me)
            self.want_listener()

    def want_listener(self) -> None:
        """Ring for a worker if something is to be done or looked after; start one if none is idle.

        The last one to become idle comes first: its caches are warm, and its engine threads may still be awake.
        """
        if not self._messages and (self._idle or not self._waiting):
            return
        with contextlib.suppress(IndexError):
            self._idle.pop().put(None)
            return
        try:
            threading.Thread(target=self._serve, name="ketjet-worker", daemon=True).start()
        except RuntimeError:  # the system has no more threads; a busy worker does it later
            if not self._serving:
                raise

    def _serve(self) -> None:
        """Do what is in the inbox until there has been nothing for a while."""
        bell: _Bell = queue.SimpleQueue()
        self._serving.add(bell)
        while (message := self._next(bell)) is not None:
            try:
                message()
            except Exception:
                logger.exception("a worker could not do what it was asked to")
            del message  # an idle worker keeps nothing alive
        self._serving.discard(bell)

    def _next(self, bell: _Bell) -> Callable[[], None] | None:
        while True:
            with contextlib.suppress(IndexError):
                return self._messages.popleft()
            self._idle.append(bell)
            if not self._messages:  # else somebody posted before this worker could be seen to be idle
                with contextlib.suppress(queue.Empty):
                    bell.get(timeout=LOOK_SECONDS if self._waiting else self._idle_seconds)
            try:
                self._idle.remove(bell)
            except ValueError:  # somebody has rung for it
                continue
            if not self._messages:
                return self._look if self._waiting else None
