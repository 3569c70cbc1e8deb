"""The folder of a checkpoint: whose it is, and the lock of the job that uses it.

`about.json` says by which formats the rest is read, and is written last: a folder without it holds nothing yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.archives.given import Given, read_given, write_given
from ketjet.archives.locks import FileLock
from ketjet.checkpoints.same_task import are_aligned, difference
from ketjet.errors import CheckpointError, JobError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ketjet.experiment import Experiment

__all__ = ["CheckpointFolder"]

FORMAT = 1
"""Of the folder: it changes when a checkpoint of the last one cannot be gone on with any more."""

FORMATS = {"format": FORMAT, "plan_format": engine.PLAN_FORMAT, "rng_version": engine.RNG_VERSION}

OWN = {"lock", "about.json", "about.json.part", "given.npz", "given.npz.part"}
"""What is in a folder whose first job has not begun."""

ENDING_SECONDS = 10.0
"""How long a job of this process that has ended may take to let go of its folder."""


class CheckpointFolder:
    """A checkpoint, locked until `close`.

    Parameters
    ----------
    path
        Where it is; made if it is missing.
    must_exist
        Whether there has to be a job in it.

    Raises
    ------
    CheckpointError
        Another job uses it, it is of another format, or no checkpoint.
    """

    _open: dict[Path, CheckpointFolder] = {}  # noqa: RUF012 - those of this process

    def __init__(self, path: str, *, must_exist: bool = False) -> None:
        self.path = Path(path).absolute()
        self.is_over: Callable[[], bool] = lambda: False
        """Whether the job that uses it has ended, and will let go of it."""
        self._about = self.path / "about.json"
        if must_exist and not self._about.exists():
            raise self.error("has no job that could go on")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = self._locked()
        except BlockingIOError:
            raise self.error(f"is used by {self._user()}") from None
        except OSError as error:
            raise self.error(f"cannot be used: {error}") from error
        try:
            self._open[self.path] = self
            with contextlib.suppress(OSError):  # there is no room; whoever is refused is told less
                os.pwrite(self._lock.descriptor, _me(), 0)
                os.ftruncate(self._lock.descriptor, len(_me()))
            self.given = self._read()
            """What its job is; None if it has none yet."""
        except BaseException:
            self.close()
            raise

    def begin(self, given: Given) -> None:
        """Write down what the job is.

        Raises
        ------
        InvalidCircuitError
            The metadata of a circuit cannot be written.
        CheckpointError
            There is no room.
        """
        try:
            write_given(self.path / "given.npz", given, "a checkpoint")
            unfinished = self._about.with_name("about.json.part")
            unfinished.write_text(json.dumps(FORMATS), encoding="utf-8")
            unfinished.replace(self._about)
        except OSError as error:
            raise self.error(f"cannot be written to: {error}") from error

    def same(self, experiments: list[Experiment]) -> list[Experiment]:
        """Return experiments that are those of its job, with the plans that these had.

        Raises
        ------
        CheckpointError
            They are others.
        """
        assert self.given is not None
        known = self.given.experiments
        if (what := difference(known, experiments)) is not None:
            raise self.error(f"is of another task: {what}")
        if not are_aligned(known, experiments):  # on a machine with other cores
            return known
        return [
            new._replace(task=new.task._replace(plan=old.task.plan, plan_time=old.task.plan_time))
            for old, new in zip(known, experiments, strict=True)
        ]

    def close(self) -> None:
        """Let go of it."""
        self.is_over = lambda: True
        self._lock.release()  # before nobody in this process is known to use it
        if self._open.get(self.path) is self:
            del self._open[self.path]

    def error(self, what: str) -> CheckpointError:
        """Return the error of a checkpoint of which there is that to say."""
        return CheckpointError(f"checkpoint {str(self.path)!r} {what}.")

    def _locked(self) -> FileLock:
        until = time.monotonic() + ENDING_SECONDS
        while True:
            user = self._open.get(self.path)
            try:
                return FileLock(self.path / "lock")
            except BlockingIOError:
                if user is None or not user.is_over() or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _user(self) -> str:
        with contextlib.suppress(OSError):
            if text := (self.path / "lock").read_text(encoding="utf-8").strip():
                return text
        return "another job"

    def _read(self) -> Given | None:
        if not self._about.exists():
            if others := {each.name for each in self.path.iterdir()} - OWN:
                raise self.error(f"is no checkpoint, for it holds {min(others)!r}: give an empty folder, or a new one")
            return None
        try:
            about: dict[str, Any] = json.loads(self._about.read_text(encoding="utf-8"))
            found = {name: about[name] for name in FORMATS}
        except (ValueError, LookupError, TypeError) as error:
            raise self.error(f"is damaged: {str(self._about)!r} cannot be read: {error!r}") from error
        for name, number in FORMATS.items():
            if found[name] != number:
                raise self.error(
                    f"was written by a version of ketjet with {name} {found[name]}, and this one has {number}: go on "
                    "with that version, or begin anew in another folder"
                )
        try:
            return read_given(self.path / "given.npz")
        except (JobError, OSError) as error:
            raise self.error(f"is damaged: {error}") from error


def _me() -> bytes:
    return f"process {os.getpid()} on {socket.gethostname()}".encode()
