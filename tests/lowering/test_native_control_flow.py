"""Control flow read through Qiskit's C API: the same programs as from Python, however blocks are nested."""

from __future__ import annotations

import numpy as np
import pytest
import qiskit
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import (
    CASE_DEFAULT,
    BoxOp,
    BreakLoopOp,
    Clbit,
    ContinueLoopOp,
    ForLoopOp,
    Gate,
    IfElseOp,
    Instruction,
    ParameterVector,
    Qubit,
    SwitchCaseOp,
    WhileLoopOp,
    library,
)
from qiskit.circuit.classical import expr
from qiskit.quantum_info import random_unitary
from support.calls import calls_in
from support.dynamic_strategies import dynamic_circuits, relocated
from support.native import assert_same, by_python

from ketjet.errors import InvalidCircuitError
from ketjet.lowering import control_flow, lower, native

if native.why_not_native() is not None:
    pytest.skip(f"Qiskit {qiskit.__version__}: {native.why_not_native()}", allow_module_level=True)

T = ParameterVector("t", 3)
KINDS = ["gate"] * 4 + ["measure", "reset", "matrix", "barrier", "if", "if", "else", "while", "switch", "for", "box"]
CASES = [
    [[0]], [[0, 1], [CASE_DEFAULT]], [[CASE_DEFAULT]], [[1], [2, CASE_DEFAULT]], [[0], [1], [3]], [[2**64 - 1], [0]],
]  # fmt: skip
VALUES = [range(3), range(0), range(7, 8), range(5, -6, -3), (4, 4), (), range(3000), range(-(2**62), 5)]


class Writer:
    """Writes random circuits of which Qiskit's C API shows everything, or all but what it is told to hide."""

    def __init__(self, draw, hidden):
        self.draw = draw
        self.hidden = hidden  # how many instructions are still to be such that the API does not show them

    def some(self, values):
        return self.draw(st.sampled_from(values))

    def block(self, like, qubits, clbits, depth, jumps):
        """A block on so many qubits and classical bits, with the registers of a circuit if it has all of its bits."""
        fresh = self.draw(st.booleans()) or qubits != like.num_qubits or clbits != like.num_clbits
        block = QuantumCircuit([Qubit() for _ in range(qubits)], [Clbit() for _ in range(clbits)])
        if not fresh:
            block = like.copy_empty_like(vars_mode="drop")
        block.global_phase = self.draw(st.sampled_from([0, 0, 0.25, T[0]]))
        self.statements(block, depth, jumps)
        return block

    def blocks(self, circuit, count, depth, jumps):
        """So many blocks, and where they go."""
        all_bits = self.draw(st.booleans())
        qubits = self.draw(st.permutations(range(circuit.num_qubits)))
        clbits = self.draw(st.permutations(range(circuit.num_clbits)))
        if not all_bits:
            qubits = qubits[: self.draw(st.integers(1, len(qubits)))]
        blocks = [self.block(circuit, len(qubits), len(clbits), depth + 1, jumps) for _ in range(count)]
        return blocks, qubits, clbits

    def statements(self, circuit, depth=0, jumps=False):
        for _ in range(self.draw(st.integers(0, 5 if depth else 9))):
            kind = self.some(KINDS[: 8 if depth == 3 else None] + ["break", "continue"] * jumps)
            if self.hidden and self.draw(st.integers(0, 3)) == 0:
                self.hidden -= 1
                kind = "hidden"
            getattr(self, kind + "_")(circuit, depth, jumps)

    def hidden_(self, circuit, depth, jumps):
        if depth < 3 and self.draw(st.booleans()):
            test = expr.logic_not(circuit.clbits[0])
            circuit.append(IfElseOp(test, self.block(circuit, 1, 1, depth + 1, jumps)), [0], [0])
        else:
            circuit.append(own(), [self.draw(qubit_of(circuit))])

    def gate_(self, circuit, depth, jumps):
        wires = self.draw(st.permutations(range(circuit.num_qubits)))
        gate = self.some(
            [library.HGate(), library.CXGate(), library.RZGate(0.5), library.RXGate(T[1]), library.IGate()]
        )
        if gate.num_qubits <= len(wires):
            circuit.append(gate, wires[: gate.num_qubits])

    def matrix_(self, circuit, depth, jumps):
        circuit.unitary(random_unitary(2, seed=self.draw(st.integers(0, 9))), [self.draw(qubit_of(circuit))])

    def measure_(self, circuit, depth, jumps):
        circuit.measure(self.draw(qubit_of(circuit)), self.draw(st.integers(0, circuit.num_clbits - 1)))

    def reset_(self, circuit, depth, jumps):
        circuit.reset(self.draw(qubit_of(circuit)))

    def barrier_(self, circuit, depth, jumps):
        circuit.barrier()

    def test(self, circuit):
        """A condition on a bit, or on a register; with large values, too."""
        if circuit.cregs and self.draw(st.booleans()):
            register = self.some(circuit.cregs)
            return register, self.some([0, 1, 2**register.size - 1, 2**register.size, 2**63, 2**64 - 1, 2**64])
        return self.some(circuit.clbits), self.some([0, 1, True, False])

    def if_(self, circuit, depth, jumps, count=1):
        blocks, *where = self.blocks(circuit, count, depth, jumps)
        circuit.append(IfElseOp(self.test(circuit), *blocks), *where)

    def else_(self, circuit, depth, jumps):
        self.if_(circuit, depth, jumps, 2)

    def while_(self, circuit, depth, jumps):
        (block,), *where = self.blocks(circuit, 1, depth, True)
        circuit.append(WhileLoopOp(self.test(circuit), block), *where)

    def for_(self, circuit, depth, jumps):
        (block,), *where = self.blocks(circuit, 1, depth, True)
        circuit.append(ForLoopOp(self.some(VALUES), None, block), *where)

    def box_(self, circuit, depth, jumps):
        (block,), *where = self.blocks(circuit, 1, depth, jumps)
        circuit.append(BoxOp(block), *where)

    def switch_(self, circuit, depth, jumps):
        target = self.some([*circuit.clbits, *circuit.cregs])
        cases = self.some(CASES[: 3 if isinstance(target, Clbit) else 5 if target.size < 64 else None])
        blocks, *where = self.blocks(circuit, len(cases), depth, jumps)
        circuit.append(SwitchCaseOp(target, zip(cases, blocks, strict=True)), *where)

    def break_(self, circuit, depth, jumps, kind=BreakLoopOp):
        circuit.append(kind(circuit.num_qubits, circuit.num_clbits), circuit.qubits, circuit.clbits)

    def continue_(self, circuit, depth, jumps):
        self.break_(circuit, depth, jumps, ContinueLoopOp)


def qubit_of(circuit):
    return st.integers(0, circuit.num_qubits - 1)


def own():
    """A gate that only Python knows."""
    gate = Gate("own", 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.h(0)
    return gate


@st.composite
def circuits(draw, hidden=0):
    bits = [Clbit() for _ in range(2)]
    registers = ClassicalRegister(2, "c"), ClassicalRegister(bits=bits, name="d"), ClassicalRegister(66, "wide")
    few = draw(st.booleans())
    circuit = QuantumCircuit(QuantumRegister(3, "q"), bits, *registers[: 2 if few else 3])
    circuit.global_phase = draw(st.sampled_from([0, 1.5, T[2]]))
    Writer(draw, hidden).statements(circuit)
    return circuit


def assert_same_both_ways(circuit, limit, **options):
    """Check the programs, or what is said about the circuit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(control_flow, "UNROLL_LIMIT", limit)
        found, expected = outcome(lower, circuit, **options), outcome(by_python, circuit, **options)
    if isinstance(expected, str):
        assert found == expected
    else:
        assert_same(found, expected)


def outcome(how, circuit, **options):
    """The lowered circuit, or what is wrong with it."""
    try:
        return how(circuit, **options)
    except InvalidCircuitError as error:
        return str(error)


limits = st.sampled_from([0, 6, 4096])


@given(circuits(), limits, st.booleans(), st.booleans())
def test_control_flow_becomes_the_same_program(circuit, limit, keep_idle_qubits, starts_in_zero):
    assert_same_both_ways(circuit, limit, keep_idle_qubits=keep_idle_qubits, starts_in_zero=starts_in_zero)


@given(st.integers(1, 3).flatmap(circuits), limits, st.booleans())
def test_what_the_api_does_not_show_may_be_anywhere(circuit, limit, starts_in_zero):
    assert_same_both_ways(circuit, limit, starts_in_zero=starts_in_zero)


@given(st.integers(0, 2).flatmap(circuits), limits)
def test_circuits_inside_others_become_the_same_program(circuit, limit):
    around = QuantumCircuit(circuit.qubits, circuit.clbits, *circuit.cregs)
    around.h(0)
    inside = Instruction("inside", circuit.num_qubits, circuit.num_clbits, [])
    inside.definition = circuit
    around.append(inside, circuit.qubits, circuit.clbits)
    with around.if_test(expr.logic_not(around.clbits[1])):
        around.append(inside, circuit.qubits, circuit.clbits)
    assert_same_both_ways(around, limit)


@given(dynamic_circuits(undefined=True), limits, st.integers(0, 9))
def test_any_dynamic_circuit_becomes_the_same_program(circuit, limit, seed):
    assert_same_both_ways(circuit, limit)
    assert_same_both_ways(relocated(circuit, seed), limit)


@pytest.mark.parametrize("condition", ["bit", "register", "loop", "box", "switch"])
def test_nothing_is_left_of_what_the_api_shows(condition):
    circuit = QuantumCircuit(2, 2)
    block = {
        "bit": lambda: circuit.if_test((circuit.clbits[0], 1)),
        "register": lambda: circuit.while_loop((circuit.cregs[0], 2)),
        "loop": lambda: circuit.for_loop(range(9)),
        "box": circuit.box,
        "switch": lambda: circuit.switch(circuit.cregs[0]),
    }[condition]
    with block() as case:
        if condition == "switch":
            with case(1, 2):
                circuit.rx(T[0], 1)
        else:
            circuit.rx(T[0], 1)
            with circuit.box():
                circuit.measure(1, 0)
    reading = native.read(circuit)
    assert reading.gaps is None
    assert [reading.expressions.gates[0]] == [circuit.data[0].name]
    assert_same_both_ways(circuit, 4096)


def test_instructions_of_blocks_cost_no_calls():
    def calls(count):
        circuit = QuantumCircuit(2, 1)
        for _ in range(count):
            with circuit.if_test((circuit.clbits[0], 1)):
                circuit.h(0)
                circuit.cx(0, 1)
        return calls_in(lambda: lower(circuit))

    assert calls(200) == calls(2)


def test_blocks_may_be_nested_as_deep_as_one_likes():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    for _ in range(300):
        around = QuantumCircuit(1)
        around.append(BoxOp(circuit), [0])
        circuit = around
    assert native.read(circuit).gaps is None
    assert lower(circuit).program.num_operations == 1


def test_a_matrix_in_a_loop_is_kept_once_when_something_else_is_left():
    circuit = QuantumCircuit(2)
    with circuit.for_loop(range(3)):
        circuit.unitary(random_unitary(2, seed=1), [0])
        circuit.unitary(random_unitary(2, seed=2), [1])
    circuit.append(library.CXGate(ctrl_state=0), [0, 1])
    assert_same_both_ways(circuit, 4096)


def test_long_blocks_are_read_to_their_end():
    circuit = QuantumCircuit(2, 1)
    with circuit.if_test((circuit.clbits[0], 1)), circuit.for_loop(range(2)):
        for _ in range(10_000):
            circuit.h(0)
            circuit.cx(0, 1)
    assert_same_both_ways(circuit, 4096)


@pytest.mark.parametrize("angle", [np.nan, np.inf])
def test_python_says_what_is_wrong_inside_a_block(angle):
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    with circuit.if_test((circuit.clbits[0], 1)):
        for _ in range(20):
            circuit.rx(angle, 1)
    with pytest.raises(InvalidCircuitError, match=r"instruction 1: 'if_else' on qubits \[.*\]: its angle is"):
        lower(circuit)
