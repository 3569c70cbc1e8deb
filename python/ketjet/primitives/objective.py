"""Objective: the value of one observable in one circuit's state as a function of the parameters, for optimisers."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit

from ketjet.backend import Simulator
from ketjet.backend.admission import admission_now
from ketjet.backend.derivative_methods import differentiable, require_method
from ketjet.backend.experiments import MANY_POINTS
from ketjet.backend.readings import ReadCircuit
from ketjet.errors import CircuitTypeError, InvalidOptionError, OptionTypeError
from ketjet.jobs.blocking import run_to_end
from ketjet.lowering.observables import read_observables
from ketjet.lowering.parameters import names_of
from ketjet.options.checks import wrong_type
from ketjet.options.machine import memory_limit
from ketjet.points.broadcasting import grid_of
from ketjet.points.values import Points, checked_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from qiskit.circuit import Parameter
    from qiskit.primitives.containers.observables_array import ObservableLike

    from ketjet.backend.derivative_methods import Differentiable, Method
    from ketjet.lowering.observable_table import Observables

__all__ = ["Objective"]


class Objective:
    """The exact value of an observable in the state of a circuit, as a function of the circuit's parameters.

    Circuit and observable are read, and the run planned, once; both are copied. It may be called from any thread, and
    from several at a time. Ctrl-C in a call stops the run.

    Parameters
    ----------
    circuit
        Any circuit; measurements, resets and control flow are averaged over exactly.
    observable
        One observable of any kind on the circuit's qubits.
    backend
        The simulator, whose options hold; None for one with the defaults.
    parameters
        All parameters of the circuit, or their names, in the order in which calls take values; by default that of
        ``circuit.parameters``.
    method
        How it is differentiated: "adjoint", or "shift" for circuits that measure in the middle, reset or branch; see
        `Simulator.gradient`.

    Raises
    ------
    InvalidCircuitError, InsufficientMemoryError
        The circuit cannot be simulated, or does not fit into memory.
    InvalidOptionError, OptionTypeError
        The observable is none, or not one of the circuit's qubits; the parameters are not those of the circuit; or
        there is no such method.

    Examples
    --------
    >>> from qiskit.circuit.library import real_amplitudes
    >>> from ketjet import Objective
    >>> energy = Objective(real_amplitudes(2, reps=1), {"ZZ": 1, "XI": 0.5})
    >>> round(energy([0, 0, 0, 0]), 12)
    1.0
    """

    def __init__(
        self,
        circuit: QuantumCircuit,
        observable: ObservableLike,
        *,
        backend: Simulator | None = None,
        parameters: Sequence[Parameter | str] | None = None,
        method: Method = "adjoint",
    ) -> None:
        require_method(method)
        if not isinstance(circuit, QuantumCircuit):
            raise CircuitTypeError(f"Objective() takes one QuantumCircuit, got {circuit!r} ({type(circuit).__name__}).")
        if backend is not None and not isinstance(backend, Simulator):
            raise wrong_type("backend", backend, "a ketjet.Simulator")
        table = read_observables(observable)
        if table.shape:
            raise OptionTypeError(f"Objective() takes one observable, got an array of shape {table.shape}.")
        if table.num_qubits != circuit.num_qubits:
            raise InvalidOptionError(
                f"the observable has {table.num_qubits} qubits, circuit {circuit.name!r} {circuit.num_qubits}."
            )
        self._prepare(circuit.copy(), table, Simulator() if backend is None else backend, parameters, method)

    def _prepare(
        self,
        circuit: QuantumCircuit,
        table: Observables,
        backend: Simulator,
        parameters: Sequence[Parameter | str] | None,
        method: Method,
    ) -> None:
        self._options = backend._without_shots({})
        admission = admission_now(self._options)._replace(reads_state=True)
        self._read = ReadCircuit(circuit, admission, light_cones=True)
        self._reading = self._read.reading(table)
        own = self._read.lowered.parameters
        self._parameters = own if parameters is None else _ordered(circuit, own, parameters)
        places = {parameter: place for place, parameter in enumerate(self._parameters)}
        self._columns = None if self._parameters == own else [places[parameter] for parameter in own]
        self._memory_limit = memory_limit(self._options)
        self._made_of = circuit, table, backend, self._parameters, method

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters in the order in which calls take their values."""
        return self._parameters

    @property
    def num_parameters(self) -> int:
        """How many values a call takes."""
        return len(self._parameters)

    def __call__(self, values: ArrayLike) -> float:
        """Return the value of the observable.

        Parameters
        ----------
        values
            One number for each parameter.

        Raises
        ------
        InvalidOptionError, OptionTypeError
            They are not as many finite real numbers as there are parameters.
        InvalidCircuitError
            An angle becomes NaN or infinite.
        """
        return float(self._values_at(checked_values(values, self._parameters, 1)[np.newaxis])[0])

    def gradient(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the derivatives of the value by the parameters, shape (parameters,).

        Parameters
        ----------
        values
            One number for each parameter.

        Raises
        ------
        InvalidCircuitError
            The circuit has an instruction without a derivative, which is named; see `Simulator.gradient`.
        InsufficientMemoryError
            Two states, or one by shifts, do not fit into the memory that is available now.
        InvalidOptionError, OptionTypeError
            As a call.
        """
        return self.value_and_gradient(values)[1]

    def value_and_gradient(self, values: ArrayLike) -> tuple[float, NDArray[np.float64]]:
        """Return the value and its derivatives, as ``scipy.optimize.minimize(..., jac=True)`` takes them.

        Parameters
        ----------
        values
            One number for each parameter.

        Raises
        ------
        InvalidCircuitError, InsufficientMemoryError, InvalidOptionError, OptionTypeError
            As `gradient`.
        """
        point = self._in_program(checked_values(values, self._parameters, 1)[np.newaxis])
        run = functools.partial(run_to_end, memory=self._memory_limit)
        grid = grid_of((), Points((), point), "")
        value, gradient = self._differentiable.values_and_gradients(self._made_of[1], grid, run)
        return float(value), gradient

    @functools.cached_property
    def _differentiable(self) -> Differentiable:
        """The circuit as it is differentiated, which is planned when somebody wants that."""
        circuit, _, _, parameters, method = self._made_of
        return differentiable(method, circuit, admission_now(self._options), parameters)

    def batch(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return the values of the observable at many points.

        Parameters
        ----------
        points
            Shape (..., parameters).

        Returns
        -------
        ndarray of float64
            Shape (...).

        Raises
        ------
        InvalidOptionError, OptionTypeError, InvalidCircuitError
            As for one point.
        InsufficientMemoryError
            The values of all points do not fit into the memory that was available when the objective was made.
        """
        array = checked_values(points, self._parameters, None)
        shape = array.shape[:-1]
        return self._values_at(array.reshape(math.prod(shape), self.num_parameters)).reshape(shape)

    def __repr__(self) -> str:
        circuit = self._made_of[0]
        return f"<Objective of circuit {circuit.name!r}: {circuit.num_qubits} qubits, {self.num_parameters} parameters>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), *self._made_of)

    def _values_at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = self._reading.parts
        if not parts:
            return np.full(len(points), self._reading.constants[0])
        own = self._in_program(points)
        self._reading.require_memory(len(points))
        if len(points) >= MANY_POINTS and self._reading.runs_in_chunks:
            chunks = self._reading.at_all(list(self._read.lowered.slots_at(own)), None)
            return self._reading.values_at_all(run_to_end(chunks, self._memory_limit), len(points))[:, 0]
        programs = self._read.lowered.programs_at(own)
        outcomes = run_to_end([part.at(program) for program in programs for part in parts], self._memory_limit)
        begins = range(0, len(outcomes), len(parts))
        return np.array([self._reading.values_in(outcomes[begin : begin + len(parts)])[0] for begin in begins])

    def _in_program(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values in the order of the program's parameters."""
        return points if self._columns is None else np.ascontiguousarray(points[:, self._columns])


def _ordered(
    circuit: QuantumCircuit, own: tuple[Parameter, ...], wanted: Sequence[Parameter | str]
) -> tuple[Parameter, ...]:
    """Return a circuit's parameters in the wanted order."""
    by_name = {parameter.name: parameter for parameter in own}
    found = [by_name.get(each) if isinstance(each, str) else each for each in wanted]
    if len(found) != len(own) or set(found) != set(own):
        given = names_of(each if isinstance(each, str) else getattr(each, "name", repr(each)) for each in wanted)
        raise InvalidOptionError(
            f"parameters must be those of circuit {circuit.name!r}, each once ({names_of(by_name) or 'none'}), "
            f"got {given or 'none'}."
        )
    return tuple(each for each in found if each is not None)


def _remade(kind: type[Objective], *made_of: Any) -> Objective:
    """Return an objective that was pickled, prepared anew for this machine."""
    made = kind.__new__(kind)
    made._prepare(*made_of)
    return made
