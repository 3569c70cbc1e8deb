"""Runs a packed program with NumPy, one operation after the other: what the arrays mean, in a hundred lines."""

from __future__ import annotations

import functools

import numpy as np
from qiskit.circuit import ControlledGate
from qiskit.circuit.library import get_standard_gate_name_mapping

from ketjet import engine
from oracles.static import Branch, collapse, controlled, merge

FIELDS = (
    "num_qubits", "num_clbits", "codes", "wire_begin", "wires", "num_controls", "control_state", "slot_begin",
    "slots", "operand", "payloads", "variable_words", "labels",
)  # fmt: skip
PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


@functools.cache
def names():
    """Names of gates and instructions by code."""
    return {row[0]: name for name, row in engine.gate_codes().items()} | {
        code: name for name, code in engine.instruction_codes().items()
    }


def operations(program):
    """Yield (name, controls, control state, targets, slots, operand or payload) of every operation."""
    packed = dict(zip(FIELDS, program.packed(), strict=False))
    for i, code in enumerate(packed["codes"]):
        wires = packed["wires"][packed["wire_begin"][i] : packed["wire_begin"][i + 1]].tolist()
        slots = packed["slots"][packed["slot_begin"][i] : packed["slot_begin"][i + 1]].tolist()
        count = int(packed["num_controls"][i])
        name, operand = names()[int(code)], int(packed["operand"][i])
        if operand >= 0 and name not in ("measure", "jump"):
            operand = packed["payloads"][operand]
        yield name, wires[:count], int(packed["control_state"][i]), wires[count:], slots, operand


def operation_names(program):
    """Return the names of a program's operations, with a 'c' in front for every control beyond the gate's own."""
    rows = engine.gate_codes()
    return [
        "c" * (len(controls) - (rows[name][1] if name in rows else 0)) + name
        for name, controls, *_ in operations(program)
    ]


def gate_matrix(name, parameters):
    """Return the matrix of a gate of the table, without the gate's controls."""
    gate = get_standard_gate_name_mapping()[name].base_class(*parameters)
    controls = gate.num_ctrl_qubits if isinstance(gate, ControlledGate) else 0
    on = slice(2**controls - 1, None, 2**controls)
    return gate.to_matrix()[on, on]


def base_matrix(name, count, slots, payload):
    """Return the matrix of a unitary operation on its targets, target 0 as the lowest index bit."""
    if name == "unitary":
        return payload.reshape(2**count, 2**count)
    if name == "diagonal":
        return np.diag(payload)
    if name == "multiplexer":
        result = np.zeros((2**count, 2**count), complex)
        for i, block in enumerate(payload.reshape(-1, 2, 2)):
            result[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = block
        return result
    if name == "pauli_rotation":
        string = functools.reduce(lambda product, code: np.kron(PAULIS[code], product), payload, np.eye(1))
        return np.cos(slots[0] / 2) * np.eye(2**count) - 1j * np.sin(slots[0] / 2) * string
    if name == "permutation":
        result = np.zeros((2**count, 2**count))
        for index in range(2**count):
            moved = sum((index >> int(source) & 1) << k for k, source in enumerate(payload))
            result[moved, index] = 1
        return result
    return gate_matrix(name, slots)


def run(program, state=None):
    """Return all branches of a program that starts in the given state, or in |0...0>."""
    if state is None:
        state = np.eye(1, 2**program.num_qubits, dtype=complex)[0]
    branches = [Branch(np.array(state, complex).reshape((2,) * program.num_qubits))]
    for name, controls, control_state, targets, slots, operand in operations(program):
        if name == "global_phase":
            for branch in branches:
                branch.state = branch.state * np.exp(1j * slots[0])
        elif name in ("measure", "reset", "initialize"):
            for qubit in targets:
                branches = collapse(branches, qubit, operand if name == "measure" else None)
            if name == "initialize":
                matrix = np.outer(operand, np.eye(len(operand))[0])
                for branch in branches:
                    branch.apply(matrix, targets)
        else:
            matrix = controlled(base_matrix(name, len(targets), slots, operand), len(controls), control_state)
            for branch in branches:
                branch.apply(matrix, controls + targets)
    return branches


def tangents(program):
    """Return the final state of a program without collapses, from |0...0>, and its derivatives by all slots.

    Those of the operations' matrices are taken from differences, which leaves an error of about 1e-11.
    """
    count, num_qubits = len(program.slots), program.num_qubits
    columns = np.zeros((1 + count,) + (2,) * num_qubits, complex)
    columns[(0,) * (1 + num_qubits)] = 1
    columns = Branch(columns)
    slot = 0
    for name, controls, control_state, targets, slots, operand in operations(program):

        def matrix(values):
            base = base_matrix(name, len(targets), values, operand)  # noqa: B023
            return controlled(base, len(controls), control_state)  # noqa: B023

        if name == "global_phase":
            columns.state = columns.state * np.exp(1j * slots[0])
            columns.state[1 + slot] = 1j * columns.state[0]
            slot += 1
            continue
        if name == "initialize":  # of qubits in |0>
            columns.apply(np.outer(operand, np.eye(len(operand))[0]), targets)
            continue
        before = columns.state[0]
        columns.apply(matrix(slots), controls + targets)
        for which in range(len(slots)):
            tangent = Branch(before)
            tangent.apply(_difference(matrix, slots, which), controls + targets)
            columns.state[1 + slot] = tangent.state
            slot += 1
    return columns.state[0].reshape(-1), columns.state[1:].reshape(count, 2**num_qubits)


def _difference(function, values, which, step=2e-3):
    """Return the derivative by one of the values, by Richardson's extrapolation of central differences."""
    shift = np.eye(len(values))[which]
    wide, narrow = [
        (function(list(values + size * shift)) - function(list(values - size * shift))) / (2 * size)
        for size in (step, step / 2)
    ]
    return (4 * narrow - wide) / 3


def unitary(program):
    """Return the matrix of a program without measurements, resets and initialisations."""
    columns = []
    for column in np.eye(2**program.num_qubits):
        (branch,) = run(program, column)
        columns.append(branch.state.reshape(-1))
    return np.array(columns).T


def distribution(program):
    """Return the exact probability of every value of the classical bits."""
    return merge(run(program))
