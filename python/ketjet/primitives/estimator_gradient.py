"""EstimatorGradient: exact gradients in the form in which qiskit-algorithms and its kin ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet.backend.admission import admission_now
from ketjet.backend.differentiation import DifferentiableCircuit
from ketjet.lowering.observables import read_observables
from ketjet.points.broadcasting import grid_of
from ketjet.points.values import Points
from ketjet.primitives.derivative_primitive import DerivativePrimitive
from ketjet.primitives.derivative_type import PARTS, derivative_type_of
from ketjet.primitives.estimator import EstimatorV2
from ketjet.primitives.gradient_inputs import entries_of, require_values
from ketjet.primitives.pubs import programs_at
from ketjet.primitives.simulation import failure_in
from ketjet.results.metadata import metadata_of_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet.backend import Simulator
    from ketjet.backend.admission import Admission
    from ketjet.backend.gradient_arrays import Differentiation
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.primitives.derivative_type import DerivativeType
    from ketjet.primitives.gradient_inputs import Entry
    from ketjet.primitives.gradient_job import GradientJob

__all__ = ["EstimatorGradient", "EstimatorGradientResult"]


@dataclass(frozen=True)
class EstimatorGradientResult:
    """What a job of an `EstimatorGradient` ends with."""

    gradients: list[NDArray[Any]]
    """One array for each circuit, over the parameters."""
    metadata: list[dict[str, Any]]
    """For each circuit its ``parameters``, and what there is to tell of the run."""
    precision: float
    """0, for gradients are exact."""


class EstimatorGradient(DerivativePrimitive):
    """Exact gradients of expectation values, for whatever takes an estimator gradient of qiskit-algorithms.

    It is used as their `ReverseEstimatorGradient` and differentiates all gates that `Simulator.gradient` does.

    Parameters
    ----------
    backend
        The simulator, whose options hold; None for one with the defaults.
    derivative_type
        Which part of ``2 <state| observable |derivative of the state>`` a gradient is: "real", which is the derivative
        of the expectation value, "imag" or "complex"; or a member of an enumeration with such names. Those with an
        imaginary part take a qubit more.

    Examples
    --------
    >>> import numpy as np
    >>> from qiskit.circuit.library import real_amplitudes
    >>> from qiskit.quantum_info import SparsePauliOp
    >>> from ketjet import EstimatorGradient
    >>> circuit = real_amplitudes(1, reps=0)
    >>> job = EstimatorGradient().run([circuit], [SparsePauliOp("Z")], [[np.pi / 2]])
    >>> job.result().gradients[0].round(12).tolist()
    [-1.0]
    """

    def __init__(self, backend: Simulator | None = None, derivative_type: Any = "real") -> None:
        super().__init__(backend, derivative_type)

    @property
    def _estimator(self) -> EstimatorV2:
        """An estimator on the same simulator, where variational principles of qiskit-algorithms look for one."""
        return EstimatorV2(backend=self._backend)

    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        observables: Any,
        parameter_values: ArrayLike | Sequence[ArrayLike],
        parameters: Sequence[Sequence[Parameter | str] | None] | None = None,
        *,
        precision: Any = None,  # noqa: ARG002 - whoever asks for one may
        **options: Any,
    ) -> GradientJob:
        """Start differentiating and return at once.

        Every circuit is read and planned once, however often it is given, and differentiated once at equal values.

        Parameters
        ----------
        circuits
            One or several, of unitary gates; they may begin by initialising qubits and end by measuring them.
        observables
            One for each circuit, of any kind.
        parameter_values
            For each circuit the values of its parameters.
        parameters
            For each circuit what to differentiate by, in this order or, of a set, in that of ``circuit.parameters``;
            None for all parameters.
        precision
            Any standard error is kept, for gradients are exact; what `Simulator.run` calls so is as the backend has it.
        options
            All others of `Simulator.run`.

        Returns
        -------
        GradientJob
            Submitted; it lives as a `PrimitiveJob` does. ``job.result()`` has ``gradients``, a list of arrays,
            ``metadata`` and ``precision``.

        Raises
        ------
        InvalidPubError, PubTypeError, CircuitTypeError
            There are not as many of each, or values or observables do not fit their circuit.
        InvalidCircuitError
            A circuit cannot be simulated, or has an instruction without a derivative, which is named.
        InvalidOptionError, OptionTypeError, UnknownOptionError
            A parameter is not one of its circuit's, or an option is none.
        InsufficientMemoryError
            Two states of a circuit do not fit into the memory that is available now.
        """
        resolved = self._resolve(options)
        entries = entries_of(circuits, parameter_values, parameters, observables)
        admission = admission_now(resolved, recent=True, sent=True)
        experiments: list[Experiment] = []
        kind = derivative_type_of(self._derivative_type)
        groups = [_prepared(group, admission, kind, experiments) for group in _grouped(entries)]
        assemble = partial(_assemble, groups, len(entries), list(experiments), kind)
        return self._submitted(resolved, experiments, assemble)

    def __repr__(self) -> str:
        return f"<EstimatorGradient on {self._backend!r}, {derivative_type_of(self._derivative_type)}>"


class _Group(NamedTuple):
    """Entries with the same circuit and the same parameters to differentiate by.

    Attributes
    ----------
    numbers : list of int
        Where they are among what was given.
    differentiation : Differentiation
        One value for each, or twice as many: real parts, then imaginary parts.
    experiments : slice
        Which experiments of the job are its points.
    parameters : tuple of Parameter
        What is differentiated by.
    """

    numbers: list[int]
    differentiation: Differentiation
    experiments: slice
    parameters: tuple[Parameter, ...]


def _grouped(entries: Sequence[Entry]) -> list[list[Entry]]:
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        groups.setdefault((id(entry.circuit), entry.parameters), []).append(entry)
    return list(groups.values())


def _prepared(
    group: Sequence[Entry], admission: Admission, kind: DerivativeType, experiments: list[Experiment]
) -> _Group:
    circuit, parameters, where = group[0].circuit, group[0].parameters, group[0].where
    distinct = {id(entry.observable): entry for entry in group}
    places = {key: place for place, key in enumerate(distinct)}
    for entry in distinct.values():
        entry.require_observable()
    table = read_observables([entry.observable for entry in distinct.values()])
    made = DifferentiableCircuit(circuit, admission, parameters, PARTS[kind])
    require_values(made.lowered, group[0])
    points = Points((len(group),), np.array([entry.values for entry in group], np.float64))
    observables = np.array([places[id(entry.observable)] for entry in group])
    grid = grid_of((), points, where)._replace(observables=observables)
    if len(PARTS[kind]) == 2:
        both = np.concatenate([observables, observables + len(distinct)])
        grid = grid._replace(shape=(2, len(group)), points=np.tile(grid.points, 2), observables=both)
    found = made.differentiation(table, grid, programs_at(made.lowered, grid.values, group[0].number))
    begin = len(experiments)
    experiments += found.experiments
    return _Group([entry.number for entry in group], found, slice(begin, len(experiments)), parameters)


def _assemble(
    groups: Sequence[_Group],
    count: int,
    experiments: Sequence[Experiment],
    kind: DerivativeType,
    outcomes: Sequence[Outcome | BaseException],
) -> Any:
    """Make the result of a job."""
    ended = list(outcomes)
    gradients: list[NDArray[Any]] = [np.empty(0)] * count
    metadata: list[dict[str, Any]] = [{}] * count
    for group in groups:
        told: dict[str, Any] = {"parameters": group.parameters}
        there = ended[group.experiments]
        run = [outcome for outcome in there if not isinstance(outcome, BaseException)]
        if failure := failure_in(there):
            told["error"] = failure
            found = np.full((len(group.numbers), len(group.parameters)), np.nan)
        else:
            if run:
                told["simulator_metadata"] = metadata_of_points(experiments[group.experiments], [o.facts for o in run])
            found = group.differentiation.arrays(run)[1]
            if kind == "complex":
                found = found[0] + 1j * found[1]
        for number, gradient in zip(group.numbers, found, strict=True):
            gradients[number], metadata[number] = gradient, told
    return EstimatorGradientResult(gradients, metadata, 0.0)
