"""What a job is given of the options of its run, beside what to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from ketjet import engine
from ketjet.farm.farm import FarmOptions
from ketjet.options.machine import memory_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from ketjet.options import SimulatorOptions

__all__ = ["JobSettings", "settings_of_job"]


class JobSettings(TypedDict):
    """Arguments of the constructors of jobs."""

    executor: FarmOptions | None
    cancel_on_interrupt: bool
    memory_limit: int | None
    _execute: Callable[..., engine.Outcome]


def settings_of_job(options: SimulatorOptions) -> JobSettings:
    """Return what a job is given of the options of its run."""
    limit, farming = memory_limit(options), None
    if options.executor is not None:
        farming = FarmOptions(options.executor, options.retries, options.control_dir, options.max_threads, limit)
    return {
        "executor": farming,
        "cancel_on_interrupt": options.cancel_on_interrupt,
        "memory_limit": limit,
        "_execute": engine.execute if options.ranks is None else options.ranks.execute,
    }
