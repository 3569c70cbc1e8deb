"""How a worker that does not see the page of its job hears that it is cancelled, and tells how far it is.

A *channel* is the submitter's end, a *line* what a bundle takes along to the worker. Workers of dask use the scheduler:
an Event says stop, and messages carry counters. All others use a folder that both ends see. A thread on the worker
looks every POLL_SECONDS, so what is over sooner never uses it.
"""

from __future__ import annotations

import contextlib
import contextvars
import platform
import shutil
import tempfile
import threading
import weakref
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ketjet.engine import ControlPage

__all__ = ["Channel", "DaskChannel", "FolderChannel", "Line"]

POLL_SECONDS = 0.5
"""How often a worker asks whether it is to stop, and tells how far it is."""

TOPIC = f"ketjet-{uuid4().hex}"
"""What dask's messages to this process are about."""


class Line:
    """What a bundle takes along."""

    @contextlib.contextmanager
    def listening(self, page: ControlPage, runs: range) -> Iterator[None]:
        """Meanwhile, stop the runs of a page when the submitter says so, and tell it of their progress."""
        self.begin()
        ended = threading.Event()

        def listen() -> None:
            while not ended.wait(POLL_SECONDS):
                with contextlib.suppress(Exception):  # a scheduler or a file system that is busy
                    if self.stopped():
                        page.stop()
                    self.tell(runs, page.read(runs))

        context = contextvars.copy_context()  # in which dask knows its worker
        threading.Thread(target=context.run, args=(listen,), name="ketjet-line", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def begin(self) -> None:
        """Look whether there is such a line."""

    def tell(self, runs: range, counters: bytes) -> None:
        """Tell the submitter of the counters of some runs."""
        raise NotImplementedError

    def stopped(self) -> bool:
        """Return whether the submitter wants no more."""
        raise NotImplementedError


class Channel(Protocol):
    """The submitter's end."""

    line: Line
    """The other end."""

    def stop(self) -> None:
        """Tell all workers to stop."""

    def close(self) -> None:
        """Hear no more."""


class FolderLine(Line):
    """By a folder of the job: it is there as long as its results are wanted.

    Parameters
    ----------
    folder
        Its path.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def begin(self) -> None:
        """Look for the folder.

        Raises
        ------
        FileNotFoundError
            It is not there.
        """
        if self.stopped():
            raise FileNotFoundError(
                f"{self._folder} is not there on {platform.node()}: control_dir must be a folder that all workers and "
                "the process that submits share."
            )

    def tell(self, runs: range, counters: bytes) -> None:
        """Write a file under another name and rename it."""
        file = Path(self._folder, f"{runs.start}-{runs.stop}")
        new = file.with_suffix(".new")
        new.write_bytes(counters)
        new.replace(file)

    def stopped(self) -> bool:
        """Return whether the folder's mark is gone; to open it makes a network file system look."""
        try:
            Path(self._folder, "mark").read_bytes()
        except FileNotFoundError:
            return True
        return False


class FolderChannel:
    """A folder of the job within one that all workers see.

    Parameters
    ----------
    within
        That folder.
    page
        The page that is kept up to date.
    """

    def __init__(self, within: str, page: ControlPage) -> None:
        self._folder = tempfile.mkdtemp(prefix="ketjet-", dir=Path(within).absolute())
        Path(self._folder, "mark").touch()
        self.line: Line = FolderLine(self._folder)
        self._closed = threading.Event()
        threading.Thread(target=self._follow, args=(weakref.ref(page),), name="ketjet-line", daemon=True).start()

    def stop(self) -> None:
        """Remove the folder."""
        self.close()

    def close(self) -> None:
        """Remove the folder."""
        self._closed.set()
        for _ in range(2):  # a worker may write a file meanwhile
            shutil.rmtree(self._folder, ignore_errors=True)

    def _follow(self, known: weakref.ref[ControlPage]) -> None:
        while not self._closed.wait(POLL_SECONDS) and (page := known()) is not None:
            for file in Path(self._folder).glob("*-*"):
                start, _, stop = file.name.partition("-")
                with contextlib.suppress(OSError, ValueError):  # it is being written, or has gone
                    page.write(range(int(start), int(stop)), file.read_bytes())
            del page


class DaskLine(Line):
    """By dask's scheduler.

    Parameters
    ----------
    job
        A name.
    topic
        Of the submitting process.
    """

    def __init__(self, job: str, topic: str) -> None:
        self._job, self._topic = job, topic

    def tell(self, runs: range, counters: bytes) -> None:
        """Send a message to all who want to hear of the topic."""
        distributed = import_module("distributed")
        distributed.get_worker().log_event(self._topic, [self._job, runs.start, runs.stop, counters])

    def stopped(self) -> bool:
        """Ask the scheduler."""
        distributed = import_module("distributed")
        return bool(distributed.Event(self._job, client=distributed.get_client()).is_set())


_pages: weakref.WeakValueDictionary[str, ControlPage] = weakref.WeakValueDictionary()  # by names of jobs
_heard: weakref.WeakSet[Any] = weakref.WeakSet()  # clients that are subscribed to


class DaskChannel:
    """A client of dask's.

    Parameters
    ----------
    client
        The client.
    page
        The page that is kept up to date.
    """

    def __init__(self, client: Any, page: ControlPage) -> None:
        self._client, self._job = client, f"ketjet-{uuid4().hex}"
        _pages[self._job] = page
        if client not in _heard:
            _heard.add(client)
            client.subscribe_topic(TOPIC, _hear)
        self.line: Line = DaskLine(self._job, TOPIC)

    def stop(self) -> None:
        """Let a thread tell the scheduler, for that may wait."""
        with contextlib.suppress(RuntimeError):  # the interpreter ends
            threading.Thread(target=self._set, name="ketjet-line", daemon=True).start()

    def close(self) -> None:
        """Forget the page."""
        _pages.pop(self._job, None)

    def _set(self) -> None:
        distributed = import_module("distributed")
        with contextlib.suppress(Exception):  # the scheduler has gone, and its workers with it
            distributed.Event(self._job, client=self._client).set()


def _hear(event: tuple[float, Any]) -> None:
    _, (job, start, stop, counters) = event
    if (page := _pages.get(job)) is not None:
        page.write(range(start, stop), counters)
