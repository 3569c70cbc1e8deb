"""Running tasks on an executor of the user's: any object whose `submit` returns futures, here or in other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet.engine import Control

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from ketjet.engine import Outcome, Task

__all__ = ["control_for_any_process", "submit"]

FUTURE_METHODS = ("add_done_callback", "cancel", "cancelled", "exception", "result", "running")
"""What is asked of the futures."""


def control_for_any_process() -> Control:
    """Return the control of a task, which another process finds by its path."""
    try:
        return Control(shared=True)
    except OSError:  # no room for its file: the task runs, deaf to cancel
        return Control()


def submit(executor: Executor, execute: Callable[..., Outcome], task: Task, control: Control) -> Future[Outcome]:
    """Hand out a task; `execute` runs it there.

    Raises
    ------
    TypeError
        What the executor returns is no future.
    """
    future = executor.submit(execute, task._replace(control_path=control.path))
    if lacks := [name for name in FUTURE_METHODS if not callable(getattr(future, name, None))]:
        kind = f"{type(future).__name__} without {lacks[0]}()"
        raise TypeError(f"the executor's submit() must return a future, got {kind}")
    return future
