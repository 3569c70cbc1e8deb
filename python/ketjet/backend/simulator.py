"""The simulator as a Qiskit backend: `run` checks everything that can be checked without simulating, and returns a Job.

Circuits are lowered in the caller's thread, so their errors appear in the caller's frame. Admission and `estimate`
are the same call into the engine's planner, hence they cannot disagree.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import fields
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

from ketjet.backend.admission import (
    admission_now,
    admit,
    admit_lowered,
    shots_of,
)
from ketjet.backend.derivatives import Differentiates
from ketjet.backend.earlier_jobs import FindsJobs
from ketjet.backend.experiments import estimate_at, experiment_of
from ketjet.backend.job_settings import settings_of_job
from ketjet.backend.old_names import BackendOptions, OldNames
from ketjet.backend.request import experiments_of
from ketjet.backend.run_checks import require_compatible, require_values
from ketjet.backend.run_input import as_circuit, given
from ketjet.backend.target import build_target
from ketjet.errors import InvalidOptionError, JobError
from ketjet.jobs import log
from ketjet.jobs.job import Job
from ketjet.jobs.job_ids import new_job_id
from ketjet.lowering import lower
from ketjet.options import SimulatorOptions
from ketjet.options.checks import integer
from ketjet.options.machine import memory_limit, require_isa, require_plan_options
from ketjet.options.recent_options import RecentOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike
    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target
    from typing_extensions import Unpack

    from ketjet import engine
    from ketjet.backend.bindings import Bindings
    from ketjet.experiment import Experiment
    from ketjet.explanation import Explanation
    from ketjet.jobs.primitive_job import PrimitiveJob
    from ketjet.options.types import Binds, FurtherOptions, Inputs, Integer, RunOptions
    from ketjet.results import SimulationResult

__all__ = ["Simulator"]

_AnyJob = TypeVar("_AnyJob", Job, "PrimitiveJob")

NUM_QUBITS = 1024
"""The width that a target has by default: wider than any device, and `transpile` takes longer for wider ones."""


class Simulator(Differentiates, FindsJobs, OldNames):
    """Statevector simulator that takes any circuit as it is, without `transpile`.

    Parameters
    ----------
    precision
        "double" (complex128) or "single" (complex64).
    max_threads
        Most threads one circuit may use; None for every core the process is allowed.
    max_memory_mb
        Most memory in MiB; None for what the machine has free.
    seed_simulator
        Seed of every run; None draws one for each.
    num_qubits
        What the transpiler and other layers of Qiskit are told; `run` takes wider circuits too. It does not depend on
        memory, so that `transpile` gives the same everywhere, and mostly idle circuits of a device's width run.
    options
        Further defaults of `run`, see `ketjet.options.SimulatorOptions`.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> from ketjet import Simulator
    >>> bell = QuantumCircuit(2)
    >>> _ = bell.h(0), bell.cx(0, 1), bell.measure_all()
    >>> sorted(Simulator(seed_simulator=7).run(bell, shots=100).result().get_counts())
    ['00', '11']
    """

    def __init__(
        self,
        precision: engine.Precision | None = None,
        max_threads: Integer | None = None,
        max_memory_mb: float | None = None,
        seed_simulator: Integer | None = None,
        *,
        num_qubits: Integer = NUM_QUBITS,
        provider: Any = None,
        **options: Unpack[FurtherOptions],
    ) -> None:
        super().__init__(
            provider=provider,
            name="ketjet",
            description="ketjet statevector simulator",
            backend_version=_version(),
        )
        self._options: BackendOptions
        self._num_qubits = integer(1)("num_qubits", num_qubits)
        self._target: Target | None = None
        self._jobs: dict[str, Any] = {}
        self._recent_options = RecentOptions()
        self.set_options(
            precision=precision,
            max_threads=max_threads,
            max_memory_mb=max_memory_mb,
            seed_simulator=seed_simulator,
            **options,
        )

    @classmethod
    def _default_options(cls) -> BackendOptions:
        return _as_qiskit_options(SimulatorOptions())

    @property
    def target(self) -> Target:
        """All instructions between any qubits, for the transpiler."""
        if self._target is None:
            self._target = build_target(self._num_qubits)
        return self._target

    @property
    def max_circuits(self) -> None:
        """None, for a job may have any number of circuits."""
        return

    def set_max_qubits(self, max_qubits: int) -> None:
        """Change `num_qubits`, which the transpiler is told.

        Raises
        ------
        OptionTypeError, InvalidOptionError
            It is no integer, or less than 1.
        """
        self._num_qubits, self._target = integer(1)("max_qubits", max_qubits), None

    def set_options(self, **fields: Unpack[RunOptions]) -> None:
        """Change defaults of `run`; None brings back the original one.

        Raises
        ------
        UnknownOptionError, OptionTypeError, InvalidOptionError
            As in `run`.
        """
        kept = {name: value for name, value in self._options.items() if name not in fields}
        resolved = SimulatorOptions.resolve(kept, fields)
        if resolved.isa:
            require_isa(resolved.isa)
        require_plan_options(resolved.plan_options or ())
        self._options = _as_qiskit_options(resolved)

    def run(
        self,
        run_input: QuantumCircuit | Iterable[QuantumCircuit],
        *,
        parameter_binds: Binds | Sequence[Binds] | None = None,
        inputs: Inputs | Sequence[Inputs] | None = None,
        initial_statevector: ArrayLike | None = None,
        **options: Unpack[RunOptions],
    ) -> Job:
        """Start simulating circuits and return at once.

        Parameters
        ----------
        run_input
            One circuit or several.
        parameter_binds
            One mapping per circuit, from parameter (or its name) to the list or array of its values, from a
            `ParameterVector` to an array of shape (points, length); all of a circuit have the same length, and there
            is one experiment for every position in them. A number counts as a list of one, and a bare mapping will do
            for a single circuit.
        inputs
            Values of input variables and of parameters, by the objects or their names: one mapping for all circuits, or
            a list with one for each. A variable takes a bool, an int or a float, as its type is.
        initial_statevector
            Amplitudes, shape (2**num_qubits,), that every circuit starts from instead of |0...0⟩.
        options
            Any field of `ketjet.options.SimulatorOptions`; None means the backend's default.

        Returns
        -------
        Job
            Submitted. ``job.result()`` has one entry per circuit and set of bound parameters.

        Raises
        ------
        InvalidCircuitError
            A circuit, or a value bound to its parameters, cannot be simulated.
        InsufficientMemoryError
            A circuit does not fit into the memory that is available now.
        CircuitTypeError
            Something given as a circuit is none.
        UnknownOptionError, OptionTypeError, InvalidOptionError
            An option is misspelt, has the wrong type, or is out of range.
        """
        circuits, bindings = given(run_input, parameter_binds, inputs, initial_statevector)
        return self._start(circuits, bindings, options)

    def _start(
        self,
        circuits: list[QuantumCircuit],
        bindings: list[Bindings],
        options: Mapping[str, Any],
        finish: Callable[[SimulationResult], None] | None = None,
    ) -> Job:
        """Check and submit; `finish` may change the result before anybody sees it."""
        resolved = self._resolve(options)
        for name in ("detach", "checkpoint"):
            if getattr(resolved, name) and finish is not None:
                raise InvalidOptionError(f"{name} is for ketjet.Simulator: {self.name} changes results on its own.")
        if resolved.checkpoint is not None:
            from ketjet.backend.checkpointed import begun

            experiments, job = begun(self, resolved, lambda known: experiments_of(circuits, bindings, known))
            return self._submit(job, experiments)
        return self._start_all(experiments_of(circuits, bindings, resolved), resolved, finish)

    def _start_all(
        self,
        experiments: list[Experiment],
        options: SimulatorOptions,
        finish: Callable[[SimulationResult], None] | None = None,
    ) -> Job:
        """Submit what was checked."""
        settings = settings_of_job(options)
        if options.detach:
            from ketjet.detached.hand_over import hand_over

            return hand_over(self, experiments, settings["memory_limit"], options)
        job = Job(self, new_job_id(), experiments, _finish=finish, **settings)
        return self._submit(job, experiments)

    def _submit(self, job: _AnyJob, experiments: Sequence[Experiment]) -> _AnyJob:
        """Submit a new job with these experiments, which is among `jobs` until it ends."""
        log.admitted(job.job_id(), experiments, job.counted)
        try:
            job.submit()
            self._jobs[job.job_id()] = job
            job.forget_in(self._jobs)
        except BaseException:  # Ctrl-C: nobody will ever know of this job
            self._jobs.pop(job.job_id(), None)
            with contextlib.suppress(JobError):
                job.cancel()
            raise
        return job

    def estimate(
        self,
        circuit: QuantumCircuit,
        *,
        observables: Any = None,
        inputs: Inputs | None = None,
        points: Integer = 1,
        **options: Unpack[RunOptions],
    ) -> engine.Estimate:
        """Say what a run would need and whether it would be admitted, without running it.

        Parameters
        ----------
        circuit
            One circuit; its parameters may be unbound.
        observables
            Observables that an estimator would read, of any kind, or an array of them. The circuit runs for its final
            state then, not for measurements; where an estimator runs light cones instead, that takes less.
        inputs, options
            As for `run`.
        points
            For how many sets of parameter values; what these leave in the result counts.

        Returns
        -------
        engine.Estimate
            Bytes, peak bytes, seconds, whether it fits and the most qubits that would.

        Raises
        ------
        CircuitTypeError
            It is no QuantumCircuit.
        InvalidCircuitError
            The circuit cannot be simulated.
        UnknownOptionError, OptionTypeError, InvalidOptionError
            An option is misspelt, has the wrong type, or is out of range.
        """
        resolved, count = self._resolve(options), integer(1)("points", points)
        circuit = as_circuit(circuit, "estimate", inputs)
        admission, lowered = admission_now(resolved, sent=True), lower(circuit, keep_idle_qubits=resolved.return_state)
        readout = None
        if observables is not None:
            from ketjet.backend.readings import observables_of, readout_in

            readout = readout_in(lowered, observables_of(circuit, observables))
            admission = admission._replace(reads_state=True)
        found = admission.estimate(lowered, readout)
        if count == 1 or not found.fits:
            return found
        return estimate_at(count, found, lowered, admit_lowered(circuit, lowered, admission), resolved, readout)

    def explain(
        self,
        circuit: QuantumCircuit,
        *,
        analyze: bool = False,
        observables: Any = None,
        inputs: Inputs | None = None,
        **options: Unpack[RunOptions],
    ) -> Explanation:
        """Say what a run does and why: its sweeps over memory, their passes and kernels, and how long each takes.

        Parameters
        ----------
        circuit
            One circuit; its parameters may be unbound unless it is analysed.
        analyze
            Also run it, up to three times, and measure each stage and what this computer can do at most. A circuit
            that measures in the middle is run for one shot.
        observables
            Observables that an estimator would read, of any kind, or an array of them: also say which Pauli strings
            sweeps read from blocks in the cache, and which take sweeps of their own. The circuit runs for its final
            state then, not for measurements.
        inputs, options
            As for `run`.

        Returns
        -------
        Explanation
            Shows itself as text and as HTML; ``to_dict()`` and ``to_json()`` hold everything.

        Raises
        ------
        InvalidCircuitError
            The circuit cannot be simulated, or is to be analysed and has unbound parameters.
        InsufficientMemoryError
            It is to be analysed and does not fit into the memory that is available now.
        CircuitTypeError
            It is no QuantumCircuit.
        UnknownOptionError, OptionTypeError, InvalidOptionError
            An option is misspelt, has the wrong type, or is out of range.
        """
        from ketjet import explanation
        from ketjet.backend.readings import observables_of, readout_in

        resolved = self._resolve(options)
        circuit = as_circuit(circuit, "explain", inputs)
        table = None if observables is None else observables_of(circuit, observables)
        admission = admission_now(resolved)._replace(reads_state=table is not None)
        if analyze:
            admitted = admit(circuit, admission)
            require_values(circuit, admitted.lowered)
            lowered, made, demand = admitted.lowered, admitted.plan, admitted.demand
        else:
            lowered = lower(circuit, keep_idle_qubits=resolved.return_state)
            made = admission.plan(circuit, lowered)
            demand = admission.demand(lowered, made)
        explained = explanation.explain(lowered, made, demand.threads)
        explained = explanation.with_memory(explained, demand, admission.available[0])
        readout = None if table is None or made.has_trajectories else readout_in(lowered, table)
        if readout is not None:
            explained = explanation.with_readings(explained, made, readout, lowered)
        if not analyze:
            return explained
        task = experiment_of(lowered, admitted, resolved, 0).task
        task = task._replace(shots=int(shots_of(lowered, resolved) > 0), exact=False)
        if readout is not None:
            task = task._replace(readouts=(readout,))
        return explanation.analyze(explained, task, peak_bytes=demand.peak_bytes, memory_limit=memory_limit(resolved))

    def jobs(self) -> list[Job | PrimitiveJob]:
        """Return this backend's jobs that run in this process, those of primitives included, oldest first."""
        return [job for job in list(self._jobs.values()) if not job.in_final_state()]

    def cancel_all(self) -> None:
        """Cancel this backend's jobs that have not ended; detached ones are left alone."""
        for job in self.jobs():
            job.cancel()

    def __repr__(self) -> str:
        return f"<Simulator {self.name} {self.backend_version}, {self._options['precision']} precision>"

    def _repr_html_(self) -> str:
        from ketjet.backend import face

        return face.html(self.name, self.backend_version, admission_now(self._resolve({})))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_jobs": {}, "_target": None, "_recent_options": RecentOptions()}

    def _resolve(self, options: Mapping[str, Any]) -> SimulatorOptions:
        """Check the backend's options again, for they can be set without asking, with those of a run on top."""
        resolved = self._recent_options.resolve(vars(self._options), options)
        require_isa(resolved.isa)
        require_plan_options(resolved.plan_options or ())
        require_compatible(resolved)
        return resolved


@functools.cache
def _version() -> str:
    """Return the version of this package; looking for it takes longer than simulating a small circuit."""
    return metadata.version("ketjet")


def _as_qiskit_options(options: SimulatorOptions) -> BackendOptions:
    return BackendOptions(**{option.name: getattr(options, option.name) for option in fields(options)})
