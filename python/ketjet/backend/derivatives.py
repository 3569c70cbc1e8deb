"""The methods of `Simulator` that differentiate expectation values; they wait for what they return."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

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
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from typing_extensions import Unpack

    from ketjet.lowering.observable_table import Observables
    from ketjet.options import SimulatorOptions
    from ketjet.options.types import RunOptions
    from ketjet.points.values import Points

__all__ = ["Differentiates"]

_MadeT = TypeVar("_MadeT", DifferentiableCircuit, ShiftedCircuit)


class Differentiates:
    """What a simulator can do beside running circuits: exact gradients, by the adjoint method.

    All take a circuit of unitary gates with parameters, an observable or an array of them, and values of the
    parameters: an array whose last axis is over the circuit's parameters, or a mapping as in a pub of `EstimatorV2`.
    The shapes of observables and values are broadcast against each other. Whatever the number of parameters, a gradient
    takes the memory of two states.
    """

    def _resolve(self, options: Mapping[str, Any]) -> SimulatorOptions:
        raise NotImplementedError

    def gradient(  # type: ignore[misc]  # of the options of a run, one is called method too
        self,
        circuit: QuantumCircuit,
        observables: Any,
        values: ArrayLike | Mapping[Any, Any] | None = None,
        *,
        parameters: Sequence[Parameter | str] | None = None,
        method: Literal["adjoint", "shift"] = "adjoint",
        **options: Unpack[RunOptions],
    ) -> NDArray[np.float64]:
        """Return the derivatives of expectation values by the parameters of the circuit.

        Parameters
        ----------
        circuit
            Of unitary gates; it may begin by initialising qubits and end by measuring them.
        observables
            One of any kind, or nested lists or an array of them, on the circuit's qubits.
        values
            Of the parameters.
        parameters
            What to differentiate by, in this order; by default all parameters in the order of ``circuit.parameters``.
        method
            "shift" takes circuits that measure in the middle, reset or branch, too: parameter-shift rules, exact ones
            for every gate, with two or four runs for each angle that depends on a parameter.
        options
            As for `run`; `time_limit` holds for each point.

        Returns
        -------
        ndarray of float64
            Shape (..., parameters), the first axes being those of the expectation values.

        Raises
        ------
        InvalidCircuitError
            The circuit cannot be simulated, or has an instruction without a derivative, which is named.
        InvalidPubError, InvalidOptionError, OptionTypeError
            Observables, values or parameters do not fit the circuit.
        InsufficientMemoryError
            Two states do not fit into the memory that is available now.
        TimeLimitError
            The option `time_limit` says so.

        Notes
        -----
        Method: the circuit is undone gate by gate on its final state and on what the observable makes of that; see
        T. Jones and J. Gacon, arXiv:2009.02823. Here whole sweeps over memory are undone.
        """
        return self.value_and_gradient(circuit, observables, values, parameters=parameters, method=method, **options)[1]

    def value_and_gradient(  # type: ignore[misc]  # as for gradient
        self,
        circuit: QuantumCircuit,
        observables: Any,
        values: ArrayLike | Mapping[Any, Any] | None = None,
        *,
        parameters: Sequence[Parameter | str] | None = None,
        method: Literal["adjoint", "shift"] = "adjoint",
        **options: Unpack[RunOptions],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return expectation values and their derivatives; the values come for nothing.

        Parameters
        ----------
        circuit, observables, values, parameters, method, options
            As for `gradient`.

        Returns
        -------
        ndarray of float64, ndarray of float64
            Values, and derivatives with one axis more, over the parameters.

        Raises
        ------
        InvalidCircuitError, InvalidPubError, InsufficientMemoryError, TimeLimitError
            As `gradient`.
        """
        if method == "shift":
            return self._by_shifts(circuit, observables, values, parameters, options)
        if method != "adjoint":
            raise InvalidOptionError(f'method must be "adjoint" or "shift", got {method!r}.')
        resolved, made, table, points, where = self._to_differentiate(
            DifferentiableCircuit, "value_and_gradient", circuit, observables, values, parameters, options
        )
        grid = grid_of(table.shape, points, where)
        prepared = differentiation(made, table, grid, made.lowered.at_points(grid.values))
        return prepared.arrays(run_to_end(prepared.experiments, memory_limit(resolved)))

    def vjp(
        self,
        circuit: QuantumCircuit,
        observables: Any,
        values: ArrayLike | Mapping[Any, Any] | None,
        weights: ArrayLike,
        *,
        parameters: Sequence[Parameter | str] | None = None,
        **options: Unpack[RunOptions],
    ) -> NDArray[np.float64]:
        """Return the product of weights and the Jacobian of expectation values: what backpropagation asks for.

        The observables of a point are added up with their weights first, so that any number of them takes as long as
        one.

        Parameters
        ----------
        circuit, observables, values, parameters, options
            As for `gradient`.
        weights
            One for each expectation value, in the shape that these have.

        Returns
        -------
        ndarray of float64
            The shape of `values` as an array, with one entry for each parameter that is differentiated by.

        Raises
        ------
        InvalidOptionError, OptionTypeError
            The weights are not finite real numbers in the shape of the values.
        InvalidCircuitError, InvalidPubError, InsufficientMemoryError, TimeLimitError
            As `gradient`.
        """
        resolved, made, table, points, where = self._to_differentiate(
            DifferentiableCircuit, "vjp", circuit, observables, values, parameters, options
        )
        shape = grid_of(table.shape, points, where).shape
        given = _weights(weights, shape)
        by_point = np.zeros((len(points.values), table.num_rows))
        places = [np.arange(math.prod(own)).reshape(own) for own in (points.shape, table.shape)]
        at, of = (np.broadcast_to(numbers, shape).ravel() for numbers in places)
        np.add.at(by_point, (at, of), given.ravel())
        experiments = of_sums(made, table, by_point, made.lowered.at_points(points.values))
        outcomes = run_to_end(experiments, memory_limit(resolved))
        found = np.zeros((len(points.values), made.num_parameters))
        for point, outcome in enumerate(outcomes):
            found[point] = made.pulled_back(points.values[point], outcome.readouts[1])[0]
        return found.reshape((*points.shape, made.num_parameters))

    def quantum_geometric_tensor(
        self,
        circuit: QuantumCircuit,
        values: ArrayLike | Mapping[Any, Any] | None = None,
        *,
        parameters: Sequence[Parameter | str] | None = None,
        phase_fix: bool = True,
        **options: Unpack[RunOptions],
    ) -> NDArray[np.complex128]:
        """Return the quantum geometric tensor of the circuit's state.

        Entry (i, j) is ``<d_i|d_j> - <d_i|state><state|d_j>``, with d_i the derivative of the state by parameter i. The
        quantum Fisher information, by which natural gradients go, is four times its real part.

        Parameters
        ----------
        circuit, values, parameters, options
            As for `gradient`; measurements at the end are left out.
        phase_fix
            False leaves the second term out.

        Returns
        -------
        ndarray of complex128
            Hermitian, shape (..., parameters, parameters), the first axes being those of the values.

        Raises
        ------
        InvalidCircuitError, InvalidPubError, InvalidOptionError, OptionTypeError, TimeLimitError
            As `gradient`.
        InsufficientMemoryError
            Four states do not fit into the memory that is available now.

        Notes
        -----
        The derivative of a state by an angle is the state at one or two other angles. So there is one run, or two, for
        each angle that depends on a parameter, and all derivatives are held together, or blocks of them if they do not
        fit into memory.
        """
        resolved = self._resolve({**options, "shots": 1, "memory": False, "exact": False, "return_state": False})
        circuit = as_circuit(circuit, "quantum_geometric_tensor", None)
        made = CircuitWithTangents(circuit, admission_now(resolved, recent=True), parameters)
        points = read_points(made.lowered.parameters, values, f"circuit {circuit.name!r}")
        bound = made.lowered.at_points(points.values)
        experiments = [made.at(at, row, phase_fix=phase_fix) for at, row in zip(bound, points.values, strict=True)]
        outcomes = run_to_end(experiments, memory_limit(resolved))
        shape = (*points.shape, made.num_parameters, made.num_parameters)
        return np.array([outcome.readouts[0] for outcome in outcomes], np.complex128).reshape(shape)

    def _by_shifts(
        self,
        circuit: Any,
        observables: Any,
        values: Any,
        parameters: Sequence[Parameter | str] | None,
        options: Mapping[str, Any],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        resolved, made, table, points, where = self._to_differentiate(
            ShiftedCircuit, "value_and_gradient", circuit, observables, values, parameters, options
        )
        grid = grid_of(table.shape, points, where)
        run = partial(run_to_end, memory=memory_limit(resolved))
        found, gradients = made.values_and_gradients(table, grid.values, run)
        places = grid.points, grid.observables
        return (
            found[places].reshape(grid.shape),
            gradients[places].reshape((*grid.shape, made.num_parameters)),
        )

    def _to_differentiate(
        self,
        kind: type[_MadeT],
        caller: str,
        circuit: Any,
        observables: Any,
        values: Any,
        parameters: Sequence[Parameter | str] | None,
        options: Mapping[str, Any],
    ) -> tuple[SimulatorOptions, _MadeT, Observables, Points, str]:
        """Check what is given and make the circuit ready."""
        resolved = self._resolve({**options, "shots": 1, "memory": False, "exact": False, "return_state": False})
        circuit = as_circuit(circuit, caller, None)
        table, where = observables_of(circuit, observables), f"circuit {circuit.name!r}"
        made = kind(circuit, admission_now(resolved, recent=True), parameters)
        return resolved, made, table, read_points(made.lowered.parameters, values, where), where


def _weights(weights: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = real_array("weights", weights)
    if array.shape != shape:
        raise InvalidOptionError(
            f"weights must have the shape of the expectation values, {shape}, but have {array.shape}."
        )
    if not np.isfinite(array).all():
        raise InvalidOptionError("weights must be finite numbers.")
    return array
