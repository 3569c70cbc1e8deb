"""Expectation values and their derivatives by all slots of a program: plain data in, plain data out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ketjet import _core
from ketjet.engine.control import Control
from ketjet.engine.machine import PRECISIONS, Precision, machine

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ketjet._core import Machine, MirroredPlan, Program
    from ketjet.engine.readouts import ObservablesReadout


class Gradient(NamedTuple):
    """What `gradient` returns.

    Attributes
    ----------
    values : ndarray
        float64, shape (observables,): their expectation values.
    derivatives : ndarray
        float64, shape (observables, slots), or (1, slots) of a weighted sum. A slot that no expectation value depends
        on, as that of a global phase, has 0.
    adjoint_residual : float or None
        How far from 1 the amplitude of |0...0> is after the whole program has been undone: the engine's own measure of
        its rounding errors. None where the program begins by initializing qubits.
    """

    values: NDArray[np.float64]
    derivatives: NDArray[np.float64]
    adjoint_residual: float | None


def mirrored_plan(
    program: Program,
    precision: Precision = "double",
    on: Machine | None = None,
    *,
    switched_off: Collection[str] = (),
) -> MirroredPlan:
    """Plan the way through a program and back, for `gradient`.

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


def gradient(
    made: MirroredPlan,
    program: Program,
    observables: ObservablesReadout,
    *,
    weights: Sequence[float] = (),
    threads: int = 1,
    isa: str = "",
    states: int = 2,
    control: Control | None = None,
    time_limit: float = 0.0,
    memory_limit: int = 0,
    peak_bytes: int = 0,
    kept_bytes: int = 0,
) -> Gradient:
    """Return the values of observables in the final state, and their derivatives by all slots of the program.

    Parameters
    ----------
    made : MirroredPlan
        For a program of this structure.
    program : Program
        With the slots of now.
    observables : ObservablesReadout
    weights : sequence of float
        One for each observable; if there are any, the derivatives are those of the weighted sum.
    threads : int
    isa : str
        Instruction set; empty means KETJET_ISA or the best.
    states : int
        How many states to hold at a time, two at least: with one more for each observable the program is run once.
    control : Control, optional
        To stop and watch it.
    time_limit : float
        Seconds; 0 for none.
    memory_limit, peak_bytes, kept_bytes : int
        As in Task.

    Raises
    ------
    Cancelled, MemoryLimitReached, MemoryError, TimeLimitReached
        As `execute` does.
    """
    request = _core.GradientRequest(observables.observables())
    request.weights, request.max_states = list(weights), states
    request.time_limit, request.memory_limit = time_limit, memory_limit
    request.promised_bytes, request.kept_bytes = peak_bytes, kept_bytes
    counters = (control or Control()).counters
    return Gradient(*_core.gradient(made, program, request, threads=threads, isa=isa, control=counters))
