"""What a run is asked for: one circuit and how to run it, as plain data that pickles to any process."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from ketjet import _core

if TYPE_CHECKING:
    from ketjet._core import Plan, Program
    from ketjet.engine.geometric_tensor import LayersRequest, TensorRequest
    from ketjet.engine.gradient import GradientRequest
    from ketjet.engine.machine import Precision
    from ketjet.engine.points import Points
    from ketjet.engine.readouts import Readout

Verify = Literal["off", "fast", "full"]

VERIFY: dict[str, _core.Verify] = {
    "off": _core.Verify.off,
    "fast": _core.Verify.fast,
    "full": _core.Verify.full,
}


class Task(NamedTuple):
    """One circuit to run: plain data that pickles to any process.

    Attributes
    ----------
    program : Program
        What to run.
    shots : int
        Number of samples; 0 runs the program for its state alone.
    seed : int
        Any integer >= 0. Together with the program and `occurrence` it determines every random draw.
    memory : bool
        Also return the outcome of every shot, in order.
    return_state : bool
        Also return the final state (before final measurements; of the last shot if the program collapses midway).
    precision : {"single", "double"}
        complex64 or complex128 amplitudes.
    threads : int
        Engine threads.
    isa : str
        Instruction set; empty means KETJET_ISA or the best.
    switched_off : tuple of str
        What the planner may not do, by name: some of `PLAN_OPTIONS`.
    verify : {"off", "fast", "full"}
        How far the engine checks its own work.
    exact : bool
        List the probabilities of all outcomes instead of drawing shots.
    floor : float
        With `exact`: what is less probable than this is dropped on the way.
    states : int
        The most states that trajectories may hold at a time.
    max_iterations : int
        The most iterations of all loops of one shot; 0 for any number.
    time_limit : float
        Seconds; 0 for none.
    plan : Plan, optional
        The program's plan, where it is known already; a process that the task is sent to runs the same one.
    plan_time : float
        Seconds it took to make that plan.
    seconds : float
        How long it is predicted to take.
    memory_limit : int
        The most bytes that all runs of the process may hold together when this one grows; 0 for what there is.
    peak_bytes : int
        What it is predicted to hold, which it may always have.
    kept_bytes : int
        What the results of other tasks take that its limit holds for too.
    occurrence : int
        How many tasks with this very program, angles included, come before it in its job.
    time_passes : bool
        Measure every pass, which takes some percent longer.
    readouts : tuple of Readout
        What else to read from the final states (before final measurements), averaged over all shots, or over the
        branches of an exact run. They change neither the program nor its samples' random streams.
    gradient : GradientRequest, optional
        Instead of all that: the values of observables in the final state, and their derivatives.
    tensor : TensorRequest or LayersRequest, optional
        Instead of all that, inner products of the final state's derivatives: with `return_state`, or of a program that
        saves what they are made of.
    points : Points, optional
        Run the program at each of these points instead of with its own angles; `shots`, `time_limit` and the rest hold
        for each of them. Only for shots and readouts of programs whose shots are samples of one final state.
    """

    program: Program
    shots: int
    seed: int
    memory: bool = False
    return_state: bool = False
    precision: Precision = "double"
    threads: int = 1
    isa: str = ""
    switched_off: tuple[str, ...] = ()
    verify: Verify = "off"
    exact: bool = False
    floor: float = 0.0
    states: int = 2
    max_iterations: int = 0
    time_limit: float = 0.0
    plan: Plan | None = None
    plan_time: float = 0.0
    seconds: float = math.inf
    memory_limit: int = 0
    peak_bytes: int = 0
    kept_bytes: int = 0
    occurrence: int = 0
    time_passes: bool = False
    readouts: tuple[Readout, ...] = ()
    gradient: GradientRequest | None = None
    tensor: TensorRequest | LayersRequest | None = None
    points: Points | None = None

    @property
    def num_points(self) -> int:
        """How many runs it stands for."""
        return 1 if self.points is None else len(self.points.slots)

    @property
    def keeps_state(self) -> bool:
        """Whether the final state is wanted, not only what is measured."""
        return self.return_state or self.shots == 0 or bool(self.readouts)
