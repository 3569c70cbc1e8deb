"""The packed arrays of a program, appended to operation by operation.

The common gate costs three list appends: what follows from its code alone (number of wires, controls, slots) is
looked up for all operations at once in `pack`. Only operations that deviate leave a `Special`. Lists only grow, so a
stretch of them is a recording that can be played again on other qubits (`replay`).
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.lowering.parameters import UnboundSlot, is_unbound, real_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ketjet.lowering.placement import Placement


FEW = 64
"""Up to so many operations NumPy takes longer than Python itself."""


class Row(NamedTuple):
    """What the engine's gate table says about one gate."""

    code: int
    controls: int
    targets: int
    parameters: int


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


@functools.cache
def gate_rows() -> dict[str, Row]:
    """Return the rows of the engine's gate table by Qiskit's gate name."""
    return {name: Row(*row) for name, row in engine.gate_codes().items()}


@functools.cache
def instruction_codes() -> dict[str, int]:
    """Return the engine's codes of everything that is not a row of its gate table."""
    return engine.instruction_codes()


@functools.cache
def _shapes() -> NDArray[np.int64]:
    """Wires, slots, controls and their state by code, for operations without a Special."""
    shapes = np.zeros((4, len(gate_rows()) + len(instruction_codes())), np.int64)
    for row in gate_rows().values():
        shapes[:, row.code] = row.controls + row.targets, row.parameters, row.controls, (1 << row.controls) - 1
    for name in ("measure", "reset"):
        shapes[0, instruction_codes()[name]] = 1
    shapes[1, instruction_codes()["global_phase"]] = 1
    return shapes


@functools.cache
def _shape_rows() -> list[tuple[int, ...]]:
    return [tuple(row) for row in _shapes().T.tolist()]


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

    def operation_of_slot(self, slot: int) -> int:
        """Return the number of the operation that owns a slot."""
        slots = _shapes()[1][self.codes]
        for special in self.specials:
            slots[special.operation] = special.slots
        return int(np.searchsorted(np.cumsum(slots), slot, side="right"))

    def pack(self, num_clbits: int, qubits: Sequence[int]) -> engine.Program:
        """Make the program; its qubit i is the circuit's qubit qubits[i]."""
        if len(self.codes) <= FEW:
            codes, wires, shapes = self._listed(qubits)
        else:
            codes, wires, shapes = self._arrayed(qubits)
        wire_begin, slot_begin, num_controls, control_state, operand = shapes
        return engine.Program(
            num_qubits=len(qubits),
            num_clbits=num_clbits,
            codes=codes,
            wire_begin=wire_begin,
            wires=wires,
            num_controls=num_controls,
            control_state=control_state,
            slot_begin=slot_begin,
            slots=self.slots,
            operand=operand,
            payloads=self.payloads,
        )

    def _listed(self, qubits: Sequence[int]) -> tuple[Any, Any, tuple[Any, ...]]:
        """Put the columns of a short program together."""
        by_code, measure = _shape_rows(), instruction_codes()["measure"]
        rows = [by_code[code] for code in self.codes]
        operand = [-1] * len(rows)
        if self.measured:
            measurements = (i for i, code in enumerate(self.codes) if code == measure)
            for i, clbit in zip(measurements, self.measured, strict=True):
                operand[i] = clbit
        for special in self.specials:
            rows[special.operation] = special[1:5]
            operand[special.operation] = special.operand
        wires, slots, controls, states = zip(*rows, strict=True) if rows else ((), (), (), ())
        begins = [0, *itertools.accumulate(wires)], [0, *itertools.accumulate(slots)]
        numbers = {qubit: number for number, qubit in enumerate(qubits)}
        return self.codes, [numbers[wire] for wire in self.wires], (*begins, controls, states, operand)

    def _arrayed(self, qubits: Sequence[int]) -> tuple[Any, Any, tuple[Any, ...]]:
        """Do the same for a long program, all operations at once."""
        codes, wires = _array(self.codes), _array(self.wires)
        shapes = _shapes().take(codes, axis=1)
        operand = np.full(len(codes), -1, np.int64)
        if self.measured:
            operand[codes == instruction_codes()["measure"]] = self.measured
        if self.specials:
            rows, *columns, operands = (np.array(column) for column in zip(*self.specials, strict=True))
            shapes[:, rows] = columns
            operand[rows] = operands
        begins = np.zeros((2, len(codes) + 1), np.uint32)
        shapes[:2].cumsum(axis=1, out=begins[:, 1:])
        if qubits and qubits[-1] != len(qubits) - 1:
            numbers = np.full(max(qubits) + 1, -1, np.int32)
            numbers[list(qubits)] = np.arange(len(qubits), dtype=np.int32)
            wires = numbers[wires]
        return codes, wires, (*begins, *shapes[2:], operand)

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


def _array(numbers: list[int]) -> NDArray[Any]:
    """Return small numbers as an array; by way of bytes, which is several times faster, if they are below 256."""
    try:
        return np.frombuffer(bytes(numbers), np.uint8)
    except ValueError:
        return np.array(numbers, np.int32)
