"""What one save instruction of a circuit asks for."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SaveRequest"]


class SaveRequest(NamedTuple):
    """One save instruction of a circuit."""

    number: int
    """Its place among the circuit's saves."""
    label: str
    name: str
    """Of the instruction, e.g. "save_statevector"."""
    subtype: str
    num_qubits: int
    column: int
    """Its column in the chains of the outcome if it is listed per shot, else -1."""
