"""Objects of which each process has one: a forked child, where their threads do not exist, begins with a new one."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PerProcess"]

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Gives this process's object when it is called.

    Parameters
    ----------
    make
        Makes such an object, and starts no thread.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self.current = make()
        with contextlib.suppress(AttributeError):  # Windows has no fork
            os.register_at_fork(after_in_child=self._begin_child)

    def __call__(self) -> T:
        """Return it."""
        return self.current

    def _begin_child(self) -> None:
        self.current = self._make()
