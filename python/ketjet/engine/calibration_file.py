"""The file of measured speeds in the user's cache folder, by computer: read with distrust, replaced in one step.

Nothing in it can change what is simulated, only which plan is taken: what `ketjet calibrate` could not have written
counts as absent.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from ketjet.base.warnings import warn

FACTOR_LIMITS = (0.05, 20.0)
"""The least and the greatest factor that is measured and taken."""

MAX_BYTES = 1 << 20
"""A file of thousands of computers is smaller."""


class Factors(NamedTuple):
    """Measured time over what the cost model has built in."""

    sweep_factor: float = 1.0
    pass_factor: float = 1.0


class UnusableError(Exception):
    """The file is not one that `ketjet calibrate` has written; its text says why."""


def calibration_path() -> Path | None:
    """Return where the file is kept, or None if this user has neither a home nor a cache folder."""
    import platformdirs

    try:
        path = platformdirs.user_cache_path("ketjet", appauthor=False) / "calibration.json"
    except RuntimeError:  # no home; earlier versions leave "~" at its place
        return None
    return path if path.is_absolute() else None


def kept_factors(name: str) -> Factors | None:
    """Return what was measured on the computer of that name; None, with a warning, if the file is spoilt."""
    path = calibration_path()
    if path is None:
        return None
    try:
        return _factors_in(_read(path), name)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (UnusableError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        warn(f"the calibration file {str(path)!r} is ignored: {reason}. Delete it, or run `ketjet calibrate` again.")
        return None


def keep_factors(name: str, factors: Factors) -> None:
    """Write down what was measured on the computer of that name; a reader finds the old file or the new one."""
    path = calibration_path()
    if path is None:
        raise FileNotFoundError("no folder to keep the calibration in: set HOME or XDG_CACHE_HOME")
    known: dict[str, Any] = {}
    with contextlib.suppress(UnusableError, OSError):
        known = _read(path)
    text = json.dumps({**known, name: factors._asdict()}, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _read(path: Path) -> dict[str, Any]:
    """Return the entries of a regular file of modest size that holds a JSON object."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # opening a FIFO would wait for its writer
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnusableError("it is no regular file")
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise UnusableError(f"it is larger than {MAX_BYTES} bytes")
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableError("it is not JSON") from None
    if not isinstance(entries, dict):
        raise UnusableError("it is not a JSON object")
    return entries


def _factors_in(entries: dict[str, Any], name: str) -> Factors | None:
    if name not in entries:
        return None
    measured = entries[name]
    values = [measured.get(field) for field in Factors._fields] if isinstance(measured, dict) else [None]
    low, high = FACTOR_LIMITS
    if not all(isinstance(value, float) and low <= value <= high for value in values):
        raise UnusableError(f"its entry for this computer has no factors from {low} to {high}")
    return Factors(*values)
