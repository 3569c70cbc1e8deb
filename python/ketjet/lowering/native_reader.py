"""Appends what Qiskit's C API has read of a circuit to a program, and hands out the instructions that it has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketjet.engine import instruction_codes
from ketjet.lowering.arrays import CHUNK
from ketjet.lowering.reader import CircuitReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit import QuantumCircuit

    from ketjet.lowering.builder import ProgramBuilder
    from ketjet.lowering.native import NativeReading
    from ketjet.lowering.operations import Placement
    from ketjet.lowering.source_map import SourceMap

__all__ = ["NativeReader"]


class NativeReader(CircuitReader):
    """Does what a `CircuitReader` does, for the outermost circuit.

    Parameters
    ----------
    circuit
        Whose instructions they are.
    reading
        What has been read of it.
    everything
        All its qubits and classical bits.
    builder
        What plain instructions are appended to.
    source
        Where all instructions are noted.
    """

    __slots__ = ("_columns", "_expressions", "_gaps", "_matrices", "_unbound")

    def __init__(
        self,
        circuit: QuantumCircuit,
        reading: NativeReading,
        everything: Placement,
        builder: ProgramBuilder,
        source: SourceMap,
    ) -> None:
        super().__init__(circuit, circuit.data, everything, builder, source, is_outermost=True)
        assert reading.gaps is not None
        assert reading.columns is not None
        self._gaps, self._columns, self._expressions = reading.gaps, reading.columns, reading.expressions
        self._matrices = iter(reading.matrices)
        self._unbound = 0  # how many of the slots that follow from parameters have been appended

    def read(self) -> Iterator[tuple[Any, Placement]]:
        """Append what has been read; yield every other operation and where it acts, to be lowered before going on."""
        builder, done = self._builder, 0
        for number, operations, is_left in self._gaps.tolist():
            self._append_up_to(done, operations)
            done = operations
            if is_left:
                yield from self._left(number)
            self._source.step(len(builder.codes), number + 1)
        self._append_up_to(done, len(self._columns.codes))

    def _append_up_to(self, begin: int, end: int) -> None:
        """Append operations piece by piece, so that other threads get their turn."""
        for first in range(begin, end, CHUNK):
            self._append_read(first, min(first + CHUNK, end))

    def _append_read(self, begin: int, end: int) -> None:
        builder, columns, numbers = self._builder, self._columns, instruction_codes()
        codes = columns.codes[begin:end].tolist()
        if numbers["unitary"] in codes:
            widths = (columns.wire_begin[begin + 1 : end + 1] - columns.wire_begin[begin:end]).tolist()
            shift = len(builder.codes)
            places = [
                (shift + place, width)
                for place, (code, width) in enumerate(zip(codes, widths, strict=True))
                if code == numbers["unitary"]
            ]
            builder.unitaries(places, self._matrices)
        if numbers["measure"] in codes:
            builder.measured += columns.operand[begin:end][columns.codes[begin:end] == numbers["measure"]].tolist()
        self._append_slots(int(columns.slot_begin[begin]), int(columns.slot_begin[end]))
        builder.wires += columns.wires[columns.wire_begin[begin] : columns.wire_begin[end]].tolist()
        builder.codes += codes

    def _append_slots(self, begin: int, end: int) -> None:
        builder, used = self._builder, self._expressions
        shift = len(builder.slots) - begin
        builder.slots.frombytes(self._columns.slots[begin:end].tobytes())
        if used is None:
            return
        while self._unbound < len(used.slots) and used.slots[self._unbound] < end:
            place = self._unbound
            expression = used.expressions[used.numbers[place]]
            builder.unbound.append(
                int(used.slots[place]) + shift, expression, int(used.instructions[place]), used.gates[place]
            )
            self._unbound += 1
