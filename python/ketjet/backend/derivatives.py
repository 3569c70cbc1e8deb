"""The methods of `Simulator` that differentiate expectation values; they wait for what they return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketjet.backend.run_checks import require_here

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from typing_extensions import Unpack

    from ketjet.backend.derivative_methods import Method
    from ketjet.backend.layered_tensor import Blocks
    from ketjet.options import SimulatorOptions
    from ketjet.options.types import RunOptions

__all__ = ["Differentiates"]


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
        method: Method = "adjoint",
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
        method: Method = "adjoint",
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
        from ketjet.backend import derivative_calls

        resolved = self._without_shots(options)
        return derivative_calls.value_and_gradient(resolved, circuit, observables, values, parameters, method)

    def vjp(  # type: ignore[misc]  # as for gradient
        self,
        circuit: QuantumCircuit,
        observables: Any,
        values: ArrayLike | Mapping[Any, Any] | None,
        weights: ArrayLike,
        *,
        parameters: Sequence[Parameter | str] | None = None,
        method: Method = "adjoint",
        **options: Unpack[RunOptions],
    ) -> NDArray[np.float64]:
        """Return the product of weights and the Jacobian of expectation values: what backpropagation asks for.

        The observables of a point are added up with their weights first, so that any number of them takes as long as
        one.

        Parameters
        ----------
        circuit, observables, values, parameters, method, options
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
        from ketjet.backend import derivative_calls

        resolved = self._without_shots(options)
        return derivative_calls.vjp(resolved, circuit, observables, values, weights, parameters, method)

    def quantum_geometric_tensor(
        self,
        circuit: QuantumCircuit,
        values: ArrayLike | Mapping[Any, Any] | None = None,
        *,
        parameters: Sequence[Parameter | str] | None = None,
        blocks: Blocks = None,
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
        blocks
            None for the whole tensor; "layers" for a block-diagonal one, with the entries between angles in the same
            layer of the circuit and 0 elsewhere; "diagonal" for the diagonal of that. Both take one run. Where each
            parameter is in one layer alone, as in most ansatzes, what is there are entries of the whole tensor.
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
            Four states, or one with `blocks`, do not fit into the memory that is available now.

        Notes
        -----
        The blocks are those of J. Stokes et al., Quantum 4, 269 (2020), with generators G of the angles: a layer is a
        stretch of the circuit whose gates with parameters commute, and its block has the covariances of their
        generators. Gates are taken to commute if on each qubit that they share both commute with the same Pauli there,
        and each is in the first layer that it can be in. Angles of one gate share a layer.

        The derivative of a state by an angle is the state at one or two other angles. So there is one run, or two, for
        each angle that depends on a parameter, and all derivatives are held together, or blocks of them if they do not
        fit into memory.
        """
        from ketjet.backend import derivative_calls

        resolved = self._without_shots(options)
        return derivative_calls.geometric_tensor(resolved, circuit, values, parameters, blocks, phase_fix=phase_fix)

    def _without_shots(self, options: Mapping[str, Any]) -> SimulatorOptions:
        """Return the options of a run whose final state is all that is wanted."""
        return require_here(
            self._resolve({**options, "shots": 1, "memory": False, "exact": False, "return_state": False})
        )
