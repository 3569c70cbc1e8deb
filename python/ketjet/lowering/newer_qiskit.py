"""What differs between the supported versions of Qiskit. Where a class is missing, nothing is an instance of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit import __version__
from qiskit.circuit import Instruction, library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit.circuit import ParameterExpression

__all__ = ["LOOPS_LEND_PARAMETERS", "PauliProductMeasurement", "PauliProductRotationGate", "expression_steps"]

LOOPS_LEND_PARAMETERS = tuple(map(int, __version__.split(".")[:2])) < (2, 4)
"""Whether a circuit counts parameters to which its loops give values among its own."""


def _class_of(name: str) -> Any:
    return getattr(library, name, None) or type(name, (Instruction,), {"__module__": __name__})


PauliProductMeasurement = _class_of("PauliProductMeasurement")  # 2.3
PauliProductRotationGate = _class_of("PauliProductRotationGate")  # 2.4


def expression_steps(expression: ParameterExpression) -> Iterator[tuple[str, Any, Any]]:
    """Yield how an expression is made: the name of each step in `OpCode` and what it acts on.

    What acts on the result of earlier steps has None there, the left operand being the earlier one. Nothing is yielded
    where this is not known.
    """
    for step in getattr(expression, "_qpy_replay", ()):  # private, but stored in QPY files
        yield str(getattr(step, "op", "")).rpartition(".")[2], getattr(step, "lhs", None), getattr(step, "rhs", None)
