"""What is done at the end of the interpreter before executors of the standard library wait for their calls.

They wait before ordinary exit handlers run. What was registered last runs first, and their modules register when they
are imported; so a call is registered when an executor of each kind is first used.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

__all__ = ["before_waiting"]

_kinds: set[type] = set()


def before_waiting(executor: Executor, call: Callable[[], None]) -> None:
    """Have the call made before this executor waits; it may be made more than once."""
    kind: type = type(executor)
    if kind in _kinds:
        return
    _kinds.add(kind)
    with contextlib.suppress(AttributeError, RuntimeError):  # there is no such hook, or the end has begun
        threading._register_atexit(call)  # type: ignore[attr-defined]
