"""The turns of ``run.py dynamic``: how often and with how many shots a setting runs, and what came of it.

A setting first climbs from one shot up, times ten, as long as the next step is expected to end within the budget. Time
per shot falls where branches share work, so what is expected is the last step's time times its growth over the step
before. The last step has as many shots as fit. A step that takes twice the budget is ended. Who reaches all shots takes
turns with the others; whoever does not has a lower bound, the longest time seen, and a time scaled linearly from its
first and last steps, which is no measurement and is named so.
"""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engines.dynamic_worker import SETTINGS

from protocol.agreement import THRESHOLD, broken, p_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from protocol.turns import EngineProcess

PATIENCE = 2.0
"""A run is ended after so many budgets."""

FEWEST_FOR_SLOPE = 10
"""Shots from which on the time of the first one is told apart from that of the others."""


@dataclass(frozen=True)
class DynamicPace:
    """How much time goes into one setting of one case."""

    shots: int
    rounds: int
    slow: float
    budget: float


class Player:
    """One setting in one case."""

    def __init__(self, name: str, process: EngineProcess, case: dict[str, Any], pace: DynamicPace) -> None:
        self.name, self.process, self.case, self.pace = name, process, case, pace
        self.steps: list[tuple[int, float]] = []
        self.seconds: list[float] = []
        self.counts: dict[str, int] = {}
        self.even: list[list[int]] = []
        self.error = ""
        self.ended_after = 0.0

    @property
    def complete(self) -> bool:
        """Whether it ran all shots."""
        return bool(self.steps) and self.steps[-1][0] == self.pace.shots

    def climb(self) -> None:
        """Run with more and more shots."""
        ladder = [10**power for power in range(len(str(self.pace.shots))) if 10**power < self.pace.shots]
        for shots in [*ladder, self.pace.shots]:
            if self._expected(shots) > self.pace.budget:
                last_shots, last = self.steps[-1]
                if (times := int(self.pace.budget / last)) > 1:
                    self.run(last_shots * times)
                return
            if not self.run(shots):
                return

    def _expected(self, shots: int) -> float:
        """Seconds that so many shots are likely to take."""
        if not self.steps:
            return 0.0
        ratio, last = shots / self.steps[-1][0], self.steps[-1][1]
        growth = ratio if len(self.steps) == 1 else last / self.steps[-2][1]
        return last * max(1.0, min(ratio, growth))

    def run(self, shots: int) -> bool:
        """Run once and keep the counts; whether that went well."""
        prepared = self.process.prepare(**self.case)
        timer = threading.Timer(PATIENCE * self.pace.budget, self.process.process.kill)
        timer.start()
        begin = time.perf_counter()
        answer = self.process.ask("run", setting=self.name, shots=shots, seed=len(self.seconds) + 1)
        late = timer.finished.is_set()
        timer.cancel()
        if "error" in prepared or "error" in answer:
            if late:
                self.ended_after = time.perf_counter() - begin
            else:
                self.error = prepared.get("error") or answer["error"]
            return False
        self.even, self.counts = prepared["even"], answer["counts"]
        if shots == self.pace.shots:
            self.seconds.append(answer["seconds"])
        if not self.complete:
            self.steps.append((shots, answer["seconds"]))
        return True

    def outcome(self) -> dict[str, Any]:
        """Sum up; ``agrees`` is left to the comparison."""
        found: dict[str, Any] = {"complete": self.complete, "steps": self.steps}
        if self.error:
            return found | {"error": self.error}
        if not self.steps:  # not even one shot: all that is known is that it takes longer
            bounds = {"at_least": self.ended_after, "scaled": self.ended_after * self.pace.shots}
            return found | bounds | {"shots": 0, "outcomes": 0}
        shots, last = self.steps[-1]
        if self.complete:
            exact = {"best": min(self.seconds), "median": statistics.median(self.seconds), "seconds": self.seconds}
            found |= exact | {"at_least": exact["best"], "scaled": exact["best"]}
        else:
            first_shots, first = self.steps[0] if shots >= FEWEST_FOR_SLOPE else (0, 0.0)
            slope = max(0.0, last - first) / (shots - first_shots)
            at_least = max(last, self.ended_after)
            found |= {"at_least": at_least, "scaled": max(at_least, last + slope * (self.pace.shots - shots))}
        return found | {"shots": shots, "outcomes": len(self.counts), "broken": broken(self.counts, self.even)}


def measure_case(
    crew: dict[str, EngineProcess], names: Sequence[str], case: dict[str, Any], pace: DynamicPace
) -> dict[str, dict[str, Any]]:
    """Run one circuit at all settings, alternately; return what each took and whether its counts are right.

    Counts are compared with those of the setting, not ketjet, that ran most shots and broke no promise.
    """
    players = [Player(name, crew[SETTINGS[name][0]], case, pace) for name in names]
    for player in players:
        player.climb()
    quick = [player for player in players if player.complete and player.seconds[0] <= pace.slow]
    for turn in range(1, pace.rounds):
        first = turn % max(1, len(quick))
        for player in quick[first:] + quick[:first]:
            if not player.error:
                player.run(pace.shots)
    outcomes = {player.name: player.outcome() for player in players}
    sound = [player for player in players if outcomes[player.name].get("broken") == 0]
    others = [player for player in sound if player.name != "ketjet"]
    reference = max(others or sound, key=lambda player: sum(player.counts.values()), default=None)
    for player in players:
        outcome = outcomes[player.name]
        if not player.counts:
            outcome["agrees"] = "error" not in outcome
        elif "error" not in outcome:
            outcome["p_value"] = 1.0 if reference in {None, player} else p_value(reference.counts, player.counts)
            outcome["compared_with"] = None if reference in {None, player} else reference.name
            outcome["agrees"] = outcome["broken"] == 0 and outcome["p_value"] >= THRESHOLD
    return outcomes
