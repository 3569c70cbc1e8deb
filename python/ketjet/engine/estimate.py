"""What a run will take, from the planner's own numbers; nothing is allocated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketjet import _core, faces
from ketjet.base.units import counted, duration, size
from ketjet.engine.demand import BLOCK_BYTES_PER_THREAD, demand, demand_beyond, outcome_bytes
from ketjet.engine.machine import AMPLITUDE_BYTES, MAX_QUBITS, Precision, available_memory, machine
from ketjet.engine.planning import plan, state_qubits

if TYPE_CHECKING:
    from collections.abc import Collection

    from ketjet._core import Program
    from ketjet.engine.readouts import ObservablesReadout


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
        needs = demand_beyond(num_qubits, program.num_operations, precision, cores)
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
            needed += outcome_bytes(program, num_qubits, shots, memory=memory, per_shot=per_shot, exact=exact)
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
