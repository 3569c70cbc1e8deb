"""The register that a state is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketjet import engine

__all__ = ["Register"]


class Register:
    """So many qubits, whose amplitudes have one precision."""

    _num_qubits: int
    _precision: engine.Precision

    @property
    def num_qubits(self) -> int:
        """Number of qubits."""
        return self._num_qubits

    @property
    def precision(self) -> engine.Precision:
        """Either "single" or "double"."""
        return self._precision
