"""The calls that work on one state: who may at the same time, how they are cancelled, and whether the state is whole.

`StateVector` makes all its calls through a `StateCalls`. It takes no lock: one dictionary operation decides each
question, so signal handlers and any thread may cancel and ask whatever the thread that they interrupt was doing.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ketjet import engine
from ketjet.base.printable import printable
from ketjet.errors import JobCancelledError, JobError
from ketjet.jobs import log, workers
from ketjet.jobs.failures import public_error
from ketjet.jobs.per_process import PerProcess
from ketjet.jobs.progress import JobProgress, progress_of_one
from ketjet.jobs.progress_bar import ProgressBar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["StateCalls", "copy_amplitudes"]

_T = TypeVar("_T")

COPY_CHUNK = 1 << 22
"""Amplitudes that are copied before somebody looks whether to stop."""


NO_TIME: list[float] = []
"""When a brief call ended: as soon as it began."""

this_process = PerProcess(object)
"""Something that stands for this process."""


class StateCalls:
    """The calls on one state.

    Parameters
    ----------
    threads
        Engine threads that a call uses.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._running: dict[object, tuple[bool, object]] = {}  # whether it changes the state, and in which process
        self._cancellable: dict[object, engine.Control] = {}
        self._last: tuple[engine.Control, list[float]] | None = None  # what `progress` tells of, and when it ended
        self._broken = False
        self._brief = engine.Control()  # tells of the last brief call

    @property
    def broken(self) -> bool:
        """Whether a call was stopped while it changed the state."""
        self._forget_those_of_the_parent()
        return self._broken

    def read(self, call: Callable[[engine.Control], _T]) -> _T:
        """Make a call that leaves the state as it is, on a worker thread, and wait for its end.

        Raises
        ------
        JobError
            The state is being changed, or was left half changed.
        JobCancelledError
            `cancel` was called.
        """
        return self._make(call, changes=False)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Read the state on this thread.

        Raises
        ------
        JobError
            As `read`.
        """
        self.require_whole()
        with self._entered(object(), changes=False):
            yield

    def change(self, call: Callable[[engine.Control], _T], *, label: str = "", progress: bool = False) -> _T:
        """Make a call that changes the state; if it begins and does not end, the state is broken.

        Raises
        ------
        JobError
            The state is in use, or was left half changed.
        JobCancelledError
            `cancel` was called.
        """
        self.require_whole()
        if not (progress or log.is_read()):
            return self._make(call, changes=True, told=True)
        label = printable(label)
        with contextlib.ExitStack() as stack:
            shows: list[Callable[[JobProgress], None]] = []
            if progress:
                shows.append(stack.enter_context(ProgressBar(label)).show)
            if (tell := stack.enter_context(log.telling(f"state, {label}"))) is not None:
                shows.append(tell)

            def watch() -> None:
                for show in shows:
                    show(self.progress())

            return self._make(call, changes=True, told=True, watch=watch)

    def at_once(self, call: Callable[..., bool], *arguments: Any, overwrites: bool = False) -> bool:
        """Make a call that changes the state, if it ends before any other thread goes on; return whether it has.

        Parameters
        ----------
        call
            Takes the arguments and what the engine tells of it; what takes longer it leaves alone, and returns False.
        overwrites
            Whether the state is whole afterwards whatever it was.
        """
        if self._running or (self._broken and not overwrites):
            return False  # other calls say what is wrong, if anything is
        try:
            is_done = call(*arguments, self._brief.counters)
        except MemoryError as error:
            self._broken = True
            raise public_error(error) from error
        if is_done and overwrites:
            self._broken = False
        elif is_done:
            self._last = self._brief, NO_TIME
        return is_done

    def here(self, call: Callable[..., bool], *arguments: Any) -> bool:
        """Make a call that changes the state on this thread, if it is brief; return whether it has.

        Parameters
        ----------
        call
            As for `at_once`.
        """
        running, token, process = self._running, object(), this_process()
        self.require_whole()
        running[token] = True, process
        try:
            is_done = len(running) == 1 and call(*arguments, self._brief.counters)
        except BaseException as error:  # noqa: BLE001 - it goes on, under the name that users know
            self._broken = True
            public = public_error(error)
            raise public from public.__cause__
        finally:
            del running[token]
        if is_done:
            self._last = self._brief, NO_TIME
        return is_done

    def overwrite(self, call: Callable[[engine.Control], _T]) -> _T:
        """Make a call that changes all of the state, which is whole afterwards whatever it was."""
        value = self._make(call, changes=True)
        self._broken = False
        return value

    def require_whole(self) -> None:
        """Raise JobError if the state is broken."""
        if self.broken:
            raise JobError(
                "a call that changed this state was stopped halfway, so its amplitudes mean nothing: "
                "reset() it first, or load() another one."
            )

    def cancel(self) -> bool:
        """Stop the calls that run; True if there was one, which raises JobCancelledError now."""
        stopped = False
        for token in list(self._cancellable):
            control = self._cancellable.pop(token, None)
            if control is not None:
                control.stop()
                stopped = True
        return stopped

    def progress(self) -> JobProgress:
        """Return how far the last `change` is, or came."""
        if self._last is None:
            return JobProgress(0, 0, 0, 0, 0, 0, 0, 0.0, None, 1.0)
        control, ended = self._last
        told = control.progress()
        if control is self._brief:
            return progress_of_one(told, told.started_at)
        return progress_of_one(told, ended[0] if ended else None)

    def _make(
        self,
        call: Callable[[engine.Control], _T],
        *,
        changes: bool,
        told: bool = False,
        watch: Callable[[], object] | None = None,
    ) -> _T:
        if not changes:
            self.require_whole()
        control, token, ended = engine.Control(), object(), list[float]()
        began = False

        def begin() -> _T:
            nonlocal began
            began = True
            return call(control)

        with self._entered(token, changes=changes):
            try:
                self._cancellable[token] = control
                if told:
                    self._last = control, ended
                value = workers.shared().run(begin, threads=self.threads, stop=control.stop, watch=watch)
                if self._cancellable.pop(token, None) is None:
                    raise engine.Cancelled
            except BaseException as error:  # noqa: BLE001 - it goes on, under the name that users know
                self._broken = self._broken or (changes and began)
                if isinstance(error, engine.Cancelled):
                    raise JobCancelledError("the call was cancelled.") from None
                public = public_error(error)
                raise public from public.__cause__
            finally:
                ended.append(time.time())
                self._cancellable.pop(token, None)
            return value

    @contextlib.contextmanager
    def _entered(self, token: object, *, changes: bool) -> Iterator[None]:
        self._forget_those_of_the_parent()
        self._running[token] = changes, this_process()
        try:
            others = [other for key, (other, _) in self._running.copy().items() if key is not token]
            if any(others) or (changes and others):
                what = "changes" if any(others) else "reads"
                raise JobError(f"another call {what} this state now; wait for its end, or cancel() it.")
            yield
        finally:
            del self._running[token]

    def _forget_those_of_the_parent(self) -> None:
        """Drop the calls that went on while this process was forked: nobody here ends them."""
        for token, (changes, process) in self._running.copy().items():
            if process is not this_process() and self._running.pop(token, None) is not None:
                self._cancellable.pop(token, None)
                self._broken = self._broken or changes


def copy_amplitudes(source: NDArray[Any], target: NDArray[Any], control: engine.Control) -> None:
    """Copy amplitudes until the control is stopped; then raise `engine.Cancelled`."""
    for start in range(0, source.size, COPY_CHUNK):
        if control.stopped:
            raise engine.Cancelled
        np.copyto(target[start : start + COPY_CHUNK], source[start : start + COPY_CHUNK], casting="unsafe")
