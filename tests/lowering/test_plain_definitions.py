"""Definitions of plain gates, nested at will: what they mean, and that each costs no scope of its own."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import packed as packed_oracle
from oracles import static as oracle
from qiskit import QuantumCircuit, QuantumRegister, qasm2
from qiskit.circuit import Parameter, Qubit

from ketjet import Simulator
from ketjet.errors import InvalidCircuitError
from ketjet.lowering import lower, native, walk


@pytest.fixture
def frames(monkeypatch):
    """The frames that a lowering in Python opens."""
    monkeypatch.setattr(native, "_reader", lambda: None)
    opened, scope = [], walk.Scope

    def open_scope(*arguments):
        opened.append(arguments)
        return scope(*arguments)

    monkeypatch.setattr(walk, "Scope", open_scope)
    return opened


def leaf(phase=0.0):
    circuit = QuantumCircuit(2, global_phase=phase)
    circuit.ry(0.3, 0)
    circuit.cx(0, 1)
    circuit.p(0.2, 1)
    return circuit


def doubled(inner, depth):
    """A circuit that contains itself-one-smaller twice."""
    for level in range(depth):
        outer = QuantumCircuit(2)
        outer.append(inner.to_gate(), [0, 1])
        outer.append(inner.to_gate(), [1, 0] if level % 2 else [0, 1])
        inner = outer
    return inner


def test_nested_definitions_are_read_without_frames(frames):
    circuit = doubled(leaf(), 8)
    program = lower(circuit).program
    assert packed_oracle.operation_names(program) == ["ry", "cx", "p"] * 256
    assert len(frames) == 1


@pytest.mark.parametrize("depth", [0, 1, 2, 5])
def test_nested_definitions_mean_what_they_unroll_to(depth):
    circuit = QuantumCircuit(3)
    circuit.append(doubled(leaf(0.2), depth).to_gate(), [2, 0])
    circuit.h(1)
    circuit.append(doubled(leaf(0.1), depth).to_instruction(), [0, 1])
    state = Simulator().run(circuit, return_state=True).result().data()["statevector"]
    np.testing.assert_allclose(state, oracle.statevector(circuit), atol=1e-12)


def test_the_same_definition_on_other_qubits_is_played_again():
    gate = doubled(leaf(0.3), 2).to_gate()
    circuit = QuantumCircuit(4)
    for qubits in ([0, 1], [3, 2], [1, 3], [2, 0]):
        circuit.append(gate, qubits)
    state = Simulator().run(circuit, return_state=True).result().data()["statevector"]
    np.testing.assert_allclose(state, oracle.statevector(circuit), atol=1e-12)


def test_loose_qubits_are_found(frames):
    a, b, c = Qubit(), Qubit(), QuantumRegister(1, "c")
    inner = QuantumCircuit([b, a], c)
    inner.h(a)
    inner.cx(a, b)
    inner.ry(0.4, c)
    circuit = QuantumCircuit(3)
    circuit.append(inner.to_gate(), [2, 0, 1])
    assert len(frames) == 0
    state = Simulator().run(circuit, return_state=True).result().data()["statevector"]
    np.testing.assert_allclose(state, oracle.statevector(circuit), atol=1e-12)
    assert len(frames) == 1


def test_parameters_of_definitions_get_their_values():
    p = Parameter("p")
    inner = QuantumCircuit(2, global_phase=p)
    inner.rx(2 * p, 0)
    inner.crz(p, 0, 1)
    gate = inner.to_gate()
    circuit = QuantumCircuit(3)
    for qubits in ([0, 1], [1, 2], [2, 0]):
        circuit.h(qubits[0])
        circuit.append(gate, qubits)
    bound = circuit.assign_parameters({p: 0.37})
    for each, binds in ((circuit, [{p: [0.37]}]), (bound, None)):
        result = Simulator(return_state=True).run(each, parameter_binds=binds).result()
        np.testing.assert_allclose(result.data()["statevector"], oracle.statevector(bound), atol=1e-12)


def test_a_loops_parameter_reaches_definitions(loops):
    p = Parameter("p")
    inner = QuantumCircuit(1)
    inner.rx(p, 0)
    circuit, expected = QuantumCircuit(1), QuantumCircuit(1)
    gate = inner.to_gate()
    with circuit.for_loop((1, 2, 5), p):
        circuit.append(gate, [0])
        circuit.h(0)
        circuit.append(gate, [0])
    circuit.append(inner.assign_parameters({p: 7}).to_gate(), [0])
    for value in (1, 2, 5):
        expected.rx(value, 0)
        expected.h(0)
        expected.rx(value, 0)
    expected.rx(7, 0)
    state = Simulator().run(circuit, return_state=True).result().data()["statevector"]
    np.testing.assert_allclose(state, oracle.statevector(expected), atol=1e-12)


@pytest.mark.parametrize("kind", ["reset", "measure", "controlled", "matrix", "initialize", "phase"])
def test_what_else_is_in_a_definition_is_left_to_the_walk(kind):
    inner = leaf(0.1)
    if kind == "controlled":
        inner.mcx([0], 1)
        inner.ch(0, 1, ctrl_state=0)
    elif kind == "matrix":
        inner.unitary([[0, 1], [1, 0]], [1])
    elif kind == "phase":
        inner.append(leaf(0.4).to_gate().inverse(annotated=True), [1, 0])
    elif kind == "reset":
        inner.reset(0)
    elif kind == "initialize":
        inner.initialize([0.6, 0.8], [1])
    circuit = QuantumCircuit(2, 1)
    circuit.append(doubled_instruction(inner), [1, 0])
    if kind in {"controlled", "matrix", "phase"}:
        state = Simulator().run(circuit, return_state=True).result().data()["statevector"]
        np.testing.assert_allclose(state, oracle.statevector(circuit), atol=1e-12)
    circuit.measure(0, 0)
    exact = Simulator().run(circuit, exact=True).result().get_probabilities()
    expected = {f"{bits:b}": weight for bits, weight in oracle.distribution(circuit).items()}
    assert exact == pytest.approx(expected)


def doubled_instruction(inner):
    outer = QuantumCircuit(2)
    outer.append(leaf().to_gate(), [0, 1])
    outer.append(inner.to_instruction(), [1, 0])
    outer.append(inner.to_instruction(), [0, 1])
    return outer.to_instruction()


def test_a_wrong_angle_deep_inside_is_located():
    inner = leaf()
    inner.rx(np.nan, 0)
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.append(doubled(inner, 3).to_gate(), [0, 1])
    circuit.h(1)
    with pytest.raises(InvalidCircuitError, match=r"instruction 1: .*its angle is nan"):
        lower(circuit)


def levels(count, width, angle):
    """Gates of an OpenQASM 2 file, each made of so many of the one before."""
    text = 'OPENQASM 2.0; include "qelib1.inc"; gate g0(t) a { rx(t) a; }'
    for level in range(1, count + 1):
        body = "".join(f"g{level - 1}({angle.format(i)}) a; " for i in range(1, width + 1))
        text += f" gate g{level}(t) a {{ {body} }}"
    return qasm2.loads(f"{text} qreg q[1]; g{count}(0.001) q[0];")


@pytest.mark.parametrize("angle", ["t", "t*{}", "t/{}"])
def test_gates_of_a_file_that_unroll_to_too_much_are_refused_at_once(angle, frames):
    with pytest.raises(InvalidCircuitError, match="unroll to more than 20000000 operations"):
        lower(levels(8, 10, angle))
    assert len(frames) == 1


@pytest.mark.parametrize("angle", ["t", "t*{}"])
def test_gates_of_a_file_are_read_without_frames(angle, frames):
    circuit = levels(3, 4, angle)
    program = lower(circuit).program
    assert packed_oracle.operation_names(program) == ["rx"] * 64
    total = 0.001 * (64 if angle == "t" else (1 + 2 + 3 + 4) ** 3)
    assert sum(program.slots) == pytest.approx(total)
    assert len(frames) == 1
