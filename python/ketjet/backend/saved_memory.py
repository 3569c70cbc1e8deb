"""What the data of a circuit's save instructions take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.saves import SAVES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ketjet.lowering import LoweredCircuit
    from ketjet.options import SimulatorOptions

    SaveFrames = Mapping[int, tuple[Sequence[int], Sequence[int]]]

__all__ = ["listed_bytes", "saved_bytes", "saves_repeat"]

LISTED_BYTES = 16
"""What a save instruction takes for every shot if it lists them: the shot's last record, and an entry of the list."""


def saved_bytes(lowered: LoweredCircuit, options: SimulatorOptions, frames: SaveFrames) -> dict[str, int]:
    """Return by label what a datum of each save instruction takes, at least; their number is not known before.

    Dictionaries leave out what is zero because qubits are known; other values are shown in full.
    """
    found = {}
    for request in lowered.saves:
        save, width = SAVES[request.name], request.num_qubits
        if save.leaves_out_zeros and request.number in frames:
            width = len(frames[request.number][0])
        if needed := save.bytes_of(width, engine.AMPLITUDE_BYTES[options.precision]):
            found[request.label] = needed
    return found


def listed_bytes(lowered: LoweredCircuit, options: SimulatorOptions) -> int:
    """Return what the lists take that save instructions have for every shot."""
    return sum(LISTED_BYTES * options.shots for save in lowered.saves if save.column >= 0)


def saves_repeat(lowered: LoweredCircuit) -> bool:
    """Return whether there may be more than one datum of some save instruction."""
    return any(save.subtype != "single" for save in lowered.saves)
