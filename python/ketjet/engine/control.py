"""The line to a run under way: its stop flag and its progress counters."""

from __future__ import annotations

import contextlib
import functools
import mmap
import os
import platform
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import _core

if TYPE_CHECKING:
    from collections.abc import Callable

RUN_BYTES = 128
"""What a run has of a page: its counters, on cache lines of their own."""

STOP_BYTES = 8
"""The first of these belong to the stop flag, which only the submitter writes; then comes the time it has begun at."""


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
    counters
        Those of a page; of its own by default.
    """

    def __init__(self, counters: _core.RunControl | None = None) -> None:
        self._counters = _core.RunControl() if counters is None else counters

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


class PageAddress(NamedTuple):
    """Where other processes find a page."""

    path: str
    """Of its file; empty if it has none."""
    machine: str
    """The only one on which the file is memory that all see at once."""


class ControlPage:
    """The stop flags and progress counters of several runs, side by side in memory.

    Parameters
    ----------
    runs : int
        How many there are; they are known by their numbers.
    shared : bool
        Keep them in a temporary file that other processes of this machine find by `address`. Where there is no room
        for it, they hear nothing.
    """

    def __init__(self, runs: int, *, shared: bool = False) -> None:
        self.address = PageAddress("", _this_machine())
        self._remove_file: Callable[[], object] = _nothing
        memory: mmap.mmap | None = None
        if shared:
            with contextlib.suppress(OSError):
                memory = self._in_file(runs * RUN_BYTES)
        self._keep(mmap.mmap(-1, runs * RUN_BYTES) if memory is None else memory)

    @classmethod
    def at(cls, address: PageAddress) -> ControlPage | None:
        """Return the page of another process; None if that has ended, has no file, or runs on another machine."""
        if not address.path or address.machine != _this_machine():
            return None
        page = cls.__new__(cls)
        page.address, page._remove_file = address, _nothing
        try:
            with Path(address.path).open("r+b") as file:
                page._keep(mmap.mmap(file.fileno(), 0))
        except OSError:
            return None
        return page

    def control(self, run: int) -> Control:
        """Return what stops and watches one of the runs."""
        if (control := self._controls.get(run)) is None:
            control = self._controls[run] = Control(_core.RunControl(self._table[run]))
        return control

    def stop(self) -> None:
        """Ask all runs to stop, and those that have not begun not to begin."""
        self._table[:, 0] = 1

    def begun(self, runs: range) -> list[int]:
        """Return the numbers of those that have begun."""
        return [run for run in runs if self._started_at[run]]

    def clear(self, runs: range) -> None:
        """Set the counters of some runs back to 0."""
        self._table[runs.start : runs.stop, STOP_BYTES:] = 0

    def read(self, runs: range) -> bytes:
        """Return the counters of some runs, for a page on another machine."""
        return self._table[runs.start : runs.stop].tobytes()

    def write(self, runs: range, counters: bytes) -> None:
        """Take over counters of runs from another machine."""
        rows = np.frombuffer(counters, np.uint8).reshape(-1, RUN_BYTES)
        self._table[runs.start : runs.stop, STOP_BYTES:] = rows[:, STOP_BYTES:]

    def close(self) -> None:
        """Remove the file, if this process made it; the counters stay readable."""
        self._remove_file()

    def _in_file(self, size: int) -> mmap.mmap:
        descriptor, path = tempfile.mkstemp(prefix="ketjet-")
        # No __del__: an interrupt that comes while one runs is lost.
        self._remove_file = weakref.finalize(self, _remove, path, os.getpid())
        with os.fdopen(descriptor, "r+b") as file:
            if hasattr(os, "posix_fallocate"):  # a page of a full disk would end the process when it is written to
                os.posix_fallocate(descriptor, 0, size)
            file.truncate(size)
            memory = mmap.mmap(file.fileno(), size)
        self.address = self.address._replace(path=path)
        return memory

    def _keep(self, memory: mmap.mmap) -> None:
        self._table = np.frombuffer(memory, np.uint8).reshape(-1, RUN_BYTES)
        self._started_at = self._table.view(np.float64)[:, STOP_BYTES // 8]
        self._controls: dict[int, Control] = {}


@functools.cache
def _this_machine() -> str:
    """Tell this machine, as it was last started, from all others, which may see the same files."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return platform.node()


def _nothing() -> None:
    pass


def _remove(path: str, owner: int) -> None:
    if owner == os.getpid():
        Path(path).unlink(missing_ok=True)
