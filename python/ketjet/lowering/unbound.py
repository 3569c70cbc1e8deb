"""The slots of a program whose values come later, in columns, which the garbage collector passes over."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit.circuit import ParameterExpression


class UnboundSlot(NamedTuple):
    """A slot whose value is an expression, and the instruction it belongs to."""

    slot: int
    expression: ParameterExpression
    instruction: int
    """Index in the outermost circuit; -1 for the circuit's global phase."""
    gate: str


class UnboundSlots:
    """Slots with the expressions that they will hold the values of."""

    def __init__(self) -> None:
        self.slots = array("q")
        self.expressions: list[ParameterExpression] = []
        self.instructions = array("q")
        self.gates: list[str] = []

    def __len__(self) -> int:
        return len(self.slots)

    def __getitem__(self, index: int) -> UnboundSlot:
        return UnboundSlot(self.slots[index], self.expressions[index], self.instructions[index], self.gates[index])

    def append(self, slot: int, expression: ParameterExpression, instruction: int, gate: str) -> None:
        """Note one more slot and the instruction that it belongs to."""
        self.slots.append(slot)
        self.expressions.append(expression)
        self.instructions.append(instruction)
        self.gates.append(sys.intern(gate))  # one text instead of a million equal ones

    def repeat(self, begin: int, end: int, shift: int, instruction: int, gate: str) -> None:
        """Append some of them once more, so many slots further, as those of another instruction."""
        self.slots.extend([slot + shift for slot in self.slots[begin:end]])
        self.expressions += self.expressions[begin:end]
        self.instructions += array("q", [instruction]) * (end - begin)
        self.gates += [sys.intern(gate)] * (end - begin)

    def between(self, begin: int, end: int) -> Iterator[UnboundSlot]:
        """Yield some of them."""
        return map(self.__getitem__, range(begin, end))

    def truncate(self, length: int) -> None:
        """Forget all but so many."""
        del self.slots[length:], self.expressions[length:], self.instructions[length:], self.gates[length:]
