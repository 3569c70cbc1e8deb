"""What each control-flow operation becomes: branches and jumps around the operations of its blocks.

Every construct is a generator. It appends what comes before a block, yields the block, and is resumed when the walk
has lowered it; so blocks may be nested as deep as memory allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from qiskit.circuit import (
    CASE_DEFAULT,
    BoxOp,
    BreakLoopOp,
    ContinueLoopOp,
    ForLoopOp,
    IfElseOp,
    Parameter,
    Store,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.classical import expr

from ketjet.engine import classical_codes
from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.expressions import Expressions, constant, load_words, store_words
from ketjet.lowering.repetitions import Repetitions, store_count
from ketjet.lowering.variables import Ways, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qiskit.circuit import Clbit, QuantumCircuit

    from ketjet.lowering.builder import ProgramBuilder
    from ketjet.lowering.definition_cache import DefinitionCache
    from ketjet.lowering.operations import Placement
    from ketjet.lowering.variables import VariableTable

UNROLL_LIMIT = 4096
"""A for loop that needs no more operations than this is unrolled."""


@dataclass(eq=False, slots=True)
class Loop:
    """A loop that is being lowered."""

    following: int
    """The label of its next repetition, where `continue` leads."""
    end: int
    """The label behind it, where `break` leads."""
    broken: bool = False
    continued: bool = False


class Block(NamedTuple):
    """A circuit inside a control-flow operation, on the operation's qubits and classical bits."""

    circuit: QuantumCircuit
    loop: Loop | None = None
    """The loop whose body it is."""


class Place(NamedTuple):
    """Where a construct stands."""

    expressions: Expressions
    """Of the circuit that it stands in."""
    qubits: tuple[int, ...]
    loop: Loop | None
    """The innermost loop around it."""


class ControlFlow:
    """The constructs of one circuit.

    Parameters
    ----------
    builder
        What branches and jumps are appended to.
    variables
        The circuit's variables.
    definitions
        What is cached while a loop's parameter has no value is forgotten when it gets one.
    """

    def __init__(self, builder: ProgramBuilder, variables: VariableTable, definitions: DefinitionCache) -> None:
        self._builder = builder
        self._variables = variables
        self._definitions = definitions

    def steps_of(
        self, operation: Any, placement: Placement, clbits: Mapping[Clbit, int], loop: Loop | None
    ) -> Iterator[Block]:
        """Return the generator that lowers a control-flow operation or a store.

        Parameters
        ----------
        operation, placement
            The operation, and where it acts.
        clbits
            The numbers of the classical bits of the circuit it stands in.
        loop
            The innermost loop around it.

        Raises
        ------
        UnsupportedInstructionError
            If it is of a class of its own, or has controls or is to be inverted.
        """
        construct = next((CONSTRUCTS[base] for base in type(operation).__mro__ if base in CONSTRUCTS), None)
        if construct is None:
            msg = "its class of control flow is unknown; use those of qiskit.circuit"
            raise UnsupportedInstructionError(msg)
        if (placement.controls or placement.inverse) and not isinstance(operation, BoxOp):
            msg = "it is not unitary and cannot be controlled or inverted; take it out of the definition"
            raise UnsupportedInstructionError(msg)
        return construct(self, Place(Expressions(self._variables, clbits), placement.targets, loop), operation)

    def if_else(self, place: Place, operation: IfElseOp) -> Iterator[Block]:
        """Append one block or two, of which one is run."""
        builder, ways = self._builder, Ways(self._variables)
        end = builder.new_label()
        blocks: tuple[QuantumCircuit, ...] = operation.blocks
        otherwise = builder.new_label() if len(blocks) > 1 else end
        builder.branch(place.expressions.condition(operation.condition), otherwise)
        ways.begin()
        yield Block(blocks[0])
        if len(blocks) > 1:
            self._leave(end)
            ways.end()
            builder.place(otherwise)
            ways.begin()
            yield Block(blocks[1])
            ways.end()
        else:
            ways.end()
            ways.around()
        builder.place(end)
        ways.join()

    def while_loop(self, place: Place, operation: WhileLoopOp) -> Iterator[Block]:
        """Append a block that runs as long as a condition holds."""
        builder, variables = self._builder, self._variables
        loop = Loop(builder.new_label(), builder.new_label())
        builder.touch(place.qubits)
        builder.place(loop.following)
        builder.branch(place.expressions.condition(operation.condition), loop.end)
        begin = variables.position()
        yield Block(operation.blocks[0], loop)
        self._leave(loop.following)
        variables.undo(begin)
        variables.reachable = True
        builder.place(loop.end)

    def for_loop(self, place: Place, operation: ForLoopOp) -> Iterator[Block]:
        """Append a block that runs once for every value.

        The body is lowered once. If its angles use the loop's parameter, or if all repetitions together are short, it
        is replayed for every other value. Otherwise the program jumps back and counts.
        """
        values, parameter, body = operation.params
        if not values:
            return
        builder, variables = self._builder, self._variables
        builder.touch(place.qubits)
        counter = variables.take(1)
        start = builder.compute([])
        declared, variable = variables.open_input(parameter) if isinstance(parameter, expr.Var) else (None, None)
        if variable is not None:
            _require_fit(values, parameter)
        top, end = builder.new_label(), builder.new_label()
        builder.place(top)
        setting = builder.compute([])
        begin, known, before = builder.position(), self._definitions.position(), variables.position()
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
        repetitions = Repetitions(builder, values, variable, begin, finish)
        size = finish.operations - begin.operations
        if by_angle is not None:
            self._definitions.forget_since(known)  # what was cached in the body is about to get this loop's values
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

    def switch_case(self, place: Place, operation: SwitchCaseOp) -> Iterator[Block]:
        """Append blocks of which the first with a fitting label is run."""
        builder, variables, ways = self._builder, self._variables, Ways(self._variables)
        end, target = builder.new_label(), expr.lift(operation.target)
        words, load = words_of(target.type), place.expressions.value(target)
        temporary = variables.take(words)
        if not isinstance(target, expr.Var):  # the value of a name is read again instead
            variables.use(temporary, words)
            builder.compute([*load, *store_words(temporary, words)])
            load = load_words(temporary, words)
        for labels, block in operation.cases_specifier():
            following = builder.new_label()
            if CASE_DEFAULT not in labels:
                builder.branch(_any_equal(load, labels, words), following)
            ways.begin()
            yield Block(block)
            self._leave(end)
            ways.end()
            builder.place(following)
        if not any(CASE_DEFAULT in labels for labels, _ in operation.cases_specifier()):
            ways.around()
        builder.place(end)
        variables.give_back(temporary)
        ways.join()

    def box(self, place: Place, operation: BoxOp) -> Iterator[Block]:  # noqa: ARG002
        """Append a block; its annotations and its duration mean nothing here."""
        yield Block(operation.body)

    def break_loop(self, place: Place, operation: BreakLoopOp) -> Iterator[Block]:  # noqa: ARG002
        """Append a jump behind the loop."""
        loop = _loop_around(place)
        loop.broken = True
        self._builder.jump(loop.end)
        self._variables.reachable = False
        return iter(())

    def continue_loop(self, place: Place, operation: ContinueLoopOp) -> Iterator[Block]:  # noqa: ARG002
        """Append a jump to the loop's next repetition."""
        loop = _loop_around(place)
        loop.continued = True
        self._builder.jump(loop.following)
        self._variables.reachable = False
        return iter(())

    def store(self, place: Place, operation: Store) -> Iterator[Block]:
        """Append a store to a variable, a classical bit, a register, or a bit of them."""
        code, writes_bits = place.expressions.store(operation.lvalue, operation.rvalue)
        self._builder.compute(code)
        self._builder.writes_clbits |= writes_bits
        return iter(())

    def _leave(self, label: int) -> None:
        """Append a jump at the end of a block, unless nothing gets there."""
        if self._variables.reachable:
            self._builder.jump(label)


CONSTRUCTS: dict[type, Callable[[ControlFlow, Place, Any], Iterator[Block]]] = {
    IfElseOp: ControlFlow.if_else,
    WhileLoopOp: ControlFlow.while_loop,
    ForLoopOp: ControlFlow.for_loop,
    SwitchCaseOp: ControlFlow.switch_case,
    BoxOp: ControlFlow.box,
    BreakLoopOp: ControlFlow.break_loop,
    ContinueLoopOp: ControlFlow.continue_loop,
    Store: ControlFlow.store,
}


def _any_equal(load: list[int], labels: tuple[Any, ...], words: int) -> list[int]:
    """Return the code that tells whether a number is one of several; none of them are none."""
    codes = classical_codes()
    code: list[int] = []
    for label in labels:
        test = [*load, *constant(int(label), words), codes["equal"], words]
        code += [*test, codes["logic_or"]] if code else test
    return code or constant(0, 1)


def _loop_around(place: Place) -> Loop:
    if place.loop is None:
        msg = "it is not inside a loop; put it into the block of a while_loop or for_loop"
        raise InvalidCircuitError(msg)
    return place.loop


def _require_fit(values: Sequence[int], var: expr.Var) -> None:
    limit = 1 << var.type.width
    for value in (min(values), max(values)):
        if not 0 <= value < limit:
            msg = (
                f"the loop value {value} does not fit into variable {var.name!r} of {var.type.width} bits; "
                f"use values from 0 to {limit - 1} or a wider variable"
            )
            raise InvalidCircuitError(msg)
