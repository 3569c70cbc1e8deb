"""What a circuit file from anybody may ask for: how many bits, which includes, how large its integers.

OpenQASM 2 is simple enough to be looked over as text. Of OpenQASM 3 the syntax tree is, so that no spelling, comment or
pragma hides anything; the tree is walked before anything in it is carried out.
"""

from __future__ import annotations

import operator
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from ketjet.circuit_files.places import at_node, at_offset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ketjet.errors import CircuitFileError

__all__ = ["MAX_BITS", "check_openqasm2", "check_openqasm3"]

MAX_BITS = 10_000
"""Most qubits or classical bits that one file may declare; idle qubits are free, so this can be generous."""

GATE_LIBRARIES = ("stdgates.inc", "qelib1.inc")

_INCLUDE = re.compile(r"""\binclude\s*["']([^"'\n]*)["']""")
_DECLARATION = re.compile(r"\b(qreg|creg)\s+\w+\s*\[([^\]]*)\]")
_LONG_INDEX = re.compile(r"\[\s*(\d{19,})")  # Qiskit's parser panics beyond 64 bits

_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul}


class _Widths:
    """How many bits a file has declared."""

    def __init__(self) -> None:
        self._totals = {"qubits": 0, "classical bits": 0}

    def add(self, kind: str, width: int, refuse: Callable[[str], CircuitFileError]) -> None:
        self._totals[kind] += width
        if self._totals[kind] > MAX_BITS:
            raise refuse(f"declares more than {MAX_BITS} {kind}")


def _require_library(name: str, refuse: Callable[[str], CircuitFileError]) -> None:
    if name not in GATE_LIBRARIES:
        raise refuse(f"include {name!r} is not followed, only {' and '.join(GATE_LIBRARIES)}")


def check_openqasm2(path: Path, code: str) -> None:
    """Raise CircuitFileError if the text asks for too much.

    Parameters
    ----------
    path
        Where it comes from.
    code
        The text with blanks for comments.
    """

    def refusing(match: re.Match[str]) -> Callable[[str], CircuitFileError]:
        return partial(at_offset, path, code, match.start())

    for include in _INCLUDE.finditer(code):
        _require_library(include[1], refusing(include))
    if number := _LONG_INDEX.search(code):
        raise refusing(number)(f"the index or width {number[1][:24]} has more than 18 digits")
    widths = _Widths()
    for declaration in _DECLARATION.finditer(code):
        width = declaration[2].strip()
        if not (width.isascii() and width.isdecimal()):
            raise refusing(declaration)(f"register width {width[:24]!r} is not an integer")
        kind = "qubits" if declaration[1] == "qreg" else "classical bits"
        widths.add(kind, int(width), refusing(declaration))


def check_openqasm3(path: Path, tree: Any) -> None:
    """Raise CircuitFileError if the program asks for too much.

    Parameters
    ----------
    path
        Where it comes from.
    tree
        Its syntax tree, of the package `openqasm3`.
    """
    widths = _Widths()
    for node in _nodes(tree):
        kind, refuse = type(node).__name__, partial(at_node, path, node)
        if kind == "Include":
            _require_library(node.filename, refuse)
        elif kind in {"QubitDeclaration", "BitType"}:
            width = 1 if node.size is None else _constant(node.size)
            if width is None:
                raise refuse("a register width is not an integer constant")
            widths.add("qubits" if kind == "QubitDeclaration" else "classical bits", width, refuse)
        elif kind == "Identifier" and node.name.startswith("$") and _is_over(node.name[1:]):
            raise refuse(f"uses more than {MAX_BITS} physical qubits")
        elif kind in {"QuantumGate", "QuantumPhase"}:
            _check_controls(node, refuse)
        elif kind in {"RangeDefinition", "DiscreteSet"}:
            _check_integers(node, refuse)


def _nodes(tree: Any) -> Iterator[Any]:
    """Yield all nodes of a syntax tree, however deep it is."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (list, tuple)):
            waiting += reversed(node)
        elif type(node).__module__.startswith("openqasm3"):
            yield node
            waiting += reversed(list(getattr(node, "__dict__", {}).values()))


def _is_over(digits: str) -> bool:
    return len(digits) > len(str(MAX_BITS)) or int(digits) >= MAX_BITS


def _check_controls(gate: Any, refuse: Callable[[str], CircuitFileError]) -> None:
    """Refuse more controls than operands: they would be made before anybody counts."""
    for modifier in gate.modifiers:
        count = None if modifier.argument is None else _constant(modifier.argument)
        if "ctrl" in modifier.modifier.name and count is not None and count > len(gate.qubits):
            raise refuse("a gate has more controls than operands")


def _check_integers(node: Any, refuse: Callable[[str], CircuitFileError]) -> None:
    values = node.values if type(node).__name__ == "DiscreteSet" else (node.start, node.end, node.step)
    for value in values:
        number = None if value is None else _constant(value)
        if number is not None and not -(2**63) < number < 2**63 - 1:
            raise refuse("an integer of a range or a set does not fit 64 bits")


def _constant(expression: Any) -> int | None:
    """Return the value of an integer expression without names, None of another one."""
    kind = type(expression).__name__
    if kind == "IntegerLiteral":
        return int(expression.value)
    if kind == "UnaryExpression" and expression.op.name == "-":
        value = _constant(expression.expression)
        return None if value is None else -value
    if kind == "BinaryExpression" and expression.op.name in _ARITHMETIC:
        left, right = _constant(expression.lhs), _constant(expression.rhs)
        return None if left is None or right is None else _ARITHMETIC[expression.op.name](left, right)
    return None
