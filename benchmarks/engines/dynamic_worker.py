"""A process that runs dynamic circuits on one engine at any of its settings, for ``run.py dynamic``.

Orders and answers are lines of JSON, as in ``engines.worker``.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from circuits.dynamic import build_dynamic
from protocol.measure import make_backend

from engines.worker import serve

SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "ketjet": ("ketjet", {}),
    "aer": ("aer", {}),
    "aer-branching": ("aer", {"shot_branching_enable": True, "shot_branching_sampling_enable": True}),
    "aer-nofusion": ("aer", {"fusion_enable": False}),
}
"""Engine and run options of every setting."""


class DynamicWorker:
    """One engine and at most one circuit."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.circuit: Any = None
        self.backend: Any = None

    def prepare(self, name: str, qubits: int, precision: str, threads: int) -> dict[str, Any]:
        """Build circuit and backend, anew for every run; return what the circuit promises."""
        self.circuit = build_dynamic(name, qubits)
        self.backend = make_backend(self.engine, precision, threads)
        return {"even": self.circuit.metadata["even"]}

    def run(self, setting: str, shots: int, seed: int) -> dict[str, Any]:
        """Run once, from the circuit to its counts; return the seconds and the counts."""
        begin = time.perf_counter()
        job = self.backend.run(self.circuit, shots=shots, seed_simulator=seed, **SETTINGS[setting][1])
        result = job.result()
        if not result.success:  # Aer says so and goes on
            raise RuntimeError(result.status)
        counts = result.get_counts()
        seconds = time.perf_counter() - begin
        return {"seconds": seconds, "counts": {key.replace(" ", ""): number for key, number in counts.items()}}


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "w") as answer_stream:
        os.dup2(2, 1)
        serve(DynamicWorker(sys.argv[1]), answer_stream)
