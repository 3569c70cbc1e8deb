"""What is read from a `StateVector` about how it lies: to another state, and between its qubits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from ketjet.errors import InvalidOptionError, OptionTypeError
from ketjet.lowering.observable_squares import FEW_STRINGS, strings_to_square, with_squares
from ketjet.lowering.observables import complex_observable, is_array, read_observables
from ketjet.state.checks import (
    MAX_DENSITY_QUBITS,
    chosen_qubits,
    require_density_memory,
    require_memory,
    require_observable,
)
from ketjet.state.register import Register

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray
    from qiskit.primitives.containers.observables_array import ObservableLike

    from ketjet import engine
    from ketjet.lowering.observable_table import Observables
    from ketjet.state.calls import StateCalls

    ArrayOfObservables: TypeAlias = list[Any] | tuple[Any, ...] | NDArray[Any]

__all__ = ["StateReadings", "named"]

_T = TypeVar("_T")


def named(keys: NDArray[np.uint64], counts: NDArray[np.int64], num_bits: int) -> dict[str, int]:
    """Return how often each bit string was seen."""
    # A 1 in front keeps the leading zeros, and is cut off.
    labels = (f"{1 << num_bits | key:b}"[1:] for key in keys.tolist())
    return dict(zip(labels, counts.tolist(), strict=True))


class StateReadings(Register):
    """The part of `StateVector` that compares it and its parts; it is of no use alone."""

    _state: engine.State
    _calls: StateCalls

    def _read(self, call: Callable[[engine.Control, int], _T]) -> _T:
        """Run a call that reads all amplitudes; once this has ended nobody works on them."""
        return self._calls.read(lambda control: call(control, self._calls.threads))

    @overload
    def expectation(self, observable: ArrayOfObservables) -> NDArray[np.float64]: ...
    @overload
    def expectation(self, observable: ObservableLike) -> float | complex: ...
    def expectation(self, observable: Any) -> float | complex | NDArray[np.float64]:
        """Return ⟨ψ|O|ψ⟩.

        Parameters
        ----------
        observable
            A SparsePauliOp, a SparseObservable, a Pauli, a label like "ZZI", or a dictionary from labels to numbers.
            Labels may also have the letters 0 1 + - r l, for projectors. It acts on all qubits. Several, as nested
            lists or an array, are read together, every string once; all must be Hermitian then.

        Returns
        -------
        float, complex or ndarray of float64
            A float; a complex number where O has complex coefficients; for several an array of their shape.

        Raises
        ------
        InvalidOptionError, OptionTypeError
            It is none of these, has another number of qubits, or coefficients that are not finite numbers.
        JobError, JobCancelledError
            The state is being changed or was left half changed; or `cancel` was called meanwhile.
        """
        if is_array(observable):
            return self._values_of(read_observables(observable))
        read = complex_observable(observable)
        real, imaginary = self._values_of(read).tolist()
        return complex(real, imaginary) if read.row_begins[2] > read.row_begins[1] else float(real)

    @overload
    def variance(self, observable: ArrayOfObservables) -> NDArray[np.float64]: ...
    @overload
    def variance(self, observable: ObservableLike) -> float: ...
    def variance(self, observable: Any) -> float | NDArray[np.float64]:
        """Return ⟨ψ|O²|ψ⟩ - ⟨ψ|O|ψ⟩²: the variance of what measuring O gives.

        Parameters
        ----------
        observable
            As for `expectation`, but Hermitian. One of more than a few strings is applied to the state, which takes the
            memory of another one.

        Returns
        -------
        float or ndarray of float64
            At least 0; for several observables an array of their shape.

        Raises
        ------
        InvalidOptionError, OptionTypeError
            As `expectation`; or it is not Hermitian.
        InsufficientMemoryError
            Another state does not fit into the memory that is available now.
        JobError, JobCancelledError
            The state is being changed or was left half changed; or `cancel` was called meanwhile.
        """
        table = read_observables(observable)
        require_observable(table, self._num_qubits)
        _, rest = table.split_identities
        applied = strings_to_square(rest) > FEW_STRINGS
        means, squares = np.split(self._values_of(with_squares(rest, ~applied)), 2)
        found = np.maximum(squares - means**2, 0)
        if applied.any():
            require_memory(self._num_qubits, self._state.precision)
            readout = rest.some(np.flatnonzero(applied)).readout
            found[applied] = self._read(lambda control, threads: self._state.variances(readout, threads, control))
        return found.reshape(table.shape) if table.shape else float(found[0])

    def _values_of(self, observables: Observables) -> NDArray[np.float64]:
        """Return the values of an array of observables, in its shape."""
        require_observable(observables, self._num_qubits)
        readout = observables.readout
        values = self._read(lambda control, threads: self._state.expectations(readout, threads, control))
        return values.reshape(observables.shape)

    def overlap(self, other: StateReadings) -> complex:
        """Return the inner product ⟨self|other⟩; its squared size is the fidelity of the two.

        Parameters
        ----------
        other
            A `StateVector` of as many qubits, in either precision.

        Raises
        ------
        OptionTypeError, InvalidOptionError
            It is no `StateVector`, or has another number of qubits.
        JobError, JobCancelledError
            One of the states is being changed or was left half changed; or `cancel` of this one was called meanwhile.
        """
        if not isinstance(other, StateReadings):
            raise OptionTypeError(
                f"overlap() takes a StateVector, got a {type(other).__name__}; StateVector.from_array() takes "
                "amplitudes."
            )
        if other._num_qubits != self._num_qubits:
            raise InvalidOptionError(f"the other state has {other._num_qubits} qubits, this one {self._num_qubits}")
        with other._calls.reading():
            return self._read(lambda control, threads: self._state.overlap(other._state, threads, control))

    def reduced_density_matrix(self, qubits: Sequence[int]) -> NDArray[np.complex128]:
        """Return the density matrix of some qubits, shape (2**len(qubits), 2**len(qubits)); all others are traced out.

        Parameters
        ----------
        qubits
            At most 12, the first one the lowest bit of both indices. In ascending order this is what
            `qiskit.quantum_info.partial_trace` returns, which is given the others; another order permutes the bits of
            the indices likewise.

        Raises
        ------
        InvalidOptionError
            A qubit is listed twice, or does not exist, or there are too many.
        InsufficientMemoryError
            The matrix does not fit into the memory that is available now.
        JobError, JobCancelledError
            The state is being changed or was left half changed; or `cancel` was called meanwhile.
        """
        chosen = chosen_qubits(qubits, self._num_qubits)
        require_density_memory(len(chosen))
        return self._read(lambda control, threads: self._state.reduced_density_matrix(chosen, threads, control))

    def entropy(self, qubits: Sequence[int], base: float = 2) -> float:
        """Return the entanglement entropy of some qubits with all others: the von Neumann entropy of their state.

        Parameters
        ----------
        qubits
            Which; the others have the same entropy. At most 12, or all but at most 12.
        base
            Of the logarithm: 2 for bits, ``math.e`` for nats.

        Returns
        -------
        float
            From 0, where the qubits are not entangled with the others, to the number of qubits if the base is 2.

        Raises
        ------
        OptionTypeError, InvalidOptionError
            A qubit is listed twice, or does not exist, or there are too many on both sides; the base is no number
            above 0 other than 1.
        InsufficientMemoryError
            The density matrix of the fewer qubits does not fit into the memory that is available now.
        JobError, JobCancelledError
            The state is being changed or was left half changed; or `cancel` was called meanwhile.
        """
        logarithm = _logarithm_of(base)
        chosen = chosen_qubits(qubits, self._num_qubits)
        if 2 * len(chosen) > self._num_qubits:
            chosen = sorted(set(range(self._num_qubits)) - set(chosen))
        if len(chosen) > MAX_DENSITY_QUBITS:
            raise InvalidOptionError(
                f"the entropy of {len(chosen)} qubits with {self._num_qubits - len(chosen)} others was asked for; one "
                f"side may have {MAX_DENSITY_QUBITS} at most."
            )
        weights = np.linalg.eigvalsh(self.reduced_density_matrix(chosen))
        weights = weights[weights > 0]
        weights /= weights.sum()
        return max(0.0, -float(weights @ np.log(weights)) / logarithm)


def _logarithm_of(base: float) -> float:
    """Return the natural logarithm of a base of logarithms."""
    if isinstance(base, bool) or not isinstance(base, (int, float, np.integer, np.floating)):
        raise OptionTypeError(f"base must be a number, got a {type(base).__name__}.")
    if not (0 < base < math.inf) or base == 1:
        raise InvalidOptionError(f"base must be a number above 0 other than 1, got {base}.")
    return math.log(base)
