"""What definitions became, to be played again on other qubits instead of being lowered again.

The lowering of a definition leaves a stretch of the builder's lists behind. It fits again wherever the same definition
is met, unless it depended on what came before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.lowering.plain_definitions import PlainDefinitions

if TYPE_CHECKING:
    from collections.abc import Callable

    from ketjet.lowering.builder import Mark, ProgramBuilder
    from ketjet.lowering.frame import Frame
    from ketjet.lowering.placement import Placement


class Recording(NamedTuple):
    """The stretch of the builder's lists that the lowering of one definition left behind."""

    operation: Any
    begin: Mark
    end: Mark
    wires: tuple[int, ...]
    clbits: tuple[int, ...]


class Recordings:
    """All recordings of one circuit, by what tells that a definition is the same.

    Parameters
    ----------
    builder
        Where definitions are recorded and played.
    require_room
        Refuses so many more operations if they are too many.
    """

    def __init__(self, builder: ProgramBuilder, require_room: Callable[[int], None]) -> None:
        self.plain = PlainDefinitions(builder, require_room)
        self._builder = builder
        self._require_room = require_room
        self._recordings: dict[tuple[Any, ...], Recording] = {}
        self._open: set[tuple[Any, ...]] = set()

    def is_open(self, key: tuple[Any, ...]) -> bool:
        """Tell whether a definition with this key is being lowered now."""
        return key in self._open

    def begin(self, frame: Frame, key: tuple[Any, ...]) -> None:
        """Record what a definition becomes."""
        frame.key = key
        frame.begin = self._builder.mark()
        frame.looks_back = self._builder.looks_back
        self._open.add(key)

    def finish(self, frame: Frame) -> None:
        """Keep the recording of a definition, unless it fits only here."""
        self._open.discard(frame.key)
        if frame.begin is None or frame.looks_back != self._builder.looks_back:
            return
        placement = frame.placement
        wires = placement.controls + placement.targets
        recording = Recording(frame.operation, frame.begin, self._builder.mark(), wires, placement.clbits)
        self._recordings.setdefault(_full_key(frame.key, placement), recording)
        if frame.key[0] != "power":
            self._recordings.setdefault(_full_key(definition_key(frame.operation), placement), recording)

    def play(self, key: tuple[Any, ...], placement: Placement) -> bool:
        """Append what the same definition became before, if it did."""
        recording = self._recordings.get(_full_key(key, placement))
        if recording is None:
            return False
        self._require_room(recording.end.operations - recording.begin.operations)
        wires = dict(zip(recording.wires, placement.controls + placement.targets, strict=True))
        clbits = dict(zip(recording.clbits, placement.clbits, strict=True))
        self._builder.replay(recording.begin, recording.end, wires, clbits)
        return True

    def mark(self) -> tuple[int, int]:
        """Return how many recordings there are, of plain definitions too."""
        return len(self._recordings), self.plain.mark()

    def forget(self, mark: tuple[int, int]) -> None:
        """Drop all recordings made since."""
        while len(self._recordings) > mark[0]:
            self._recordings.popitem()
        self.plain.forget(mark[1])


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
