"""Adapters for engines with circuits of their own: Lightning, qsim, qulacs and scaluq; see ``engines.base``.

Each translates gate by gate: a table from Qiskit's gate name to a function of (parameters, qubits). A gate that the
engine knows only as a controlled one is written as that.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.base import DOUBLE, SINGLE, Case, Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qiskit import QuantumCircuit


NARROW = 3
"""The most qubits of a gate that a light optimiser may see."""


def operations(circuit: QuantumCircuit) -> Iterator[tuple[str, list[int], list[float], Any]]:
    """List the instructions of a circuit: name, qubits, parameters, and the matrix of a ``unitary`` or None."""
    index = {bit: number for number, bit in enumerate(circuit.qubits)}
    for item in circuit.data:
        qubits = [index[bit] for bit in item.qubits]
        if item.name == "unitary":
            yield item.name, qubits, [], np.asarray(item.operation.to_matrix())
        else:
            yield item.name, qubits, [float(value) for value in item.params], None


class Lightning(Engine):
    """PennyLane's lightning.qubit, threads by OMP_NUM_THREADS, without the overhead of a QNode."""

    key, package, module = "lightning", "pennylane-lightning", "pennylane_lightning"

    def __init__(self, case: Case) -> None:
        import pennylane as qml

        super().__init__(case)
        gates: dict[str, Callable[..., Any]] = {
            "h": qml.Hadamard, "x": qml.PauliX, "z": qml.PauliZ, "s": qml.S, "t": qml.T,
            "rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "cx": qml.CNOT, "cz": qml.CZ, "swap": qml.SWAP,
            "cp": qml.ControlledPhaseShift, "rxx": qml.IsingXX, "ryy": qml.IsingYY, "rzz": qml.IsingZZ,
            "sdg": lambda wires: qml.adjoint(qml.S(wires)), "tdg": lambda wires: qml.adjoint(qml.T(wires)),
            "ccz": lambda wires: qml.ctrl(qml.PauliZ(wires[-1]), control=wires[:-1]),
            "mcphase": lambda angle, wires: qml.ctrl(qml.PhaseShift(angle, wires[-1]), control=wires[:-1]),
        }  # fmt: skip
        applied, last = [], case.num_qubits - 1
        for name, qubits, parameters, matrix in operations(case.circuit):
            wires = [last - qubit for qubit in qubits]
            if matrix is not None:
                applied.append(qml.QubitUnitary(matrix, wires=wires[::-1]))
            else:
                applied.append(gates[name](*parameters, wires=wires))
        self.tape = qml.tape.QuantumScript(applied, [qml.state()])
        self.device = qml.device("lightning.qubit", wires=case.num_qubits, c_dtype=case.dtype)
        if case.initial is not None:
            self.device.dynamic_wires_from_circuit(self.tape)  # allocates the state

    def load(self) -> None:
        """Copy the initial state into the device's."""
        if self.case.initial is not None:
            self.device._statevector._apply_state_vector(self.case.initial, self.device.wires)

    def run(self) -> tuple[np.ndarray, float | None]:
        """Execute the tape; ``execute`` would begin by resetting the state."""
        if self.case.initial is not None:
            return np.asarray(self.device.simulate(self.tape, self.device._statevector)), None
        return np.asarray(self.device.execute(self.tape)), None


class Qsim(Engine):
    """qsim through qsimcirq, single precision only, with gates fused up to ``fused`` qubits."""

    key, package, module = "qsim", "qsimcirq", "qsimcirq"
    precisions = SINGLE
    loads_while_running = True

    def __init__(self, case: Case) -> None:
        import cirq

        super().__init__(case)
        gates: dict[str, Callable[..., Any]] = {
            "h": lambda: cirq.H, "x": lambda: cirq.X, "z": lambda: cirq.Z, "s": lambda: cirq.S, "t": lambda: cirq.T,
            "sdg": lambda: cirq.S**-1, "tdg": lambda: cirq.T**-1,
            "rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz, "cx": lambda: cirq.CNOT, "cz": lambda: cirq.CZ,
            "swap": lambda: cirq.SWAP, "cp": lambda angle: cirq.CZ ** (angle / np.pi), "ccz": lambda: cirq.CCZ,
            "rxx": lambda angle: cirq.XXPowGate(exponent=angle / np.pi, global_shift=-0.5),
            "ryy": lambda angle: cirq.YYPowGate(exponent=angle / np.pi, global_shift=-0.5),
            "rzz": lambda angle: cirq.ZZPowGate(exponent=angle / np.pi, global_shift=-0.5),
        }  # fmt: skip
        self.wires = cirq.LineQubit.range(case.num_qubits)
        self.simulator: Any = None
        applied = []
        for name, qubits, parameters, matrix in operations(case.circuit):
            targets = [self.wires[case.num_qubits - 1 - qubit] for qubit in qubits]
            if matrix is not None:
                applied.append(cirq.MatrixGate(matrix).on(*targets[::-1]))
            elif name == "mcphase":
                applied.append((cirq.Z ** (parameters[0] / np.pi)).on(targets[-1]).controlled_by(*targets[:-1]))
            else:
                applied.append(gates[name](*parameters).on(*targets))
        self.native = cirq.Circuit(applied)

    def use(self, setting: dict[str, Any]) -> None:
        """Make a simulator of this fusion."""
        import qsimcirq

        options = qsimcirq.QSimOptions(max_fused_gate_size=setting["fused"], cpu_threads=self.case.threads)
        self.simulator = qsimcirq.QSimSimulator(options)

    def run(self) -> tuple[np.ndarray, float | None]:
        """Simulate the circuit."""
        product = self.simulator.simulate_into_1d_array(
            self.native, qubit_order=self.wires, initial_state=self.case.initial
        )
        return np.asarray(product[1]), None


class Qulacs(Engine):
    """qulacs, double precision only, threads by OMP_NUM_THREADS; a ``merge`` of 0 is its light optimiser.

    That one merges what acts on a gate's qubits into its dense matrix, however wide; wide gates are kept from it.
    """

    key, package, module = "qulacs", "qulacs", "qulacs"
    precisions = DOUBLE

    def __init__(self, case: Case) -> None:
        import qulacs
        from qulacs import gate

        super().__init__(case)

        def controlled_phase(angle: float, *qubits: int) -> Any:
            dense = gate.to_matrix_gate(gate.U1(qubits[-1], angle))
            for control in qubits[:-1]:
                dense.add_control_qubit(control, 1)
            return dense

        def coupling(angle: float, first: int, second: int) -> Any:
            same, opposite = np.exp(-0.5j * angle), np.exp(0.5j * angle)
            return gate.DiagonalMatrix([first, second], [same, opposite, opposite, same])

        gates: dict[str, Callable[..., Any]] = {
            "h": gate.H, "x": gate.X, "z": gate.Z, "s": gate.S, "t": gate.T, "sdg": gate.Sdag, "tdg": gate.Tdag,
            "rx": lambda angle, qubit: gate.RX(qubit, -angle), "ry": lambda angle, qubit: gate.RY(qubit, -angle),
            "rz": lambda angle, qubit: gate.RZ(qubit, -angle),
            "cx": gate.CNOT, "cz": gate.CZ, "swap": gate.SWAP, "cp": controlled_phase, "mcphase": controlled_phase,
            "ccz": lambda *qubits: controlled_phase(np.pi, *qubits), "rzz": coupling,
            "rxx": lambda angle, *qubits: gate.PauliRotation(list(qubits), [1, 1], -angle),
            "ryy": lambda angle, *qubits: gate.PauliRotation(list(qubits), [2, 2], -angle),
        }  # fmt: skip
        self.parts: list[tuple[bool, Any]] = []  # consecutive gates, narrow or wide
        for name, qubits, parameters, matrix in operations(case.circuit):
            narrow = len(qubits) <= NARROW
            if not self.parts or self.parts[-1][0] != narrow:
                self.parts.append((narrow, qulacs.QuantumCircuit(case.num_qubits)))
            made = gate.DenseMatrix(qubits, matrix) if matrix is not None else gates[name](*parameters, *qubits)
            self.parts[-1][1].add_gate(made)
        self.ready: list[Any] | None = None
        self.state = qulacs.QuantumState(case.num_qubits)
        self.initial = None
        if case.initial is not None:
            self.initial = qulacs.QuantumState(case.num_qubits)
            self.initial.load(case.initial)

    def load(self) -> None:
        """Copy the initial state."""
        if self.initial is not None:
            self.state.load(self.initial)

    def use(self, setting: dict[str, Any]) -> None:
        """Optimise in advance if the case is prepared."""
        self.setting = setting
        self.ready = self._merged() if self.case.prepared else None

    def _merged(self) -> list[Any]:
        """Return the circuit in parts, optimised if told to."""
        from qulacs.circuit import QuantumCircuitOptimizer

        merge = self.setting.get("merge")
        if merge is None:
            return [part for _, part in self.parts]
        optimizer, found = QuantumCircuitOptimizer(), []
        for narrow, part in self.parts:
            merged = part.copy() if narrow else part
            if narrow:
                optimizer.optimize_light(merged) if merge == 0 else optimizer.optimize(merged, merge)
            found.append(merged)
        return found

    def run(self) -> tuple[np.ndarray, float | None]:
        """Optimise if told to, and update the state."""
        begin = time.perf_counter()
        if self.initial is None:
            self.state.set_zero_state()
        for part in self._merged() if self.ready is None else self.ready:
            part.update_quantum_state(self.state)
        seconds = time.perf_counter() - begin
        return np.asarray(self.state.get_vector()), seconds


class Scaluq(Engine):
    """scaluq on Kokkos' OpenMP, threads by OMP_NUM_THREADS.

    Its Python package hands amplitudes over only as a list of Python numbers; that is its ``fetch``, and not timed.
    """

    key, package, module = "scaluq", "scaluq", "scaluq"

    def __init__(self, case: Case) -> None:
        import scaluq

        super().__init__(case)
        space = {"single": scaluq.default.f32, "double": scaluq.default.f64}[case.precision]
        gate = space.gate

        def pauli(letter: str) -> Callable[..., Any]:
            return lambda angle, first, second: gate.PauliRotation(
                space.PauliOperator(f"{letter} {first} {letter} {second}"), angle
            )

        gates: dict[str, Callable[..., Any]] = {
            "h": gate.H, "x": gate.X, "z": gate.Z, "s": gate.S, "t": gate.T, "sdg": gate.Sdag, "tdg": gate.Tdag,
            "rx": lambda angle, qubit: gate.RX(qubit, angle), "ry": lambda angle, qubit: gate.RY(qubit, angle),
            "rz": lambda angle, qubit: gate.RZ(qubit, angle), "cx": gate.CX, "cz": gate.CZ, "swap": gate.Swap,
            "cp": lambda angle, control, qubit: gate.U1(qubit, angle, [control]),
            "mcphase": lambda angle, *qubits: gate.U1(qubits[-1], angle, qubits[:-1]),
            "ccz": lambda *qubits: gate.Z(qubits[-1], qubits[:-1]),
            "rxx": pauli("X"), "ryy": pauli("Y"), "rzz": pauli("Z"),
        }  # fmt: skip
        self.native = space.Circuit()
        for name, qubits, parameters, matrix in operations(case.circuit):
            if matrix is not None:
                self.native.add_gate(gate.DenseMatrix(qubits, matrix.astype(np.complex128), is_unitary=True))
            else:
                self.native.add_gate(gates[name](*parameters, *qubits))
        self.synchronize = scaluq.synchronize
        self.ready: Any = None
        self.state, self.initial = space.StateVector(case.num_qubits), None
        if case.initial is not None:
            self.initial = space.StateVector(case.num_qubits)
            self.initial.load(case.initial.astype(np.complex128))

    def load(self) -> None:
        """Copy the initial state."""
        if self.initial is not None:
            self.state.load(self.initial)
            self.synchronize()

    def use(self, setting: dict[str, Any]) -> None:
        """Optimise in advance if the case is prepared."""
        self.setting = setting
        self.ready = self._merged() if self.case.prepared else None

    def _merged(self) -> Any:
        """Return the circuit, optimised if told to."""
        merge = self.setting.get("merge")
        if merge is None:
            return self.native
        merged = self.native.copy()
        merged.optimize(merge)
        return merged

    def run(self) -> tuple[Any, float | None]:
        """Optimise if told to, and update the state."""
        merged = self._merged() if self.ready is None else self.ready
        if self.initial is None:
            self.state.set_zero_state()
        merged.update_quantum_state(self.state)
        self.synchronize()
        return self.state, None

    def fetch(self, product: Any) -> np.ndarray:
        """Convert the list of amplitudes."""
        return np.fromiter(product.get_amplitudes(), self.case.dtype, count=1 << self.case.num_qubits)
