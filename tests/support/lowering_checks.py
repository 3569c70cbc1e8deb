"""Lowered circuits asked for what they do: the short questions of the tests of control flow."""

from __future__ import annotations

import pytest
from oracles import packed as packed_oracle
from oracles import packed_control_flow
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr, types

from ketjet.errors import InvalidCircuitError
from ketjet.lowering import lower


def names(circuit, **options):
    return packed_oracle.operation_names(lower(circuit, **options).program)


def distribution(circuit):
    return packed_control_flow.distribution(lower(circuit).program)


def bits(circuit):
    """The classical bits after a circuit that leaves nothing to chance."""
    ((value, weight),) = distribution(circuit).items()
    assert weight == pytest.approx(1)
    return value


def registers(*sizes):
    """A circuit with a qubit and classical registers a, b, ..., and those registers."""
    cregs = [ClassicalRegister(size, chr(97 + i)) for i, size in enumerate(sizes)]
    return QuantumCircuit(QuantumRegister(1, "q"), *cregs), *cregs


def set_register(circuit, register, value):
    circuit.store(register, expr.lift(value, types.Uint(register.size)))


def error_of(circuit, kind=InvalidCircuitError):
    circuit.name = "wrong"
    with pytest.raises(kind) as caught:
        lower(circuit)
    return caught.value.message
