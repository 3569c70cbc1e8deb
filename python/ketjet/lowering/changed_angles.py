"""Derivatives by a program's slots as sums of what the program gives with one angle changed.

The entries of a gate's matrix are sums of a constant and of cosines and sines of an angle, or of half an angle. So the
derivative of the matrix is a sum of the matrix at other angles, exactly; so is that of a state, which is linear in the
matrix. An expectation value has two such matrices in it, and the sums are those of the parameter-shift rules.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.lowering.program_to_read import jump_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ChangedRun", "RepeatedSlot", "changed_states", "changed_values", "repeated_slots"]

PHASES = frozenset({"p", "u1", "u2", "cp", "cu1"})
"""Gates whose angles are all whole ones: phases of some amplitudes. Of all others the first is half."""

PARTIAL = frozenset({"xx_minus_yy", "xx_plus_yy"})
"""Gates that leave some amplitudes as they are, as controlled ones do."""

OPPOSITE = frozenset({"r", "xx_minus_yy", "xx_plus_yy"})
"""Gates whose whole angles are phases of either sign."""

NEAR, FAR = (math.sqrt(2) + 1) / math.sqrt(32), (math.sqrt(2) - 1) / math.sqrt(32)
"""Weights of the rule with four terms."""


class ChangedRun(NamedTuple):
    """What a derivative by a slot consists of.

    Attributes
    ----------
    slot : int
    change : float
        What is added to the slot.
    weight : float
        How often what the program gives then is in the derivative.
    """

    slot: int
    change: float
    weight: float


class _Slot(NamedTuple):
    number: int
    name: str
    is_half: bool
    is_partial: bool


def changed_states(program: engine.Program) -> Iterator[ChangedRun]:
    """Yield what the derivatives of the final state by all slots consist of, one or two runs for each."""
    for slot, name, is_half, is_partial in _slots(program):
        if name == "global_phase":
            yield ChangedRun(slot, math.pi / 2, 1)
        elif not is_half:
            yield from _pair(slot, math.pi / 2, 0.5)
        elif is_partial:
            yield from _pair(slot, math.pi, 0.25)
        else:
            yield ChangedRun(slot, math.pi, 0.5)


def changed_values(program: engine.Program) -> Iterator[ChangedRun]:
    """Yield what the derivatives of expectation values by all slots consist of, two or four runs for each.

    Those of a slot in a loop do not.
    """
    for slot, name, is_half, is_partial in _slots(program):
        if name == "global_phase":
            continue
        if is_half and is_partial:
            yield from _pair(slot, math.pi / 2, NEAR)
            yield from _pair(slot, 3 * math.pi / 2, -FAR)
        elif not is_half and name in OPPOSITE:
            yield from _pair(slot, math.pi / 4, 2 * NEAR)
            yield from _pair(slot, 3 * math.pi / 4, -2 * FAR)
        else:
            yield from _pair(slot, math.pi / 2, 0.5)


def _pair(slot: int, change: float, weight: float) -> tuple[ChangedRun, ChangedRun]:
    return ChangedRun(slot, change, weight), ChangedRun(slot, -change, -weight)


def _slots(program: engine.Program) -> Iterator[_Slot]:
    _, _, codes, _, _, num_controls, _, slot_begin, *_ = program.packed()
    names = _names()
    for code, controls, begin, end in zip(
        codes.tolist(), num_controls.tolist(), slot_begin[:-1].tolist(), slot_begin[1:].tolist(), strict=True
    ):
        for slot in range(begin, end):
            name = names[code]
            yield _Slot(slot, name, slot == begin and name not in PHASES, controls > 0 or name in PARTIAL)


def _names() -> dict[int, str]:
    names = {row[0]: name for name, row in engine.gate_codes().items()}
    return names | {code: name for name, code in engine.instruction_codes().items()}


class RepeatedSlot(NamedTuple):
    """A slot of an operation that may run several times.

    Attributes
    ----------
    slot : int
    operation : int
        Which operation of the program it belongs to.
    name : str
        Of the operation.
    """

    slot: int
    operation: int
    name: str


def repeated_slots(program: engine.Program) -> list[RepeatedSlot]:
    """Return the slots in loops."""
    _, _, codes, _, _, _, _, slot_begin, _, operands, payloads, *_ = program.packed()
    repeated = np.zeros(len(codes), bool)
    for place, target in jump_targets(codes, operands, payloads).items():
        repeated[target : place + 1] = True
    names = _names()
    return [
        RepeatedSlot(slot, place, names[int(codes[place])])
        for place in np.flatnonzero(repeated).tolist()
        for slot in range(slot_begin[place], slot_begin[place + 1])
    ]
