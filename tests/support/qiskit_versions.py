"""What the installed version of Qiskit can write; `nox -s oldest` runs the suite with the oldest that ketjet takes."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitError, ForLoopOp, library
from qiskit.circuit.classical import expr, types


def _has_loop_variables():
    variable = expr.Var.new("i", types.Uint(1))
    try:
        ForLoopOp((), variable, QuantumCircuit(inputs=[variable]))
    except CircuitError:
        return False
    return True


LOOP_VARIABLES = _has_loop_variables()
NEGATES = hasattr(expr, "negate")
WIDE_NUMBERS = expr.lift(2**69 + 1, types.Uint(70)).value == 2**69 + 1  # else they are rounded
PAULI_PRODUCTS = hasattr(library, "PauliProductRotationGate") and hasattr(library, "PauliProductMeasurement")

needs_loop_variables = pytest.mark.skipif(not LOOP_VARIABLES, reason="no loops over a variable in this Qiskit")
needs_negation = pytest.mark.skipif(not NEGATES, reason="no negation in this Qiskit")
needs_wide_numbers = pytest.mark.skipif(not WIDE_NUMBERS, reason="wide numbers are rounded by this Qiskit")
needs_pauli_products = pytest.mark.skipif(not PAULI_PRODUCTS, reason="no Pauli products in this Qiskit")
