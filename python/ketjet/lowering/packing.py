"""The columns of a packed program, put together from what a builder has gathered."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet import engine
from ketjet.base.bitstrings import plain
from ketjet.engine import instruction_codes
from ketjet.lowering.arrays import CHUNK, array_of
from ketjet.lowering.builder import MAX_CONTROLS, SPECIAL_NUMBERS, Classical
from ketjet.lowering.operations import shape_rows, shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ketjet.lowering.builder import ProgramBuilder

FEW = 64
"""Up to so many operations NumPy takes longer than Python itself."""


def operation_of_slot(builder: ProgramBuilder, slot: int) -> int:
    """Return the number of the operation that owns a slot."""
    slots = shapes()[1][builder.codes]
    slots[builder.specials[::SPECIAL_NUMBERS]] = builder.specials[2::SPECIAL_NUMBERS]
    return int(np.searchsorted(np.cumsum(slots), slot, side="right"))


def pack(
    builder: ProgramBuilder, num_clbits: int, qubits: Sequence[int], variable_words: int, labels: Sequence[str]
) -> engine.Program:
    """Make the program.

    Parameters
    ----------
    builder
        What was gathered.
    num_clbits
        How many classical bits the circuit has.
    qubits
        The program's qubit i is the circuit's qubit qubits[i].
    variable_words
        How many words its variables need.
    labels
        The names of the variables whose reads are guarded.
    """
    listed, specials, payloads = builder.codes, builder.specials, builder.payloads
    if builder.classical:
        listed, specials, payloads = _resolved(builder)
    columns = listed_columns if len(listed) <= FEW else _arrayed
    codes, wires, (wire_begin, slot_begin, num_controls, control_state, operand) = columns(
        builder, listed, specials, qubits
    )
    return engine.Program(
        num_qubits=len(qubits),
        num_clbits=num_clbits,
        codes=codes,
        wire_begin=wire_begin,
        wires=wires,
        num_controls=num_controls,
        control_state=control_state,
        slot_begin=slot_begin,
        slots=array_of(builder.slots, np.float64),
        operand=operand,
        payloads=payloads,
        variable_words=variable_words,
        labels=labels,
    )


def _resolved(builder: ProgramBuilder) -> tuple[list[int], list[int], list[NDArray[Any]]]:
    """Drop empty computations and jumps to what comes next anyway; turn labels into numbers of operations."""
    kept = np.ones(len(builder.codes), bool)
    kept[[each.operation for each in builder.classical if _is_idle(builder, each)]] = False
    numbers = plain(np.concatenate([[0], np.cumsum(kept)]))
    specials = list(builder.specials)
    specials[::SPECIAL_NUMBERS] = [numbers[operation] for operation in specials[::SPECIAL_NUMBERS]]
    payloads = list(builder.payloads)
    known: dict[tuple[int, int], int] = {}
    for operation, label, code in builder.classical:
        if not kept[operation]:
            continue
        operand = target = -1 if label is None else numbers[builder.labels[label]]
        if code is not None:
            operand = known.setdefault((id(code), target), len(payloads))
            if operand == len(payloads):
                payloads.append(np.array(code if label is None else [target, *code], np.int64))
        specials += (numbers[operation], 0, 0, 0, 0, operand)
    codes = [code for code, keep in zip(builder.codes, plain(kept), strict=True) if keep]
    return codes, specials, payloads


def _is_idle(builder: ProgramBuilder, classical: Classical) -> bool:
    if classical.label is None:
        return not classical.code
    return classical.code is None and builder.labels[classical.label] == classical.operation + 1


def listed_columns(
    builder: ProgramBuilder, codes: list[int], specials: list[int], qubits: Sequence[int]
) -> tuple[Any, Any, tuple[Any, ...]]:
    """Put the columns of a short program together: codes, wires, and the others from `wire_begin` on without slots."""
    by_code, measure = shape_rows(), instruction_codes()["measure"]
    rows = [by_code[code] for code in codes]
    operand = [-1] * len(rows)
    if builder.measured:
        measurements = (i for i, code in enumerate(codes) if code == measure)
        for i, clbit in zip(measurements, builder.measured, strict=True):
            operand[i] = clbit
    for i in range(0, len(specials), SPECIAL_NUMBERS):
        operation, wires, slots, controls, state, its_operand = specials[i : i + SPECIAL_NUMBERS]
        rows[operation] = wires, slots, controls, state % (1 << MAX_CONTROLS)
        operand[operation] = its_operand
    widths, angles, num_controls, states = zip(*rows, strict=True) if rows else ((), (), (), ())
    begins = [0, *itertools.accumulate(widths)], [0, *itertools.accumulate(angles)]
    if _have_gaps(qubits):
        numbers = {qubit: number for number, qubit in enumerate(qubits)}
        return codes, [numbers[wire] for wire in builder.wires], (*begins, num_controls, states, operand)
    return codes, builder.wires, (*begins, num_controls, states, operand)


def _arrayed(
    builder: ProgramBuilder, listed: list[int], specials: list[int], qubits: Sequence[int]
) -> tuple[Any, Any, tuple[Any, ...]]:
    """Do the same for a long program, all operations at once."""
    codes, wires = _array(listed), _array(builder.wires)
    rows = shapes().take(codes, axis=1)
    operand = np.full(len(codes), -1, np.int64)
    if builder.measured:
        operand[codes == instruction_codes()["measure"]] = array_of(builder.measured, np.int64)
    if specials:
        columns = array_of(specials, np.int64).reshape(-1, SPECIAL_NUMBERS).T
        rows[:, columns[0]] = columns[1:5]
        operand[columns[0]] = columns[5]
    begins = np.zeros((2, len(codes) + 1), np.uint32)
    rows[:2].cumsum(axis=1, out=begins[:, 1:])
    if _have_gaps(qubits):
        numbers = np.full(max(qubits) + 1, -1, np.int32)
        numbers[list(qubits)] = np.arange(len(qubits), dtype=np.int32)
        wires = numbers[wires]
    return codes, wires, (*begins, *rows[2:], operand)


def _have_gaps(qubits: Sequence[int]) -> bool:
    """Tell whether the program's qubits have other numbers than the circuit's."""
    return bool(qubits) and qubits[-1] != len(qubits) - 1


def _array(numbers: list[int]) -> NDArray[Any]:
    """Return small numbers as an array; by way of bytes, which is several times faster, if they are below 256."""
    try:
        pieces = [bytes(numbers[begin : begin + CHUNK]) for begin in range(0, len(numbers), CHUNK)]
        return np.frombuffer(b"".join(pieces), np.uint8)
    except ValueError:
        return array_of(numbers, np.int32)
