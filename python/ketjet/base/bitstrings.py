"""Packed outcomes as text: rows of 64-bit words in, the keys that Qiskit's counts and memories have out.

Bit strings are written by the engine (`engine.texts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["dictionary", "fill", "hexadecimal", "integers", "plain"]

_Name = TypeVar("_Name", str, int)
_Value = TypeVar("_Value", int, float, complex)

CHUNK = 1 << 13
"""Keys formatted at a time: a millisecond or two, so that other threads get their turn in between."""


def dictionary(names: list[_Name], values: list[_Value]) -> dict[_Name, _Value]:
    """Return the values by name."""
    if len(names) <= CHUNK:
        return dict(zip(names, values, strict=True))
    made: dict[_Name, _Value] = {}
    fill(made, names, values)
    return made


def fill(made: dict[_Name, _Value], names: list[_Name], values: list[_Value]) -> None:
    """Put the values into a dictionary, by name."""
    for i in range(0, len(names), CHUNK):
        made.update(zip(names[i : i + CHUNK], values[i : i + CHUNK], strict=True))


def plain(numbers: NDArray[Any]) -> list[Any]:
    """Return an array as a list, nested if it has several axes."""
    if len(numbers) <= CHUNK:
        return cast("list[Any]", numbers.tolist())
    return [number for i in range(0, len(numbers), CHUNK) for number in numbers[i : i + CHUNK].tolist()]


def integers(keys: NDArray[np.uint64]) -> list[int]:
    """Return the keys, rows of 64-bit words with the lowest first, as Python integers."""
    if keys.shape[1] == 0:
        return [0] * len(keys)
    if keys.shape[1] == 1:
        return plain(keys[:, 0])
    width = 8 * keys.shape[1]
    found: list[int] = []
    for part in _chunks(keys):
        raw = part.astype("<u8").tobytes()
        found += [int.from_bytes(raw[i : i + width], "little") for i in range(0, len(raw), width)]
    return found


def hexadecimal(keys: NDArray[np.uint64]) -> list[str]:
    """Return the keys as Aer writes them."""
    return [hex(number) for number in integers(keys)]


def _chunks(keys: NDArray[np.uint64]) -> list[NDArray[np.uint64]]:
    return [keys[i : i + CHUNK] for i in range(0, len(keys), CHUNK)]
