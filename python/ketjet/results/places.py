"""Which results of a job belong to which points of its experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment

__all__ = ["ended_at_places", "outcome_at", "places_of"]


def places_of(experiment: Experiment, begin: int) -> Sequence[int]:
    """Return the places of an experiment's results, where those of the experiments before it are so many."""
    return range(begin, begin + experiment.task.num_points) if experiment.places is None else experiment.places


def outcome_at(outcome: Outcome | BaseException, point: int) -> Outcome | BaseException:
    """Return what has come of one point of an experiment."""
    if isinstance(outcome, BaseException):
        return outcome
    return outcome.failures.get(point) or outcome.at_point(point)


def ended_at_places(
    experiments: Iterable[Experiment], outcomes: Iterable[Outcome | BaseException]
) -> Iterator[tuple[int, tuple[Experiment, Outcome | BaseException]]]:
    """Return experiments with what came of them, by the place of the first of their results.

    Circuits that ran together are experiments of their own again.
    """
    begin = 0
    for experiment, outcome in zip(experiments, outcomes, strict=True):
        places = places_of(experiment, begin)
        begin += len(places)
        if experiment.circuits is None:
            yield places[0], (experiment, outcome)
            continue
        for point, place in enumerate(places):
            yield place, (experiment.at_point(point), outcome_at(outcome, point))
