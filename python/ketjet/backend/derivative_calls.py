"""The work of the methods of `Simulator` that differentiate; they wait for what they return.

It is loaded when somebody differentiates, for most programs do not.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ketjet.backend.admission import admission_now
from ketjet.backend.differentiation import DifferentiableCircuit, differentiation, of_sums
from ketjet.backend.geometric_tensor import CircuitWithTangents
from ketjet.backend.readings import observables_of
from ketjet.backend.run_input import as_circuit
from ketjet.backend.shift_rule import ShiftedCircuit
from ketjet.errors import InvalidOptionError
from ketjet.jobs.blocking import run_to_end
from ketjet.options.machine import memory_limit
from ketjet.points.broadcasting import grid_of
from ketjet.points.values import read_points, real_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from qiskit.circuit import Parameter

    from ketjet.lowering.observable_table import Observables
    from ketjet.options import SimulatorOptions
    from ketjet.points.values import Points

    Parameters = Sequence[Parameter | str] | None

__all__ = ["geometric_tensor", "value_and_gradient", "vjp"]

_MadeT = TypeVar("_MadeT", DifferentiableCircuit, ShiftedCircuit)


def value_and_gradient(
    options: SimulatorOptions, circuit: Any, observables: Any, values: Any, parameters: Parameters, method: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Do what `Simulator.value_and_gradient` says."""
    if method == "shift":
        return _by_shifts(options, circuit, observables, values, parameters)
    if method != "adjoint":
        raise InvalidOptionError(f'method must be "adjoint" or "shift", got {method!r}.')
    made, table, points, where = _prepared(
        DifferentiableCircuit, "value_and_gradient", options, circuit, observables, values, parameters
    )
    grid = grid_of(table.shape, points, where)
    prepared = differentiation(made, table, grid, made.lowered.at_points(grid.values))
    return prepared.arrays(run_to_end(prepared.experiments, memory_limit(options)))


def vjp(
    options: SimulatorOptions, circuit: Any, observables: Any, values: Any, weights: ArrayLike, parameters: Parameters
) -> NDArray[np.float64]:
    """Do what `Simulator.vjp` says."""
    made, table, points, where = _prepared(
        DifferentiableCircuit, "vjp", options, circuit, observables, values, parameters
    )
    shape = grid_of(table.shape, points, where).shape
    given = _weights(weights, shape)
    by_point = np.zeros((len(points.values), table.num_rows))
    places = [np.arange(math.prod(own)).reshape(own) for own in (points.shape, table.shape)]
    at, of = (np.broadcast_to(numbers, shape).ravel() for numbers in places)
    np.add.at(by_point, (at, of), given.ravel())
    experiments = of_sums(made, table, by_point, made.lowered.at_points(points.values))
    outcomes = run_to_end(experiments, memory_limit(options))
    found = np.zeros((len(points.values), made.num_parameters))
    for point, outcome in enumerate(outcomes):
        found[point] = made.pulled_back(points.values[point], outcome.readouts[1])[0]
    return found.reshape((*points.shape, made.num_parameters))


def geometric_tensor(
    options: SimulatorOptions, circuit: Any, values: Any, parameters: Parameters, *, phase_fix: bool
) -> NDArray[np.complex128]:
    """Do what `Simulator.quantum_geometric_tensor` says."""
    circuit = as_circuit(circuit, "quantum_geometric_tensor", None)
    made = CircuitWithTangents(circuit, admission_now(options, recent=True), parameters)
    points = read_points(made.lowered.parameters, values, f"circuit {circuit.name!r}")
    bound = made.lowered.at_points(points.values)
    experiments = [made.at(at, row, phase_fix=phase_fix) for at, row in zip(bound, points.values, strict=True)]
    outcomes = run_to_end(experiments, memory_limit(options))
    shape = (*points.shape, made.num_parameters, made.num_parameters)
    return np.array([outcome.readouts[0] for outcome in outcomes], np.complex128).reshape(shape)


def _by_shifts(
    options: SimulatorOptions, circuit: Any, observables: Any, values: Any, parameters: Parameters
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    made, table, points, where = _prepared(
        ShiftedCircuit, "value_and_gradient", options, circuit, observables, values, parameters
    )
    grid = grid_of(table.shape, points, where)
    run = partial(run_to_end, memory=memory_limit(options))
    found, gradients = made.values_and_gradients(table, grid.values, run)
    places = grid.points, grid.observables
    return (
        found[places].reshape(grid.shape),
        gradients[places].reshape((*grid.shape, made.num_parameters)),
    )


def _prepared(
    kind: type[_MadeT],
    caller: str,
    options: SimulatorOptions,
    circuit: Any,
    observables: Any,
    values: Any,
    parameters: Parameters,
) -> tuple[_MadeT, Observables, Points, str]:
    """Check what is given and make the circuit ready."""
    circuit = as_circuit(circuit, caller, None)
    table, where = observables_of(circuit, observables), f"circuit {circuit.name!r}"
    made = kind(circuit, admission_now(options, recent=True), parameters)
    return made, table, read_points(made.lowered.parameters, values, where), where


def _weights(weights: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = real_array("weights", weights)
    if array.shape != shape:
        raise InvalidOptionError(
            f"weights must have the shape of the expectation values, {shape}, but have {array.shape}."
        )
    if not np.isfinite(array).all():
        raise InvalidOptionError("weights must be finite numbers.")
    return array
