"""Admission: a circuit is run only if the planner says that it fits into the memory that is available now.

`Simulator.run` and `Simulator.estimate` ask the same `Admission`, hence they cannot disagree.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from qiskit import QuantumCircuit

from ketjet import engine
from ketjet.backend.refusals import too_much_saved, too_wide
from ketjet.backend.saved_memory import listed_bytes, saved_bytes, saves_repeat
from ketjet.backend.width import active_qubits, mixed_qubits
from ketjet.errors import RanksError
from ketjet.farm.executors import is_near
from ketjet.jobs import workers
from ketjet.lowering import LoweredCircuit, lower
from ketjet.options.machine import allowed_threads, memory_limit, switched_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from ketjet.backend.saved_memory import SaveFrames
    from ketjet.options import SimulatorOptions

__all__ = [
    "Admission",
    "Admitted",
    "admission_now",
    "admit",
    "admit_lowered",
    "require_hope",
    "shots_of",
]

_T = TypeVar("_T")

SMALL_PART = 64
"""A run that takes less than this part of the memory that was available a moment ago fits without asking again."""

FAR_BYTES = 1 << 60
"""What is taken to be available on machines that nobody here knows; each task is looked at where it runs."""

MANY_OPERATIONS = 20_000
"""Planning more takes tens of milliseconds."""


class Admission(NamedTuple):
    """What a circuit may use."""

    options: SimulatorOptions
    threads: int
    available: tuple[int, str]
    recent: bool
    """Whether `available` is as of a moment ago."""
    here: int = 0
    """The memory that this process may use: what is available unless circuits are far."""
    far: bool = False
    """Whether circuits are sent to machines that nobody here knows."""
    reads_state: bool = False
    """Whether something is read from the final state, beside what is measured."""
    draws: bool = False
    """Whether that is an average over shots, and not over all ways that a run can go."""

    def plan(self, circuit: QuantumCircuit, lowered: LoweredCircuit) -> engine.Plan:
        """Plan the circuit as its run will ask for it.

        Raises
        ------
        InsufficientMemoryError
            It needs more qubits than any state has.
        """
        if (needed := self._state_qubits(lowered)) > engine.MAX_QUBITS:
            raise too_wide(circuit, needed, None, self.estimate(lowered).max_qubits, self)
        call = functools.partial(
            engine.plan,
            lowered.program,
            self.options.precision,
            keep_state=self._keeps_state(lowered),
            switched_off=switched_off(self.options),
            global_qubits=self.global_qubits(lowered),
        )
        if not self.global_qubits(lowered):
            return _interruptibly(lowered, call)
        self._require_shareable(circuit)
        try:
            return _interruptibly(lowered, call)
        except ValueError as error:
            raise RanksError(f"circuit {circuit.name!r} cannot be shared out among ranks: {error}.") from error

    def _require_shareable(self, circuit: QuantumCircuit) -> None:
        options = self.options
        wanted = {"checks itself": options.verify != "off", "is exact": options.exact}
        for name, is_wanted in wanted.items():
            if is_wanted:
                raise RanksError(
                    f"circuit {circuit.name!r} is shared out among ranks, which give counts, memory, states and "
                    f"expectation values; one that {name} has to run on one rank: raise share_from, or leave out ranks."
                )

    def global_qubits(self, lowered: LoweredCircuit) -> int:
        """Return how many qubits number the ranks that share the state out; 0 where one process has all of it."""
        ranks = self.options.ranks
        return 0 if ranks is None or lowered.program.num_qubits < ranks.share_from else ranks.global_qubits

    def _keeps_state(self, lowered: LoweredCircuit) -> bool:
        return self.options.return_state or self.reads_state or not shots_of(lowered, self.options)

    def _state_qubits(self, lowered: LoweredCircuit) -> int:
        """Return how many qubits the state needs, where that decides whether there can be one."""
        program = lowered.program
        if program.num_qubits <= engine.MAX_QUBITS:
            return program.num_qubits
        off = switched_off(self.options)
        return engine.state_qubits(program, keep_state=self._keeps_state(lowered), switched_off=off)

    def fitting_qubits(self) -> int:
        """Return the widest circuit that fits, of those that say nothing else about themselves."""
        return self.estimate(lower(QuantumCircuit())).max_qubits

    def demand(self, lowered: LoweredCircuit, plan: engine.Plan) -> engine.Demand:
        """Predict what running the circuit takes."""
        options, saved, repeat = self.options, 0, False
        if lowered.saves:
            saved, repeat = self._saved_bytes(lowered, plan.save_frames), saves_repeat(lowered)
        return engine.demand(
            lowered.program,
            plan,
            shots=shots_of(lowered, options),
            memory=self._lists_shots(lowered),
            max_threads=self.threads,
            available=self.available[0],
            exact=options.exact,
            saved=saved,
            saves_repeat=repeat,
            gathers=options.return_state,
        )

    def estimate(self, lowered: LoweredCircuit, readout: engine.ObservablesReadout | None = None) -> engine.Estimate:
        """Predict what running the circuit takes, and reading observables, and whether there is as much."""
        plannable = lowered.saves and self._state_qubits(lowered) <= engine.MAX_QUBITS
        frames = self.plan(QuantumCircuit(), lowered).save_frames if plannable else {}
        call = functools.partial(
            engine.estimate,
            lowered.program,
            shots=shots_of(lowered, self.options),
            memory=self._lists_shots(lowered),
            return_state=self.options.return_state or self.reads_state,
            precision=self.options.precision,
            switched_off=switched_off(self.options),
            max_threads=self.threads,
            available=self.available,
            exact=self.options.exact,
            saved=self._saved_bytes(lowered, frames),
            saves_repeat=saves_repeat(lowered),
            readout=readout,
            global_qubits=self.global_qubits(lowered),
        )
        return _interruptibly(lowered, call)

    def _saved_bytes(self, lowered: LoweredCircuit, frames: SaveFrames) -> int:
        if not lowered.saves:
            return 0
        return sum(saved_bytes(lowered, self.options, frames).values()) + listed_bytes(lowered, self.options)

    def _lists_shots(self, lowered: LoweredCircuit) -> bool:
        return self.options.memory or (bool(lowered.saves) and any(save.column >= 0 for save in lowered.saves))

    @property
    def small_qubits(self) -> int:
        """The most qubits of a circuit for whose state this is good enough, however many of them it needs."""
        return engine.max_qubits((self.available[0] - 1) // SMALL_PART, self.options.precision)

    def suffices_for(self, peak_bytes: int) -> Admission:
        """Return this admission if it is good enough for a run of that size, else one as of now."""
        if not self.recent or peak_bytes * SMALL_PART < self.available[0]:
            return self
        now = admission_now(self.options, sent=self.far)
        return self._replace(available=now.available, here=now.here, recent=False)


def _interruptibly(lowered: LoweredCircuit, call: Callable[[], _T]) -> _T:
    """Plan on this thread, or, where that takes longer than Ctrl-C may wait, let a worker do it."""
    return call() if lowered.program.num_operations < MANY_OPERATIONS else workers.shared().aside(call)


class Admitted(NamedTuple):
    """A circuit that may run."""

    lowered: LoweredCircuit
    plan: engine.Plan
    plan_time: float
    demand: engine.Demand
    here: int
    """The memory that this process may use."""
    far: bool = False
    """Whether it runs elsewhere."""


def shots_of(lowered: LoweredCircuit, options: SimulatorOptions) -> int:
    """Return how many shots the engine runs; none if only the final state is wanted."""
    return options.shots if lowered.has_measurements or lowered.saves else 0


def admission_now(options: SimulatorOptions, *, recent: bool = False, sent: bool = False) -> Admission:
    """Return what a circuit may use at this moment, or at a recent one, beside the circuits that run.

    Parameters
    ----------
    options
        Of the run.
    recent
        Whether a moment ago is good enough.
    sent
        Whether the circuit runs where the options say; otherwise it runs in this process.
    """
    pool, limit = workers.shared(), memory_limit(options)
    held = pool.held_bytes
    if options.detach:  # whose jobs wait for each other in their store, and for no others
        from ketjet.detached.shares import memory_in_all

        (free, rule), held, recent = memory_in_all(), 0, False
    elif recent:
        measured, rule = engine.recently_available_memory()
        free = pool.free_bytes(measured)
    else:
        free, rule = pool.free_memory()
    if limit is not None and limit - held < free:
        free, rule = max(limit - held, 0), "max_memory_mb"
    here = free
    far = sent and options.executor is not None and not is_near(options.executor)
    if far:
        free, rule = (FAR_BYTES, "the workers' memory") if limit is None else (limit, "max_memory_mb")
    cores = engine.machine().cores
    if options.ranks is not None:
        cores = options.ranks.threads
        free, rule = options.ranks.free_bytes(free), "the rank that has least"
    threads = allowed_threads(options.max_threads, cores)
    return Admission(options, threads, (free, rule), recent, here, far)


def admit(circuit: QuantumCircuit, admission: Admission) -> Admitted:
    """Lower a circuit if it fits into memory.

    Raises
    ------
    InsufficientMemoryError
        It does not.
    InvalidCircuitError
        It cannot be simulated.
    """
    admission = require_hope(circuit, admission)
    return admit_lowered(circuit, lower(circuit, keep_idle_qubits=admission.options.return_state), admission)


def require_hope(circuit: QuantumCircuit, admission: Admission) -> Admission:
    """Refuse a circuit that is hopelessly wide before the work of lowering; return what it may use.

    Where no state is read, only the planner knows how many qubits the measurements depend on.
    """
    options = admission.options
    admission = admission.suffices_for(engine.AMPLITUDE_BYTES[options.precision] << min(circuit.num_qubits, 64))
    widest, active = engine.max_qubits(admission.available[0], options.precision), circuit.num_qubits
    widest += 0 if options.ranks is None else options.ranks.global_qubits
    if not options.return_state and active > widest:
        prunes = "prune" not in switched_off(options) and not admission.reads_state
        widest = engine.MAX_QUBITS if prunes else widest
        active = mixed_qubits(circuit) if prunes else active_qubits(circuit)
    if active > widest:
        raise too_wide(circuit, active, None, admission.fitting_qubits(), admission)
    return admission


def admit_lowered(circuit: QuantumCircuit, lowered: LoweredCircuit, admission: Admission) -> Admitted:
    """Plan a lowered circuit if it fits into memory.

    Raises
    ------
    InsufficientMemoryError
        It does not.
    """
    begin = time.perf_counter()
    plan = admission.plan(circuit, lowered)
    plan_time = time.perf_counter() - begin
    if (
        admission.reads_state and plan.has_trajectories and not admission.draws
    ):  # each way that a run can go has a state of its own
        admission = admission._replace(options=dataclasses.replace(admission.options, exact=True))
    demand = admission.demand(lowered, plan)
    admission = admission.suffices_for(demand.peak_bytes)
    if demand.peak_bytes > admission.available[0]:
        saved = saved_bytes(lowered, admission.options, plan.save_frames)
        label = max(saved, key=saved.__getitem__, default="")
        if saved and saved[label] > admission.available[0]:
            raise too_much_saved(circuit, lowered, label, saved[label], admission)
        fitting = admission.estimate(lowered).max_qubits
        raise too_wide(circuit, plan.num_qubits, demand.peak_bytes, fitting, admission)
    return Admitted(lowered, plan, plan_time, demand, admission.here, admission.far)
