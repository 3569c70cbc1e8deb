"""The farm of one job: its executor, what is sent there, and what becomes of what is lost there."""

from __future__ import annotations

import contextlib
import itertools
import threading
from concurrent.futures import BrokenExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.engine import ControlPage
from ketjet.farm.bundles import Bundle, Terms, bundles_of, packed, run
from ketjet.farm.channels import DaskChannel, FolderChannel
from ketjet.farm.executors import Executors, is_near, is_of_dask, lost_with_its_worker, workers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from ketjet.engine import Outcome, Progress, Task
    from ketjet.farm.channels import Channel

__all__ = ["Farm", "FarmOptions", "Sent"]

FUTURE_METHODS = ("add_done_callback", "cancel", "cancelled", "exception", "result", "running")
"""What is asked of the futures."""


class FarmOptions(NamedTuple):
    """Where tasks are sent, and how."""

    executor: Any
    """An executor, a client of dask's, or a callable that makes either."""
    retries: int = 2
    """How often a task is sent again that was lost with its worker."""
    control_dir: str | None = None
    """A folder that all workers see."""
    max_threads: int | None = None
    memory_limit: int | None = None


class Farm:
    """Sends the tasks of a job to an executor.

    Parameters
    ----------
    options
        Where to, and how.
    tasks
        How many there are.
    execute
        Runs one of them there.
    announce
        Called with every executor before it is used.
    """

    def __init__(
        self, options: FarmOptions, tasks: int, execute: Callable[..., Outcome], announce: Callable[[Any], None]
    ) -> None:
        self.options, self._execute, self._tasks = options, execute, tasks
        self.executors = Executors(options.executor, announce)
        self.page = ControlPage(max(tasks, 1), shared=True)
        """The controls of all tasks."""
        self.out: set[Sent] = set()
        """What has been sent, and has not come back."""
        self.losses: dict[int, int] = {}
        """How many workers were lost, by the task that was running."""
        self.proven: Any = None
        """The last executor that something came back from."""
        self._in_vain = 0  # executors, one after another, that broke before anything began there
        self._channels: dict[str, Channel] = {}  # the one that there is, if any
        self._is_of_dask = False
        self._bundles = 1
        self._attempts = itertools.count()
        self._closed = False

    def open(self) -> None:
        """Open the channel through a folder.

        Raises
        ------
        OSError
            It cannot be made.
        """
        if self.options.control_dir is not None:
            self._channels["only"] = FolderChannel(self.options.control_dir, self.page)

    def bundles(self, tasks: Sequence[Task], numbers: Sequence[int]) -> Iterator[range]:
        """Share out tasks over bundles, by their numbers."""
        found = list(bundles_of(tasks, numbers, workers_of(self.options.executor) or 0))
        self._bundles = len(found)
        return iter(found)

    def sent(self, numbers: range) -> Sent:
        """Return what sends these tasks, and tells of them."""
        return Sent(numbers, self)

    def may_send(self, numbers: range, others: Sequence[Any], later: Callable[[], object]) -> bool:
        """Return whether the next tasks may go now, beside others; they wait for an executor, which calls `later`.

        On its last try, a task is alone, whatever it does to workers.
        """
        if not self.executors.ready:
            self.executors.make(later)
            return False
        if not others or not self.losses:
            return True
        last, losses = max(self.options.retries, 1), self.losses
        concerned = itertools.chain(numbers, *[one.numbers for one in others])
        return all(losses.get(number, 0) < last for number in concerned)

    def bundle(self, executor: Any, numbers: range, tasks: Sequence[Task]) -> Bundle:
        """Return what the executor's workers are sent of these tasks."""
        if is_of_dask(executor):
            self._is_of_dask = True
            if not self._channels:
                self._channels.setdefault("only", DaskChannel(executor._client, self.page))
        channel = self._channels.get("only")
        sharers = min(workers_of(executor) or 1, self._bundles) if is_near(executor) else 1
        return Bundle(
            packed(tasks),
            numbers,
            self._execute,
            Terms(self.options.max_threads, sharers, self.options.memory_limit),
            self.page.address,
            self._tasks,
            None if channel is None else channel.line,
            next(self._attempts),
        )

    def goes_on_without(self, executor: Any, begun: Sequence[int]) -> bool:
        """Return whether there will be another executor for one that has broken when these tasks had begun there."""
        if not self.executors.makes:
            return False
        if self.executors.drop(executor):
            others = [one for one in list(self.out) if one.executor is executor]
            worked = begun or executor is self.proven or any(self.page.begun(one.numbers) for one in others)
            worked = worked or not is_near(executor)  # for all that can be seen from here
            self._in_vain = 0 if worked else self._in_vain + 1
        return self._in_vain <= self.options.retries

    def stop(self, futures: Sequence[Future[Any]]) -> None:
        """Tell the workers that no more is wanted, and the executor not to begin any of these."""
        self.page.stop()
        for channel in self._channels.values():
            channel.stop()
        cancel = partial(_cancel, futures)
        if self._is_of_dask:
            with contextlib.suppress(RuntimeError):  # the interpreter ends
                threading.Thread(target=cancel, name="ketjet-farm", daemon=True).start()  # each asks the scheduler
        else:
            cancel()

    def close(self) -> None:
        """Let go of everything; what workers have told so far can still be read."""
        for channel in self._channels.values():
            channel.close()
        self.executors.close()
        self._closed = True
        self.remove_page()

    def remove_page(self) -> None:
        """Remove the file of the page once nobody needs it, not even to see that it says stop."""
        if self._closed and not self.out:
            self.page.close()


class Sent:
    """Tasks that are sent together, and run one after another.

    Parameters
    ----------
    numbers
        Theirs.
    farm
        That of their job.
    """

    def __init__(self, numbers: range, farm: Farm) -> None:
        self.numbers, self._farm, self._page = numbers, farm, farm.page
        self.future: Future[Any] | None = None
        self.executor: Any = None

    @property
    def started_at(self) -> float:
        """When the first of them has begun; 0 if none has."""
        return min([each.started_at for _, each in self.progress()], default=0.0)

    def progress(self) -> list[tuple[int, Progress]]:
        """Return how far each task is that has begun."""
        return [(number, self._page.control(number).progress()) for number in self._page.begun(self.numbers)]

    def ends(self) -> list[Progress]:
        """Return how far each of them has come."""
        return [self._page.control(number).progress() for number in self.numbers]

    def send(self, tasks: Sequence[Task]) -> Future[list[Outcome | BaseException]]:
        """Hand the tasks to the executor.

        Raises
        ------
        TypeError
            What the executor returns is no future.
        Exception
            What the executor, or whoever makes it, has raised.
        """
        farm = self._farm
        executor = self.executor = farm.executors.current()
        bundle = farm.bundle(executor, self.numbers, tasks)
        farm.out.add(self)
        future: Future[Any] = executor.submit(run, bundle)
        if lacks := [name for name in FUTURE_METHODS if not callable(getattr(future, name, None))]:
            kind = f"{type(future).__name__} without {lacks[0]}()"
            raise TypeError(f"the executor's submit() must return a future, got {kind}")
        return future

    def came_back(self) -> None:
        """Take note that no worker has these tasks any more."""
        self._farm.out.discard(self)
        self._farm.remove_page()

    def checked(self, outcomes: Any) -> list[Outcome | BaseException]:
        """Return what the future has given, which is an outcome or an exception for each task unless something lies."""
        self._farm.proven = self.executor
        if isinstance(outcomes, list) and len(outcomes) == len(self.numbers):
            return outcomes
        wrong = TypeError(f"the executor's future must give what its call returns, got {type(outcomes).__name__}")
        return [wrong] * len(self.numbers)

    def lost(self, error: BaseException) -> tuple[list[range], Sequence[int], BaseException]:
        """Look what to do after an exception in place of their outcomes.

        Returns
        -------
        again : list of range
            The tasks to send again, together as they are here.
        failed : sequence of int
            Those that have failed for good.
        error
            Why, in words of users.
        """
        farm, numbers = self._farm, self.numbers
        if not lost_with_its_worker(error):
            return [], numbers, error
        begun = self._page.begun(numbers)[-1:]
        self._page.clear(numbers)
        if isinstance(error, BrokenExecutor) and not farm.goes_on_without(self.executor, begun):
            lost = _worker_lost(error, _advice(farm.options.executor, makes=farm.executors.makes))
            farm.executors.give_up(lost)
            return [], numbers, lost
        suspects = begun if begun or self.executor is None or is_near(self.executor) else list(numbers)
        for number in suspects:
            farm.losses[number] = farm.losses.get(number, 0) + 1
        failed = [number for number in suspects if farm.losses[number] > farm.options.retries]
        again = [part for part in _parts(numbers, suspects) if part.start not in failed]
        advice = f"It was sent {farm.options.retries + 1} times; look what ends the workers, for example their memory."
        return again, failed, _worker_lost(error, advice)


def _cancel(futures: Sequence[Future[Any]]) -> None:
    for future in futures:
        future.cancel()


def _parts(numbers: range, alone: Sequence[int]) -> list[range]:
    """Cut a range so that some of its numbers are by themselves."""
    cuts = sorted({numbers.start, numbers.stop, *alone, *[number + 1 for number in alone]})
    return [range(*pair) for pair in itertools.pairwise(cuts)]


def _advice(executor: Any, *, makes: bool) -> str:
    if makes:
        return "Nothing has even begun on the last executors that were made; see what their workers say."
    kind = type(executor).__name__
    advice = f"give a callable that makes one, executor=lambda: {kind}(...), and what is lost runs again"
    return f"This {kind} takes no more; {advice}."


def _worker_lost(error: BaseException, advice: str) -> BaseException:
    from ketjet.errors import WorkerLostError

    lost = WorkerLostError(f"lost with its worker ({type(error).__name__}: {error}). {advice}")
    lost.__cause__ = error
    return lost
