"""The one door to the compiled engine: the only module that imports `_core`.

Everything that crosses it is plain data (Task in, Outcome out), so the same call runs on one of our own worker
threads, in a user's executor or in another process. Nothing here or below imports Qiskit.
"""

from __future__ import annotations

import functools
import mmap
import os
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ketjet import _core
from ketjet._core import Cancelled, Machine, Plan, Program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "RNG_VERSION",
    "Cancelled",
    "Control",
    "Estimate",
    "Machine",
    "Outcome",
    "Plan",
    "Precision",
    "Program",
    "Progress",
    "State",
    "Task",
    "available_memory",
    "estimate",
    "execute",
    "gate_codes",
    "instruction_codes",
    "isa_in_use",
    "isa_names",
    "machine",
    "max_qubits",
    "plan",
]

Precision = Literal["single", "double"]

RNG_VERSION = 1
"""Changes whenever the same circuit and seed would give other samples."""

MAX_QUBITS = 62
"""The most qubits a Program can have: basis states are 64-bit indices."""

_AMPLITUDE_BYTES = {"single": 8, "double": 16}
_PRECISIONS = {"single": _core.Precision.single, "double": _core.Precision.double}
_BLOCK_BYTES_PER_THREAD = 2 << 20  # block, scratch and coefficients of one engine thread, generously
_BYTES_PER_OUTCOME = 48  # one row of the outcome table while it is sorted and merged


@functools.cache
def machine() -> Machine:
    """Caches and cores of this computer, detected once."""
    return _core.detect_machine()


def available_memory() -> tuple[int, str]:
    """Bytes this process could still take, and the name of the limit that says so."""
    free, rule = _core.available_memory()
    return free + _core.buffer_usage()[1], rule


def isa_names() -> list[str]:
    """Instruction sets this CPU can run, best first."""
    return _core.isa_names()


def isa_in_use(name: str = "") -> str:
    """Return the instruction set that `name` stands for; empty means KETJET_ISA or the best."""
    return _core.isa_in_use(name)


@functools.cache
def gate_codes() -> dict[str, tuple[int, int, int, int]]:
    """Map a gate name to (code, controls, targets, parameters), one entry per row of the engine's gate table."""
    return {name: (code, *sizes) for code, (name, *sizes) in enumerate(_core.gate_table())}


@functools.cache
def instruction_codes() -> dict[str, int]:
    """Map an instruction name ("unitary", "measure", ...) to its code in a packed program."""
    offset = len(_core.gate_table())
    return {name: offset + i for i, name in enumerate(_core.instruction_names())}


def unitarity_error(matrix: NDArray[np.complex128]) -> float:
    """Return max |U^dagger U - 1| of a square matrix (estimated above dimension 64)."""
    return _core.unitarity_error(matrix)


@dataclass(frozen=True)
class Progress:
    """How far a run has come; totals are 0 until it has been planned."""

    started: bool
    stages_done: int
    stages_total: int
    shots_done: int
    shots_total: int
    bytes_moved: int


class Control:
    """The stop flag and progress counters of one run, readable at any time without waiting for the engine.

    With ``shared=True`` they live in a memory-mapped temporary file, so that a run in another process of this
    machine is stopped and watched through `path` as well.
    """

    def __init__(self, *, shared: bool = False, path: str | None = None) -> None:
        self.path = path
        self._owns_file = False
        self._memory: mmap.mmap | None = None
        if shared and path is None:
            descriptor, self.path = tempfile.mkstemp(prefix="ketjet-")
            self._owns_file = True
            with os.fdopen(descriptor, "r+b") as file:
                file.truncate(mmap.PAGESIZE)
        if self.path is None:
            self._counters = _core.RunControl()
            return
        with open(self.path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self._counters = _core.RunControl(self._memory)

    @property
    def counters(self) -> _core.RunControl:
        """The engine's handle."""
        return self._counters

    def stop(self) -> None:
        """Ask the run to stop; it does so within a few milliseconds of work."""
        self._counters.stop()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called, here or in another process."""
        return self._counters.stopped

    def progress(self) -> Progress:
        """Read the counters."""
        c = self._counters
        return Progress(c.started, c.stages_done, c.stages_total, c.shots_done, c.shots_total, c.bytes_moved)

    def close(self) -> None:
        """Remove the shared file, if this object made it; the counters stay readable."""
        if self._owns_file and self.path is not None:
            self._owns_file = False
            os.unlink(self.path)

    def __del__(self) -> None:
        if getattr(self, "_owns_file", False):
            self.close()


@dataclass(frozen=True)
class Task:
    """One circuit to run: plain data that pickles to any process.

    Attributes
    ----------
    program : Program
        What to run.
    shots : int
        Number of samples; 0 runs the program for its state alone.
    seed : int
        Any integer >= 0. Together with the program it determines every random draw.
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
    control_path : str, optional
        Where a process without the submitter's Control finds its counters.
    """

    program: Program
    shots: int
    seed: int
    memory: bool = False
    return_state: bool = False
    precision: Precision = "double"
    threads: int = 1
    isa: str = ""
    control_path: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What a Task gave.

    Attributes
    ----------
    keys : ndarray of uint64, shape (outcomes, words)
        Distinct classical outcomes, ascending; classical bit c is bit c % 64 of word c // 64.
    counts : ndarray of int64, shape (outcomes,)
        Shots per outcome.
    memory : ndarray of uint64, shape (shots, words), or None
        The outcome of every shot.
    state : ndarray of complex, shape (2**num_qubits,), or None
        The engine's own memory, not a copy.
    num_clbits : int
    metadata : dict
        JSON-clean facts about the run.
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.int64]
    memory: NDArray[np.uint64] | None
    state: NDArray[Any] | None
    num_clbits: int
    metadata: dict[str, Any]


def plan(program: Program, precision: Precision = "double", on: Machine | None = None) -> Plan:
    """Plan a program for a machine (default: this one)."""
    return _core.plan(program, on or machine(), _PRECISIONS[precision])


def random_key(program: Program, seed: int) -> tuple[int, int]:
    """Return the key of the random generator for a program under a seed: 64 bits from NumPy's SeedSequence."""
    words = np.random.SeedSequence(seed, spawn_key=(program.fingerprint,)).generate_state(2, np.uint32)
    return int(words[0]), int(words[1])


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
    MemoryError
        The state could not be allocated; nothing is kept.
    """
    if control is None:
        control = Control(path=task.control_path)
    start = time.perf_counter()
    program, precision = task.program, _PRECISIONS[task.precision]
    made = plan(program, task.precision, on)
    planned = time.perf_counter()
    output = _core.run(
        program,
        made,
        precision,
        shots=task.shots,
        key=random_key(program, task.seed),
        list_shots=task.memory,
        keep_state=task.return_state,
        threads=task.threads,
        isa=task.isa,
        control=control.counters,
    )
    cost = _core.plan_cost(program, made, precision, task.threads)
    state_bytes = _core.run_state_bytes(made, precision, task.shots, task.threads)
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
        "measure_sampling": not made.has_random_collapse,
        "plan_time": planned - start,
        "sample_measure_time": output.sample_seconds,
        "time_taken": time.perf_counter() - start,
        "seed_simulator": task.seed,
        "norm_error": output.norm_error,
        "rng_version": RNG_VERSION,
    }
    return Outcome(output.keys, output.counts, output.shots, output.state, program.num_clbits, metadata)


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


def max_qubits(available: int, precision: Precision, *, states: int = 1, other_bytes: int = 0) -> int:
    """Return the widest state of which `states` copies and `other_bytes` more fit into `available` bytes; at least 0."""
    amplitudes = (available - other_bytes) // (states * _AMPLITUDE_BYTES[precision])
    return max(0, min(int(amplitudes).bit_length() - 1, MAX_QUBITS))


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
    core_precision = _PRECISIONS[precision]
    cores = max_threads or machine().cores
    threads = _core.useful_threads(program, made, core_precision, cores)
    cost = _core.plan_cost(program, made, core_precision, threads)
    states_bytes = _core.run_state_bytes(made, core_precision, shots, threads)
    collapses = made.has_random_collapse
    other = threads * _BLOCK_BYTES_PER_THREAD + _outcome_bytes(
        program.num_qubits, program.num_clbits, shots, memory=memory, per_shot=collapses
    )
    peak = states_bytes + other
    return Estimate(
        num_qubits=program.num_qubits,
        state_bytes=cost.state_bytes,
        peak_bytes=peak,
        seconds=cost.seconds * (max(shots, 1) if collapses else 1),
        available_bytes=available_bytes,
        available_rule=rule,
        fits=peak <= available_bytes,
        max_qubits=max_qubits(available_bytes, precision, states=states_bytes // cost.state_bytes, other_bytes=other),
        threads=threads,
        sweeps=made.num_sweeps,
    )


class State:
    """A state that stays in memory between calls; what `ketjet.StateVector` stands on.

    Every method that touches amplitudes takes the number of engine threads and must be called from a worker
    thread. After a `Cancelled` the amplitudes are unspecified until `set_zero`.
    """

    def __init__(self, num_qubits: int, precision: Precision = "double") -> None:
        made = _core.StateSingle(num_qubits) if precision == "single" else _core.StateDouble(num_qubits)
        self._state: _core.StateSingle | _core.StateDouble = made
        self.precision: Precision = precision
        self.num_qubits = num_qubits

    @property
    def array(self) -> NDArray[Any]:
        """The amplitudes themselves, shape (2**num_qubits,); writing to it changes the state."""
        return self._state.array

    def set_zero(self, threads: int, control: Control | None = None) -> None:
        """Go back to |0...0> without allocating."""
        self._state.set_zero(threads, (control or Control()).counters)

    def evolve(self, program: Program, threads: int, seed: int = 0, control: Control | None = None) -> list[int]:
        """Apply a program of the same width; return its classical bits as 64-bit words."""
        made = _core.plan_for_any_state(program, machine(), _PRECISIONS[self.precision])
        key = random_key(program, seed)
        return self._state.evolve(program, made, key, 0, threads, (control or Control()).counters)

    def sample(
        self, qubits: Sequence[int], shots: int, seed: int, threads: int, control: Control | None = None
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Sample `qubits` (first = lowest bit): outcome keys, shape (outcomes, words), and their counts."""
        words = np.random.SeedSequence(seed).generate_state(2, np.uint32)
        key = (int(words[0]), int(words[1]))
        return self._state.sample(list(qubits), shots, key, threads, (control or Control()).counters)

    def probabilities(
        self, qubits: Sequence[int], threads: int, control: Control | None = None
    ) -> NDArray[np.float64]:
        """Return the distribution of measuring `qubits` (first = lowest bit), shape (2**len(qubits),)."""
        return self._state.probabilities(list(qubits), threads, (control or Control()).counters)

    def norm(self, threads: int, control: Control | None = None) -> float:
        """Return the 2-norm of the state."""
        return float(np.sqrt(self._state.norm_squared(threads, (control or Control()).counters)))

    def expectation(
        self,
        x_masks: Sequence[int],
        z_masks: Sequence[int],
        coefficients: Sequence[complex],
        threads: int,
        control: Control | None = None,
    ) -> complex:
        """Return <state|sum of coefficient * Pauli|state>; a qubit in both masks is a Y."""
        return self._state.expectation(
            list(x_masks), list(z_masks), list(coefficients), threads, (control or Control()).counters
        )
