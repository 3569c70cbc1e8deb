"""Measurements at the end of a program, which a reader of its state leaves to itself.

An engine that keeps the state does not carry out a measurement that nothing on its qubit follows, so the state is the
one before it. Averaged over the outcomes, only what does not commute with Z of that qubit reads differently: it is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["FinalMeasurements", "without_final_measurements"]

CLASSICAL = ("compute", "branch", "jump")
"""Operations that classical code is in, or that control flow consists of."""


class FinalMeasurements(NamedTuple):
    """A program without measurements at its end.

    Attributes
    ----------
    program : Program
        Without those that no classical code can see the outcomes of; nothing else has changed.
    qubits : tuple of int
        The program's qubits that every run measures last of all, be it in vain.
    others : bool
        Whether there are measurements before something that acts on their qubit.
    """

    program: engine.Program
    qubits: tuple[int, ...]
    others: bool


def without_final_measurements(program: engine.Program) -> FinalMeasurements:
    """Drop measurements at the end of a program."""
    if not program.num_clbits:
        return FinalMeasurements(program, (), False)
    packed = list(program.packed())
    num_qubits, _, codes, wire_begin, wires = packed[:5]
    numbers = engine.instruction_codes()
    measures = np.flatnonzero(codes == numbers["measure"])
    if not len(measures):
        return FinalMeasurements(program, (), False)
    homes = np.repeat(np.arange(len(codes)), np.diff(wire_begin.astype(np.int64)))
    acting = ~np.isin(codes[homes], [numbers["measure"], numbers["save"]])
    touched = np.full(num_qubits, -1)
    touched[wires[acting]] = homes[acting]  # of several the last
    measured = wires[wire_begin[measures]]
    passed_once = _jumps_across(codes, packed[9], packed[10], numbers)[measures] == 0
    final = passed_once & (measures > touched[measured])
    classical = np.flatnonzero(np.isin(codes, [numbers[name] for name in CLASSICAL]))
    dropped = measures[final & (measures > max(classical.tolist(), default=-1))]
    qubits = tuple(np.unique(measured[final]).tolist())
    return FinalMeasurements(_without(packed, dropped), qubits, not final.all())


def _jumps_across(
    codes: NDArray[np.int32], operands: NDArray[np.int64], payloads: Sequence[NDArray[Any]], numbers: dict[str, int]
) -> NDArray[np.int64]:
    """Return for each operation how many jumps lead across it, forwards or back."""
    changes = np.zeros(len(codes) + 2, np.int64)
    for place in np.flatnonzero(np.isin(codes, [numbers["branch"], numbers["jump"]])).tolist():
        operand = operands[place]
        target = int(payloads[operand][0] if codes[place] == numbers["branch"] else operand)
        changes[min(place + 1, target)] += 1
        changes[max(place + 1, target)] -= 1
    across: NDArray[np.int64] = np.cumsum(changes)
    return across


def _without(packed: list[Any], dropped: NDArray[np.intp]) -> engine.Program:
    """Return a program without some operations, which have neither angles nor payloads, behind all jumps."""
    _, _, codes, wire_begin, wires, num_controls, control_state, slot_begin, _, operand, *_ = packed
    kept = np.ones(len(codes), bool)
    kept[dropped] = False
    widths = np.diff(wire_begin.astype(np.int64))
    packed[2] = codes[kept]
    packed[3] = np.concatenate([[0], np.cumsum(widths[kept])]).astype(np.uint32)
    packed[4] = wires[np.repeat(kept, widths)]
    packed[5], packed[6], packed[9] = num_controls[kept], control_state[kept], operand[kept]
    packed[7] = np.concatenate([slot_begin[:-1][kept], slot_begin[-1:]])
    return engine.Program(*packed)
