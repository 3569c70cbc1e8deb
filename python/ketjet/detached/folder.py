"""The files of one job, by which processes that know nothing of each other agree on its life.

Whoever first writes how a job ends decides it: one operation of the file system, which no signal or crash can halve.
That its process lives is told by a lock, which the system lets go of when the process is gone, however that came.
Nothing here imports Qiskit.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketjet.archives.locks import FileLock, is_locked

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["JobFolder", "boot_id", "end_of"]

SPARE_BYTES = 1 << 16
"""What is kept free for the words of how a job ended, should the disk be full by then."""

LAST_WORDS = 400
"""So many characters of a log are looked through for its last line."""


class JobFolder:
    """The folder of one job.

    Parameters
    ----------
    path
        Where it is, or is to be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.given = path / "given.npz"
        """What is to be run."""
        self.result = path / "result.npz"
        """What came out."""
        self.log = path / "log"
        """What its process has written, if anything: it is silent unless something is wrong."""
        self._lock = path / "lock"
        self._end = path / "end.json"
        self._progress = path / "progress.json"
        self._spare = path / "spare"

    def create(self) -> None:
        """Make the folder, for this user alone."""
        self.path.mkdir(mode=0o700)
        try:
            self._spare.write_bytes(bytes(SPARE_BYTES))
        except BaseException:
            self.remove()
            raise

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the lock, and give the descriptor that does; a program that is started with that holds it too."""
        lock = FileLock(self._lock)
        try:
            yield lock.descriptor
        finally:
            lock.release()

    def remove(self) -> None:
        """Delete the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def is_locked(self) -> bool:
        """Return whether the process lives that the lock was given to."""
        return is_locked(self._lock)

    def end(self) -> dict[str, Any] | None:
        """Return how the job has ended, or None if it has not."""
        end: dict[str, Any] | None = _read(self._end)
        return end

    def is_over(self) -> bool:
        """Return whether its process need not go on: the job has ended, or been forgotten."""
        return self._end.exists() or not self.path.exists()

    def decide(self, end: dict[str, Any]) -> dict[str, Any]:
        """Let the job end so, unless it has ended already; return how it has.

        Raises
        ------
        OSError
            It cannot be written.
        """
        try:
            self._write_end(end)
        except OSError:
            self._spare.unlink(missing_ok=True)  # the disk may be full
            self._write_end(end)
        decided = self.end()
        if decided is None:
            raise FileNotFoundError(f"{self.path} is gone")
        return decided

    def reopen(self) -> None:
        """Forget how the job has ended, and what came out, so that it can go on; what it has kept stays."""
        for path in (self.result, self._progress, self._end):
            path.unlink(missing_ok=True)
        self._spare.write_bytes(bytes(SPARE_BYTES))

    def _write_end(self, end: dict[str, Any]) -> None:
        descriptor, unfinished = tempfile.mkstemp(prefix="end-", dir=self.path)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(end, file)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # somebody was faster
                os.link(unfinished, self._end)
        finally:
            Path(unfinished).unlink(missing_ok=True)

    def tell(self, progress: dict[str, Any]) -> None:
        """Write how far the job is."""
        unfinished = self._progress.with_suffix(".part")
        with contextlib.suppress(OSError):  # the disk is full, or the job has been forgotten
            unfinished.write_text(json.dumps(progress), encoding="utf-8")
            unfinished.replace(self._progress)

    def told(self) -> dict[str, Any]:
        """Return how far the job was when its process last told; nothing before that."""
        return _read(self._progress) or {}

    def has_told_within(self, seconds: float) -> bool:
        """Return whether its process has told of its progress so short a time ago."""
        try:
            return time.time() - self._progress.stat().st_mtime < seconds
        except OSError:
            return False

    def last_words(self) -> str:
        """Return the last line of the log, and where the log is."""
        lines: list[str] = []
        with contextlib.suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_WORDS))
            lines = file.read().decode(errors="replace").split("\n")
        words = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"{words} ({self.log})" if words else f"its log is {self.log}"


def end_of(status: str, message: str | None = None, **further: Any) -> dict[str, Any]:
    """Return how a job ends now: DONE, CANCELLED, or in ERROR, of which the message says why; `further` wins."""
    return {"status": status, "message": message, "error": None, "ended_at": time.time(), **further}


def boot_id() -> str:
    """Return what this computer has been called since it was started; nothing where that is unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
