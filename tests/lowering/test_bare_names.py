"""Instructions that are nothing but a name run as Aer runs them; the oracle is matrices written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Instruction, Parameter
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector, random_statevector, random_unitary

from ketjet import Simulator
from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError

ANGLES = [0.3, -1.1, 0.7, 2.3]

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
SWAP = np.eye(4)[[0, 2, 1, 3]]


def u(theta, phi, lam):
    cosine, sine = np.cos(theta / 2), np.sin(theta / 2)
    return np.array([[cosine, -np.exp(1j * lam) * sine], [np.exp(1j * phi) * sine, np.exp(1j * (phi + lam)) * cosine]])


def turn(pauli):
    return lambda angle: np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli


def phase(angle):
    return np.diag([1, np.exp(1j * angle)])


CONTROLLED = {
    "mcx": (0, lambda: X),
    "mcx_gray": (0, lambda: X),
    "mcy": (0, lambda: Y),
    "mcz": (0, lambda: Z),
    "mcsx": (0, lambda: SX),
    "mcswap": (0, lambda: SWAP),
    "mcp": (1, phase),
    "mcphase": (1, phase),
    "mcu1": (1, phase),
    "cu2": (2, lambda phi, lam: u(np.pi / 2, phi, lam)),
    "mcu2": (2, lambda phi, lam: u(np.pi / 2, phi, lam)),
    "mcu3": (3, u),
    "mcu": (4, lambda theta, phi, lam, gamma: np.exp(1j * gamma) * u(theta, phi, lam)),
    "mcr": (2, lambda theta, phi: turn(np.cos(phi) * X + np.sin(phi) * Y)(theta)),
    "mcrx": (1, turn(X)),
    "mcry": (1, turn(Y)),
    "mcrz": (1, turn(Z)),
}


def final_state(circuit):
    return np.asarray(Simulator().run(circuit, return_state=True).result().get_statevector())


def applied(matrix, start, qubits):
    """Apply a matrix to qubits, the first the lowest bit of its index."""
    n = start.size.bit_length() - 1
    axes = [n - 1 - qubit for qubit in reversed(qubits)]
    tensor = np.moveaxis(start.reshape([2] * n), axes, range(len(axes)))
    tensor = (matrix @ tensor.reshape(len(matrix), -1)).reshape([2] * n)
    return np.moveaxis(tensor, range(len(axes)), axes).reshape(-1)


def after(start, operation, qubits):
    circuit = QuantumCircuit(start.size.bit_length() - 1)
    circuit.initialize(start)
    circuit.append(operation, qubits)
    return final_state(circuit)


def controlled(base, controls):
    """Return the matrix on controls, then the base's qubits, the first the lowest bit."""
    size = len(base) << controls
    matrix = np.eye(size, dtype=complex)
    ones = (1 << controls) - 1
    places = [ones | i << controls for i in range(len(base))]
    matrix[np.ix_(places, places)] = base
    return matrix


@pytest.mark.parametrize("name", CONTROLLED)
def test_gates_that_all_other_qubits_control(name):
    count, make = CONTROLLED[name]
    base = make(*ANGLES[:count])
    width = len(base).bit_length() - 1
    for controls in (1,) if name == "cu2" else (1, 2, 4):
        qubits = np.random.default_rng(controls).permutation(6)[: controls + width].tolist()
        start = random_statevector(64, seed=controls).data
        expected = applied(controlled(base, controls), start, qubits)
        found = after(start, Instruction(name, len(qubits), 0, ANGLES[:count]), qubits)
        assert found == pytest.approx(expected, abs=1e-12), controls


STANDARD = {name: gate for name, gate in get_standard_gate_name_mapping().items() if isinstance(gate, Gate)}


@pytest.mark.parametrize("name", STANDARD)
def test_standard_gates(name):
    kind, width = type(STANDARD[name]), STANDARD[name].num_qubits
    values = ANGLES[: len(STANDARD[name].params)]
    qubits, start = [4, 1, 3, 0, 2][:width], random_statevector(32, seed=1).data
    expected = Statevector(start).evolve(kind(*values), qubits).data
    assert after(start, Instruction(name, width, 0, values), qubits) == pytest.approx(expected, abs=1e-12)


def test_matrices_and_lists():
    start, qubits = random_statevector(32, seed=1).data, [3, 0, 4]
    diagonal = np.exp(1j * np.arange(8))
    found = after(start, Instruction("diagonal", 3, 0, list(diagonal)), qubits)
    assert found == pytest.approx(applied(np.diag(diagonal), start, qubits), abs=1e-12)
    pauli = Instruction("pauli", 3, 0, ["XYZ"])
    assert after(start, pauli, qubits) == pytest.approx(applied(np.kron(np.kron(X, Y), Z), start, qubits), abs=1e-12)
    matrices = [random_unitary(2, seed=seed).data for seed in range(4)]
    whole = np.zeros((8, 8), complex)
    for selected, matrix in enumerate(matrices):
        whole[2 * selected : 2 * selected + 2, 2 * selected : 2 * selected + 2] = matrix
    multiplexer = Instruction("multiplexer", 3, 0, [])
    multiplexer._params = matrices
    circuit = QuantumCircuit(5)
    circuit.initialize(start)
    try:
        circuit.append(multiplexer, qubits)
    except TypeError:  # some versions of Qiskit have no place for such parameters
        multiplexer._params = [matrix.tolist() for matrix in matrices]
        circuit.append(multiplexer, qubits)
    assert final_state(circuit) == pytest.approx(applied(whole, start, qubits), abs=1e-12)
    amplitudes = random_statevector(4, seed=2).data
    circuit = QuantumCircuit(2)
    circuit.append(Instruction("initialize", 2, 0, list(amplitudes)), [0, 1])
    assert final_state(circuit) == pytest.approx(amplitudes)


def test_what_has_no_matrix():
    circuit = QuantumCircuit(3, 3)
    circuit.x([0, 2])
    circuit.append(Instruction("barrier", 3, 0, []), range(3))
    circuit.append(Instruction("delay", 1, 0, [100]), [0])
    circuit.append(Instruction("measure", 3, 3, []), [2, 1, 0], [0, 1, 2])
    circuit.append(Instruction("reset", 2, 0, []), [0, 1])
    result = Simulator().run(circuit, shots=10, return_state=True).result()
    assert result.get_counts() == {"101": 10}
    assert abs(np.asarray(result.get_statevector())[4]) == pytest.approx(1)


def test_parameters_may_be_bound_later():
    gamma = Parameter("gamma")
    circuit = QuantumCircuit(3)
    circuit.h(range(3))
    circuit.append(Instruction("mcu", 3, 0, [0.3, -1.1, 0.7, gamma]), [1, 0, 2])
    result = Simulator().run(circuit, parameter_binds=[{gamma: [2.3]}], return_state=True).result()
    base = controlled(np.exp(2.3j) * u(0.3, -1.1, 0.7), 2)
    assert np.asarray(result.get_statevector()) == pytest.approx(applied(base, np.full(8, 8**-0.5), [1, 0, 2]))


@pytest.mark.parametrize(
    ("instruction", "says"),
    [
        (Instruction("x", 2, 0, []), "a x has 1 qubits and 0 classical bits"),
        (Instruction("rx", 1, 0, []), "no rx can be made of its parameters"),
        (Instruction("mcx", 1, 1, []), "a mcx has 1 qubits and 0 classical bits"),
        (Instruction("pauli", 2, 0, ["XYZ"]), "a pauli has 3 qubits"),
        (Instruction("diagonal", 2, 0, [1, 1, 1, 2]), "diagonal"),
        (Instruction("measure", 2, 1, []), "a measure has 2 qubits and 2 classical bits"),
    ],
)
def test_what_cannot_be_meant_is_refused(instruction, says):
    circuit = QuantumCircuit(3, 3)
    circuit.append(instruction, range(instruction.num_qubits), range(instruction.num_clbits))
    with pytest.raises(InvalidCircuitError, match=says):
        Simulator().run(circuit)


def test_a_gate_speaks_for_itself():
    circuit = QuantumCircuit(1)
    circuit.append(Gate("x", 1, []), [0])
    with pytest.raises(UnsupportedInstructionError, match="neither a definition nor a matrix"):
        Simulator().run(circuit)
    definition = QuantumCircuit(1, name="h")
    definition.x(0)
    circuit = QuantumCircuit(1)
    circuit.append(definition.to_instruction(), [0])
    assert final_state(circuit) == pytest.approx([0, 1])
