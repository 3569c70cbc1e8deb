"""What options mean on this machine: threads, memory, instruction set, and what its planner may do.

Besides the C++ dispatcher and `base/environment.py` this is the only place that reads environment variables.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.base.environment import OMP_NUM_THREADS
from ketjet.base.warnings import warn
from ketjet.options.checks import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ketjet.options.simulator_options import SimulatorOptions

__all__ = [
    "allowed_threads",
    "launched_ranks",
    "memory_limit",
    "require_isa",
    "require_plan_options",
    "store_folder",
    "switched_off",
]

MOST_BYTES = 1 << 62
"""No limit is larger: the engine counts bytes in 64 bits."""

MAX_DIGITS = 10
"""No number of threads has as many digits."""

LAUNCHERS_SIZES = (
    "PMI_SIZE",
    "OMPI_COMM_WORLD_SIZE",
    "PALS_NRANKS",
    "MV2_COMM_WORLD_SIZE",
    "SLURM_STEP_NUM_TASKS",
)
"""Where launchers say how many processes they have started: MPICH and Intel MPI, Open MPI, PALS, MVAPICH, Slurm."""


def allowed_threads(max_threads: int | None, cores: int) -> int:
    """Return how many engine threads one circuit may use.

    Parameters
    ----------
    max_threads
        The option of that name.
    cores
        Cores that this process may run on.
    """
    allowed = max(cores, 1) if max_threads is None else min(max(cores, 1), max_threads)
    # Whether a variable is missing takes less time to find out than what a missing one is.
    if OMP_NUM_THREADS is None and "OMP_NUM_THREADS" not in os.environ:
        return allowed
    if (now := os.environ.get("OMP_NUM_THREADS")) != OMP_NUM_THREADS:
        _warn_of_change(now)
    wanted = None if OMP_NUM_THREADS is None else _threads_in_text(OMP_NUM_THREADS.strip())
    return allowed if wanted is None else min(allowed, wanted)


@functools.cache
def _warn_of_change(now: str | None) -> None:
    """Say once in a process that OMP_NUM_THREADS is not what it was."""
    shown = ["unset" if text is None else repr(text[:40]) for text in (OMP_NUM_THREADS, now)]
    warn(
        f"the environment variable OMP_NUM_THREADS was {shown[0]} when ketjet was imported and is {shown[1]} now, as "
        "starting a dask cluster leaves it; ketjet keeps to what it was. The option max_threads limits threads."
    )


@functools.cache
def _threads_in_text(text: str) -> int | None:
    """Return the number that OMP_NUM_THREADS gives; None, and one warning in a process, if it gives none."""
    first = text.split(",", maxsplit=1)[0].strip()  # a list gives one number per nesting level
    if first.isascii() and first.isdecimal() and len(first) < MAX_DIGITS and int(first) > 0:
        return int(first)
    if text:
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        warn(f"the environment variable OMP_NUM_THREADS is {shown!r}, not a positive integer; it is ignored.")
    return None


def launched_ranks() -> int:
    """Return how many processes an MPI launcher has started together with this one; 1 if none says anything."""
    for name in LAUNCHERS_SIZES:
        text = os.environ.get(name, "")
        if text.isdecimal():
            return int(text)
    return 1


def memory_limit(options: SimulatorOptions) -> int | None:
    """Return the option max_memory_mb in bytes."""
    return None if options.max_memory_mb is None else min(int(options.max_memory_mb * (1 << 20)), MOST_BYTES)


def require_isa(name: str = "") -> None:
    """Raise InvalidOptionError unless this CPU has an instruction set; "" asks for that of KETJET_ISA."""
    try:
        engine.isa_in_use(name)
    except ValueError as error:
        raise invalid(f"{'isa' if name else 'KETJET_ISA'}: {error}.") from None


def require_plan_options(names: Iterable[str]) -> None:
    """Raise InvalidOptionError unless the planner has options of these names."""
    for name in names:
        if name not in engine.PLAN_OPTIONS:
            raise invalid(f"plan_options has no switch {name!r}; the switches are {', '.join(engine.PLAN_OPTIONS)}.")


def switched_off(options: SimulatorOptions) -> tuple[str, ...]:
    """Return the names of what the planner may not do."""
    return tuple(sorted(name for name, on in options.plan_options.items() if not on)) if options.plan_options else ()


def store_folder() -> Path:
    """Return where detached jobs are kept: KETJET_STORE, or ketjet's folder in the user's state folder."""
    if named := os.environ.get("KETJET_STORE"):
        return Path(named).absolute()
    import platformdirs

    try:
        path = platformdirs.user_state_path("ketjet", appauthor=False)
    except RuntimeError:  # no home
        path = Path("~")
    if not path.is_absolute():
        raise invalid("this user has no home for detached jobs; name a folder for them in KETJET_STORE.")
    return path
