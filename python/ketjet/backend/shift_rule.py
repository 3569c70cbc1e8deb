"""Gradients by parameter-shift rules: for circuits that measure, reset and branch, which cannot be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet.backend.differentiation import columns_of
from ketjet.backend.readings import ReadCircuit
from ketjet.errors import InvalidCircuitError
from ketjet.lowering.changed_angles import changed_values, repeated_slots

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet.backend.admission import Admission
    from ketjet.backend.readings import Part
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.lowering import LoweredCircuit
    from ketjet.lowering.changed_angles import ChangedRun
    from ketjet.lowering.observable_table import Observables

    Run = Callable[[list[Experiment]], list[Outcome]]

__all__ = ["ShiftedCircuit"]


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
        self, circuit: QuantumCircuit, admission: Admission, parameters: Sequence[Parameter | str] | None = None
    ) -> None:
        self._read = ReadCircuit(circuit, admission._replace(reads_state=True), light_cones=True)
        self.lowered = self._read.lowered
        self._columns = columns_of(circuit, self.lowered, parameters)
        varying = set() if self.lowered.binding is None else set(self.lowered.binding.slots.tolist())
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

    def values_and_gradients(
        self, observables: Observables, points: NDArray[np.float64], run: Run
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values (points, observables) and gradients (points, observables, parameters)."""
        reading = self._read.reading(observables)
        values = np.zeros((len(points), observables.num_rows))
        values[:] = reading.constants
        gradients = np.zeros((*values.shape, self.num_parameters))
        plans = [_Plan(part, self._runs_of(part)) for part in reading.parts]
        for number, bound in enumerate(self.lowered.at_points(points)):
            outcomes = iter(run([experiment for plan in plans for experiment in plan.experiments(bound)]))
            by_slot = np.zeros((observables.num_rows, len(bound.program.slots)))
            for part, runs in plans:
                values[number, part.observables] += next(outcomes).readouts[0]
                for slot, _, weight in runs:
                    by_slot[part.observables, slot] += weight * next(outcomes).readouts[0]
            if self.lowered.binding is not None:
                for row, of_row in zip(gradients[number], by_slot, strict=True):
                    row[:] = self.lowered.binding.pull_back(points[number], of_row)[self._columns]
        return values, gradients

    def _runs_of(self, part: Part) -> list[ChangedRun]:
        """Return the runs that make a difference to a part."""
        if part.slots is None:
            return self._runs
        own = set(part.slots.tolist())
        return [run for run in self._runs if run.slot in own]


class _Plan(NamedTuple):
    """What runs for a part of the observables: first the circuit as it is, then with one angle changed at a time."""

    part: Part
    runs: list[ChangedRun]

    def experiments(self, bound: LoweredCircuit) -> list[Experiment]:
        found = [self.part.at(bound)]
        for slot, change, _ in self.runs:
            slots = bound.program.slots.copy()
            slots[slot] += change
            found.append(self.part.at(bound._replace(program=bound.program.with_slots(slots))))
        return found
