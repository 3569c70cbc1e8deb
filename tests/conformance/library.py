"""Every gate, instruction and circuit of Qiskit's library, with arguments as small as possible.

The library is walked, so what a new Qiskit adds turns up by itself. Arguments go by the names of the parameters; a
class that needs others has a line of its own. What gets no arguments is listed as such, and counts as a gap.
"""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import AnnotatedOperation, ControlModifier, Gate, InverseModifier, Operation, PowerModifier, library
from qiskit.circuit.library import HGate, RXGate, XGate
from qiskit.quantum_info import Clifford, Kraus, Pauli, SparsePauliOp, SuperOp, random_unitary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUM = SparsePauliOp.from_list([("XXI", 0.5), ("IZZ", -0.3), ("YIY", 0.2)])
GRAPH = [[0, 1, 1], [1, 0, 0], [1, 0, 0]]
BELL = QuantumCircuit(2)
BELL.h(0)
BELL.cx(0, 1)
TURN = QuantumCircuit(1)
TURN.p(0.7, 0)
ORACLE = QuantumCircuit(3)
ORACLE.ccz(0, 1, 2)
FOUR = np.sqrt([0.1, 0.2, 0.3, 0.4])

BY_PARAMETER: dict[str, Any] = {
    "adjacency_matrix": GRAPH, "amount": 5, "angle": 0.4, "angle_list": [0.1, 0.2, 0.3, 0.4], "beta": 0.6,
    "cost_operator": SUM, "degree": 2, "diag": [1, 1j, -1, -1j], "domain": (0, 7), "expression": "(a & b) | ~c",
    "f": [1, -1, 1, 1], "f_x": np.sin, "feature_dimension": 3, "g": [1, 1, -1, 1], "gamma": 0.9,
    "gate": XGate(), "gate_list": [np.eye(2), random_unitary(2, seed=1).data], "hamiltonian": SUM, "image": (0, 1),
    "interactions": [[1, 2, 1], [2, 1, 3], [1, 3, 2]], "isometry": random_unitary(4, seed=2).data[:, :2], "lam": 0.7,
    "linear": [[1, 1, 0], [0, 1, 0], [0, 1, 1]], "num_ancillas_dirty": 0, "num_ancillas_zero": 0,
    "num_ctrl_qubits": 3, "num_evaluation_qubits": 3, "num_qubits": 3, "num_state_qubits": 2,
    "num_target_qubits": 2, "num_variable_qubits": 3, "offset": 0.2, "operator": SUM, "operators": SUM,
    "oracle": ORACLE, "params": FOUR, "pattern": [2, 0, 1], "pauli": Pauli("XYZ"), "phase": 0.8, "phi": 0.5,
    "rot_axis": "Z", "scaling": 0.5, "seed": 7, "slope": 0.6, "theta": 0.3, "time": 0.4, "unitary": TURN,
    "unitary1": BELL, "unitary2": BELL, "v_x": 0.1, "v_y": 0.2, "v_z": 0.3, "value": 2, "weights": [1, 2],
}  # fmt: skip
"""Used for parameters that must be given, and for those whose default is None."""

OWN: dict[str, Any] = {
    "EvolvedOperatorAnsatz": {"operators": [Pauli("XYZ"), Pauli("ZZI")]},
    "GMS": {"num_qubits": 3, "theta": [[0, 0.3, 0.4], [0.3, 0, 0.5], [0.4, 0.5, 0]]},
    "HamiltonianGate": {"data": np.array([[0, 1], [1, 0]]), "time": 0.4},
    "Initialize": {"params": FOUR},
    "MCGupDiag": {
        "gate": random_unitary(2, seed=3).data,
        "num_controls": 2,
        "num_ancillas_zero": 0,
        "num_ancillas_dirty": 0,
    },
    "NLocal": {"num_qubits": 3, "rotation_blocks": RXGate(0.3), "entanglement_blocks": BELL},
    "PauliGate": {"label": "XYZ"},
    "PiecewisePolynomialPauliRotationsGate": {
        "num_state_qubits": 2,
        "breakpoints": [0, 2],
        "coeffs": [[0.1], [0.2, 0.3]],
    },
    "QuadraticForm": {"num_result_qubits": 3, "quadratic": [[1, 0], [1, -1]], "linear": [1, 2], "offset": 1},
    "QuadraticFormGate": {"num_result_qubits": 3, "quadratic": [[1, 0], [1, -1]], "linear": [1, 2], "offset": 1},
    "StatePreparation": {"params": FOUR},
    "TwoLocal": {"num_qubits": 3, "rotation_blocks": "ry", "entanglement_blocks": "cz"},
    "UnitaryGate": {"data": random_unitary(8, seed=4)},
    "n_local": {"num_qubits": 3, "rotation_blocks": "ry", "entanglement_blocks": "cz"},
}
"""Arguments of classes and functions that take others."""

NO_CIRCUIT = {"BlueprintCircuit", "FunctionalPauliRotations", "get_standard_gate_name_mapping"}
"""Names of the library that are no circuit: abstract classes, a table."""


def _custom() -> Gate:
    """A gate of a user, known by its definition only."""
    return BELL.to_gate(label="custom")


BESIDES: dict[str, Callable[[], Any]] = {
    "AnnotatedOperation (inverse, control, power)": lambda: AnnotatedOperation(
        RXGate(0.3), [InverseModifier(), ControlModifier(2, 1), PowerModifier(3)]
    ),
    "Clifford": lambda: Clifford(BELL),
    "Gate (with a definition)": _custom,
    "Gate (opaque)": lambda: Gate("opaque", 1, []),
    "Instruction (of a measured circuit)": lambda: _measured().to_instruction(),
    "ControlledGate (open controls)": lambda: HGate().control(3, ctrl_state=2),
    "ControlledGate (of a definition)": lambda: _custom().control(2),
    "inverse, power and repeat": lambda: _custom().inverse().repeat(3),
    "Kraus": lambda: Kraus([np.sqrt(0.9) * np.eye(2), np.sqrt(0.1) * np.diag([1, -1])]).to_instruction(),
    "Pauli": lambda: Pauli("-iXYZ"),
    "SuperOp": lambda: SuperOp(np.diag([1, 0.8, 0.8, 1])).to_instruction(),
}
"""Operations of other places."""


def _measured() -> QuantumCircuit:
    """A circuit with a measurement, to become an instruction."""
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    return circuit


def library_names() -> list[str]:
    """Names of all operations, circuit classes and functions of ``qiskit.circuit.library``."""
    names = []
    for name, found in vars(library).items():
        is_class = inspect.isclass(found) and issubclass(found, (Operation, QuantumCircuit))
        if (is_class or inspect.isfunction(found)) and name not in NO_CIRCUIT:
            names.append(name)
    return sorted(names, key=str.lower)


def construct(name: str) -> Any:
    """Call a class or function of the library."""
    function = getattr(library, name)
    arguments: dict[str, Any] = dict(OWN.get(name, {}))
    for parameter in inspect.signature(function).parameters.values():
        open_parameter = parameter.default is None or parameter.default is parameter.empty
        if open_parameter and parameter.name in BY_PARAMETER and name not in OWN:
            arguments[parameter.name] = BY_PARAMETER[parameter.name]
    return function(**arguments)


def as_circuit(thing: Any) -> QuantumCircuit:
    """Make a circuit without free parameters from an operation or a circuit."""
    if isinstance(thing, QuantumCircuit):
        circuit = thing
    else:
        operation = thing
        circuit = QuantumCircuit(operation.num_qubits, operation.num_clbits)
        circuit.append(operation, circuit.qubits, circuit.clbits)
    return circuit.assign_parameters([0.1 + 0.2 * index for index in range(circuit.num_parameters)])


def attempt(maker: Callable[[], Any]) -> QuantumCircuit | Exception:
    """Build a circuit; return why it could not be built if so."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # classes that Qiskit deprecates are tried all the same
            return as_circuit(maker())
    except Exception as error:
        return error


def library_circuits() -> Iterator[tuple[str, QuantumCircuit | Exception]]:
    """Yield name and circuit of everything, or why it could not be built."""
    for name in library_names():
        yield name, attempt(lambda name=name: construct(name))
    for name, maker in BESIDES.items():
        yield name, attempt(maker)
