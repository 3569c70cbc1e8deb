"""What definitions became, to be played again on other qubits instead of being lowered again.

The lowering of a definition leaves a stretch of the builder's lists behind. It fits again wherever the same definition
is met, unless it depended on what came before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ketjet.lowering.builder import Mark
    from ketjet.lowering.placement import Placement


class Recording(NamedTuple):
    """The stretch of the builder's lists that the lowering of one definition left behind."""

    operation: Any
    begin: Mark
    end: Mark
    wires: tuple[int, ...]
    clbits: tuple[int, ...]


class Recordings:
    """All recordings of one circuit, by what tells that a definition is the same."""

    def __init__(self) -> None:
        self._recordings: dict[tuple[Any, ...], Recording] = {}

    def find(self, key: tuple[Any, ...], placement: Placement) -> Recording | None:
        """Return the recording of the same definition under the same modifiers, if there is one."""
        return self._recordings.get(_full_key(key, placement))

    def keep(self, key: tuple[Any, ...], placement: Placement, recording: Recording) -> None:
        """Keep a recording for definitions with this key."""
        self._recordings[_full_key(key, placement)] = recording


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
