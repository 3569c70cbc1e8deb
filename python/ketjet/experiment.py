"""What to run: one circuit of a job, and what its result will be labelled with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ketjet.engine import Task
    from ketjet.saves import SaveRequest

__all__ = ["Experiment"]


class Experiment(NamedTuple):
    """One circuit of a job, ready to run, and what its result will be labelled with."""

    task: Task
    peak_bytes: int
    """What the run needs at its peak."""
    shots: int
    seed: int
    """The seed as the user gave it; the task's seed is its 64-bit form."""
    header: Mapping[str, Any]
    has_measurements: bool
    qubits: tuple[int, ...] = ()
    """The program's qubit i is the circuit's qubit qubits[i]."""
    available_bytes: int = 0
    """The memory that there was when the run was admitted."""
    saves: tuple[SaveRequest, ...] = ()
    """What the circuit's save instructions ask for."""
    zero_threshold: float = 0.0
    """The option of that name."""
