"""Adapters for small work: what a user of each engine would call, from its own circuit objects to counts or energies.

Whatever can be made before is made before, and not timed: circuits, observables and parameter values in the form that
the engine takes. Each task returns the few numbers that all engines must agree on, which are read off untimed.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from circuits import small

from engines.native import operations

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], Any]
    Told = Callable[[Any], list[float]]


class SmallEngine:
    """One engine; a task is a method that returns the call to time, and what is told of what the call returns."""

    key: ClassVar[str]
    module: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def prepare(self, task: str) -> tuple[Call, Told]:
        """Make a task ready."""
        made: tuple[Call, Told] = getattr(self, task)()
        return made

    @classmethod
    def installed(cls) -> bool:
        """Whether the engine can be imported here."""
        return importlib.util.find_spec(cls.module) is not None


def _listed(counts: Any) -> list[float]:
    return small.ones_share(counts if isinstance(counts, list) else [counts])


def _as_floats(values: Any) -> list[float]:
    return [float(np.mean(values)), float(np.std(values))]


class BackendEngine(SmallEngine):
    """A backend of Qiskit's interface."""

    tasks = ("bell", "circuits")

    def backend(self) -> Any:
        """Return it."""
        raise NotImplementedError

    def bell(self) -> tuple[Call, Told]:
        """A Bell pair, from the circuit to counts."""
        backend, circuit = self.backend(), small.bell()
        return lambda: backend.run(circuit, shots=small.BELL_SHOTS).result().get_counts(), _listed

    def circuits(self) -> tuple[Call, Told]:
        """Many circuits in one job."""
        backend, circuits = self.backend(), small.many_circuits()
        return lambda: backend.run(circuits, shots=small.SHOTS).result(), lambda result: _listed(result.get_counts())


class SweepingBackend(BackendEngine):
    """A backend that takes parameter values."""

    tasks = ("bell", "circuits", "sweep")

    def sweep(self) -> tuple[Call, Told]:
        """One circuit at many points."""
        backend, (circuit, values) = self.backend(), small.sweep()
        binds = [{parameter: values[:, i].tolist() for i, parameter in enumerate(circuit.parameters)}]
        return (
            lambda: backend.run(circuit, shots=small.SHOTS, parameter_binds=binds).result(),
            lambda result: _listed(result.get_counts()),
        )


class Ketjet(SweepingBackend):
    """ketjet's Simulator, and its Objective for energies."""

    key, module = "ketjet", "ketjet"
    tasks = (*SweepingBackend.tasks, "states", "energies")

    def backend(self) -> Any:
        """Return ketjet's."""
        from ketjet import Simulator

        return Simulator(max_threads=self.threads)

    def states(self) -> tuple[Call, Told]:
        """One state, evolved to one point after another."""
        from ketjet import StateVector

        circuit, values = small.states()
        state = StateVector(circuit.num_qubits, max_threads=self.threads)

        def final(row: np.ndarray) -> np.ndarray:
            state.reset()
            return np.array(state.evolve(circuit, row))

        return lambda: [final(row) for row in values], small.state_moments

    def energies(self) -> tuple[Call, Told]:
        """An objective at many points."""
        from ketjet import Objective

        problem, values = small.energies()
        objective = Objective(problem.circuit, problem.observable, backend=self.backend())
        return lambda: objective.batch(values), _as_floats


class PrimitivesEngine(SmallEngine):
    """A sampler and an estimator of Qiskit's interface."""

    tasks = ("bell", "circuits", "sweep", "energies")

    def sampler(self) -> Any:
        """Return the sampler."""
        raise NotImplementedError

    def estimator(self) -> Any:
        """Return the estimator."""
        raise NotImplementedError

    def bell(self) -> tuple[Call, Told]:
        """A Bell pair, from the circuit to counts."""
        sampler, circuit = self.sampler(), small.bell()

        def call() -> Any:
            return sampler.run([circuit], shots=small.BELL_SHOTS).result()[0].data.meas.get_counts()

        return call, _listed

    def circuits(self) -> tuple[Call, Told]:
        """Many pubs in one job."""
        sampler, circuits = self.sampler(), small.many_circuits()
        return lambda: sampler.run(circuits, shots=small.SHOTS).result(), _pubs

    def sweep(self) -> tuple[Call, Told]:
        """One pub of many points."""
        sampler, pub = self.sampler(), small.sweep()
        return lambda: sampler.run([pub], shots=small.SHOTS).result(), _pubs

    def energies(self) -> tuple[Call, Told]:
        """One pub of many points."""
        estimator, (problem, values) = self.estimator(), small.energies()
        pub = (problem.circuit, problem.observable, values)
        return lambda: estimator.run([pub]).result()[0].data.evs, _as_floats


def _pubs(result: Any) -> list[float]:
    return small.ones_share([pub.data.meas.get_counts() for pub in result])


class KetjetPrimitives(PrimitivesEngine):
    """ketjet's."""

    key, module = "primitives", "ketjet"

    def sampler(self) -> Any:
        """Return ketjet's."""
        from ketjet import SamplerV2, Simulator

        return SamplerV2(backend=Simulator(max_threads=self.threads))

    def estimator(self) -> Any:
        """Return ketjet's."""
        from ketjet import EstimatorV2, Simulator

        return EstimatorV2(backend=Simulator(max_threads=self.threads))


class Aer(SweepingBackend):
    """Aer's simulator."""

    key, module = "aer", "qiskit_aer"
    tasks = (*SweepingBackend.tasks, "states")

    def states(self) -> tuple[Call, Told]:
        """All points in one job, whose circuit saves its state."""
        backend, (circuit, values) = self.backend(), small.states()
        saved = circuit.copy()
        saved.save_statevector()
        binds = [{parameter: values[:, i].tolist() for i, parameter in enumerate(saved.parameters)}]

        def call() -> list[np.ndarray]:
            result = backend.run(saved, shots=1, parameter_binds=binds).result()
            return [np.asarray(result.data(i)["statevector"]) for i in range(len(values))]

        return call, small.state_moments

    def backend(self) -> Any:
        """Return Aer's, with the state vector method."""
        from qiskit_aer import AerSimulator

        return AerSimulator(method="statevector", max_parallel_threads=self.threads, max_parallel_experiments=0)


class Basic(BackendEngine):
    """Qiskit's BasicSimulator."""

    key, module = "basic", "qiskit"

    def backend(self) -> Any:
        """Return Qiskit's."""
        from qiskit.providers.basic_provider import BasicSimulator

        return BasicSimulator()


class Qulacs(SmallEngine):
    """qulacs' own circuits, whose samples are basis states in a list, counted here."""

    key, module = "qulacs", "qulacs"
    tasks = ("bell", "circuits", "sweep", "states", "energies")

    def bell(self) -> tuple[Call, Told]:
        """A Bell pair, from the circuit to counts."""
        circuit = _qulacs_circuit(small.bell())
        return lambda: _sampled(circuit, small.BELL_SHOTS), lambda counts: _listed([counts])

    def circuits(self) -> tuple[Call, Told]:
        """One circuit after another."""
        circuits = [_qulacs_circuit(circuit) for circuit in small.many_circuits()]
        return lambda: [_sampled(circuit, small.SHOTS) for circuit in circuits], _listed

    def sweep(self) -> tuple[Call, Told]:
        """One point after another."""
        circuit, values = small.sweep()
        made, sources = _qulacs_parametric(circuit)
        return lambda: [_sampled(_at(made, sources, row), small.SHOTS) for row in values], _listed

    def states(self) -> tuple[Call, Told]:
        """One state, evolved to one point after another."""
        import qulacs

        circuit, values = small.states()
        made, sources = _qulacs_parametric(circuit)
        state = qulacs.QuantumState(circuit.num_qubits)

        def final(row: np.ndarray) -> np.ndarray:
            state.set_zero_state()
            _at(made, sources, row).update_quantum_state(state)
            return np.asarray(state.get_vector())

        return lambda: [final(row) for row in values], small.state_moments

    def energies(self) -> tuple[Call, Told]:
        """One point after another."""
        import qulacs

        problem, values = small.energies()
        made, sources = _qulacs_parametric(problem.circuit)
        observable, state = qulacs.Observable(10), qulacs.QuantumState(10)
        for label, qubits, coefficient in problem.observable.to_sparse_list():
            text = " ".join(f"{letter} {qubit}" for letter, qubit in zip(label, qubits, strict=True))
            observable.add_operator(coefficient.real, text)

        def energy(row: np.ndarray) -> float:
            state.set_zero_state()
            _at(made, sources, row).update_quantum_state(state)
            return float(observable.get_expectation_value(state).real)

        return lambda: [energy(row) for row in values], _as_floats


def _qulacs_circuit(circuit: Any) -> Any:
    import qulacs
    from qulacs import gate

    gates = {"h": gate.H, "t": gate.T, "cx": gate.CNOT, "cz": gate.CZ, "swap": gate.SWAP,
             "rx": lambda angle, qubit: gate.RX(qubit, -angle), "ry": lambda angle, qubit: gate.RY(qubit, -angle),
             "rz": lambda angle, qubit: gate.RZ(qubit, -angle)}  # fmt: skip
    made = qulacs.QuantumCircuit(circuit.num_qubits)
    for name, qubits, parameters, _ in operations(circuit):
        if name in gates:
            made.add_gate(gates[name](*parameters, *qubits))
    return made


def _qulacs_parametric(circuit: Any) -> tuple[Any, list[int]]:
    """Return the circuit, and of each of its parameters which of ours it is."""
    import qulacs

    made, sources = qulacs.ParametricQuantumCircuit(circuit.num_qubits), []
    number = {parameter: i for i, parameter in enumerate(circuit.parameters)}
    index = {bit: i for i, bit in enumerate(circuit.qubits)}
    for item in circuit.data:
        qubits = [index[bit] for bit in item.qubits]
        if item.name == "cx":
            made.add_CNOT_gate(*qubits)
        elif item.name in ("ry", "rz"):
            sources.append(number[item.params[0]])
            {"ry": made.add_parametric_RY_gate, "rz": made.add_parametric_RZ_gate}[item.name](*qubits, 0.0)
    return made, sources


def _at(circuit: Any, sources: list[int], row: np.ndarray) -> Any:
    for place, source in enumerate(sources):
        circuit.set_parameter(place, -row[source])
    return circuit


def _sampled(circuit: Any, shots: int) -> dict[str, int]:
    import qulacs

    qubits = circuit.get_qubit_count()
    state = qulacs.QuantumState(qubits)
    circuit.update_quantum_state(state)
    values, numbers = np.unique(state.sampling(shots), return_counts=True)
    return {f"{value:0{qubits}b}": number for value, number in zip(values.tolist(), numbers.tolist(), strict=True)}


class Scaluq(SmallEngine):
    """scaluq's batched states: all points of a sweep at a time."""

    key, module = "scaluq", "scaluq"
    tasks = ("sweep", "states", "energies")

    def sweep(self) -> tuple[Call, Told]:
        """All points at a time; samples are lists of basis states, which are not counted."""
        circuit, values = small.sweep()
        _, evolved = _scaluq_states(circuit, values)

        def told(samples: Any) -> list[float]:
            numbers = np.asarray(samples, np.uint64).ravel()
            ones = sum(int((numbers >> np.uint64(bit) & np.uint64(1)).sum()) for bit in range(circuit.num_qubits))
            return [ones / (circuit.num_qubits * len(numbers)), float(len(numbers))]

        return lambda: evolved().sampling(small.SHOTS), told

    def states(self) -> tuple[Call, Told]:
        """All points at a time; amplitudes, which the package hands over as lists alone, are fetched untimed."""
        _, evolved = _scaluq_states(*small.states())
        return evolved, lambda found: small.state_moments(np.asarray(found.get_amplitudes()))

    def energies(self) -> tuple[Call, Told]:
        """All points at a time."""
        problem, values = small.energies()
        space, evolved = _scaluq_states(problem.circuit, values)
        terms = [
            space.PauliOperator(
                " ".join(f"{letter} {qubit}" for letter, qubit in zip(label, qubits, strict=True)), c.real
            )
            for label, qubits, c in problem.observable.to_sparse_list()
        ]
        observable = space.Operator(terms)
        return lambda: observable.get_expectation_value(evolved()), lambda found: _as_floats(np.real(found))


def _scaluq_states(circuit: Any, values: np.ndarray) -> tuple[Any, Call]:
    """Return the module of double precision, and what evolves the states of all points at a time."""
    space, made, names = _scaluq_circuit(circuit)
    columns = {name: values[:, i].tolist() for i, name in enumerate(names)}
    states = space.StateVectorBatched(len(values), circuit.num_qubits)

    def evolved() -> Any:
        states.set_zero_state()
        made.update_quantum_state(states, columns)
        return states

    return space, evolved


def _scaluq_circuit(circuit: Any) -> tuple[Any, Any, list[str]]:
    """Return the module of double precision, the circuit, and the names of its parameters in our order."""
    import scaluq

    space = scaluq.default.f64
    made, index = space.Circuit(), {bit: i for i, bit in enumerate(circuit.qubits)}
    for item in circuit.data:
        qubits = [index[bit] for bit in item.qubits]
        if item.name == "cx":
            made.add_gate(space.gate.CX(*qubits))
        elif item.name in ("ry", "rz"):
            gate = {"ry": space.gate.ParamRY, "rz": space.gate.ParamRZ}[item.name]
            made.add_param_gate(gate(*qubits), item.params[0].name)
    return space, made, [parameter.name for parameter in circuit.parameters]


ENGINES: dict[str, type[SmallEngine]] = {
    engine.key: engine for engine in (Ketjet, KetjetPrimitives, Aer, Basic, Qulacs, Scaluq)
}
