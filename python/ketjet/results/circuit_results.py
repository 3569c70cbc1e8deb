"""The results of a job's circuits, of which each is made when somebody looks at it."""

from __future__ import annotations

import bisect
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet import engine
from ketjet.results.circuit_result import CircuitResult
from ketjet.results.places import outcome_at, places_of
from ketjet.results.tabled_counts import TabledCounts, require_memory_of_counts, tabled_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

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
        self.taken = 0
        """How many are results of earlier runs."""
        self.threads = 0
        """The most that one has had."""
        self._drifted: list[int] = []
        self._unmade: list[tuple[int, Experiment, Outcome | BaseException]] = []
        """Of results that are made when somebody looks: what they are made of, and the number of the first of them."""
        made: list[tuple[int, CircuitResult]] = []
        begin = 0
        for experiment, outcome in zip(experiments, outcomes, strict=True):
            count, threads = experiment.task.num_points, experiment.task.threads
            if isinstance(outcome, BaseException):
                self.failed += count
            else:
                self.failed += len(outcome.failures)
                self.taken += count if outcome.facts.taken else sum(outcome.taken)
                threads = outcome.facts.threads or threads
                if engine.drift_of(outcome.facts.norm_error, experiment.task.precision):
                    places = places_of(experiment, begin)
                    self._drifted += [places[point] for point in _drifted_points(experiment, outcome)]
            if experiment.saves:
                made.append((places_of(experiment, begin)[0], CircuitResult(experiment, outcome)))
            else:
                self._unmade.append((begin, experiment.without_program(), outcome))
            self.threads = max(self.threads, threads)
            super().extend([None] * count)
            begin += count
        for place, result in made:
            list.__setitem__(self, place, result)

    def drifted(self) -> list[CircuitResult]:
        """Return the results of states that have not kept their norm; of points of one circuit, the worst."""
        return [self[index] for index in sorted(self._drifted)]

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
            if isinstance(outcome, BaseException) or not experiment.has_measurements or experiment.task.exact:
                continue
            places = places_of(experiment, begin)
            if not outcome.failures and all(list.__getitem__(self, place) is None for place in places):
                found.update(zip(places, _counts_of(experiment, outcome), strict=True))
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

    @functools.cached_property
    def _numbers(self) -> NDArray[np.intp] | None:
        """The numbers of results in the order of the experiments, by place; None where the places are in that order."""
        if all(experiment.places is None for _, experiment, _ in self._unmade):
            return None
        numbers = np.arange(len(self))
        for begin, experiment, _ in self._unmade:
            places = places_of(experiment, begin)
            numbers[np.asarray(places)] = np.arange(begin, begin + len(places))
        return numbers

    def _make(self, index: int) -> CircuitResult:
        number = index if self._numbers is None else int(self._numbers[index])
        begin, experiment, outcome = self._unmade[bisect.bisect_right(self._unmade, number, key=lambda c: c[0]) - 1]
        return CircuitResult(experiment.at_point(number - begin), outcome_at(outcome, number - begin))


def _drifted_points(experiment: Experiment, outcome: Outcome) -> Iterable[int]:
    """Return which states have not kept their norm, if any has not; of points of one circuit, the worst."""
    if outcome.norm_errors is None:
        return (0,)
    if experiment.circuits is None:
        return (int(outcome.norm_errors.argmax()),)
    norm_errors = enumerate(outcome.norm_errors.tolist())
    return [point for point, error in norm_errors if engine.drift_of(error, experiment.task.precision)]


def _counts_of(experiment: Experiment, outcome: Outcome) -> list[TabledCounts]:
    """Return the counts of an experiment's circuits."""
    if experiment.circuits is None:
        return tabled_counts(outcome, experiment.header)
    headers = experiment.circuits.headers
    sizes = experiment.header["creg_sizes"]
    if all(header["creg_sizes"] == sizes for header in headers):
        return tabled_counts(outcome, experiment.header)
    each = [outcome.at_point(point) for point in range(len(headers))]
    return [tabled_counts(one, header)[0] for one, header in zip(each, headers, strict=True)]


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
