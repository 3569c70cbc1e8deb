"""Long sequences whose items are made when somebody looks at them, so that millions need not exist at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["OnDemand"]

_Item = TypeVar("_Item")

AT_ONCE = 32
"""Items made at a time by who goes through all of them: too few for the garbage collector to begin."""


class OnDemand(Sequence[_Item]):
    """An immutable sequence of items that are equal each time they are made; slices are tuples.

    Parameters
    ----------
    length
        How many there are.
    between
        Makes the items from one index up to before another one.
    """

    __slots__ = ("_between", "_length")

    def __init__(self, length: int, between: Callable[[int, int], Iterable[_Item]]) -> None:
        self._length = length
        self._between = between

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[_Item]:
        for begin in range(0, self._length, AT_ONCE):
            yield from self._between(begin, min(begin + AT_ONCE, self._length))

    @overload
    def __getitem__(self, index: int) -> _Item: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[_Item, ...]: ...
    def __getitem__(self, index: int | slice) -> _Item | tuple[_Item, ...]:
        if isinstance(index, int) and 0 <= index < self._length:
            (item,) = self._between(index, index + 1)
            return item
        found = range(self._length)[index]
        if isinstance(found, int):
            return self[found]
        if found.step == 1:
            return tuple(self._between(found.start, max(found.start, found.stop)))
        return tuple(self[i] for i in found)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (tuple, OnDemand)):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[type[tuple[Any, ...]], tuple[Iterable[_Item]]]:
        return tuple, (tuple(self),)
