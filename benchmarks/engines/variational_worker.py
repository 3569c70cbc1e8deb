"""A process that works out energies and gradients on one engine, for ``run.py primitives``.

Orders and answers are lines of JSON, as in ``engines.worker``.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from circuits.variational import build_problem

from engines.variational import ENGINES, VariationalEngine
from engines.worker import serve

STEP = 1e-3
"""What is added to all values from one call to the next, so that no engine finds what it has worked out before."""


class VariationalWorker:
    """One engine and at most one problem."""

    def __init__(self, engine: str) -> None:
        self.kind = ENGINES[engine]
        self.engine: VariationalEngine | None = None
        self.values: list[float] = []

    def prepare(self, problem: dict[str, Any], threads: int) -> dict[str, Any]:
        """Build the engine's own circuit and observable."""
        self.engine = None
        built = build_problem(**problem)
        self.values = built.values
        self.engine = self.kind(built, threads)
        return {}

    def run(self, what: str, repeats: int) -> dict[str, Any]:
        """Ask for the ``energy`` or the ``gradient`` some times; return all seconds, and what the first call found.

        Of runs ``forward`` and ``backward`` the seconds are what they find.
        """
        assert self.engine is not None
        call, seconds, first = getattr(self.engine, what), [], None
        for turn in range(repeats):
            values = [value + STEP * turn for value in self.values]
            begin = time.perf_counter()
            found = call(values)
            seconds.append(found if what in ("forward", "backward") else time.perf_counter() - begin)
            first = found if turn == 0 else first
        return {"seconds": seconds, "found": first}

    def drop(self) -> dict[str, Any]:
        """Let go of the problem."""
        self.engine = None
        return {}


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "w") as answer_stream:
        os.dup2(2, 1)
        serve(VariationalWorker(sys.argv[1]), answer_stream)
