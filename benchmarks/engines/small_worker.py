"""A process that does small work on one engine, for ``run.py small``; orders and answers as in ``engines.worker``."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from engines.small import ENGINES
from engines.worker import serve

if TYPE_CHECKING:
    from engines.small import Call, Told


class SmallWorker:
    """One engine and at most one task."""

    def __init__(self, engine: str) -> None:
        self.kind = ENGINES[engine]
        self.made: tuple[Call, Told] | None = None

    def prepare(self, task: str, threads: int) -> dict[str, Any]:
        """Make the task ready."""
        self.made = self.kind(threads).prepare(task)
        return {}

    def run(self, repeats: int) -> dict[str, Any]:
        """Do it some times; return all seconds, and what is told of the first time."""
        assert self.made is not None
        call, told = self.made
        seconds, first = [], None
        for turn in range(repeats):
            begin = time.perf_counter()
            found = call()
            seconds.append(time.perf_counter() - begin)
            first = told(found) if turn == 0 else first
        return {"seconds": seconds, "found": first}

    def drop(self) -> dict[str, Any]:
        """Let go of the task."""
        self.made = None
        return {}


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "w") as answer_stream:
        os.dup2(2, 1)
        serve(SmallWorker(sys.argv[1]), answer_stream)
