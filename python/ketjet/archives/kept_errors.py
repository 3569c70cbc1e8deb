"""Exceptions as plain JSON: the class by its name, among those that users know, and what it was made with."""

from __future__ import annotations

import builtins
from typing import Any

from ketjet import engine, errors

__all__ = ["error_of", "kept_error"]

HOMES = (errors, engine, builtins)
"""Where classes are looked for."""


def kept_error(error: BaseException) -> list[Any]:
    """Return an exception and its causes as JSON has them; one of an unknown class becomes a RuntimeError naming it."""
    kind, arguments = type(error), _arguments_of(error)
    attributes = {name: value for name, value in vars(error).items() if _is_plain(value)}
    if not _can_be_made(kind, arguments, str(error)):
        kind, arguments, attributes = RuntimeError, [f"{kind.__name__}: {error}"], {}
    cause = None if error.__cause__ is None else kept_error(error.__cause__)
    return [kind.__name__, arguments, attributes, cause]


def error_of(kept: list[Any]) -> BaseException:
    """Return the exception that was kept."""
    name, arguments, attributes, cause = kept
    error = _class_of(name)(*arguments)
    vars(error).update(attributes)
    if cause is not None:
        error.__cause__ = error_of(cause)
    return error


def _arguments_of(error: BaseException) -> list[Any]:
    """Return what an exception was made with; an OSError has more than its `args` tell."""
    reduced = error.__reduce__()
    return list(reduced[1] if isinstance(reduced, tuple) else error.args)


def _can_be_made(kind: type[BaseException], arguments: list[Any], text: str) -> bool:
    """Return whether the same exception can be made anywhere."""
    try:
        return all(map(_is_plain, arguments)) and _class_of(kind.__name__) is kind and str(kind(*arguments)) == text
    except Exception:  # noqa: BLE001 - classes of exceptions may do anything
        return False


def _class_of(name: str) -> type[BaseException]:
    for home in HOMES:
        found = getattr(home, name, None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return found
    return RuntimeError


def _is_plain(value: object) -> bool:
    return value is None or type(value) in (bool, int, float, str)
