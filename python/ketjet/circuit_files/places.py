"""Where in a circuit file an error is: FILE:LINE:COLUMN, whichever parser has found it; both count from 1."""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING, Any

from ketjet.errors import CircuitFileError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["at_node", "at_offset", "found_by_parser"]

LONGEST_REASON = 300
MAX_EXPECTED = 60
"""Characters of a list of what was expected; longer ones are left out."""

_OF_OPENQASM2 = re.compile(r"<input>:(\d+),(\d+): (.*)")
_OF_CONVERTER = re.compile(r"(\d+),(\d+): (.*)")
_OF_GRAMMAR = re.compile(r"line (\d+):(\d+) (.*)")
_UNEXPECTED = re.compile(r"(?:extraneous|mismatched) input '(.*?)' expecting (.*)")


def at_offset(path: Path, text: str, offset: int, reason: str) -> CircuitFileError:
    """Return the error of what begins at an offset of the text."""
    before = text[:offset]
    return _error(path, reason, before.count("\n") + 1, offset - before.rfind("\n"))


def at_node(path: Path, node: Any, reason: str) -> CircuitFileError:
    """Return the error of a node of an OpenQASM 3 syntax tree."""
    if node.span is None:
        return _error(path, reason)
    return _error(path, reason, node.span.start_line, node.span.start_column + 1)


def found_by_parser(path: Path, text: str | None, error: Exception, printed: str) -> CircuitFileError:
    """Return the error of a file that a parser refuses.

    Parameters
    ----------
    path
        The file.
    text
        What OpenQASM 3's parser was given; None for other files.
    error
        What was raised.
    printed
        What was printed meanwhile.
    """
    message = _first_line(str(getattr(error, "message", "") or error) or printed)
    for pattern in (_OF_OPENQASM2, _OF_CONVERTER):
        if found := pattern.match(message):
            return _error(path, found[3], int(found[1]), int(found[2]) + 1)
    if text is not None and type(error).__name__ == "QASM3ParsingError":
        return _of_grammar(path, text, message)
    return _error(path, message or type(error).__name__, *_place_in_traceback(error))


def _of_grammar(path: Path, text: str, message: str) -> CircuitFileError:
    """Return a syntax error; the parser prints its reason only if it may go on behind it."""
    import openqasm3

    printed = io.StringIO()
    with contextlib.redirect_stderr(printed), contextlib.suppress(Exception):
        openqasm3.parse(text, permissive=True)
    found = _OF_GRAMMAR.match(printed.getvalue())
    if found is None:
        return _error(path, message or "a syntax error")
    reason = found[3]
    if unexpected := _UNEXPECTED.match(reason):
        reason = "unexpected end of the file" if unexpected[1] == "<EOF>" else f"unexpected {unexpected[1]!r}"
        if len(unexpected[2]) <= MAX_EXPECTED:
            reason += f", expecting {unexpected[2]}"
    return _error(path, reason, int(found[1]), int(found[2]) + 1)


def _place_in_traceback(error: BaseException) -> tuple[int, int]:
    """Return line and column of the innermost part of the text that was being read or converted; 0, 0 if unknown."""
    place, traceback = (0, 0), error.__traceback__
    while traceback is not None:
        held = traceback.tb_frame.f_locals
        span, token = getattr(held.get("node"), "span", None), getattr(held.get("ctx"), "start", None)
        if span is not None:
            place = span.start_line, span.start_column + 1
        elif token is not None and hasattr(token, "column"):
            place = token.line, token.column + 1
        traceback = traceback.tb_next
    return place


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")


def _error(path: Path, reason: str, line: int = 0, column: int = 0) -> CircuitFileError:
    place = f"{path}:{line}:{column}" if line else f"{path}"
    return CircuitFileError(f"{place}: {reason[:LONGEST_REASON]}")
