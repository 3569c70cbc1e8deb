"""Slots whose angles are expressions of parameters: as they are gathered, and with each of these expressions once."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from qiskit.circuit import Parameter

from ketjet.lowering.arrays import distinct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from qiskit.circuit import ParameterExpression

__all__ = [
    "SlotExpressions",
    "UnboundSlot",
    "UnboundSlots",
    "number_of",
    "parameters_of",
    "slot_expressions",
    "told_apart",
]


class UnboundSlot(NamedTuple):
    """A slot whose value is an expression, and the instruction it belongs to."""

    slot: int
    expression: ParameterExpression
    instruction: int
    """Index in the outermost circuit; -1 for the circuit's global phase."""
    gate: str


class UnboundSlots:
    """Slots with the expressions they will hold the values of, in columns: the garbage collector passes these over."""

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


class SlotExpressions(NamedTuple):
    """How slots follow from parameters.

    Attributes
    ----------
    slots : ndarray of int64
        The unbound slots.
    numbers : ndarray of int64
        Of each: the number of its expression.
    instructions : ndarray of int64
        Of each: the index of its instruction in the outermost circuit; -1 for the circuit's global phase.
    gates : sequence of str
        The names of these instructions.
    expressions : list of ParameterExpression
        Equal ones are here once.
    parameters : ndarray of int64
        Of each expression: the number of the parameter that it is; -1 for any other expression.
    others : list of int
        The numbers of these others.
    phases : list of int
        The slots that are the circuit's global phase.
    """

    slots: NDArray[np.int64]
    numbers: NDArray[np.int64]
    instructions: NDArray[np.int64]
    gates: Sequence[str]
    expressions: list[ParameterExpression]
    parameters: NDArray[np.int64]
    others: list[int]
    phases: list[int]


def told_apart(unbound: UnboundSlots, own: Sequence[Parameter]) -> tuple[SlotExpressions, tuple[Parameter, ...]]:
    """Return slots with their expressions, and all parameters that these have.

    Parameters
    ----------
    unbound
        Not to be changed any more.
    own
        The circuit's parameters. They are the first of those that are returned; behind them are those that only
        definitions know, by name.
    """
    expressions: list[ParameterExpression] = []
    known: dict[ParameterExpression, int] = {}
    numbers = array("q")
    for place, expression in enumerate(unbound.expressions):
        number = number_of(expression, expressions, known)
        numbers.append(number)
        unbound.expressions[place] = expressions[number]  # equal ones are let go of here, not all at the end
    listed, hidden = distinct(own), set()
    for expression in expressions:
        if not (isinstance(expression, Parameter) and expression in listed):
            hidden |= parameters_of(expression) - listed
    parameters = (*own, *sorted(hidden, key=lambda parameter: parameter.name))
    slots, instructions = np.asarray(unbound.slots), np.asarray(unbound.instructions)
    found = slot_expressions(slots, np.asarray(numbers), instructions, unbound.gates, expressions, parameters)
    return found, parameters


def slot_expressions(
    slots: NDArray[np.int64],
    numbers: NDArray[np.int64],
    instructions: NDArray[np.int64],
    gates: Sequence[str],
    expressions: list[ParameterExpression],
    parameters: Sequence[Parameter],
) -> SlotExpressions:
    """Return how slots follow from parameters, of which there may be others beside those that are expressions."""
    index = {parameter.name: number for number, parameter in enumerate(parameters)}
    places = [index[each.name] if isinstance(each, Parameter) else -1 for each in expressions]
    return SlotExpressions(
        slots,
        numbers,
        instructions,
        gates,
        expressions,
        np.array(places, np.int64),
        [number for number, place in enumerate(places) if place < 0],
        slots[instructions < 0].tolist(),
    )


def number_of(
    expression: ParameterExpression, expressions: list[ParameterExpression], known: dict[ParameterExpression, int]
) -> int:
    """Return the number of an expression, which is appended to the others if it is new."""
    number = len(expressions)
    try:  # noqa: SIM105 - a context manager for each takes longer
        number = known.setdefault(expression, number)
    except OverflowError:  # Qiskit's hash of an expression that is a negative integer
        pass
    if number == len(expressions):
        expressions.append(expression)
    return number


def parameters_of(expression: ParameterExpression) -> set[Parameter]:
    """Return the parameters in an expression."""
    return {expression} if isinstance(expression, Parameter) else expression.parameters
