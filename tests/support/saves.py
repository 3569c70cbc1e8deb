"""Circuits that save, written without qiskit-aer."""

from __future__ import annotations

from qiskit.circuit import Instruction


class Save(Instruction):
    """What qiskit-aer's classes look like from outside."""

    _directive = True

    def __init__(self, name, num_qubits, label, subtype, params=()):
        super().__init__(name, num_qubits, 0, list(params))
        self._label, self._subtype = label, subtype


def save(circuit, name, subtype, qubits, params=(), label="saved"):
    circuit.append(Save(name, len(qubits), label, subtype, params), qubits)
    return circuit


def save_expectation(circuit, pauli, qubit, *, label="value", subtype="average"):
    save(circuit, "save_expval", subtype, [qubit], [(pauli, (1.0, 0))], label)
