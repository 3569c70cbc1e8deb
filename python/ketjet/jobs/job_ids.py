"""Names of jobs: a random one for the process, and a number."""

from __future__ import annotations

import itertools
import uuid

from ketjet.jobs.per_process import PerProcess

__all__ = ["new_job_id"]


class _JobIds:
    def __init__(self) -> None:
        self._process = str(uuid.uuid4())
        self._numbers = itertools.count(1)

    def next(self) -> str:
        return f"{self._process}-{next(self._numbers)}"


_ids = PerProcess(_JobIds)


def new_job_id() -> str:
    """Return a name that no other job has, in any process."""
    return _ids().next()
