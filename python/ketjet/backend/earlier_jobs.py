"""The methods of `Simulator` that find jobs of earlier processes, and go on with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiskit.providers import BackendV2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ketjet.experiment import Experiment
    from ketjet.jobs.job import Job
    from ketjet.options import SimulatorOptions

__all__ = ["FindsJobs"]


class FindsJobs(BackendV2):
    """What a simulator knows of jobs that other processes have begun."""

    def _resolve(self, options: Mapping[str, Any]) -> SimulatorOptions:
        raise NotImplementedError

    def _submit(self, job: Any, experiments: Sequence[Experiment]) -> Any:
        raise NotImplementedError

    def retrieve_job(self, job_id: str) -> Job:
        """Return a job that was run with ``detach=True``, by this process or any other of this user.

        Raises
        ------
        JobError
            The store of detached jobs has none of this name.
        """
        from ketjet.detached.job import stored_job

        return stored_job(self, job_id)

    def resume(self, source: str | os.PathLike[str]) -> Job:
        """Go on with a job from what it has kept.

        Parameters
        ----------
        source
            The folder that was its ``checkpoint``, or the name of a job that was run with ``detach=True``. It takes the
            memory and threads that there are now, within the limits of this backend.

        Returns
        -------
        Job
            Submitted; its result is what the job would have had that was broken off.

        Raises
        ------
        CheckpointError
            The folder is used by another job, is of another format, damaged, or no checkpoint.
        JobError
            There is no folder and no detached job of this name, or the job runs.
        InsufficientMemoryError
            A circuit does not fit into the memory of this computer.
        """
        from ketjet.backend.checkpointed import gone_on
        from ketjet.detached import hand_over

        if not Path(source).is_dir():
            return hand_over.resume(self, os.fspath(source))
        experiments, job = gone_on(self, os.fspath(source), self._resolve({}))
        resumed: Job = self._submit(job, experiments)
        return resumed
