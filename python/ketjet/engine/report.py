"""What a plan does and why, and the bounds of this computer that a run is judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet import _core
from ketjet.engine.machine import PRECISIONS, Precision, machine
from ketjet.engine.run import plan_options

if TYPE_CHECKING:
    from collections.abc import Collection

    from ketjet._core import Plan, PlanReport


def rates_bytes() -> int:
    """Return the memory that `machine_rates` goes through: several times what the caches hold."""
    return min(4 * machine().l3_bytes, 512 << 20)


def report(made: Plan, precision: Precision, threads: int, *, switched_off: Collection[str] = ()) -> PlanReport:
    """Describe a plan stage by stage.

    Parameters
    ----------
    made : Plan
    precision : {"single", "double"}
    threads : int
        Engine threads that times are predicted for.
    switched_off : collection of str
        What the planner was not allowed to do, as for `plan`.
    """
    return _core.report(made, plan_options(switched_off), PRECISIONS[precision], threads)


def machine_rates(precision: Precision, threads: int, isa: str = "") -> tuple[float, float]:
    """Measure bytes moved through memory and real fused multiply-adds a second, the most this computer can do.

    The first call takes about 50 ms and `rates_bytes()` of memory, and must come from a worker thread.

    Parameters
    ----------
    precision : {"single", "double"}
    threads : int
    isa : str
        Instruction set; empty means KETJET_ISA or the best.
    """
    return _core.machine_rates(PRECISIONS[precision], threads=threads, isa=isa, buffer_bytes=rates_bytes())
