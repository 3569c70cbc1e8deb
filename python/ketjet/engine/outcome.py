"""What came out of a run, as plain data that pickles to any process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


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
    reading : float
        Reading Pauli strings from blocks.
    passes : tuple of float
        Of each pass of a sweep.
    """

    gather: float
    scatter: float
    reading: float
    passes: tuple[float, ...]


class Verification(NamedTuple):
    """What a run has checked of its own work.

    Attributes
    ----------
    checks : int
        How many comparisons were made.
    max_deviation : float
        The largest difference that was found; larger than rounding it would have been an error.
    seconds : float
        Time that the checks took.
    mergers : int
        How often trajectories in the same state went on as one.
    merging_loss : float
        The most that this may have changed of the probability of anything.
    sweeps_compared : int
        How many sweeps were compared on a block in full.
    state_compared : bool
        Whether the final state was compared.
    """

    checks: int
    max_deviation: float
    seconds: float
    mergers: int
    merging_loss: float
    sweeps_compared: int
    state_compared: bool


class RunFacts(NamedTuple):
    """What there is to tell of a run beside what it gave.

    Attributes
    ----------
    isa : str
        The instruction set that was used.
    state_bytes : int
        What all states take that it may hold at a time.
    stages, sweeps : int
        Of its plan.
    bytes_moved : int
        Memory traffic of the plan.
    trajectories : int, optional
        How many reached the end; None where all shots are samples of one final state.
    plan_seconds, sample_seconds, seconds : float
        Time for the plan, for the samples, and for all, the plan included.
    norm_error : float
        How far the squared norm of a state that was measured was from 1, at most.
    dropped : float
        The probability of what an exact run has left out, at most.
    verification : Verification, optional
        What was checked, if that was asked for.
    adjoint_residual : float, optional
        Of a gradient: how far from 1 the amplitude of |0...0> is after the whole program has been undone, which is the
        engine's own measure of its rounding errors. None where the program begins by initializing qubits.
    threads : int
        How many it had, where these are others than its task says; else 0.
    taken : bool
        Whether this is of an earlier run, whose outcome was kept.
    """

    isa: str
    state_bytes: int
    stages: int
    sweeps: int
    bytes_moved: int
    trajectories: int | None
    plan_seconds: float
    sample_seconds: float
    seconds: float
    norm_error: float
    dropped: float
    verification: Verification | None
    adjoint_residual: float | None = None
    threads: int = 0
    taken: bool = False


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
    facts : RunFacts
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
    reading_seconds : float
        Time for what no stage has read for the readouts.
    readouts : tuple of ndarray
        One for each of the task's readouts, of float; or what its gradient or tensor asks for. Those of a task of
        points have one row per point.
    begins : ndarray of int64, shape (points + 1,), or None
        Of a task of points: the outcomes of point i are rows begins[i] to begins[i + 1]; its shots follow those of the
        points before.
    norm_errors : ndarray of float64, shape (points,), or None
        Of a task of points, as `RunFacts.norm_error` of each.
    failures : dict
        Of a task whose points are circuits of their own: the exceptions of those that have failed, by their numbers.
    taken : tuple of bool
        Of a task of points of which some are of earlier runs: which are.
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.int64]
    memory: NDArray[np.uint64] | None
    state: NDArray[Any] | None
    num_clbits: int
    facts: RunFacts
    stage_seconds: tuple[float, ...] = ()
    probabilities: NDArray[np.float64] | None = None
    saves: tuple[SavedRecord, ...] = ()
    chains: NDArray[np.uint64] | None = None
    save_frames: Mapping[int, tuple[Sequence[int], Sequence[int]]] = {}
    pass_times: tuple[PassTimes, ...] = ()
    reading_seconds: float = 0.0
    readouts: tuple[NDArray[Any], ...] = ()
    begins: NDArray[np.int64] | None = None
    norm_errors: NDArray[np.float64] | None = None
    failures: Mapping[int, BaseException] = {}
    taken: tuple[bool, ...] = ()

    def at_point(self, point: int) -> Outcome:
        """Return what one point of several has given, which has not failed, and its share of their time."""
        if self.begins is None or self.norm_errors is None:
            return self
        begin, end = self.begins[point : point + 2].tolist()
        points, memory = len(self.norm_errors), self.memory
        if memory is not None:
            shots = len(memory) // points
            memory = memory[point * shots : (point + 1) * shots]
        facts = self.facts._replace(
            norm_error=float(self.norm_errors[point]),
            sample_seconds=self.facts.sample_seconds / points,
            seconds=self.facts.seconds / points,
            taken=self.taken[point] if self.taken else self.facts.taken,
        )
        return self._replace(
            keys=self.keys[begin:end],
            counts=self.counts[begin:end],
            memory=memory,
            facts=facts,
            readouts=tuple([values[point] for values in self.readouts]),
            begins=None,
            norm_errors=None,
            failures={},
            taken=(),
        )

    @property
    def bytes(self) -> int:
        """What its arrays take."""
        saved = {id(record.data): record.data.nbytes for record in self.saves}
        arrays = (self.keys, self.counts, self.memory, self.state, self.probabilities, self.chains)
        return sum(saved.values()) + sum(array.nbytes for array in arrays if array is not None)


def joined(parts: Sequence[Outcome], facts: RunFacts) -> Outcome:
    """Return the outcome of a task of points from those of each of them.

    Parameters
    ----------
    parts : sequence of Outcome
        Of single points.
    facts : RunFacts
        Of all of them.
    """
    first, taken = parts[0], tuple([one.facts.taken for one in parts])
    return Outcome(
        np.concatenate([one.keys for one in parts]),
        np.concatenate([one.counts for one in parts]),
        None if first.memory is None else np.concatenate([one.memory for one in parts if one.memory is not None]),
        None,
        first.num_clbits,
        facts,
        readouts=tuple([np.stack(values) for values in zip(*[one.readouts for one in parts], strict=True)]),
        begins=np.cumsum([0, *[len(one.counts) for one in parts]]),
        norm_errors=np.array([one.facts.norm_error for one in parts]),
        taken=taken if any(taken) else (),
    )
