"""Warnings that point at the line of the user that caused them."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn"]


def warn(message: str) -> None:
    """Issue a KetjetWarning that points at the first frame outside this package."""
    from ketjet.errors import KetjetWarning

    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "ketjet":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, KetjetWarning, stacklevel=level)
