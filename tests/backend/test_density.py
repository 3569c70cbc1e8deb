"""Reduced density matrices beside those of NumPy, for all shapes of the computation."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from support.saves import save

from ketjet import engine
from ketjet.lowering import lower


def mixed(num_qubits, qubits):
    circuit = QuantumCircuit(num_qubits)
    for layer in range(3):
        for qubit in range(num_qubits):
            circuit.ry(0.3 + 0.17 * qubit + layer, qubit)
            circuit.rz(0.9 - 0.31 * qubit + layer, qubit)
        for qubit in range(num_qubits):
            if num_qubits > 3:
                circuit.cx(qubit, (qubit + 3) % num_qubits)
    save(circuit, "save_density_matrix", "average", qubits, label="density_matrix")
    return lower(circuit, keep_idle_qubits=True).program


def run(program, **fields):
    outcome = engine.execute(engine.Task(program, 1, 0, return_state=True, **fields))
    (record,) = outcome.saves
    return np.asarray(record.data), outcome.state


def traced(state, qubits):
    """Rows and columns numbered by the qubits, the first being the lowest bit."""
    num_qubits = state.size.bit_length() - 1
    axes = [num_qubits - 1 - qubit for qubit in reversed(qubits)]
    rest = [axis for axis in range(num_qubits) if axis not in axes]
    matrix = state.astype(complex).reshape((2,) * num_qubits).transpose(axes + rest).reshape(1 << len(qubits), -1)
    return matrix @ matrix.conj().T


ORDERS = {
    "low": lambda n, k: list(range(k)),
    "low, reversed": lambda n, k: list(range(k))[::-1],
    "high": lambda n, k: list(range(n - k, n)),
    "high, reversed": lambda n, k: list(range(n - k, n))[::-1],
    "scattered": lambda n, k: [(7 * i + 3) % n for i in range(k)] if n % 7 else list(range(k)),
}


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "shape", [(1, 0), (1, 1), (3, 2), (5, 5), (6, 1), (9, 6), (12, 2), (13, 6), (13, 7), (15, 0), (11, 9)]
)
def test_all_shapes(shape, order, precision):
    qubits = ORDERS[order](*shape)
    found, state = run(mixed(shape[0], qubits), precision=precision, threads=2)
    found = found.reshape((1 << shape[1],) * 2)
    assert np.abs(found - traced(state, qubits)).max() < 1e-12
    assert np.array_equal(found, found.conj().T)


@pytest.mark.parametrize(("num_qubits", "qubits"), [(16, [2, 9, 4]), (14, [13, 1, 2, 3, 5, 7, 8, 10])])
def test_nothing_but_sizes_decides_the_last_bit(num_qubits, qubits):
    program = mixed(num_qubits, qubits)
    first, _ = run(program)
    for threads in (1, 2, 3, 7):
        assert np.array_equal(first, run(program, threads=threads)[0])
