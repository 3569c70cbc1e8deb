"""Engine outcomes as a Qiskit Result, with the keys Aer users read.

An outcome stays packed (64 classical bits to a word, one row per distinct key or per shot) until somebody asks for
strings; then whole columns of bits are formatted at once, so a million keys take a fraction of a second.
"""

from __future__ import annotations

import datetime as dt
import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from qiskit.result import Counts, Result
from qiskit.result.models import ExperimentResult, ExperimentResultData

from ketjet.errors import KetjetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ketjet.engine import Outcome, Task

__all__ = ["Experiment", "ExperimentData", "SimulationResult", "build_result"]

_Name = TypeVar("_Name", str, int)

CHUNK = 1 << 15
"""Keys formatted at a time: a few milliseconds, so that other threads get their turn in between."""

MADE_ON_DEMAND = ("counts", "memory")


@dataclass(frozen=True)
class Experiment:
    """One circuit of a job, ready to run, and what its result will be labelled with."""

    task: Task
    peak_bytes: int
    """What the run needs at its peak."""
    shots: int
    seed: int
    """The seed as the user gave it; the task's seed is its 64-bit form."""
    header: Mapping[str, Any]
    has_measurements: bool
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What is known about the run beforehand; the engine's own metadata comes on top."""


class ExperimentData(ExperimentResultData):
    """Data of one circuit; strings are made when first asked for.

    Like any ExperimentResultData it may be changed: Qiskit's `marginal_counts` assigns to it.

    Parameters
    ----------
    outcome
        What the engine returned.
    measured
        Whether the circuit measures anything. If not there are no counts.
    """

    def __init__(self, outcome: Outcome, *, measured: bool) -> None:
        self._packed: Outcome | None = outcome
        self._data_attributes = []
        if measured:
            self._data_attributes.append("counts")
        if measured and outcome.memory is not None:
            self._data_attributes.append("memory")
        if outcome.state is not None:
            self._data_attributes.append("statevector")
            self.statevector = outcome.state

    def __getattr__(self, name: str) -> Any:
        """Make the dictionary of counts or the list of shots, with hexadecimal keys as Aer has them, and keep it."""
        packed = self.__dict__.get("_packed")
        if packed is None or name not in MADE_ON_DEMAND or name not in self._data_attributes:
            raise AttributeError(f"this experiment has no {name}")
        if name == "counts":
            made: Any = _dictionary(_hex(packed.keys), packed.counts.tolist())
        else:
            made = _hex(packed.memory)
        self.__dict__[name] = made
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        if name in MADE_ON_DEMAND and self._packed is not None:
            for other in MADE_ON_DEMAND:
                getattr(self, other, None)
            self._packed = None
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        getattr(self, name)
        self.__dict__.pop(name)
        self._data_attributes.remove(name)

    @property
    def packed(self) -> Outcome | None:
        """The engine's outcome: 64 classical bits to a word. None once counts or memory have been replaced."""
        return self._packed

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if self._packed is not None:
            for name in MADE_ON_DEMAND:
                state.pop(name, None)
        return state


class SimulationResult(Result):
    """A Qiskit Result that formats large outcomes quickly and whose `to_dict` is plain JSON."""

    def get_counts(self, experiment: Any = None) -> Any:
        """Return the histogram of an experiment, or a list of them; see `qiskit.result.Result.get_counts`.

        Raises
        ------
        QiskitError
            The circuit measures nothing, or its simulation failed.
        """
        chosen = range(len(self.results)) if experiment is None else [experiment]
        found = [self._counts_of(key) for key in chosen]
        return found[0] if len(found) == 1 else found

    def _counts_of(self, key: Any) -> Any:
        experiment = self._get_experiment(key)
        packed = getattr(experiment.data, "packed", None)
        if packed is not None and "counts" in experiment.data._data_attributes:
            return _bitstring_counts(packed, experiment)
        if hasattr(experiment.data, "counts") or hasattr(experiment.data, "statevector"):
            return super().get_counts(key)
        raise KetjetError(
            f"no counts for experiment {key!r}: its circuit measures nothing. Add measurements, for example with "
            "circuit.measure_all(), or run with return_state=True and use get_statevector()."
        )

    def get_memory(self, experiment: Any = None) -> Any:
        """Return the outcome of every shot, in shot order; see `qiskit.result.Result.get_memory`.

        Raises
        ------
        QiskitError
            The run did not ask for ``memory=True``.
        """
        found = self._get_experiment(experiment)
        packed = getattr(found.data, "packed", None)
        if packed is not None and "memory" in found.data._data_attributes:
            return _bitstrings(packed.memory, found.header)
        return super().get_memory(experiment)

    def get_statevector(self, experiment: Any = None, decimals: int | None = None) -> Any:
        """Return the final amplitudes as an array; a view of the engine's memory unless it is to be rounded.

        Raises
        ------
        QiskitError
            The run did not ask for ``return_state=True``.
        """
        found = self._get_experiment(experiment)
        if not hasattr(found.data, "statevector"):
            raise KetjetError(f"no statevector for experiment {experiment!r}: run with return_state=True.")
        if not isinstance(found.data, ExperimentData):
            return super().get_statevector(experiment, decimals)
        state = found.data.statevector
        return state if decimals is None else np.around(state, decimals)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as dictionaries, lists, strings and numbers only; amplitudes become [re, im] pairs."""
        plain: dict[str, Any] = _plain(super().to_dict())
        return plain


def build_result(
    experiments: Sequence[Experiment], outcomes: Sequence[Outcome | BaseException], **labels: Any
) -> SimulationResult:
    """Make the result of a job.

    Parameters
    ----------
    experiments
        What was run.
    outcomes
        What came out, or the exception of a circuit that failed.
    labels
        Top-level entries: backend_name, backend_version, job_id, time_taken, metadata ...
    """
    results = [_experiment_result(*pair) for pair in zip(experiments, outcomes, strict=True)]
    failed = sum(not result.success for result in results)
    status = "COMPLETED" if failed == 0 else "PARTIAL COMPLETED" if failed < len(results) else "ERROR"
    date = dt.datetime.now().astimezone().isoformat()
    return SimulationResult(success=failed == 0, status=status, results=results, date=date, **labels)


def _experiment_result(experiment: Experiment, outcome: Outcome | BaseException) -> ExperimentResult:
    metadata = dict(experiment.metadata)
    if isinstance(outcome, BaseException):
        success, status, data = False, f"ERROR: {outcome}", ExperimentResultData()
    else:
        success, status, data = True, "DONE", ExperimentData(outcome, measured=experiment.has_measurements)
        metadata |= outcome.metadata
    metadata["seed_simulator"] = experiment.seed
    return ExperimentResult(
        shots=experiment.shots,
        success=success,
        data=data,
        status=status,
        seed=experiment.seed,
        header=dict(experiment.header),
        seed_simulator=experiment.seed,
        time_taken=metadata.get("time_taken", 0.0),
        metadata=metadata,
    )


def _bitstring_counts(packed: Outcome, experiment: ExperimentResult) -> Counts:
    values = packed.counts.tolist()
    counts = Counts(_dictionary(_bitstrings(packed.keys, experiment.header), values))
    counts.hex_raw = experiment.data.counts
    counts.int_raw = _dictionary(_integers(packed.keys), values)
    counts.creg_sizes = experiment.header.get("creg_sizes")
    counts.memory_slots = experiment.header.get("memory_slots")
    return counts


def _dictionary(names: list[_Name], values: list[int]) -> dict[_Name, int]:
    made: dict[_Name, int] = {}
    for i in range(0, len(names), CHUNK):
        made.update(zip(names[i : i + CHUNK], values[i : i + CHUNK], strict=True))
    return made


def _integers(keys: NDArray[np.uint64]) -> list[int]:
    """Return the keys, rows of 64-bit words with the lowest first, as Python integers."""
    if keys.shape[1] == 0:
        return [0] * len(keys)
    if keys.shape[1] == 1:
        return [number for part in _chunks(keys) for number in part[:, 0].tolist()]
    width = 8 * keys.shape[1]
    found: list[int] = []
    for part in _chunks(keys):
        raw = part.astype("<u8").tobytes()
        found += [int.from_bytes(raw[i : i + width], "little") for i in range(0, len(raw), width)]
    return found


def _hex(keys: NDArray[np.uint64]) -> list[str]:
    return [hex(number) for number in _integers(keys)]


def _bitstrings(keys: NDArray[np.uint64], header: Mapping[str, Any]) -> list[str]:
    """Return the keys as bit strings, highest classical bit first, with a space between registers."""
    slots = int(header.get("memory_slots", 0))
    sizes = [int(size) for _, size in header.get("creg_sizes", [])]
    if sum(sizes) != slots:  # loose or shared bits: there is no split that shows every bit once
        sizes = [slots]
    if slots == 0:
        return [""] * len(keys)
    columns: list[NDArray[np.intp]] = []
    high = slots
    for size in reversed(sizes):
        columns += [np.array([-1]), np.arange(high - 1, high - size - 1, -1)]
        high -= size
    order = np.concatenate(columns[1:]).astype(np.intp)
    found: list[str] = []
    for part in _chunks(keys):
        bits = np.unpackbits(part.astype("<u8").view(np.uint8), axis=1, bitorder="little")
        text = bits[:, order] + ord("0")
        text[:, order < 0] = ord(" ")
        joined = text.tobytes().decode("ascii")
        found += [joined[i : i + len(order)] for i in range(0, len(joined), len(order))]
    return found


def _chunks(keys: NDArray[np.uint64]) -> list[NDArray[np.uint64]]:
    return [keys[i : i + CHUNK] for i in range(0, len(keys), CHUNK)]


def _plain(value: Any) -> Any:
    """Return `value` made of what JSON knows; what it cannot hold becomes its string."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            value = np.stack([value.real, value.imag], axis=-1)
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [_plain(item) for item in value]
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, complex):
        return [value.real, value.imag]
    return str(value)
