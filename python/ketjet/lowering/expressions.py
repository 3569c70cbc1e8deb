"""Qiskit's classical expressions as classical code: postfix, every operation with the widths of its operands.

Trees are walked with an explicit stack, so their depth does not matter. What a name means depends on the circuit an
expression stands in: its classical bits have numbers, its variables are in the table.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from qiskit.circuit import ClassicalRegister, Clbit
from qiskit.circuit.classical import expr, types

from ketjet.engine import classical_codes
from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.variables import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ketjet.lowering.variables import VariableTable

PICOSECONDS = {"ps": 1.0, "ns": 1e3, "us": 1e6, "ms": 1e9, "s": 1e12}
BOOL = types.Bool()
FLOAT = types.Float()


def signed_words(value: int, count: int) -> list[int]:
    """Split a number into so many 64-bit words, as the signed integers a payload holds."""
    words = [value >> 64 * i & 0xFFFF_FFFF_FFFF_FFFF for i in range(count)]
    return [word - (1 << 64) if word >> 63 else word for word in words]


def constant(value: int, words: int) -> list[int]:
    """Return the code that pushes a number of so many words."""
    return [classical_codes()["constant"], words, *signed_words(value, words)]


def store_words(first: int, words: int) -> list[int]:
    """Return the code that pops a number into the variable area."""
    return [classical_codes()["store_words"], first, words]


def load_words(first: int, words: int) -> list[int]:
    """Return the code that pushes words of the variable area."""
    return [classical_codes()["load_words"], first, words]


def resize(source: int, target: int) -> list[int]:
    """Return the code that makes a Uint of one width one of another, modulo 2^target."""
    return [] if source == target else [classical_codes()["resize"], max(1, -(-source // 64)), target]


class Expressions:
    """Writes the code of expressions that stand in one circuit.

    Parameters
    ----------
    variables
        The variables in scope.
    clbits
        The numbers of the circuit's classical bits.
    """

    def __init__(self, variables: VariableTable, clbits: Mapping[Clbit, int]) -> None:
        self._variables = variables
        self._clbits = clbits
        self._codes = classical_codes()

    def condition(self, condition: Any) -> list[int]:
        """Return the code that leaves the Bool of a condition: an expression, or a bit or register and its value."""
        if isinstance(condition, tuple):
            condition = expr.lift_legacy_condition(condition)
        return [*self.value(condition), *self._conversion(condition.type, BOOL)]

    def value(self, expression: expr.Expr) -> list[int]:
        """Return the code that pushes the value of an expression."""
        code: list[int] = []
        ahead: list[Any] = [expression]
        while ahead:
            part = ahead.pop()
            if isinstance(part, list):
                code += part
            else:
                ahead += reversed(self._parts(part))
        return code

    def store(self, target: expr.Expr, value: expr.Expr) -> tuple[list[int], bool]:
        """Return the code that stores a value, and whether it writes classical bits."""
        code = self.value(value)
        if isinstance(target, expr.Index):
            code += self._conversion(value.type, BOOL)
            return self._store_bit(target, code)
        code += self._conversion(value.type, target.type)
        if target.standalone:
            variable = self._variables.find(target)
            code += store_words(variable.first, variable.words)
            self._variables.store(variable, code)
            return code, False
        bits = self._bits(target.var)
        if not bits:
            return [], False
        code += resize(_width(target.type), len(bits))
        return [*code, self._codes["store_bits"], len(bits), *bits], True

    def _store_bit(self, target: expr.Index, code: list[int]) -> tuple[list[int], bool]:
        """Return the code that stores the Bool on the stack into one bit."""
        place, position = target.target, _constant_of(target.index)
        words = words_of(target.index.type)
        if place.standalone:
            variable = self._variables.find(place)
            guard = self._variables.read(variable)  # the other bits keep their values, so they need some
            code = [*guard, *code, *self.value(target.index)]
            return [*code, self._codes["store_word_bit_at"], words, variable.first, place.type.width], False
        bits = self._bits(place.var)
        if position is not None and position < len(bits):
            return [*code, self._codes["store_bits"], 1, bits[position]], True
        code += self.value(target.index)
        return [*code, self._codes["store_bit_at"], words, len(bits), *bits], True

    def _parts(self, node: expr.Expr) -> Sequence[Any]:
        """Return what evaluates a node: expressions and codes, in the order they run."""
        if isinstance(node, expr.Value):
            return (self._constant(node),)
        if isinstance(node, expr.Var):
            return (self._load(node),)
        if isinstance(node, expr.Cast):
            return node.operand, self._conversion(node.operand.type, node.type)
        if isinstance(node, expr.Binary):
            return self._binary(node)
        if isinstance(node, expr.Unary):
            return node.operand, self._unary(node)
        if isinstance(node, expr.Index):
            return self._index(node)
        if isinstance(node, expr.Stretch):
            msg = (
                f"the value of stretch {node.name!r} is known only after scheduling; "
                "use stretches for the durations of delays and boxes alone"
            )
            raise UnsupportedInstructionError(msg)
        msg = f"expressions of class {type(node).__name__} are unknown; use those of Qiskit's expr module"
        raise UnsupportedInstructionError(msg)

    def _constant(self, node: expr.Value) -> list[int]:
        kind = node.type.kind
        if kind is types.Duration:
            return self._double(self._variables.in_unit(*_length(node.value)))
        if kind is types.Float:
            return self._double(node.value)
        width = _width(node.type)
        if not 0 <= node.value < 1 << width:
            msg = f"the value {node.value} does not fit into {width} bits; use a wider type"
            raise InvalidCircuitError(msg)
        return constant(int(node.value), words_of(node.type))

    def _double(self, value: float) -> list[int]:
        return [self._codes["constant"], 1, *struct.unpack("<q", struct.pack("<d", value))]

    def _bits(self, target: Clbit | ClassicalRegister) -> list[int]:
        """Return the numbers of a classical bit or of those of a register."""
        try:
            return [self._clbits[bit] for bit in ((target,) if isinstance(target, Clbit) else target)]
        except KeyError as error:
            msg = f"it uses {error.args[0]!r}, which is not in the circuit around it; add it to the circuit"
            raise InvalidCircuitError(msg) from None

    def _load(self, node: expr.Var) -> list[int]:
        if node.standalone:
            variable = self._variables.find(node)
            return [*self._variables.read(variable), *load_words(variable.first, variable.words)]
        bits = self._bits(node.var)
        if not bits:
            return constant(0, 1)
        code = [self._codes["load_bits"], len(bits), *bits]
        if words_of(node.type) > -(-len(bits) // 64):
            code += resize(len(bits), node.type.width)
        return code

    def _index(self, node: expr.Index) -> Sequence[Any]:
        """Return the parts of one bit of a number; a certain bit of a register is read alone."""
        target, width = node.target, node.target.type.width
        position = _constant_of(node.index)
        if position is not None and isinstance(target, expr.Var) and not target.standalone:
            bits = self._bits(target.var)
            if position < len(bits):
                return ([self._codes["load_bits"], 1, bits[position]],)
        return target, node.index, [self._codes["index"], width, words_of(node.index.type)]

    def _unary(self, node: expr.Unary) -> list[int]:
        if node.op.name == "NEGATE":  # not in Qiskit before 2.4
            return [self._codes["float_negate"]]
        if node.op is expr.Unary.Op.BIT_NOT:
            return [self._codes["bit_not"], _width(node.type)]
        return [*self._conversion(node.operand.type, BOOL), self._codes["logic_not"]]

    def _binary(self, node: expr.Binary) -> Sequence[Any]:
        name, left, right = node.op.name.lower(), node.left, node.right
        if name in ("shift_left", "shift_right"):
            return left, right, [self._codes[name], _width(left.type), words_of(right.type)]
        if name in ("logic_and", "logic_or"):
            common, operation = BOOL, [self._codes[name]]
        elif _is_float(left.type) or _is_float(right.type):
            common, operation = FLOAT, [self._codes[f"float_{name}"]]
        else:
            common = left.type if _width(left.type) >= _width(right.type) else right.type
            by_width = name in ("add", "sub", "mul", "div")
            operation = [self._codes[name], _width(common) if by_width else words_of(common)]
        return (
            left, self._conversion(left.type, common), right, [*self._conversion(right.type, common), *operation],
        )  # fmt: skip

    def _conversion(self, source: Any, target: Any) -> list[int]:
        """Return the code that converts the number on the stack."""
        if _is_float(source) and _is_float(target):
            return []
        if _is_float(source):
            to_bool = target.kind is types.Bool
            return [self._codes["float_truth"]] if to_bool else [self._codes["float_to_uint"], _width(target)]
        if _is_float(target):
            return [self._codes["uint_to_float"], words_of(source)]
        if target.kind is types.Bool:
            return [] if source.kind is types.Bool else [self._codes["truth"], words_of(source)]
        return resize(_width(source), _width(target))


def _is_float(kind: Any) -> bool:
    return kind.kind in (types.Float, types.Duration)


def _width(kind: Any) -> int:
    return max(1, kind.width) if kind.kind is types.Uint else 1


def _constant_of(node: expr.Expr) -> int | None:
    return int(node.value) if isinstance(node, expr.Value) else None


def _length(duration: Any) -> tuple[float, bool]:
    """Return a duration in ps or dt, and whether it is in dt."""
    unit = duration.unit()
    return duration.value() * PICOSECONDS.get(unit, 1.0), unit == "dt"
