"""EstimatorV2: expectation values of observables at many points, exact unless noise is asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.primitives import BaseEstimatorV2

from ketjet.jobs.primitive_job import PrimitiveJob
from ketjet.primitives.expectation_pubs import ExpectationPubs, assemble_expectations, parts_with_precision
from ketjet.primitives.gradient_pubs import GradientPubs, assemble_gradients
from ketjet.primitives.options import EstimatorOptions
from ketjet.primitives.precision import precision_of
from ketjet.primitives.pubs import as_pubs
from ketjet.primitives.simulation import SimulatorPrimitive, submitted, warn_of_saves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qiskit.circuit import Parameter
    from qiskit.primitives import EstimatorPubLike

    from ketjet.backend import Simulator
    from ketjet.backend.derivative_methods import Method

__all__ = ["EstimatorV2"]


class EstimatorV2(SimulatorPrimitive[EstimatorOptions], BaseEstimatorV2):
    """Qiskit's estimator on a `Simulator`: exact values of all kinds of observables for any circuit as it is.

    Measurements, resets and control flow are averaged over exactly. Every distinct set of parameter values is simulated
    once, whatever the shapes that are broadcast, and every distinct Pauli string evaluated once in its state.

    Parameters
    ----------
    backend
        The simulator; None for one that is made of the options' `backend_options`.
    default_precision
        Standard error of the values of a pub where neither it nor `run` says how large; 0 for exact values, and None
        for that of the options.
    seed
        Of the noise: an integer gives each pub the same noise in every run, and a `Generator` is drawn from, both bit
        for bit as Qiskit's `StatevectorEstimator` does it. None for ``seed_simulator`` of the options or the backend,
        or else a fresh seed for each pub.
    options
        `EstimatorOptions`, or a mapping of them.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> from ketjet import EstimatorV2
    >>> bell = QuantumCircuit(2)
    >>> _ = bell.h(0), bell.cx(0, 1)
    >>> EstimatorV2().run([(bell, ["ZZ", "ZI", {"XX": 0.5, "11": 1}])]).result()[0].data.evs.round(12).tolist()
    [1.0, 0.0, 1.0]
    """

    options_class = EstimatorOptions

    def __init__(
        self,
        *,
        backend: Simulator | None = None,
        default_precision: float | None = None,
        seed: int | np.random.Generator | None = None,
        options: EstimatorOptions | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(backend, seed, options)
        if default_precision is not None:
            self.options.default_precision = default_precision

    @property
    def default_precision(self) -> float:
        """Standard error where neither the pub nor `run` says how large; 0 for exact values."""
        return self.options.default_precision

    def run(self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None) -> PrimitiveJob:
        """Start simulating and return at once.

        Parameters
        ----------
        pubs
            Tuples of a circuit, its observables, its parameter values and a precision; the last two may be left out.
            Observables are one of any kind, or nested lists or an array of them, and act on the circuit's qubits.
            Values are an array whose last axis is over the circuit's parameters, or a mapping from parameters, or
            tuples of them, to arrays. The shapes of observables and values are broadcast against each other.
        precision
            Standard error of the values of the pubs that do not say how large.

        Returns
        -------
        PrimitiveJob
            Submitted. ``job.result()[i].data`` has the arrays ``evs`` and ``stds``, and ``variances`` with the option
            of that name.

        Raises
        ------
        InvalidPubError, PubTypeError
            A pub is malformed: its values or observables do not fit its circuit, an observable is not Hermitian, or a
            precision is no number that is at least 0.
        InvalidCircuitError
            A circuit cannot be simulated.
        InsufficientMemoryError
            A circuit does not fit into the memory that is available now.
        """
        precision = self.default_precision if precision is None else precision_of(precision, "")
        parts = [parts_with_precision(pub, index, precision) for index, pub in enumerate(as_pubs(pubs, "Estimator"))]
        options = self._resolve(shots=1, memory=False, exact=False, return_state=False)
        preparation = ExpectationPubs(self.options, options, self._seed)
        prepared = [preparation.pub(index, *part) for index, part in enumerate(parts)]
        experiments = preparation.experiments
        warn_of_saves(preparation.saving, "an estimator's")
        assemble = partial(assemble_expectations, prepared, list(experiments))
        return submitted(PrimitiveJob, self.backend, options, experiments, assemble)

    def gradient(
        self,
        pubs: Iterable[EstimatorPubLike],
        *,
        parameters: Sequence[Parameter | str] | None = None,
        method: Method = "adjoint",
    ) -> PrimitiveJob:
        """Start differentiating expectation values by the circuits' parameters, and return at once.

        Gradients are exact, as those of `Simulator.gradient`.

        Parameters
        ----------
        pubs
            As for `run`, without precisions.
        parameters
            What to differentiate by, in this order; by default all parameters of each circuit, in the order of
            ``circuit.parameters``.
        method
            "shift" takes circuits that measure in the middle, reset or branch, too, as for `Simulator.gradient`; what
            the job's `progress` counts are then its runs. Light cones are used by "shift" alone.

        Returns
        -------
        PrimitiveJob
            Submitted. ``job.result()[i].data`` has the arrays ``evs``, and ``gradients``, which has one axis more, over
            the parameters.

        Raises
        ------
        InvalidPubError, PubTypeError
            A pub is malformed, or asks for noise.
        InvalidCircuitError
            A circuit cannot be simulated, or has an instruction without a derivative, which is named.
        InvalidOptionError
            A parameter is not one of a circuit's, or there is no such method.
        InsufficientMemoryError
            Two states of a circuit do not fit into the memory that is available now.
        """
        given = as_pubs(pubs, "Estimator")
        options = self._resolve(shots=1, memory=False, exact=False, return_state=False)
        preparation = GradientPubs(options, parameters, method, light_cones=self.options.light_cones)
        prepared = [preparation.pub(index, pub) for index, pub in enumerate(given)]
        experiments = preparation.experiments
        assemble = partial(assemble_gradients, prepared, list(experiments))
        return submitted(PrimitiveJob, self.backend, options, experiments, assemble)

    def _seed_of_run(self) -> int | None:
        """Return no seed for a generator: it is drawn from for the noise alone."""
        return None if isinstance(self._seed, np.random.Generator) else self._seed
