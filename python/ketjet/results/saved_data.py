"""What save instructions ask for, and how what the engine has recorded for them is shown: in Aer's own forms.

The engine keeps a datum for every state that passed an instruction, and a record for each group of shots that had it.
Averages weigh the records; lists follow, for every shot, the chain of its records backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.quantum_info import DensityMatrix, Operator, Statevector
from qiskit.result import ProbDistribution

from ketjet.base.bitstrings import dictionary, fill, integers, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from ketjet.engine import Outcome, SavedRecord

__all__ = ["AVERAGED", "LISTED", "SINGLE", "SaveRequest", "SavedData"]

SINGLE = ("single", "list", "c_single", "c_list")
"""Subtypes of what cannot be averaged."""

AVERAGED = ("average", "accum", "list", "c_average", "c_accum", "c_list")
"""Subtypes of what can."""

LISTED = ("list", "c_list")
"""Subtypes with an entry for every shot."""


class SaveRequest(NamedTuple):
    """One save instruction of a circuit."""

    number: int
    """Its place among the circuit's saves."""
    label: str
    name: str
    """Of the instruction, e.g. "save_statevector"."""
    subtype: str
    num_qubits: int
    column: int
    """Its column in the chains of the outcome if it is listed per shot, else -1."""


class Frame(NamedTuple):
    """Where the values of a datum belong, whose other qubits are known."""

    num_qubits: int
    """As many as the instruction has."""
    places: Sequence[int]
    """Of the qubits of the datum among them."""
    ones: Sequence[int]
    """Of the other qubits those that are 1."""

    def indices(self, present: NDArray[Any]) -> NDArray[Any]:
        """Return the values of all qubits, from those of the qubits of the datum."""
        if len(self.places) == self.num_qubits:
            return present
        wide: Any = np.int64 if self.num_qubits < 64 else object
        present = present.astype(wide)
        found = np.full(present.shape, sum(1 << place for place in self.ones), wide)
        for i, place in enumerate(self.places):
            found |= (present >> i & 1) << place
        return found

    def spread(self, values: NDArray[Any], *, axes: int = 1) -> NDArray[Any]:
        """Return the values for all qubits, along so many axes; they are zero where the known qubits differ."""
        if len(self.places) == self.num_qubits:
            return values
        inside = self.indices(np.arange(1 << len(self.places)))
        result = np.zeros((1 << self.num_qubits,) * axes, values.dtype)
        result[np.ix_(*[inside] * axes)] = values.reshape((len(inside),) * axes)
        return result


class Form(NamedTuple):
    """How the data of one instruction are shown."""

    value: Callable[[NDArray[Any], float], NDArray[Any]]
    """What to average, from a datum and the threshold below which dictionaries leave values out."""
    show: Callable[[NDArray[Any], Frame], Any]


def _complex(data: NDArray[Any], _: float) -> NDArray[Any]:
    return data.astype(np.complex128, copy=False)


def _real(data: NDArray[Any], _: float) -> NDArray[Any]:
    return data.astype(np.float64, copy=False)


def _without_small(data: NDArray[Any], threshold: float) -> NDArray[Any]:
    wide = np.complex128 if np.iscomplexobj(data) else np.float64
    return np.where(np.abs(data) > threshold, data, 0).astype(wide, copy=False)


def _squares(data: NDArray[Any], _: float) -> NDArray[Any]:
    wide = data.astype(np.complex128, copy=False)
    return wide.real**2 + wide.imag**2


def _variance(data: NDArray[Any], _: float) -> NDArray[Any]:
    return np.array([data[0], data[1] - data[0] ** 2])


def _state(values: NDArray[Any], frame: Frame) -> Any:
    return Statevector(frame.spread(values))


def _amplitude_dictionary(values: NDArray[Any], frame: Frame) -> dict[str, complex]:
    (present,) = np.nonzero(values)
    return dictionary([hex(key) for key in plain(frame.indices(present))], plain(values[present]))


def _probabilities(values: NDArray[Any], frame: Frame) -> NDArray[Any]:
    return frame.spread(values)


def _distribution(values: NDArray[Any], frame: Frame) -> Any:
    (present,) = np.nonzero(values)
    keys = frame.indices(present)
    if not len(keys):
        return ProbDistribution({})
    made = ProbDistribution({int(keys.max()): 0.0})  # it takes its width from this key, and would copy all of them
    made.clear()
    fill(made, plain(keys), plain(values[present]))
    return made


def _matrix(values: NDArray[Any], frame: Frame) -> Any:
    dimension = 1 << (values.size.bit_length() - 1) // 2
    return DensityMatrix(frame.spread(values.reshape(dimension, dimension), axes=2))


def _operator(values: NDArray[Any], frame: Frame) -> Any:
    """Return the matrix of a circuit whose doubled one has this state."""
    columns = frame.spread(values)
    size = 1 << (columns.size.bit_length() - 1) // 2
    return Operator(np.ascontiguousarray(columns.reshape(size, size).T) * np.sqrt(size))


def _as_it_is(values: NDArray[Any], _: Frame) -> NDArray[Any]:
    return values


def _number(values: NDArray[Any], _: Frame) -> float:
    return float(values[0])


FORMS = {
    "save_statevector": Form(_complex, _state),
    "save_state": Form(_complex, _state),
    "save_statevector_dict": Form(_without_small, _amplitude_dictionary),
    "save_amplitudes": Form(_complex, _as_it_is),
    "save_amplitudes_sq": Form(_squares, _as_it_is),
    "save_probabilities": Form(_real, _probabilities),
    "save_probabilities_dict": Form(_without_small, _distribution),
    "save_expval": Form(_real, _number),
    "save_expval_var": Form(_variance, _as_it_is),
    "save_density_matrix": Form(_complex, _matrix),
    "save_unitary": Form(_complex, _operator),
}


class SavedData:
    """The saved data of one circuit by label; each is made when it is first asked for.

    Parameters
    ----------
    requests
        The circuit's save instructions.
    outcome
        What the engine returned.
    threshold
        Amplitudes and probabilities that are no larger are left out of dictionaries.
    """

    def __init__(self, requests: Iterable[SaveRequest], outcome: Outcome, threshold: float) -> None:
        self._threshold = threshold
        self._chains = outcome.chains
        self._num_clbits = outcome.num_clbits
        self._frames = dict(outcome.save_frames)
        self._records: dict[int, list[SavedRecord]] = {}
        for record in outcome.saves:
            self._records.setdefault(record.save, []).append(record)
        self._requests = {each.label: each for each in requests if each.number in self._records}
        self._made: dict[str, Any] = {}

    @property
    def labels(self) -> list[str]:
        """The labels of the instructions that any shot has passed."""
        return list(self._requests)

    @property
    def metadata(self) -> dict[str, dict[str, str]]:
        """What was saved under which label, as Aer tells it."""
        names = {label: request.name for label, request in self._requests.items()}
        types = {label: "save_statevector" if name == "save_state" else name for label, name in names.items()}
        return {
            "result_types": types,
            "result_subtypes": {label: request.subtype for label, request in self._requests.items()},
        }

    def __contains__(self, label: object) -> bool:
        return label in self._requests

    def __getitem__(self, label: str) -> Any:
        if label not in self._made:
            self._made[label] = self._make(self._requests[label])
        return self._made[label]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": {}}

    def _make(self, request: SaveRequest) -> Any:
        records, conditional = self._records[request.number], request.subtype.startswith("c_")
        if request.subtype in LISTED:
            return self._list(request, records)
        if not conditional:
            return self._join(request, records)
        by_key: dict[int, list[SavedRecord]] = {}
        for key, record in zip(_clbits(records), records, strict=True):
            by_key.setdefault(key, []).append(record)
        return {self._name(key): self._join(request, by_key[key]) for key in sorted(by_key)}

    def _join(self, request: SaveRequest, records: Sequence[SavedRecord]) -> Any:
        """Return the only datum, or the mean or sum over all shots."""
        form, frame = FORMS[request.name], self._frame(request)
        if request.subtype in SINGLE:
            return form.show(form.value(records[-1].data, self._threshold), frame)
        weights: dict[int, float] = {}
        data = {id(record.data): record.data for record in records}
        for record in records:  # many records may share a datum
            weights[id(record.data)] = weights.get(id(record.data), 0.0) + record.weight
        if request.subtype.endswith("average"):
            total = sum(weights.values())
            weights = {key: weight / total for key, weight in weights.items()}
        joined: Any = None
        for key, weight in weights.items():
            value = form.value(data[key], self._threshold)
            part = value if weight == 1 else weight * value  # large values are not copied without need
            joined = part if joined is None else joined + part
        return form.show(np.asarray(joined), frame)

    def _list(self, request: SaveRequest, records: Sequence[SavedRecord]) -> Any:
        """Return the data of every shot, in the order of the shots and of time."""
        form, frame = FORMS[request.name], self._frame(request)
        known = {record.identity: record for record in records}
        shown: dict[int, Any] = {}
        for record in records:
            if id(record.data) not in shown:
                shown[id(record.data)] = form.show(form.value(record.data, self._threshold), frame)
        assert self._chains is not None
        last, of_shot = np.unique(self._chains[:, request.column], return_inverse=True)
        chains = [_chain(identity, known) for identity in last.tolist()]
        if request.subtype == "list":
            parts = [[shown[id(record.data)] for record in chain] for chain in chains]
            return _gathered(request, [entry for shot in of_shot.tolist() for entry in parts[shot]])
        keys = dict(zip(known, _clbits(records), strict=True))
        keyed: dict[int, list[Any]] = {}
        entries = [[(keys[record.identity], shown[id(record.data)]) for record in chain] for chain in chains]
        for shot in of_shot.tolist():
            for key, entry in entries[shot]:
                keyed.setdefault(key, []).append(entry)
        return {self._name(key): _gathered(request, keyed[key]) for key in sorted(keyed)}

    def _frame(self, request: SaveRequest) -> Frame:
        everywhere = range(request.num_qubits), ()
        return Frame(request.num_qubits, *self._frames.get(request.number, everywhere))

    def _name(self, clbits: int) -> str:
        """Return classical bits as Aer writes them: nothing if there are none."""
        return hex(clbits) if self._num_clbits else ""


def _clbits(records: Sequence[SavedRecord]) -> list[int]:
    """Return the classical bits at the time of each record."""
    return integers(np.stack([record.clbits for record in records]))


def _chain(identity: int, known: dict[int, SavedRecord]) -> list[SavedRecord]:
    """Return the records of one shot, the oldest first."""
    found: list[SavedRecord] = []
    while identity:
        found.append(known[identity])
        identity = found[-1].previous
    return found[::-1]


def _gathered(request: SaveRequest, entries: list[Any]) -> Any:
    return np.array(entries) if request.name == "save_expval" else entries
