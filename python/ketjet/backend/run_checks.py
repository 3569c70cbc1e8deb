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

__all__ = ["require_here", "require_single_outcomes", "require_values"]


def require_here(options: SimulatorOptions) -> SimulatorOptions:
    """Return the options of what runs in this process alone; refuse those that ask for another."""
    if options.detach:
        raise InvalidOptionError("detach is for Simulator.run; whatever else simulates ends with its process.")
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
