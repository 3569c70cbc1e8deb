"""Numbers as people read them: times, bytes and counts with their units, the same in every table, page and message."""

from __future__ import annotations

__all__ = ["counted", "duration", "share", "size"]

MAX_PRINTED_BYTES = 1 << 70
"""From here on a number of bytes is that of a state that no machine holds."""


def duration(seconds: float) -> str:
    """Return a time with its unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def size(count: float) -> str:
    """Return a number of bytes with its unit."""
    if count >= MAX_PRINTED_BYTES:
        return f"2^{int(count).bit_length() - 1} bytes"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} PiB"


def share(fraction: float) -> str:
    """Return a part of the whole in percent."""
    return f"{100 * fraction:.1f} %" if fraction >= 0.001 else f"{100 * fraction:.2g} %"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which is in the plural unless there is one."""
    return f"{number} {noun if number == 1 else noun + 'es' if noun.endswith('s') else noun + 's'}"
