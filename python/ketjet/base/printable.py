"""Text from anybody, made fit for a terminal: nothing of it can move the cursor, change colours or begin a line."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: object) -> str:
    """Return a text as one line with single blanks, and escapes in place of what is not meant to be seen."""
    line = " ".join(str(text).split())
    return line if line.isprintable() else "".join(map(_shown, line))


def _shown(letter: str) -> str:
    return letter if letter.isprintable() else repr(letter)[1:-1]
