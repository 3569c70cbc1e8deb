"""Derivatives of a program's final state by its slots, as sums of final states with one angle changed.

The entries of a gate's matrix are sums of a constant and of cosines and sines of an angle, or of half an angle. So its
derivative is a sum of the matrix at other angles, exactly; so is that of the state, which is linear in the matrix.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ChangedRun", "changed_runs"]

PHASES = frozenset({"p", "u1", "u2", "cp", "cu1"})
"""Gates whose angles are all whole ones: phases of some amplitudes."""

PARTIAL = frozenset({"xx_minus_yy", "xx_plus_yy"})
"""Gates that leave some amplitudes as they are."""


class ChangedRun(NamedTuple):
    """A final state that a derivative by a slot consists of.

    Attributes
    ----------
    slot : int
    change : float
        What is added to the slot.
    weight : float
        How often the final state is in the derivative.
    """

    slot: int
    change: float
    weight: float


def changed_runs(program: engine.Program) -> Iterator[ChangedRun]:
    """Yield what the derivatives by all slots of a program consist of, one or two runs for each."""
    _, _, codes, _, _, num_controls, _, slot_begin, *_ = program.packed()
    names = {row[0]: name for name, row in engine.gate_codes().items()}
    names |= {code: name for name, code in engine.instruction_codes().items()}
    for code, controls, begin, end in zip(
        codes.tolist(), num_controls.tolist(), slot_begin[:-1].tolist(), slot_begin[1:].tolist(), strict=True
    ):
        for slot in range(begin, end):
            name, is_half = names[code], slot == begin and names[code] not in PHASES
            if name == "global_phase":
                yield ChangedRun(slot, math.pi / 2, 1)
            elif not is_half:
                yield ChangedRun(slot, math.pi / 2, 0.5)
                yield ChangedRun(slot, -math.pi / 2, -0.5)
            elif controls or name in PARTIAL:
                yield ChangedRun(slot, math.pi, 0.25)
                yield ChangedRun(slot, -math.pi, -0.25)
            else:
                yield ChangedRun(slot, math.pi, 0.5)
