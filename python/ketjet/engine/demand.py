"""What a run will take: memory, time, and how many threads and states it is worth having."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ketjet import _core
from ketjet.engine.machine import AMPLITUDE_BYTES, MAX_QUBITS, Precision
from ketjet.engine.report import reading_seconds

if TYPE_CHECKING:
    from ketjet._core import Plan, Program
    from ketjet.engine.readouts import ObservablesReadout

BLOCK_BYTES_PER_THREAD = 2 << 20  # block, scratch and coefficients of one engine thread, generously
_BYTES_PER_OUTCOME = 48  # one row of the outcome table while it is sorted and merged
_ROWS_AT_ONCE = 1 << 21  # of trajectories' outcomes before equal ones are put together
_ANY_NUMBER = 1 << 62  # of shots: exact probabilities part like those
_SECONDS_PER_AMPLITUDE = 1e-9  # of a sweep, where nobody will ever measure it
_MAX_PRINTED_QUBITS = 14_000  # Python prints no integer of more than 4300 digits
_MAX_BRANCHED_BITS = 20  # an exact run through trajectories is expected to find no more outcomes than 2 to this


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


def outcome_bytes(program: Program, num_qubits: int, shots: int, *, memory: bool, per_shot: bool, exact: bool) -> int:
    """Return what the table of outcomes takes at most, and their list."""
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
    outcomes = outcome_bytes(program, made.num_qubits, shots, memory=memory, per_shot=parts, exact=exact)
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


def demand_beyond(num_qubits: int, operations: int, precision: Precision, threads: int) -> Demand:
    """Return what a state takes that no machine holds: a sweep for each operation."""
    state_bytes = AMPLITUDE_BYTES[precision] << min(num_qubits, _MAX_PRINTED_QUBITS)
    try:
        seconds = math.ldexp(max(operations, 1) * _SECONDS_PER_AMPLITUDE / threads, num_qubits)
    except OverflowError:
        seconds = math.inf
    return Demand(state_bytes, state_bytes + threads * BLOCK_BYTES_PER_THREAD, seconds, threads, 1)
