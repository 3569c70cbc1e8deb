"""The work of the methods of `Simulator` that differentiate; they wait for what they return.

It is loaded when somebody differentiates, for most programs do not.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet.backend.admission import admission_now
from ketjet.backend.derivative_methods import differentiable
from ketjet.backend.layered_tensor import circuit_with_tangents
from ketjet.backend.readings import observables_of
from ketjet.backend.run_input import as_circuit
from ketjet.errors import InvalidOptionError
from ketjet.jobs.blocking import run_to_end
from ketjet.options.machine import memory_limit
from ketjet.points.broadcasting import grid_of
from ketjet.points.values import read_points, real_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from qiskit.circuit import Parameter

    from ketjet.backend.derivative_methods import Differentiable, Method
    from ketjet.backend.layered_tensor import Blocks
    from ketjet.lowering.observable_table import Observables
    from ketjet.options import SimulatorOptions
    from ketjet.points.values import Points

    Parameters = Sequence[Parameter | str] | None

__all__ = ["geometric_tensor", "value_and_gradient", "vjp"]


def value_and_gradient(
    options: SimulatorOptions, circuit: Any, observables: Any, values: Any, parameters: Parameters, method: Method
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Do what `Simulator.value_and_gradient` says."""
    made, table, points, where = _prepared(
        "value_and_gradient", options, circuit, observables, values, parameters, method
    )
    run = partial(run_to_end, memory=memory_limit(options))
    return made.values_and_gradients(table, grid_of(table.shape, points, where), run)


def vjp(
    options: SimulatorOptions,
    circuit: Any,
    observables: Any,
    values: Any,
    weights: ArrayLike,
    parameters: Parameters,
    method: Method,
) -> NDArray[np.float64]:
    """Do what `Simulator.vjp` says."""
    made, table, points, where = _prepared("vjp", options, circuit, observables, values, parameters, method)
    shape = grid_of(table.shape, points, where).shape
    given = _weights(weights, shape)
    by_point = np.zeros((len(points.values), table.num_rows))
    places = [np.arange(math.prod(own)).reshape(own) for own in (points.shape, table.shape)]
    at, of = (np.broadcast_to(numbers, shape).ravel() for numbers in places)
    np.add.at(by_point, (at, of), given.ravel())
    run = partial(run_to_end, memory=memory_limit(options))
    found = made.gradients_of_sums(table, by_point, points.values, run)
    return found.reshape((*points.shape, made.num_parameters))


def geometric_tensor(
    options: SimulatorOptions, circuit: Any, values: Any, parameters: Parameters, blocks: Blocks, *, phase_fix: bool
) -> NDArray[np.complex128]:
    """Do what `Simulator.quantum_geometric_tensor` says."""
    circuit = as_circuit(circuit, "quantum_geometric_tensor", None)
    made = circuit_with_tangents(circuit, admission_now(options, recent=True), parameters, blocks)
    points = read_points(made.lowered.parameters, values, f"circuit {circuit.name!r}")
    programs = made.lowered.programs_at(points.values)
    experiments = [made.at(at, row, phase_fix=phase_fix) for at, row in zip(programs, points.values, strict=True)]
    outcomes = run_to_end(experiments, memory_limit(options))
    shape = (*points.shape, made.num_parameters, made.num_parameters)
    return np.array([outcome.readouts[0] for outcome in outcomes], np.complex128).reshape(shape)


def _prepared(
    caller: str,
    options: SimulatorOptions,
    circuit: Any,
    observables: Any,
    values: Any,
    parameters: Parameters,
    method: Method,
) -> tuple[Differentiable, Observables, Points, str]:
    """Check what is given and make the circuit ready."""
    circuit = as_circuit(circuit, caller, None)
    table, where = observables_of(circuit, observables), f"circuit {circuit.name!r}"
    made = differentiable(method, circuit, admission_now(options, recent=True), parameters)
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
