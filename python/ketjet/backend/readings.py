"""What is read of a circuit's final states so that observables get their values, and what runs for that.

That is the circuit itself or, where this is much less work, the light cones of the observables' strings: programs of
fewer qubits, each of which gives some of the strings their values.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet import engine
from ketjet.backend.admission import admit_lowered, require_hope
from ketjet.backend.experiments import experiment_of
from ketjet.backend.reading_parts import NO_ROWS, Reading, part_of
from ketjet.backend.refusals import too_wide
from ketjet.errors import InvalidOptionError
from ketjet.lowering.observables import read_observables
from ketjet.lowering.program_to_read import has_loops_without_bound, lower_to_read, part_with
from ketjet.options.machine import switched_off

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qiskit import QuantumCircuit

    from ketjet.backend.admission import Admission
    from ketjet.backend.reading_parts import Part
    from ketjet.experiment import Experiment
    from ketjet.lowering import LoweredCircuit
    from ketjet.lowering.observable_table import Observables

__all__ = ["ReadCircuit", "observables_of", "readout_in", "without_seeing_through"]

SEES_THROUGH_MEASUREMENTS = ("known_bits", "relabel_swaps")
"""What the planner may not do with a circuit that measures midway: it could find that a measurement is final after all,
and then the state would be the one before it."""

NARROW_QUBITS = 12
"""A program of fewer qubits runs in less time than its light cones are looked for."""

EVERYTHING = slice(None)

WORTH_CONES = 0.5
"""Light cones run instead of the whole program if that is less than this part of the work."""

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


def readout_in(lowered: LoweredCircuit, observables: Observables) -> engine.ObservablesReadout | None:
    """Return how observables of a circuit's qubits are read from its program's state; None if that is too wide."""
    if lowered.program.num_qubits > engine.MAX_QUBITS:
        return None
    return observables.in_program(lowered.qubits).split_identities[1].readout


def without_seeing_through(admission: Admission) -> Admission:
    """Return what a circuit may use that measures midway."""
    switches = {**(admission.options.plan_options or {}), **dict.fromkeys(SEES_THROUGH_MEASUREMENTS, False)}
    return admission._replace(options=dataclasses.replace(admission.options, plan_options=switches))


class ReadCircuit:
    """A circuit whose final states are to be read; a dynamic one runs in all ways, weighted by their probabilities.

    Parameters
    ----------
    circuit
        Any circuit, with parameters or without.
    admission
        What it may use.
    light_cones
        Whether light cones, or what observables depend on, may run instead.
    trajectories
        Over how many shots a circuit is averaged whose loops have no bound; 0 for all ways that it can go.

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

    def __init__(
        self, circuit: QuantumCircuit, admission: Admission, *, light_cones: bool, trajectories: int = 0
    ) -> None:
        self._circuit, self._light_cones, self._trajectories = circuit, light_cones, trajectories
        self._admission = admission if light_cones else require_hope(circuit, admission)
        self._to_read = lower_to_read(circuit)
        self.lowered, self._measured, measures_midway, self.saves = self._to_read
        if measures_midway:
            self._admission = without_seeing_through(self._admission)

    def reading(self, observables: Observables, scattering: NDArray[np.int64] = NO_ROWS) -> Reading:
        """Return how observables of the circuit's qubits are read.

        Parameters
        ----------
        observables
        scattering
            Numbers of those whose variances are read from the state as well; the circuit itself runs then.

        Raises
        ------
        InsufficientMemoryError
            What has to run does not fit into memory.
        """
        if len(scattering):
            return self._scattered(observables, scattering)
        constants, table = observables.in_program(self.lowered.qubits, self._measured).split_identities
        if not table.num_strings:
            return Reading(constants, ())
        parts = self._cones(table)
        return Reading(constants, tuple([self._needed(table)] if parts is None else parts))

    def _scattered(self, observables: Observables, scattering: NDArray[np.int64]) -> Reading:
        idle = set(range(self._circuit.num_qubits)).difference(self.lowered.qubits)
        keep_idle = bool(idle) and observables.some(scattering).flip(idle)  # |0> becomes another state there
        lowered, measured, *_ = lower_to_read(self._circuit, keep_idle_qubits=True) if keep_idle else self._to_read
        experiment = self._with_states_of_readers(lowered)
        constants, table = observables.in_program(lowered.qubits, measured).split_identities
        slots = np.arange(len(lowered.program.slots)) if keep_idle else None
        return Reading(constants, (part_of(experiment, slots, np.arange(table.num_rows), table, scattering),))

    def flips_measured(self, observables: Observables) -> bool:
        """Return whether observables of the circuit's qubits have X or Y where it measures last of all."""
        return observables.flip([self.lowered.qubits[qubit] for qubit in self._measured])

    def reads_light_cones(self, observables: Observables) -> bool:
        """Return whether light cones would run for observables of the circuit's qubits."""
        _, table = observables.in_program(self.lowered.qubits, self._measured).split_identities
        return bool(table.num_strings) and self._cones(table) is not None

    @functools.cached_property
    def _whole(self) -> Experiment:
        """How the circuit itself is run."""
        return self._experiment(self.lowered, require_hope(self._circuit, self._admission))

    def _with_states_of_readers(self, lowered: LoweredCircuit) -> Experiment:
        """Return how the circuit is run where variances are read: each thread that reads a state needs another one.

        Raises
        ------
        InsufficientMemoryError
            These do not fit into memory.
        """
        admission = require_hope(self._circuit, self._admission)
        admitted = admit_lowered(self._circuit, lowered, admission)
        demand, plan = admitted.demand, admitted.plan
        extra = (demand.threads if plan.has_trajectories else 1) * demand.state_bytes
        admission = admission.suffices_for(demand.peak_bytes + extra)
        available, rule = admission.available
        if plan.has_trajectories:  # which hold as many states as there is memory for
            admission = admission._replace(available=(available - extra, rule), recent=False)
        elif demand.peak_bytes + extra > available:
            blocks = demand.peak_bytes - demand.state_bytes
            fitting = engine.max_qubits((available - blocks) // 2, admission.options.precision)
            raise too_wide(self._circuit, plan.num_qubits, demand.peak_bytes + extra, fitting, admission, states=2)
        return self._experiment(lowered, admission, extra)

    def _experiment(self, lowered: LoweredCircuit, admission: Admission, extra_bytes: int = 0) -> Experiment:
        """Return how a program is run, which may hold so many bytes more than the run takes."""
        admitted = admit_lowered(self._circuit, lowered, admission)
        draws = self._trajectories > 0 and admitted.plan.has_trajectories and has_loops_without_bound(lowered.program)
        if draws:
            options = dataclasses.replace(admission.options, shots=self._trajectories)
            admission = admission._replace(options=options, draws=True)
            lowered = lowered._replace(has_measurements=True)  # so that it has shots
            admitted = admit_lowered(self._circuit, lowered, admission)
        if extra_bytes:
            peak = admitted.demand.peak_bytes + extra_bytes
            admitted = admitted._replace(demand=admitted.demand._replace(peak_bytes=peak))
        experiment = experiment_of(lowered, admitted, admission.options, 0)
        if draws or not admitted.plan.has_trajectories:
            return experiment
        task = experiment.task._replace(shots=1, exact=True, floor=admission.options.exact_floor)
        return experiment._replace(task=task)

    def _cones(self, table: Observables) -> list[Part] | None:
        """Return the light cones of all strings; None if the circuit itself shall run."""
        program, lowered = self.lowered.program, self.lowered
        width, operations = program.num_qubits, program.num_operations
        if not self._light_cones or width < NARROW_QUBITS:
            return None
        if table.num_strings * operations > MANY_STEPS and width <= self._fitting:
            return None
        found = engine.light_cones(program, table.x_masks, table.z_masks | table.condition_masks, WORTH_CONES)
        if found is None:
            return None
        parts = []
        for cone in found:
            qubits = cone.qubits.tolist()
            some = lowered._replace(program=cone.program, qubits=tuple([lowered.qubits[qubit] for qubit in qubits]))
            strings = table.with_strings(cone.strings)
            observables = np.unique(strings.rows)
            there = strings.some(observables).in_program(qubits)
            experiment = self._experiment(some, self._admission)
            parts.append(part_of(experiment, cone.slots, observables, there))
        return parts

    def _needed(self, table: Observables) -> Part:
        """Return what runs for all strings at once: no more of the circuit than any of them depends on."""
        program, lowered = self.lowered.program, self.lowered
        if not self._drops_unneeded:
            return part_of(self._whole, None, EVERYTHING, table)
        x_mask, z_mask = (
            int(np.bitwise_or.reduce(masks[:, 0])) for masks in (table.x_masks, table.z_masks | table.condition_masks)
        )
        needed = engine.needed_to_read(program, x_mask, z_mask)
        if needed.all():
            return part_of(self._whole, None, EVERYTHING, table)
        read = [qubit for qubit in range(program.num_qubits) if (x_mask | z_mask) >> qubit & 1]
        part = part_with(program, needed, np.array(read))
        qubits = tuple([lowered.qubits[qubit] for qubit in part.qubits])
        experiment = self._experiment(lowered._replace(program=part.program, qubits=qubits), self._admission)
        return part_of(experiment, part.slots, EVERYTHING, table.in_program(part.qubits))

    @property
    def _drops_unneeded(self) -> bool:
        """Whether to look for what no string depends on.

        It is not worth while where the whole takes less time. Shots have random numbers by the places of operations.
        """
        program = self.lowered.program
        may_drop = self._light_cones and "prune" not in switched_off(self._admission.options)
        if not may_drop or program.num_qubits > engine.MAX_QUBITS:
            return False
        if program.num_qubits < NARROW_QUBITS:
            plan = self._whole.task.plan
            return plan is not None and plan.has_trajectories and not self._trajectories
        return not (self._trajectories and has_loops_without_bound(program))

    @property
    def _fitting(self) -> int:
        """The widest state that fits into memory."""
        return engine.max_qubits(self._admission.available[0], self._admission.options.precision)
