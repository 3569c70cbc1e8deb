"""How a for loop goes on when its body has been lowered once: the body again for each value, or a jump and a counter.

Where a value is set is reserved before the body is lowered; what turns out not to be needed stays empty and is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet.engine import classical_codes
from ketjet.lowering.expressions import constant, load_words, resize, signed_words, store_words
from ketjet.lowering.parameters import LoopValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.circuit import Parameter

    from ketjet.lowering.builder import Position, ProgramBuilder
    from ketjet.lowering.variables import Variable


def store_count(counter: int) -> list[int]:
    """Return the code that sets a counter to zero."""
    return [*constant(0, 1), *store_words(counter, 1)]


class Repetitions:
    """The second and all other runs of a body that has been lowered once.

    Parameters
    ----------
    builder
        Where the body stands.
    values
        Those of the loop; the body that has been lowered is that of the first.
    variable
        What holds the value in the body, if anything does.
    begin, finish
        Where the body begins and ends in the builder's lists.
    """

    def __init__(
        self,
        builder: ProgramBuilder,
        values: Sequence[int],
        variable: Variable | None,
        begin: Position,
        finish: Position,
    ) -> None:
        self._builder = builder
        self._values = values
        self._variable = variable
        self._begin = begin
        self._finish = finish

    def unroll(self, setting: list[int], parameter: Parameter | None) -> None:
        """Append the body for every other value; `setting` is the code in front of the first."""
        size = self._finish.operations - self._begin.operations
        if not size:  # not even a loop of 10^12 turns does anything
            return
        self._builder.require_room((len(self._values) - 1) * size)
        setting += self._set(self._values[0])
        for value in self._values[1:]:
            if self._variable is not None:
                self._builder.compute(self._set(value))
            given = None if parameter is None else LoopValue(parameter, value)
            self._builder.replay(self._begin, self._finish, value=given)
        if parameter is not None:
            self._builder.settle(self._begin, self._finish, LoopValue(parameter, self._values[0]))

    def count(self, setting: list[int], counter: int, top: int) -> None:
        """Append the jump back; `setting` is the code at the top, where the variable gets its value."""
        codes = classical_codes()
        load = load_words(counter, 1)
        if self._variable is not None:
            setting += [*self._value_at(load), *store_words(self._variable.first, self._variable.words)]
        self._builder.compute([*load, *constant(1, 1), codes["add"], 64, *store_words(counter, 1)])
        self._builder.branch([*load, *constant(len(self._values), 1), codes["equal"], 1], top)

    def _set(self, value: int) -> list[int]:
        """Return the code that gives the loop's variable a value."""
        if self._variable is None:
            return []
        first, words = self._variable.first, self._variable.words
        return [*constant(int(value), words), *store_words(first, words)]

    def _value_at(self, load: list[int]) -> list[int]:
        """Return the code that pushes the value that belongs to a count."""
        codes, values = classical_codes(), self._values
        words = self._variable.words if self._variable is not None else 1
        if not isinstance(values, range):
            table = [word for value in values for word in signed_words(int(value), words)]
            return [*load, codes["select"], words, len(values), *table]
        width = 64 * words  # no value of the loop needs more, and all arithmetic is modulo 2^width
        step = [*constant(values.step % (1 << width), words), codes["mul"], width]
        start = [*constant(values.start, words), codes["add"], width]
        return [*load, *resize(64, width), *step, *start]
