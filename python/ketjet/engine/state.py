"""A state that stays in memory between calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet import _core
from ketjet.engine.control import Control
from ketjet.engine.machine import machine
from ketjet.engine.random_keys import random_key
from ketjet.engine.task import VERIFY, Verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ketjet._core import Evolution, Machine, Program, RunControl
    from ketjet.engine.machine import Precision
    from ketjet.engine.peers import Peers
    from ketjet.engine.readouts import ObservablesReadout

    Slots = NDArray[np.float64]


class StateShare:
    """One rank's share of a state; calls that take `peers` are made by all ranks together, on worker threads."""

    def __init__(self, local_qubits: int, total_qubits: int, rank: int, precision: Precision = "double") -> None:
        kind = _core.StateSingle if precision == "single" else _core.StateDouble
        self._share: _core.StateSingle | _core.StateDouble = kind(local_qubits, total_qubits, rank)

    @property
    def array(self) -> NDArray[Any]:
        """The amplitudes of this rank themselves, as `State.array`."""
        return self._share.array

    def set_zero(self, threads: int, control: Control) -> None:
        """Go back to |0...0>."""
        self._share.set_zero(threads, control.counters)

    def evolve(
        self, program: Program, threads: int, control: Control, peers: Peers, *, time_limit: float = 0.0
    ) -> None:
        """Apply a program without collapses, as wide as the whole state."""
        self._share.evolve_shared(program, machine(), time_limit, threads, control.counters, peers)

    def norm(self, threads: int, control: Control, peers: Peers) -> float:
        """Return the 2-norm of the whole state."""
        return float(np.sqrt(self._share.norm_squared_shared(threads, control.counters, peers)))

    def sample(
        self, shots: int, seed: int, threads: int, control: Control, peers: Peers
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Sample all qubits: basis states and their counts, on rank 0."""
        words = np.random.SeedSequence(seed).generate_state(2, np.uint32)
        key = (int(words[0]), int(words[1]))
        return self._share.sample_shared(shots, key, threads, control.counters, peers)

    def expectations(
        self, readout: ObservablesReadout, threads: int, control: Control, peers: Peers
    ) -> NDArray[np.float64]:
        """Return the value of each observable, on all ranks."""
        return self._share.expectations_shared(readout.observables, machine(), threads, control.counters, peers)


def evolution(program: Program) -> Evolution:
    """Return what is kept of a program for the states that it evolves briefly."""
    return _core.Evolution(program, machine())


class State:
    """A state that stays in memory between calls; what `ketjet.StateVector` stands on.

    Every method that touches amplitudes takes the number of engine threads and must be called from a worker
    thread, but for those whose names end with "here" or "at_once". After a `Cancelled` the amplitudes are unspecified
    until `set_zero`.
    """

    def __init__(self, num_qubits: int, precision: Precision = "double") -> None:
        made = _core.StateSingle(num_qubits) if precision == "single" else _core.StateDouble(num_qubits)
        self._state: _core.StateSingle | _core.StateDouble = made
        # The engine's own methods, for a function around each takes as long. They are called in any thread; each
        # returns whether it has done what is brief enough for that, and its control tells of it afterwards.
        self.set_zero_at_once: Callable[[RunControl], bool] = made.set_zero_at_once
        self.evolve_at_once: Callable[[Evolution, Slots | None, RunControl], bool] = made.evolve_at_once
        self.evolve_here: Callable[[Evolution, Slots | None, int, RunControl], bool] = made.evolve_here
        self.precision: Precision = precision
        self.num_qubits = num_qubits

    @property
    def array(self) -> NDArray[Any]:
        """The amplitudes themselves, shape (2**num_qubits,); writing to it changes the state.

        While such an array or a view of it is alive, the state knows of no qubit that it is still |0>. It may be asked
        for in any thread, which writes what is only known to be zero unless `write_out` has done so.
        """
        return self._state.array

    @property
    def is_written_out(self) -> bool:
        """Whether all amplitudes are in memory, or will be at the end of the call that changes the state now."""
        return self._state.is_written_out

    def write_out(self, threads: int, control: Control | None = None) -> None:
        """Write the amplitudes that are only known to be zero; calls that read amplitudes do so first."""
        self._state.write_out(threads, (control or Control()).counters)

    def set_zero(self, threads: int, control: Control | None = None) -> None:
        """Go back to |0...0> without allocating; memory is written as far as it is needed later."""
        self._state.set_zero(threads, (control or Control()).counters)

    def copy_from(self, source: State, threads: int, control: Control | None = None) -> None:
        """Become equal to a state of the same size and precision, knowing what it knows."""
        self._state.copy_from(source._state, threads, (control or Control()).counters)  # type: ignore[arg-type]

    def evolve(
        self,
        program: Program,
        threads: int,
        seed: int = 0,
        control: Control | None = None,
        *,
        verify: Verify = "off",
        time_limit: float = 0.0,
        on: Machine | None = None,
    ) -> list[int]:
        """Apply a program of the same width; return its classical bits as 64-bit words.

        It is planned for the qubits that are still |0>; those that stay so are not written. Tests plan for another
        machine than this one.
        """
        key = random_key(program, seed)
        counters = (control or Control()).counters
        return self._state.evolve(program, on or machine(), key, VERIFY[verify], time_limit, threads, counters)

    def sample(
        self, qubits: Sequence[int], shots: int, seed: int, threads: int, control: Control | None = None
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Sample `qubits` (first = lowest bit): outcome keys, shape (outcomes, words), and their counts."""
        words = np.random.SeedSequence(seed).generate_state(2, np.uint32)
        key = (int(words[0]), int(words[1]))
        return self._state.sample(list(qubits), shots, key, threads, (control or Control()).counters)

    def probabilities(self, qubits: Sequence[int], threads: int, control: Control | None = None) -> NDArray[np.float64]:
        """Return the distribution of measuring `qubits` (first = lowest bit), shape (2**len(qubits),)."""
        return self._state.probabilities(list(qubits), threads, (control or Control()).counters)

    def norm(self, threads: int, control: Control | None = None) -> float:
        """Return the 2-norm of the state."""
        return float(np.sqrt(self._state.norm_squared(threads, (control or Control()).counters)))

    def overlap(self, ket: State, threads: int, control: Control | None = None) -> complex:
        """Return <self|ket>, where `ket` has as many qubits, in either precision."""
        return self._state.overlap(ket._state, threads, (control or Control()).counters)

    def reduced_density_matrix(
        self, qubits: Sequence[int], threads: int, control: Control | None = None
    ) -> NDArray[np.complex128]:
        """Return the density matrix of `qubits` (first = lowest bit), all others being traced out."""
        return self._state.reduced_density_matrix(list(qubits), threads, (control or Control()).counters)

    def expectations(
        self,
        readout: ObservablesReadout,
        threads: int,
        control: Control | None = None,
        *,
        on: Machine | None = None,
    ) -> NDArray[np.float64]:
        """Return <state|O|state> of each observable, shape (rows,); tests read as if on another machine than this."""
        counters = (control or Control()).counters
        return self._state.expectations(readout.observables, on or machine(), threads, counters)

    def variances(
        self,
        readout: ObservablesReadout,
        threads: int,
        control: Control | None = None,
        *,
        on: Machine | None = None,
    ) -> NDArray[np.float64]:
        """Return <state|O^2|state> - <state|O|state>^2 of each observable, shape (rows,), with another state's memory.

        Tests read as if on another machine than this.
        """
        counters = (control or Control()).counters
        return self._state.variances(readout.observables, on or machine(), threads, counters)[:, 0]
