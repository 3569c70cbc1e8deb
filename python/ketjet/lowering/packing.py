"""The columns of a packed program, put together from what a builder has gathered."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet import engine
from ketjet.lowering.codes import instruction_codes, shape_rows, shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ketjet.lowering.builder import ProgramBuilder

FEW = 64
"""Up to so many operations NumPy takes longer than Python itself."""


def operation_of_slot(builder: ProgramBuilder, slot: int) -> int:
    """Return the number of the operation that owns a slot."""
    slots = shapes()[1][builder.codes]
    for special in builder.specials:
        slots[special.operation] = special.slots
    return int(np.searchsorted(np.cumsum(slots), slot, side="right"))


def pack(builder: ProgramBuilder, num_clbits: int, qubits: Sequence[int]) -> engine.Program:
    """Make the program; its qubit i is the circuit's qubit qubits[i]."""
    if len(builder.codes) <= FEW:
        codes, wires, rows = _listed(builder, qubits)
    else:
        codes, wires, rows = _arrayed(builder, qubits)
    wire_begin, slot_begin, num_controls, control_state, operand = rows
    return engine.Program(
        num_qubits=len(qubits),
        num_clbits=num_clbits,
        codes=codes,
        wire_begin=wire_begin,
        wires=wires,
        num_controls=num_controls,
        control_state=control_state,
        slot_begin=slot_begin,
        slots=builder.slots,
        operand=operand,
        payloads=builder.payloads,
    )


def _listed(builder: ProgramBuilder, qubits: Sequence[int]) -> tuple[Any, Any, tuple[Any, ...]]:
    """Put the columns of a short program together."""
    by_code, measure = shape_rows(), instruction_codes()["measure"]
    rows = [by_code[code] for code in builder.codes]
    operand = [-1] * len(rows)
    if builder.measured:
        measurements = (i for i, code in enumerate(builder.codes) if code == measure)
        for i, clbit in zip(measurements, builder.measured, strict=True):
            operand[i] = clbit
    for special in builder.specials:
        rows[special.operation] = special[1:5]
        operand[special.operation] = special.operand
    wires, slots, controls, states = zip(*rows, strict=True) if rows else ((), (), (), ())
    begins = [0, *itertools.accumulate(wires)], [0, *itertools.accumulate(slots)]
    numbers = {qubit: number for number, qubit in enumerate(qubits)}
    return builder.codes, [numbers[wire] for wire in builder.wires], (*begins, controls, states, operand)


def _arrayed(builder: ProgramBuilder, qubits: Sequence[int]) -> tuple[Any, Any, tuple[Any, ...]]:
    """Do the same for a long program, all operations at once."""
    codes, wires = _array(builder.codes), _array(builder.wires)
    rows = shapes().take(codes, axis=1)
    operand = np.full(len(codes), -1, np.int64)
    if builder.measured:
        operand[codes == instruction_codes()["measure"]] = builder.measured
    if builder.specials:
        special, *columns, operands = (np.array(column) for column in zip(*builder.specials, strict=True))
        rows[:, special] = columns
        operand[special] = operands
    begins = np.zeros((2, len(codes) + 1), np.uint32)
    rows[:2].cumsum(axis=1, out=begins[:, 1:])
    if qubits and qubits[-1] != len(qubits) - 1:
        numbers = np.full(max(qubits) + 1, -1, np.int32)
        numbers[list(qubits)] = np.arange(len(qubits), dtype=np.int32)
        wires = numbers[wires]
    return codes, wires, (*begins, *rows[2:], operand)


def _array(numbers: list[int]) -> NDArray[Any]:
    """Return small numbers as an array; by way of bytes, which is several times faster, if they are below 256."""
    try:
        return np.frombuffer(bytes(numbers), np.uint8)
    except ValueError:
        return np.array(numbers, np.int32)
