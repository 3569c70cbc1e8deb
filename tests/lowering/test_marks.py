"""Marks of circuits: equal ones for circuits that do the same in the same order, others after any change."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import qiskit
from hypothesis import assume, given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.quantum_info import random_unitary
from support.strategies import parametrised_circuits

from ketjet.lowering import lower
from ketjet.lowering.native import marker, why_not_native

if why_not_native() is not None:
    pytest.skip(f"Qiskit {qiskit.__version__}: {why_not_native()}", allow_module_level=True)


def mark_of(circuit):
    return marker()(circuit._data)


def same_program(first, second):
    programs = [lower(circuit, keep_idle_qubits=True, starts_in_zero=False) for circuit in (first, second)]
    packed = [each.program.packed() for each in programs]
    for mine, other in zip(*packed, strict=True):
        try:
            np.testing.assert_equal(mine, other)
        except AssertionError:
            return False
    bindings = [each.binding for each in programs]
    if None in bindings:
        return bindings == [None, None]
    written = [[str(each) for each in binding._used.expressions] for binding in bindings]
    return written[0] == written[1]


def test_a_copy_has_the_same_mark():
    circuit = QuantumCircuit(3, global_phase=0.3)
    circuit.h(0)
    circuit.ccx(0, 1, 2)
    circuit.u(0.1, Parameter("a") * 2, 0.3, 1)
    circuit.unitary(random_unitary(4, seed=1), [0, 2])
    circuit.reset(1)
    mark = mark_of(circuit)
    assert isinstance(mark, int)
    assert mark_of(circuit.copy()) == mark_of(copy.deepcopy(circuit)) == mark
    circuit.barrier()
    assert mark_of(circuit) == mark


def own_gate(circuit):
    inner = QuantumCircuit(1, name="mine")
    inner.x(0)
    circuit.append(inner.to_gate(), [0])


def loop(circuit):
    with circuit.for_loop(range(2)):
        circuit.x(0)


@pytest.mark.parametrize(
    "add",
    [
        own_gate,
        loop,
        lambda circuit: circuit.measure(0, 0),
        lambda circuit: circuit.delay(Parameter("t"), 0),
        lambda circuit: circuit.initialize([0, 1], 0),
        lambda circuit: circuit.unitary(random_unitary(128, seed=1), range(7)),
    ],
)
def test_what_is_not_shown_in_full_has_no_mark(add):
    circuit = QuantumCircuit(7, 1)
    add(circuit)
    assert mark_of(circuit) is None


def as_written(circuit):
    """Everything of a circuit that has a mark, as text: what acts on a state, and the phase."""
    places = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    lines = [(circuit.num_qubits, angle_as_written(circuit.global_phase))]
    for instruction in circuit.data:
        if instruction.name not in ("barrier", "delay"):
            angles = [angle_as_written(angle) for angle in instruction.params]
            lines.append((instruction.name, [places[qubit] for qubit in instruction.qubits], angles))
    return lines


def angle_as_written(angle):
    if isinstance(angle, np.ndarray):
        return angle.tolist()
    return str(angle) if isinstance(angle, ParameterExpression) else repr(float(angle))


@given(parametrised_circuits(max_qubits=3, max_operations=3), st.data())
def test_another_mark_is_another_circuit(given_circuit, data):
    circuit, _ = given_circuit
    others = parametrised_circuits(max_qubits=3, max_operations=3).map(lambda given: given[0])
    other = data.draw(others | st.just(circuit.copy()))
    marks = mark_of(circuit), mark_of(other)
    assume(None not in marks)
    assert (marks[0] == marks[1]) == (as_written(circuit) == as_written(other))
    assert marks[0] != marks[1] or same_program(circuit, other)
