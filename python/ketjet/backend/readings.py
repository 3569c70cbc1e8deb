"""What is read of a circuit's final states so that observables get their values, and what runs for that.

That is the circuit itself or, where this is much less work, the light cones of the observables' strings: programs of
fewer qubits, each of which gives some of the strings their values.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.backend.admission import admit_lowered, require_hope
from ketjet.backend.request import experiment_of
from ketjet.errors import InvalidOptionError
from ketjet.lowering.observables import read_observables
from ketjet.lowering.program_to_read import lower_to_read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit

    from ketjet.backend.admission import Admission
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.lowering import LoweredCircuit
    from ketjet.lowering.observable_table import Observables

__all__ = ["Part", "ReadCircuit", "Reading", "observables_of"]

SEES_THROUGH_MEASUREMENTS = ("known_bits", "relabel_swaps")
"""What the planner may not do with a circuit that measures midway: it could find that a measurement is final after all,
and then the state would be the one before it."""

NARROW_QUBITS = 12
"""A program of fewer qubits runs in less time than its light cones are looked for."""

MANY_STEPS = 1 << 22
"""Strings times operations that are looked through for light cones: some ten milliseconds."""


def observables_of(circuit: QuantumCircuit, observables: Any) -> Observables:
    """Read observables on a circuit's qubits.

    Raises
    ------
    InvalidOptionError, OptionTypeError
        They are none, or act on another number of qubits.
    """
    table = read_observables(observables)
    if table.num_qubits not in {None, circuit.num_qubits}:
        raise InvalidOptionError(
            f"circuit {circuit.name!r}: the circuit has {circuit.num_qubits} qubits, the observables have "
            f"{table.num_qubits}."
        )
    return table


class Part(NamedTuple):
    """A program that runs, and what is read from its final states.

    Attributes
    ----------
    experiment : Experiment
        How it is run, without readouts.
    slots : ndarray of int, optional
        Its slot i is slots[i] of the circuit's program; None for that program itself.
    observables : ndarray of int
        The numbers of the observables that have a part in it.
    table : Observables
        These parts.
    readout : engine.ObservablesReadout
        How they are read.
    """

    experiment: Experiment
    slots: NDArray[np.int64] | None
    observables: NDArray[np.int64]
    table: Observables
    readout: engine.ObservablesReadout

    def at(self, bound: LoweredCircuit) -> Experiment:
        """Return the run with the values that the circuit's parameters have there."""
        program = bound.program
        if self.slots is not None:
            program = self.experiment.task.program.with_slots(program.slots[self.slots])
        return self.experiment._replace(task=self.experiment.task._replace(program=program, readouts=(self.readout,)))


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

    def values_in(self, outcomes: Sequence[Outcome]) -> NDArray[np.float64]:
        """Return the observables' values from the outcomes of the parts' runs."""
        values = self.constants.copy()
        for part, outcome in zip(self.parts, outcomes, strict=True):
            values[part.observables] += outcome.readouts[0]
        return values

    def some(self, observables: NDArray[np.int64]) -> Reading:
        """Return how a few of the observables are read, whose numbers ascend."""
        parts = []
        for part in self.parts:
            places = np.minimum(np.searchsorted(part.observables, observables), len(part.observables) - 1)
            there = np.flatnonzero(part.observables[places] == observables)
            if len(there):
                table = part.table.some(places[there])
                parts.append(part._replace(observables=there, table=table, readout=table.readout()))
        return Reading(self.constants[observables], tuple(parts))


class ReadCircuit:
    """A circuit whose final states are to be read; a dynamic one runs in all ways, weighted by their probabilities.

    Parameters
    ----------
    circuit
        Any circuit, with parameters or without.
    admission
        What it may use.
    light_cones
        Whether light cones may run instead.

    Attributes
    ----------
    lowered : LoweredCircuit
        Without save instructions and measurements at its end.
    saves : bool
        Whether the circuit has save instructions.

    Raises
    ------
    InvalidCircuitError
        It cannot be simulated.
    InsufficientMemoryError
        It does not fit into memory.
    """

    def __init__(self, circuit: QuantumCircuit, admission: Admission, *, light_cones: bool) -> None:
        self._circuit, self._light_cones = circuit, light_cones
        self._admission = admission if light_cones else require_hope(circuit, admission)
        self.lowered, self._measured, measures_midway, self.saves = lower_to_read(circuit)
        if measures_midway:
            options = self._admission.options
            switches = {**(options.plan_options or {}), **dict.fromkeys(SEES_THROUGH_MEASUREMENTS, False)}
            self._admission = self._admission._replace(options=dataclasses.replace(options, plan_options=switches))

    def reading(self, observables: Observables) -> Reading:
        """Return how observables of the circuit's qubits are read.

        Raises
        ------
        InsufficientMemoryError
            What has to run does not fit into memory.
        """
        constants, table = observables.in_program(self.lowered.qubits, self._measured).split_identities()
        if not table.num_strings:
            return Reading(constants, ())
        parts = self._cones(table)
        if parts is None:
            parts = [Part(self._whole, None, np.arange(table.num_rows), table, table.readout())]
        return Reading(constants, tuple(parts))

    @functools.cached_property
    def _whole(self) -> Experiment:
        """How the circuit itself is run."""
        return self._experiment(self.lowered, require_hope(self._circuit, self._admission))

    def _experiment(self, lowered: LoweredCircuit, admission: Admission) -> Experiment:
        admitted = admit_lowered(self._circuit, lowered, admission)
        experiment = experiment_of(lowered, admitted, admission.options, 0)
        if not admitted.plan.has_trajectories:
            return experiment._replace(shots=0)
        task = experiment.task._replace(shots=1, exact=True, floor=admission.options.exact_floor)
        return experiment._replace(task=task, shots=0)

    def _cones(self, table: Observables) -> list[Part] | None:
        """Return the light cones of all strings; None if the circuit itself shall run."""
        program, lowered = self.lowered.program, self.lowered
        width, operations = program.num_qubits, program.num_operations
        if not self._light_cones or width < NARROW_QUBITS:
            return None
        if table.num_strings * operations > MANY_STEPS and width <= self._fitting:
            return None
        found = engine.light_cones(program, table.x_masks, table.z_masks | table.condition_masks)
        if found is None:
            return None
        steps = sum(cone.program.num_operations << len(cone.qubits) for cone in found)
        if 2 * steps >= operations << width:
            return None
        parts = []
        for cone in found:
            qubits = cone.qubits.tolist()
            some = lowered._replace(program=cone.program, qubits=tuple([lowered.qubits[qubit] for qubit in qubits]))
            strings = table.with_strings(cone.strings)
            observables = np.unique(strings.rows)
            there = strings.some(observables).in_program(qubits)
            experiment = self._experiment(some, self._admission)
            parts.append(Part(experiment, cone.slots, observables, there, there.readout()))
        return parts

    @property
    def _fitting(self) -> int:
        """The widest state that fits into memory."""
        return engine.max_qubits(self._admission.available[0], self._admission.options.precision)
