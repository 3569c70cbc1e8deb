"""An entry of the walk's stack: a circuit that is being lowered, with what has to be done where it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qiskit.circuit import Clbit

    from ketjet.lowering.control_flow import Block, Loop
    from ketjet.lowering.definition_cache import OpenDefinition
    from ketjet.lowering.operations import Placement
    from ketjet.lowering.variables import Declared

MAX_DEPTH = 10_000
"""Deeper definitions are taken for endless ones."""


@dataclass(eq=False, slots=True)
class Scope:
    """A circuit that is being lowered: the outermost one, a definition, or a block of a control-flow operation."""

    placement: Placement
    clbits: Mapping[Clbit, int]
    """The numbers of the circuit's classical bits."""
    instructions: Iterator[tuple[Any, Placement]]
    """The circuit's operations that are still to be lowered, and where they act; plain ones are appended on the way."""
    operation: Any = None
    """The operation whose definition or block it is."""
    definition: OpenDefinition | None = None
    """What the cache has noted of a definition."""
    steps: Iterator[Block] | None = None
    """What goes on with the control-flow operation when its block has been lowered."""
    loop: Loop | None = None
    """The innermost loop around the instructions."""
    is_body: bool = False
    """Whether this circuit is that loop's body itself."""
    declared: Declared | None = None
    """The variables that the circuit declares, if it declares any."""
