"""What runs refuse of options and of lowered circuits: parameters without values, for one, and shots of exact runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet.errors import InvalidCircuitError, InvalidOptionError
from ketjet.saves import LISTED

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from ketjet import engine
    from ketjet.lowering import LoweredCircuit
    from ketjet.options import SimulatorOptions

__all__ = ["require_compatible", "require_here", "require_single_outcomes", "require_values"]


EXCLUSIONS = (
    ("ranks", "executor", "ranks run what they share out themselves"),
    ("exact", "memory", "an exact run has no shots to be listed"),
    ("detach", "executor", "an executor ends with its process"),
    ("detach", "ranks", "ranks end with their launcher"),
    ("checkpoint", "executor", "what its workers have done is kept by results_dir"),
    ("checkpoint", "ranks", "what they have done is kept by results_dir"),
    ("checkpoint", "detach", "a detached job keeps what it has done, and `ketjet resume JOB_ID` goes on from there"),
)
"""Options that exclude each other, and why."""


def require_compatible(options: SimulatorOptions) -> None:
    """Refuse options that exclude each other."""
    rare = options.ranks, options.checkpoint
    if rare == (None, None) and not (options.detach or options.exact):
        return
    for one, other, reason in EXCLUSIONS:
        if all(getattr(options, name) not in (None, False) for name in (one, other)):
            raise InvalidOptionError(f"{one} and {other} exclude each other: {reason}.")


def require_here(options: SimulatorOptions) -> SimulatorOptions:
    """Return the options of what runs in this process alone; refuse those that ask for another."""
    if options.detach:
        raise InvalidOptionError("detach is for Simulator.run; whatever else simulates ends with its process.")
    if options.checkpoint is not None:
        raise InvalidOptionError(
            "checkpoint is for Simulator.run; whatever else simulates keeps its results_dir alone."
        )
    return options


def require_values(circuit: QuantumCircuit, lowered: LoweredCircuit) -> None:
    """Refuse a circuit with unbound parameters."""
    if lowered.parameters:
        names = ", ".join(parameter.name for parameter in lowered.parameters)
        raise InvalidCircuitError(
            f"circuit {circuit.name!r} has unbound parameters: {names}. Give them values with "
            "circuit.assign_parameters(), inputs or parameter_binds."
        )


def require_single_outcomes(
    circuit: QuantumCircuit, lowered: LoweredCircuit, plan: engine.Plan, options: SimulatorOptions
) -> None:
    """Refuse what an exact run cannot give, for it has no shots: a list of them, or the state of one of many."""
    if not options.exact:
        return
    listed = [save.label for save in lowered.saves if save.subtype in LISTED]
    if listed:
        raise InvalidCircuitError(
            f"circuit {circuit.name!r}: its save {listed[0]!r} lists every shot, and an exact run has none. Save an "
            "average or a conditional value, or run without exact=True."
        )
    arbitrary = [save.label for save in lowered.saves if save.number == plan.arbitrary_save]
    if arbitrary:
        raise InvalidCircuitError(
            f"circuit {circuit.name!r}: its save {arbitrary[0]!r} keeps the state of one shot, which depends on random "
            "outcomes before it, and an exact run has no shots. Save an average or a conditional value, or run without "
            "exact=True."
        )
    if options.return_state and plan.collapses_at_random:
        raise InvalidCircuitError(
            f"circuit {circuit.name!r}: its state at the end depends on random outcomes, and an exact run has no shot "
            "to return the state of. Run without return_state=True, or without exact=True."
        )
