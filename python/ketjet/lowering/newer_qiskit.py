"""What differs between the supported versions of Qiskit. Where a class is missing, nothing is an instance of it."""

from __future__ import annotations

from typing import Any

from qiskit import __version__
from qiskit.circuit import Instruction, library

__all__ = ["LOOPS_LEND_PARAMETERS", "PauliProductMeasurement", "PauliProductRotationGate"]

LOOPS_LEND_PARAMETERS = tuple(map(int, __version__.split(".")[:2])) < (2, 4)
"""Whether a circuit counts parameters to which its loops give values among its own."""


def _class_of(name: str) -> Any:
    return getattr(library, name, None) or type(name, (Instruction,), {"__module__": __name__})


PauliProductMeasurement = _class_of("PauliProductMeasurement")  # 2.3
PauliProductRotationGate = _class_of("PauliProductRotationGate")  # 2.4
