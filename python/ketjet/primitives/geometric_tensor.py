"""QuantumGeometricTensor: exact tensors in the form in which qiskit-algorithms and its kin ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet.backend.admission import admission_now
from ketjet.backend.layered_tensor import circuit_with_tangents, require_blocks
from ketjet.primitives.derivative_primitive import DerivativePrimitive
from ketjet.primitives.derivative_type import derivative_type_of
from ketjet.primitives.gradient_inputs import entries_of, require_values
from ketjet.primitives.pubs import programs_at
from ketjet.results.metadata import metadata_of_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet.backend import Simulator
    from ketjet.backend.geometric_tensor import CircuitWithTangents
    from ketjet.backend.layered_tensor import Blocks, CircuitWithLayers
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.primitives.gradient_inputs import Entry
    from ketjet.primitives.gradient_job import GradientJob

__all__ = ["QuantumGeometricTensor", "QuantumGeometricTensorResult"]


@dataclass(frozen=True)
class QuantumGeometricTensorResult:
    """What a job of a `QuantumGeometricTensor` ends with."""

    qgts: list[NDArray[Any]]
    """One matrix for each circuit, over the parameters."""
    derivative_type: Any
    """Which part of the tensors they are, as given."""
    metadata: list[dict[str, Any]]
    """For each circuit its ``parameters``, and what there is to tell of the run."""
    precision: float
    """0, for the tensors are exact."""


class QuantumGeometricTensor(DerivativePrimitive):
    """Exact quantum geometric tensors, for whatever takes a QGT of qiskit-algorithms.

    It is used as their `ReverseQGT` and takes all gates that `Simulator.quantum_geometric_tensor` does.

    Parameters
    ----------
    backend
        The simulator, whose options hold; None for one with the defaults.
    phase_fix
        Whether to leave out what a phase of the state contributes.
    derivative_type
        "complex" for all of a tensor, "real" or "imag" for a part; or a member of an enumeration with such names.
    blocks
        None for whole tensors, "layers" or "diagonal" for parts of them, as for `Simulator.quantum_geometric_tensor`.

    Examples
    --------
    >>> from qiskit.circuit.library import real_amplitudes
    >>> from ketjet import QuantumGeometricTensor
    >>> circuit = real_amplitudes(1, reps=0)
    >>> QuantumGeometricTensor(derivative_type="real").run([circuit], [[0.3]]).result().qgts[0].round(12).tolist()
    [[0.25]]
    """

    def __init__(
        self,
        backend: Simulator | None = None,
        phase_fix: bool = True,
        derivative_type: Any = "complex",
        *,
        blocks: Blocks = None,
    ) -> None:
        super().__init__(backend, derivative_type)
        require_blocks(blocks)
        self._phase_fix, self._blocks = bool(phase_fix), blocks

    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        parameter_values: ArrayLike | Sequence[ArrayLike],
        parameters: Sequence[Sequence[Parameter | str] | None] | None = None,
        *,
        precision: Any = None,  # noqa: ARG002 - whoever asks for one may
        **options: Any,
    ) -> GradientJob:
        """Start computing tensors and return at once.

        Parameters
        ----------
        circuits
            One or several, of unitary gates; they may begin by initialising qubits.
        parameter_values
            For each circuit the values of its parameters.
        parameters
            For each circuit what to differentiate by, in this order or, of a set, in that of ``circuit.parameters``;
            None for all parameters.
        precision
            Any standard error is kept, for tensors are exact; what `Simulator.run` calls so is as the backend has it.
        options
            All others of `Simulator.run`.

        Returns
        -------
        GradientJob
            Submitted; it lives as a `PrimitiveJob` does. ``job.result()`` has ``qgts``, a list of arrays,
            ``derivative_type``, ``metadata`` and ``precision``.

        Raises
        ------
        InvalidPubError, PubTypeError, CircuitTypeError
            There are not as many of each, or values do not fit their circuit.
        InvalidCircuitError
            A circuit cannot be simulated, or has an instruction without a derivative, which is named.
        InvalidOptionError, OptionTypeError, UnknownOptionError
            A parameter is not one of its circuit's, or an option is none.
        InsufficientMemoryError
            Four states of a circuit, or one with `blocks`, do not fit into the memory that is available now.
        """
        resolved = self._resolve(options)
        admission = admission_now(resolved, recent=True, sent=True)
        made: dict[Any, CircuitWithTangents | CircuitWithLayers] = {}
        experiments: list[Experiment] = []
        entries = entries_of(circuits, parameter_values, parameters)
        for entry in entries:
            key = id(entry.circuit), entry.parameters
            if key not in made:
                made[key] = circuit_with_tangents(entry.circuit, admission, entry.parameters, self._blocks)
                require_values(made[key].lowered, entry)
            (program,) = programs_at(made[key].lowered, entry.values[np.newaxis], entry.number)
            experiments.append(made[key].at(program, entry.values, phase_fix=self._phase_fix))
        part = {"real": np.real, "imag": np.imag, "complex": np.asarray}[derivative_type_of(self._derivative_type)]
        assemble = partial(_assemble, entries, list(experiments), part, self._derivative_type)
        return self._submitted(resolved, experiments, assemble)

    def __repr__(self) -> str:
        fixed = "" if self._phase_fix else ", without phase fix"
        fixed += "" if self._blocks is None else f", {self._blocks}"
        return f"<QuantumGeometricTensor on {self._backend!r}, {derivative_type_of(self._derivative_type)}{fixed}>"


def _assemble(
    entries: Sequence[Entry],
    experiments: Sequence[Experiment],
    part: Any,
    derivative_type: Any,
    outcomes: Sequence[Outcome | BaseException],
) -> Any:
    """Make the result of a job."""
    qgts: list[NDArray[Any]] = []
    metadata: list[dict[str, Any]] = []
    for entry, experiment, outcome in zip(entries, experiments, outcomes, strict=True):
        told: dict[str, Any] = {"parameters": entry.parameters}
        if isinstance(outcome, BaseException):
            told["error"] = f"{type(outcome).__name__}: {outcome}"
            qgts.append(np.full((len(entry.parameters),) * 2, np.nan))
        else:
            told["simulator_metadata"] = metadata_of_points([experiment], [outcome.facts])
            qgts.append(part(outcome.readouts[0]))
        metadata.append(told)
    return QuantumGeometricTensorResult(qgts, derivative_type, metadata, 0.0)
