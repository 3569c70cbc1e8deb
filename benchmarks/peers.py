"""One small adapter per engine: from a Qiskit circuit to a callable that yields the final state vector.

``Peer.prepare`` builds the engine's own circuit object, which nobody times. The callable it returns does everything
else, and all of it is timed: lowering, fusion, planning, simulation, and the state as a NumPy array. Qiskit's qubit q
becomes the wire that the engine keeps at bit q of the index, so that all engines return the same vector.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Run = Callable[[], tuple[np.ndarray, float | None]]
"""Simulate once; return the state, and the seconds the engine itself reports if it does (else None)."""

Operation = tuple[str, list[int], list[float], np.ndarray | None]
"""Name, qubits, parameters, and the matrix of a ``unitary``."""

DTYPES = {"single": np.complex64, "double": np.complex128}


@dataclass(frozen=True)
class Peer:
    """An engine at one setting."""

    name: str
    package: str
    module: str
    precisions: tuple[str, ...]
    prepare: Callable[[QuantumCircuit, str, int], Run]
    setting: str

    @property
    def installed(self) -> bool:
        """Whether the engine can be imported here."""
        return importlib.util.find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """Version of the engine's package."""
        return importlib.metadata.version(self.package)


def operations(circuit: QuantumCircuit) -> list[Operation]:
    """List the instructions of a circuit."""
    rows: list[Operation] = []
    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        if item.name == "unitary":
            rows.append((item.name, qubits, [], np.asarray(item.operation.to_matrix())))
        else:
            rows.append((item.name, qubits, [float(value) for value in item.params], None))
    return rows


def prepare_ketjet(circuit: QuantumCircuit, precision: str, threads: int, **options: Any) -> Run:
    """Run on ketjet's own backend; the backend is kept, as a user would."""
    from ketjet import Simulator

    backend = Simulator(precision=precision, max_threads=threads, **options)

    def run() -> tuple[np.ndarray, float | None]:
        result = backend.run(circuit, shots=1, return_state=True).result()
        return np.asarray(result.get_statevector()), float(result.results[0].time_taken)

    return run


def prepare_aer(circuit: QuantumCircuit, precision: str, threads: int, **options: Any) -> Run:
    """Run on Aer's state vector method."""
    from qiskit_aer import AerSimulator

    saved = circuit.copy()
    saved.save_statevector()
    backend = AerSimulator(method="statevector", precision=precision, max_parallel_threads=threads, **options)

    def run() -> tuple[np.ndarray, float | None]:
        result = backend.run(saved, shots=1).result()
        if not result.success:
            raise RuntimeError(result.status)
        return np.asarray(result.data()["statevector"]), float(result.results[0].time_taken)

    return run


def prepare_lightning(circuit: QuantumCircuit, precision: str, _threads: int) -> Run:
    """Run on PennyLane's lightning.qubit, threads by OMP_NUM_THREADS, without the overhead of a QNode."""
    import pennylane as qml

    last = circuit.num_qubits - 1
    gates: dict[str, Callable[..., Any]] = {
        "h": qml.Hadamard, "x": qml.PauliX, "s": qml.S, "t": qml.T, "p": qml.PhaseShift,
        "rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "cx": qml.CNOT, "cz": qml.CZ, "swap": qml.SWAP,
        "cp": qml.ControlledPhaseShift, "rzz": qml.IsingZZ,
        "sdg": lambda wires: qml.adjoint(qml.S(wires)), "tdg": lambda wires: qml.adjoint(qml.T(wires)),
    }  # fmt: skip
    applied = []
    for name, qubits, parameters, matrix in operations(circuit):
        wires = [last - qubit for qubit in qubits]
        if matrix is not None:
            applied.append(qml.QubitUnitary(matrix, wires=wires[::-1]))
        else:
            applied.append(gates[name](*parameters, wires=wires))
    tape = qml.tape.QuantumScript(applied, [qml.state()])
    device = qml.device("lightning.qubit", wires=circuit.num_qubits, c_dtype=DTYPES[precision])

    def run() -> tuple[np.ndarray, float | None]:
        return np.asarray(device.execute(tape)), None

    return run


def prepare_qsim(circuit: QuantumCircuit, _precision: str, threads: int, fused: int) -> Run:
    """Run on qsim, which is single precision only, with gates fused up to ``fused`` qubits."""
    import cirq
    import qsimcirq

    gates: dict[str, Callable[..., Any]] = {
        "h": lambda: cirq.H, "x": lambda: cirq.X, "s": lambda: cirq.S, "t": lambda: cirq.T,
        "sdg": lambda: cirq.S**-1, "tdg": lambda: cirq.T**-1, "p": lambda angle: cirq.Z ** (angle / np.pi),
        "rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz, "cx": lambda: cirq.CNOT, "cz": lambda: cirq.CZ,
        "swap": lambda: cirq.SWAP, "cp": lambda angle: cirq.CZ ** (angle / np.pi),
        "rzz": lambda angle: cirq.ZZPowGate(exponent=angle / np.pi, global_shift=-0.5),
    }  # fmt: skip
    wires = cirq.LineQubit.range(circuit.num_qubits)
    native = cirq.Circuit()
    for name, qubits, parameters, matrix in operations(circuit):
        targets = [wires[circuit.num_qubits - 1 - qubit] for qubit in qubits]
        if matrix is not None:
            native.append(cirq.MatrixGate(matrix).on(*targets[::-1]))
        else:
            native.append(gates[name](*parameters).on(*targets))
    simulator = qsimcirq.QSimSimulator(qsimcirq.QSimOptions(max_fused_gate_size=fused, cpu_threads=threads))

    def run() -> tuple[np.ndarray, float | None]:
        return np.asarray(simulator.simulate_into_1d_array(native, qubit_order=wires)[1]), None

    return run


def prepare_qulacs(circuit: QuantumCircuit, _precision: str, _threads: int, merge: int | None) -> Run:
    """Run on qulacs, double precision only, threads by OMP_NUM_THREADS; ``merge`` 0 is its light optimiser."""
    import qulacs
    from qulacs import gate
    from qulacs.circuit import QuantumCircuitOptimizer

    def controlled_phase(angle: float, control: int, target: int) -> Any:
        dense = gate.to_matrix_gate(gate.U1(target, angle))
        dense.add_control_qubit(control, 1)
        return dense

    def coupling(angle: float, first: int, second: int) -> Any:
        same, opposite = np.exp(-0.5j * angle), np.exp(0.5j * angle)
        return gate.DiagonalMatrix([first, second], [same, opposite, opposite, same])

    gates: dict[str, Callable[..., Any]] = {
        "h": gate.H, "x": gate.X, "s": gate.S, "t": gate.T, "sdg": gate.Sdag, "tdg": gate.Tdag,
        "p": lambda angle, qubit: gate.U1(qubit, angle), "rx": lambda angle, qubit: gate.RX(qubit, -angle),
        "ry": lambda angle, qubit: gate.RY(qubit, -angle), "rz": lambda angle, qubit: gate.RZ(qubit, -angle),
        "cx": gate.CNOT, "cz": gate.CZ, "swap": gate.SWAP, "cp": controlled_phase, "rzz": coupling,
    }  # fmt: skip
    native = qulacs.QuantumCircuit(circuit.num_qubits)
    for name, qubits, parameters, matrix in operations(circuit):
        native.add_gate(gate.DenseMatrix(qubits, matrix) if matrix is not None else gates[name](*parameters, *qubits))
    state = qulacs.QuantumState(circuit.num_qubits)

    def run() -> tuple[np.ndarray, float | None]:
        begin = time.perf_counter()
        merged = native
        if merge is not None:
            merged = native.copy()
            optimizer = QuantumCircuitOptimizer()
            optimizer.optimize_light(merged) if merge == 0 else optimizer.optimize(merged, merge)
        state.set_zero_state()
        merged.update_quantum_state(state)
        seconds = time.perf_counter() - begin
        return np.asarray(state.get_vector()), seconds

    return run


BOTH, SINGLE, DOUBLE = ("double", "single"), ("single",), ("double",)

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer("ketjet", "ketjet", "ketjet", BOTH, prepare_ketjet, "defaults"),
        Peer("aer", "qiskit-aer", "qiskit_aer", BOTH, prepare_aer, "defaults (fusion to 5 qubits)"),
        Peer("aer-f3", "qiskit-aer", "qiskit_aer", BOTH, partial(prepare_aer, fusion_max_qubit=3), "to 3 qubits"),
        Peer("aer-nofusion", "qiskit-aer", "qiskit_aer", BOTH, partial(prepare_aer, fusion_enable=False), "no fusion"),
        Peer("lightning", "pennylane-lightning", "pennylane_lightning", BOTH, prepare_lightning, "defaults"),
        Peer("qsim-f2", "qsimcirq", "qsimcirq", SINGLE, partial(prepare_qsim, fused=2), "fusion to 2 qubits (default)"),
        Peer("qsim-f3", "qsimcirq", "qsimcirq", SINGLE, partial(prepare_qsim, fused=3), "fusion to 3 qubits"),
        Peer("qsim-f4", "qsimcirq", "qsimcirq", SINGLE, partial(prepare_qsim, fused=4), "fusion to 4 qubits"),
        Peer("qulacs", "qulacs", "qulacs", DOUBLE, partial(prepare_qulacs, merge=None), "defaults (no optimiser)"),
        Peer("qulacs-light", "qulacs", "qulacs", DOUBLE, partial(prepare_qulacs, merge=0), "light optimiser"),
        Peer("qulacs-opt2", "qulacs", "qulacs", DOUBLE, partial(prepare_qulacs, merge=2), "optimiser to 2 qubits"),
    )
}
"""All engines and settings, by the name used on the command line and in results."""
