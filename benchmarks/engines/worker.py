"""A process that runs circuits on one engine at any of its settings, one order a line, for ``run.py circuits``.

It reads JSON orders from standard input and answers each with one JSON line. What the engines print goes to standard
error. A state is kept only until it has been compared.
"""

from __future__ import annotations

import functools
import json
import math
import os
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from circuits.families import build
from qiskit import QuantumCircuit

from engines.base import Case, Engine
from engines.peers import ENGINES, PEERS

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 1 << 20
LOADING_RUNS = (3, 30)
LOADING_SECONDS = 0.5

cached_build = functools.lru_cache(maxsize=2)(build)


def infidelity(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return 1 - |<first|second>|^2 of the normalised states, and the norm of ``second``; global phase is ignored."""
    overlap, norms = 0j, [0.0, 0.0]
    for begin in range(0, len(first), CHUNK):
        left = first[begin : begin + CHUNK].astype(np.complex128)
        right = second[begin : begin + CHUNK].astype(np.complex128)
        overlap += complex(np.vdot(left, right))
        norms[0] += float(np.vdot(left, left).real)
        norms[1] += float(np.vdot(right, right).real)
    return 1.0 - abs(overlap) ** 2 / (norms[0] * norms[1]), norms[1] ** 0.5


class Worker:
    """One engine, at most one prepared circuit and at most one state."""

    def __init__(self, kind: type[Engine]) -> None:
        self.kind = kind
        self.engine: Engine | None = None
        self.state: np.ndarray | None = None
        self.loading: dict[Any, float] = {}

    def prepare(
        self, circuit: dict[str, Any], precision: str, threads: int, initial: str | None, prepared: bool
    ) -> dict[str, Any]:
        """Build the engine's own circuit object; ``initial`` is a file with the state to start from."""
        self.drop()
        given = None if initial is None else np.asarray(np.load(initial, mmap_mode="r"))
        case = Case(cached_build(**circuit), precision, threads, given, prepared)
        self.engine = self.kind(case)
        if given is None or not self.kind.loads_while_running:
            return {"loading_seconds": 0.0}
        key = (case.num_qubits, precision, initial)
        if key not in self.loading:
            self.loading[key] = self._loading_seconds(case)
        return {"loading_seconds": self.loading[key]}

    def _loading_seconds(self, case: Case) -> float:
        """Return what loading the state adds to a run without gates, at the engine's first setting."""
        setting = next(peer.setting for peer in PEERS.values() if peer.engine is self.kind)
        empty = QuantumCircuit(case.num_qubits)
        idle = [self.kind(Case(empty, case.precision, case.threads, initial)) for initial in (case.initial, None)]
        best, begin = [math.inf, math.inf], time.perf_counter()
        for turn in range(LOADING_RUNS[1]):
            for index, engine in enumerate(idle):
                engine.use(setting)
                best[index] = min(best[index], _timed(engine.run)[0])
            if turn + 1 >= LOADING_RUNS[0] and time.perf_counter() - begin > LOADING_SECONDS:
                break
        return max(0.0, best[0] - best[1])

    def use(self, peer: str) -> dict[str, Any]:
        """Get ready for runs at one of the engine's settings."""
        assert self.engine is not None
        self.engine.use(PEERS[peer].setting)
        return {}

    def explain(self) -> dict[str, Any]:
        """Ask the engine's planner about the prepared circuit."""
        assert self.engine is not None
        return {"explained": self.engine.explain()}

    def run(self, repeats: int, keep: bool) -> dict[str, Any]:
        """Simulate some times, time each, and keep the last state if told to."""
        assert self.engine is not None
        seconds, engine_seconds = [], []
        for _ in range(repeats):
            self.state = product = None
            self.engine.load()
            taken, (product, engine) = _timed(self.engine.run)
            seconds.append(taken + self.engine.spared_seconds)
            engine_seconds += [] if engine is None else [engine]
        if keep:
            self.state = self.engine.fetch(product)
        return {"seconds": seconds, "engine_seconds": engine_seconds}

    def save(self, path: str) -> dict[str, Any]:
        """Write the kept state, for the others to compare with."""
        assert self.state is not None
        np.save(path, self.state)
        return self.compare(path)

    def compare(self, path: str) -> dict[str, Any]:
        """Compare the kept state with a written one, and let it go."""
        assert self.state is not None
        reference = np.load(path, mmap_mode="r")
        if reference.shape != self.state.shape:
            return {"infidelity": 1.0, "norm": 0.0}
        error, norm = infidelity(reference, self.state)
        self.state = None
        return {"infidelity": error, "norm": norm}

    def drop(self) -> dict[str, Any]:
        """Let go of circuit and state."""
        self.engine = self.state = None
        return {}


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that a call took, and what it returned."""
    begin = time.perf_counter()
    product = run()
    return time.perf_counter() - begin, product


def serve(worker: object, answers: TextIO) -> None:
    """Answer orders until standard input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(worker, order.pop("order"))(**order)
        except Exception as error:  # noqa: BLE001 - a peer may raise anything; the others go on without it
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "w") as answer_stream:
        os.dup2(2, 1)
        serve(Worker(ENGINES[sys.argv[1]]), answer_stream)
