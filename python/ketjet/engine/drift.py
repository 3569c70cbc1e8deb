"""How far the norm of a state may drift from 1 before somebody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketjet.engine.machine import Precision

DRIFT_LIMITS = {"single": 1e-4, "double": 1e-6}
"""How far the norm of a state may be from 1 without a word: more than rounding, less than what matters."""


def drift_of(norm_error: float, precision: Precision) -> str:
    """Return what there is to say of a state whose squared norm is that far from 1; nothing if it may be rounding."""
    if norm_error / 2 <= DRIFT_LIMITS[precision]:  # so far is the norm itself
        return ""
    return (
        f"the squared norm of a state is off by {norm_error:.3g}, because matrices that are almost unitary add up; "
        "give them with more digits"
    )
