"""The state itself, for scripts that keep it and step through it: one allocation, reused.

Every pass over the amplitudes runs on the library's worker threads with the GIL released, never on the caller's thread.
"""

from __future__ import annotations

import operator
import secrets
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from ketjet import engine, state_face, workers
from ketjet.admission import require_isa
from ketjet.errors import CircuitTypeError, InsufficientMemoryError, InvalidCircuitError, InvalidOptionError
from ketjet.lowering import lower
from ketjet.options import SimulatorOptions, allowed_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from qiskit.quantum_info import Pauli

__all__ = ["StateVector"]

_T = TypeVar("_T")


class StateVector:
    """A state of `num_qubits` qubits, at first |0...0⟩.

    Parameters
    ----------
    num_qubits
        Size of the register; the state has 2**num_qubits amplitudes.
    precision
        "double" (complex128) or "single" (complex64).

    Raises
    ------
    InsufficientMemoryError
        The amplitudes do not fit into the memory that is available now.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> bell = QuantumCircuit(2)
    >>> _ = bell.h(0), bell.cx(0, 1)
    >>> StateVector(2).evolve(bell).probabilities().round(3)
    array([0.5, 0. , 0. , 0.5])
    """

    def __init__(self, num_qubits: int, precision: engine.Precision = "double") -> None:
        self._num_qubits = operator.index(num_qubits)
        require_isa()
        self._precision: engine.Precision = SimulatorOptions(precision=precision).precision
        self._threads = allowed_threads(None, engine.machine().cores)
        available, rule = workers.shared().free_memory()
        if not 0 <= self._num_qubits <= engine.max_qubits(available, self._precision):
            raise self._does_not_fit(available, rule)
        self._state = self._on_worker(lambda _: engine.State(self._num_qubits, self._precision))
        self.reset()

    @property
    def num_qubits(self) -> int:
        """Number of qubits."""
        return self._num_qubits

    @property
    def precision(self) -> engine.Precision:
        """Either "single" or "double"."""
        return self._precision

    def evolve(self, circuit: QuantumCircuit, *, seed: int = 0) -> StateVector:
        """Apply a circuit in place and return this object.

        Parameters
        ----------
        circuit
            As many qubits as the state, no unbound parameters, no measurements: `sample` reads the state.
        seed
            Decides the outcome of each `reset`.

        Notes
        -----
        Ctrl-C stops between two stages and leaves the circuit half applied: call `reset` then.
        """
        if not isinstance(circuit, QuantumCircuit):
            raise CircuitTypeError(f"evolve() takes a QuantumCircuit, got {circuit!r} ({type(circuit).__name__}).")
        if circuit.num_qubits != self.num_qubits:
            raise InvalidCircuitError(f"{circuit.name!r} has {circuit.num_qubits} qubits, the state {self.num_qubits}")
        drawn = _seed(seed)
        lowered = lower(circuit, keep_idle_qubits=True, starts_in_zero=False)
        if lowered.parameters:
            names = ", ".join(parameter.name for parameter in lowered.parameters)
            raise InvalidCircuitError(f"{circuit.name!r} has unbound parameters: {names}")
        if lowered.has_measurements:
            msg = f"{circuit.name!r} measures or stores to classical bits; remove that and call sample() instead"
            raise InvalidCircuitError(msg)
        if lowered.saves:
            msg = f"{circuit.name!r} has the save {lowered.saves[0].label!r}; remove it and read this state instead"
            raise InvalidCircuitError(msg)
        self._on_worker(lambda control: self._state.evolve(lowered.program, self._threads, drawn, control))
        return self

    def sample(self, shots: int, qubits: Sequence[int] | None = None, *, seed: int | None = None) -> dict[str, int]:
        """Draw measurement outcomes; the state stays as it is.

        Parameters
        ----------
        shots
            How many.
        qubits
            Which qubits to read, the first one rightmost in the keys; all by default.
        seed
            Repeats a sample exactly; by default a fresh one.

        Returns
        -------
        dict
            How often each bit string was seen.
        """
        chosen, checked, drawn = self._qubits(qubits), SimulatorOptions(shots=shots), _seed(seed)
        keys, counts = self._on_worker(
            lambda control: self._state.sample(chosen, checked.shots, drawn, self._threads, control)
        )
        # A 1 in front keeps the leading zeros, and is cut off.
        labels = (f"{1 << len(chosen) | key:b}"[1:] for key in keys.ravel().tolist())
        return dict(zip(labels, counts.tolist(), strict=True))

    def probabilities(self, qubits: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Return the probabilities of the outcomes of some qubits, shape (2**len(qubits),).

        Parameters
        ----------
        qubits
            The first one is the lowest bit of the index; all by default.
        """
        chosen = self._qubits(qubits)
        return self._on_worker(lambda control: self._state.probabilities(chosen, self._threads, control))

    def expectation(self, observable: SparsePauliOp | Pauli | str) -> float | complex:
        """Return ⟨ψ|O|ψ⟩: a float, or a complex number when O has complex coefficients.

        Parameters
        ----------
        observable
            A sum of Pauli strings, one string, or its label, over all qubits.
        """
        paulis = SparsePauliOp(observable)
        if paulis.num_qubits != self.num_qubits:
            raise InvalidOptionError(f"the observable has {paulis.num_qubits} qubits, the state {self.num_qubits}")
        bits = 1 << np.arange(self.num_qubits, dtype=np.uint64)
        x_masks, z_masks = ((part * bits).sum(axis=1).tolist() for part in (paulis.paulis.x, paulis.paulis.z))
        coefficients = _numbers(paulis)
        value = self._on_worker(
            lambda control: self._state.expectation(x_masks, z_masks, coefficients, self._threads, control)
        )
        return value if np.iscomplex(paulis.coeffs).any() else value.real

    def norm(self) -> float:
        """Return the length of the vector: 1 up to rounding."""
        return self._on_worker(lambda control: self._state.norm(self._threads, control))

    def reset(self) -> None:
        """Go back to |0...0⟩ in the same memory."""
        self._on_worker(lambda control: self._state.set_zero(self._threads, control))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the amplitudes: without arguments a view of the engine's own memory, valid as long as it is held."""
        return np.array(self._state.array, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return 1 << self.num_qubits

    def __repr__(self) -> str:
        return f"StateVector(num_qubits={self.num_qubits}, precision={self.precision!r})"

    def _repr_html_(self) -> str:
        return state_face.html(self.num_qubits, self.precision, self.__array__)

    def _does_not_fit(self, available: int, rule: str) -> Exception:
        if self._num_qubits < 0:
            return InvalidOptionError(f"num_qubits must be at least 0, got {self._num_qubits}.")
        widest = engine.max_qubits(available, self._precision)
        error = InsufficientMemoryError(
            f"a state of {self._num_qubits} qubits in {self._precision} precision does not fit: "
            f"{available >> 20} MiB are available ({rule}), enough for {widest} qubits."
        )
        error.available_bytes, error.max_qubits = available, widest
        return error

    def _on_worker(self, call: Callable[[engine.Control], _T]) -> _T:
        """Run a call that touches amplitudes; once this has ended nobody works on them."""
        control = engine.Control()
        return workers.shared().run(lambda: call(control), threads=self._threads, stop=control.stop)

    def _qubits(self, qubits: Sequence[int] | None) -> list[int]:
        chosen = list(range(self.num_qubits)) if qubits is None else [operator.index(qubit) for qubit in qubits]
        if len(set(chosen)) != len(chosen) or not all(0 <= qubit < self.num_qubits for qubit in chosen):
            raise InvalidOptionError(f"qubits {chosen}: expected distinct numbers from 0 to {self.num_qubits - 1}")
        return chosen


def _seed(seed: int | None) -> int:
    checked = SimulatorOptions(seed_simulator=seed).seed_simulator
    return secrets.randbits(53) if checked is None else checked


def _numbers(paulis: SparsePauliOp) -> list[complex]:
    """Return the coefficients of an observable, which must be finite numbers."""
    if paulis.coeffs.dtype == object:
        names = ", ".join(sorted(parameter.name for parameter in paulis.parameters))
        raise InvalidOptionError(f"the observable has unbound parameters: {names}; use assign_parameters() first")
    if not np.isfinite(paulis.coeffs).all():
        bad = paulis.coeffs[~np.isfinite(paulis.coeffs)][0]
        raise InvalidOptionError(f"the observable has the coefficient {bad}; use finite numbers")
    coefficients: list[complex] = paulis.coeffs.tolist()
    return coefficients
