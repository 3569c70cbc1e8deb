"""The parts that the values of observables are read from: programs that run, and what is read of their final states."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.backend.experiments import chunked, runs_in_chunks
from ketjet.backend.result_memory import bytes_of_point, bytes_of_run, require_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.lowering.observable_table import Observables

__all__ = ["NO_ROWS", "Part", "Reading", "part_of"]

NO_ROWS = np.empty(0, np.int64)


class Part(NamedTuple):
    """A program that runs, and what is read from its final states.

    Attributes
    ----------
    experiment : Experiment
        How it is run, without readouts.
    slots : ndarray of int, optional
        Its slot i is slots[i] of the circuit's program; None for that program itself.
    observables : ndarray of int, or slice
        Which observables have a part in it.
    table : Observables
        These parts.
    scattering : ndarray of int
        Rows of this table whose variances are read as well.
    readouts : tuple of Readout
        How all this is read.
    """

    experiment: Experiment
    slots: NDArray[np.int64] | None
    observables: NDArray[np.int64] | slice
    table: Observables
    scattering: NDArray[np.int64]
    readouts: tuple[engine.Readout, ...]

    @property
    def draws(self) -> bool:
        """Whether values are averages over shots."""
        return self.experiment.task.shots > 0 and not self.experiment.task.exact

    def some(self, rows: NDArray[np.int64], observables: NDArray[np.int64]) -> Part:
        """Return what is read of a few rows of the table, which belong to observables of other numbers now."""
        table, scattering = self.table.some(rows), np.flatnonzero(np.isin(rows, self.scattering))
        part = self._replace(observables=observables, table=table, scattering=scattering)
        return part._replace(readouts=_readouts_of(part))

    def at(self, program: engine.Program) -> Experiment:
        """Return the run with the angles that the circuit's program has there."""
        if self.slots is not None:
            program = self.experiment.task.program.with_slots(program.slots[self.slots])
        return self.experiment._replace(task=self.experiment.task._replace(program=program, readouts=self.readouts))

    @property
    def runs_in_chunks(self) -> bool:
        """Whether the engine can run it at many points without coming back for each."""
        return runs_in_chunks(self.experiment) and not self.draws and not len(self.scattering)

    def at_all(self, slots: Sequence[NDArray[np.float64]], workers: int | None) -> list[Experiment]:
        """Return the runs with the slots that the circuit's program has at many points, which come some at a time.

        As many workers take them as `workers_that_take_chunks` says.
        """
        own = slots if self.slots is None else [some[:, self.slots] for some in slots]
        template = self.experiment._replace(task=self.experiment.task._replace(readouts=self.readouts))
        return list(chunked(own, sum(map(len, slots)), template, {}, workers))


def part_of(
    experiment: Experiment,
    slots: NDArray[np.int64] | None,
    observables: NDArray[np.int64] | slice,
    table: Observables,
    scattering: NDArray[np.int64] = NO_ROWS,
) -> Part:
    """Make a part, whose attributes these are; reading the table is added to what its run is expected to take."""
    task = experiment.task
    if task.plan is not None:
        seconds = task.seconds + engine.reading_seconds(task.plan, table.readout, task.threads)
        experiment = experiment._replace(task=task._replace(seconds=seconds))
    part = Part(experiment, slots, observables, table, scattering, ())
    return part._replace(readouts=_readouts_of(part))


def _readouts_of(part: Part) -> tuple[engine.Readout, ...]:
    read, table, scattering = part.table.readout, part.table, part.scattering
    readouts: tuple[engine.Readout, ...] = (engine.SpreadReadout(read) if part.draws else read,)
    if len(scattering):
        readouts += (engine.VariancesReadout(table.some(scattering).readout),)
    return readouts


class Reading(NamedTuple):
    """How observables are read.

    Attributes
    ----------
    constants : ndarray of float
        The part of each observable that is the same in all states.
    parts : tuple of Part
        Where the rest is read; none if there is no rest.
    """

    constants: NDArray[np.float64]
    parts: tuple[Part, ...]

    @property
    def num_strings(self) -> int:
        """How many strings are read."""
        return sum(part.table.num_strings for part in self.parts)

    def strings_by_observable(self) -> NDArray[np.int64]:
        """Return how many strings of each observable are read."""
        counts = np.zeros(len(self.constants), np.int64)
        for part in self.parts:
            counts[part.observables] += np.diff(part.table.row_begins)
        return counts

    def values_in(self, outcomes: Sequence[Outcome]) -> NDArray[np.float64]:
        """Return the observables' values from the outcomes of the parts' runs."""
        values = self.constants.copy()
        for part, outcome in zip(self.parts, outcomes, strict=True):
            values[part.observables] += outcome.readouts[0][: part.table.num_rows]
        return values

    def errors_in(self, outcomes: Sequence[Outcome]) -> NDArray[np.float64]:
        """Return the standard errors of these values, which have none but as averages over shots."""
        errors = np.zeros(len(self.constants))
        for part, outcome in zip(self.parts, outcomes, strict=True):
            if part.draws:
                errors[part.observables] = engine.error_of_mean(outcome.readouts[0], part.experiment.task.shots)
        return errors

    def variances_in(self, outcomes: Sequence[Outcome]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the variances that are read, from the outcomes of the parts' runs, and of which observables they are.

        Values have to be read for that, and so no part but the whole circuit has any.
        """
        for part, outcome in zip(self.parts, outcomes, strict=True):
            if len(part.scattering):
                return self._numbers_of(part)[part.scattering], engine.variances_of(outcome.readouts[1])
        return NO_ROWS, np.empty(0)

    @property
    def runs_in_chunks(self) -> bool:
        """Whether the engine can run all parts at many points without coming back for each."""
        return all(part.runs_in_chunks for part in self.parts)

    def require_memory(self, points: int) -> None:
        """Check that there is memory for what the parts leave at so many points.

        Raises
        ------
        InsufficientMemoryError
            There is not.
        """
        if not self.parts:
            return
        tasks = [part.experiment.task._replace(readouts=part.readouts) for part in self.parts]
        of_point = sum(map(bytes_of_point if self.runs_in_chunks else bytes_of_run, tasks)) + 8 * len(self.constants)
        require_memory(points, of_point, self.parts[0].experiment)

    def at_all(self, slots: Sequence[NDArray[np.float64]], workers: int | None) -> list[Experiment]:
        """Return the runs of all parts, one part after the other, at points as `Part.at_all` takes them."""
        return [experiment for part in self.parts for experiment in part.at_all(slots, workers)]

    def values_at_all(self, outcomes: Sequence[Outcome], points: int) -> NDArray[np.float64]:
        """Return the observables' values at all points, shape (points, observables), from what `at_all` gave."""
        values = np.tile(self.constants, (points, 1))
        rest = iter(outcomes)
        for part in self.parts:
            begin = 0
            while begin < points:
                rows = next(rest).readouts[0]
                values[begin : begin + len(rows), part.observables] += rows
                begin += len(rows)
        return values

    def some(self, observables: NDArray[np.int64]) -> Reading:
        """Return how a few of the observables are read, whose numbers ascend."""
        parts = []
        for part in self.parts:
            own = self._numbers_of(part)
            places = np.minimum(np.searchsorted(own, observables), len(own) - 1)
            there = np.flatnonzero(own[places] == observables)
            if len(there):
                parts.append(part.some(places[there], there))
        return Reading(self.constants[observables], tuple(parts))

    def _numbers_of(self, part: Part) -> NDArray[np.int64]:
        """Return the numbers of the observables that have a part in it."""
        return np.arange(len(self.constants))[part.observables]
