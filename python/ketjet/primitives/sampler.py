"""SamplerV2: shots of circuits at many points, and what becomes of them in Qiskit's containers."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.primitives import BaseSamplerV2, DataBin, PrimitiveResult, SamplerPubResult
from qiskit.primitives.containers.sampler_pub import SamplerPub

from ketjet.backend.intake import Intake
from ketjet.base.warnings import warn
from ketjet.errors import InvalidPubError
from ketjet.jobs.primitive_job import PrimitiveJob
from ketjet.lowering import lower
from ketjet.options.checks import integer
from ketjet.options.simulator_options import MAX_SHOTS
from ketjet.points.values import index_of
from ketjet.primitives.bit_array import OutcomeTables, TabledBitArray
from ketjet.primitives.options import SamplerOptions
from ketjet.primitives.pubs import as_pubs, errors_of_points, parts_of, points_of
from ketjet.primitives.simulation import SimulatorPrimitive, has_gaps, named, submitted, warn_of_saves
from ketjet.results.metadata import metadata_of_points
from ketjet.results.places import ended_at_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.primitives import SamplerPubLike

    from ketjet.backend import Simulator
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.options import SimulatorOptions

__all__ = ["SamplerV2"]

_shots = integer(1, MAX_SHOTS)


class SamplerV2(SimulatorPrimitive[SamplerOptions], BaseSamplerV2):
    """Qiskit's sampler on a `Simulator`: any circuit as it is, all points of all pubs in one job.

    Parameters
    ----------
    backend
        The simulator; None for one that is made of the options' `backend_options`.
    default_shots
        Shots of a pub where neither it nor `run` says how many; None for those of the options.
    seed
        Of all samples: the same integer gives the same samples in every run. From a `Generator` a seed is drawn for
        each run. None for ``seed_simulator`` of the options or the backend, or else a fresh one.
    options
        `SamplerOptions`, or a mapping of them.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> from ketjet import SamplerV2
    >>> bell = QuantumCircuit(2)
    >>> _ = bell.h(0), bell.cx(0, 1), bell.measure_all()
    >>> sorted(SamplerV2(seed=7).run([bell]).result()[0].data.meas.get_counts())
    ['00', '11']
    """

    options_class = SamplerOptions

    def __init__(
        self,
        *,
        backend: Simulator | None = None,
        default_shots: int | None = None,
        seed: int | np.random.Generator | None = None,
        options: SamplerOptions | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(backend, seed, options)
        if default_shots is not None:
            self.options.default_shots = default_shots

    @property
    def default_shots(self) -> int:
        """Shots of a pub where neither it nor `run` says how many."""
        return self.options.default_shots

    def run(self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None) -> PrimitiveJob:
        """Start sampling and return at once.

        Parameters
        ----------
        pubs
            Circuits, or tuples of a circuit, its parameter values and a number of shots; the last two may be left out.
            Values are an array whose last axis is over the circuit's parameters, or a mapping from parameters, or
            tuples of them, to arrays.
        shots
            Shots of every point of the pubs that do not say how many.

        Returns
        -------
        PrimitiveJob
            Submitted. ``job.result()[i].data`` has a `BitArray` for every register of the i-th circuit, of the shape of
            the pub's values.

        Raises
        ------
        InvalidPubError, PubTypeError
            A pub is malformed, or its values do not fit its circuit.
        InvalidCircuitError
            A circuit cannot be simulated.
        InsufficientMemoryError
            A circuit does not fit into the memory that is available now.
        OptionTypeError, InvalidOptionError
            A number of shots is no positive integer, or an option is wrong.
        """
        shots = self.default_shots if shots is None else _shots("shots", shots)
        parts = [_parts(pub, index, shots) for index, pub in enumerate(as_pubs(pubs, "Sampler"))]
        options = self._resolve(shots=shots, memory=False, exact=False, return_state=False)
        preparation = _Preparation(options, len(parts))
        prepared = [preparation.pub(index, *part) for index, part in enumerate(parts)]
        experiments = preparation.intake.experiments()
        _warn_of_empty_data(parts)
        warn_of_saves(preparation.saving, "a sampler's")
        assemble = partial(_assemble, prepared, list(experiments))
        return submitted(PrimitiveJob, self.backend, options, experiments, assemble)


class _Pub(NamedTuple):
    """A pub that is ready to run, and what its result will be made of beside the outcomes.

    Attributes
    ----------
    shape : tuple of int
    shots : int
    places : range
        The places of its points among those of the job; none where nothing is measured.
    registers : dict
        The classical bits of each register of the circuit, by the register's name.
    num_clbits, seed : int
    circuit_metadata : dict
    """

    shape: tuple[int, ...]
    shots: int
    places: range
    registers: dict[str, tuple[int, ...]]
    num_clbits: int
    seed: int
    circuit_metadata: dict[str, Any]


class _Preparation:
    """Makes the pubs of one job ready to run."""

    def __init__(self, options: SimulatorOptions, pubs: int) -> None:
        self.intake = Intake(options, pubs)
        self.saving: list[str] = []
        """Names of circuits with save instructions."""
        self._options = options

    def pub(self, index: int, circuit: QuantumCircuit, values: Any, shots: int) -> _Pub:
        registers, intake = _registers(index, circuit), self.intake
        begin = intake.results
        options = self._options if shots == self._options.shots else dataclasses.replace(self._options, shots=shots)
        taken = intake.take(circuit, options) if any(registers.values()) else None  # nobody reads other bits
        lowered = lower(circuit) if taken is None else taken.lowered
        if lowered.saves and circuit.name not in self.saving:
            self.saving.append(circuit.name)
        points = points_of(circuit, lowered.parameters, values, index)
        if taken is not None and lowered.has_measurements:
            with errors_of_points(index):
                intake.add(taken, points.values)
        metadata = lowered.header.metadata
        places = range(begin, intake.results)
        return _Pub(points.shape, shots, places, registers, circuit.num_clbits, intake.seed, metadata)


def _parts(pub: Any, index: int, shots: int) -> tuple[QuantumCircuit, Any, int]:
    """Return circuit, values and number of shots of a pub."""
    if isinstance(pub, SamplerPub):
        circuit, values, own = pub.circuit, pub.parameter_values, pub.shots
    else:
        circuit, values, own = (*parts_of(pub, index, "Sampler", 1, 3), None, None)[:3]
    return circuit, values, shots if own is None else _shots(f"shots of pub {index}", own)


def _registers(index: int, circuit: QuantumCircuit) -> dict[str, tuple[int, ...]]:
    numbers = {bit: number for number, bit in enumerate(circuit.clbits)}
    for register in circuit.cregs:
        if register.name in DataBin._RESTRICTED_NAMES:
            raise InvalidPubError(
                f"pub {index}, circuit {circuit.name!r}: data cannot be named {register.name!r}, which is a name that "
                "DataBin has itself; give the register another name."
            )
    return {register.name: tuple([numbers[bit] for bit in register]) for register in circuit.cregs}


def _warn_of_empty_data(parts: Sequence[tuple[QuantumCircuit, Any, int]]) -> None:
    empty = [circuit.name for circuit, _, _ in parts if not circuit.cregs]
    if empty:
        warn(
            f"no classical register in circuit {named(empty)}: its data will be empty. Did you mean to add "
            "measurements, for example with circuit.measure_all()?"
        )


def _assemble(
    pubs: Sequence[_Pub], experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]
) -> PrimitiveResult[SamplerPubResult]:
    """Make the result of a job."""
    ended = dict(ended_at_places(experiments, outcomes))
    results = []
    for pub in pubs:
        own = [ended[place] for place in pub.places if place in ended]
        results.append(_pub_result(pub, [experiment for experiment, _ in own], [outcome for _, outcome in own]))
    return PrimitiveResult(results, metadata={"version": 2})


def _pub_result(
    pub: _Pub, experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]
) -> SamplerPubResult:
    metadata: dict[str, Any] = {"shots": pub.shots, "circuit_metadata": pub.circuit_metadata}
    run = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    if len(run) < len(outcomes):
        metadata["error"] = _failure(pub, experiments, outcomes)
        if not has_gaps(outcomes):
            return SamplerPubResult(DataBin(shape=pub.shape), metadata)
    tables = _tables(pub, experiments, _all_tabled(experiments, outcomes, run))
    if len(run) < len(outcomes):
        metadata["finished"] = (np.diff(tables.begins) > 0).reshape(pub.shape)
    data = {name: TabledBitArray(tables, pub.shape, clbits) for name, clbits in pub.registers.items()}
    if run:
        metadata["simulator_metadata"] = metadata_of_points(experiments, [outcome.facts for outcome in run])
    else:
        metadata["simulator_metadata"] = {"seed_simulator": pub.seed, "num_points": 0, "time_taken": 0.0}
    return SamplerPubResult(DataBin(**data, shape=pub.shape), metadata)


def _failure(pub: _Pub, experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]) -> str:
    """Return the first of the exceptions among outcomes as metadata tell of it."""
    point = 0
    for experiment, outcome in zip(experiments, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            where = f"point {index_of(point, pub.shape)}: " if pub.shape else ""
            return f"{where}{type(outcome).__name__}: {outcome}"
        point += experiment.task.num_points
    return ""


def _all_tabled(
    experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException], run: Sequence[Outcome]
) -> Sequence[Outcome]:
    """Return outcomes, of which some are there, with ones of empty tables in place of the others."""
    if len(run) == len(outcomes):
        return run
    nothing = run[0]._replace(keys=run[0].keys[:0], counts=run[0].counts[:0])
    return [
        nothing._replace(begins=np.zeros(task.num_points + 1, np.int64))
        if isinstance(outcome, BaseException)
        else outcome
        for (task, *_), outcome in zip(experiments, outcomes, strict=True)
    ]


def _tables(pub: _Pub, experiments: Sequence[Experiment], outcomes: Sequence[Outcome]) -> OutcomeTables:
    if outcomes:
        keys = np.concatenate([outcome.keys for outcome in outcomes]) if len(outcomes) > 1 else outcomes[0].keys
        counts = np.concatenate([outcome.counts for outcome in outcomes]) if len(outcomes) > 1 else outcomes[0].counts
        begins = _begins(outcomes)
    else:  # nothing has been measured: all bits are 0
        points = int(np.prod(pub.shape, dtype=int))
        keys = np.zeros((points, max(1, -(-pub.num_clbits // 64))), np.uint64)
        counts, begins = np.full(points, pub.shots, np.int64), np.arange(points + 1)
    fingerprints, occurrences = _origins(experiments)
    return OutcomeTables(keys, counts, begins, pub.shots, pub.num_clbits, pub.seed, fingerprints, occurrences)


def _begins(outcomes: Sequence[Outcome]) -> NDArray[np.int64]:
    """Return where the rows of each point begin, and at last where they end."""
    begins, end = [np.zeros(1, np.int64)], 0
    for outcome in outcomes:
        begins.append(end + (outcome.begins[1:] if outcome.begins is not None else np.array([len(outcome.counts)])))
        end += len(outcome.counts)
    return np.concatenate(begins)


def _origins(experiments: Sequence[Experiment]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the fingerprint of each point's program, and how many with that one came before."""
    fingerprints, occurrences = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for task in [experiment.task for experiment in experiments]:
        if task.points is None:
            fingerprints.append(np.array([task.program.fingerprint], np.uint64))
            occurrences.append(np.array([task.occurrence], np.uint64))
        else:
            fingerprints.append(task.points.fingerprints)
            occurrences.append(task.points.occurrences)
    return np.concatenate(fingerprints), np.concatenate(occurrences)
