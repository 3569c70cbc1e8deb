"""Circuits read in Python, beside the same read through Qiskit's C API."""

from __future__ import annotations

import numpy as np
import pytest

from ketjet.engine import instruction_codes
from ketjet.lowering import lower, native


def by_python(circuit, **options):
    """Lower a circuit without Qiskit's C API."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "_reader", lambda: None)
        return lower(circuit, **options)


def assert_same(first, second):
    """Check that two lowered circuits are the same in everything."""
    for mine, other in zip(contents(first), contents(second), strict=True):
        np.testing.assert_equal(mine, other)
    assert first.program.fingerprint == second.program.fingerprint
    assert (first.qubits, first.has_measurements) == (second.qubits, second.has_measurements)
    assert (first.parameters, first.saves) == (second.parameters, second.saves)
    assert (first.binding is None) == (second.binding is None)
    if first.binding is not None:
        for mine, other in zip(first.binding._used, second.binding._used, strict=True):
            np.testing.assert_equal(list(mine), list(other))


def contents(lowered):
    """The columns of a program, with payloads in the order in which operations use them."""
    *columns, operand, payloads, words, labels = lowered.program.packed()
    codes, own = columns[2], [instruction_codes()[name] for name in ("measure", "jump")]
    used = [payloads[number] for code, number in zip(codes, operand, strict=True) if code not in own and number >= 0]
    return *columns, np.where(np.isin(codes, own), operand, operand >= 0), used, words, labels
