"""The packed arrays of a program, appended to operation by operation.

The common gate costs three list appends: what follows from its code alone (number of wires, controls, slots) is
looked up for all operations at once in `packing`. Only operations that deviate leave a `Special`. Lists only grow, so
a stretch of them is a recording that can be played again on other qubits (`replay`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.lowering.codes import gate_rows, instruction_codes
from ketjet.lowering.parameters import UnboundSlot, is_unbound, real_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ketjet.lowering.placement import Placement


class Special(NamedTuple):
    """An operation whose shape does not follow from its code."""

    operation: int
    wires: int
    slots: int
    controls: int
    state: int
    operand: int


class Mark(NamedTuple):
    """A position in all lists of the builder."""

    operations: int
    wires: int
    slots: int
    specials: int
    measured: int
    unbound: int


class ProgramBuilder:
    """Append-only packed arrays of one program over the circuit's qubits."""

    def __init__(self, starts_in_zero: bool) -> None:
        self._starts_in_zero = starts_in_zero
        self.codes: list[int] = []
        self.wires: list[int] = []
        self.slots: list[float] = []
        self.specials: list[Special] = []
        self.measured: list[int] = []
        self.unbound: list[UnboundSlot] = []
        self.payloads: list[NDArray[Any]] = []
        self.instruction = 0
        """Index of the instruction of the outermost circuit that is being lowered, -1 for its global phase."""
        self.instruction_name = ""
        self.looks_back = 0
        """How often what was appended depended on what came before, so that a recording does not fit elsewhere."""
        self._touched: set[int] = set()
        self._touched_wires = 0

    def slot(self, value: Any) -> None:
        """Append one angle: a number, or an expression to be evaluated later.

        Raises
        ------
        InvalidCircuitError
            If the value is no real number. NaN and infinity pass; `pack`'s caller checks all slots at once.
        """
        if is_unbound(value):
            self.unbound.append(UnboundSlot(len(self.slots), value, self.instruction, self.instruction_name))
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

    def unitary(self, wires: Sequence[int], matrix: NDArray[np.complex128]) -> None:
        """Append a matrix without controls."""
        self.specials.append(Special(len(self.codes), len(wires), 0, 0, 0, len(self.payloads)))
        self.payloads.append(matrix.reshape(-1))
        self.codes.append(instruction_codes()["unitary"])
        self.wires += wires

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

    def still_zero(self, qubits: Sequence[int]) -> bool:
        """Tell whether the qubits are certainly in state zero, because nothing has acted on them."""
        self.looks_back += 1
        self._touched.update(self.wires[self._touched_wires :])
        self._touched_wires = len(self.wires)
        return self._starts_in_zero and self._touched.isdisjoint(qubits)

    def mark(self) -> Mark:
        """Return the present end of all lists."""
        lists = (self.codes, self.wires, self.slots, self.specials, self.measured, self.unbound)
        return Mark(*(len(entries) for entries in lists))

    def replay(self, begin: Mark, end: Mark, wires: Mapping[int, int], clbits: Mapping[int, int]) -> None:
        """Append the operations between two marks once more, with other qubits and classical bits."""
        shift = len(self.codes) - begin.operations
        slot_shift = len(self.slots) - begin.slots
        self.codes += self.codes[begin.operations : end.operations]
        self.wires += [wires[wire] for wire in self.wires[begin.wires : end.wires]]
        self.slots += self.slots[begin.slots : end.slots]
        self.measured += [clbits[clbit] for clbit in self.measured[begin.measured : end.measured]]
        self.specials += [
            Special(special.operation + shift, *special[1:]) for special in self.specials[begin.specials : end.specials]
        ]
        self.unbound += [
            UnboundSlot(entry.slot + slot_shift, entry.expression, self.instruction, self.instruction_name)
            for entry in self.unbound[begin.unbound : end.unbound]
        ]

    def _append(self, code: int, placement: Placement, parameters: Sequence[Any], operand: int = -1) -> None:
        wires = placement.controls + placement.targets
        for value in parameters:
            if type(value) is float:
                self.slots.append(value)
            else:
                self.slot(value)
        self.specials.append(
            Special(len(self.codes), len(wires), len(parameters), len(placement.controls), placement.state, operand)
        )
        self.codes.append(code)
        self.wires += wires
