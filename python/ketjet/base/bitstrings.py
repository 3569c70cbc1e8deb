"""Packed outcomes as text: rows of 64-bit words in, the keys that Qiskit's counts and memories have out.

Whole columns of bits are formatted at once, so a million keys take a fraction of a second.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["bitstrings", "dictionary", "fill", "hexadecimal", "integers", "plain"]

_Name = TypeVar("_Name", str, int)
_Value = TypeVar("_Value", int, float, complex)

CHUNK = 1 << 13
"""Keys formatted at a time: a millisecond or two, so that other threads get their turn in between."""

FEW = 32
"""Up to so many keys NumPy takes longer than Python itself."""


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


def bitstrings(keys: NDArray[np.uint64], header: Mapping[str, Any]) -> list[str]:
    """Return the keys as bit strings, highest classical bit first, with a space between registers."""
    slots = int(header.get("memory_slots", 0))
    sizes = [int(size) for _, size in header.get("creg_sizes", [])]
    if sum(sizes) != slots:  # loose or shared bits: there is no split that shows every bit once
        sizes = [slots]
    if slots == 0:
        return [""] * len(keys)
    if len(keys) <= FEW:
        return _few_bitstrings(integers(keys), sizes)
    columns: list[NDArray[np.intp]] = []
    high = slots
    for size in reversed(sizes):
        columns += [np.array([-1]), np.arange(high - 1, high - size - 1, -1)]
        high -= size
    order = np.concatenate(columns[1:]).astype(np.intp)
    found: list[str] = []
    for part in _chunks(keys):
        bits = np.unpackbits(part.astype("<u8").view(np.uint8), axis=1, bitorder="little")
        text = bits[:, order] + ord("0")
        text[:, order < 0] = ord(" ")
        joined = text.tobytes().decode("ascii")
        found += [joined[i : i + len(order)] for i in range(0, len(joined), len(order))]
    return found


def _few_bitstrings(numbers: list[int], sizes: list[int]) -> list[str]:
    texts = [f"{number:0{sum(sizes)}b}" for number in numbers]
    if len(sizes) == 1:
        return texts
    ends = list(itertools.accumulate(sizes[::-1]))
    pieces = [slice(end - size, end) for end, size in zip(ends, sizes[::-1], strict=True)]
    return [" ".join(text[piece] for piece in pieces) for text in texts]


def _chunks(keys: NDArray[np.uint64]) -> list[NDArray[np.uint64]]:
    return [keys[i : i + CHUNK] for i in range(0, len(keys), CHUNK)]
