"""What a run will take, from the planner's own numbers; nothing is allocated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketjet import _core
from ketjet.engine.machine import AMPLITUDE_BYTES, MAX_QUBITS, PRECISIONS, Precision, available_memory, machine
from ketjet.engine.run import plan

if TYPE_CHECKING:
    from ketjet._core import Program

_BLOCK_BYTES_PER_THREAD = 2 << 20  # block, scratch and coefficients of one engine thread, generously
_BYTES_PER_OUTCOME = 48  # one row of the outcome table while it is sorted and merged


@dataclass(frozen=True)
class Estimate:
    """What a run will take, before it runs.

    Attributes
    ----------
    num_qubits : int
        Qubits of the simulated state (idle ones left out).
    state_bytes, peak_bytes : int
        One state; everything the run holds at once.
    seconds : float
        Predicted wall time on `threads` threads.
    available_bytes : int
        What may be taken, and `available_rule`, the limit that says so.
    fits : bool
        Whether peak_bytes <= available_bytes.
    max_qubits : int
        The widest program of this kind that fits.
    threads : int
        Engine threads worth using.
    sweeps : int
        Passes over memory.
    """

    num_qubits: int
    state_bytes: int
    peak_bytes: int
    seconds: float
    available_bytes: int
    available_rule: str
    fits: bool
    max_qubits: int
    threads: int
    sweeps: int


def max_qubits(available: int, precision: Precision) -> int:
    """Return the widest state that fits into `available` bytes."""
    return max(0, min((available // AMPLITUDE_BYTES[precision]).bit_length() - 1, MAX_QUBITS))


def _outcome_bytes(num_qubits: int, num_clbits: int, shots: int, *, memory: bool, per_shot: bool) -> int:
    words = max(1, -(-num_clbits // 64))
    rows = shots if per_shot else min(shots, 1 << min(num_qubits, 62))
    listed = 2 * 8 * words * shots if memory else 0
    return rows * (_BYTES_PER_OUTCOME + 8 * words) + listed


def estimate(
    program: Program,
    *,
    shots: int = 1024,
    memory: bool = False,
    precision: Precision = "double",
    max_threads: int | None = None,
    available: tuple[int, str] | None = None,
) -> Estimate:
    """Predict memory and time of a run without allocating anything.

    Parameters
    ----------
    program : Program
    shots : int
    memory : bool
        Whether every shot is listed.
    precision : {"single", "double"}
    max_threads : int, optional
        Upper limit of engine threads; default: the machine's cores.
    available : (int, str), optional
        Bytes that may be taken and the rule they come from; default: `available_memory()`.
    """
    available_bytes, rule = available or available_memory()
    made = plan(program, precision)
    core_precision = PRECISIONS[precision]
    cores = max_threads or machine().cores
    threads = _core.useful_threads(program, made, core_precision, cores)
    cost = _core.plan_cost(program, made, core_precision, threads)
    states = _core.states_held(made, shots, threads)
    collapses = made.has_random_collapse

    def peak_of(num_qubits: int, state_bytes: int, threads: int) -> int:
        outcomes = _outcome_bytes(num_qubits, program.num_clbits, shots, memory=memory, per_shot=collapses)
        return states * state_bytes + threads * _BLOCK_BYTES_PER_THREAD + outcomes

    peak = peak_of(program.num_qubits, cost.state_bytes, threads)
    widths = range(MAX_QUBITS, 0, -1)  # a wide program uses all threads
    fitting = (n for n in widths if peak_of(n, AMPLITUDE_BYTES[precision] << n, cores) <= available_bytes)
    widest = next(fitting, 0)
    fits = peak <= available_bytes
    return Estimate(
        num_qubits=program.num_qubits,
        state_bytes=cost.state_bytes,
        peak_bytes=peak,
        seconds=cost.seconds * (max(shots, 1) if collapses else 1),
        available_bytes=available_bytes,
        available_rule=rule,
        fits=fits,
        max_qubits=max(widest, program.num_qubits) if fits else widest,
        threads=threads,
        sweeps=made.num_sweeps,
    )
