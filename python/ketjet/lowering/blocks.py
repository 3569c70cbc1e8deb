"""What the walk and the control-flow constructs tell each other: a place in a circuit, a block to be lowered next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit.circuit import QuantumCircuit

    from ketjet.lowering.builder import ProgramBuilder
    from ketjet.lowering.definition_cache import DefinitionCache
    from ketjet.lowering.expressions import Expressions
    from ketjet.lowering.variables import VariableTable


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
    require_room: Callable[[int], None]
    """Refuses so many more operations if they are too many."""
