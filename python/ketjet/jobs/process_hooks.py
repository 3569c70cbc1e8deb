"""What becomes of batches when their process ends or forks.

At the end of the interpreter they are cancelled before executors of the standard library wait for their calls. These
wait before ordinary exit handlers run: what was registered last runs first, and their modules register when they are
imported. So the call is registered when an executor of each kind is first used, and for our own workers at once. In a
forked child, where the threads that ran a batch do not exist, it fails.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ketjet.jobs.batch import Batch

__all__ = ["cancel_before", "enter", "install", "leave"]

_live: set[Batch[Any]] = set()
_kinds: set[type] = set()


def enter(batch: Batch[Any]) -> None:
    """Take care of a batch that has been started."""
    _live.add(batch)


def leave(batch: Batch[Any]) -> None:
    """Forget one that has ended."""
    _live.discard(batch)


def cancel_before(executor: Executor | None) -> None:
    """See to it that batches are cancelled before this executor waits; None stands for our own workers."""
    kind: type = type(executor)
    if kind in _kinds:
        return
    _kinds.add(kind)
    with contextlib.suppress(AttributeError, RuntimeError):  # there is no such hook, or the end has begun
        threading._register_atexit(_cancel_all)  # type: ignore[attr-defined]


def install() -> None:
    """Register the calls, once; in a child they are made after those of all modules that have registered before."""
    cancel_before(None)
    with contextlib.suppress(AttributeError):  # Windows has no fork
        os.register_at_fork(after_in_child=_begin_child)


def _cancel_all() -> None:
    for batch in list(_live):
        batch.future.cancel()


def _begin_child() -> None:
    for batch in list(_live):
        batch.disown()
    _live.clear()
