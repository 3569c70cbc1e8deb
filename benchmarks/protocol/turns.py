"""One process an engine, and the turns they take at one case: whoever is not at work is stopped (SIGSTOP).

So no idle thread spins beside a measurement. An engine's settings share its process and take a turn each. A turn is
one run, or as many as fit into ``burst`` seconds, up to 20, or to 200 in prepared cases. A first run to warm up is not
counted. A setting that takes more than ``slow`` seconds for it has but one run more; so have all when the ``budget`` of
the case is used up.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from engines.peers import PEERS
from engines.qiskit_based import Ketjet

from protocol.measure import child_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLERANCE = {"double": 1e-10, "single": 1e-5}
MOST_REPEATS, MOST_PREPARED_REPEATS = 20, 200
CHUNK = 1 << 20


@dataclass(frozen=True)
class Pace:
    """How much time goes into one case."""

    rounds: int
    slow: float
    burst: float
    budget: float


class EngineProcess:
    """A worker process of one engine, stopped whenever it is not carrying out an order; started anew if it died."""

    def __init__(
        self, engine: str, threads: int, *, module: str = "engines.worker", python: str = sys.executable
    ) -> None:
        self.engine, self.threads = engine, threads
        self.command = [python, "-m", module, engine]
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=child_environment(self.threads),
        )  # fmt: skip
        os.kill(process.pid, signal.SIGSTOP)
        return process

    def prepare(self, **arguments: Any) -> dict[str, Any]:
        """Have a case prepared."""
        if self.process.poll() is not None:
            self.process = self._start()
        return self.ask("prepare", threads=self.threads, **arguments)

    def ask(self, order: str, **arguments: Any) -> dict[str, Any]:
        """Have one order carried out and return the answer; ``{"error": ...}`` if it failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if self.process.poll() is not None:
            return {"error": f"the process of {self.engine} has ended with code {self.process.returncode}"}
        os.kill(self.process.pid, signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps({"order": order, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            return {"error": f"the process of {self.engine} has ended with code {self.process.wait()}"}
        os.kill(self.process.pid, signal.SIGSTOP)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Player:
    """One engine at one setting in one case: its process and what came of it so far."""

    def __init__(self, name: str, process: EngineProcess) -> None:
        self.name, self.process = name, process
        self.loading_seconds = 0.0
        self.outcome: dict[str, Any] = {"seconds": [], "engine_seconds": []}

    @property
    def failed(self) -> bool:
        """Whether something went wrong."""
        return "error" in self.outcome

    @property
    def fastest(self) -> float:
        """Seconds of the fastest run so far, the first one included."""
        return min([self.outcome["warm_up_seconds"], *self.outcome["seconds"]])

    def warm_up(self) -> float:
        """Run once, uncounted; return the seconds it took."""
        answer = self._use() or self.process.ask("run", repeats=1, keep=False)
        if "error" in answer:
            self.outcome["error"] = answer["error"]
            return 0.0
        self.outcome["warm_up_seconds"] = answer["seconds"][0]
        return float(answer["seconds"][0])

    def run(self, repeats: int, *, keep: bool = False) -> None:
        """Run some times and add the times to the outcome."""
        answer = self._use() or self.process.ask("run", repeats=repeats, keep=keep)
        if "error" in answer:
            self.outcome["error"] = answer["error"]
            return
        self.outcome["seconds"] += [seconds - self.loading_seconds for seconds in answer["seconds"]]
        self.outcome["engine_seconds"] += answer["engine_seconds"]

    def _use(self) -> dict[str, Any]:
        """Turn the engine to this setting; empty if that went well."""
        return self.process.ask("use", peer=self.name)

    def compare(self, path: Path) -> None:
        """Compare the state of the last run with the file's, or write it there if it is the first."""
        self.outcome.update(self.process.ask("compare" if path.exists() else "save", path=str(path)))

    def finish(self, precision: str) -> None:
        """Sum up; a time that is less than the loading which was taken off it tells nothing."""
        if not self.failed:
            self.outcome["best"] = min(self.outcome["seconds"])
            self.outcome["median"] = statistics.median(self.outcome["seconds"])
            self.outcome["agrees"] = abs(self.outcome["infidelity"]) <= TOLERANCE[precision]
            self.outcome["counts"] = self.outcome["agrees"] and self.outcome["best"] > self.loading_seconds


def measure_case(
    crew: dict[str, EngineProcess],
    names: Sequence[str],
    case: dict[str, Any],
    pace: Pace,
    scratch: Path,
) -> dict[str, dict[str, Any]]:
    """Run one case on all engines, alternately; return what each setting took and how its state compares.

    Parameters
    ----------
    crew
        The processes by engine.
    names
        The settings that take part; the first one that works gives the state that the others are compared with.
    case
        ``circuit`` (arguments of ``circuits.build``), ``precision``, ``initial`` (a file or None) and ``prepared``.
    pace
        How many turns.
    scratch
        Folder for one state.
    """
    players = [Player(name, crew[PEERS[name].engine.key]) for name in names]
    used = {player.process.engine: player.process for player in players}
    prepared = {engine: process.prepare(**case) for engine, process in used.items()}
    for player in players:
        answer = prepared[player.process.engine]
        player.outcome |= {key: answer[key] for key in ("error", "loading_seconds") if key in answer}
        player.loading_seconds = answer.get("loading_seconds", 0.0)
        if issubclass(PEERS[player.name].engine, Ketjet) and not player.failed:
            player.outcome.update(player.process.ask("explain"))
    warm_ups = {player.name: player.warm_up() for player in players if not player.failed}
    quick = [player for player in players if not player.failed and warm_ups[player.name] <= pace.slow]
    end, most = time.monotonic() + pace.budget, MOST_PREPARED_REPEATS if case["prepared"] else MOST_REPEATS
    for turn in range(pace.rounds - 1):
        first = turn % max(1, len(quick))
        for player in quick[first:] + quick[:first]:
            if time.monotonic() < end and not player.failed:
                player.run(round(min(most, max(1.0, pace.burst / player.fastest))))
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        for player in players:
            if not player.failed:
                player.run(1, keep=True)
            if not player.failed:
                player.compare(Path(folder) / "state.npy")
            player.finish(case["precision"])
    for process in used.values():
        process.ask("drop")
    return {player.name: player.outcome for player in players}


def write_random_state(path: Path, num_qubits: int, precision: str) -> None:
    """Write a normalised vector of normal random numbers, the same one every time."""
    rng = np.random.default_rng(1)
    dtype = {"single": np.complex64, "double": np.complex128}[precision]
    state = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(1 << num_qubits,))
    norm = 0.0
    for begin in range(0, len(state), CHUNK):
        part = rng.standard_normal(2 * min(CHUNK, len(state))).view(np.complex128)
        norm += float(np.vdot(part, part).real)
        state[begin : begin + CHUNK] = part
    for begin in range(0, len(state), CHUNK):
        state[begin : begin + CHUNK] /= norm**0.5
