"""Locks on files, which the system lets go of when the process is gone that has them, however that came.

Nothing here imports Qiskit.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileLock", "is_locked"]

_held: set[int] = set()
"""Descriptors that hold locks; a child that is forked meanwhile is not to hold them too."""


class FileLock:
    """A lock that is held from the beginning; a program that is started with its descriptor holds it too.

    Parameters
    ----------
    path
        The file, which is made if it is missing.

    Raises
    ------
    BlockingIOError
        Somebody else holds it.
    OSError
        There is no such folder.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        _held.add(self.descriptor)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let go of it, unless that has been done."""
        _close(self.descriptor)


def is_locked(path: Path) -> bool:
    """Return whether anybody holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _close(descriptor: int) -> None:
    if descriptor in _held:
        _held.remove(descriptor)
        os.close(descriptor)


def _begin_child() -> None:
    for descriptor in list(_held):
        _close(descriptor)


os.register_at_fork(after_in_child=_begin_child)
