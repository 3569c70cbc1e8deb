"""The data of save instructions, from what the engine has recorded for them.

The engine keeps a datum for every state that passed an instruction, and a record for each group of shots that had it.
Averages weigh the records; lists follow, for every shot, the chain of its records backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet.base.bitstrings import integers
from ketjet.saves import LISTED, SAVES, SINGLE
from ketjet.saves.forms import SaveFrame

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ketjet.engine import Outcome, SavedRecord
    from ketjet.saves import SaveRequest

__all__ = ["SavedData"]


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
        save, frame = SAVES[request.name], self._frame(request)
        if request.subtype in SINGLE:
            return save.show(save.value(records[-1].data, self._threshold), frame)
        weights: dict[int, float] = {}
        data = {id(record.data): record.data for record in records}
        for record in records:  # many records may share a datum
            weights[id(record.data)] = weights.get(id(record.data), 0.0) + record.weight
        if request.subtype.endswith("average"):
            total = sum(weights.values())
            weights = {key: weight / total for key, weight in weights.items()}
        joined: Any = None
        for key, weight in weights.items():
            value = save.value(data[key], self._threshold)
            part = value if weight == 1 else weight * value  # large values are not copied without need
            joined = part if joined is None else joined + part
        return save.show(np.asarray(joined), frame)

    def _list(self, request: SaveRequest, records: Sequence[SavedRecord]) -> Any:
        """Return the data of every shot, in the order of the shots and of time."""
        save, frame = SAVES[request.name], self._frame(request)
        known = {record.identity: record for record in records}
        shown: dict[int, Any] = {}
        for record in records:
            if id(record.data) not in shown:
                shown[id(record.data)] = save.show(save.value(record.data, self._threshold), frame)
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

    def _frame(self, request: SaveRequest) -> SaveFrame:
        everywhere = range(request.num_qubits), ()
        return SaveFrame(request.num_qubits, *self._frames.get(request.number, everywhere))

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
