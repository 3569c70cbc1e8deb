"""From circuits and options to experiments: everything that is checked and looked up before a job is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.backend.admission import Admitted, admission_now, admit, shots_of
from ketjet.backend.run_checks import require_single_outcomes, require_values
from ketjet.base.warnings import warn
from ketjet.experiment import Experiment
from ketjet.options.machine import memory_limit, switched_off

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit import QuantumCircuit

    from ketjet.lowering import LoweredCircuit
    from ketjet.options import SimulatorOptions

__all__ = ["experiment_of", "experiments_of", "numbered"]


def experiments_of(
    circuits: list[QuantumCircuit], bindings: list[list[dict[Any, Any]]], options: SimulatorOptions
) -> list[Experiment]:
    """Make circuits ready to run, each with every set of values; the sets of a circuit may be none at all.

    Raises
    ------
    InvalidCircuitError, InsufficientMemoryError
        As `Simulator.run` does.
    """
    admission = admission_now(options, recent=True)
    seed = options.drawn_seed()
    experiments: list[Experiment] = []
    unmeasured: list[str] = []
    admitted: dict[int, Admitted] = {}  # a circuit may be given many times
    occurrences: dict[int, int] = {}  # of each program, angles included
    for circuit, values in zip(circuits, bindings, strict=True):
        if id(circuit) not in admitted:
            admitted[id(circuit)] = admit(circuit, admission)
        lowered = admitted[id(circuit)].lowered
        if not values:
            require_values(circuit, lowered)
        require_single_outcomes(circuit, lowered, admitted[id(circuit)].plan, options)
        if not (lowered.has_measurements or lowered.saves or options.return_state):
            unmeasured.append(circuit.name)
        bound = lowered.bind_all(values) if values else (lowered,)
        experiments += numbered(bound, admitted[id(circuit)], options, seed, occurrences)
    if unmeasured:
        warn(
            f"no measurement in circuit {', '.join(map(repr, unmeasured[:5]))}{', ...' if unmeasured[5:] else ''}: "
            "the result will have no counts. Add circuit.measure_all(), or run with return_state=True."
        )
    return experiments


def numbered(
    bound: Iterable[LoweredCircuit],
    admitted: Admitted,
    options: SimulatorOptions,
    seed: int,
    occurrences: dict[int, int],
) -> list[Experiment]:
    """Make one circuit with several sets of values ready to run, in a job where programs have occurred so often."""
    experiments = []
    for lowered in bound:
        program = lowered.program.fingerprint
        occurrence = occurrences.get(program, 0)
        experiments.append(experiment_of(lowered, admitted, options, seed, occurrence=occurrence))
        occurrences[program] = occurrence + 1
    return experiments


def experiment_of(
    lowered: LoweredCircuit, admitted: Admitted, options: SimulatorOptions, seed: int, occurrence: int = 0
) -> Experiment:
    """Make one circuit ready to run: as admitted, but with its parameters bound."""
    demand = admitted.demand
    task = engine.Task(
        program=lowered.program,
        shots=shots_of(lowered, options),
        seed=seed,
        memory=options.memory and lowered.has_measurements,
        exact=options.exact,
        floor=options.exact_floor if options.exact else 0.0,
        max_iterations=options.max_iterations or 0,
        time_limit=options.time_limit or 0.0,
        return_state=options.return_state,
        precision=options.precision,
        threads=demand.threads,
        states=demand.states,
        isa=options.isa,
        verify=options.verify,
        switched_off=switched_off(options),
        plan=admitted.plan,  # without angles, hence the same for all that may be bound
        plan_time=admitted.plan_time,
        seconds=demand.seconds,
        memory_limit=memory_limit(options) or 0,
        peak_bytes=demand.peak_bytes,
        occurrence=occurrence,
    )
    return Experiment(
        task=task,
        peak_bytes=demand.peak_bytes,
        shots=0 if options.exact else options.shots,
        seed=seed,
        header=lowered.header,
        has_measurements=lowered.has_measurements,
        qubits=lowered.qubits,
        available_bytes=admitted.available,
        saves=lowered.saves,
        zero_threshold=options.zero_threshold,
    )
