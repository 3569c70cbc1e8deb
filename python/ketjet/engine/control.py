"""The line to a run under way: its stop flag and its progress counters."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ketjet import _core

if TYPE_CHECKING:
    from collections.abc import Callable


class Progress(NamedTuple):
    """How far a run has come; totals are 0 until it has been planned."""

    started_at: float
    """Seconds since 1970; 0 before it has begun."""
    stages_done: int
    stages_total: int
    shots_done: int
    shots_total: int
    bytes_moved: int
    work_done: int = 0
    """In nanoseconds as predicted; of a total of 0 where nobody knows how often stages will run."""
    work_total: int = 0


class Control:
    """The stop flag and progress counters of one run, readable at any time without waiting for the engine.

    Parameters
    ----------
    shared
        Keep them in a memory-mapped temporary file, so that a run in another process of this machine is stopped
        and watched through `path` as well.
    path
        Attach to such a file of another process. One that does not exist here, because the other process has ended
        or runs on another machine, leaves the run alone with counters of its own.
    """

    def __init__(self, *, shared: bool = False, path: str | None = None) -> None:
        self.path = path
        self._remove_file: Callable[[], object] = _nothing
        if shared and path is None:
            descriptor, self.path = tempfile.mkstemp(prefix="ketjet-")
            # No __del__: an interrupt that comes while one runs is lost.
            self._remove_file = weakref.finalize(self, _remove, self.path, os.getpid())
            with os.fdopen(descriptor, "r+b") as file:
                file.truncate(mmap.PAGESIZE)
        self._counters = _core.RunControl()
        if self.path is not None:
            with contextlib.suppress(FileNotFoundError), Path(self.path).open("r+b") as file:
                self._counters = _core.RunControl(mmap.mmap(file.fileno(), mmap.PAGESIZE))

    @property
    def counters(self) -> _core.RunControl:
        """The engine's handle."""
        return self._counters

    def stop(self) -> None:
        """Ask the run to stop; it does so within a few milliseconds of work."""
        self._counters.stop()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called, here or in another process."""
        return self._counters.stopped

    def progress(self) -> Progress:
        """Read the counters."""
        c = self._counters
        return Progress(
            c.started_at,
            c.stages_done,
            c.stages_total,
            c.shots_done,
            c.shots_total,
            c.bytes_moved,
            c.work_done,
            c.work_total,
        )

    @property
    def bytes_held(self) -> int:
        """How much memory the run has been granted; 0 once it has ended."""
        return self._counters.bytes_held

    def close(self) -> None:
        """Remove the shared file, if this process made it; the counters stay readable."""
        self._remove_file()


def _nothing() -> None:
    pass


def _remove(path: str, owner: int) -> None:
    if owner == os.getpid():
        Path(path).unlink(missing_ok=True)
