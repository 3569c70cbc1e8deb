"""The packed arrays of a program, appended to operation by operation.

The common gate costs three list appends: what follows from its code alone (number of wires, controls, slots) is
looked up for all operations at once in `packing`. Only operations that deviate are noted in `specials`. Lists only
grow, so a stretch of them can be appended again on other qubits (`replay`).
"""

from __future__ import annotations

import itertools
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet.engine import instruction_codes
from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.operations import gate_rows
from ketjet.lowering.parameters import is_unbound, real_number
from ketjet.lowering.unbound_slots import UnboundSlots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ketjet.lowering.operations import Placement
    from ketjet.lowering.parameters import LoopValue


SPECIAL_NUMBERS = 6
"""What is noted of an operation whose shape does not follow from its code: its number, how many wires, slots and
controls it has, the state of the controls as a signed word, and its operand. All follow one another in one list, for
a million tuples would be work for the garbage collector."""

MAX_CONTROLS = 64
"""Their state is a word."""

MAX_OPERATIONS = 20_000_000
"""A circuit that unrolls to more operations is refused before it fills the memory."""


class Position(NamedTuple):
    """A position in all lists of the builder."""

    operations: int
    wires: int
    slots: int
    specials: int
    measured: int
    unbound: int
    classical: int
    labels: int


class Classical(NamedTuple):
    """A computation, branch or jump; the operation it leads to is known when its label has been placed."""

    operation: int
    label: int | None
    """Where a branch or jump leads."""
    code: list[int] | None
    """What is computed, or decides a branch; it may grow until the program is packed."""


class ProgramBuilder:
    """Append-only packed arrays of one program over the circuit's qubits.

    Parameters
    ----------
    starts_in_zero
        Whether the program will start with all qubits in state zero.
    num_instructions
        How many instructions the circuit has; their own operations are never too many.
    """

    def __init__(self, starts_in_zero: bool, num_instructions: int) -> None:
        self._starts_in_zero = starts_in_zero
        self._num_instructions = num_instructions
        self.codes: list[int] = []
        self.wires: list[int] = []
        self.slots = array("d")
        self.specials: list[int] = []
        """`SPECIAL_NUMBERS` of each operation."""
        self.measured: list[int] = []
        self.unbound = UnboundSlots()
        self.payloads: list[NDArray[Any]] = []
        self.classical: list[Classical] = []
        self.labels: list[int] = []
        """The number of the operation at every label, -1 before it has been placed."""
        self.writes_clbits = False
        """Whether classical code stores into classical bits."""
        self.instruction = 0
        """Index of the instruction of the outermost circuit that is being lowered, -1 for its global phase."""
        self.instruction_name = ""
        self.looks_back = 0
        """How often what was appended depended on what came before: such a stretch cannot be replayed elsewhere."""
        self._touched: set[int] = set()
        self._touched_wires = 0

    def require_room(self, operations: int) -> None:
        """Raise InvalidCircuitError if so many more operations are too many for a circuit."""
        if len(self.codes) + operations > MAX_OPERATIONS + self._num_instructions:
            msg = f"its definitions and loops unroll to more than {MAX_OPERATIONS} operations; use smaller ones"
            raise InvalidCircuitError(msg)

    def slot(self, value: Any) -> None:
        """Append one angle: a number, or an expression to be evaluated later.

        Raises
        ------
        InvalidCircuitError
            If the value is no real number. NaN and infinity pass; `pack`'s caller checks all slots at once.
        """
        if is_unbound(value):
            self.unbound.append(len(self.slots), value, self.instruction, self.instruction_name)
            self.slots.append(0.0)
        else:
            self.slots.append(real_number(value))

    def gate(self, name: str, placement: Placement, parameters: Sequence[Any] = ()) -> None:
        """Append a row of the gate table; the row's own controls must be in `placement.controls`."""
        self._append(gate_rows()[name].code, placement, parameters)

    def structured(
        self, name: str, placement: Placement, payload: NDArray[Any], parameters: Sequence[Any] = ()
    ) -> None:
        """Append an operation that carries an array: unitary, diagonal, multiplexer, ..."""
        self.payloads.append(payload)
        self._append(instruction_codes()[name], placement, parameters, len(self.payloads) - 1)

    def unitaries(self, places: Sequence[tuple[int, int]], matrices: Iterator[NDArray[np.complex128]]) -> None:
        """Note the matrices of a stretch, all without controls; its codes and wires are still to be appended.

        Parameters
        ----------
        places
            Number and width in qubits of each operation that has a matrix.
        matrices
            As many as are needed are taken from these.
        """
        first = len(self.payloads)
        for operand, (operation, width) in enumerate(places, first):
            self.specials += (operation, width, 0, 0, 0, operand)
        self.payloads += itertools.islice(matrices, len(places))

    def save(self, what: int, placement: Placement, index: int, mode: int, arguments: Sequence[int]) -> None:
        """Append a record of the state; the word of every shot's memory that it may need is filled in later."""
        self.structured("save", placement, np.array([what, index, -1, mode, *arguments], np.int64))

    def phase(self, placement: Placement, angle: Any) -> None:
        """Append a global phase, which under controls is a phase gate on one of them."""
        if not placement.controls:
            self._append(instruction_codes()["global_phase"], placement._replace(targets=()), (angle,))
            return
        last = max(placement.state.bit_length() - 1, 0)  # a closed control, if there is one, becomes the target
        others = tuple(i for i in range(len(placement.controls)) if i != last)
        state = sum((placement.state >> old & 1) << new for new, old in enumerate(others))
        target = placement._replace(targets=(placement.controls[last],), controls=(), state=0)
        phase = target._replace(controls=tuple(placement.controls[i] for i in others), state=state)
        if not placement.state:
            self.gate("x", target)
        self.gate("p", phase, (angle,))
        if not placement.state:
            self.gate("x", target)

    def reset(self, qubit: int) -> None:
        """Append a reset to zero."""
        self.codes.append(instruction_codes()["reset"])
        self.wires.append(qubit)

    def measure(self, qubit: int, clbit: int) -> None:
        """Append a measurement in the computational basis."""
        self.codes.append(instruction_codes()["measure"])
        self.wires.append(qubit)
        self.measured.append(clbit)

    def compute(self, code: list[int]) -> list[int]:
        """Append classical code and return it; if it is still empty in the end, the operation is dropped."""
        self._append_classical("compute", None, code)
        return code

    def branch(self, code: list[int], label: int) -> None:
        """Append a branch: go on at the label unless the code leaves True."""
        self._append_classical("branch", label, code)

    def jump(self, label: int) -> None:
        """Append a jump to a label."""
        self._append_classical("jump", label, None)

    def _append_classical(self, name: str, label: int | None, code: list[int] | None) -> None:
        self.note_classical(len(self.codes), label, code)
        self.codes.append(instruction_codes()[name])

    def note_classical(self, operation: int, label: int | None, code: list[int] | None) -> None:
        """Note where a classical operation leads and what it computes."""
        self.looks_back += 1  # code names classical bits, and variables live only here
        self.classical.append(Classical(operation, label, code))

    def new_label(self, place: int = -1) -> int:
        """Return a label in front of this operation, or one that has no place yet."""
        self.labels.append(place)
        return len(self.labels) - 1

    def place(self, label: int) -> None:
        """Put a label in front of the next operation."""
        self.labels[label] = len(self.codes)

    def touch(self, qubits: Sequence[int]) -> None:
        """Note that qubits are no longer certainly zero, because what follows may have run before."""
        self._touched.update(qubits)

    def still_zero(self, qubits: Sequence[int]) -> bool:
        """Tell whether the qubits are certainly in state zero, because nothing has acted on them."""
        self.looks_back += 1
        self._touched.update(self.wires[self._touched_wires :])
        self._touched_wires = len(self.wires)
        return self._starts_in_zero and self._touched.isdisjoint(qubits)

    def position(self) -> Position:
        """Return the present end of all lists."""
        return Position(
            len(self.codes),
            len(self.wires),
            len(self.slots),
            len(self.specials),
            len(self.measured),
            len(self.unbound),
            len(self.classical),
            len(self.labels),
        )

    def replay(
        self,
        begin: Position,
        end: Position,
        wires: Mapping[int, int] | None = None,
        clbits: Mapping[int, int] | None = None,
        value: LoopValue | None = None,
    ) -> None:
        """Append the operations between two positions once more.

        Parameters
        ----------
        begin, end
            Where the stretch begins and ends; its own labels get new places, jumps out of it lead where they led.
        wires, clbits
            Other qubits and classical bits, unless they stay the same. Classical code always keeps its bits.
        value
            What a loop's parameter is in this repetition.
        """
        shift = len(self.codes) - begin.operations
        slot_shift = len(self.slots) - begin.slots
        own_wires, own_clbits = self.wires[begin.wires : end.wires], self.measured[begin.measured : end.measured]
        self.codes += self.codes[begin.operations : end.operations]
        self.wires += own_wires if wires is None else [wires[wire] for wire in own_wires]
        self.slots += self.slots[begin.slots : end.slots]
        self.measured += own_clbits if clbits is None else [clbits[clbit] for clbit in own_clbits]
        own_specials = self.specials[begin.specials : end.specials]
        own_specials[::SPECIAL_NUMBERS] = [operation + shift for operation in own_specials[::SPECIAL_NUMBERS]]
        self.specials += own_specials
        if end.classical > begin.classical:
            self._replay_classical(begin, end, shift)
        if value is None:
            self.unbound.repeat(begin.unbound, end.unbound, slot_shift, self.instruction, self.instruction_name)
            return
        for entry in self.unbound.between(begin.unbound, end.unbound):
            self._fill(entry.slot + slot_shift, entry.expression, value)

    def _replay_classical(self, begin: Position, end: Position, shift: int) -> None:
        label_shift = len(self.labels) - begin.labels
        self.labels += [place + shift for place in self.labels[begin.labels : end.labels]]
        for operation, label, code in self.classical[begin.classical : end.classical]:
            own = label is not None and begin.labels <= label < end.labels
            leads_to = label + label_shift if own and label is not None else label
            self.classical.append(Classical(operation + shift, leads_to, code))

    def _fill(self, slot: int, expression: Any, value: LoopValue) -> None:
        """Give a slot the value of an expression, as far as a loop's parameter tells it."""
        expression = value.put_into(expression)
        if is_unbound(expression):
            self.unbound.append(slot, expression, self.instruction, self.instruction_name)
        else:
            self.slots[slot] = real_number(expression)

    def settle(self, begin: Position, end: Position, value: LoopValue) -> None:
        """Give a loop's parameter its value in the slots between two marks."""
        entries = [*self.unbound.between(begin.unbound, end.unbound)]
        later = [*self.unbound.between(end.unbound, len(self.unbound))]
        self.unbound.truncate(begin.unbound)
        for entry in entries:
            self._fill(entry.slot, entry.expression, value)
        for entry in later:
            self.unbound.append(*entry)

    def _append(self, code: int, placement: Placement, parameters: Sequence[Any], operand: int = -1) -> None:
        wires, controls, state = placement.controls + placement.targets, len(placement.controls), placement.state
        if controls > MAX_CONTROLS:
            msg = f"it has {controls} controls, and at most {MAX_CONTROLS} are possible; give it fewer"
            raise UnsupportedInstructionError(msg)
        for value in parameters:
            if type(value) is float:
                self.slots.append(value)
            else:
                self.slot(value)
        signed = state - (1 << MAX_CONTROLS) if state >> (MAX_CONTROLS - 1) else state
        self.specials += (len(self.codes), len(wires), len(parameters), controls, signed, operand)
        self.codes.append(code)
        self.wires += wires
