"""Ranks that are not there: for what a run on them would take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.errors import InvalidOptionError, RanksError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ketjet.engine import Outcome

__all__ = ["PlannedRanks"]


@dataclass(frozen=True)
class PlannedRanks:
    """So many ranks, for ``Simulator(ranks=...).estimate`` and ``explain``, which need none of them.

    Raises
    ------
    InvalidOptionError
        `size` is no power of two.
    """

    size: int
    """How many: a power of two."""
    threads: int | None = None
    """Engine threads of each; None for the cores of this computer."""
    available_bytes: int | None = None
    """The memory that each may take; None for what this computer has free."""
    share_from: int = 27
    """The least qubits of a state that is shared out."""

    rank = 0
    can_take_tasks = True

    def __post_init__(self) -> None:
        if self.size < 1 or self.size & (self.size - 1):
            raise InvalidOptionError(f"ranks that share states out are a power of two, not {self.size}.")
        object.__setattr__(self, "threads", self.threads or engine.machine().cores)

    @property
    def global_qubits(self) -> int:
        """The qubits whose values number the ranks."""
        return self.size.bit_length() - 1

    def free_bytes(self, here: int) -> int:
        """Return what each may take."""
        return here if self.available_bytes is None else self.available_bytes

    @property
    def execute(self) -> Callable[..., Outcome]:
        """What would run a task.

        Raises
        ------
        RanksError
            Always.
        """
        raise RanksError(f"these {self.size} ranks are only planned; start them with mpirun, and give Ranks().")
