"""Expectation values and their derivatives by all slots of a program: plain data in, plain data out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet import _core
from ketjet.engine.demand import BLOCK_BYTES_PER_THREAD, Demand
from ketjet.engine.drift import DRIFT_LIMITS
from ketjet.engine.machine import PRECISIONS, Precision, isa_in_use, machine
from ketjet.engine.outcome import Outcome, RunFacts

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ketjet._core import Machine, MirroredPlan, Program
    from ketjet.engine.control import Control
    from ketjet.engine.readouts import ObservablesReadout
    from ketjet.engine.task import Task


class GradientRequest(NamedTuple):
    """What is wanted of a task that differentiates: of its outcome, `readouts` holds values and derivatives.

    The values are those of the observables, shape (observables,). The derivatives, shape (observables, slots), or
    (1, slots) of a weighted sum, are by all slots of the program, 0 by those that nobody wants. A slot that no
    expectation value depends on, as that of a global phase, has 0, too.

    Attributes
    ----------
    observables : ObservablesReadout
    weights : tuple of float
        One for each observable; if there are any, the derivatives are those of the weighted sum.
    states : int
        How many states to hold at a time, two at least: with one more for each observable the program is run once.
    plan : MirroredPlan, optional
        For a program of this structure, where it is known already; a process that the task is sent to runs the same.
    slots : ndarray of int, optional
        Those to differentiate by; by all if it is None.
    """

    observables: ObservablesReadout
    weights: tuple[float, ...] = ()
    states: int = 2
    plan: MirroredPlan | None = None
    slots: NDArray[np.int64] | None = None


def mirrored_plan(
    program: Program,
    precision: Precision = "double",
    on: Machine | None = None,
    *,
    switched_off: Collection[str] = (),
) -> MirroredPlan:
    """Plan the way through a program and back.

    Parameters
    ----------
    program : Program
        Of unitary operations; others may only prepare a state before the first slot.
    precision : {"single", "double"}
    on : Machine, optional
        Plan for another machine than this one.
    switched_off : collection of str
        Names of what the planner may not do: some of `PLAN_OPTIONS`.

    Raises
    ------
    NotDifferentiable
        A ValueError whose arguments are a message and the index of the first operation that bars derivatives.
    """
    return _core.mirrored_plan(program, on or machine(), PRECISIONS[precision], list(switched_off))


def generators(program: Program) -> tuple[NDArray[Any], ...]:
    """Return the generators G of the derivatives by all slots: that of an operation U is -i G U.

    A generator is a sum of products of Paulis on some qubits and of projectors on others, term by term. Programs have
    at most 64 qubits.

    Returns
    -------
    slots : ndarray of int64, shape (terms,)
        Ascending.
    x_masks, z_masks, condition_masks, condition_values : ndarray of uint64, shape (terms,)
        As in `ObservablesReadout`.
    coefficients : ndarray of float64, shape (terms,)
    """
    return _core.generators(program)


def commuting_layers(program: Program, varies: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the layer of each operation: within one all commute that vary.

    The program does the same with its operations sorted by layer, those that do not vary before those that do.
    Operations are taken to commute if on each qubit that they share both commute with the same Pauli there.

    Parameters
    ----------
    program
        Without jumps.
    varies
        By operation; other than 0 if it varies.
    """
    return _core.commuting_layers(program, varies)


def gradient_demand(made: MirroredPlan, rows: int, *, max_threads: int, available: int) -> Demand:
    """Predict what the derivatives of so many observables take: as many states at a time as fit, at least two."""
    threads = _core.useful_threads(made.plan, max_threads)
    cost = _core.plan_cost(made.plan, threads)
    own, block = threads * BLOCK_BYTES_PER_THREAD, threads * min(cost.state_bytes, BLOCK_BYTES_PER_THREAD)
    states = max(2, min(rows + 1, 1 + (available - own - cost.state_bytes) // (cost.state_bytes + block)))
    return Demand(
        state_bytes=cost.state_bytes,
        peak_bytes=states * cost.state_bytes + own + (states - 1) * block,
        seconds=-(-rows // (states - 1)) * (cost.seconds + made.seconds_back(states, threads)),
        threads=threads,
        states=states,
        min_states=2,
    )


def differentiate(task: Task, control: Control) -> Outcome:
    """Run a task that has a `GradientRequest`, as `execute` does."""
    wanted = task.gradient
    assert wanted is not None
    start, plan_time, made = time.perf_counter(), task.plan_time, wanted.plan
    if made is None:
        made = mirrored_plan(task.program, task.precision, switched_off=task.switched_off)
        plan_time = time.perf_counter() - start
        start += plan_time
    request = _core.GradientRequest(wanted.observables.observables)
    request.weights, request.max_states = list(wanted.weights), wanted.states
    if wanted.slots is not None:
        request.slots = wanted.slots
    request.time_limit, request.memory_limit = task.time_limit, task.memory_limit
    request.promised_bytes, request.kept_bytes = task.peak_bytes, task.kept_bytes
    values, derivatives, residual = _core.gradient(
        made, task.program, request, threads=task.threads, isa=task.isa, control=control.counters
    )
    if task.verify != "off" and residual is not None and not residual <= DRIFT_LIMITS[task.precision]:
        raise _core.VerificationFailed(f"a gradient's way back has missed the state |0...0> by {residual:.2g}.")
    cost = _core.plan_cost(made.plan, task.threads)
    facts = RunFacts(
        isa_in_use(task.isa),
        cost.state_bytes * wanted.states,
        made.plan.num_stages,
        made.plan.num_sweeps,
        cost.bytes_moved,
        None,
        plan_time,
        0.0,
        plan_time + time.perf_counter() - start,
        0.0,
        0.0,
        None,
        residual,
    )
    nothing = np.empty((0, 1), np.uint64), np.empty(0, np.int64)
    return Outcome(*nothing, None, None, task.program.num_clbits, facts, readouts=(values, derivatives))
