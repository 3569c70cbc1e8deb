"""Appends what Qiskit's C API has read of a circuit to a program, and hands out the instructions that it has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketjet.lowering.arrays import CHUNK
from ketjet.lowering.reader import CircuitReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit import QuantumCircuit

    from ketjet.lowering.builder import ProgramBuilder
    from ketjet.lowering.native import Jumps, NativeReading
    from ketjet.lowering.operations import Placement
    from ketjet.lowering.source_map import SourceMap

__all__ = ["NativeReader"]


class NativeReader(CircuitReader):
    """Does what a `CircuitReader` does.

    Parameters
    ----------
    circuit
        Whose instructions they are.
    reading
        What has been read of it.
    placement
        Where the circuit acts: all its qubits and classical bits, if it is the outermost one.
    builder
        What has been read is appended to.
    source
        Where all instructions of the outermost circuit are noted.
    is_outermost
        Whether it is the circuit that messages count the instructions of.
    """

    __slots__ = (
        "_columns", "_expressions", "_gaps", "_jumps", "_labels", "_measured", "_next_jump", "_next_measured",
        "_next_special", "_numbers", "_payloads", "_specials", "_unbound",
    )  # fmt: skip

    def __init__(
        self,
        circuit: QuantumCircuit,
        reading: NativeReading,
        placement: Placement,
        builder: ProgramBuilder,
        source: SourceMap,
        *,
        is_outermost: bool = False,
    ) -> None:
        super().__init__(circuit, circuit._data, placement, builder, source, is_outermost=is_outermost)
        assert reading.gaps is not None
        assert reading.columns is not None
        assert reading.odd is not None
        self._gaps, self._columns, self._expressions = reading.gaps, reading.columns, reading.expressions
        self._payloads, self._jumps = reading.payloads, reading.jumps
        self._numbers: dict[int, int] = {}  # of payloads in the builder, by their numbers in the reading
        self._unbound = 0  # how many of the slots that follow from parameters have been appended
        self._specials, self._measured = (each.tolist() for each in reading.odd)
        self._next_special = self._next_measured = self._next_jump = 0
        self._labels: dict[int, int] = {}

    def read(self) -> Iterator[tuple[Any, Placement]]:
        """Append what has been read; yield every other operation and where it acts, to be lowered before going on."""
        builder, done = self._builder, 0
        for number, operations, is_left in self._gaps.tolist():
            self._append_up_to(done, operations)
            done = operations
            if is_left:
                yield from self._left(number)
            if self._is_outermost:
                self._source.step(len(builder.codes), number + 1)
        self._append_up_to(done, len(self._columns.codes))

    def _append_up_to(self, begin: int, end: int) -> None:
        """Append operations piece by piece, so that other threads get their turn."""
        if self._jumps is not None:
            self._append_jumps(self._jumps, end, len(self._builder.codes) - begin)
        for first in range(begin, end, CHUNK):
            self._append_read(first, min(first + CHUNK, end))

    def _append_read(self, begin: int, end: int) -> None:
        builder, columns = self._builder, self._columns
        ahead = len(builder.codes) - begin
        while self._next_special < len(self._specials) and self._specials[self._next_special][0] < end:
            operation, *shape, payload = self._specials[self._next_special]
            builder.specials += (operation + ahead, *shape, self._number_of_payload(payload))
            self._next_special += 1
        while self._next_measured < len(self._measured) and self._measured[self._next_measured][0] < end:
            builder.measured.append(self._measured[self._next_measured][1])
            self._next_measured += 1
        self._append_slots(int(columns.slot_begin[begin]), int(columns.slot_begin[end]))
        builder.wires += columns.wires[columns.wire_begin[begin] : columns.wire_begin[end]].tolist()
        builder.codes += columns.codes[begin:end].tolist()

    def _number_of_payload(self, number: int) -> int:
        if number < 0:
            return number
        if number not in self._numbers:
            self._numbers[number] = len(self._builder.payloads)
            self._builder.payloads.append(self._payloads[number])
        return self._numbers[number]

    def _append_slots(self, begin: int, end: int) -> None:
        builder, used = self._builder, self._expressions
        shift = len(builder.slots) - begin
        builder.slots.frombytes(self._columns.slots[begin:end].tobytes())
        if used is None:
            return
        instruction, gate = builder.instruction, builder.instruction_name
        while self._unbound < len(used.slots) and used.slots[self._unbound] < end:
            place = self._unbound
            if self._is_outermost:
                instruction, gate = int(used.instructions[place]), used.gates[place]
            expression = used.expressions[used.numbers[place]]
            builder.unbound.append(int(used.slots[place]) + shift, expression, instruction, gate)
            self._unbound += 1

    def _append_jumps(self, jumps: Jumps, end: int, shift: int) -> None:
        """Note the classical operations in front of one, which are about to be appended so many operations further."""
        builder = self._builder
        while self._next_jump < len(jumps.operations) and jumps.operations[self._next_jump, 0] < end:
            operation, label, code = jumps.operations[self._next_jump].tolist()
            if label >= 0 and label not in self._labels:
                self._labels[label] = builder.new_label(jumps.places[label] + shift)
            leads_to = self._labels.get(label)
            builder.note_classical(operation + shift, leads_to, None if code < 0 else jumps.codes[code])
            self._next_jump += 1
        builder.touch(jumps.touched[jumps.touched[:, 0] < end, 1].tolist())
