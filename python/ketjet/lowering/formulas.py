"""Expressions of parameters as postfix code, which the engine evaluates for many points at once.

The code repeats what Qiskit does when values are bound, operation by operation, so that the digits are the same. While
it binds, Qiskit computes sums, products, quotients and negatives of numbers at once; functions and powers stay as they
are until the end, and a sum or product in which one stands may be simplified first. Where that could change the order
of operations, the code serves for derivatives only.
"""

from __future__ import annotations

from array import array
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from qiskit.circuit import Parameter

from ketjet.engine import formula_codes
from ketjet.lowering.newer_qiskit import expression_steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FormulaWriter", "is_smooth"]


class _Kind(Enum):
    """What an operand has become when its parameters are bound."""

    NUMBER = auto()
    INTEGER = auto()
    """A number that Qiskit may keep as an integer."""
    NEGATIVE = auto()
    """A number whose sign is still to be changed."""
    UNSURE = auto()
    """A number, but one whose sign is still to be changed if an operand of it is 0 or 1."""
    FUNCTION = auto()
    """A function, or power, of what can be computed."""
    MIXTURE = auto()
    """A sum, difference, product or quotient of a number and a function, or a negative of one."""


MAX_INTEGER = 1 << 53
"""Integers up to here are doubles, too."""

_NUMBERS = {_Kind.NUMBER, _Kind.INTEGER, _Kind.NEGATIVE, _Kind.UNSURE}

_FUNCTIONS = {
    "ABS": "abs",
    "SIGN": "sign",
    "SIN": "sin",
    "COS": "cos",
    "TAN": "tan",
    "ASIN": "asin",
    "ACOS": "acos",
    "ATAN": "atan",
    "EXP": "exp",
    "LOG": "log",
}
_BINARY = {"ADD": "add", "SUB": "subtract", "MUL": "multiply", "DIV": "divide", "POW": "power"}
_REVERSED = {"RSUB": "SUB", "RDIV": "DIV", "RPOW": "POW"}


def _kind_of_numbers(operands: set[_Kind]) -> _Kind:
    """Return what joins two operands of these kinds, if it is a number."""
    if not operands <= _NUMBERS:
        return _Kind.MIXTURE
    if operands <= {_Kind.NUMBER, _Kind.INTEGER}:
        return _Kind.INTEGER if _Kind.INTEGER in operands else _Kind.NUMBER
    return _Kind.UNSURE


class _UnknownStepError(Exception):
    """An expression holds what the engine cannot compute: complex numbers, or operations of another Qiskit."""


class _Operand(NamedTuple):
    """Part of an expression: its code, as pairs of an operation and its operand."""

    code: list[tuple[int, int]]
    kind: _Kind
    ordered: bool
    """Whether Qiskit takes the same operations in the same order."""


def is_smooth(expression: Any) -> bool:
    """Tell whether an expression has derivatives wherever it and its parts are finite, of complex numbers too."""
    return not {name for name, _, _ in expression_steps(expression)} & {"ABS", "SIGN", "CONJ"}


class FormulaWriter:
    """Writes the columns of formulas, one expression after another.

    Parameters
    ----------
    index
        The numbers of the parameters, by name.
    """

    def __init__(self, index: Mapping[str, int]) -> None:
        self._index = index
        self._codes = formula_codes()
        self.begins = array("q", [0])
        self.ops = array("B")
        self.operands = array("i")
        self.constants = array("d")
        self.ordered = array("B")

    def unknown(self) -> None:
        """Append a formula that is left to Qiskit."""
        self._append([], ordered=False)

    def parameters(self, names: Sequence[str]) -> None:
        """Append parameters as they are."""
        begin = len(self.ops)
        self.ops.extend([self._codes["parameter"]] * len(names))
        self.operands.extend([self._index[name] for name in names])
        self.begins.extend(range(begin + 1, len(self.ops) + 1))
        self.ordered.extend([1] * len(names))

    def expression(self, expression: Any) -> None:
        """Append an expression; it is left to Qiskit if it holds what the engine cannot compute."""
        if isinstance(expression, Parameter):
            self.parameters([expression.name])
            return
        kept = len(self.constants)
        try:
            whole = self._read(expression)
        except (_UnknownStepError, IndexError):  # the stack has run empty
            del self.constants[kept:]
            self.unknown()
        else:
            self._append(whole.code, ordered=whole.ordered)

    def _append(self, code: list[tuple[int, int]], *, ordered: bool) -> None:
        self.ops.extend(op for op, _ in code)
        self.operands.extend(operand for _, operand in code)
        self.begins.append(len(self.ops))
        self.ordered.append(ordered)

    def _read(self, expression: Any) -> _Operand:
        """Replay how an expression is made."""
        stack: list[_Operand] = []
        for step, left, right in expression_steps(expression):
            name = _REVERSED.get(step, step)
            if name in _BINARY:
                b = stack.pop() if right is None else self._leaf(right)
                a = stack.pop() if left is None else self._leaf(left)
                if step in _REVERSED:
                    a, b = b, a
                if name == "MUL" and type(right) is int and right == -1:
                    stack.append(self._negated(a))
                elif name == "POW":
                    stack.append(self._joined("power", a, b, _Kind.FUNCTION, ordered=True))
                else:
                    stack.append(self._combined(name, a, b))
                continue
            a = stack.pop() if left is None else self._leaf(left)
            if name in _FUNCTIONS:
                a.code.append((self._codes[_FUNCTIONS[name]], 0))
            elif name != "CONJ":  # of what is real
                raise _UnknownStepError
            stack.append(a._replace(kind=_Kind.FUNCTION))
        if len(stack) != 1:
            raise _UnknownStepError
        return stack[0]

    def _leaf(self, value: Any) -> _Operand:
        if isinstance(value, Parameter):
            return _Operand([(self._codes["parameter"], self._index[value.name])], _Kind.NUMBER, True)
        if type(value) not in (int, float) or (type(value) is int and abs(value) > MAX_INTEGER):
            raise _UnknownStepError
        self.constants.append(value)
        kind = _Kind.INTEGER if type(value) is int else _Kind.NUMBER
        ordered = value != 0  # a zero is left of what Qiskit has simplified; it has no sign if it is an integer
        return _Operand([(self._codes["constant"], len(self.constants) - 1)], kind, ordered)

    def _negated(self, a: _Operand) -> _Operand:
        a.code.append((self._codes["negate"], 0))
        return a._replace(kind=_Kind.NEGATIVE if a.kind in (_Kind.NUMBER, _Kind.INTEGER) else _Kind.MIXTURE)

    def _combined(self, name: str, a: _Operand, b: _Operand) -> _Operand:
        """Join a sum, difference, product or quotient."""
        kinds = {a.kind, b.kind}
        kind = _kind_of_numbers(kinds)
        ordered = kind is not _Kind.MIXTURE or (_Kind.FUNCTION in kinds and bool(kinds & _NUMBERS))
        if name == "DIV":
            if b.kind is _Kind.NUMBER:
                return self._joined("scale_down", a, b, kind, ordered)
            known = b.kind is _Kind.FUNCTION or (b.kind is _Kind.INTEGER and len(b.code) == 1)
            return self._joined("divide", a, b, kind, ordered and known)
        if name == "MUL":
            return self._joined("multiply", a, b, kind, ordered)
        if kind is _Kind.UNSURE and a.kind is _Kind.NEGATIVE:  # the sign is changed afterwards
            total = self._joined("subtract" if name == "ADD" else "add", a._replace(code=a.code[:-1]), b, kind, ordered)
            return self._negated(total)._replace(kind=kind)
        return self._joined(_BINARY[name], a, b, kind, ordered and a.kind is not _Kind.UNSURE)

    def _joined(self, name: str, a: _Operand, b: _Operand, kind: _Kind, ordered: bool) -> _Operand:
        code = a.code
        code += b.code
        code.append((self._codes[name], 0))
        return _Operand(code, kind, ordered and a.ordered and b.ordered)
