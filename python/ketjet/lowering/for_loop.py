"""A for loop: unrolled, or with a counter.

The body is lowered once. If its angles use the loop's parameter, or if all repetitions together are short, it is
replayed for every other value. Otherwise the program jumps back and counts. Where a value or
the counter is set is reserved beforehand; what turns out not to be needed stays empty and is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit.circuit import Parameter
from qiskit.circuit.classical import expr

from ketjet.errors import InvalidCircuitError
from ketjet.lowering.blocks import Block, Loop
from ketjet.lowering.expressions import constant, load_words, resize, signed_words, store_words
from ketjet.lowering.operations import classical_codes
from ketjet.lowering.parameters import LoopValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qiskit.circuit import ForLoopOp

    from ketjet.lowering.blocks import Place
    from ketjet.lowering.builder import Position
    from ketjet.lowering.variables import Variable

UNROLL_LIMIT = 4096
"""A loop that needs no more operations than this is unrolled."""


def for_loop(place: Place, operation: ForLoopOp) -> Iterator[Block]:
    """Append a block that runs once for every value."""
    values, parameter, body = operation.params
    if not values:
        return
    builder, variables = place.builder, place.variables
    builder.touch(place.qubits)
    counter = variables.take(1)
    start = builder.compute([])
    declared, variable = variables.open_input(parameter) if isinstance(parameter, expr.Var) else (None, None)
    if variable is not None:
        _require_fit(values, parameter)
    top, end = builder.new_label(), builder.new_label()
    builder.place(top)
    setting = builder.compute([])
    begin, known, before = builder.position(), place.definitions.position(), variables.position()
    loop = Loop(builder.new_label(), end)
    yield Block(body, loop)
    if loop.broken or loop.continued:
        variables.undo(before)
    once = not variables.reachable and not loop.continued
    variables.reachable = True
    builder.place(loop.following)
    finish = builder.position()
    by_angle = parameter if isinstance(parameter, Parameter) and parameter in body.parameters else None
    if once:
        values = values[:1]
    repetitions = Repetitions(place, values, variable, begin, finish)
    size = finish.operations - begin.operations
    if by_angle is not None:
        place.definitions.forget_since(known)  # what was cached in the body is about to get this loop's values
    if by_angle is not None or len(values) * size <= UNROLL_LIMIT or once:
        repetitions.unroll(setting, by_angle)
    else:
        start += store_count(counter)
        variables.use(counter, 1)
        repetitions.count(setting, counter, top)
    builder.place(end)
    if start and loop.broken:  # runs that left at different counts are the same from here on
        builder.compute(store_count(counter))
    if declared is not None:
        variables.forget(declared)
    variables.give_back(counter)


def store_count(counter: int) -> list[int]:
    """Return the code that sets a counter to zero."""
    return [*constant(0, 1), *store_words(counter, 1)]


def _require_fit(values: Sequence[int], var: expr.Var) -> None:
    limit = 1 << var.type.width
    for value in (min(values), max(values)):
        if not 0 <= value < limit:
            msg = (
                f"the loop value {value} does not fit into variable {var.name!r} of {var.type.width} bits; "
                f"use values from 0 to {limit - 1} or a wider variable"
            )
            raise InvalidCircuitError(msg)


class Repetitions:
    """The second and all other runs of a body that has been lowered once."""

    def __init__(
        self, place: Place, values: Sequence[int], variable: Variable | None, begin: Position, finish: Position
    ) -> None:
        self._builder = place.builder
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
