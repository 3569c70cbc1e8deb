"""A gate of the user's own is what it is defined as, whatever its name, wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import static as oracle
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Instruction
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator

from ketjet import Simulator, StateVector
from ketjet.lowering import INSTRUCTIONS_OF_AER
from ketjet.lowering.bare_names import REASONS

NAMES = dict.fromkeys(
    [
        *INSTRUCTIONS_OF_AER,
        *REASONS,
        *get_standard_gate_name_mapping(),
        "save_the_day",
        "set_the_table",
        "barrier",
        "unitary",
        "initialize",
        "state_preparation",
        "diagonal",
        "multiplexer",
        "permutation",
        "pauli",
        "PauliEvolution",
        "mcx",
        "mcphase",
        "mcmt",
        "if_else",
        "while_loop",
        "for_loop",
        "switch_case",
        "box",
        "break_loop",
        "continue_loop",
        "annotated",
        "jump",
        "mark",
        "compute",
        "branch",
        "save",
    ]
)
WIDTH = 2


def meaning(num_qubits=WIDTH):
    circuit = QuantumCircuit(num_qubits, global_phase=0.3)
    for qubit in range(num_qubits):
        circuit.ry(0.3 + qubit, qubit)
        circuit.p(0.2, qubit)
    circuit.cx(0, num_qubits - 1)
    return circuit


class LazyGate(Gate):
    def _define(self):
        self.definition = meaning(self.num_qubits)


class LazyInstruction(Instruction):
    def __init__(self, name, num_qubits, params):
        super().__init__(name, num_qubits, 0, params)

    def _define(self):
        self.definition = meaning(self.num_qubits)


class MatrixGate(Gate):
    def __array__(self, dtype=None, copy=None):
        return Operator(meaning(self.num_qubits)).data


def defined(name, params):
    gate = Gate(name, WIDTH, params)
    gate.definition = meaning()
    return gate


def in_definition(name, params):
    inner = QuantumCircuit(WIDTH)
    inner.append(defined(name, params), range(WIDTH))
    return inner.to_instruction()


def plain(make):
    def append(circuit, name, params):
        circuit.append(make(name, params), range(WIDTH))

    def expected(circuit):
        circuit.append(meaning().to_gate(), range(WIDTH))

    return append, expected


def controlled(circuit, name, params):
    circuit.append(defined(name, params).control(1, ctrl_state=0), range(WIDTH + 1))


def annotated(circuit, name, params):
    circuit.append(defined(name, params).control(1, ctrl_state=0, annotated=True), range(WIDTH + 1))


def in_block(circuit, name, params):
    block = QuantumCircuit(WIDTH)
    block.append(defined(name, params), range(WIDTH))
    circuit.if_test((0, 0), block, range(WIDTH), [])


WAYS = {
    "gate": plain(defined),
    "lazy gate": plain(lambda name, params: LazyGate(name, WIDTH, params)),
    "lazy instruction": plain(lambda name, params: LazyInstruction(name, WIDTH, params)),
    "matrix": plain(lambda name, params: MatrixGate(name, WIDTH, params)),
    "inside of another": plain(in_definition),
    "in a block": (in_block, plain(defined)[1]),
    "controlled": (
        controlled,
        lambda circuit: circuit.append(meaning().to_gate().control(1, ctrl_state=0), range(WIDTH + 1)),
    ),
    "annotated": (
        annotated,
        lambda circuit: circuit.append(meaning().to_gate().control(1, ctrl_state=0), range(WIDTH + 1)),
    ),
    "inverse": (
        lambda circuit, name, params: circuit.append(defined(name, params).inverse(annotated=True), range(WIDTH)),
        lambda circuit: circuit.append(meaning().to_gate().inverse(), range(WIDTH)),
    ),
}


REFUSED_BY_QISKIT = [(name, "controlled") for name in ("p", "rx", "ry", "rz", "u")]  # whose `control` looks at names


@pytest.mark.parametrize(
    ("name", "way"), [(name, way) for name in NAMES for way in WAYS if (name, way) not in REFUSED_BY_QISKIT]
)
def test_a_gate_of_ones_own_is_what_it_is_defined_as(name, way):
    append, expect = WAYS[way]
    for params in ([], [0.5], [0.1, 0.2, 0.3]):
        circuit, expected = QuantumCircuit(WIDTH + 1, 1), QuantumCircuit(WIDTH + 1)
        for each in (circuit, expected):
            each.h(range(WIDTH + 1))
        append(circuit, name, params)
        expect(expected)
        state = oracle.statevector(expected)
        data = Simulator().run(circuit, shots=1, return_state=True).result().data()
        np.testing.assert_allclose(data["statevector"], state, atol=1e-12)
        assert set(data) <= {"statevector", "counts"}
        if way != "in a block":
            np.testing.assert_allclose(StateVector(WIDTH + 1).evolve(circuit), state, atol=1e-12)


@pytest.mark.parametrize("name", ["h", "sx", "rx", "ry", "u", "delay", "reset"])
def test_many_of_ones_own_that_only_flip_fit_like_others(name):
    gate = Gate(name, 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.x(0)
    circuit = QuantumCircuit(100, 100)
    for qubit in range(100):
        circuit.append(gate, [qubit])
    circuit.measure(range(100), range(100))
    assert Simulator().run(circuit, shots=3).result().get_counts() == {"1" * 100: 3}


@pytest.mark.parametrize("name", ["delay", "id", "barrier", "measure", "reset"])
def test_many_of_ones_own_are_too_wide_like_others(name):
    circuit = QuantumCircuit(100)
    for qubit in range(99):
        circuit.append(defined(name, []), [qubit, qubit + 1])
    with pytest.raises(MemoryError, match="100 qubits"):
        Simulator(return_state=True).run(circuit)
