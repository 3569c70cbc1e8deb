"""What a task takes on a machine that it was not predicted for: other threads, and less memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet import _core
from ketjet.base.units import size
from ketjet.engine.demand import BLOCK_BYTES_PER_THREAD
from ketjet.engine.gradient import gradient_demand

if TYPE_CHECKING:
    from ketjet.engine.task import Task


def fitted(task: Task, *, threads: int, available: tuple[int, str]) -> Task:
    """Return a task as it runs here.

    Parameters
    ----------
    task : Task
        As it was predicted, on whatever machine.
    threads : int
        The most threads that it may have.
    available : (int, str)
        Bytes that it may take, and the limit that says so.

    Raises
    ------
    MemoryLimitReached
        It does not fit, whatever it does without.
    """
    wanted = task.gradient
    if wanted is not None and wanted.plan is not None:
        rows = 1 if wanted.weights else wanted.observables.num_values
        demand = gradient_demand(wanted.plan, rows, max_threads=threads, available=available[0])
        task = task._replace(
            threads=demand.threads, peak_bytes=demand.peak_bytes, gradient=wanted._replace(states=demand.states)
        )
    elif task.plan is not None:
        used = _core.useful_threads(task.plan, threads)
        peak = task.peak_bytes + (used - task.threads) * BLOCK_BYTES_PER_THREAD
        states, spare = _fewer_states(task, peak - available[0])
        task = task._replace(threads=used, peak_bytes=peak - spare, states=states)
    if task.peak_bytes > available[0]:
        raise _core.MemoryLimitReached(
            f"it needs {size(task.peak_bytes)} where it was sent, but {size(available[0])} are available there "
            f"({available[1]}). Send it to a machine with more memory, or use precision='single' or fewer qubits."
        )
    return task


def _fewer_states(task: Task, excess: int) -> tuple[int, int]:
    """Return with how many states a task does that takes so much too much, and what that saves."""
    assert task.plan is not None
    least = _core.least_states(task.plan, task.shots) if task.plan.has_trajectories and not task.exact else 1
    if excess <= 0 or task.states <= least or not task.plan.has_trajectories:
        return task.states, 0
    state_bytes = _core.plan_cost(task.plan, 1).state_bytes
    fewer = min(task.states - least, -(-excess // state_bytes))
    return task.states - fewer, fewer * state_bytes
