"""A second simulator that shares nothing with the package, fast enough for hundreds of circuits of 18 qubits.

States are arrays with one axis per qubit, qubit 0 last. Controls select a slice; within it a gate combines the slices
of its targets, and entries that are 0 or 1 cost nothing.
"""

from __future__ import annotations

import cmath
import math
from typing import NamedTuple

import numpy as np
from support.programs import op, pack

ROOT = math.sqrt(0.5)


def _rotation(pauli):
    def matrix(angle):
        return math.cos(angle / 2) * np.eye(len(pauli)) - 1j * math.sin(angle / 2) * pauli

    return matrix


X = np.array([[0, 1], [1, 0]], complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
H = ROOT * (X + Z)
SX = 0.5 * np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]])
SWAP = np.eye(4)[[0, 2, 1, 3]].astype(complex)


def _phase(angle):
    return np.diag([1, cmath.exp(1j * angle)])


def _u(theta, phi, lam):
    cosine, sine = math.cos(theta / 2), math.sin(theta / 2)
    return np.array(
        [[cosine, -cmath.exp(1j * lam) * sine], [cmath.exp(1j * phi) * sine, cmath.exp(1j * (phi + lam)) * cosine]]
    )


BASES = {
    "h": lambda: H,
    "x": lambda: X,
    "y": lambda: Y,
    "z": lambda: Z,
    "s": lambda: _phase(math.pi / 2),
    "sdg": lambda: _phase(-math.pi / 2),
    "t": lambda: _phase(math.pi / 4),
    "tdg": lambda: _phase(-math.pi / 4),
    "sx": lambda: SX,
    "sxdg": lambda: SX.conj(),
    "p": _phase,
    "rx": _rotation(X),
    "ry": _rotation(Y),
    "rz": _rotation(Z),
    "u": _u,
    "swap": lambda: SWAP,
    "iswap": lambda: np.where(np.eye(4) == SWAP, SWAP, 1j * SWAP),
    "rxx": _rotation(np.kron(X, X)),
    "ryy": _rotation(np.kron(Y, Y)),
    "rzz": _rotation(np.kron(Z, Z)),
    "rzx": _rotation(np.kron(X, Z)),  # Z on the first qubit
}
CONTROLLED = {
    "cx": (1, "x"),
    "cy": (1, "y"),
    "cz": (1, "z"),
    "ch": (1, "h"),
    "csx": (1, "sx"),
    "cp": (1, "p"),
    "crx": (1, "rx"),
    "cry": (1, "ry"),
    "crz": (1, "rz"),
    "ccx": (2, "x"),
    "ccz": (2, "z"),
    "cswap": (1, "swap"),
}


class Gate(NamedTuple):
    """A gate by name, or a matrix ("unitary") or a stack of them ("multiplexer").

    The first `controls` of the wires are controls beside the gate's own.
    """

    name: str
    wires: tuple[int, ...]
    slots: tuple[float, ...] = ()
    controls: int = 0
    state: int | None = None  # of all controls, the gate's own last; default: all ones
    matrix: np.ndarray | None = None


def program(num_qubits, gates, start=None):
    """The gates as a Program, from the state `start` or from |0...0>."""
    operations = [] if start is None else [op("initialize", range(num_qubits), payload=start)]
    for name, wires, slots, controls, state, matrix in gates:
        payload = None if matrix is None else matrix.reshape(-1)
        operations.append(op(name, wires, controls=controls, state=state, slots=slots, payload=payload))
    return pack(num_qubits, operations)


def run(num_qubits, gates, state=None):
    """Return the final state of the gates on `state`, or on |0...0>."""
    if state is None:
        state = np.eye(1, 2**num_qubits, dtype=complex)[0]
    state = np.array(state, complex).reshape((2,) * num_qubits)
    for gate in gates:
        own, base = CONTROLLED.get(gate.name, (0, gate.name))
        matrix = gate.matrix if gate.matrix is not None else BASES[base](*gate.slots)
        if gate.name == "multiplexer":
            matrix = np.zeros((2 * len(matrix),) * 2, complex)
            for choice, block in enumerate(gate.matrix):
                matrix[2 * choice : 2 * choice + 2, 2 * choice : 2 * choice + 2] = block
        controls = gate.controls + own
        value = (1 << controls) - 1 if gate.state is None else gate.state
        index = [slice(None)] * num_qubits
        for position, wire in enumerate(gate.wires[:controls]):
            index[num_qubits - 1 - wire] = value >> position & 1
        multiply(state, index, matrix, [num_qubits - 1 - wire for wire in gate.wires[controls:]])
    return state.reshape(-1)


def multiply(state, index, matrix, axes):
    """Multiply the part of the state that `index` selects with a matrix, in place; the first axis is its lowest bit."""
    parts = []
    for entry in range(len(matrix)):
        for position, axis in enumerate(axes):
            index[axis] = entry >> position & 1
        parts.append(tuple(index))
    rows = matrix.tolist()
    diagonal = np.count_nonzero(matrix) == np.count_nonzero(np.diag(matrix))
    old = [state[part] if diagonal else state[part].copy() for part in parts]
    for own, row in enumerate(rows):
        columns = [column for column, factor in enumerate(row) if factor != 0]
        if columns == [own] and row[own] == 1:
            continue
        total = row[columns[0]] * old[columns[0]]
        for column in columns[1:]:
            total += row[column] * old[column]
        state[parts[own]] = total
