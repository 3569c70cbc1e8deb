"""An admitted circuit becomes experiments: one for its own angles, or some for many points, of which each runs several.

Points of a circuit that is measured at its end differ in nothing but angles. Such a circuit is planned once, and the
engine runs through chunks of points without coming back to Python for each.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from ketjet import engine
from ketjet.backend.admission import Admitted, shots_of
from ketjet.backend.result_memory import bytes_of_point, bytes_of_run, require_memory
from ketjet.backend.saved_memory import saved_bytes
from ketjet.experiment import Circuits, Experiment
from ketjet.farm.bundles import bundle_seconds
from ketjet.farm.executors import workers_of
from ketjet.options.machine import memory_limit, switched_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from ketjet.lowering import LoweredCircuit
    from ketjet.options import SimulatorOptions

__all__ = [
    "MANY_POINTS",
    "POINT_SECONDS",
    "at_points",
    "chunked",
    "chunks_of_circuits",
    "estimate_at",
    "experiment_of",
    "experiments_at",
    "numbered",
    "runs_in_chunks",
    "workers_that_take_chunks",
]

MANY_POINTS = 2
"""A circuit at fewer points runs by itself."""

POINT_SECONDS = 2e-5
"""What a point takes beside what the planner predicts: binding its angles, and drawing shots."""

CHUNK_SECONDS = (5e-4, 1e-2)
"""The least and the most that a chunk of several points takes: what handing it to a thread is worth, and how soon
others get their turn."""

CIRCUITS_BYTES = 16 << 20
"""The most that the outcomes of a chunk of circuits take."""

CHUNKS_PER_CORE = 4
"""So many chunks, if they are not too short, end at nearly the same time on all cores."""


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
        available_bytes=admitted.here,
        far=admitted.far,
        saves=lowered.saves,
        zero_threshold=options.zero_threshold,
    )


def experiments_at(
    rows: NDArray[np.float64],
    lowered: LoweredCircuit,
    admitted: Admitted,
    options: SimulatorOptions,
    seed: int,
    occurrences: dict[int, int],
) -> list[Experiment]:
    """Make a circuit ready to run with each row of values, which are in the order of its parameters.

    Raises
    ------
    InvalidCircuitError
        An angle is not finite with the values of a point.
    InsufficientMemoryError
        What all points give does not fit into memory.
    """
    template = experiment_of(lowered, admitted, options, seed)
    if len(rows) >= MANY_POINTS:
        require_memory(len(rows), _left_bytes(template, lowered, admitted, options), template)
    if len(rows) < MANY_POINTS or not runs_in_chunks(template):
        return numbered(lowered.at_points(rows), admitted, options, seed, occurrences)
    return list(chunked(lowered.slots_at(rows), len(rows), template, occurrences, workers_that_take_chunks(options)))


def estimate_at(
    points: int,
    found: engine.Estimate,
    lowered: LoweredCircuit,
    admitted: Admitted,
    options: SimulatorOptions,
    readout: engine.Readout | None,
) -> engine.Estimate:
    """Return what a circuit takes at many points, of which one is estimated to take that and to be read so."""
    template = experiment_of(lowered, admitted, options, 0)
    if readout is not None:
        template = template._replace(task=template.task._replace(readouts=(readout,)))
    of_point = _left_bytes(template, lowered, admitted, options)
    peak_bytes = found.peak_bytes + (points - 1) * of_point
    at_a_time = engine.machine().cores if found.threads == 1 else 1
    return dataclasses.replace(
        found,
        peak_bytes=peak_bytes,
        fits=peak_bytes <= found.available_bytes,
        seconds=points * (found.seconds + POINT_SECONDS) / min(points, at_a_time),
        points=points,
        result_bytes=points * of_point,
    )


def _left_bytes(template: Experiment, lowered: LoweredCircuit, admitted: Admitted, options: SimulatorOptions) -> int:
    """Return what a circuit leaves at each of many points."""
    if runs_in_chunks(template):
        return bytes_of_point(template.task)
    saved = saved_bytes(lowered, options, admitted.plan.save_frames) if lowered.saves else {}
    return bytes_of_run(template.task, sum(saved.values()))


def runs_in_chunks(template: Experiment) -> bool:
    """Return whether the engine can run many points of an experiment without coming back for each."""
    task = template.task
    drawn = task.plan is not None and not (task.exact or task.return_state or task.plan.has_trajectories)
    drawn = drawn and not (task.plan is not None and task.plan.global_qubits)
    return drawn and task.verify == "off" and not template.saves


def workers_that_take_chunks(options: SimulatorOptions) -> int | None:
    """Return how many workers take chunks that are worth a message, or a file; 0 if nobody knows.

    None says that chunks are run in this process and not kept, so that they may be small.
    """
    if options.executor is None and options.results_dir is not None:
        return engine.machine().cores
    return workers_of(options.executor)


def chunked(
    slots: Iterable[NDArray[np.float64]],
    points: int,
    template: Experiment,
    occurrences: dict[int, int],
    workers: int | None,
) -> Iterator[Experiment]:
    """Cut points into chunks, each an experiment that is otherwise like the template.

    Parameters
    ----------
    slots
        The program's slots at all points, some points at a time.
    points
        How many there are.
    template
        The experiment of the program without angles.
    occurrences
        How often each program has occurred in the job, angles included.
    workers
        What `workers_that_take_chunks` says.
    """
    length = _points_per_chunk(points, template.task.seconds + POINT_SECONDS, workers)
    per_point = bytes_of_point(template.task)
    for some in slots:
        for begin in range(0, len(some), length):
            yield _chunk(
                template, per_point, at_points(template.task.program, some[begin : begin + length], occurrences)
            )


def chunks_of_circuits(
    circuits: Sequence[LoweredCircuit],
    places: Sequence[int],
    occurrences: Sequence[int],
    template: Experiment,
    workers: int | None,
) -> Iterator[Experiment]:
    """Cut circuits that differ in nothing but angles and labels into chunks, likewise.

    Parameters
    ----------
    circuits, places, occurrences
        Each of them, the place of its result in the job, and how many equal circuits of the job come before it.
    template
        The experiment of the first of them.
    workers
        What `workers_that_take_chunks` says.
    """
    length = _points_per_chunk(len(circuits), template.task.seconds + POINT_SECONDS, workers)
    per_point = bytes_of_point(template.task)
    spare = min(CIRCUITS_BYTES, template.available_bytes - template.peak_bytes)
    length = max(1, min(length, spare // per_point))
    for begin in range(0, len(circuits), length):
        some = slice(begin, begin + length)
        points = engine.points_of([each.program for each in circuits[some]], occurrences[some])
        labels = Circuits([each.header for each in circuits[some]], [each.qubits for each in circuits[some]])
        yield _chunk(template, per_point, points)._replace(circuits=labels, places=places[some])


def _chunk(template: Experiment, per_point: int, points: engine.Points) -> Experiment:
    """Return the experiment of some points, which is otherwise like the template; each leaves so many bytes."""
    count = len(points.slots)
    peak_bytes = template.peak_bytes + count * per_point
    seconds = count * (template.task.seconds + POINT_SECONDS)
    task = template.task._replace(points=points, peak_bytes=peak_bytes, seconds=seconds)
    return template._replace(task=task, peak_bytes=peak_bytes)


def at_points(program: engine.Program, slots: NDArray[np.float64], occurrences: dict[int, int]) -> engine.Points:
    """Return points of a program, in a job where programs have occurred so often."""
    fingerprints = program.fingerprints_with(slots)
    numbers = []
    for fingerprint in fingerprints.tolist():
        numbers.append(number := occurrences.get(fingerprint, 0))
        occurrences[fingerprint] = number + 1
    return engine.Points(slots, fingerprints, np.array(numbers, np.uint64))


def _points_per_chunk(points: int, seconds: float, workers: int | None) -> int:
    total, (least, most) = points * seconds, CHUNK_SECONDS
    if workers is not None:
        return max(1, math.ceil(bundle_seconds(total, workers) / seconds))
    share = total / (CHUNKS_PER_CORE * engine.machine().cores)
    return max(1, round(min(max(share, least), most) / seconds))
