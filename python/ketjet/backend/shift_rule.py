"""Gradients by parameter-shift rules: for circuits that measure, reset and branch, which cannot be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet.backend.differentiation import columns_of
from ketjet.backend.gradient_arrays import gathered
from ketjet.backend.readings import ReadCircuit
from ketjet.errors import InvalidCircuitError
from ketjet.lowering.changed_angles import changed_values, repeated_slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet.backend.admission import Admission
    from ketjet.backend.differentiation import Run
    from ketjet.backend.reading_parts import Part, Reading
    from ketjet.engine import Outcome, Program
    from ketjet.experiment import Experiment
    from ketjet.lowering.changed_angles import ChangedRun
    from ketjet.lowering.observable_table import Observables
    from ketjet.points.broadcasting import Grid

__all__ = ["ShiftedCircuit", "ShiftedDifferentiation", "ShiftedReading"]


class ShiftedCircuit:
    """A circuit whose expectation values are differentiated by running it with one angle changed at a time.

    Parameters
    ----------
    circuit
        Any circuit, its measurements, resets and control flow averaged over exactly; no parameter in a loop.
    admission
        What it may use.
    parameters
        What to differentiate by; all by default.
    light_cones
        Whether light cones may run instead.

    Attributes
    ----------
    lowered : LoweredCircuit

    Raises
    ------
    InvalidCircuitError
        It cannot be simulated, or an angle in a loop depends on a parameter.
    InvalidOptionError
        A parameter is not one of the circuit's.
    InsufficientMemoryError
        It does not fit into memory.
    """

    def __init__(
        self,
        circuit: QuantumCircuit,
        admission: Admission,
        parameters: Sequence[Parameter | str] | None = None,
        *,
        light_cones: bool = True,
    ) -> None:
        self._read = ReadCircuit(circuit, admission._replace(reads_state=True), light_cones=light_cones)
        self.lowered = self._read.lowered
        self._columns = columns_of(circuit, self.lowered, parameters)
        varying = self.lowered.slots_with(self._columns)
        for slot, operation, name in repeated_slots(self.lowered.program):
            if slot in varying:
                raise InvalidCircuitError(
                    f"circuit {circuit.name!r} has no gradient by the shift rule: operation {operation} ({name}) is in "
                    "a loop and depends on a parameter. Write its iterations one after the other, if they are few."
                )
        self._runs = [run for run in changed_values(self.lowered.program) if run.slot in varying]

    @property
    def num_parameters(self) -> int:
        """How many parameters it is differentiated by."""
        return len(self._columns)

    def reading(self, observables: Observables) -> ShiftedReading:
        """Return how observables and their derivatives are read at a point."""
        reading = self._read.reading(observables)
        return ShiftedReading(self, reading, tuple([self._runs_of(part) for part in reading.parts]))

    def readings(self, observables: Observables, grid: Grid) -> tuple[list[ShiftedReading], NDArray[np.int64]]:
        """Return how the observables are read that are wanted at each point, and where each value is in all these.

        Raises
        ------
        InvalidCircuitError
            An angle has no derivative at a point.
        """
        self.lowered.require_derivatives(grid.values, self._columns)
        if not len(grid.values):
            return [], np.empty(0, np.int64)
        whole, (wanted, places) = self.reading(observables), grid.observables_by_point()
        some: dict[bytes, ShiftedReading] = {}
        for numbers in wanted:
            if (key := numbers.tobytes()) not in some:
                some[key] = whole if len(numbers) == observables.num_rows else whole.some(numbers)
        return [some[numbers.tobytes()] for numbers in wanted], places

    def differentiation(
        self, observables: Observables, grid: Grid, points: Iterable[Program]
    ) -> ShiftedDifferentiation:
        """Prepare the gradients of a pub, whose distinct points are given as programs with angles."""
        readings, places = self.readings(observables, grid)
        experiments = [
            experiment
            for reading, program in zip(readings, points, strict=True)
            for experiment in reading.experiments(program)
        ]
        return ShiftedDifferentiation(grid, self, readings, places, experiments)

    def values_and_gradients(
        self, observables: Observables, grid: Grid, run: Run
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the values of a pub, in its shape, and gradients, with an axis over parameters behind that.

        One point runs after the other, for each has many runs.
        """
        readings, places = self.readings(observables, grid)
        found = [
            reading.derivatives(run(reading.experiments(program)), point)
            for reading, program, point in zip(
                readings, self.lowered.programs_at(grid.values), grid.values, strict=True
            )
        ]
        return gathered(found, places, grid.shape, self.num_parameters)

    def gradients_of_sums(
        self, observables: Observables, weights: NDArray[np.float64], points: NDArray[np.float64], run: Run
    ) -> NDArray[np.float64]:
        """Return the gradients of sums of observables, one sum for each point, with weights (points, observables)."""
        self.lowered.require_derivatives(points, self._columns)
        found = np.zeros((len(points), self.num_parameters))
        reading = self.reading(observables)
        for number, program in enumerate(self.lowered.programs_at(points)):
            _, by_slot = reading.by_slot(run(reading.experiments(program)))
            found[number] = self.pulled_back(points[number], weights[number : number + 1] @ by_slot)[0]
        return found

    def pulled_back(self, values: NDArray[np.float64], by_slot: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return derivatives by the chosen parameters, at one point, from those by slots; one row for each."""
        found = np.zeros((len(by_slot), self.num_parameters))
        if self.lowered.binding is not None:
            for row, slopes in zip(found, by_slot, strict=True):
                row[:] = self.lowered.binding.pull_back(values, slopes, self._columns)
        return found

    def _runs_of(self, part: Part) -> list[ChangedRun]:
        """Return the runs that make a difference to a part."""
        if part.slots is None:
            return self._runs
        own = set(part.slots.tolist())
        return [run for run in self._runs if run.slot in own]


class ShiftedReading(NamedTuple):
    """How observables are read at one point.

    Attributes
    ----------
    circuit : ShiftedCircuit
    reading : Reading
        Of the observables in the circuit as it is.
    runs : tuple of list of ChangedRun
        For each part of the reading the runs with an angle changed, after the one without.
    """

    circuit: ShiftedCircuit
    reading: Reading
    runs: tuple[list[ChangedRun], ...]

    @property
    def num_runs(self) -> int:
        """How many experiments there are at each point."""
        return sum(1 + len(runs) for runs in self.runs)

    def some(self, observables: NDArray[np.int64]) -> ShiftedReading:
        """Return how a few of the observables are read, whose numbers ascend."""
        reading = self.reading.some(observables)
        return ShiftedReading(self.circuit, reading, tuple([self.circuit._runs_of(part) for part in reading.parts]))

    def experiments(self, program: Program) -> list[Experiment]:
        """Return what runs at a point."""
        found = []
        for part, runs in zip(self.reading.parts, self.runs, strict=True):
            found.append(part.at(program))
            for slot, change, _ in runs:
                slots = program.slots.copy()
                slots[slot] += change
                found.append(part.at(program.with_slots(slots)))
        return found

    def by_slot(self, outcomes: Sequence[Outcome]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the values of the observables, and their derivatives by all slots (observables, slots)."""
        values, ended = self.reading.constants.copy(), iter(outcomes)
        derivatives = np.zeros((len(values), len(self.circuit.lowered.program.slots)))
        for part, runs in zip(self.reading.parts, self.runs, strict=True):
            values[part.observables] += next(ended).readouts[0]
            for slot, _, weight in runs:
                derivatives[part.observables, slot] += weight * next(ended).readouts[0]
        return values, derivatives

    def derivatives(
        self, outcomes: Sequence[Outcome], point: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the values of the observables, and their derivatives (observables, parameters)."""
        values, by_slot = self.by_slot(outcomes)
        return values, self.circuit.pulled_back(point, by_slot)


class ShiftedDifferentiation(NamedTuple):
    """The values of a pub and their gradients, before they are run.

    Attributes
    ----------
    grid : Grid
    circuit : ShiftedCircuit
    readings : list of ShiftedReading
        At each distinct point, how the observables are read that are wanted there.
    places : ndarray of int
        Of each value of the pub: its place in these lists, one after the other.
    experiments : list of Experiment
        Of one point after another.
    """

    grid: Grid
    circuit: ShiftedCircuit
    readings: list[ShiftedReading]
    places: NDArray[np.int64]
    experiments: list[Experiment]

    def arrays(self, outcomes: Sequence[Outcome]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values, in the shape of the pub, and gradients, with an axis over parameters behind that."""
        found, begin = [], 0
        for reading, point in zip(self.readings, self.grid.values, strict=True):
            end = begin + reading.num_runs
            found.append(reading.derivatives(outcomes[begin:end], point))
            begin = end
        return gathered(found, self.places, self.grid.shape, self.circuit.num_parameters)
