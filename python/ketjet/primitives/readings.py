"""What a run reads from a circuit's final states so that observables get their values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from ketjet.backend.admission import admit_lowered, require_hope
from ketjet.backend.request import experiment_of
from ketjet.lowering import lower
from ketjet.lowering.final_measurements import without_final_measurements

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qiskit import QuantumCircuit

    from ketjet.backend.admission import Admission
    from ketjet.engine import Outcome
    from ketjet.engine.readouts import Readout
    from ketjet.experiment import Experiment
    from ketjet.lowering import LoweredCircuit
    from ketjet.lowering.observable_table import Observables

__all__ = ["ReadCircuit", "Reading", "read_circuit", "reading_of"]

SEES_THROUGH_MEASUREMENTS = ("known_bits", "relabel_swaps")
"""What the planner may not do with a circuit that measures midway: it could find that a measurement is final after all,
and then the state would be the one before it."""


class ReadCircuit(NamedTuple):
    """A circuit whose final states are to be read; a dynamic one runs in all ways, weighted by their probabilities.

    Attributes
    ----------
    lowered : LoweredCircuit
        Without measurements at its end.
    measured : tuple of int
        The program's qubits that have been measured, which the final state does not show.
    experiment : Experiment
        How it is run, without readouts yet.
    """

    lowered: LoweredCircuit
    measured: tuple[int, ...]
    experiment: Experiment

    def at(self, bound: LoweredCircuit, readouts: tuple[Readout, ...]) -> Experiment:
        """Return the run with values of the parameters that reads something."""
        task = self.experiment.task._replace(program=bound.program, readouts=readouts)
        return self.experiment._replace(task=task)


def read_circuit(circuit: QuantumCircuit, admission: Admission) -> ReadCircuit:
    """Make a circuit ready to be read.

    Raises
    ------
    InvalidCircuitError
        It cannot be simulated.
    InsufficientMemoryError
        It does not fit into memory.
    """
    admission = require_hope(circuit, admission)
    lowered = lower(circuit)
    final = without_final_measurements(lowered.program)
    if lowered.has_measurements:  # whose outcomes nobody asks for
        lowered = lowered._replace(program=final.program, has_measurements=False)
    if final.others:
        switches = dict.fromkeys(SEES_THROUGH_MEASUREMENTS, False)
        options = dataclasses.replace(
            admission.options, plan_options={**(admission.options.plan_options or {}), **switches}
        )
        admission = admission._replace(options=options)
    admitted = admit_lowered(circuit, lowered, admission)
    experiment = experiment_of(lowered, admitted, admission.options, 0)
    is_dynamic = admitted.plan.has_trajectories
    task = experiment.task._replace(shots=int(is_dynamic), exact=is_dynamic, floor=admission.options.exact_floor)
    return ReadCircuit(lowered, final.qubits, experiment._replace(task=task, shots=0))


class Reading(NamedTuple):
    """Observables as they are read from a circuit's final states.

    Attributes
    ----------
    constants : ndarray of float
        The part of each observable that is the same in all states.
    table : Observables
        The rest.
    readouts : tuple of Readout
        What is asked of the run; none if there is no rest.
    """

    constants: NDArray[np.float64]
    table: Observables
    readouts: tuple[Readout, ...]

    def values_in(self, outcome: Outcome | None) -> NDArray[np.float64]:
        """Return the observables' values, from the outcome of a run, or without one if nothing was to be read."""
        return self.constants if outcome is None or not self.readouts else self.constants + outcome.readouts[0]

    def some(self, observables: NDArray[np.int64]) -> Reading:
        """Return how a few of the observables are read."""
        table = self.table.some(observables)
        return Reading(self.constants[observables], table, _readouts(table))


def reading_of(observables: Observables, circuit: ReadCircuit) -> Reading:
    """Return how observables of the circuit's qubits are read."""
    placed = observables.in_program(circuit.lowered.qubits, circuit.measured)
    constants, table = placed.split_identities()
    return Reading(constants, table, _readouts(table))


def _readouts(table: Observables) -> tuple[Readout, ...]:
    return (table.readout(),) if table.num_strings else ()
