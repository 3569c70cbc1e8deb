"""What primitives have: a simulator, options, a seed, and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from ketjet.backend import Simulator
from ketjet.backend.job_settings import settings_of_job
from ketjet.backend.run_checks import require_here
from ketjet.base.warnings import warn
from ketjet.errors import JobCancelledError
from ketjet.jobs.job_ids import new_job_id
from ketjet.jobs.primitive_job import PrimitiveJob
from ketjet.options.checks import integer, wrong_type
from ketjet.primitives.options import PrimitiveOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qiskit.providers.backend import Backend

    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.options import SimulatorOptions

__all__ = ["SimulatorPrimitive", "failure_in", "has_gaps", "named", "submitted", "warn_of_saves"]

JobT = TypeVar("JobT", bound=PrimitiveJob)
OptionsT = TypeVar("OptionsT", bound=PrimitiveOptions)
Self = TypeVar("Self", bound="SimulatorPrimitive[Any]")

OF_CONSTRUCTION = frozenset({"num_qubits", "provider"})
"""Arguments of `Simulator` that mean nothing to a run."""


class SimulatorPrimitive(Generic[OptionsT]):
    """A primitive that runs on a simulator.

    Parameters
    ----------
    backend
        The simulator; None for one that is made of the options' `backend_options`.
    seed
        Of everything random. An integer gives the same in every run; a `Generator` is drawn from.
    options
        Its options, or a mapping of them; copied.
    """

    options_class: ClassVar[type[PrimitiveOptions]]

    def __init__(
        self,
        backend: Simulator | None,
        seed: int | np.random.Generator | None,
        options: OptionsT | Mapping[str, Any] | None,
    ) -> None:
        if options is None or isinstance(options, Mapping):
            options = self.options_class(**options or {})  # type: ignore[assignment]
        elif isinstance(options, self.options_class):
            options = options.copy()
        else:
            raise wrong_type("options", options, f"{self.options_class.__name__} or a mapping")
        if backend is not None and not isinstance(backend, Simulator):
            name = type(self).__name__
            raise wrong_type("backend", backend, f"a ketjet.Simulator; for others there is {name}.from_backend()")
        if seed is not None and not isinstance(seed, np.random.Generator):
            seed = integer(0)("seed", seed)
        self._options: OptionsT = options  # type: ignore[assignment]
        self._seed = seed
        self._made_of = dict(self._options.backend_options) if backend is None else {}
        self._backend = Simulator(**self._made_of) if backend is None else backend

    @classmethod
    def from_backend(  # noqa: PYI019 - typing.Self needs Python 3.11
        cls: type[Self], backend: Backend, **arguments: Any
    ) -> Self:
        """Return a primitive on a backend: a `Simulator` itself, with its options, limits and jobs, or for another one.

        Parameters
        ----------
        backend
            A `Simulator`. Circuits for any other backend are simulated without its noise, and a warning says so.
        arguments
            Of the constructor.
        """
        if isinstance(backend, Simulator):
            return cls(backend=backend, **arguments)
        if not callable(getattr(backend, "run", None)) and not hasattr(backend, "target"):
            raise wrong_type("backend", backend, "a backend")
        name = getattr(backend, "name", type(backend).__name__)
        warn(f"{cls.__name__} simulates circuits for backend {name!r} ideally: its noise is left out.")
        return cls(**arguments)

    @property
    def options(self) -> OptionsT:
        """The options; they may be changed, and hold for the runs from then on."""
        return self._options

    @property
    def backend(self) -> Simulator:
        """The simulator."""
        return self._backend

    @property
    def seed(self) -> int | np.random.Generator | None:
        """Seed or generator, as given."""
        return self._seed

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._backend!r}, {self._options!r}>"

    def _resolve(self, **own: Any) -> SimulatorOptions:
        """Return the options of a run; `own` are those that the primitive sets itself."""
        of_backend = self._options.backend_options
        if of_backend == self._made_of:
            of_backend = {}
        else:
            of_backend = {name: value for name, value in of_backend.items() if name not in OF_CONSTRUCTION}
        layer = {**of_backend, **self._options.of_run()}
        if (seed := self._seed_of_run()) is not None:
            layer["seed_simulator"] = seed
        return require_here(self._backend._resolve({**layer, **own}))

    def _seed_of_run(self) -> int | None:
        """Return the seed that a run is given, or None."""
        return int(self._seed.integers(1 << 53)) if isinstance(self._seed, np.random.Generator) else self._seed


def submitted(
    kind: type[JobT],
    backend: Simulator,
    options: SimulatorOptions,
    experiments: Sequence[Experiment],
    assemble: Callable[[Sequence[Outcome | BaseException]], Any],
) -> JobT:
    """Submit a job of this kind; `assemble` makes its result from one outcome, or exception, per experiment."""
    job = kind(backend, new_job_id(), experiments, assemble, **settings_of_job(options))
    return backend._submit(job, experiments)


def failure_in(outcomes: Sequence[Outcome | BaseException]) -> str:
    """Return the first of the exceptions among outcomes as metadata tell of it; nothing if there is none."""
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            return f"{type(outcome).__name__}: {outcome}"
    return ""


def has_gaps(outcomes: Sequence[Outcome | BaseException]) -> bool:
    """Return whether a pub was cancelled when some of its points had ended, of which none has failed."""
    missing = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    return 0 < len(missing) < len(outcomes) and all(isinstance(each, JobCancelledError) for each in missing)


def warn_of_saves(circuits: Sequence[str], whose: str) -> None:
    """Say of circuits with save instructions, by name, that a primitive has no place for what they save."""
    if circuits:
        warn(
            f"circuit {named(circuits)} saves something, for which {whose} result has no place; "
            "Simulator.run() returns what is saved."
        )


def named(circuits: Sequence[str]) -> str:
    """List names of circuits for a message."""
    return f"{', '.join(map(repr, circuits[:5]))}{', ...' if circuits[5:] else ''}"
