"""By what results are known again: all that the answer depends on, and nothing else.

Tasks are of one *group* that differ in nothing but angles and occurrences; a *point* of a group is one choice of these.
How many threads, how much memory, which instruction set and which plan there are changes no answer.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet.engine import RNG_VERSION

if TYPE_CHECKING:
    from ketjet.engine import Task

__all__ = ["KEY_BYTES", "group_of", "points_of"]

FORMAT = 1
"""Changes whenever what is kept does, or by what it is known."""

KEY_BYTES = 16
"""The length of the key of a point."""

PARTS = ("shots", "seed", "memory", "return_state", "precision", "switched_off", "verify", "exact")
"""What of a task changes its answer, beside its program and what it reads."""


def group_of(task: Task) -> str:
    """Return the name of a task's group: 32 hexadecimal digits."""
    program = task.program.with_slots(np.zeros(len(task.program.slots)))
    gradient = task.gradient
    if gradient is not None:
        gradient = gradient._replace(states=0, plan=None)
    described = hashlib.sha256()
    values = [getattr(task, name) for name in PARTS]
    _add(described, [FORMAT, RNG_VERSION, program.packed(), values, task.floor if task.exact else 0.0])
    _add(described, [task.readouts, gradient, task.tensor])
    return described.hexdigest()[:32]


def points_of(task: Task) -> list[bytes]:
    """Return the keys of a task's points, of which there is one unless it says others."""
    points = task.points
    if points is None:
        return [_key(task.program.fingerprint, task.program.slots, task.occurrence)]
    rows = zip(points.fingerprints.tolist(), points.slots, points.occurrences.tolist(), strict=True)
    return [_key(*row) for row in rows]


def _key(fingerprint: int, slots: Any, occurrence: int) -> bytes:
    described = hashlib.blake2b(np.ascontiguousarray(slots, np.float64).tobytes(), digest_size=KEY_BYTES)
    described.update(b"%d %d" % (fingerprint, occurrence))
    return described.digest()


def _add(described: Any, value: Any) -> None:
    """Add a number, a text, an array or a tuple of such, with its kind and its length."""
    if isinstance(value, np.ndarray):
        described.update(f"{value.dtype.str}{value.shape}".encode())
        described.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, (tuple, list)):
        described.update(f"{type(value).__name__}{len(value)}(".encode())
        for each in value:
            _add(described, each)
    elif value is None or isinstance(value, (bool, int, float, str, bytes)):
        described.update(f"{type(value).__name__}{value!r};".encode())
    else:
        raise TypeError(f"{type(value).__name__} has no place in a key")
