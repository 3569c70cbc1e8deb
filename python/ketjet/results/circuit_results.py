"""The results of a job's circuits, of which each is made when somebody looks at it."""

from __future__ import annotations

import bisect
import functools
from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.results.circuit_result import CircuitResult
from ketjet.results.tabled_counts import TabledCounts, require_memory_of_counts, tabled_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment

__all__ = ["CircuitResults"]


class CircuitResults(list[Any]):
    """A list of results, one for each circuit and set of parameter values; most are made when somebody looks at them.

    What is assigned to a result, or to a place in the list, stays there. A slice, a copy and what is pickled are plain
    lists.

    Parameters
    ----------
    experiments
        What was run; one of several points gives a result for each.
    outcomes
        What came out, or the exception of an experiment that has failed.
    """

    def __init__(self, experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]) -> None:
        super().__init__()
        self.failed = 0
        """How many have failed."""
        self._drifted: list[int] = []
        self._unmade: list[tuple[int, Experiment, Outcome | BaseException]] = []
        """Of results that are made when somebody looks: what they are made of, and the place of the first of them."""
        for experiment, outcome in zip(experiments, outcomes, strict=True):
            begin, task = len(self), experiment.task
            if isinstance(outcome, BaseException):
                self.failed += task.num_points
            elif engine.drift_of(outcome.facts.norm_error, task.precision):
                self._drifted.append(begin + (0 if outcome.norm_errors is None else int(outcome.norm_errors.argmax())))
            if experiment.saves:
                super().append(CircuitResult(experiment, outcome))
                continue
            kept = experiment if task.points is not None else experiment.without_program()
            self._unmade.append((begin, kept, outcome))
            super().extend([None] * task.num_points)

    def drifted(self) -> list[CircuitResult]:
        """Return the results of states that have not kept their norm; of points that ran together, the worst."""
        return [self[index] for index in self._drifted]

    def counts_of_unmade(self) -> dict[int, TabledCounts]:
        """Return the counts of circuits whose results have not been made yet, by their places in the list.

        Points that ran together are left out if any of their results has been made: it might have been changed.

        Raises
        ------
        InsufficientMemoryError
            There is not so much memory.
        """
        require_memory_of_counts([outcome for *_, outcome in self._unmade if not isinstance(outcome, BaseException)])
        found: dict[int, TabledCounts] = {}
        for begin, experiment, outcome in self._unmade:
            places = range(begin, begin + experiment.task.num_points)
            if isinstance(outcome, BaseException) or not experiment.has_measurements or experiment.task.exact:
                continue
            if all(made is None for made in list.__getitem__(self, slice(places.start, places.stop))):
                found.update(zip(places, tabled_counts(outcome, experiment.header), strict=True))
        return found

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if (made := super().__getitem__(index)) is None:
            made = self._make(range(len(self))[index])
            list.__setitem__(self, index, made)
        return made

    def __iter__(self) -> Iterator[Any]:
        return map(self.__getitem__, range(len(self)))

    def __reversed__(self) -> Iterator[Any]:
        return map(self.__getitem__, reversed(range(len(self))))

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    def _make(self, index: int) -> CircuitResult:
        begin, experiment, outcome = self._unmade[bisect.bisect_right(self._unmade, index, key=lambda c: c[0]) - 1]
        there = outcome if isinstance(outcome, BaseException) else outcome.at_point(index - begin)
        return CircuitResult(experiment.at_point(index - begin), there)


def _of_all(name: str) -> Callable[..., Any]:
    """Return a method of lists that finds all results made."""
    plain = getattr(list, name)

    @functools.wraps(plain)
    def method(self: CircuitResults, *arguments: Any, **options: Any) -> Any:
        for index in range(len(self)):
            self[index]
        return plain(self, *arguments, **options)

    return method


for _name in (
    *("__add__", "__contains__", "__delitem__", "__eq__", "__ge__", "__gt__", "__iadd__", "__imul__", "__le__"),
    *("__lt__", "__mul__", "__ne__", "__repr__", "__rmul__", "__setitem__", "append", "copy", "count", "extend"),
    *("index", "insert", "pop", "remove", "reverse", "sort"),
):
    setattr(CircuitResults, _name, _of_all(_name))
