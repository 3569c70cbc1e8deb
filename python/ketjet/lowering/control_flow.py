"""What each control-flow operation becomes: branches and jumps around the operations of its blocks.

Every construct is a generator. It appends what comes before a block, yields the block, and is resumed when the walk
has lowered it; so blocks may be nested as deep as memory allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.circuit import (
    CASE_DEFAULT,
    BoxOp,
    BreakLoopOp,
    ContinueLoopOp,
    ForLoopOp,
    IfElseOp,
    Store,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.classical import expr

from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.blocks import Block, Loop
from ketjet.lowering.expressions import constant, load_words, store_words
from ketjet.lowering.for_loop import for_loop
from ketjet.lowering.operations import classical_codes
from ketjet.lowering.variables import Ways, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qiskit.circuit import QuantumCircuit

    from ketjet.lowering.blocks import Place


def if_else(place: Place, operation: IfElseOp) -> Iterator[Block]:
    """Append one block or two, of which one is run."""
    builder, ways = place.builder, Ways(place.variables)
    end = builder.new_label()
    blocks: tuple[QuantumCircuit, ...] = operation.blocks
    otherwise = builder.new_label() if len(blocks) > 1 else end
    builder.branch(place.expressions.condition(operation.condition), otherwise)
    ways.begin()
    yield Block(blocks[0])
    if len(blocks) > 1:
        _leave(place, end)
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


def while_loop(place: Place, operation: WhileLoopOp) -> Iterator[Block]:
    """Append a block that runs as long as a condition holds."""
    builder, variables = place.builder, place.variables
    loop = Loop(builder.new_label(), builder.new_label())
    builder.touch(place.qubits)
    builder.place(loop.following)
    builder.branch(place.expressions.condition(operation.condition), loop.end)
    begin = variables.position()
    yield Block(operation.blocks[0], loop)
    _leave(place, loop.following)
    variables.undo(begin)
    variables.reachable = True
    builder.place(loop.end)


def switch_case(place: Place, operation: SwitchCaseOp) -> Iterator[Block]:
    """Append blocks of which the first with a fitting label is run."""
    builder, ways = place.builder, Ways(place.variables)
    end, target = builder.new_label(), expr.lift(operation.target)
    words, load = words_of(target.type), place.expressions.value(target)
    temporary = place.variables.take(words)
    if not isinstance(target, expr.Var):  # the value of a name is read again instead
        place.variables.use(temporary, words)
        builder.compute([*load, *store_words(temporary, words)])
        load = load_words(temporary, words)
    for labels, block in operation.cases_specifier():
        following = builder.new_label()
        if CASE_DEFAULT not in labels:
            builder.branch(_any_equal(load, labels, words), following)
        ways.begin()
        yield Block(block)
        _leave(place, end)
        ways.end()
        builder.place(following)
    if not any(CASE_DEFAULT in labels for labels, _ in operation.cases_specifier()):
        ways.around()
    builder.place(end)
    place.variables.give_back(temporary)
    ways.join()


def _any_equal(load: list[int], labels: tuple[Any, ...], words: int) -> list[int]:
    """Return the code that tells whether a number is one of several; none of them are none."""
    codes = classical_codes()
    code: list[int] = []
    for label in labels:
        test = [*load, *constant(int(label), words), codes["equal"], words]
        code += [*test, codes["logic_or"]] if code else test
    return code or constant(0, 1)


def box(place: Place, operation: BoxOp) -> Iterator[Block]:  # noqa: ARG001
    """Append a block; its annotations and its duration mean nothing here."""
    yield Block(operation.body)


def _leave(place: Place, label: int) -> None:
    """Append a jump at the end of a block, unless nothing gets there."""
    if place.variables.reachable:
        place.builder.jump(label)


def _loop_around(place: Place) -> Loop:
    if place.loop is None:
        msg = "it is not inside a loop; put it into the block of a while_loop or for_loop"
        raise InvalidCircuitError(msg)
    return place.loop


def break_loop(place: Place, operation: BreakLoopOp) -> Iterator[Block]:  # noqa: ARG001
    """Append a jump behind the loop."""
    loop = _loop_around(place)
    loop.broken = True
    place.builder.jump(loop.end)
    place.variables.reachable = False
    return iter(())


def continue_loop(place: Place, operation: ContinueLoopOp) -> Iterator[Block]:  # noqa: ARG001
    """Append a jump to the loop's next repetition."""
    loop = _loop_around(place)
    loop.continued = True
    place.builder.jump(loop.following)
    place.variables.reachable = False
    return iter(())


def store(place: Place, operation: Store) -> Iterator[Block]:
    """Append a store to a variable, a classical bit, a register, or a bit of them."""
    code, writes_bits = place.expressions.store(operation.lvalue, operation.rvalue)
    place.builder.compute(code)
    place.builder.writes_clbits |= writes_bits
    return iter(())


CONSTRUCTS: dict[type, Callable[[Place, Any], Iterator[Block]]] = {
    IfElseOp: if_else,
    WhileLoopOp: while_loop,
    ForLoopOp: for_loop,
    SwitchCaseOp: switch_case,
    BoxOp: box,
    BreakLoopOp: break_loop,
    ContinueLoopOp: continue_loop,
    Store: store,
}


def steps_of(place: Place, operation: Any) -> Iterator[Block]:
    """Return the generator that lowers a control-flow operation or a store.

    Raises
    ------
    UnsupportedInstructionError
        If it is of a class of its own, or has controls or is to be inverted.
    """
    construct = next((CONSTRUCTS[base] for base in type(operation).__mro__ if base in CONSTRUCTS), None)
    if construct is None:
        msg = "its class of control flow is unknown; use those of qiskit.circuit"
        raise UnsupportedInstructionError(msg)
    if place.modified and construct is not box:
        msg = "it is not unitary and cannot be controlled or inverted; take it out of the definition"
        raise UnsupportedInstructionError(msg)
    return construct(place, operation)
