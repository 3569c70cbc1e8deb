"""What a job is given of the options of its run, beside what to run."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ketjet import engine
from ketjet.farm.farm import FarmOptions
from ketjet.kept.results import KeptResults
from ketjet.options.checks import invalid
from ketjet.options.machine import memory_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ketjet.checkpoints.checkpoint import Checkpoint
    from ketjet.options import SimulatorOptions

__all__ = ["JobSettings", "settings_of_job"]


class JobSettings(TypedDict):
    """Arguments of the constructors of jobs."""

    executor: FarmOptions | None
    cancel_on_interrupt: bool
    memory_limit: int | None
    _execute: Callable[..., engine.Outcome]
    results: KeptResults | Checkpoint | None


def settings_of_job(options: SimulatorOptions) -> JobSettings:
    """Return what a job is given of the options of its run.

    Raises
    ------
    InvalidOptionError
        A folder cannot be written to, or results are to be kept, and there is no seed by which they would be known.
    """
    limit, farming = memory_limit(options), None
    if options.executor is not None:
        if options.control_dir is not None:
            with _named("control_dir"):
                Path(options.control_dir).mkdir(parents=True, exist_ok=True)
        farming = FarmOptions(options.executor, options.retries, options.control_dir, options.max_threads, limit)
    return {
        "executor": farming,
        "cancel_on_interrupt": options.cancel_on_interrupt,
        "memory_limit": limit,
        "_execute": engine.execute if options.ranks is None else options.ranks.execute,
        "results": _results_of(options),
    }


def _results_of(options: SimulatorOptions) -> KeptResults | None:
    if options.results_dir is None:
        return None
    if options.seed_simulator is None:
        raise invalid("results_dir needs seed_simulator: by another seed, nothing that is kept is ever taken again.")
    with _named("results_dir"):
        return KeptResults(options.results_dir)


@contextlib.contextmanager
def _named(option: str) -> Iterator[None]:
    """Turn errors of the system into one that names an option."""
    try:
        yield
    except OSError as error:
        raise invalid(f"{option} is no folder that can be written to: {error}.") from error
