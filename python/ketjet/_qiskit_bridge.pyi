"""
Reads plain instructions of circuits through Qiskit's C API.
"""
from __future__ import annotations
import collections.abc
import typing
__all__: list[str] = ['Reader', 'mark']
class Reader:
    """
    Reads circuits; holds the engine's codes of what they are made of.
    """
    def __init__(self, gates: collections.abc.Mapping[str, tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]], measure: typing.SupportsInt | typing.SupportsIndex, reset: typing.SupportsInt | typing.SupportsIndex, unitary: typing.SupportsInt | typing.SupportsIndex, global_phase: typing.SupportsInt | typing.SupportsIndex, max_matrix_qubits: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def read(self, circuit_data: typing.Any, parameters: collections.abc.Sequence[str], global_phase: typing.SupportsFloat | typing.SupportsIndex | None, keep_idle_qubits: bool, starts_in_zero: bool) -> tuple | None:
        """
        (qubits or None, columns, matrices, whether it measures, expressions or None, gaps or None), or None for a circuit with an angle that is not finite. There are gaps if other instructions are still to be read: of each instruction without an operation its number, how many operations come before it, and whether it is to be read; then the global phase is left out, too, and all qubits have their own numbers. The columns of a circuit without matrices, expressions and gaps are a capsule for the engine.
        """
def mark(circuit_data: typing.Any) -> int | None:
    """
    A hash of all that acts on a state, in 64 bits; None for a circuit with instructions that this cannot tell of.
    """
