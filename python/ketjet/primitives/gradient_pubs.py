"""Pubs of `EstimatorV2.gradient`: made ready to run, and what becomes of their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.primitives import DataBin, PrimitiveResult, PubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from ketjet.backend.admission import admission_now
from ketjet.backend.derivative_methods import differentiable, require_method
from ketjet.backend.gradient_arrays import Differentiation
from ketjet.errors import InvalidPubError
from ketjet.points.broadcasting import grid_of
from ketjet.primitives.pubs import errors_of_points, observables_of_pub, parts_of, points_of
from ketjet.primitives.simulation import failure_in, has_gaps
from ketjet.results.metadata import metadata_of_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet.backend.derivative_methods import Differentiable, Method
    from ketjet.backend.shift_rule import ShiftedDifferentiation
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.options import SimulatorOptions

__all__ = ["GradientPub", "GradientPubs", "assemble_gradients"]


class GradientPub(NamedTuple):
    """A pub that is ready to be differentiated.

    Attributes
    ----------
    differentiation : Differentiation or ShiftedDifferentiation
    experiments : slice
        Which experiments of the job are its points, or what runs for these.
    circuit_metadata : dict
    """

    differentiation: Differentiation | ShiftedDifferentiation
    experiments: slice
    circuit_metadata: dict[str, Any]


class GradientPubs:
    """Makes the pubs of one job ready to be differentiated.

    Parameters
    ----------
    options
        Of the run.
    parameters
        What all circuits are differentiated by; None for all parameters of each.
    method
        How.
    light_cones
        Whether light cones may run instead of circuits, where they are of use.

    Raises
    ------
    InvalidOptionError
        There is no such method.
    """

    def __init__(
        self,
        options: SimulatorOptions,
        parameters: Sequence[Parameter | str] | None,
        method: Method,
        *,
        light_cones: bool,
    ) -> None:
        require_method(method)
        self.experiments: list[Experiment] = []
        self._admission = admission_now(options, recent=True)
        self._parameters, self._method, self._light_cones = parameters, method, light_cones
        self._circuits: dict[int, Differentiable] = {}  # a circuit may be in many pubs

    def pub(self, index: int, pub: Any) -> GradientPub:
        """Make one ready.

        Raises
        ------
        InvalidPubError, PubTypeError, InvalidOptionError, InvalidCircuitError, InsufficientMemoryError
            As `EstimatorV2.gradient` does.
        """
        circuit, observables, values = _parts(pub, index)
        where = f"pub {index}, circuit {circuit.name!r}"
        table = observables_of_pub(circuit, observables, where)
        if id(circuit) not in self._circuits:
            self._circuits[id(circuit)] = differentiable(
                self._method, circuit, self._admission, self._parameters, light_cones=self._light_cones
            )
        made = self._circuits[id(circuit)]
        points = points_of(circuit, made.lowered.parameters, values, index)
        grid = grid_of(table.shape, points, where)
        with errors_of_points(index):
            found = made.differentiation(table, grid, made.lowered.programs_at(grid.values))
        begin = len(self.experiments)
        self.experiments += found.experiments
        return GradientPub(found, slice(begin, len(self.experiments)), made.lowered.header.metadata)


def _parts(pub: Any, index: int) -> tuple[QuantumCircuit, Any, Any]:
    """Return circuit, observables and values of a pub, which says nothing of a precision, or 0."""
    if isinstance(pub, EstimatorPub):
        circuit, observables, values, precision = pub.circuit, pub.observables, pub.parameter_values, pub.precision
    else:
        circuit, observables, values, precision = (*parts_of(pub, index, "Estimator", 2, 4), None, None)[:4]
    if precision not in {None, 0}:
        raise InvalidPubError(f"pub {index}: gradients are exact; leave the precision {precision} out.")
    return circuit, observables, values


def assemble_gradients(
    pubs: Sequence[GradientPub], experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]
) -> PrimitiveResult[PubResult]:
    """Make the result of a job."""
    ended = list(outcomes)
    results = [_pub_result(pub, experiments[pub.experiments], ended[pub.experiments]) for pub in pubs]
    return PrimitiveResult(results, metadata={"version": 2})


def _pub_result(
    pub: GradientPub, experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException]
) -> PubResult:
    shape = pub.differentiation.grid.shape
    metadata: dict[str, Any] = {"target_precision": 0.0, "circuit_metadata": pub.circuit_metadata}
    run = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    if error := failure_in(outcomes):
        metadata["error"] = error
    if error and not (has_gaps(outcomes) and isinstance(pub.differentiation, Differentiation)):
        return PubResult(DataBin(shape=shape), metadata)
    if isinstance(pub.differentiation, Differentiation):
        ended = [None if isinstance(outcome, BaseException) else outcome for outcome in outcomes]
        evs, gradients = pub.differentiation.arrays(ended)
    else:
        evs, gradients = pub.differentiation.arrays(run)
    if error:
        metadata["finished"] = ~np.isnan(evs)
    if run:
        told = metadata_of_points(experiments, [outcome.facts for outcome in run])
        metadata["simulator_metadata"] = {**told, "num_points": len(pub.differentiation.grid.values)}
    return PubResult(DataBin(evs=evs, gradients=gradients, shape=shape), metadata)
