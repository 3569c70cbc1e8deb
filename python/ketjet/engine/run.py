"""One run: Task in, Outcome out, both plain data."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ketjet import _core
from ketjet.engine.control import Control
from ketjet.engine.machine import PRECISIONS, Precision, isa_in_use, machine

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from ketjet._core import Machine, Plan, Program
    from ketjet.engine.readouts import Readout

PLAN_OPTIONS = tuple(_core.plan_options())
"""What the planner may do unless it is switched off; the engine's documentation of each is in ``docs``."""

Verify = Literal["off", "fast", "full"]

VERIFY: dict[str, _core.Verify] = {
    "off": _core.Verify.off,
    "fast": _core.Verify.fast,
    "full": _core.Verify.full,
}

DRIFT_LIMITS = {"single": 1e-4, "double": 1e-6}
"""How far the norm of a state may be from 1 without a word: more than rounding, less than what matters."""

RNG_VERSION = 5
"""Changes whenever the same circuit and seed would give other samples."""


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
    control_path : str, optional
        Where a process without the submitter's Control finds its counters.
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
    readouts : tuple of ExpectationReadout or ProbabilitiesReadout
        What else to read from the final states (before final measurements), averaged over all shots, or over the
        branches of an exact run. They change neither the program nor its samples' random streams.
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
    control_path: str | None = None
    plan: Plan | None = None
    plan_time: float = 0.0
    seconds: float = math.inf
    memory_limit: int = 0
    peak_bytes: int = 0
    kept_bytes: int = 0
    occurrence: int = 0
    time_passes: bool = False
    readouts: tuple[Readout, ...] = ()

    @property
    def keeps_state(self) -> bool:
        """Whether the final state is wanted, not only what is measured."""
        return self.return_state or self.shots == 0 or bool(self.readouts)


class SavedRecord(NamedTuple):
    """What one save instruction has recorded for shots that went the same way.

    Attributes
    ----------
    save : int
        Number of the instruction among the circuit's saves.
    identity, previous : int
        Of this record, and of the one before it of the same shots where the save is listed per shot; 0 for none.
    weight : float
        Number of shots, or their probability in an exact run.
    clbits : ndarray of uint64, shape (words,)
        The classical bits at that time.
    data : ndarray
        What was saved; shared by all records of one state.
    """

    save: int
    identity: int
    previous: int
    weight: float
    clbits: NDArray[np.uint64]
    data: NDArray[Any]


class PassTimes(NamedTuple):
    """Seconds of threads that one stage has taken, without planning, preparing coefficients and waits.

    Attributes
    ----------
    gather, scatter : float
        Copying blocks from the state into a cache, and back.
    passes : tuple of float
        Of each pass of a sweep.
    """

    gather: float
    scatter: float
    passes: tuple[float, ...]


class Outcome(NamedTuple):
    """What a Task gave.

    Attributes
    ----------
    keys : ndarray of uint64, shape (outcomes, words)
        Distinct classical outcomes, ascending; classical bit c is bit c % 64 of word c // 64.
    counts : ndarray of int64, shape (outcomes,)
        Shots per outcome; empty for an exact run.
    memory : ndarray of uint64, shape (shots, words), or None
        The outcome of every shot.
    state : ndarray of complex, shape (2**num_qubits,), or None
        The engine's own memory, not a copy.
    num_clbits : int
    metadata : dict
        JSON-clean facts about the run.
    stage_seconds : tuple of float
        Time in each stage of the plan, summed over shots.
    pass_times : tuple of PassTimes
        If measured: of each stage, likewise.
    probabilities : ndarray of float64, shape (outcomes,), or None
        Of an exact run.
    saves : tuple of SavedRecord
        By save, then by identity.
    chains : ndarray of uint64, shape (shots, words), or None
        The last record of every shot, in the order of `memory`, which is listed then; a word for each save per shot.
    save_frames : dict
        By number of a save whose data leave out some of its qubits, because their values are known: the places of the
        others among its qubits, and the places of those left out that are 1.
    readouts : tuple of complex or ndarray
        One for each of the task's readouts.
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.int64]
    memory: NDArray[np.uint64] | None
    state: NDArray[Any] | None
    num_clbits: int
    metadata: dict[str, Any]
    stage_seconds: tuple[float, ...] = ()
    probabilities: NDArray[np.float64] | None = None
    saves: tuple[SavedRecord, ...] = ()
    chains: NDArray[np.uint64] | None = None
    save_frames: Mapping[int, tuple[Sequence[int], Sequence[int]]] = {}
    pass_times: tuple[PassTimes, ...] = ()
    readouts: tuple[complex | NDArray[np.float64], ...] = ()

    @property
    def bytes(self) -> int:
        """What its arrays take."""
        saved = {id(record.data): record.data.nbytes for record in self.saves}
        arrays = (self.keys, self.counts, self.memory, self.state, self.probabilities, self.chains)
        return sum(saved.values()) + sum(array.nbytes for array in arrays if array is not None)


def plan(
    program: Program,
    precision: Precision = "double",
    on: Machine | None = None,
    *,
    keep_state: bool = True,
    from_zero: bool = True,
    switched_off: Collection[str] = (),
) -> Plan:
    """Plan a program for a machine (default: this one).

    Parameters
    ----------
    program : Program
    precision : {"single", "double"}
    on : Machine, optional
    keep_state : bool
        Whether the final state is wanted, not only what is measured.
    from_zero : bool
        Whether the state is |0...0> before; otherwise it may hold anything, and every collapse is for good.
    switched_off : collection of str
        Names of what the planner may not do: some of `PLAN_OPTIONS`.
    """
    off = list(switched_off)
    return _core.plan(program, on or machine(), PRECISIONS[precision], off, from_zero=from_zero, keep_state=keep_state)


def precision_of(made: Plan) -> Precision:
    """Return the precision that a plan was made for."""
    return "single" if made.precision == _core.Precision.single else "double"


def state_qubits(program: Program, *, keep_state: bool = True, switched_off: Collection[str] = ()) -> int:
    """Return how many qubits the state has that a program needs: those that are idle or known may be left out.

    A plan cannot be made if they are more than `MAX_QUBITS`.

    Parameters
    ----------
    program : Program
    keep_state : bool
        Whether the final state is wanted, not only what is measured.
    switched_off : collection of str
        Names of what the planner may not do: some of `PLAN_OPTIONS`.
    """
    return _core.state_qubits(program, list(switched_off), keep_state=keep_state)


def random_key(program: Program, seed: int, occurrence: int = 0) -> tuple[int, int]:
    """Return the key of the random generator for a program under a seed: 64 bits from NumPy's SeedSequence.

    They are those of ``SeedSequence(seed, spawn_key=(program.fingerprint,))`` where the program occurs first in its
    job, and of ``spawn_key=(program.fingerprint, occurrence)`` where it occurs again, put together in half the time.
    """
    entropy = _words(seed)
    entropy += [0] * (4 - len(entropy)) + _words(program.fingerprint)
    if occurrence:
        entropy += _words(occurrence)
    first, second = np.random.SeedSequence(np.array(entropy, np.uint32)).generate_state(2).tolist()
    return first, second


def _words(number: int) -> list[int]:
    """Split a number into words of 32 bits, the lowest first."""
    words = [number & 0xFFFFFFFF]
    while number := number >> 32:
        words.append(number & 0xFFFFFFFF)
    return words


def drift_of(norm_error: float, precision: Precision) -> str:
    """Return what there is to say of a state whose squared norm is that far from 1; nothing if it may be rounding."""
    if norm_error / 2 <= DRIFT_LIMITS[precision]:  # so far is the norm itself
        return ""
    return (
        f"the squared norm of a state is off by {norm_error:.3g}, because matrices that are almost unitary add up; "
        "give them with more digits"
    )


def execute(task: Task, control: Control | None = None, *, on: Machine | None = None) -> Outcome:
    """Run a task to its end in the calling thread, which must not be one that may fork later.

    Parameters
    ----------
    task : Task
    control : Control, optional
        To stop and watch the run; else found through `task.control_path`, else private.
    on : Machine, optional
        Plan for another machine than this one; for tests.

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
        control = Control(path=task.control_path)
    start = time.perf_counter()
    program, made, plan_time = task.program, task.plan, task.plan_time
    if made is None or on is not None:
        made = plan(program, task.precision, on, keep_state=task.keeps_state, switched_off=task.switched_off)
        plan_time = time.perf_counter() - start
        start += plan_time
    output = _core.run(
        made.bind(program), _request(task, made), threads=task.threads, isa=task.isa, control=control.counters
    )
    if task.verify != "off" and (drift := drift_of(output.norm_error, task.precision)):
        raise _core.VerificationFailed(f"{drift}.")
    cost = _core.plan_cost(made, task.threads)
    state_bytes = cost.state_bytes * (task.states if made.has_trajectories else 1)
    metadata: dict[str, Any] = {
        "method": "statevector",
        "device": "CPU",
        "precision": task.precision,
        "threads": task.threads,
        "simd": isa_in_use(task.isa),
        "num_qubits": program.num_qubits,
        "num_clbits": program.num_clbits,
        "required_memory_mb": -(-state_bytes // (1 << 20)),
        "plan": {"stages": made.num_stages, "sweeps": made.num_sweeps, "bytes": cost.bytes_moved},
        "measure_sampling": not made.has_trajectories,
        "plan_time": plan_time,
        "sample_measure_time": output.sample_seconds,
        "time_taken": plan_time + time.perf_counter() - start,
        "seed_simulator": task.seed,
        "occurrence": task.occurrence,
        "norm_error": output.norm_error,
        "rng_version": RNG_VERSION,
    }
    if made.has_trajectories:
        metadata["trajectories"] = output.trajectories
    if task.exact:
        metadata["exact"] = {"floor": task.floor, "remainder": output.dropped}
    if task.verify != "off":
        metadata["verify"] = _verification(task.verify, output.verification, made.num_sweeps)
    return Outcome(
        output.keys,
        output.counts,
        output.shots,
        output.state,
        program.num_clbits,
        metadata,
        tuple(output.stage_seconds),
        output.probabilities,
        tuple(map(SavedRecord._make, output.saves)),
        output.chains,
        made.save_frames,
        _pass_times(output) if task.time_passes else (),
        tuple([readout.value_of(found) for readout, found in zip(task.readouts, output.readouts, strict=True)]),
    )


def _request(task: Task, made: Plan) -> _core.RunRequest:
    """Return what the engine is asked for; what is as it is by default is not set, for a small run takes no longer."""
    request = _core.RunRequest()
    request.promised_bytes = task.peak_bytes
    if task.return_state:
        request.keep_state = True
    if task.shots > 0 or made.has_trajectories:
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
    return tuple([PassTimes(times.gather, times.scatter, tuple(times.passes)) for times in output.pass_times])


def _verification(mode: Verify, report: _core.VerifyReport, sweeps: int) -> dict[str, Any]:
    facts = {
        "mode": mode,
        "checks": report.checks,
        "max_deviation": report.max_deviation,
        "seconds": report.seconds,
        "mergers": report.mergers,
        "merging_loss": report.merging_loss,
    }
    if mode == "full":
        facts |= {"sweeps": sweeps, "sweeps_compared": report.sweeps_compared, "state_compared": report.state_compared}
    return facts
