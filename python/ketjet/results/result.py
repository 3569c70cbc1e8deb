"""The result of a job: a Qiskit Result with the keys Aer users read, formatted when somebody asks for it."""

from __future__ import annotations

import datetime as dt
import math
import numbers
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import DensityMatrix, Statevector
from qiskit.result import Result

from ketjet import engine
from ketjet.base.bitstrings import dictionary, plain
from ketjet.base.warnings import warn
from ketjet.errors import KetjetError
from ketjet.results import face
from ketjet.results.circuit_result import CircuitResult, facts_of
from ketjet.results.circuit_results import CircuitResults
from ketjet.results.experiment_data import ExperimentData
from ketjet.results.leading_outcomes import leading, leading_of
from ketjet.results.tabled_counts import tabled_counts

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit.result.models import ExperimentResult

    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.results.face import CircuitFacts
    from ketjet.results.leading_outcomes import Leading

__all__ = ["SimulationResult", "assemble", "build_result"]

NOTHING_MEASURED = (
    "its circuit measures nothing. Add measurements, for example with circuit.measure_all(), or run with "
    "return_state=True and use get_statevector()."
)


class SimulationResult(Result):
    """A Qiskit Result that formats large outcomes quickly and whose `to_dict` is plain JSON."""

    _date: Any
    _has_warned = False

    @property
    def date(self) -> Any:
        """When the result was made, as text."""
        if isinstance(self._date, float):
            self._date = dt.datetime.fromtimestamp(self._date).astimezone().isoformat()
        return self._date

    @date.setter
    def date(self, date: Any) -> None:
        self._date = date

    def get_counts(self, experiment: Any = None) -> Any:
        """Return the histogram of an experiment, or a list of them; see `qiskit.result.Result.get_counts`.

        Raises
        ------
        QiskitError
            The circuit measures nothing, the run was exact, or its simulation failed.
        """
        if experiment is not None or not isinstance(self.results, CircuitResults):
            return self._of_each(self._counts_of, experiment)
        known = self.results.counts_of_unmade()
        return self._of_each(lambda index: known[index] if index in known else self._counts_of(index), None)

    def get_probabilities(self, experiment: Any = None) -> Any:
        """Return the probability of every outcome of an exact run, by keys as in `get_counts`; or a list of them.

        Raises
        ------
        QiskitError
            The run was not exact, the circuit measures nothing, or its simulation failed.
        """
        return self._of_each(self._probabilities_of, experiment)

    def _of_each(self, get: Callable[[Any], Any], experiment: Any) -> Any:
        found = [get(key) for key in (range(len(self.results)) if experiment is None else [experiment])]
        return found[0] if len(found) == 1 else found

    def _probabilities_of(self, key: Any) -> dict[str, float]:
        experiment = self._get_experiment(key)
        packed = getattr(experiment.data, "packed", None)
        if packed is None or packed.probabilities is None:
            raise KetjetError(f"no probabilities for experiment {key!r}: run with exact=True.")
        if not experiment.data.measured:
            raise KetjetError(f"no probabilities for experiment {key!r}: {NOTHING_MEASURED}")
        return dictionary(engine.bitstrings(packed.keys, experiment.header_so_far), plain(packed.probabilities))

    def _counts_of(self, key: Any) -> Any:
        experiment = self._get_experiment(key)
        packed = getattr(experiment.data, "packed", None)
        if (
            isinstance(experiment, CircuitResult)
            and packed is not None
            and "counts" in experiment.data._data_attributes
        ):
            return tabled_counts(packed, experiment.header_so_far)[0]
        if hasattr(experiment.data, "counts") or hasattr(experiment.data, "statevector"):
            return super().get_counts(key)
        if packed is not None and packed.probabilities is not None:
            raise KetjetError(
                f"no counts for experiment {key!r}: an exact run draws no shots. Use get_probabilities(), or run "
                "without exact=True."
            )
        raise KetjetError(f"no counts for experiment {key!r}: {NOTHING_MEASURED}")

    def get_memory(self, experiment: Any = None) -> Any:
        """Return the outcome of every shot, in shot order; see `qiskit.result.Result.get_memory`.

        Raises
        ------
        QiskitError
            The run did not ask for ``memory=True``.
        """
        found = self._get_experiment(experiment)
        packed = getattr(found.data, "packed", None)
        if isinstance(found, CircuitResult) and packed is not None and "memory" in found.data._data_attributes:
            return engine.bitstrings(packed.memory, found.header_so_far)
        if isinstance(found, CircuitResult) and found.success and not hasattr(found.data, "memory"):
            name = found.header_so_far["name"]
            raise QiskitError(f"there is no list of shots for {name!r}: run it with memory=True, and measurements.")
        return super().get_memory(experiment)

    def get_statevector(self, experiment: Any = None, decimals: int | None = None) -> Any:
        """Return the final amplitudes as an array; a view of the engine's memory unless it is to be rounded.

        What ``save_statevector`` has saved under the label "statevector" comes as there: a Statevector, or a list or
        dictionary of them.

        Raises
        ------
        QiskitError
            The run did not ask for ``return_state=True``, and no instruction has saved the state.
        """
        found = self._get_experiment(experiment)
        if not hasattr(found.data, "statevector"):
            raise KetjetError(
                f"no statevector for experiment {experiment!r}: run with return_state=True, or save it in the circuit."
            )
        if not isinstance(found.data, ExperimentData):
            return super().get_statevector(experiment, decimals)
        state = found.data.statevector
        if isinstance(state, Statevector):
            return state if decimals is None else Statevector(np.around(state.data, decimals), dims=state.dims())
        return state if decimals is None else np.around(state, decimals)

    def warned(self) -> SimulationResult:
        """Return this result, the first time with a warning if states of its experiments have not kept their norm."""
        if self._has_warned:
            return self
        self._has_warned = True
        drifted = self.results.drifted() if isinstance(self.results, CircuitResults) else []
        if drifted:
            names = ", ".join(repr(result.header_so_far.get("name")) for result in drifted[:5])
            warn(
                f"circuit {names}{', ...' if drifted[5:] else ''}: {drifted[0].drift}. Samples are drawn from the "
                "probabilities as if they added up to 1; the state is returned as it is."
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the result as dictionaries, lists, strings and numbers only; amplitudes become [re, im] pairs."""
        plain: dict[str, Any] = _plain(super().to_dict())
        return plain

    def __repr__(self) -> str:
        return face.line("Result", *self._shown(with_outcomes=False))

    def _repr_html_(self) -> str:
        return face.html(*self._shown(with_outcomes=True))

    def _shown(self, *, with_outcomes: bool) -> tuple[list[CircuitFacts], int, float | None, str | None]:
        """Return what is to be seen of the first circuits, how many there are, what all took, and the status."""
        first = list(enumerate(self.results[: face.CIRCUITS_SHOWN]))
        facts = [facts_of(result, self._leading(index, result) if with_outcomes else None) for index, result in first]
        return facts, len(self.results), self._metadata.get("time_taken"), self.status

    def _leading(self, index: int, result: ExperimentResult) -> Leading | None:
        """Return the outcomes of a circuit that lead."""
        packed, names = getattr(result.data, "packed", None), getattr(result.data, "_data_attributes", ())
        if packed is not None and result.data.measured:
            return leading(packed, result.header_so_far, face.OUTCOMES_SHOWN)
        return leading_of(self.get_counts(index), face.OUTCOMES_SHOWN) if "counts" in names else None


def assemble(
    experiments: Sequence[Experiment],
    labels: dict[str, Any],
    created_at: float,
    finish: Callable[[SimulationResult], None] | None,
    outcomes: Sequence[Outcome | BaseException],
    *,
    ended_at: float | None = None,
) -> SimulationResult:
    """Make the result of a job that was created at that time; `finish` may change it before anybody sees it.

    It has ended now, if no other time is given.
    """
    ended_at = time.time() if ended_at is None else ended_at
    taken = ended_at - created_at
    metadata: dict[str, Any] = {"time_taken": taken}
    result = build_result(experiments, outcomes, **labels, date=ended_at, time_taken=taken, metadata=metadata)
    found: CircuitResults = result.results
    metadata["num_circuits"], metadata["threads"] = len(found), found.threads
    if found.taken:
        metadata["taken_from_results_dir"] = found.taken
    if finish is not None:
        finish(result)
    return result


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
        Top-level entries: backend_name, backend_version, job_id, date (now), time_taken, metadata ...
    """
    results = CircuitResults(experiments, list(outcomes))
    failed = results.failed
    status = "COMPLETED" if failed == 0 else "PARTIAL COMPLETED" if failed < len(results) else "ERROR"
    return SimulationResult(success=failed == 0, status=status, results=results, **{"date": time.time(), **labels})


def _plain(value: Any) -> Any:
    """Return `value` made of what JSON knows; what it cannot hold becomes its string."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            value = np.stack([value.real, value.imag], axis=-1)
        return _plain(plain(value) if value.ndim else value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [_plain(item) for item in value]
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, (Statevector, DensityMatrix)):
        return _plain(value.data)
    return str(value)
