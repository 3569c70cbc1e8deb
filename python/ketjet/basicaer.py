"""The names of Qiskit's old BasicAer, alive on Qiskit 2: change the import and an old script runs.

    from ketjet.basicaer import BasicAer    # was: from qiskit import BasicAer

Each backend is the `Simulator` under an old name; what the old backends returned is cut from its final state.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Instruction
from qiskit.circuit.library import Initialize
from qiskit.providers import QiskitBackendNotFoundError
from qiskit.result.models import ExperimentResultData

from ketjet.backend import Simulator
from ketjet.batch import Batch
from ketjet.errors import InvalidCircuitError
from ketjet.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray
    from qiskit.providers.backend import Backend
    from qiskit.result import Result

__all__ = [
    "BasicAer",
    "BasicAerJob",
    "BasicAerProvider",
    "QasmSimulatorPy",
    "StatevectorSimulatorPy",
    "UnitarySimulatorPy",
]

CHOP_THRESHOLD = 1e-15
"""Real and imaginary parts below this are returned as 0, as BasicAer did."""


class BasicAerJob(Job):
    """A `Job` with the constructor of the old class.

    Parameters
    ----------
    backend
        The backend that ran it.
    job_id
        Its name.
    result
        The result, if it is known; or the job that will give it.
    _finish
        Changes each result of that job in place, once.
    """

    _finish: Callable[[Any], None] | None = None

    def __init__(
        self,
        backend: Backend | None,
        job_id: str,
        result: Result | Job,
        *,
        _finish: Callable[[Any], None] | None = None,
        **metadata: Any,
    ) -> None:
        super().__init__(backend, job_id, **metadata)
        self._finish = _finish
        self._finishing = threading.Lock()
        if isinstance(result, Job):
            self._batch, self._submitted_at = result._batch, result._submitted_at
        else:
            self._batch = Batch([], [], lambda _: result)
            self.submit()

    def result(self, timeout: float | None = None, *, partial: bool = False, progress: bool = False) -> Any:
        """Wait for the result; see `Job.result`."""
        found = super().result(timeout, partial=partial, progress=progress)
        if self._finish is not None:
            with self._finishing:
                if self._finish is not None:
                    self._finish(found)
                    self._finish = None
        return found

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if self._finish is not None and self.done():
            self.result()
        return super().__reduce_ex__(protocol)


class QasmSimulatorPy(Simulator):
    """Counts and memory of shots, by its old name.

    Options of `run` beyond the simulator's own: `initial_statevector`, and `chop_threshold`, which has no effect here.
    """

    old_name = "qasm_simulator"

    def __init__(self, provider: BasicAerProvider | None = None, **options: Any) -> None:
        super().__init__(provider=provider, **options)
        self.name = self.old_name

    def run(
        self,
        run_input: QuantumCircuit | Iterable[QuantumCircuit],
        *,
        parameter_binds: Any = None,
        initial_statevector: Any = None,
        chop_threshold: float = CHOP_THRESHOLD,
        **options: Any,
    ) -> BasicAerJob:
        """Start simulating circuits and return at once; see `Simulator.run`.

        Parameters
        ----------
        run_input
            One circuit or several.
        parameter_binds
            One mapping per circuit from parameters to lists of values.
        initial_statevector
            Amplitudes to start from instead of |0...0⟩.
        chop_threshold
            Real and imaginary parts of returned amplitudes below this become 0.
        options
            Any field of `ketjet.options.SimulatorOptions`.
        """
        given = [run_input] if isinstance(run_input, QuantumCircuit) else run_input
        if initial_statevector is not None and isinstance(given, (list, tuple)):
            given = [_started(circuit, initial_statevector) for circuit in given]
        job = super().run(self._prepared(given), parameter_binds=parameter_binds, **{**self._forced(), **options})
        return BasicAerJob(self, job.job_id(), job, _finish=lambda result: self._finish(result, chop_threshold))

    def _prepared(self, circuits: Any) -> Any:
        return circuits

    def _forced(self) -> dict[str, Any]:
        return {}

    def _finish(self, result: Any, chop_threshold: float) -> None:
        pass


class StatevectorSimulatorPy(QasmSimulatorPy):
    """The final state, by its old name: `result.get_statevector()`. Measurements collapse it, in one shot."""

    old_name = "statevector_simulator"

    def _forced(self) -> dict[str, Any]:
        return {"return_state": True, "shots": 1}

    def _prepared(self, circuits: Any) -> Any:
        return [_collapsing(circuit) for circuit in circuits] if isinstance(circuits, (list, tuple)) else circuits

    def _finish(self, result: Any, chop_threshold: float) -> None:
        for experiment in result.results:
            if experiment.success:
                _chop(experiment.data.statevector, chop_threshold)


class UnitarySimulatorPy(QasmSimulatorPy):
    """The matrix of a circuit, by its old name: `result.get_unitary()`.

    One run on twice the qubits: gates on one half of a maximally entangled state leave the matrix in its amplitudes.
    """

    old_name = "unitary_simulator"

    def _forced(self) -> dict[str, Any]:
        return {"return_state": True, "shots": 1}

    def _prepared(self, circuits: Any) -> Any:
        return [_doubled(circuit) for circuit in circuits] if isinstance(circuits, (list, tuple)) else circuits

    def _finish(self, result: Any, chop_threshold: float) -> None:
        for experiment in result.results:
            if experiment.success:
                columns = experiment.data.statevector
                size = round(len(columns) ** 0.5)
                unitary = np.ascontiguousarray(columns.reshape(size, size).T) * np.sqrt(size, dtype=columns.real.dtype)
                _chop(unitary, chop_threshold)
                experiment.data = ExperimentResultData(unitary=unitary)


class BasicAerProvider:
    """Finds the three backends by their old names."""

    name = "basicaer"

    def backends(
        self, name: str | None = None, filters: Callable[[QasmSimulatorPy], bool] | None = None
    ) -> list[QasmSimulatorPy]:
        """Return the backends that match."""
        kinds = (QasmSimulatorPy, StatevectorSimulatorPy, UnitarySimulatorPy)
        found = [kind(self) for kind in kinds if name in (None, kind.old_name)]
        return [backend for backend in found if filters is None or filters(backend)]

    def get_backend(
        self, name: str | None = None, filters: Callable[[QasmSimulatorPy], bool] | None = None
    ) -> QasmSimulatorPy:
        """Return the first backend that matches.

        Raises
        ------
        QiskitBackendNotFoundError
            None matches.
        """
        found = self.backends(name, filters)
        if not found:
            names = ", ".join(backend.name for backend in self.backends())
            raise QiskitBackendNotFoundError(f"no backend {name!r} matches; there are: {names}")
        return found[0]


BasicAer = BasicAerProvider()


def _started(circuit: QuantumCircuit, amplitudes: Any) -> QuantumCircuit:
    """Return the circuit with an initial state before it."""
    state = np.asarray(amplitudes, dtype=complex)
    if state.shape != (2**circuit.num_qubits,):
        raise InvalidCircuitError(
            f"initial_statevector has shape {state.shape}; circuit {circuit.name!r} has "
            f"{2**circuit.num_qubits} amplitudes"
        )
    started = circuit.copy_empty_like()
    started.append(Initialize(state), range(circuit.num_qubits))
    return started.compose(circuit, copy=False)


def _collapsing(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with something after its last measurements, so that they act on the state."""
    if circuit.num_clbits == 0:
        return circuit
    longer = circuit.copy()
    for qubit in range(circuit.num_qubits):
        longer.p(0, qubit)
    return longer


def _doubled(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit on one half of a maximally entangled state of twice the qubits."""
    if culprit := _not_unitary(circuit):
        raise InvalidCircuitError(f"circuit {circuit.name!r} has no matrix: it contains {culprit!r}")
    n = circuit.num_qubits
    doubled = QuantumCircuit(2 * n, name=circuit.name, metadata=circuit.metadata)
    for qubit in range(n):
        doubled.h(n + qubit)
        doubled.cx(n + qubit, qubit)
    return doubled.compose(circuit, range(n), copy=False) if n else circuit


def _not_unitary(circuit: QuantumCircuit) -> str | None:
    """Return the name of an instruction that is no gate and not made of gates, if there is one."""
    for instruction in circuit.data:
        operation = instruction.operation
        if isinstance(operation, Gate) or not isinstance(operation, Instruction) or operation._directive:
            continue
        if operation.name == "delay":
            continue
        if operation.definition is None:
            return str(operation.name)
        if culprit := _not_unitary(operation.definition):
            return culprit
    return None


def _chop(amplitudes: NDArray[Any], threshold: float) -> None:
    """Set real and imaginary parts below the threshold to 0, in place."""
    for part in (amplitudes.real, amplitudes.imag):
        part[np.abs(part) < threshold] = 0
