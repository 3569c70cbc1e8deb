"""A run of one circuit whose result tells expectation values beside the counts, as the command line asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.backend.admission import admission_now, admit_lowered
from ketjet.backend.experiments import experiment_of
from ketjet.backend.readings import observables_of, without_seeing_through
from ketjet.backend.run_checks import require_here, require_single_outcomes, require_values
from ketjet.backend.run_input import given
from ketjet.lowering import lower
from ketjet.lowering.program_to_read import program_to_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from qiskit import QuantumCircuit

    from ketjet.backend.simulator import Simulator
    from ketjet.jobs.job import Job
    from ketjet.options.types import Inputs
    from ketjet.results import SimulationResult

__all__ = ["ObservedRun", "run_observed"]


class ObservedRun(NamedTuple):
    """A job, and what it does not have to read.

    Attributes
    ----------
    job : Job
    constants : ndarray of float
        The part of each observable that is the same in all states.
    """

    job: Job
    constants: NDArray[np.float64]

    def values_in(self, result: SimulationResult) -> NDArray[np.float64]:
        """Return the observables' values, which the job's result has."""
        values: NDArray[np.float64] = self.constants + result.results[0].data.packed.readouts[0]
        return values


def run_observed(
    backend: Simulator, circuit: QuantumCircuit, observables: Any, inputs: Inputs | None, options: Mapping[str, Any]
) -> ObservedRun:
    """Start simulating a circuit as `Simulator.run` does, and read observables of its final states.

    These are the states before the final measurements, over all shots or ways of an exact run. Asking for observables
    changes no sample.

    Raises
    ------
    InvalidCircuitError, InsufficientMemoryError, InvalidOptionError, OptionTypeError
        As `Simulator.run`, and as an estimator for observables.
    """
    resolved = require_here(backend._resolve(options))
    (circuit,), (bindings,) = given(circuit, None, inputs, None)
    table = observables_of(circuit, observables)
    lowered = lower(circuit, keep_idle_qubits=resolved.return_state)
    admission = admission_now(resolved)._replace(reads_state=True, draws=not resolved.exact)
    if program_to_read(lowered.program).measures_midway:
        admission = without_seeing_through(admission)
    admitted = admit_lowered(circuit, lowered, admission)
    require_single_outcomes(circuit, lowered, admitted.plan, resolved)
    if bindings.points:
        (lowered,) = lowered.at_points(lowered.rows(bindings.columns, bindings.points))
    else:
        require_values(circuit, lowered)
    constants, placed = table.in_program(lowered.qubits).split_identities
    experiment = experiment_of(lowered, admitted, admission.options, resolved.drawn_seed())
    experiment = experiment._replace(task=experiment.task._replace(readouts=(placed.readout,)))
    return ObservedRun(backend._start_all([experiment], resolved), constants)
