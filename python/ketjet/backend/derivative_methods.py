"""The methods by which circuits are differentiated, by the names that users give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ketjet.backend.differentiation import DifferentiableCircuit
from ketjet.backend.shift_rule import ShiftedCircuit
from ketjet.errors import InvalidOptionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet.backend.admission import Admission

    Differentiable: TypeAlias = DifferentiableCircuit | ShiftedCircuit

__all__ = ["Method", "differentiable", "require_method"]

Method = Literal["adjoint", "shift"]


def differentiable(
    method: Method,
    circuit: QuantumCircuit,
    admission: Admission,
    parameters: Sequence[Parameter | str] | None = None,
    *,
    light_cones: bool = True,
) -> Differentiable:
    """Make a circuit ready to be differentiated; light cones are of use to shifts alone.

    Raises
    ------
    InvalidOptionError
        There is no such method, or a parameter is not one of the circuit's.
    InvalidCircuitError, InsufficientMemoryError
        As `DifferentiableCircuit` or `ShiftedCircuit`.
    """
    require_method(method)
    if method == "adjoint":
        return DifferentiableCircuit(circuit, admission, parameters)
    return ShiftedCircuit(circuit, admission, parameters, light_cones=light_cones)


def require_method(method: str) -> None:
    """Raise InvalidOptionError if there is no such method."""
    if method not in ("adjoint", "shift"):
        raise InvalidOptionError(f'method must be "adjoint" or "shift", got {method!r}.')
