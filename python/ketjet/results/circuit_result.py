"""The result of one circuit, which stays packed until somebody reads it.

An outcome has 64 classical bits to a word, one row per distinct key or per shot, until somebody asks for strings. A
header is written out when somebody reads it, too: a small circuit runs in less time than that takes.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from qiskit.result.models import ExperimentResult, ExperimentResultData, MeasLevel

from ketjet import engine
from ketjet.results import face
from ketjet.results.experiment_data import ExperimentData
from ketjet.results.face import CircuitFacts
from ketjet.results.metadata import metadata_of
from ketjet.results.saved_data import SavedData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.results.leading_outcomes import Leading

__all__ = ["CircuitResult", "facts_of"]


class CircuitResult(ExperimentResult):
    """The result of one circuit; its header is written out when somebody reads it.

    Parameters
    ----------
    experiment
        What was run.
    outcome
        What came out, or the exception if it failed.
    """

    def __init__(self, experiment: Experiment, outcome: Outcome | BaseException) -> None:
        self.shots, self.seed, self.meas_level = experiment.shots, experiment.seed, MeasLevel.CLASSIFIED
        self.drift = ""
        """What there is to say of a norm that has not stayed 1."""
        self._header = experiment.header
        if isinstance(outcome, BaseException):
            self.success, self.status, self.data = False, f"ERROR: {outcome}", ExperimentResultData()
            metadata, seconds = metadata_of(experiment, None), 0.0
        else:
            facts, saved = outcome.facts, None
            self.success, self.status = True, "DONE"
            self.drift = engine.drift_of(facts.norm_error, experiment.task.precision)
            metadata, seconds = metadata_of(experiment, facts), facts.seconds
            if experiment.saves:
                saved = SavedData(experiment.saves, outcome, experiment.zero_threshold)
                metadata |= saved.metadata
                if outcome.chains is not None and not experiment.task.memory:
                    outcome = outcome._replace(memory=None)  # it was listed only for the sake of the saves
                outcome = outcome._replace(saves=(), chains=None, save_frames={})
            self.data = ExperimentData(outcome, measured=experiment.has_measurements, saved=saved)
        self._metadata: dict[str, Any] = {"seed_simulator": self.seed, "time_taken": seconds, "metadata": metadata}

    @property
    def header_so_far(self) -> Mapping[str, Any]:
        """The header for reading only, so that there is no need to write all of it out."""
        return self.__dict__.get("header") or self._header

    @functools.cached_property
    def header(self) -> dict[str, Any]:
        """What there is to say about the circuit, with Aer's keys."""
        return dict(self._header)

    def __repr__(self) -> str:
        return face.line("CircuitResult", [facts_of(self)], 1, self._metadata["time_taken"])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "header": self.header, "_header": {}}


def facts_of(result: ExperimentResult, found: Leading | None = None) -> CircuitFacts:
    """Return what is to be seen of a circuit; one that comes from a dictionary is not a CircuitResult."""
    header = getattr(result, "header_so_far", None) or getattr(result, "header", None) or {}
    error = "" if result.success else str(getattr(result, "status", "ERROR"))
    shots = result.shots if isinstance(result.shots, int) else result.shots[1] - result.shots[0] + 1
    names = tuple(getattr(result.data, "_data_attributes", ()))
    return CircuitFacts(str(header.get("name", "")), shots, error, found, _is_exact(result), names)


def _is_exact(result: ExperimentResult) -> bool:
    packed = getattr(result.data, "packed", None)
    return packed is not None and packed.probabilities is not None
