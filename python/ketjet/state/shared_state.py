"""A state that is shared out among ranks, for scripts that all of them run alike: each holds a slice of it."""

from __future__ import annotations

import os
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet import engine
from ketjet.errors import InvalidOptionError, RanksError
from ketjet.lowering.observables import read_observables
from ketjet.options import SimulatorOptions
from ketjet.options.machine import allowed_threads, require_isa
from ketjet.state.calls import StateCalls
from ketjet.state.checks import (
    chosen_qubits,
    number_of_qubits,
    require_applicable,
    require_circuit,
    require_memory,
    require_observable,
)
from ketjet.state.evolving import evolving, known
from ketjet.state.file import open_state
from ketjet.state.readings import named
from ketjet.state.register import Register
from ketjet.state.shared_file import read_part, save_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    from numpy.typing import ArrayLike, NDArray
    from qiskit import QuantumCircuit

    from ketjet.jobs.progress import JobProgress
    from ketjet.ranks import Ranks

    _T = TypeVar("_T")

__all__ = ["SharedStateVector"]

LEAST_LOCAL_QUBITS = 12
"""A slice has at least so many, for each rank draws samples in chunks of its own."""


class SharedStateVector(Register):
    """The state that ``StateVector(num_qubits, ranks=ranks)`` is, at first |0...0⟩.

    All ranks make the same calls in the same order, but for ``np.asarray``, `slice`, `cancel` and `progress`, which ask
    nobody. Calls return the same on all ranks.

    Parameters
    ----------
    num_qubits
        Size of the register. Each rank has 2**num_qubits / ranks.size amplitudes.
    precision
        "double" (complex128) or "single" (complex64).
    ranks
        The ranks, which are not entered as a context.
    max_threads
        Most threads that a call may use on each rank.

    Raises
    ------
    InsufficientMemoryError
        The amplitudes of this rank do not fit into the memory that is available now.
    RanksError
        The ranks make different calls, or this one is idle.
    InvalidOptionError, OptionTypeError
        An argument is out of range, or of the wrong type.
    """

    def __init__(
        self, num_qubits: int, precision: engine.Precision = "double", *, ranks: Ranks, max_threads: int | None = None
    ) -> None:
        self._num_qubits = number_of_qubits(num_qubits)
        require_isa()
        options = SimulatorOptions(precision=precision, max_threads=max_threads)
        self._precision = options.precision
        self._ranks, self._peers = ranks, ranks.peers
        local_qubits = self._num_qubits - ranks.global_qubits
        ranks.meet(f"makes a state of {num_qubits} qubits in {precision} precision")
        if local_qubits < LEAST_LOCAL_QUBITS:
            raise InvalidOptionError(
                f"a state that {ranks.size} ranks share out has at least {LEAST_LOCAL_QUBITS + ranks.global_qubits} "
                f"qubits, not {num_qubits}."
            )
        require_memory(local_qubits, self._precision)
        self._calls = StateCalls(allowed_threads(options.max_threads, ranks.threads))
        self._share = self._calls.overwrite(
            lambda _: engine.StateShare(local_qubits, self._num_qubits, ranks.rank, self._precision)
        )
        self._calls.overwrite(lambda control: self._share.set_zero(self._calls.threads, control))

    @property
    def nbytes(self) -> int:
        """Bytes that the amplitudes of this rank take."""
        return engine.AMPLITUDE_BYTES[self._precision] << (self._num_qubits - self._ranks.global_qubits)

    @property
    def slice(self) -> slice:
        """The indices of this rank's amplitudes."""
        size = 1 << (self._num_qubits - self._ranks.global_qubits)
        return slice(self._ranks.rank * size, (self._ranks.rank + 1) * size)

    def evolve(
        self,
        circuit: QuantumCircuit,
        values: ArrayLike | Mapping[Any, Any] | None = None,
        *,
        time_limit: float | None = None,
        progress: bool = False,
    ) -> SharedStateVector:
        """Apply a circuit in place and return this object; see `StateVector.evolve`.

        Parameters
        ----------
        circuit
            As many qubits as the state, no measurements and no resets.
        values, time_limit, progress
            As there.

        Raises
        ------
        RanksError
            The ranks have different circuits, or one of them has failed.
        CircuitTypeError, InvalidCircuitError, OptionTypeError, InvalidOptionError
            As there; the state is as it was.
        TimeLimitError, JobCancelledError
            It took too long, or was cancelled on some rank; the state is half changed.
        JobError
            The state is in use, or was left half changed before.
        """
        applied = known(circuit, values)
        if applied is None:
            require_circuit(circuit)
            applied = evolving(circuit)
        require_applicable(applied, self._num_qubits)
        options = SimulatorOptions(time_limit=time_limit)
        slots, program = applied.slots(values), applied.lowered.program
        program = program if slots is None else program.with_slots(slots)
        self._change(
            f"applies {circuit.name!r} with the fingerprint {program.fingerprint:x}",
            lambda control, threads: self._share.evolve(
                program, threads, control, self._peers, time_limit=options.time_limit or 0.0
            ),
            label=circuit.name,
            progress=progress,
        )
        return self

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, ranks: Ranks, max_threads: int | None = None) -> SharedStateVector:
        """Return a state that `save` has written, bit for bit, on as many ranks or fewer.

        Parameters
        ----------
        path
            The name that `save` was given.
        ranks, max_threads
            As for the class.

        Raises
        ------
        StateFileError, OSError
            As `StateVector.load`, on all ranks.
        """
        with open_state(path) as saved:
            num_qubits, precision = saved.num_qubits, saved.precision
        state = cls(num_qubits, precision, ranks=ranks, max_threads=max_threads)
        state._calls.overwrite(lambda _: read_part(path, state._share.array, precision, ranks))
        return state

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state to one file, each rank its own part; `load` reads it, and so does `StateVector.load`.

        Raises
        ------
        JobError
            The state is being changed, or was left half changed.
        OSError
            On all ranks: one of them cannot write.
        """
        self._calls.require_whole()
        self._ranks.meet(f"saves the state to {os.fspath(path)!r}")
        with self._calls.reading():
            save_parts(path, self._share.array, self._precision, metadata.version("ketjet"), self._ranks)

    def reset(self) -> None:
        """Go back to |0...0⟩ in the same memory, also if the state was left half changed."""
        self._ranks.meet("resets the state")
        self._calls.overwrite(lambda control: self._share.set_zero(self._calls.threads, control))

    def norm(self) -> float:
        """Return the length of the vector: 1 up to rounding."""
        return self._read("asks for the norm", lambda control, threads: self._share.norm(threads, control, self._peers))

    def sample(self, shots: int, qubits: Sequence[int] | None = None, *, seed: int) -> dict[str, int]:
        """Draw measurement outcomes, the same as one process would; the state stays as it is.

        Parameters
        ----------
        shots
            How many.
        qubits
            Which qubits to read, the first one rightmost in the keys; all by default.
        seed
            The same on all ranks.

        Returns
        -------
        dict
            How often each bit string was seen.
        """
        chosen, options = chosen_qubits(qubits, self.num_qubits), SimulatorOptions(shots=shots, seed_simulator=seed)
        basis, counts = self._read(
            f"samples {options.shots} shots of qubits {chosen} with seed {seed}",
            lambda control, threads: self._share.sample(
                options.shots, options.drawn_seed(), threads, control, self._peers
            ),
        )
        found = self._ranks.told_by_first((basis, counts))
        keys = np.zeros_like(found[0])
        for place, qubit in enumerate(chosen):
            keys |= (found[0] >> np.uint64(qubit) & np.uint64(1)) << np.uint64(place)
        distinct, places = np.unique(keys, return_inverse=True)
        totals = np.zeros(len(distinct), np.int64)
        np.add.at(totals, places, found[1])
        return named(distinct, totals, len(chosen))

    def expectation(self, observable: Any) -> float | NDArray[np.float64]:
        """Return ⟨ψ|O|ψ⟩ of a Hermitian observable, or of each in an array; see `StateVector.expectation`.

        Parameters
        ----------
        observable
            As there. A string that flips global qubits takes an exchange, and another one back; it may not flip more
            qubits than one rank has amplitudes of.
        """
        table = read_observables(observable)
        require_observable(table, self._num_qubits)
        readout = table.readout
        values = self._change(
            f"reads an observable of {len(table.x_masks)} strings",
            lambda control, threads: self._share.expectations(readout, threads, control, self._peers),
        )
        return values.reshape(table.shape) if table.shape else float(values[0])

    def cancel(self) -> bool:
        """Stop the call that is working on this state, on all ranks and from any thread; True if there was one."""
        return self._calls.cancel()

    def progress(self) -> JobProgress:
        """Return how far `evolve` is on this rank."""
        return self._calls.progress()

    def __array__(self, dtype: Any = None, *, copy: bool | None = None) -> NDArray[Any]:
        """Return this rank's amplitudes: its memory itself, unless another type or a copy is asked for."""
        self._calls.require_whole()
        return np.array(self._share.array, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        return f"SharedStateVector(num_qubits={self.num_qubits}, precision={self.precision!r}, {self._ranks!r})"

    def _read(self, what: str, call: Callable[[engine.Control, int], _T]) -> _T:
        self._calls.require_whole()
        self._ranks.meet(what)
        return self._calls.read(lambda control: call(control, self._calls.threads))

    def _change(
        self, what: str, call: Callable[[engine.Control, int], _T], *, label: str = "", progress: bool = False
    ) -> _T:
        self._calls.require_whole()
        self._ranks.meet(what)
        try:
            return self._calls.change(
                lambda control: call(control, self._calls.threads), label=label, progress=progress
            )
        except ValueError as error:
            raise RanksError(f"the state is shared out among ranks: {error}.") from error
