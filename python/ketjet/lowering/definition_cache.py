"""A cache of lowered definitions: what a definition became is appended again on other qubits instead of lowered again.

The lowering of a definition leaves a stretch of the builder's lists behind. It can be replayed wherever the same
definition is met, unless it depended on what came before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.lowering.plain_definitions import PlainDefinitions

if TYPE_CHECKING:
    from ketjet.lowering.builder import Position, ProgramBuilder
    from ketjet.lowering.operations import Placement


class OpenDefinition(NamedTuple):
    """A definition that is being lowered."""

    operation: Any
    """The operation whose definition it is."""
    placement: Placement
    key: tuple[Any, ...]
    begin: Position
    """Where it begins in the builder's lists."""
    looks_back: int
    """The builder's count of that name when it began."""


class CachedDefinition(NamedTuple):
    """The stretch of the builder's lists that the lowering of one definition left behind."""

    operation: Any
    begin: Position
    end: Position
    wires: tuple[int, ...]
    clbits: tuple[int, ...]


class DefinitionCache:
    """The definitions lowered so far of one circuit, by keys that are equal only if the definitions are.

    Parameters
    ----------
    builder
        Holds what definitions became, and gets it appended again.
    """

    def __init__(self, builder: ProgramBuilder) -> None:
        self.plain = PlainDefinitions(builder)
        self._builder = builder
        self._definitions: dict[tuple[Any, ...], CachedDefinition] = {}
        self._open: set[tuple[Any, ...]] = set()

    def is_open(self, key: tuple[Any, ...]) -> bool:
        """Tell whether a definition with this key is being lowered now."""
        return key in self._open

    def begin(self, operation: Any, placement: Placement, key: tuple[Any, ...]) -> OpenDefinition:
        """Note that a definition with this key is lowered from here on."""
        self._open.add(key)
        return OpenDefinition(operation, placement, key, self._builder.position(), self._builder.looks_back)

    def finish(self, definition: OpenDefinition) -> None:
        """Keep what a definition became, unless it is right only here."""
        operation, placement, key, begin, looks_back = definition
        self._open.discard(key)
        if looks_back != self._builder.looks_back:
            return
        wires = placement.controls + placement.targets
        cached = CachedDefinition(operation, begin, self._builder.position(), wires, placement.clbits)
        self._definitions.setdefault(_full_key(key, placement), cached)
        if key[0] != "power":
            self._definitions.setdefault(_full_key(definition_key(operation), placement), cached)

    def replay(self, key: tuple[Any, ...], placement: Placement) -> bool:
        """Append what the same definition became before, if it did."""
        cached = self._definitions.get(_full_key(key, placement))
        if cached is None:
            return False
        self._builder.require_room(cached.end.operations - cached.begin.operations)
        wires = dict(zip(cached.wires, placement.controls + placement.targets, strict=True))
        clbits = dict(zip(cached.clbits, placement.clbits, strict=True))
        self._builder.replay(cached.begin, cached.end, wires, clbits)
        return True

    def position(self) -> tuple[int, int]:
        """Return how many definitions are cached, those of plain gates counted apart."""
        return len(self._definitions), self.plain.position()

    def forget_since(self, position: tuple[int, int]) -> None:
        """Drop all definitions cached since."""
        while len(self._definitions) > position[0]:
            self._definitions.popitem()
        self.plain.forget_since(position[1])


def _full_key(key: tuple[Any, ...], placement: Placement) -> tuple[Any, ...]:
    return (*key, len(placement.controls), placement.state, placement.inverse)


def definition_key(operation: Any) -> tuple[Any, ...]:
    """Return what two operations have in common if they surely have the same definition.

    That is the object itself. Qiskit's own classes build the definition from the object's attributes when it is
    asked for, so until then these tell as much.
    """
    if str(type(operation).__module__).startswith("qiskit.") and getattr(operation, "_definition", 0) is None:
        attributes = tuple(
            (name, tuple(value) if type(value) is list else value) for name, value in vars(operation).items()
        )
        try:
            hash(attributes)
        except TypeError:
            pass
        else:
            return (type(operation), attributes)
    return (id(operation),)
