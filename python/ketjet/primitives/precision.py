"""Checks of what users give as a precision."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from ketjet.errors import InvalidPubError, PubTypeError

__all__ = ["precision_of"]


def precision_of(value: Any, where: str) -> float:
    """Return a standard error as a number that is at least 0.

    Raises
    ------
    PubTypeError, InvalidPubError
        It is none; the message begins with `where`.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise PubTypeError(f"{where}precision must be a real number, not {type(value)}; got {value!r}.")
    found = float(value)
    if found < 0:
        raise InvalidPubError(f"{where}precision must be non-negative, got {value}; 0 asks for exact values.")
    if not math.isfinite(found):
        raise InvalidPubError(f"{where}precision must be finite, got {value}.")
    return found
