"""One run: Task in, Outcome out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ketjet import _core
from ketjet.engine.control import Control
from ketjet.engine.drift import drift_of
from ketjet.engine.geometric_tensor import geometric_tensor
from ketjet.engine.gradient import differentiate
from ketjet.engine.machine import isa_in_use
from ketjet.engine.outcome import Outcome, PassTimes, RunFacts, SavedRecord, Verification
from ketjet.engine.planning import plan
from ketjet.engine.points import run_points
from ketjet.engine.random_keys import random_key
from ketjet.engine.task import VERIFY, Task

if TYPE_CHECKING:
    from ketjet._core import Machine, Plan
    from ketjet.engine.peers import Peers


def execute(
    task: Task, control: Control | None = None, *, on: Machine | None = None, peers: Peers | None = None
) -> Outcome:
    """Run a task to its end in the calling thread, which must not be one that may fork later.

    Parameters
    ----------
    task : Task
    control : Control, optional
        To stop and watch the run.
    on : Machine, optional
        Plan for another machine than this one; for tests.
    peers : Peers, optional
        The ranks among which the task's plan shares the state out: all execute the task, and the one with number 0 gets
        what it gives.

    Raises
    ------
    Cancelled
        The control was stopped.
    MemoryLimitReached
        A MemoryError: it would need more than it may hold; nothing is kept.
    MemoryError
        Memory could not be allocated; nothing is kept.
    VerificationFailed
        The engine has found an error of its own.
    ClassicalError, IterationLimitReached, TimeLimitReached
        The program's own doing: an expression without a value, a loop or a run that took too long.
    """
    if control is None:
        control = Control()
    if task.gradient is not None:
        return differentiate(task, control)
    if task.tensor is not None:
        return geometric_tensor(task, control, execute)
    start = time.perf_counter()
    program, made, plan_time = task.program, task.plan, task.plan_time
    if made is None or on is not None:
        made = plan(program, task.precision, on, keep_state=task.keeps_state, switched_off=task.switched_off)
        plan_time = time.perf_counter() - start
        start += plan_time
    request = _request(task, made)
    if task.points is not None:
        return run_points(task, made, request, control, start)
    output = _core.run(
        made.bind(program), request, threads=task.threads, isa=task.isa, control=control.counters, peers=peers
    )
    if task.verify != "off" and (drift := drift_of(output.norm_error, task.precision)):
        raise _core.VerificationFailed(f"{drift}.")
    cost = _core.plan_cost(made, task.threads)
    facts = RunFacts(
        isa_in_use(task.isa),
        cost.state_bytes * (task.states if made.has_trajectories else 1),
        made.num_stages,
        made.num_sweeps,
        cost.bytes_moved,
        output.trajectories if made.has_trajectories else None,
        plan_time,
        output.sample_seconds,
        plan_time + time.perf_counter() - start,
        output.norm_error,
        output.dropped,
        _verification(output.verification) if task.verify != "off" else None,
    )
    return Outcome(
        output.keys,
        output.counts,
        output.shots,
        output.state,
        program.num_clbits,
        facts,
        tuple(output.stage_seconds),
        output.probabilities,
        tuple(map(SavedRecord._make, output.saves)),
        output.chains,
        made.save_frames,
        _pass_times(output) if task.time_passes else (),
        output.reading_seconds,
        tuple(output.readouts),
    )


def _request(task: Task, made: Plan) -> _core.RunRequest:
    """Return what the engine is asked for; what is as it is by default is not set, for a small run takes no longer."""
    request = _core.RunRequest()
    request.promised_bytes = task.peak_bytes
    if task.return_state:
        request.keep_state = True
    if task.points is None and (task.shots > 0 or made.has_trajectories):
        request.key = random_key(task.program, task.seed, task.occurrence)
        request.max_states = task.states
    if task.exact:
        request.exact, request.floor = True, task.floor
    elif task.shots > 0 or task.memory:
        request.shots, request.list_shots = task.shots, task.memory
    if task.verify != "off":
        request.verify = VERIFY[task.verify]
    if task.max_iterations or task.time_limit:
        request.max_iterations, request.time_limit = task.max_iterations, task.time_limit
    if task.memory_limit or task.kept_bytes:
        request.memory_limit, request.kept_bytes = task.memory_limit, task.kept_bytes
    if task.time_passes:
        request.time_passes = True
    for readout in task.readouts:
        readout.add_to(request)
    return request


def _pass_times(output: _core.RunOutput) -> tuple[PassTimes, ...]:
    return tuple(
        [PassTimes(times.gather, times.scatter, times.reading, tuple(times.passes)) for times in output.pass_times]
    )


def _verification(report: _core.VerifyReport) -> Verification:
    return Verification(
        report.checks,
        report.max_deviation,
        report.seconds,
        report.mergers,
        report.merging_loss,
        report.sweeps_compared,
        report.state_compared,
    )
