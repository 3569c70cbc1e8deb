"""The state itself, for scripts that keep it and step through it: one allocation, reused.

Passes over the amplitudes run on the library's worker threads with the GIL released, but for those that end sooner than
another thread is woken.
"""

from __future__ import annotations

import contextlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet import engine
from ketjet.errors import InvalidOptionError, JobError, OptionTypeError
from ketjet.jobs import log
from ketjet.options import SimulatorOptions
from ketjet.options.machine import allowed_threads, require_isa
from ketjet.state import face
from ketjet.state.calls import StateCalls, copy_amplitudes
from ketjet.state.checks import (
    amplitudes_of,
    chosen_qubits,
    number_of_qubits,
    require_applicable,
    require_circuit,
    require_memory,
)
from ketjet.state.evolving import Evolving, evolving, known
from ketjet.state.file import open_state, save_state
from ketjet.state.readings import StateReadings, named
from ketjet.state.sharing import SharedWhereRanksAre

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray
    from qiskit import QuantumCircuit

    from ketjet.jobs.progress import JobProgress
    from ketjet.ranks import Ranks

__all__ = ["StateVector"]

BRIEF_QUBITS = 14
"""A state of no more is written out by whoever asks for its array."""

PLAIN = SimulatorOptions(seed_simulator=0)
"""Of an `evolve` without options."""


class StateVector(SharedWhereRanksAre, StateReadings):
    """A state of `num_qubits` qubits, at first |0...0⟩.

    Calls block, and may be made from any thread; `cancel` and `progress` answer at once meanwhile. A state that is
    being changed refuses other calls, and so does one that was left half changed: by Ctrl-C, `cancel`, a time limit or
    an error. It is good for `reset` and for ``np.asarray`` then.

    Qubits that no circuit has touched since the last `reset` cost nothing: memory is reserved at first, and written
    when a circuit needs it or somebody looks. While an array that ``np.asarray`` has returned, or a view of it, is
    alive, all of the memory is written and read each time, so drop what you no longer need before `reset`.

    Parameters
    ----------
    num_qubits
        Size of the register; the state has 2**num_qubits amplitudes.
    precision
        "double" (complex128) or "single" (complex64).
    max_threads
        Most threads that a call may use; by default every core, or OMP_NUM_THREADS if smaller.
    verify
        Whether `evolve` checks itself, as the option of that name of a `Simulator`: "off", "fast" or "full".
    ranks
        The `ketjet.ranks.Ranks` that all run this script: it is a `SharedStateVector`, of which each has a slice.

    Raises
    ------
    InsufficientMemoryError
        The amplitudes do not fit into the memory that is available now.
    InvalidOptionError, OptionTypeError
        An argument is out of range, or of the wrong type.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> bell = QuantumCircuit(2)
    >>> _ = bell.h(0), bell.cx(0, 1)
    >>> StateVector(2).evolve(bell).probabilities().round(3)
    array([0.5, 0. , 0. , 0.5])
    """

    def __init__(
        self,
        num_qubits: int,
        precision: engine.Precision = "double",
        *,
        max_threads: int | None = None,
        verify: engine.Verify = "off",
        ranks: Ranks | None = None,  # noqa: ARG002 - else it is another class
    ) -> None:
        self._allocate(num_qubits, precision, max_threads, verify)
        self.reset()

    @classmethod
    def from_array(
        cls,
        amplitudes: ArrayLike,
        precision: engine.Precision | None = None,
        *,
        max_threads: int | None = None,
        verify: engine.Verify = "off",
    ) -> StateVector:
        """Return a state with a copy of some amplitudes.

        Parameters
        ----------
        amplitudes
            Shape (2**num_qubits,), in the order of Qiskit: bit q of the index is qubit q. Anything that NumPy takes for
            an array of numbers, a `qiskit.quantum_info.Statevector` and an array mapped from a file included.
        precision
            Of the state; by default "single" if that is the precision of the numbers, else "double".
        max_threads, verify
            As for `StateVector`.

        Raises
        ------
        InvalidOptionError
            The shape is another one, or the length of the vector is not 1 to 1e-6 (1e-4 in single precision).
        OptionTypeError
            These are no numbers.
        InsufficientMemoryError
            The copy does not fit into the memory that is available now.
        """
        array = amplitudes_of(amplitudes)
        if precision is None:
            precision = "single" if array.dtype in {np.dtype(np.complex64), np.dtype(np.float32)} else "double"
        state = cls._holding(array, precision, max_threads, verify)
        length = state.norm()
        if not abs(length - 1) <= engine.DRIFT_LIMITS[state.precision]:
            raise InvalidOptionError(f"the amplitudes have the norm {length:.12g}; divide them by it to make it 1.")
        return state

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, max_threads: int | None = None, verify: engine.Verify = "off"
    ) -> StateVector:
        """Return a state that `save` has written, bit for bit.

        Parameters
        ----------
        path
            The name that `save` was given.
        max_threads, verify
            As for `StateVector`.

        Raises
        ------
        StateFileError
            It is something else, or has changed since, which its checksum tells.
        OSError
            There is no such file, or it cannot be read.
        InsufficientMemoryError
            The state does not fit into the memory that is available now.
        """
        with open_state(path) as saved:
            state = cls.__new__(cls)
            state._allocate(saved.num_qubits, saved.precision, max_threads, verify)
            saved.read_into(state._state.array)
        return state

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state to a file that `load` reads, and ``np.load(path, mmap_mode="r")`` too.

        Precision, size and a SHA-256 of the file are written beside it, to `path` + ".json". Both files are written
        under another name first, so a file of that name that is there already is replaced as a whole or not at all.

        Raises
        ------
        JobError
            The state is being changed, or was left half changed.
        OSError
            The files cannot be written.
        """
        with self._calls.reading():
            self._write_out()
            save_state(path, self._state.array, self._precision, metadata.version("ketjet"))

    def copy(self) -> StateVector:
        """Return a state of its own with the same amplitudes and settings.

        Raises
        ------
        JobError
            The state is being changed by another call, or was left half changed.
        InsufficientMemoryError
            A second state does not fit into the memory that is available now.
        """
        with self._calls.reading():
            state = type(self).__new__(type(self))
            state._allocate(self._num_qubits, self._precision, self._max_threads, self._verify)
            state._calls.overwrite(lambda control: state._state.copy_from(self._state, state._calls.threads, control))
            return state

    __copy__ = copy

    def __deepcopy__(self, _: Any) -> StateVector:
        return self.copy()

    def __reduce_ex__(self, _: Any) -> tuple[Any, ...]:
        with self._calls.reading():
            self._write_out()
            amplitudes = self._state.array
        return type(self)._holding, (amplitudes, self._precision, self._max_threads, self._verify)

    @property
    def nbytes(self) -> int:
        """Bytes that the amplitudes take."""
        return engine.AMPLITUDE_BYTES[self._precision] << self._num_qubits

    def evolve(
        self,
        circuit: QuantumCircuit,
        values: ArrayLike | Mapping[Any, Any] | None = None,
        *,
        seed: int = 0,
        progress: bool = False,
        time_limit: float | None = None,
    ) -> StateVector:
        """Apply a circuit in place and return this object.

        Parameters
        ----------
        circuit
            As many qubits as the state, no measurements: `sample` reads the state. It is read and planned once, and
            again only when it has been changed.
        values
            Of its parameters: finite numbers in the order of ``circuit.parameters``, shape (parameters,), or a
            dictionary from parameters, their names or whole parameter vectors to numbers.
        seed
            Decides the outcome of each `reset`.
        progress
            Show a progress bar meanwhile, on a terminal or in a notebook.
        time_limit
            Most seconds that it may run; None for any time.

        Raises
        ------
        CircuitTypeError
            It is no QuantumCircuit.
        OptionTypeError, InvalidOptionError
            The seed or the time limit has the wrong type, or is out of range; or the values are no array of finite
            real numbers of that shape.
        InvalidCircuitError
            The circuit does not fit, parameters have no values, or a dictionary has others; the state is as it was. So
            it is after every other error in the arguments.
        TimeLimitError, JobCancelledError
            It took too long, or was cancelled; the state is half changed, unless it had not begun.
        VerificationError
            With `verify`: ketjet, or the computer, has made an error.
        JobError
            The state is in use, or was left half changed before.

        Notes
        -----
        Ctrl-C stops within milliseconds of work, and leaves the circuit half applied: call `reset` then.
        """
        applied = known(circuit, values)
        if applied is None:
            require_circuit(circuit)
            applied = evolving(circuit)
        if applied.refused or applied.num_qubits != self._num_qubits:
            require_applicable(applied, self._num_qubits)
        slots = applied.slots(values)
        is_plain = type(seed) is int and seed == 0 and time_limit is None
        options = PLAIN if is_plain else SimulatorOptions(seed_simulator=seed, time_limit=time_limit)
        is_watched = progress or options.time_limit or self._verify != "off" or log.is_read()
        brief, calls = None if is_watched else applied.brief, self._calls
        is_done = brief is not None and (
            calls.at_once(self._state.evolve_at_once, brief, slots)
            or calls.here(self._state.evolve_here, brief, slots, calls.threads)
        )
        if not is_done:
            self._evolve(applied, slots, options, circuit.name, progress)
        return self

    def _evolve(
        self,
        applied: Evolving,
        slots: NDArray[np.float64] | None,
        options: SimulatorOptions,
        label: str,
        progress: bool,
    ) -> None:
        """Apply a circuit on a worker thread."""
        program, drawn = applied.lowered.program, options.drawn_seed()
        bound = program if slots is None else program.with_slots(slots)
        self._calls.change(
            lambda control: self._state.evolve(
                bound, self._calls.threads, drawn, control, verify=self._verify, time_limit=options.time_limit or 0.0
            ),
            label=label,
            progress=progress,
        )

    def cancel(self) -> bool:
        """Stop the call that is working on this state, from any thread.

        Returns
        -------
        bool
            True if and only if there was one, which raises `JobCancelledError` now.
        """
        return self._calls.cancel()

    def progress(self) -> JobProgress:
        """Return how far `evolve` is, from any thread; after its end, how far it came."""
        return self._calls.progress()

    def sample(self, shots: int, qubits: Sequence[int] | None = None, *, seed: int | None = None) -> dict[str, int]:
        """Draw measurement outcomes; the state stays as it is.

        Parameters
        ----------
        shots
            How many.
        qubits
            Which qubits to read, the first one rightmost in the keys; all by default.
        seed
            Repeats a sample exactly; by default a fresh one.

        Returns
        -------
        dict
            How often each bit string was seen.

        Raises
        ------
        OptionTypeError, InvalidOptionError
            An argument has the wrong type, or is out of range; a qubit is listed twice, or does not exist.
        JobError, JobCancelledError
            The state is being changed or was left half changed; or `cancel` was called meanwhile.
        """
        chosen, options = chosen_qubits(qubits, self.num_qubits), SimulatorOptions(shots=shots, seed_simulator=seed)
        drawn = options.drawn_seed()
        keys, counts = self._read(
            lambda control, threads: self._state.sample(chosen, options.shots, drawn, threads, control)
        )
        return named(keys.ravel(), counts, len(chosen))

    def probabilities(self, qubits: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Return the probabilities of the outcomes of some qubits, shape (2**len(qubits),).

        Parameters
        ----------
        qubits
            The first one is the lowest bit of the index; all by default.

        Raises
        ------
        InvalidOptionError
            A qubit is listed twice, or does not exist.
        JobError, JobCancelledError
            The state is being changed or was left half changed; or `cancel` was called meanwhile.
        """
        chosen = chosen_qubits(qubits, self.num_qubits)
        return self._read(lambda control, threads: self._state.probabilities(chosen, threads, control))

    def norm(self) -> float:
        """Return the length of the vector: 1 up to rounding.

        Raises
        ------
        JobError, JobCancelledError
            The state is being changed or was left half changed; or `cancel` was called meanwhile.
        """
        return self._read(lambda control, threads: self._state.norm(threads, control))

    def reset(self) -> None:
        """Go back to |0...0⟩ in the same memory, also if the state was left half changed.

        Raises
        ------
        JobError, JobCancelledError
            Another call works on the state; or `cancel` was called meanwhile.
        """
        if not self._calls.at_once(self._state.set_zero_at_once, overwrites=True):
            self._calls.overwrite(lambda control: self._state.set_zero(self._calls.threads, control))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the amplitudes: without arguments a view of the engine's own memory, valid as long as it is held."""
        if self._num_qubits > BRIEF_QUBITS:
            self._write_out()
        array: NDArray[Any] = self._state.array
        return array if dtype is None and not copy else np.array(array, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return 1 << self.num_qubits

    def __getitem__(self, index: object) -> Any:
        raise OptionTypeError(f"a StateVector has no items: np.asarray(state)[{index!r}] reads and writes amplitudes.")

    def __repr__(self) -> str:
        broken = ", half changed: reset() it" if self._calls.broken else ""
        return f"StateVector(num_qubits={self.num_qubits}, precision={self.precision!r}{broken})"

    def _allocate(
        self, num_qubits: int, precision: engine.Precision, max_threads: int | None, verify: engine.Verify
    ) -> None:
        """Take memory for a state, whose amplitudes are to be written next."""
        self._num_qubits = number_of_qubits(num_qubits)
        require_isa()
        options = SimulatorOptions(precision=precision, max_threads=max_threads, verify=verify)
        self._precision = options.precision
        self._verify: engine.Verify = options.verify
        self._max_threads = options.max_threads
        require_memory(self._num_qubits, self._precision)
        self._calls = StateCalls(allowed_threads(self._max_threads, engine.machine().cores))
        self._state = self._calls.overwrite(lambda _: engine.State(self._num_qubits, self._precision))

    @classmethod
    def _holding(
        cls, amplitudes: NDArray[Any], precision: engine.Precision, max_threads: int | None, verify: engine.Verify
    ) -> StateVector:
        """Return a state with a copy of these amplitudes."""
        state = cls.__new__(cls)
        state._allocate(amplitudes.size.bit_length() - 1, precision, max_threads, verify)
        target = state._state.array
        state._calls.overwrite(lambda control: copy_amplitudes(amplitudes, target, control))
        return state

    def _write_out(self) -> None:
        """Let all amplitudes be in memory, which is left to a call that changes the state now."""
        if not self._state.is_written_out:
            with contextlib.suppress(JobError):
                self._read(lambda control, threads: self._state.write_out(threads, control))

    def _repr_html_(self) -> str:
        return face.html(self.num_qubits, self.precision, None if self._calls.broken else self.__array__)
