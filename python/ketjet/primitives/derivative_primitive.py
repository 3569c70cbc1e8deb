"""What EstimatorGradient and QuantumGeometricTensor have in common: a simulator, and a part of complex derivatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketjet.backend import Simulator
from ketjet.options.checks import wrong_type
from ketjet.primitives.derivative_type import derivative_type_of
from ketjet.primitives.gradient_job import GradientJob
from ketjet.primitives.simulation import submitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ketjet.experiment import Experiment
    from ketjet.options import SimulatorOptions

__all__ = ["DerivativePrimitive"]


class DerivativePrimitive:
    """Something that differentiates circuits on a simulator, in the form in which qiskit-algorithms asks for it.

    Parameters
    ----------
    backend
        The simulator, whose options hold; None for one with the defaults.
    derivative_type
        "real", "imag" or "complex", or a member of an enumeration with such names.
    """

    def __init__(self, backend: Simulator | None, derivative_type: Any) -> None:
        if backend is not None and not isinstance(backend, Simulator):
            raise wrong_type("backend", backend, "a ketjet.Simulator")
        self._backend = Simulator() if backend is None else backend
        self.derivative_type = derivative_type

    @property
    def backend(self) -> Simulator:
        """The simulator."""
        return self._backend

    @property
    def derivative_type(self) -> Any:
        """Which part is given, as it was set; a change holds for the runs from then on."""
        return self._derivative_type

    @derivative_type.setter
    def derivative_type(self, derivative_type: Any) -> None:
        derivative_type_of(derivative_type)
        self._derivative_type = derivative_type  # which qiskit-algorithms also sets by this name

    def _resolve(self, options: Mapping[str, Any]) -> SimulatorOptions:
        """Return the options of a run."""
        return self._backend._without_shots(options)

    def _submitted(
        self, options: SimulatorOptions, experiments: Sequence[Experiment], assemble: Callable[..., Any]
    ) -> GradientJob:
        return submitted(GradientJob, self._backend, options, experiments, assemble)
