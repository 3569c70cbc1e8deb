"""
Reads circuits through Qiskit's C API.
"""
from __future__ import annotations
import collections.abc
import typing
__all__: list[str] = ['ReadCircuit', 'Reader', 'mark']
class ReadCircuit:
    """
    What has been read of a circuit.
    """
    def __init__(self, num_qubits: typing.SupportsInt | typing.SupportsIndex, codes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], wire_begin: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], wires: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], num_controls: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], control_state: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], slot_begin: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], slots: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], operand: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], payloads: list, unbound: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        """
        Operations that something else has lowered, and which of their slots are expressions.
        """
    @property
    def expressions(self) -> tuple:
        """
        By expression the parameter that it is, or -1; three numbers of each that is none, one after the other: its own, an instruction's, and its place among the instruction's angles.
        """
    @property
    def is_whole(self) -> bool:
        ...
    @property
    def left(self) -> list[int]:
        """
        The numbers of the instructions that have been left, -1 for those that no circuit defines.
        """
class Reader:
    """
    Reads circuits; holds the engine's codes of what they are made of.
    """
    def __init__(self, gates: collections.abc.Mapping[str, tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]], instructions: collections.abc.Mapping[str, typing.SupportsInt | typing.SupportsIndex], classical: collections.abc.Mapping[str, typing.SupportsInt | typing.SupportsIndex], paulis: collections.abc.Mapping[str, typing.SupportsInt | typing.SupportsIndex], limits: collections.abc.Mapping[str, typing.SupportsInt | typing.SupportsIndex], unitary_tolerance: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    def parts(self, circuit: ReadCircuit) -> tuple:
        """
        (None, columns, payloads, whether it measures, expressions or None, gaps, specials and measurements, jumps or None, words of classical memory): of each instruction that is not exactly one operation the gaps are its number, how many operations come before what follows it, and whether it has been left; jumps have no operands. To be called once.
        """
    def put_in(self, circuit: ReadCircuit, definitions: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], numbers: collections.abc.Mapping[typing.SupportsInt | typing.SupportsIndex, ReadCircuit], most: typing.SupportsInt | typing.SupportsIndex) -> bool:
        """
        Puts in a definition, or none, for each instruction that has been left; its number goes with the expressions in it. False, and nothing has changed, if there would be more operations than so many.
        """
    def read(self, circuit_data: typing.Any, parameters: collections.abc.Sequence[str], starts_in_zero: bool, first_free_word: typing.SupportsInt | typing.SupportsIndex, global_phase: typing.SupportsFloat | typing.SupportsIndex | None, keep_idle_qubits: bool) -> typing.Any:
        """
        What `whole` gives, or a `ReadCircuit` of which something has been left; None also for a circuit that somebody changes meanwhile.
        """
    def read_definition(self, circuit_data: typing.Any, parameters: collections.abc.Sequence[str]) -> ReadCircuit | None:
        """
        The same for what is to be put in, its global phase first.
        """
    def read_inner(self, circuit_data: typing.Any, parameters: collections.abc.Sequence[str], qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], clbits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], with_control_flow: bool, first_free_word: typing.SupportsInt | typing.SupportsIndex) -> ReadCircuit | None:
        """
        A circuit inside another one, with the numbers that its qubits and classical bits have there; None for one that somebody changes meanwhile.
        """
    def whole(self, circuit: ReadCircuit, global_phase: typing.SupportsFloat | typing.SupportsIndex | None, keep_idle_qubits: bool) -> tuple | None:
        """
        What `parts` gives of a circuit that is whole, with the qubits in use, or None for all, without gaps, specials and jumps; the columns are a capsule for the engine unless there are expressions. None if an angle is not finite. To be called once.
        """
def mark(circuit_data: typing.Any) -> int | None:
    """
    A hash of all that acts on a state, in 64 bits; None for a circuit with instructions that this cannot tell of.
    """
