"""What option values may be: each check returns the value as it is used, or raises an error that names the option.

Nothing here imports Qiskit unless there is something to complain about.
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

__all__ = [
    "Check",
    "choice",
    "executor",
    "flag",
    "folder",
    "integer",
    "invalid",
    "number",
    "ranks",
    "switches",
    "text",
    "wrong_type",
]

Check = Callable[[str, Any], Any]


def invalid(message: str) -> Exception:
    """Return the error of a value that is out of range."""
    from ketjet.errors import InvalidOptionError

    return InvalidOptionError(message)


def wrong_type(name: str, value: object, expected: str) -> Exception:
    """Return the error of a value of the wrong type."""
    from ketjet.errors import OptionTypeError

    return OptionTypeError(f"{name} must be {expected}, got {value!r} ({type(value).__name__}).")


def integer(minimum: int, maximum: int | None = None) -> Check:
    """Accept any integer type but bool (True is not a number of shots) in a range."""

    def check(name: str, value: Any) -> int:
        if type(value) is not int and (isinstance(value, bool) or not isinstance(value, numbers.Integral)):
            raise wrong_type(name, value, "an integer")
        found = int(value)
        if found < minimum:
            raise invalid(f"{name} must be at least {minimum}, got {value}.")
        if maximum is not None and found > maximum:
            raise invalid(f"{name} must be at most {maximum}, got {value}.")
        return found

    return check


def number(*, zero: bool = False, below: float = math.inf) -> Check:
    """Accept a finite positive number, or zero where that has a meaning."""

    def check(name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise wrong_type(name, value, "a number")
        found = float(value)
        if not math.isfinite(found) or found < 0 or (found == 0 and not zero):
            raise invalid(f"{name} must be {'at least 0' if zero else 'positive'} and finite, got {value}.")
        if found >= below:
            raise invalid(f"{name} must be less than {below:g}, got {value}.")
        return found

    return check


def flag(name: str, value: Any) -> bool:
    """Accept True and False, NumPy's too."""
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:  # numpy's bool, without importing it
        return bool(value)
    raise wrong_type(name, value, "True or False")


def text(name: str, value: Any) -> str:
    """Accept a string."""
    if not isinstance(value, str):
        raise wrong_type(name, value, "a string")
    return value


def choice(*allowed: str) -> Check:
    """Accept one of some strings."""

    def check(name: str, value: Any) -> str:
        if text(name, value) not in allowed:
            raise invalid(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}.")
        return str(value)

    return check


def switches(name: str, value: Any) -> dict[str, bool]:
    """Accept a mapping from names to True or False."""
    if not isinstance(value, Mapping):
        raise wrong_type(name, value, "a mapping from names to True or False")
    return {text(f"a name in {name}", key): flag(f"{name}[{key!r}]", on) for key, on in value.items()}


def executor(name: str, value: Any) -> Any:
    """Accept an executor, a client that has one, as dask's, and what makes either; say what else to give."""
    submit = getattr(value, "submit", None)
    if callable(getattr(value, "get_executor", None)) and not isinstance(value, type):
        return value
    if submit is None and callable(getattr(value, "apply_async", None)):
        raise wrong_type(name, value, "a concurrent.futures.Executor, not a pool: give ProcessPoolExecutor(...)")
    has_own = callable(submit) and getattr(submit, "__func__", submit) is not Executor.submit
    if isinstance(value, type):
        known = has_own and issubclass(value, Executor)
    else:
        known = has_own or (submit is None and callable(value))
    if not known:
        raise wrong_type(name, value, "a concurrent.futures.Executor, or a callable that makes one")
    return value


def folder(name: str, value: Any) -> str:
    """Accept the path of a folder."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(path := os.fspath(value), str):
        raise wrong_type(name, value, "a path")
    if not path:
        raise invalid(f"{name} must be the path of a folder, got an empty one.")
    return path


def ranks(name: str, value: Any) -> Any:
    """Accept the ranks of an MPI launcher, on the rank that gives the others tasks, while they take some."""
    if not (hasattr(type(value), "execute") and hasattr(value, "global_qubits")):
        raise wrong_type(name, value, "a ketjet.ranks.Ranks")
    if value.rank != 0:
        raise invalid(f"{name}: rank {value.rank} runs nothing by itself; only rank 0 gives the others tasks.")
    if not value.can_take_tasks:
        raise invalid(f"{name}: the other ranks have left their `with Ranks() as ranks:` block.")
    return value
