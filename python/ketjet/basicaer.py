"""The names of Qiskit's old BasicAer, Aer and execute, alive on Qiskit 2: change the import and an old script runs.

>>> from ketjet.basicaer import Aer, BasicAer, execute  # was: from qiskit import Aer, BasicAer, execute

Each backend is the `Simulator` under an old name; what the old backends returned is cut from its final state.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.providers import QiskitBackendNotFoundError
from qiskit.result.models import ExperimentResultData

from ketjet.backend import Simulator
from ketjet.backend.run_input import as_circuits, given
from ketjet.errors import UnknownOptionError
from ketjet.jobs.batch import Batch
from ketjet.jobs.job import Job
from ketjet.options.device import belongs_to_transpile
from ketjet.saves.instruction import SaveUnitary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray
    from qiskit.providers.backend import Backend
    from qiskit.result import Result

    from ketjet.options.types import Binds, Inputs
    from ketjet.results import SimulationResult

__all__ = [
    "Aer",
    "AerProvider",
    "AerSimulator",
    "AerStatevectorSimulator",
    "BasicAer",
    "BasicAerJob",
    "BasicAerProvider",
    "QasmSimulatorPy",
    "StatevectorSimulatorPy",
    "UnitarySimulatorPy",
    "execute",
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
    """

    def __init__(self, backend: Backend | None, job_id: str, result: Result | Job, **metadata: Any) -> None:
        super().__init__(backend, job_id, **metadata)
        if isinstance(result, Job):
            self._batch, self._submitted_at = result._batch, result._submitted_at
        else:
            self._batch = Batch([], [], lambda _: result)
            self.submit()


class QasmSimulatorPy(Simulator):
    """Counts and memory of shots, by its old name.

    `run` takes `chop_threshold` too, which has no effect here.
    """

    old_name = "qasm_simulator"
    forced: ClassVar[dict[str, Any]] = {}

    def __init__(self, provider: BasicAerProvider | None = None, **options: Any) -> None:
        super().__init__(provider=provider, **options)
        self.name = self.old_name

    def run(
        self,
        run_input: QuantumCircuit | Iterable[QuantumCircuit],
        *,
        parameter_binds: Binds | Sequence[Binds] | None = None,
        inputs: Inputs | Sequence[Inputs] | None = None,
        initial_statevector: ArrayLike | None = None,
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
        inputs
            Values of input variables and parameters.
        initial_statevector
            Amplitudes to start from instead of |0...0⟩.
        chop_threshold
            Real and imaginary parts of returned amplitudes below this become 0.
        options
            Any field of `ketjet.options.SimulatorOptions`.
        """
        circuits, bindings = given(run_input, parameter_binds, inputs, initial_statevector)
        finish = partial(self._finish, chop_threshold=chop_threshold)
        prepared = [self._prepared(circuit) for circuit in circuits]
        job = self._start(prepared, bindings, {**options, **self.forced}, finish)
        return BasicAerJob(self, job.job_id(), job)

    def _prepared(self, circuit: QuantumCircuit) -> QuantumCircuit:
        return circuit

    @staticmethod
    def _finish(result: SimulationResult, chop_threshold: float) -> None:
        pass


class StatevectorSimulatorPy(QasmSimulatorPy):
    """The final state, by its old name: `result.get_statevector()`. Measurements collapse it, in one shot."""

    old_name = "statevector_simulator"
    forced: ClassVar[dict[str, Any]] = {"return_state": True, "shots": 1}

    def _prepared(self, circuit: QuantumCircuit) -> QuantumCircuit:
        return _collapsing(circuit)

    @staticmethod
    def _finish(result: SimulationResult, chop_threshold: float) -> None:
        for experiment in result.results:
            if experiment.success:
                _chop(experiment.data.statevector, chop_threshold)


class UnitarySimulatorPy(QasmSimulatorPy):
    """The matrix of a circuit, by its old name: `result.get_unitary()`.

    One run on twice the qubits has all of it.
    """

    old_name = "unitary_simulator"
    forced: ClassVar[dict[str, Any]] = {"shots": 1}

    def _prepared(self, circuit: QuantumCircuit) -> QuantumCircuit:
        saving = circuit.copy()
        saving.append(SaveUnitary(circuit.num_qubits), circuit.qubits)
        return saving

    @staticmethod
    def _finish(result: SimulationResult, chop_threshold: float) -> None:
        for experiment in result.results:
            if experiment.success:
                unitary = experiment.data.unitary.data
                _chop(unitary, chop_threshold)
                experiment.data = ExperimentResultData(unitary=unitary)


class AerSimulator(QasmSimulatorPy):
    """Aer's simulator by its old name: counts, memory, and what save instructions give."""

    old_name = "aer_simulator"


class AerStatevectorSimulator(StatevectorSimulatorPy):
    """The final state by its old name, as Aer gave it: of the last shot, and of one shot unless more are asked for."""

    forced: ClassVar[dict[str, Any]] = {"return_state": True}

    def __init__(self, provider: BasicAerProvider | None = None, **options: Any) -> None:
        super().__init__(provider, **{"shots": 1, **options})


class BasicAerProvider:
    """Finds the three backends by their old names."""

    name = "basicaer"
    kinds: ClassVar[dict[str, type[QasmSimulatorPy]]] = {
        kind.old_name: kind for kind in (QasmSimulatorPy, StatevectorSimulatorPy, UnitarySimulatorPy)
    }

    def backends(
        self, name: str | None = None, filters: Callable[[QasmSimulatorPy], bool] | None = None
    ) -> list[QasmSimulatorPy]:
        """Return the backends that match."""
        found = []
        for known, kind in self.kinds.items():
            if name in (None, known):
                found.append(kind(self))
                found[-1].name = known
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


class AerProvider(BasicAerProvider):
    """Finds the backends by the names that Aer gave them."""

    name = "aer_provider"
    kinds: ClassVar[dict[str, type[QasmSimulatorPy]]] = {
        "aer_simulator": AerSimulator,
        "aer_simulator_statevector": AerSimulator,
        "qasm_simulator": QasmSimulatorPy,
        "statevector_simulator": AerStatevectorSimulator,
        "unitary_simulator": UnitarySimulatorPy,
    }


BasicAer = BasicAerProvider()
"""What `qiskit.BasicAer` was."""

Aer = AerProvider()
"""What `qiskit.Aer` was."""


def execute(
    experiments: QuantumCircuit | Iterable[QuantumCircuit], backend: Any, *, pass_manager: Any = None, **options: Any
) -> Any:
    """Transpile circuits if anything is asked of the transpiler, and run them.

    Parameters
    ----------
    experiments
        One circuit or several.
    backend
        Any backend.
    pass_manager
        To be used instead of `transpile`.
    options
        Those of `transpile` and those of the backend's `run`; None means the default.

    Returns
    -------
    Job
        As the backend returns it.

    Raises
    ------
    UnknownOptionError
        An option is one that `transpile` no longer has, or none at all.
    """
    given = {name: value for name, value in options.items() if value is not None}
    transpiling = {name: given.pop(name) for name in list(given) if belongs_to_transpile(name)}
    circuits = as_circuits(experiments)
    if pass_manager is not None:
        circuits = pass_manager.run(circuits)
    elif transpiling:
        # Qiskit warns of limits beside those of a backend; ours has none.
        limited = isinstance(backend, Simulator) and transpiling.keys() & {"basis_gates", "coupling_map"}
        try:
            circuits = transpile(circuits, None if limited else backend, **transpiling)
        except TypeError as error:
            raise UnknownOptionError(f"Qiskit's transpile refuses what execute was given for it: {error}.") from error
    return backend.run(circuits, **given)


def _collapsing(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with something after its last measurements, so that they act on the state."""
    if circuit.num_clbits == 0:
        return circuit
    longer = circuit.copy()
    for qubit in range(circuit.num_qubits):
        longer.p(0, qubit)
    return longer


def _chop(amplitudes: NDArray[Any], threshold: float) -> None:
    """Set real and imaginary parts below the threshold to 0, in place."""
    for part in (amplitudes.real, amplitudes.imag):
        part[np.abs(part) < threshold] = 0
