"""The data of one circuit in a result: packed as the engine returned them until somebody asks for strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.result.models import ExperimentResultData

from ketjet.base.bitstrings import dictionary, hexadecimal, plain

if TYPE_CHECKING:
    from ketjet.engine import Outcome
    from ketjet.results.saved_data import SavedData

__all__ = ["ExperimentData"]

MADE_ON_DEMAND = ("counts", "memory", "probabilities")


class ExperimentData(ExperimentResultData):
    """Data of one circuit; strings are made when first asked for.

    Like any ExperimentResultData it may be changed: Qiskit's `marginal_counts` assigns to it.

    Parameters
    ----------
    outcome
        What the engine returned.
    measured
        Whether the circuit measures anything. If not there are no counts.
    saved
        What the circuit's save instructions have left; their labels win over other names.
    """

    def __init__(self, outcome: Outcome, *, measured: bool, saved: SavedData | None = None) -> None:
        names: list[str] = []
        if measured:
            names.append("counts" if outcome.probabilities is None else "probabilities")
        if measured and outcome.memory is not None:
            names.append("memory")
        values: dict[str, Any] = {}
        if outcome.state is not None:
            names.append("statevector")
            values["statevector"] = outcome.state
        if saved is not None:
            names += [label for label in saved.labels if label not in names]
            for label in saved.labels:
                values.pop(label, None)  # the last state
        own = {"_packed": outcome, "_data_attributes": names, "_saved": saved, "_measured": measured}
        self.__dict__.update(values, **own)

    _packed: Outcome | None
    _saved: SavedData | None
    _measured: bool

    def __getattr__(self, name: str) -> Any:
        """Make what is asked for, with hexadecimal keys as Aer has them, and keep it."""
        packed, saved = self.__dict__.get("_packed"), self.__dict__.get("_saved")
        if saved is not None and name in saved:
            return saved[name]
        if packed is None or name not in MADE_ON_DEMAND or name not in self._data_attributes:
            raise AttributeError(f"this experiment has no {name}")
        if name == "counts":
            made: Any = dictionary(hexadecimal(packed.keys), plain(packed.counts))
        elif name == "probabilities":
            made = dictionary(hexadecimal(packed.keys), plain(packed.probabilities))
        else:
            made = hexadecimal(packed.memory)
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
        self.__dict__.pop(name, None)
        self._data_attributes.remove(name)

    def to_dict(self) -> dict[str, Any]:
        """Return all data by name; a label may be the name of anything that this object has."""
        saved = self._saved
        return {
            name: saved[name] if saved is not None and name in saved and name not in vars(self) else getattr(self, name)
            for name in self._data_attributes
        }

    @property
    def packed(self) -> Outcome | None:
        """The engine's outcome: 64 classical bits to a word. None once counts or memory have been replaced."""
        return self._packed

    @property
    def measured(self) -> bool:
        """Whether the circuit measures anything."""
        return self._measured

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if self._packed is not None:
            for name in MADE_ON_DEMAND:
                state.pop(name, None)
        return state
