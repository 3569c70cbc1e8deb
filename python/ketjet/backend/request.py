"""From circuits and options to experiments: everything that is checked and looked up before a job is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet.backend.intake import Intake
from ketjet.backend.run_checks import require_single_outcomes, require_values
from ketjet.base.warnings import warn

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from ketjet.backend.bindings import Bindings
    from ketjet.experiment import Experiment
    from ketjet.options import SimulatorOptions

__all__ = ["experiments_of"]


def experiments_of(
    circuits: list[QuantumCircuit], bindings: list[Bindings], options: SimulatorOptions
) -> list[Experiment]:
    """Make circuits ready to run, each at all its points; where nothing is to be bound, as it is.

    Raises
    ------
    InvalidCircuitError, InsufficientMemoryError
        As `Simulator.run` does.
    """
    intake = Intake(options, len(circuits))
    unmeasured: list[str] = []
    for circuit, (columns, points) in zip(circuits, bindings, strict=True):
        taken = intake.take(circuit, options)
        lowered = taken.lowered
        if not points:
            require_values(circuit, lowered)
        require_single_outcomes(circuit, lowered, taken.admitted.plan, options)
        intake.add(taken, lowered.rows(columns, points) if points else None)
        if not (lowered.has_measurements or lowered.saves or options.return_state):
            unmeasured.append(circuit.name)
    if unmeasured:
        warn(
            f"no measurement in circuit {', '.join(map(repr, unmeasured[:5]))}{', ...' if unmeasured[5:] else ''}: "
            "the result will have no counts. Add circuit.measure_all(), or run with return_state=True."
        )
    return intake.experiments()
