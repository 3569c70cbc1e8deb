"""Circuits inside circuits: those being lowered, the block to be lowered next, and where a construct stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit.circuit import QuantumCircuit

    from ketjet.lowering.builder import Position, ProgramBuilder
    from ketjet.lowering.definition_cache import DefinitionCache
    from ketjet.lowering.expressions import Expressions
    from ketjet.lowering.operations import Placement
    from ketjet.lowering.reader import CircuitReader
    from ketjet.lowering.variables import Declared, VariableTable


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


@dataclass(eq=False, slots=True)
class Scope:
    """A circuit that is being lowered: the outermost one, a definition, or a block of a control-flow operation."""

    reader: CircuitReader
    placement: Placement
    operation: Any = None
    """The operation whose definition or block it is."""
    steps: Iterator[Block] | None = None
    """What goes on with the control-flow operation when the block has been lowered."""
    loop: Loop | None = None
    """The innermost loop around the instructions."""
    is_body: bool = False
    """Whether this circuit is that loop's body itself."""
    declared: Declared | None = None
    """The variables that the circuit declares, if it declares any."""
    key: tuple[Any, ...] = ()
    """What tells that a definition is the same."""
    begin: Position | None = None
    """Where the definition begins in the builder's lists."""
    looks_back: int = 0
    """The builder's count of that name when it began."""


class Place(NamedTuple):
    """All that a construct needs to know of where it stands."""

    builder: ProgramBuilder
    variables: VariableTable
    definitions: DefinitionCache
    expressions: Expressions
    """Of the circuit the operation stands in."""
    qubits: tuple[int, ...]
    loop: Loop | None
    """The innermost loop around it."""
    modified: bool
    """Whether it is to be controlled or inverted."""
