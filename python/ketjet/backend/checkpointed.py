"""Jobs with a checkpoint: what `run` keeps in a folder, and what goes on from there."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.archives.given import Given
from ketjet.backend.job_settings import JobSettings, settings_of_job
from ketjet.checkpoints.checkpoint import Checkpoint
from ketjet.checkpoints.folder import CheckpointFolder
from ketjet.errors import InsufficientMemoryError
from ketjet.jobs.job import Job
from ketjet.jobs.job_ids import new_job_id
from ketjet.options.checks import invalid
from ketjet.options.machine import allowed_threads, memory_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit.providers.backend import Backend

    from ketjet.experiment import Experiment
    from ketjet.options import SimulatorOptions

__all__ = ["begun", "gone_on"]

MINUTE = 60.0


def begun(
    backend: Backend, options: SimulatorOptions, experiments_of: Callable[[SimulatorOptions], list[Experiment]]
) -> tuple[list[Experiment], Job]:
    """Return the experiments and the job of options with a checkpoint, which may hold some of its work already.

    Raises
    ------
    CheckpointError
        The folder is used by another job, or is one of another task.
    """
    assert options.checkpoint is not None
    folder = CheckpointFolder(options.checkpoint)
    try:
        known = folder.given
        plain = dataclasses.replace(options, checkpoint=None)
        if known is not None and known.experiments and options.seed_simulator is None:
            plain = dataclasses.replace(plain, seed_simulator=known.experiments[0].seed)
        settings, seconds = settings_of_job(plain), MINUTE * options.checkpoint_minutes
        experiments = experiments_of(plain)
        if known is None:
            labels = {"backend_name": backend.name, "backend_version": backend.backend_version}
            results_dir = plain.results_dir and str(Path(plain.results_dir).absolute())
            folder.begin(Given(experiments, labels, results_dir, seconds))
        else:
            experiments = folder.same(experiments)
        return experiments, _job(backend, experiments, settings, folder, seconds, plain.results_dir)
    except BaseException:
        folder.close()
        raise


def gone_on(backend: Backend, path: str, options: SimulatorOptions) -> tuple[list[Experiment], Job]:
    """Return the experiments and the job that a folder holds, which goes on with the memory and threads of here.

    Raises
    ------
    CheckpointError
        The folder is used by another job, or has none.
    InsufficientMemoryError
        It does not fit into the memory of this machine.
    """
    folder = CheckpointFolder(path, must_exist=True)
    try:
        assert folder.given is not None
        given = folder.given
        here = dataclasses.replace(options, checkpoint=None, results_dir=None)
        experiments = [_as_it_runs_here(experiment, here) for experiment in given.experiments]
        settings = settings_of_job(here)
        return experiments, _job(backend, experiments, settings, folder, given.checkpoint_seconds, given.results_dir)
    except BaseException:
        folder.close()
        raise


def _job(
    backend: Backend,
    experiments: list[Experiment],
    settings: JobSettings,
    folder: CheckpointFolder,
    seconds: float,
    results_dir: str | None,
) -> Job:
    try:
        settings["results"] = Checkpoint(folder.path, seconds, results_dir, folder)
    except OSError as error:
        raise invalid(f"results_dir is no folder that can be written to: {error}.") from error
    job = Job(backend, new_job_id(), experiments, **settings)
    folder.is_over = job.in_final_state
    return job


def _as_it_runs_here(experiment: Experiment, options: SimulatorOptions) -> Experiment:
    """Return an experiment with the threads that it may have here, and the memory that there is."""
    available: tuple[int, Any] = engine.available_memory()
    if (limit := memory_limit(options)) is not None and limit < available[0]:
        available = limit, "max_memory_mb"
    threads = allowed_threads(options.max_threads, engine.machine().cores)
    try:
        task = engine.fitted(experiment.task, threads=threads, available=available)
    except engine.MemoryLimitReached as error:
        raise InsufficientMemoryError(str(error)) from error
    return experiment._replace(task=task, peak_bytes=task.peak_bytes)
