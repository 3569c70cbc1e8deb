"""Runs what an explanation describes, on the library's worker threads, and puts the measured times beside it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.base.on_demand import OnDemand
from ketjet.jobs import workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ketjet.engine import PassTimes, Task
    from ketjet.explanation.model import Explanation
    from ketjet.explanation.stages import ExplainedPass, ExplainedStage

MAX_RUNS = 3
SECONDS = 1.0
"""No further run is begun after this time."""


def analyze(explanation: Explanation, task: Task, *, peak_bytes: int, memory_limit: int | None = None) -> Explanation:
    """Return the explanation with measured times, those of the fastest of a few runs; of the passes, of one more run.

    Parameters
    ----------
    explanation
        Of the plan that the task will have.
    task
        What to run; one shot is enough.
    peak_bytes
        What a run holds at once.
    memory_limit
        Most memory that all running tasks may hold together.
    """
    control = engine.Control()

    def fastest_run() -> tuple[tuple[float, ...], float, tuple[PassTimes, ...]]:
        begun = time.perf_counter()
        runs: list[tuple[tuple[float, ...], float]] = []
        while not runs or (len(runs) < MAX_RUNS and time.perf_counter() - begun < SECONDS):
            outcome = engine.execute(task, control)
            runs.append((outcome.stage_seconds, outcome.reading_seconds))
        stages, reading = min(runs, key=lambda run: sum(run[0]) + run[1])
        return stages, reading, engine.execute(task._replace(time_passes=True), control).pass_times

    def rates() -> tuple[float, float]:
        return engine.machine_rates(task.precision, task.threads, task.isa)

    bandwidth, fma = workers.shared().run(rates, threads=task.threads, memory=engine.rates_bytes())
    seconds, reading, times = workers.shared().run(
        fastest_run, threads=task.threads, memory=peak_bytes, memory_limit=memory_limit, stop=control.stop
    )
    only_read = reading if any(each.stage is None for each in explanation.readings or ()) else None
    bound = replace(explanation, bandwidth_bytes_per_second=bandwidth, fma_per_second=fma, reading_seconds=only_read)

    def measured(begin: int, end: int) -> Iterator[ExplainedStage]:
        for stage, took, of in zip(bound.stages[begin:end], seconds[begin:end], times[begin:end], strict=True):
            fraction = bound.fraction(stage.bytes_moved, stage.fma, took)
            yield _with_pass_times(replace(stage, measured_seconds=took, fraction_of_bound=fraction), of)

    return replace(bound, stages=OnDemand(min(len(bound.stages), len(seconds)), measured))


def _with_pass_times(stage: ExplainedStage, times: PassTimes) -> ExplainedStage:
    if stage.kind != "sweep":
        return stage

    def measured(begin: int, end: int) -> Iterator[ExplainedPass]:
        for one, seconds in zip(stage.passes[begin:end], times.passes[begin:end], strict=True):
            yield replace(one, measured_ns_per_amplitude=1e9 * seconds / stage.amplitudes)

    return replace(
        stage,
        gather_seconds=times.gather,
        scatter_seconds=times.scatter,
        reading_seconds=times.reading or None,
        passes=OnDemand(len(stage.passes), measured),
    )
