"""What a run will take, from the planner's own numbers; nothing is allocated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ketjet import _core, faces
from ketjet.base.units import counted, duration, size
from ketjet.engine.machine import AMPLITUDE_BYTES, MAX_QUBITS, Precision, available_memory, machine
from ketjet.engine.planning import plan, state_qubits
from ketjet.engine.report import reading_seconds

if TYPE_CHECKING:
    from collections.abc import Collection

    from ketjet._core import Plan, Program
    from ketjet.engine.readouts import ObservablesReadout

BLOCK_BYTES_PER_THREAD = 2 << 20  # block, scratch and coefficients of one engine thread, generously
_BYTES_PER_OUTCOME = 48  # one row of the outcome table while it is sorted and merged
_ROWS_AT_ONCE = 1 << 21  # of trajectories' outcomes before equal ones are put together
_ANY_NUMBER = 1 << 62  # of shots: exact probabilities part like those
_SECONDS_PER_AMPLITUDE = 1e-9  # of a sweep, where nobody will ever measure it
_MAX_PRINTED_QUBITS = 14_000  # Python prints no integer of more than 4300 digits
_MAX_BRANCHED_BITS = 20  # an exact run through trajectories is expected to find no more outcomes than 2 to this


@dataclass(frozen=True)
class Estimate:
    """What a run will take, before it runs; `print` shows it in words and notebooks as bars."""

    num_qubits: int
    """Qubits of the simulated state; those that nothing acts on or no measurement depends on are left out."""
    state_bytes: int
    """Bytes of one state."""
    peak_bytes: int
    """Bytes of everything that the run holds at once."""
    seconds: float
    """Predicted wall time on `threads` threads, in seconds."""
    available_bytes: int
    """Bytes that may be taken now."""
    available_rule: str
    """The limit that says so."""
    fits: bool
    """Whether `peak_bytes` is no more than `available_bytes`."""
    max_qubits: int
    """Qubits of the widest circuit of this kind that fits."""
    threads: int
    """Threads worth using."""
    sweeps: int
    """Passes over memory."""
    peak_is_lower_bound: bool = False
    """Whether the run takes `peak_bytes` at least: nobody knows beforehand how often it will branch or save."""
    points: int = 1
    """How many sets of parameter values it is for."""
    result_bytes: int = 0
    """Of many points: bytes that they leave in the result, without dictionaries that are made of it later."""
    ranks: int = 1
    """Among how many ranks the state is shared out; all bytes are those of one."""
    exchanges: int = 0
    """How often these exchange amplitudes."""
    bytes_exchanged: int = 0
    """Bytes that each rank sends to others."""

    @property
    def _peak(self) -> str:
        return f"{'at least ' if self.peak_is_lower_bound else ''}{size(self.peak_bytes)}"

    @property
    def _results(self) -> str:
        return f", {size(self.result_bytes)} what {self.points} points leave" if self.points > 1 else ""

    @property
    def _time(self) -> str:
        return f"about {duration(self.seconds)}"

    def __str__(self) -> str:
        return "\n".join(
            [
                f"memory  {self._peak} at its peak, {size(self.state_bytes)} of it the state{self._results}",
                f"fits    {'yes' if self.fits else 'no'}: {size(self.available_bytes)} available",
                f"        by {self.available_rule}; the largest circuit that fits has {self.max_qubits} qubits",
                f"time    {self._time} on {counted(self.threads, 'thread')}, {counted(self.sweeps, 'sweep')}",
                *([f"ranks   {self._ranks}"] if self.ranks > 1 else []),
            ]
        )

    @property
    def _ranks(self) -> str:
        sent = f"{counted(self.exchanges, 'exchange')}, in which each sends {size(self.bytes_exchanged)}"
        return f"{self.ranks}, each with as much memory and as many threads; {sent}"

    def __repr__(self) -> str:
        fits = f"{'fits' if self.fits else 'does not fit'} into {size(self.available_bytes)}"
        return f"<Estimate: {counted(self.num_qubits, 'qubit')}, {self._peak}, {fits}, {self._time}>"

    def _repr_html_(self) -> str:
        facts = [counted(self.num_qubits, "qubit"), self._time, counted(self.sweeps, "sweep")]
        at_least = self.peak_is_lower_bound
        bar = faces.memory(self.state_bytes, self.peak_bytes, self.available_bytes, at_least=at_least)
        told = [("points", f"{self.points}, which leave {size(self.result_bytes)}")] if self.points > 1 else []
        told += [("ranks", self._ranks)] if self.ranks > 1 else []
        told += [
            ("available by", self.available_rule),
            ("largest that fits", counted(self.max_qubits, "qubit")),
            ("threads", str(self.threads)),
        ]
        return faces.card("Estimate", "", facts, f'<div class="note">{bar}</div>', faces.words(told))


class Demand(NamedTuple):
    """What a run takes; where its shots need several states at a time, as many as fit, if only one.

    `norm_bytes` is the part of the peak by which states are sampled.
    """

    state_bytes: int
    peak_bytes: int
    seconds: float
    threads: int
    states: int
    norm_bytes: int = 0
    min_states: int = 1
    peak_is_lower_bound: bool = False


def max_qubits(available: int, precision: Precision) -> int:
    """Return the widest state that fits into `available` bytes."""
    return max(0, min((available // AMPLITUDE_BYTES[precision]).bit_length() - 1, MAX_QUBITS))


def _outcome_bytes(program: Program, num_qubits: int, shots: int, *, memory: bool, per_shot: bool, exact: bool) -> int:
    num_clbits = program.num_clbits
    words = max(1, -(-num_clbits // 64))
    if exact:
        outcomes = 1 << min(num_clbits, _MAX_BRANCHED_BITS if per_shot else num_qubits)
        return outcomes * (_BYTES_PER_OUTCOME + 8 * words)
    # Shots whose variables differ may go their own ways to the end, though their outcomes are the same.
    bits = num_qubits if not per_shot else num_clbits + 64 * (program.memory_words - words)
    rows = min(shots, (1 << min(bits, 62)) + (_ROWS_AT_ONCE if per_shot else 0))
    listed = 2 * 8 * words * shots if memory else 0
    return rows * (_BYTES_PER_OUTCOME + 8 * words) + listed


def demand(
    program: Program,
    made: Plan,
    *,
    shots: int,
    memory: bool,
    max_threads: int,
    available: int,
    exact: bool = False,
    saved: int = 0,
    saves_repeat: bool = False,
    readout: ObservablesReadout | None = None,
    gathers: bool = False,
) -> Demand:
    """Predict what a run takes.

    Parameters
    ----------
    program : Program
    made : Plan
        The program's plan.
    shots : int
    memory : bool
        Whether every shot is listed.
    max_threads : int
        Upper limit of engine threads.
    available : int
        Bytes that may be taken.
    exact : bool
        Whether the probabilities of all outcomes are listed instead of shots.
    saved : int
        Bytes that save instructions take, at least.
    saves_repeat : bool
        Whether they save once more wherever shots go different ways.
    readout : ObservablesReadout, optional
        What is read of the final states.
    gathers : bool
        Whether ranks bring the final state together on one.
    """
    parts = made.has_trajectories
    threads = _core.useful_threads(made, max_threads)
    cost = _core.plan_cost(made, threads)
    saved += cost.message_bytes
    if gathers and made.global_qubits:  # on rank 0: what all send, and the state that it becomes
        saved += 2 * cost.state_bytes << made.global_qubits
    seconds = cost.seconds if readout is None else cost.seconds + reading_seconds(made, readout, threads)
    if not (parts or exact or shots):  # nothing but one state
        peak = cost.state_bytes + threads * BLOCK_BYTES_PER_THREAD + saved
        return Demand(cost.state_bytes, peak, seconds, threads, 1)
    outcomes = _outcome_bytes(program, made.num_qubits, shots, memory=memory, per_shot=parts, exact=exact)
    wanted = _core.useful_states(made, _ANY_NUMBER if exact else shots) if parts else 1
    least = min(wanted, _core.least_states(made, shots)) if parts and not exact else 1
    unbounded = (exact or saves_repeat) and made.collapses_at_random  # branches are counted when they are there
    norms = 0 if exact or shots == 0 else cost.norm_bytes
    needed = least * cost.state_bytes + norms + threads * BLOCK_BYTES_PER_THREAD + saved
    left = max(available - needed, 0)
    if unbounded and exact:
        outcomes = min(outcomes, left // 2)
    left = max(left - outcomes, 0) // (2 if unbounded else 1)
    states = min(wanted, least + left // cost.state_bytes)
    return Demand(
        state_bytes=cost.state_bytes,
        peak_bytes=needed + outcomes + (states - least) * cost.state_bytes,
        seconds=seconds * (wanted - 1 if parts else 1),
        threads=threads,
        states=states,
        norm_bytes=norms,
        min_states=least,
        peak_is_lower_bound=unbounded,
    )


def estimate(
    program: Program,
    *,
    shots: int = 1024,
    memory: bool = False,
    return_state: bool = False,
    precision: Precision = "double",
    switched_off: Collection[str] = (),
    max_threads: int | None = None,
    available: tuple[int, str] | None = None,
    exact: bool = False,
    saved: int = 0,
    saves_repeat: bool = False,
    readout: ObservablesReadout | None = None,
    global_qubits: int = 0,
) -> Estimate:
    """Predict memory and time of a run without allocating anything, and whether it fits.

    Parameters
    ----------
    program : Program
    shots : int
    memory : bool
        Whether every shot is listed.
    return_state : bool
        Whether the final state is returned.
    precision : {"single", "double"}
    switched_off : collection of str
        As in `Task`.
    max_threads : int, optional
        Upper limit of engine threads; default: the machine's cores.
    available : (int, str), optional
        Bytes that may be taken and the rule they come from; default: `available_memory()`.
    exact : bool
        Whether the probabilities of all outcomes are listed instead of shots.
    saved, saves_repeat, readout
        As in `demand`.
    global_qubits : int
        As in `plan`; all bytes are those of one rank then.
    """
    available_bytes, rule = available or available_memory()
    keep_state, cores = return_state or shots == 0, max_threads or machine().cores
    num_qubits, per_shot, sweeps = program.num_qubits, False, program.num_operations
    ranks, cost = 1, None
    if num_qubits > MAX_QUBITS:
        num_qubits = state_qubits(program, keep_state=keep_state, switched_off=switched_off)
    if num_qubits > MAX_QUBITS:
        needs = _beyond(num_qubits, program.num_operations, precision, cores)
    else:
        made = plan(program, precision, keep_state=keep_state, switched_off=switched_off, global_qubits=global_qubits)
        num_qubits, per_shot, sweeps = made.num_qubits, made.has_trajectories, made.num_sweeps
        ranks, cost = 1 << made.global_qubits, _core.plan_cost(made, 1)
        needs = demand(
            program,
            made,
            shots=shots,
            memory=memory,
            max_threads=cores,
            available=available_bytes,
            exact=exact,
            saved=saved,
            saves_repeat=saves_repeat,
            readout=readout,
            gathers=return_state and readout is None,
        )

    def fits(num_qubits: int) -> bool:  # a wide program uses all threads
        state = AMPLITUDE_BYTES[precision] << max(num_qubits - global_qubits, 0)
        norms = needs.norm_bytes * state // needs.state_bytes
        needed = needs.min_states * state + norms + cores * BLOCK_BYTES_PER_THREAD + saved
        if not (exact and needs.peak_is_lower_bound):
            needed += _outcome_bytes(program, num_qubits, shots, memory=memory, per_shot=per_shot, exact=exact)
        return needed <= available_bytes

    widest = next(filter(fits, range(MAX_QUBITS, 0, -1)), 0)
    fitting = needs.peak_bytes <= available_bytes
    return Estimate(
        num_qubits=num_qubits,
        state_bytes=needs.state_bytes,
        peak_bytes=needs.peak_bytes,
        seconds=needs.seconds,
        available_bytes=available_bytes,
        available_rule=rule,
        fits=fitting,
        max_qubits=max(widest, num_qubits) if fitting else widest,
        threads=needs.threads,
        sweeps=sweeps,
        peak_is_lower_bound=needs.peak_is_lower_bound,
        ranks=ranks,
        exchanges=0 if cost is None else cost.exchanges,
        bytes_exchanged=0 if cost is None else cost.bytes_exchanged,
    )


def _beyond(num_qubits: int, operations: int, precision: Precision, threads: int) -> Demand:
    """Return what a state takes that no machine holds: a sweep for each operation."""
    state_bytes = AMPLITUDE_BYTES[precision] << min(num_qubits, _MAX_PRINTED_QUBITS)
    try:
        seconds = math.ldexp(max(operations, 1) * _SECONDS_PER_AMPLITUDE / threads, num_qubits)
    except OverflowError:
        seconds = math.inf
    return Demand(state_bytes, state_bytes + threads * BLOCK_BYTES_PER_THREAD, seconds, threads, 1)
