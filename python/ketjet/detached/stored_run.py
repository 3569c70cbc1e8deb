"""A run in a process of its own, as a job's face sees it: what `Batch` is to one that runs here.

Nothing is waited for but the end, which is looked for in the job's folder. Its promise decides nothing by itself: it
tells how the job has ended there, and `cancel` writes that end unless there is another. Results are read when somebody
asks for them.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from ketjet.archives.archive import read_archive
from ketjet.archives.given import read_given
from ketjet.archives.kept_errors import error_of
from ketjet.detached.folder import end_of
from ketjet.errors import JobError, JobFailedError
from ketjet.jobs.progress import JobProgress
from ketjet.jobs.promise import Promise
from ketjet.results.result import SimulationResult, assemble

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from ketjet.detached.folder import JobFolder
    from ketjet.detached.store import JobRecord, Store

__all__ = ["StoredRun"]

LOOK_SECONDS = 0.05
"""How often somebody who waits for the end looks for it."""

_live: weakref.WeakSet[StoredRun] = weakref.WeakSet()


class _Kept:
    """The result of a job of the store, which is read once, when somebody asks for it."""

    def __init__(self, folder: JobFolder, record: JobRecord) -> None:
        self.path = folder.result
        self._folder, self._record = folder, record
        self._read: dict[str, SimulationResult | None] = {}

    def value(self) -> SimulationResult | None:
        """Return the result of a job that has ended, if any is left; of one that was not done, what had ended of it."""
        if "value" not in self._read:
            while not self.path.exists() and self._folder.is_locked():
                time.sleep(LOOK_SECONDS)  # its process writes it after the end, if it was cancelled
            self._read.setdefault("value", self._assembled())
        return self._read["value"]

    def _assembled(self) -> SimulationResult | None:
        end = self._folder.end()
        try:
            outcomes = read_archive(self.path)
        except FileNotFoundError:
            return None
        given = read_given(self._folder.given)
        ended_at = None if end is None else end["ended_at"]
        created_at = self._record.created_at
        return assemble(given.experiments, given.labels, created_at, None, outcomes, ended_at=ended_at)


class _StoredFailedError(JobFailedError):
    """The failure of a job of the store, whose partial result is read when somebody asks for it."""

    def __init__(self, end: dict[str, Any], kept: _Kept) -> None:
        super().__init__(end["message"])
        self._kept = kept
        if end["error"] is not None:
            self.__cause__ = error_of(end["error"])

    @property
    def partial_result(self) -> SimulationResult | None:
        return self._kept.value()

    def __reduce__(self) -> tuple[Any, ...]:
        return JobFailedError, (self.message,), {"partial_result": self.partial_result}


class StoredPromise(Promise[SimulationResult]):
    """What becomes of a job of the store.

    Parameters
    ----------
    store
        That has the job.
    record
        What it knows of it.
    """

    def __init__(self, store: Store, record: JobRecord) -> None:
        super().__init__()
        self._store, self._record = store, record
        self._folder = store.folder_of(record.job_id)
        self.kept = _Kept(self._folder, record)
        self._end: dict[str, Any] | None = None
        self._watcher: threading.Thread | None = None

    def look(self) -> dict[str, Any] | None:
        """Return how the job has ended, or None if it has not; never blocks."""
        end = self._end = self._end or self._folder.end() or self._end_of_dead()
        if end is not None and not self._decided:
            if end["status"] == "CANCELLED":
                super().cancel()
            else:
                self.deliver(None, None if end["status"] == "DONE" else _StoredFailedError(end, self.kept))
        return end

    def _end_of_dead(self) -> dict[str, Any] | None:
        """Let a job end whose process is gone without having said why."""
        if self._store.is_alive(self._record):
            return None
        if (end := self._folder.end()) is not None:  # it came meanwhile
            return end
        self._store.find(self._record.job_id)  # it may have been forgotten
        words = f"its process is gone: it was killed, or the computer went down; {self._folder.last_words()}"
        end = end_of("ERROR", words)
        try:
            return self._folder.decide(end)
        except OSError:  # no room to write it down
            return end

    def cancel(self) -> bool:
        """Let the job end as cancelled; False if it has ended otherwise."""
        if self.look() is None:
            try:
                self._folder.decide(end_of("CANCELLED"))
            except OSError as error:
                raise self._store.error(f"cannot be written to: {error}.") from error
            self.look()
        return self.cancelled()

    def done(self) -> bool:
        """Return whether the job has ended."""
        return bool(self._decided) or self.look() is not None

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end and return the error, if any; see `Future.exception`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.done():
            left = LOOK_SECONDS if deadline is None else min(deadline - time.monotonic(), LOOK_SECONDS)
            if left <= 0:
                raise concurrent.futures.TimeoutError
            time.sleep(left)
        return super().exception(0)

    def result(self, timeout: float | None = None) -> SimulationResult:
        """Wait for the result; see `Future.result`."""
        super().result(timeout)
        if (result := self.kept.value()) is None:
            raise JobError(f"job {self._record.job_id} has ended, but its result {self.kept.path} is gone.")
        return result

    def add_done_callback(self, fn: Callable[[Future[SimulationResult]], object]) -> None:
        """Call ``fn(self)`` at the end, from a thread that looks for it; see `Future.add_done_callback`."""
        super().add_done_callback(fn)
        self.watch()

    def watch(self) -> None:
        """See to it that the end is known without anybody asking."""
        if not self.done() and (self._watcher is None or not self._watcher.is_alive()):
            self._watcher = threading.Thread(target=self._watch, name="ketjet-watch", daemon=True)
            self._watcher.start()

    def _watch(self) -> None:
        while True:
            with contextlib.suppress(OSError, JobError):
                if self.done():
                    return
            time.sleep(LOOK_SECONDS)


class StoredRun:
    """The run of a job of the store; see `ketjet.jobs.running.Running`.

    Parameters
    ----------
    store
        That has the job.
    record
        What it knows of it.
    """

    def __init__(self, store: Store, record: JobRecord) -> None:
        self.total = record.circuits
        self._store, self._record = store, record
        self._folder = store.folder_of(record.job_id)
        self.future = StoredPromise(store, record)
        _live.add(self)

    @property
    def started_at(self) -> float | None:
        """When the first circuit began; seconds since 1970."""
        at: float | None = self._folder.told().get("started_at")
        return at

    @property
    def ended_at(self) -> float | None:
        """When the job ended; likewise."""
        end = self.future.look()
        at: float | None = None if end is None else end["ended_at"]
        return at

    @property
    def peak_memory_bytes(self) -> int:
        """The most memory that its process has taken; 0 if that is not known."""
        return int((self.future.look() or {}).get("peak_memory_bytes", 0))

    def start(self) -> None:
        """Refuse: it was started before anybody could know of it."""
        raise JobError(f"job {self._record.job_id} has already been submitted.")

    def run_here(self, *, interrupt_cancels: bool = False) -> None:
        """Do nothing: it runs elsewhere."""

    def hurry(self) -> None:
        """Do nothing: it waits for nobody who asks."""

    def started(self) -> bool:
        """Return whether any circuit has begun to run."""
        return self.started_at is not None

    def value_of_ended(self) -> SimulationResult | None:
        """Return what the circuits give that have ended, as if the others had failed; None if none is left."""
        return self.future.kept.value() if self.future.done() else None

    def progress(self) -> JobProgress:
        """Return how far the job was when its process last told."""
        told, end = self._folder.told(), self.future.look()
        known = {name: told[name] for name in JobProgress.__dataclass_fields__.keys() & told.keys()}
        known["waiting_for"] = () if end else tuple(told.get("waiting_for", ()))
        if end is not None:
            known["eta"] = None
        elif (started_at := told.get("started_at")) is not None:
            known["elapsed"] = max(time.time() - started_at, 0.0)
        return JobProgress(**{**_nothing_yet(self.total), **known})

    def renew(self) -> None:
        """Begin again in a forked child, where no thread looks for the end and locks may be held for good."""
        self.future = StoredPromise(self._store, self._record)


def _nothing_yet(total: int) -> dict[str, Any]:
    counters = ("circuits_done", "stages_done", "stages_total", "shots_done", "shots_total", "bytes_moved")
    return {**dict.fromkeys(counters, 0), "circuits_total": total, "elapsed": 0.0, "eta": None, "fraction": 0.0}


def _begin_child() -> None:
    for run in list(_live):
        run.renew()


os.register_at_fork(after_in_child=_begin_child)
