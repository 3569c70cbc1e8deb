"""Pubs of `EstimatorV2.run`: made ready to run, and what becomes of their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.primitives import DataBin, PrimitiveResult, PubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from ketjet.backend.admission import admission_now
from ketjet.backend.experiments import MANY_POINTS, workers_that_take_chunks
from ketjet.backend.reading_parts import NO_ROWS, Reading
from ketjet.backend.readings import ReadCircuit
from ketjet.backend.variances import reading_with_variances
from ketjet.base.fresh_seeds import fresh_seed
from ketjet.points.broadcasting import grid_of
from ketjet.primitives.noise import noise_of
from ketjet.primitives.precision import precision_of
from ketjet.primitives.pubs import errors_of_points, errors_of_pub, observables_of_pub, parts_of, points_of, programs_at
from ketjet.primitives.simulation import failure_in, has_gaps
from ketjet.results.metadata import metadata_of_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit

    from ketjet.backend.admission import Admission
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.options import SimulatorOptions
    from ketjet.points.broadcasting import Grid
    from ketjet.primitives.noise import Noise
    from ketjet.primitives.options import EstimatorOptions

__all__ = ["ExpectationPub", "ExpectationPubs", "assemble_expectations", "parts_with_precision"]

WORTH_PARTS = 0.75
"""Points read only the observables that they need if that is less than this part of the work of reading all at each."""


class ExpectationPub(NamedTuple):
    """A pub that is ready to run, and what its result will be made of beside the outcomes.

    Attributes
    ----------
    grid : Grid
    readings : list of Reading
        At each distinct point, how the observables are read that are wanted there, and their variances if need be.
    places : ndarray of int, shape (size,)
        Of each value: where it is in the values of all readings, without squares.
    identities : ndarray of float, optional
        If variances are read: the observables' multiples of the identity, which are not.
    experiments : slice
        Which experiments of the job are the parts of its points.
    together : bool
        Whether all points read the same, and run in chunks: those of the first part, then those of the second one ...
    noise : Noise
    draws : bool
        Whether values are averages over shots.
    seed : int, optional
        Of the shots, or else of the noise, if there is one.
    is_sampled : bool
        Whether the noise is that of so many shots.
    shows_variances : bool
    circuit_metadata : dict
    """

    grid: Grid
    readings: list[Reading]
    places: NDArray[np.int64]
    identities: NDArray[np.float64] | None
    experiments: slice
    together: bool
    noise: Noise
    draws: bool
    seed: int | None
    is_sampled: bool
    shows_variances: bool
    circuit_metadata: dict[str, Any]

    def found_in(self, outcomes: Sequence[Outcome]) -> Found:
        """Return what the outcomes of the experiments give; all arrays have the shape of the pub."""
        if len(self.readings) == 1 and not self.draws and self.identities is None:
            values_there = self.readings[0].values_in(outcomes)
            return Found(values_there[self.places].reshape(self.grid.shape), None, None)
        values, variances, errors = [np.empty(0)], [np.empty(0)], [np.empty(0)]
        if self.together:
            by_point = self.readings[0].values_at_all(outcomes, len(self.readings))
            if self.identities is not None:
                by_point, scattered = _with_variances(by_point, NO_ROWS, np.empty(0))
                variances.append(scattered.ravel())
            values.append(by_point.ravel())
        else:
            begin = 0
            for reading in self.readings:
                there = outcomes[begin : begin + len(reading.parts)]
                begin += len(reading.parts)
                values.append(reading.values_in(there))
                if self.draws:
                    errors.append(reading.errors_in(there))
                if self.identities is not None:
                    values[-1], scattered = _with_variances(values[-1], *reading.variances_in(there))
                    variances.append(scattered)
                    errors[-1] = errors[-1][: len(values[-1])]

        def placed(parts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
            return np.concatenate(parts)[self.places].reshape(self.grid.shape)

        found = Found(placed(values), None, placed(errors) if self.draws else None)
        if self.identities is None:
            return found
        constants = self.identities[self.grid.observables].reshape(self.grid.shape)
        return found._replace(values=found.values + constants, variances=placed(variances))


class Found(NamedTuple):
    """What a pub's runs give.

    Attributes
    ----------
    values : ndarray of float
        Without noise.
    variances : ndarray of float, optional
        If they were read.
    errors : ndarray of float, optional
        Standard errors of the values, if these are averages over shots.
    """

    values: NDArray[np.float64]
    variances: NDArray[np.float64] | None
    errors: NDArray[np.float64] | None


class ExpectationPubs:
    """Makes the pubs of one job ready to run."""

    def __init__(
        self, own: EstimatorOptions, options: SimulatorOptions, seed: int | np.random.Generator | None
    ) -> None:
        self.experiments: list[Experiment] = []
        self.saving: list[str] = []
        """Names of circuits with save instructions."""
        self._is_sampled, self._shows_variances = own.noise == "sampled", own.variances
        self._light_cones, self._trajectories = own.light_cones, own.trajectories
        self._seed = seed if isinstance(seed, np.random.Generator) else options.seed_simulator
        self._admission: Admission = admission_now(options, recent=True, sent=True)._replace(reads_state=True)
        self._circuits: dict[int, ReadCircuit] = {}  # a circuit may be in many pubs
        self._occurrences: dict[tuple[int, int], int] = {}  # of each program whose shots are drawn, with each seed

    def pub(
        self, index: int, circuit: QuantumCircuit, observables: Any, values: Any, precision: float
    ) -> ExpectationPub:
        """Make one ready, of these parts.

        Raises
        ------
        InvalidPubError, PubTypeError, InvalidCircuitError, InsufficientMemoryError
            As `EstimatorV2.run` does.
        """
        where = f"pub {index}, circuit {circuit.name!r}"
        table = observables_of_pub(circuit, observables, where)
        if id(circuit) not in self._circuits:
            self._circuits[id(circuit)] = ReadCircuit(
                circuit, self._admission, light_cones=self._light_cones, trajectories=self._trajectories
            )
            if self._circuits[id(circuit)].saves and circuit.name not in self.saving:
                self.saving.append(circuit.name)
        read = self._circuits[id(circuit)]
        points = points_of(circuit, read.lowered.parameters, values, index)
        grid = grid_of(table.shape, points, where)
        identities: NDArray[np.float64] | None = None
        if not len(grid.values):
            reading = Reading(np.empty(0), ())
        elif self._shows_variances or (precision > 0 and self._is_sampled):
            with errors_of_pub(where):
                reading, identities = reading_with_variances(read, table)
        else:
            reading = read.reading(table)
        readings, places = _readings(reading, identities is not None, grid)
        noise = noise_of(precision, self._seed, grid.shape)
        draws = any(part.draws for part in reading.parts)
        seed = self._seed_of_shots(noise) if draws else noise.seed
        begin = len(self.experiments)
        if len(readings) >= MANY_POINTS:
            reading.require_memory(len(readings))
        together = len(readings) >= MANY_POINTS and all(each is reading for each in readings) and reading.runs_in_chunks
        if together:
            with errors_of_points(index):
                slots = list(read.lowered.slots_at(grid.values))
            self.experiments += reading.at_all(slots, workers_that_take_chunks(self._admission.options))
        elif any(reading.parts for reading in readings):
            for program, reading in zip(programs_at(read.lowered, grid.values, index), readings, strict=True):
                experiments = [part.at(program) for part in reading.parts]
                self.experiments += [self._drawn(each, seed) for each in experiments] if draws else experiments
        return ExpectationPub(
            grid,
            readings,
            places,
            identities,
            slice(begin, len(self.experiments)),
            together,
            noise,
            draws,
            seed,
            self._is_sampled,
            self._shows_variances,
            read.lowered.header.metadata,
        )

    def _seed_of_shots(self, noise: Noise) -> int:
        """Return the seed of the shots of a pub: that of its noise if there is one, so that one number replays both."""
        if noise.seed is not None:
            return noise.seed
        return int(self._seed.integers(1 << 53)) if isinstance(self._seed, np.random.Generator) else fresh_seed()

    def _drawn(self, experiment: Experiment, seed: int | None) -> Experiment:
        """Return a run whose shots are drawn with a seed, independently of those of equal programs."""
        assert seed is not None
        key = seed, experiment.task.program.fingerprint
        occurrence = self._occurrences.get(key, 0)
        self._occurrences[key] = occurrence + 1
        return experiment._replace(task=experiment.task._replace(seed=seed, occurrence=occurrence), seed=seed)


def _with_variances(
    values: NDArray[np.float64], rows: NDArray[np.int64], scattered: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values and variances, from values and those of the squares, and the variances of some rows."""
    means, squares = np.split(values, 2, axis=-1)
    variances = np.maximum(squares - means**2, 0)
    variances[..., rows] = scattered
    return means, variances


def parts_with_precision(pub: Any, index: int, precision: float) -> tuple[QuantumCircuit, Any, Any, float]:
    """Return circuit, observables, values and precision of a pub."""
    if isinstance(pub, EstimatorPub):
        circuit, observables, values, own = pub.circuit, pub.observables, pub.parameter_values, pub.precision
    else:
        circuit, observables, values, own = (*parts_of(pub, index, "Estimator", 2, 4), None, None)[:4]
    return circuit, observables, values, precision if own is None else precision_of(own, f"pub {index}: ")


def _readings(whole: Reading, has_squares: bool, grid: Grid) -> tuple[list[Reading], NDArray[np.int64]]:
    """Return for each point how the observables are read that are wanted there, and where each value is in them."""
    if not len(grid.values):
        return [], grid.points
    if grid.points.size == 1:
        return [whole], grid.observables
    num_points, num_observables = len(grid.values), len(whole.constants) // (2 if has_squares else 1)
    everywhere = [whole] * num_points, grid.points * num_observables + grid.observables
    if num_points * num_observables <= grid.points.size:
        return everywhere
    wanted, places = grid.observables_by_point()
    if has_squares:
        wanted = [np.concatenate([numbers, numbers + num_observables]) for numbers in wanted]
    work = whole.strings_by_observable() + 1  # its strings, and adding them up
    work_everywhere = num_points * (whole.num_strings + len(work))
    if sum(int(work[numbers].sum()) for numbers in wanted) > WORTH_PARTS * work_everywhere:
        return everywhere
    parts: dict[bytes, Reading] = {}
    for numbers in wanted:
        if (key := numbers.tobytes()) not in parts:
            parts[key] = whole.some(numbers)
    return [parts[numbers.tobytes()] for numbers in wanted], places


def assemble_expectations(
    pubs: Sequence[ExpectationPub], experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]
) -> PrimitiveResult[PubResult]:
    """Make the result of a job."""
    ended = list(outcomes)
    results = [_pub_result(pub, experiments[pub.experiments], ended[pub.experiments]) for pub in pubs]
    return PrimitiveResult(results, metadata={"version": 2})


def _pub_result(
    pub: ExpectationPub, experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]
) -> PubResult:
    metadata: dict[str, Any] = {"target_precision": pub.noise.precision, "circuit_metadata": pub.circuit_metadata}
    run = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    if error := failure_in(outcomes):
        metadata["error"] = error
    if error and not has_gaps(outcomes):
        return PubResult(DataBin(shape=pub.grid.shape), metadata)
    values, variances, errors = pub.found_in(_all_read(experiments, outcomes, run) if error else run)
    if error:
        metadata["finished"] = ~np.isnan(values)
    deviations = np.sqrt(variances) if variances is not None and pub.is_sampled else None
    evs, stds = pub.noise.added_to(values, deviations)
    data = {"evs": evs, "stds": stds if errors is None else np.hypot(stds, errors)}
    if variances is not None and pub.shows_variances:
        data["variances"] = variances
    metadata["simulator_metadata"] = _simulator_metadata(pub, experiments, run)
    return PubResult(DataBin(**data, shape=pub.grid.shape), metadata)


def _all_read(
    experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException], run: Sequence[Outcome]
) -> list[Outcome]:
    """Return outcomes, of which some are there, with ones whose readouts are NaN in place of the others."""
    filled = []
    for (task, *_), outcome in zip(experiments, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            points = () if task.points is None else (task.num_points,)
            nothing = [np.full((*points, readout.num_values), np.nan) for readout in task.readouts]
            filled.append(run[0]._replace(readouts=tuple(nothing)))
        else:
            filled.append(outcome)
    return filled


def _simulator_metadata(
    pub: ExpectationPub, experiments: Sequence[Experiment], outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """Return what there is to tell of the run of a pub: of its first point, and the times of all."""
    if not outcomes:
        return {"seed_simulator": pub.seed, "num_points": 0, "time_taken": 0.0}
    told = metadata_of_points(experiments, [outcome.facts for outcome in outcomes])
    if pub.draws:
        told["shots"] = experiments[0].task.shots
    told["seed_simulator"], told["num_points"] = pub.seed, len(pub.readings)
    return told
