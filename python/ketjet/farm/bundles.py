"""Bundles: tasks of a job that are sent to a worker together, for sending one takes longer than many a task runs.

`run` is what a worker is sent with a bundle. It gives each task the threads and the memory that there are where it
runs, and an outcome or an exception comes back for each.
"""

from __future__ import annotations

import contextlib
import pickle
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet import engine
from ketjet.options.machine import allowed_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ketjet.engine import ControlPage, Outcome, PageAddress, Task
    from ketjet.farm.channels import Line

__all__ = ["Bundle", "Terms", "bundle_seconds", "bundles_of", "packed", "run"]

TASK_SECONDS = 1e-4
"""What a task takes beside what is predicted: a part of the message, and of its answer."""

BUNDLE_SECONDS = (5e-2, 0.5)
"""The least and the most that a bundle takes: what a message is worth, and how soon others get their turn."""

SHORTEST_SECONDS = 5e-3
"""Bundles may be as short if there are not enough longer ones for all workers."""

BUNDLES_PER_WORKER = 4
"""So many bundles, if they are not too short, end at nearly the same time whatever a prediction is worth."""

UNKNOWN_WORKERS = 32
"""How many workers an executor is taken to have that does not say."""

LARGEST = 1024
"""The most tasks of a bundle."""

SMALL_PART = 64
"""A task that takes less than this part of the memory there was a moment ago fits without asking again."""


class Terms(NamedTuple):
    """What holds for all tasks of a job, wherever they run."""

    max_threads: int | None = None
    """The option of that name."""
    sharers: int = 1
    """How many workers share a machine, as far as that is known."""
    memory_limit: int | None = None
    """The most bytes that a task may take."""


class Pack(NamedTuple):
    """Tasks that differ in nothing but angles and occurrences: one of them, and these of all; or a single task."""

    first: Task
    slots: NDArray[np.float64] | None = None
    occurrences: tuple[int, ...] = ()

    def tasks(self) -> Iterator[Task]:
        """Return the tasks."""
        if self.slots is None:
            yield self.first
            return
        for row, occurrence in zip(self.slots, self.occurrences, strict=True):
            yield self.first._replace(program=self.first.program.with_slots(row), occurrence=occurrence)


@dataclass(frozen=True)
class Bundle:
    """What is sent to a worker."""

    packs: Sequence[Pack]
    numbers: range
    """Of the tasks, in their job."""
    execute: Callable[..., Outcome]
    """Runs one of them."""
    terms: Terms
    address: PageAddress
    """Of the page with the controls of the job's tasks."""
    total: int
    """How many these are."""
    line: Line | None
    """What a worker hears and tells by that does not see the page."""
    attempt: int

    def __dask_tokenize__(self) -> tuple[Any, ...]:  # by which dask need not pickle everything twice
        return self.address, self.numbers, self.attempt


def bundle_seconds(total: float, workers: int) -> float:
    """Return how long a bundle takes of tasks that take so long in all.

    Parameters
    ----------
    total
        Predicted seconds on one worker.
    workers
        How many there are; 0 if that is not known.
    """
    least, most = BUNDLE_SECONDS
    length = min(max(total / (BUNDLES_PER_WORKER * (workers or UNKNOWN_WORKERS)), least), most)
    if not workers or length == most:
        return length
    turns = max(1, round(total / (workers * length)))  # all workers end together if each has as many
    return max(total / (workers * turns), SHORTEST_SECONDS)


def bundles_of(tasks: Sequence[Task], numbers: Sequence[int], workers: int) -> Iterator[range]:
    """Share out the tasks of these ascending numbers: short ones that follow each other are together."""
    seconds = [tasks[number].seconds + TASK_SECONDS for number in numbers]
    length = bundle_seconds(sum(seconds), workers)
    bundle, taken = range(0), 0.0
    for number, own in zip(numbers, seconds, strict=True):
        if number == bundle.stop and len(bundle) < LARGEST and taken + own <= length * (1 + 1e-9):
            bundle, taken = range(bundle.start, number + 1), taken + own
            continue
        if bundle:
            yield bundle
        bundle, taken = range(number, number + 1), own
    if bundle:
        yield bundle


def packed(tasks: Sequence[Task]) -> list[Pack]:
    """Pack tasks in their order: a program that differs from the one before it in angles alone is not sent again."""
    packs: list[Pack] = []
    alike: list[Task] = []

    def close() -> None:
        if len(alike) > 1:
            slots = engine.slots_of([task.program for task in alike])
            packs.append(Pack(alike[0], slots, tuple([task.occurrence for task in alike])))
        elif alike:
            packs.append(Pack(alike[0]))

    for task in tasks:
        if alike and not _are_alike(alike[0], task):
            close()
            alike = []
        alike.append(task)
    close()
    return packs


def _are_alike(one: Task, other: Task) -> bool:
    """Return whether tasks differ in nothing but angles and occurrences."""
    if one.plan is None or one.points is not None:
        return False
    same = other._replace(program=one.program, occurrence=one.occurrence)
    values = zip(one, same, strict=True)
    if not all(a is b or (isinstance(a, (int, float, str)) and a == b) for a, b in values):
        return False
    return one.program.same_structure(other.program)


def run(bundle: Bundle) -> list[Outcome | BaseException]:
    """Run a bundle where it was sent, and return what came out of each of its tasks."""
    seen = engine.ControlPage.at(bundle.address)
    page = engine.ControlPage(bundle.total) if seen is None else seen
    page.clear(bundle.numbers)  # a worker before this one may have been lost with it
    listening: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if seen is None and bundle.line is not None:
        listening = bundle.line.listening(page, bundle.numbers)
    tasks = (task for pack in bundle.packs for task in pack.tasks())
    with listening:
        return [_outcome(task, number, page, bundle) for task, number in zip(tasks, bundle.numbers, strict=True)]


def _outcome(task: Task, number: int, page: ControlPage, bundle: Bundle) -> Outcome | BaseException:
    control = page.control(number)
    try:
        if control.stopped:
            raise engine.Cancelled
        here = _as_it_runs_here(task, bundle.terms)
        outcome = bundle.execute(here, control)
        if here.threads != task.threads:
            outcome = outcome._replace(facts=outcome.facts._replace(threads=here.threads))
    except Exception as error:  # noqa: BLE001 - whoever waits for the job gets it
        told = _sent_back(error)
        told.__notes__ = [*getattr(told, "__notes__", ()), f"Where it ran:\n{traceback.format_exc()}"]
        return told
    return outcome


def _sent_back(error: Exception) -> Exception:
    """Return an exception, or what tells of it if it does not survive being sent: it must not take others with it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - pickling may raise anything
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _as_it_runs_here(task: Task, terms: Terms) -> Task:
    """Return a task with the threads that it may have here, and the memory that there is."""
    cores = max(1, engine.machine().cores // terms.sharers)
    available, rule = engine.recently_available_memory()
    if task.peak_bytes * SMALL_PART > available:
        available, rule = engine.available_memory()
    if terms.memory_limit is not None and terms.memory_limit < available:
        available, rule = terms.memory_limit, "max_memory_mb"
    return engine.fitted(task, threads=allowed_threads(terms.max_threads, cores), available=(available, rule))
