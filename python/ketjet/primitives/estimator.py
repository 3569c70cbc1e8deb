"""EstimatorV2: expectation values of observables at many points, exact unless noise is asked for."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.primitives import BaseEstimatorV2, DataBin, PrimitiveResult, PubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from ketjet.backend.admission import admission_now
from ketjet.backend.readings import ReadCircuit
from ketjet.errors import InvalidPubError, KetjetError, PubTypeError
from ketjet.jobs.primitive_job import PrimitiveJob
from ketjet.lowering.observable_squares import with_squares
from ketjet.lowering.observables import read_observables
from ketjet.options.machine import memory_limit
from ketjet.points.broadcasting import grid_of
from ketjet.primitives.gradient_pubs import GradientPubs, assemble_gradients
from ketjet.primitives.noise import noise_of
from ketjet.primitives.options import EstimatorOptions
from ketjet.primitives.precision import precision_of
from ketjet.primitives.pubs import as_pubs, bound_at, parts_of, points_of
from ketjet.primitives.simulation import SimulatorPrimitive, warn_of_saves
from ketjet.results.metadata import metadata_of_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.primitives import EstimatorPubLike

    from ketjet.backend import Simulator
    from ketjet.backend.admission import Admission
    from ketjet.backend.readings import Reading
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.lowering.observable_table import Observables
    from ketjet.options import SimulatorOptions
    from ketjet.points.broadcasting import Grid
    from ketjet.primitives.noise import Noise

__all__ = ["EstimatorV2"]

WORTH_PARTS = 0.75
"""Points read only the observables that they need if that is less than this part of the work of reading all at each."""


class EstimatorV2(SimulatorPrimitive[EstimatorOptions], BaseEstimatorV2):
    """Qiskit's estimator on a `Simulator`: exact values of all kinds of observables for any circuit as it is.

    Measurements, resets and control flow are averaged over exactly. Every distinct set of parameter values is simulated
    once, whatever the shapes that are broadcast, and every distinct Pauli string evaluated once in its state.

    Parameters
    ----------
    backend
        The simulator; None for one that is made of the options' `backend_options`.
    default_precision
        Standard error of the values of a pub where neither it nor `run` says how large; 0 for exact values, and None
        for that of the options.
    seed
        Of the noise: an integer gives each pub the same noise in every run, and a `Generator` is drawn from, both bit
        for bit as Qiskit's `StatevectorEstimator` does it. None for ``seed_simulator`` of the options or the backend,
        or else a fresh seed for each pub.
    options
        `EstimatorOptions`, or a mapping of them.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> from ketjet import EstimatorV2
    >>> bell = QuantumCircuit(2)
    >>> _ = bell.h(0), bell.cx(0, 1)
    >>> EstimatorV2().run([(bell, ["ZZ", "ZI", {"XX": 0.5, "11": 1}])]).result()[0].data.evs.round(12).tolist()
    [1.0, 0.0, 1.0]
    """

    options_class = EstimatorOptions

    def __init__(
        self,
        *,
        backend: Simulator | None = None,
        default_precision: float | None = None,
        seed: int | np.random.Generator | None = None,
        options: EstimatorOptions | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(backend, seed, options)
        if default_precision is not None:
            self.options.default_precision = default_precision

    @property
    def default_precision(self) -> float:
        """Standard error where neither the pub nor `run` says how large; 0 for exact values."""
        return self.options.default_precision

    def run(self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None) -> PrimitiveJob:
        """Start simulating and return at once.

        Parameters
        ----------
        pubs
            Tuples of a circuit, its observables, its parameter values and a precision; the last two may be left out.
            Observables are one of any kind, or nested lists or an array of them, and act on the circuit's qubits.
            Values are an array whose last axis is over the circuit's parameters, or a mapping from parameters, or
            tuples of them, to arrays. The shapes of observables and values are broadcast against each other.
        precision
            Standard error of the values of the pubs that do not say how large.

        Returns
        -------
        PrimitiveJob
            Submitted. ``job.result()[i].data`` has the arrays ``evs`` and ``stds``, and ``variances`` with the option
            of that name.

        Raises
        ------
        InvalidPubError, PubTypeError
            A pub is malformed: its values or observables do not fit its circuit, an observable is not Hermitian, or a
            precision is no number that is at least 0.
        InvalidCircuitError
            A circuit cannot be simulated.
        InsufficientMemoryError
            A circuit does not fit into the memory that is available now.
        """
        precision = self.default_precision if precision is None else precision_of(precision, "")
        parts = [_parts(pub, index, precision) for index, pub in enumerate(as_pubs(pubs, "Estimator"))]
        options = self._resolve(shots=1, memory=False, exact=False, return_state=False)
        preparation = _Preparation(self.options, options, self._seed)
        prepared = [preparation.pub(index, *part) for index, part in enumerate(parts)]
        experiments = preparation.experiments
        warn_of_saves(preparation.saving, "an estimator's")
        return self._job(options, experiments, partial(_assemble, prepared, list(experiments)))

    def gradient(
        self, pubs: Iterable[EstimatorPubLike], *, parameters: Sequence[Parameter | str] | None = None
    ) -> PrimitiveJob:
        """Start differentiating expectation values by the circuits' parameters, and return at once.

        Gradients are exact, by the adjoint method of `Simulator.gradient`. Light cones are not used.

        Parameters
        ----------
        pubs
            As for `run`, without precisions.
        parameters
            What to differentiate by, in this order; by default all parameters of each circuit, in the order of
            ``circuit.parameters``.

        Returns
        -------
        PrimitiveJob
            Submitted. ``job.result()[i].data`` has the arrays ``evs``, and ``gradients``, which has one axis more, over
            the parameters.

        Raises
        ------
        InvalidPubError, PubTypeError
            A pub is malformed, or asks for noise.
        InvalidCircuitError
            A circuit cannot be simulated, or has an instruction without a derivative, which is named.
        InvalidOptionError
            A parameter is not one of a circuit's.
        InsufficientMemoryError
            Two states of a circuit do not fit into the memory that is available now.
        """
        given = as_pubs(pubs, "Estimator")
        options = self._resolve(shots=1, memory=False, exact=False, return_state=False)
        preparation = GradientPubs(options, parameters)
        prepared = [preparation.pub(index, pub) for index, pub in enumerate(given)]
        experiments = preparation.experiments
        return self._job(options, experiments, partial(assemble_gradients, prepared, list(experiments)))

    def _job(
        self,
        options: SimulatorOptions,
        experiments: Sequence[Experiment],
        assemble: Callable[[Sequence[Outcome | BaseException]], PrimitiveResult[PubResult]],
    ) -> PrimitiveJob:
        """Submit a job."""
        job = PrimitiveJob(
            self.backend,
            str(uuid.uuid4()),
            experiments,
            assemble,
            executor=options.executor,
            cancel_on_interrupt=options.cancel_on_interrupt,
            memory_limit=memory_limit(options),
        )
        return self.backend._submit(job, experiments)

    def _seed_of_run(self) -> int | None:
        """Return no seed for a generator: it is drawn from for the noise alone."""
        return None if isinstance(self._seed, np.random.Generator) else self._seed


class _Pub(NamedTuple):
    """A pub that is ready to run, and what its result will be made of beside the outcomes.

    Attributes
    ----------
    grid : Grid
    readings : list of Reading
        At each distinct point, how the observables are read that are wanted there, then their squares if need be.
    places : ndarray of int, shape (size,)
        Of each value: where it is in the values of all readings, without squares.
    identities : ndarray of float, optional
        If the squares are read: the observables' multiples of the identity, which are not.
    experiments : slice
        Which experiments of the job are the parts of its points.
    noise : Noise
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
    noise: Noise
    is_sampled: bool
    shows_variances: bool
    circuit_metadata: dict[str, Any]

    def values_in(self, outcomes: Sequence[Outcome]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Return exact values and, if the squares were read, variances; both have the shape of the pub."""
        found, begin = [np.empty(0)], 0
        for reading in self.readings:
            end = begin + len(reading.parts)
            found.append(reading.values_in(outcomes[begin:end]))
            begin = end
        shape, places = self.grid.shape, self.places
        if self.identities is None:
            return np.concatenate(found)[places].reshape(shape), None
        halves = [np.split(values, 2) for values in found]
        values, squares = (np.concatenate(part)[places] for part in zip(*halves, strict=True))
        variances = np.maximum(squares - values**2, 0)
        return (values + self.identities[self.grid.observables]).reshape(shape), variances.reshape(shape)


class _Preparation:
    """Makes the pubs of one job ready to run."""

    def __init__(
        self, own: EstimatorOptions, options: SimulatorOptions, seed: int | np.random.Generator | None
    ) -> None:
        self.experiments: list[Experiment] = []
        self.saving: list[str] = []
        """Names of circuits with save instructions."""
        self._is_sampled, self._shows_variances = own.noise == "sampled", own.variances
        self._light_cones = own.light_cones
        self._seed = seed if isinstance(seed, np.random.Generator) else options.seed_simulator
        self._admission: Admission = admission_now(options, recent=True)._replace(reads_state=True)
        self._circuits: dict[int, ReadCircuit] = {}  # a circuit may be in many pubs

    def pub(self, index: int, circuit: QuantumCircuit, observables: Any, values: Any, precision: float) -> _Pub:
        where = f"pub {index}, circuit {circuit.name!r}"
        table, identities, shape = self._read(observables, precision, where)
        if table.num_qubits not in {None, circuit.num_qubits}:
            raise InvalidPubError(
                f"{where}: The number of qubits of the circuit ({circuit.num_qubits}) does not match the number of "
                f"qubits of the observables ({table.num_qubits})."
            )
        if id(circuit) not in self._circuits:
            self._circuits[id(circuit)] = ReadCircuit(circuit, self._admission, light_cones=self._light_cones)
            if self._circuits[id(circuit)].saves and circuit.name not in self.saving:
                self.saving.append(circuit.name)
        read = self._circuits[id(circuit)]
        points = points_of(circuit, read.lowered.parameters, values, index)
        grid = grid_of(shape, points, where)
        readings, places = _readings(table, identities is not None, grid, read)
        begin = len(self.experiments)
        if any(reading.parts for reading in readings):
            bound = bound_at(read.lowered, points._replace(values=grid.values), index)
            for circuit_there, reading in zip(bound, readings, strict=True):
                self.experiments += [part.at(circuit_there) for part in reading.parts]
        return _Pub(
            grid,
            readings,
            places,
            identities,
            slice(begin, len(self.experiments)),
            noise_of(precision, self._seed, grid.shape),
            self._is_sampled,
            self._shows_variances,
            read.lowered.header.metadata,
        )

    def _read(
        self, observables: Any, precision: float, where: str
    ) -> tuple[Observables, NDArray[np.float64] | None, tuple[int, ...]]:
        """Return the observables, with their squares and without their multiples of the identity if needed."""
        try:
            table = read_observables(observables)
            if self._shows_variances or (precision > 0 and self._is_sampled):
                return *with_squares(table), table.shape
        except KetjetError as error:
            kind = PubTypeError if isinstance(error, TypeError) else InvalidPubError
            raise kind(f"{where}: {error}") from error
        return table, None, table.shape


def _parts(pub: Any, index: int, precision: float) -> tuple[QuantumCircuit, Any, Any, float]:
    """Return circuit, observables, values and precision of a pub."""
    if isinstance(pub, EstimatorPub):
        circuit, observables, values, own = pub.circuit, pub.observables, pub.parameter_values, pub.precision
    else:
        circuit, observables, values, own = (*parts_of(pub, index, "Estimator", 2, 4), None, None)[:4]
    return circuit, observables, values, precision if own is None else precision_of(own, f"pub {index}: ")


def _readings(
    table: Observables, has_squares: bool, grid: Grid, read: ReadCircuit
) -> tuple[list[Reading], NDArray[np.int64]]:
    """Return for each point how the observables are read that are wanted there, and where each value is in them."""
    if not len(grid.values):
        return [], grid.points
    whole = read.reading(table)
    num_points, num_observables = len(grid.values), table.num_rows // (2 if has_squares else 1)
    everywhere = [whole] * num_points, grid.points * num_observables + grid.observables
    if num_points * num_observables <= grid.points.size:
        return everywhere
    wanted, places = grid.observables_by_point()
    if has_squares:
        wanted = [np.concatenate([numbers, numbers + num_observables]) for numbers in wanted]
    work = np.diff(table.row_begins) + 1  # its strings, and adding them up
    work_everywhere = num_points * (whole.num_strings + table.num_rows)
    if sum(int(work[numbers].sum()) for numbers in wanted) > WORTH_PARTS * work_everywhere:
        return everywhere
    parts: dict[bytes, Reading] = {}
    for numbers in wanted:
        if (key := numbers.tobytes()) not in parts:
            parts[key] = whole.some(numbers)
    return [parts[numbers.tobytes()] for numbers in wanted], places


def _assemble(
    pubs: Sequence[_Pub], experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]
) -> PrimitiveResult[PubResult]:
    """Make the result of a job."""
    ended = list(outcomes)
    results = [_pub_result(pub, experiments[pub.experiments], ended[pub.experiments]) for pub in pubs]
    return PrimitiveResult(results, metadata={"version": 2})


def _pub_result(pub: _Pub, experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]) -> PubResult:
    metadata: dict[str, Any] = {"target_precision": pub.noise.precision, "circuit_metadata": pub.circuit_metadata}
    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if failed:
        metadata["error"] = f"{type(failed[0]).__name__}: {failed[0]}"
        return PubResult(DataBin(shape=pub.grid.shape), metadata)
    run = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    exact, variances = pub.values_in(run)
    deviations = np.sqrt(variances) if variances is not None and pub.is_sampled else None
    evs, stds = pub.noise.added_to(exact, deviations)
    data = {"evs": evs, "stds": stds}
    if variances is not None and pub.shows_variances:
        data["variances"] = variances
    metadata["simulator_metadata"] = _simulator_metadata(pub, experiments, run)
    return PubResult(DataBin(**data, shape=pub.grid.shape), metadata)


def _simulator_metadata(pub: _Pub, experiments: Sequence[Experiment], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return what there is to tell of the run of a pub: of its first point, and the times of all."""
    if not outcomes:
        return {"seed_simulator": pub.noise.seed, "num_points": 0, "time_taken": 0.0}
    told = metadata_of_points(experiments, [outcome.facts for outcome in outcomes])
    return {**told, "seed_simulator": pub.noise.seed, "num_points": len(pub.readings)}
