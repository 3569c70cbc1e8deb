"""A slow, simple simulator that shares nothing with the package: what the fast one is compared to.

States are arrays with one axis per qubit, qubit 0 last. Measurements and resets split a run into branches, so
outcome distributions are exact. Gates are matrices from Qiskit; without one, their definition is run.
"""

from __future__ import annotations

import numpy as np
from qiskit.circuit import Barrier, ControlledGate, Delay, Measure, Reset
from qiskit.circuit.library import Initialize, PauliEvolutionGate

TINY = 1e-14


class Branch:
    """A state that is not normalised, together with the classical bits that were measured on the way."""

    def __init__(self, state, bits=0):
        self.state = state
        self.bits = bits

    def apply(self, matrix, qubits):
        """Multiply with a matrix on some qubits, the first of them as its lowest index bit."""
        count = len(qubits)
        axes = [self.state.ndim - 1 - qubit for qubit in reversed(qubits)]
        tensor = np.asarray(matrix, complex).reshape((2,) * (2 * count))
        product = np.tensordot(tensor, self.state, axes=(range(count, 2 * count), axes))
        self.state = np.moveaxis(product, range(count), axes)

    def project(self, qubit, value):
        """Return the branch in which this qubit was found to have this value."""
        projected = np.zeros_like(self.state)
        index = [slice(None)] * self.state.ndim
        index[self.state.ndim - 1 - qubit] = value
        projected[tuple(index)] = self.state[tuple(index)]
        return Branch(projected, self.bits)

    @property
    def weight(self):
        """The probability of the branch."""
        return float(np.vdot(self.state, self.state).real)


def run(circuit, state=None):
    """Return all branches of a circuit that starts in the given state, or in |0...0>."""
    if state is None:
        state = np.eye(1, 2**circuit.num_qubits, dtype=complex)[0]
    branches = [Branch(np.array(state, complex).reshape((2,) * circuit.num_qubits))]
    return run_on(circuit, range(circuit.num_qubits), range(circuit.num_clbits), branches)


def run_on(circuit, qubits, clbits, branches):
    """Run a circuit on some qubits and classical bits of existing branches."""
    qubit_of = dict(zip(circuit.qubits, qubits, strict=True))
    clbit_of = dict(zip(circuit.clbits, clbits, strict=True))
    for branch in branches:
        branch.state = branch.state * np.exp(1j * float(circuit.global_phase))
    for instruction in circuit.data:
        own_qubits = [qubit_of[qubit] for qubit in instruction.qubits]
        own_clbits = [clbit_of[clbit] for clbit in instruction.clbits]
        branches = step(instruction.operation, own_qubits, own_clbits, branches)
    return branches


def step(operation, qubits, clbits, branches):
    """Return the branches after one operation."""
    if isinstance(operation, (Barrier, Delay)):
        return branches
    if isinstance(operation, (Measure, Reset)):
        return collapse(branches, qubits[0], clbits[0] if clbits else None)
    matrix = matrix_of(operation)
    if matrix is None:
        return run_on(operation.definition, qubits, clbits, branches)
    for branch in branches:
        branch.apply(matrix, qubits)
    return branches


def collapse(branches, qubit, clbit):
    """Measure a qubit into a classical bit, or reset it when there is none."""
    split = []
    for branch in branches:
        for value in (0, 1):
            part = branch.project(qubit, value)
            if part.weight < TINY:
                continue
            if clbit is not None:
                part.bits = part.bits & ~(1 << clbit) | value << clbit
            elif value:
                part.apply([[0, 1], [1, 0]], [qubit])
            split.append(part)
    return split


def matrix_of(operation):
    """Return the matrix of a gate, or None if only its definition is right."""
    if isinstance(operation, (PauliEvolutionGate, Initialize)):
        return None  # Qiskit's matrix is the exact exponential, but circuits run the product formula
    if isinstance(operation, ControlledGate) and _is_sound(operation):
        return controlled(matrix_of(operation.base_gate), operation.num_ctrl_qubits, operation.ctrl_state)
    try:
        return np.asarray(operation.to_matrix())
    except Exception:
        return None


def _is_sound(gate):
    """Tell whether a controlled gate is its base gate with controls (CU also has a phase)."""
    base = gate.base_gate
    width = gate.num_qubits - gate.num_ctrl_qubits
    if len(base.params) > 3 or gate.name.startswith("cu") or base.num_qubits != width:
        return False
    return matrix_of(base) is not None


def controlled(matrix, count, state):
    """Return the matrix with `count` controls as its lowest index bits."""
    size = 1 << count
    result = np.eye(len(matrix) * size, dtype=complex)
    result[state::size, state::size] = matrix
    return result


def statevector(circuit, state=None):
    """Return the final state of a circuit without measurements and resets."""
    (branch,) = run(circuit, state)
    return branch.state.reshape(-1)


def unitary(circuit):
    """Return the matrix of a circuit without measurements and resets."""
    return np.array([statevector(circuit, column) for column in np.eye(2**circuit.num_qubits)]).T


def distribution(circuit):
    """Return the exact probability of every value of the classical bits, as integers with clbit 0 lowest."""
    return merge(run(circuit))


def merge(branches):
    """Add up the weights of branches with the same classical bits."""
    result = {}
    for branch in branches:
        result[branch.bits] = result.get(branch.bits, 0.0) + branch.weight
    return {bits: weight for bits, weight in result.items() if weight > TINY}
