"""A process that runs circuits on one engine, one order a line, for ``bench_circuits.py``.

It reads JSON orders from standard input and answers each with one JSON line. What the engines print goes to standard
error. The state is kept only until it has been compared.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, TextIO

import numpy as np
from circuits import build
from peers import PEERS, Peer, Run

CHUNK = 1 << 20


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

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.prepared: Run | None = None
        self.state: np.ndarray | None = None

    def prepare(self, circuit: dict[str, Any], precision: str, threads: int) -> dict[str, Any]:
        """Build the engine's own circuit object."""
        self.prepared = self.state = None
        self.prepared = self.peer.prepare(build(**circuit), precision, threads)
        return {}

    def run(self, repeats: int, keep: bool) -> dict[str, Any]:
        """Simulate some times, time each, and keep the last state if told to."""
        assert self.prepared is not None
        seconds, engine_seconds = [], []
        for _ in range(repeats):
            self.state = None
            begin = time.perf_counter()
            self.state, engine = self.prepared()
            seconds.append(time.perf_counter() - begin)
            engine_seconds += [] if engine is None else [engine]
        if not keep:
            self.state = None
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
        self.prepared = self.state = None
        return {}


def serve(worker: Worker, answers: TextIO) -> None:
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
        serve(Worker(PEERS[sys.argv[1]]), answer_stream)
