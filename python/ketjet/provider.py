"""A thin provider for code that asks one for its backends; `Simulator()` is the main door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit.providers import QiskitBackendNotFoundError

from ketjet.backend import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from ketjet.jobs.job import Job

__all__ = ["Provider"]


class Provider:
    """List and find ketjet's backends by name.

    Examples
    --------
    >>> from ketjet import Provider
    >>> Provider().get_backend("ketjet").name
    'ketjet'
    """

    def backends(self, name: str | None = None, filters: Callable[[Simulator], bool] | None = None) -> list[Simulator]:
        """Return the backends that match.

        Parameters
        ----------
        name
            Only the backend of this name.
        filters
            Only backends for which this function returns true.
        """
        found = [backend for backend in [Simulator()] if name in (None, backend.name)]
        return [backend for backend in found if filters is None or filters(backend)]

    def get_backend(self, name: str | None = None, filters: Callable[[Simulator], bool] | None = None) -> Simulator:
        """Return the one backend that matches.

        Raises
        ------
        QiskitBackendNotFoundError
            No backend matches.
        """
        found = self.backends(name, filters)
        if not found:
            names = ", ".join(backend.name for backend in self.backends())
            raise QiskitBackendNotFoundError(
                f"no backend {name!r} matches; there is: {names}. "
                "Aer and BasicAer in ketjet.basicaer know the old names."
            )
        return found[0]

    def job(self, job_id: str) -> Job:
        """Return a job that was run with ``detach=True``, by this process or any other of this user.

        Raises
        ------
        JobError
            The store of detached jobs has none of this name.
        """
        return self.get_backend().retrieve_job(job_id)

    def jobs(self) -> list[Job]:
        """Return all jobs that were run with ``detach=True`` and have not been forgotten, oldest first."""
        from ketjet.detached.job import stored_jobs

        return [*stored_jobs(self.get_backend())]
