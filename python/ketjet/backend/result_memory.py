"""What the results of many points take, before any of them runs: those that do not fit into memory are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.base.units import size
from ketjet.errors import InsufficientMemoryError

if TYPE_CHECKING:
    from ketjet.experiment import Experiment

__all__ = ["POINT_BYTES", "RUN_BYTES", "bytes_of_point", "bytes_of_run", "require_memory"]

POINT_BYTES = 160
"""What every point takes beside its angles and what it gives: a fingerprint, how often it came before, where its
outcomes are, and how far its norm is from 1."""

RUN_BYTES = 4096
"""What a point takes that is a run of its own: a task, its program, an outcome and their arrays."""


def bytes_of_point(task: engine.Task) -> int:
    """Return what a point of those leaves, at most, that the engine runs through: angles, outcomes and what is read."""
    words, qubits = _words(task), min(task.program.num_qubits, 62)
    outcomes = min(task.shots, 1 << qubits) * 8 * (words + 1)
    values = sum(readout.num_values for readout in task.readouts)
    return POINT_BYTES + 8 * (len(task.program.slots) + values) + outcomes + _listed_bytes(task)


def bytes_of_run(task: engine.Task, saved: int = 0) -> int:
    """Return what a point leaves, at least, that is a run of its own and saves so many bytes."""
    state = engine.AMPLITUDE_BYTES[task.precision] << task.program.num_qubits if task.return_state else 0
    return RUN_BYTES + 8 * len(task.program.slots) + state + _listed_bytes(task) + saved


def _words(task: engine.Task) -> int:
    return max(1, -(-task.program.num_clbits // 64))


def _listed_bytes(task: engine.Task) -> int:
    return 8 * _words(task) * task.shots if task.memory else 0


def require_memory(points: int, of_point: int, experiment: Experiment) -> None:
    """Check that there is memory for what many points leave.

    Parameters
    ----------
    points
        How many there are.
    of_point
        Bytes that each of them leaves.
    experiment
        How one of them runs; what it leaves is in its peak.

    Raises
    ------
    InsufficientMemoryError
        There is not; the message tells how many points would fit.
    """
    peak, available = 0 if experiment.far else experiment.peak_bytes, experiment.available_bytes
    needed = peak + (points - 1) * of_point
    if needed <= available or points < 2:
        return
    fitting = 1 + max(available - peak, 0) // of_point
    error = InsufficientMemoryError(
        f"circuit {experiment.header['name']!r} at {points} points needs up to {size(needed)} for its results, but "
        f"{size(available)} are available, enough for {fitting} points. Use fewer shots or fewer points at a time."
    )
    error.required_bytes, error.available_bytes = needed, available
    raise error
