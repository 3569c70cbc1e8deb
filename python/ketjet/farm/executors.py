"""What is given as an executor, what is known of it, and those that a callable makes, one after another."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import BrokenExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Executors", "is_near", "is_of_dask", "lost_with_its_worker", "workers_of"]

NEAR = ("concurrent.futures.thread", "concurrent.futures.process", "loky", "joblib.externals.loky")
"""Where classes of executors are defined whose workers are on this machine."""

LOSSES = frozenset({"KilledWorker", "WorkerLost", "ManagerLost", "EngineError"})
"""Names of exceptions by which executors that outlive their workers tell of a lost one: dask, Parsl, ipyparallel."""


def _modules_of(executor: Any) -> list[str]:
    """Return where the class of an executor, and those it derives from, are defined; or of those that it will make."""
    kind = getattr(executor, "func", executor)
    kind = kind if isinstance(kind, type) else type(kind)
    return [base.__module__ for base in kind.__mro__]


def is_near(executor: Any) -> bool:
    """Return whether the workers are known to be on this machine."""
    return any(module == near or module.startswith(f"{near}.") for module in _modules_of(executor) for near in NEAR)


def is_of_dask(executor: Any) -> bool:
    """Return whether it is dask's, or a client of dask's."""
    return any(module.partition(".")[0] == "distributed" for module in _modules_of(executor))


def workers_of(executor: Any) -> int | None:
    """Return how many workers it has; 0 if it does not say, and None if there is no executor."""
    if executor is None:
        return None
    workers = 0
    if is_near(executor):
        workers = getattr(executor, "_max_workers", 0)
    elif is_of_dask(executor):  # its client is told every few seconds
        told = getattr(getattr(executor, "_client", executor), "_scheduler_identity", None) or {}
        workers = told.get("total_threads", 0)
    return workers if isinstance(workers, int) else 0


def lost_with_its_worker(error: BaseException) -> bool:
    """Return whether an exception says that a worker, or all of them, went away."""
    return isinstance(error, BrokenExecutor) or not LOSSES.isdisjoint(kind.__name__ for kind in type(error).__mro__)


def _is_maker(given: Any) -> bool:
    """Return whether it makes executors instead of being one."""
    return isinstance(given, type) or not callable(getattr(given, "submit", None))


class Executors:
    """The executor of a job: the one that was given, or those that a callable makes, the next when one has broken.

    Any thread may call anything at any time, signal handlers included: no lock is taken.

    Parameters
    ----------
    given
        An executor, a client that has one, or a callable without arguments that makes either.
    announce
        Called with every executor before it is used.
    """

    def __init__(self, given: Any, announce: Callable[[Any], None]) -> None:
        self.makes = _is_maker(given)
        """Whether a broken one is replaced."""
        self._given, self._announce = given, announce
        self._made: list[tuple[Any, Any]] = []  # the one that is used, and what is to be closed with it
        self._may_make = [None]  # the one who pops it must make the next
        self._failure: BaseException | None = None
        self._closed = False
        if not self.makes:
            self._take_in(given)

    @property
    def ready(self) -> bool:
        """Whether there is one now, or will never be."""
        return bool(self._made) or self._failure is not None

    def make(self, then: Callable[[], object]) -> None:
        """Let a thread make the next one and call back; nothing if one does already."""
        try:
            self._may_make.pop()
        except IndexError:
            return
        try:
            threading.Thread(target=self._make, args=(then,), name="ketjet-farm", daemon=True).start()
        except RuntimeError:  # the system has no more threads
            self._make(then)

    def current(self) -> Any:
        """Return the one to use now.

        Raises
        ------
        BrokenExecutor
            It has broken a moment ago.
        Exception
            What the callable has raised, or why no more is made.
        """
        if self._failure is not None:
            raise self._failure
        try:
            return self._made[-1][0]
        except IndexError:
            raise BrokenExecutor("it has broken") from None

    def drop(self, broken: Any) -> bool:
        """Let go of one that has broken, and return whether nobody has done so before."""
        for made in [made for made in list(self._made) if made[0] is broken]:
            with contextlib.suppress(ValueError):  # somebody else has
                self._made.remove(made)
                _close(*made)
                return True
        return False

    def give_up(self, why: BaseException) -> None:
        """Make no more; whoever asks for one gets this exception."""
        self._failure = why

    def close(self) -> None:
        """Shut down what was made here."""
        self._closed = True
        while self.makes and self._made:
            with contextlib.suppress(IndexError):
                _close(*self._made.pop())

    def _make(self, then: Callable[[], object]) -> None:
        try:
            self._take_in(self._given())
            if self._closed:
                self.close()
        except BaseException as error:  # noqa: BLE001 - it becomes the outcome of all tasks
            self._failure = error
        self._may_make.append(None)
        then()

    def _take_in(self, given: Any) -> None:
        get_executor = getattr(given, "get_executor", None)
        executor = get_executor() if callable(get_executor) else given
        if self.makes and not callable(getattr(executor, "submit", None)):
            raise TypeError(f"the callable given as executor must make a concurrent.futures.Executor, got {given!r}")
        self._announce(executor)
        self._made.append((executor, given))


def _close(executor: Any, given: Any) -> None:
    """Shut down an executor, or close the client that it belongs to, on a thread of its own, for either may wait."""
    close = partial(executor.shutdown, wait=False) if executor is given else getattr(given, "close", None)
    with contextlib.suppress(AttributeError, RuntimeError):  # it has no shutdown, or the interpreter ends
        threading.Thread(target=close, name="ketjet-farm", daemon=True).start()
