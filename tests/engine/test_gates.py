"""Every gate on every tuple of qubits, in both precisions, on every instruction set and several thread counts."""

import itertools

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ControlledGate, Gate
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator
from support.programs import TINY_CACHES, final_state, op, pack, random_state, random_unitary

from ketjet import _core, engine

STANDARD = {
    name: gate
    for name, gate in get_standard_gate_name_mapping().items()
    if isinstance(gate, Gate) and name in engine.gate_codes()
}
ANGLES = (0.7, -1.3, 2.1, 0.4)
SETTINGS = [
    (precision, isa, threads)
    for precision in ("double", "single")
    for isa in engine.isa_names()
    for threads in (1, 2, 3)
]
TOLERANCE = {"double": 1e-14, "single": 5e-7}


def qiskit_gate(name):
    template = STANDARD[name]
    return template.base_class(*ANGLES[: len(template.params)])


def test_the_table_has_every_standard_gate():
    other_names = {"mcx", "global_phase"}  # x with more controls; an instruction of its own
    assert {name for name, gate in get_standard_gate_name_mapping().items() if isinstance(gate, Gate)} <= (
        set(engine.gate_codes()) | other_names
    )


@pytest.mark.parametrize("name", sorted(STANDARD))
def test_matrix_of_the_table_is_qiskits(name):
    code, controls, _, parameters = engine.gate_codes()[name]
    gate = qiskit_gate(name)
    base = gate.base_gate.to_matrix() if isinstance(gate, ControlledGate) and name != "cu" else gate.to_matrix()
    if name == "cu":
        base = base[1::2, 1::2]
    assert controls == (gate.num_ctrl_qubits if isinstance(gate, ControlledGate) and controls else 0)
    np.testing.assert_allclose(
        _core.gate_matrix(code, list(ANGLES[:parameters])), base[: 2**gate.num_qubits], atol=1e-15
    )


@pytest.mark.parametrize(
    ("name", "num_qubits"),
    [(name, width) for name in sorted(STANDARD) for width in range(max(1, STANDARD[name].num_qubits), 6)],
)
def test_every_gate_on_every_tuple(name, num_qubits):
    gate = qiskit_gate(name)
    start = random_state(num_qubits)
    prepare = op("initialize", range(num_qubits), payload=start)
    slots = ANGLES[: len(gate.params)]
    for qubits in itertools.permutations(range(num_qubits), gate.num_qubits):
        circuit = QuantumCircuit(num_qubits)
        circuit.append(gate, qubits)
        expected = Operator(circuit).data @ start
        program = pack(num_qubits, [prepare, op(name, qubits, slots=slots)])
        for precision, isa, threads in SETTINGS:
            state = final_state(program, precision=precision, isa=isa, threads=threads, on=TINY_CACHES)
            np.testing.assert_allclose(
                state, expected, atol=TOLERANCE[precision], err_msg=f"{name} on {qubits}: {precision} {isa} {threads}"
            )


def embed(num_qubits, matrix, targets, controls=(), state=0):
    """The matrix on the whole register, entry by entry."""
    result = np.eye(2**num_qubits, dtype=complex)
    spread = [sum((entry >> j & 1) << target for j, target in enumerate(targets)) for entry in range(len(matrix))]
    mask = sum(1 << target for target in targets)
    for column in range(2**num_qubits):
        if all(column >> control & 1 == state >> j & 1 for j, control in enumerate(controls)):
            entry = sum((column >> target & 1) << j for j, target in enumerate(targets))
            result[:, column] = 0
            for row, offset in enumerate(spread):
                result[(column & ~mask) | offset, column] = matrix[row, entry]
    return result


@pytest.mark.parametrize(("precision", "isa", "threads"), SETTINGS)
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 6, 7])
def test_dense_unitaries_with_and_without_controls(width, precision, isa, threads):
    num_qubits = 8
    matrix = random_unitary(2**width, seed=width)
    random = np.random.default_rng(threads)
    start = random_state(num_qubits)
    for controls in range(min(3, num_qubits - width + 1)):
        wires = [int(qubit) for qubit in random.permutation(num_qubits)[: width + controls]]
        state = int(random.integers(2**controls))
        program = pack(
            num_qubits,
            [
                op("initialize", range(num_qubits), payload=start),
                op("unitary", wires, controls=controls, state=state, payload=matrix.reshape(-1)),
            ],
        )
        expected = embed(num_qubits, matrix, wires[controls:], wires[:controls], state) @ start
        result = final_state(program, precision=precision, isa=isa, threads=threads, on=TINY_CACHES)
        np.testing.assert_allclose(result, expected, atol=10 * TOLERANCE[precision])


def test_a_unitary_wider_than_any_block():
    width = 10
    matrix = random_unitary(2**width)
    program = pack(width, [op("unitary", range(width), payload=matrix.reshape(-1))])
    np.testing.assert_allclose(final_state(program, on=TINY_CACHES), matrix[:, 0], atol=1e-14)
