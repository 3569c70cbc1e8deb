"""Adapters for energies and gradients: ketjet, Aer, Qiskit's own estimator, Lightning and qulacs.

Each makes its own circuit and observable once, which nobody times, and then gives the energy, or the energy and its
gradient, for values that are new each time: binding, simulation and expectation values are timed, as in a variational
loop.
"""

from __future__ import annotations

import importlib.util
import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from circuits.variational import Problem

    Gradient = tuple[float, list[float]]


class VariationalEngine:
    """One engine with one problem; those that take no number of threads listen to OMP_NUM_THREADS."""

    key: ClassVar[str]
    module: ClassVar[str]
    has_gradient: ClassVar[bool] = False
    """Whether it has one of its own."""
    has_loop: ClassVar[bool] = False
    """Whether its gradient is what a loop takes for want of one."""

    def __init__(self, problem: Problem, threads: int) -> None:
        raise NotImplementedError

    def energy(self, values: list[float]) -> float:
        """Return the energy at these values."""
        raise NotImplementedError

    def gradient(self, values: list[float]) -> Gradient:
        """Return the energy and its derivatives."""
        raise NotImplementedError

    @classmethod
    def installed(cls) -> bool:
        """Whether the engine can be imported here."""
        return importlib.util.find_spec(cls.module) is not None


class KetjetEstimator(VariationalEngine):
    """ketjet's EstimatorV2: a pub for each call."""

    key, module, has_gradient = "ketjet", "ketjet", True

    def __init__(self, problem: Problem, threads: int) -> None:
        from ketjet import EstimatorV2, Simulator

        self.problem = problem
        self.estimator = EstimatorV2(backend=Simulator(max_threads=threads))

    def energy(self, values: list[float]) -> float:
        """Run one pub."""
        pub = (self.problem.circuit, self.problem.observable, values)
        return float(self.estimator.run([pub]).result()[0].data.evs)

    def gradient(self, values: list[float]) -> Gradient:
        """Run one pub's gradient."""
        pub = (self.problem.circuit, self.problem.observable, values)
        data = self.estimator.gradient([pub]).result()[0].data
        return float(data.evs), data.gradients.tolist()

    def backward(self, values: list[float]) -> float:
        """Return the seconds that the engine takes for value and gradient, their plan ready."""
        pub = (self.problem.circuit, self.problem.observable, values)
        return _engine_seconds(self.estimator.gradient([pub]).result()[0].metadata["simulator_metadata"])


class KetjetObjective(VariationalEngine):
    """ketjet's Objective: a circuit and an observable that are made ready once."""

    key, module, has_gradient = "objective", "ketjet", True

    def __init__(self, problem: Problem, threads: int) -> None:
        from ketjet import Objective, Simulator

        self.problem, self.simulator = problem, Simulator(max_threads=threads)
        self.objective = Objective(problem.circuit, problem.observable, backend=self.simulator)

    def energy(self, values: list[float]) -> float:
        """Call it."""
        return float(self.objective(values))

    def gradient(self, values: list[float]) -> Gradient:
        """Ask for value and gradient."""
        value, gradient = self.objective.value_and_gradient(values)
        return float(value), gradient.tolist()

    def forward(self, values: list[float]) -> float:
        """Return the seconds that the engine takes for the state alone, its plan ready."""
        binds = [dict(zip(self.problem.circuit.parameters, ([value] for value in values), strict=True))]
        result = self.simulator.run(self.problem.circuit, parameter_binds=binds, shots=1, return_state=True).result()
        return _engine_seconds(result.results[0].metadata)


def _engine_seconds(metadata: dict[str, Any]) -> float:
    return float(metadata["time_taken"] - metadata["plan_time"])


class QiskitEstimator(VariationalEngine):
    """An estimator of Qiskit's interface; gradients by the shift rule, all points in one pub."""

    has_loop = True

    def __init__(self, problem: Problem, threads: int) -> None:
        self.problem = problem
        self.estimator = self.make(threads)

    def make(self, threads: int) -> Any:
        """Return the estimator."""
        raise NotImplementedError

    def energy(self, values: list[float]) -> float:
        """Run one pub."""
        pub = (self.problem.circuit, self.problem.observable, values)
        return float(self.estimator.run([pub]).result()[0].data.evs)

    def gradient(self, values: list[float]) -> Gradient:
        """Run one pub of the point itself and two for each parameter, of which each is the angle of one rotation."""
        shifts = math.pi / 2 * np.eye(len(values))
        points = np.vstack([values, values + shifts, values - shifts])
        pub = (self.problem.circuit, self.problem.observable, points)
        value, *shifted = self.estimator.run([pub]).result()[0].data.evs.tolist()
        plus, minus = np.split(np.array(shifted), 2)
        return value, ((plus - minus) / 2).tolist()


class AerEstimator(QiskitEstimator):
    """Aer's EstimatorV2, exact."""

    key, module = "aer", "qiskit_aer"

    def make(self, threads: int) -> Any:
        """Return Aer's, with the state vector method."""
        from qiskit_aer.primitives import EstimatorV2

        backend = {"method": "statevector", "max_parallel_threads": threads}
        return EstimatorV2(options={"default_precision": 0.0, "backend_options": backend})


class StatevectorEngine(QiskitEstimator):
    """Qiskit's StatevectorEstimator."""

    key, module = "statevector", "qiskit"

    def make(self, threads: int) -> Any:
        """Return Qiskit's, which has no threads to set."""
        del threads
        from qiskit.primitives import StatevectorEstimator

        return StatevectorEstimator()


class Lightning(VariationalEngine):
    """PennyLane's lightning.qubit without the overhead of a QNode; gradients by its adjoint method."""

    key, module, has_gradient = "lightning", "pennylane_lightning", True

    def __init__(self, problem: Problem, threads: int) -> None:
        import pennylane as qml

        del threads
        self.qml, self.problem = qml, problem
        self.device = qml.device("lightning.qubit", wires=problem.circuit.num_qubits)
        self.config = qml.devices.ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)
        letters = {"X": qml.X, "Y": qml.Y, "Z": qml.Z}
        terms, coefficients = [], []
        for label, qubits, coefficient in problem.observable.to_sparse_list():
            factors = [letters[letter](qubit) for letter, qubit in zip(label, qubits, strict=True)]
            terms.append(qml.prod(*factors) if len(factors) > 1 else factors[0] if factors else qml.Identity(0))
            coefficients.append(coefficient.real)
        self.measured = [qml.expval(qml.Hamiltonian(coefficients, terms))]
        self.gates = {"h": qml.Hadamard, "cx": qml.CNOT, "rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "rxx": qml.IsingXX,
                      "ryy": qml.IsingYY, "rzz": qml.IsingZZ}  # fmt: skip
        self.layout = list(_layout(problem.circuit))

    def _tape(self, values: list[float]) -> Any:
        applied = [
            self.gates[name](*([] if parameter is None else [values[parameter]]), wires=qubits)
            for name, parameter, qubits in self.layout
        ]
        return self.qml.tape.QuantumScript(applied, self.measured, trainable_params=range(self._trainable))

    @property
    def _trainable(self) -> int:
        return sum(parameter is not None for _, parameter, _ in self.layout)

    def energy(self, values: list[float]) -> float:
        """Execute a tape."""
        return float(self.device.execute(self._tape(values)))

    def gradient(self, values: list[float]) -> Gradient:
        """Execute it with its derivatives, and add up those of one parameter."""
        value, derivatives = self.device.execute_and_compute_derivatives(self._tape(values), self.config)
        gradient = np.zeros(len(values))
        used = [parameter for _, parameter, _ in self.layout if parameter is not None]
        np.add.at(gradient, used, np.asarray(derivatives, float).ravel())
        return float(value), gradient.tolist()


class Qulacs(VariationalEngine):
    """qulacs' parametric circuit; gradients by its ``backprop``, which gives no energy: that is asked for apart."""

    key, module, has_gradient = "qulacs", "qulacs", True

    def __init__(self, problem: Problem, threads: int) -> None:
        import qulacs

        del threads
        num_qubits = problem.circuit.num_qubits
        self.circuit = qulacs.ParametricQuantumCircuit(num_qubits)
        self.sources = []
        for name, parameter, qubits in _layout(problem.circuit):
            if parameter is None:
                {"h": self.circuit.add_H_gate, "cx": self.circuit.add_CNOT_gate}[name](*qubits)
                continue
            self.sources.append(parameter)
            if len(qubits) == 1:
                {"rx": self.circuit.add_parametric_RX_gate, "ry": self.circuit.add_parametric_RY_gate,
                 "rz": self.circuit.add_parametric_RZ_gate}[name](*qubits, 0.0)  # fmt: skip
            else:
                pauli = {"rxx": 1, "ryy": 2, "rzz": 3}[name]
                self.circuit.add_parametric_multi_Pauli_rotation_gate(qubits, [pauli, pauli], 0.0)
        self.observable = qulacs.Observable(num_qubits)
        for label, qubits, coefficient in problem.observable.to_sparse_list():
            text = " ".join(f"{letter} {qubit}" for letter, qubit in zip(label, qubits, strict=True))
            self.observable.add_operator(coefficient.real, text)
        self.state = qulacs.QuantumState(num_qubits)

    def _set(self, values: list[float]) -> None:
        for index, source in enumerate(self.sources):
            self.circuit.set_parameter(index, -values[source])

    def energy(self, values: list[float]) -> float:
        """Update the state and ask the observable."""
        self._set(values)
        self.state.set_zero_state()
        self.circuit.update_quantum_state(self.state)
        return float(self.observable.get_expectation_value(self.state).real)

    def gradient(self, values: list[float]) -> Gradient:
        """Propagate back; signs are those of qulacs' rotations."""
        self._set(values)
        gradient = np.zeros(len(values))
        np.subtract.at(gradient, self.sources, self.circuit.backprop(self.observable))
        return self.energy(values), gradient.tolist()


def _layout(circuit: Any) -> Any:
    """List the gates of a circuit: name, number of the parameter or None, and qubits."""
    index = {bit: number for number, bit in enumerate(circuit.qubits)}
    number = {parameter: i for i, parameter in enumerate(circuit.parameters)}
    for item in circuit.data:
        parameter = number[item.params[0]] if item.params else None
        yield item.name, parameter, [index[bit] for bit in item.qubits]


ENGINES: dict[str, type[VariationalEngine]] = {
    engine.key: engine
    for engine in (KetjetEstimator, KetjetObjective, AerEstimator, StatevectorEngine, Lightning, Qulacs)
}
