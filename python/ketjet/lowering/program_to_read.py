"""What a program does to its state, for whoever reads that alone: without save instructions and final measurements.

An engine that keeps the state does not carry out a measurement that nothing on its qubit follows, so the state is the
one before it. Averaged over the outcomes, only what does not commute with Z of that qubit reads differently: it is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.lowering.lower import lower

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit

    from ketjet.lowering.lower import LoweredCircuit

__all__ = [
    "CircuitToRead",
    "ProgramPart",
    "ProgramToRead",
    "has_loops_without_bound",
    "jump_targets",
    "lower_to_read",
    "part_with",
    "program_to_read",
]

CLASSICAL = ("compute", "branch", "jump")
"""Operations that classical code is in, or that control flow consists of."""


class ProgramToRead(NamedTuple):
    """A program for whoever reads its final states.

    Attributes
    ----------
    program : Program
        Without save instructions, and without measurements at the end whose outcomes no classical code can see.
    measured : tuple of int
        The program's qubits that every run measures last of all, be it in vain.
    measures_midway : bool
        Whether there are measurements before something that acts on their qubit.
    """

    program: engine.Program
    measured: tuple[int, ...]
    measures_midway: bool


class CircuitToRead(NamedTuple):
    """A circuit for whoever reads its final states.

    Attributes
    ----------
    lowered : LoweredCircuit
        Without save instructions and measurements at the end; nobody asks for the outcomes of others.
    measured, measures_midway
        As of `ProgramToRead`.
    saves : bool
        Whether the circuit has save instructions.
    """

    lowered: LoweredCircuit
    measured: tuple[int, ...]
    measures_midway: bool
    saves: bool


def lower_to_read(circuit: QuantumCircuit, *, keep_idle_qubits: bool = False) -> CircuitToRead:
    """Lower a circuit, and drop what does not change how its final states read.

    The program has all qubits of the circuit if idle ones are kept.

    Raises
    ------
    InvalidCircuitError, UnsupportedInstructionError
        As `lower`.
    """
    lowered = lower(circuit, keep_idle_qubits=keep_idle_qubits)
    if not (lowered.has_measurements or lowered.saves):
        return CircuitToRead(lowered, (), False, False)
    program, measured, measures_midway = program_to_read(lowered.program)
    plain = lowered._replace(program=program, has_measurements=False, saves=())
    return CircuitToRead(plain, measured, measures_midway, bool(lowered.saves))


def program_to_read(program: engine.Program) -> ProgramToRead:
    """Drop what does not change how the final states read."""
    packed = list(program.packed())
    num_qubits, _, codes, wire_begin, wires = packed[:5]
    numbers = engine.instruction_codes()
    measures, saves = (np.flatnonzero(codes == numbers[name]) for name in ("measure", "save"))
    homes = np.repeat(np.arange(len(codes)), np.diff(wire_begin.astype(np.int64)))
    acting = ~np.isin(codes[homes], [numbers["measure"], numbers["save"]])
    touched = np.full(num_qubits, -1)
    touched[wires[acting]] = homes[acting]  # of several the last
    measured = wires[wire_begin[measures]]
    targets = jump_targets(codes, packed[9], packed[10])
    passed_once = _jumps_across(targets, len(codes))[measures] == 0
    final = passed_once & (measures > touched[measured])
    classical = np.flatnonzero(np.isin(codes, [numbers[name] for name in CLASSICAL]))
    unseen = measures[final & (measures > max(classical.tolist(), default=-1))]
    dropped = np.concatenate([unseen, saves])
    qubits = tuple(np.unique(measured[final]).tolist())
    if len(dropped):
        kept = np.ones(len(codes), bool)
        kept[dropped] = False
        program = _with(packed, kept, targets)
    return ProgramToRead(program, qubits, not final.all())


class ProgramPart(NamedTuple):
    """Some of a program's operations.

    Attributes
    ----------
    program : Program
    qubits : tuple of int
        Its qubit i is qubits[i] of the whole program.
    slots : ndarray of int
        Its slot i is slots[i] of the whole program.
    """

    program: engine.Program
    qubits: tuple[int, ...]
    slots: NDArray[np.int64]


def part_with(program: engine.Program, kept: NDArray[np.bool_], qubits: NDArray[np.int64]) -> ProgramPart:
    """Return the part of a program with some of its operations, and with the qubits of these and some others."""
    packed = list(program.packed())
    codes, wire_begin, wires, slot_begin = packed[2], packed[3], packed[4], packed[7]
    used = np.union1d(wires[np.repeat(kept, np.diff(wire_begin.astype(np.int64)))], qubits)
    numbers = np.zeros(packed[0], wires.dtype)
    numbers[used] = np.arange(len(used))
    packed[0], packed[4] = len(used), numbers[wires]
    slots = np.flatnonzero(np.repeat(kept, np.diff(slot_begin.astype(np.int64))))
    part = _with(packed, kept, jump_targets(codes, packed[9], packed[10]))
    return ProgramPart(part, tuple(used.tolist()), slots)


def jump_targets(
    codes: NDArray[np.int32], operands: NDArray[np.int64], payloads: Sequence[NDArray[Any]]
) -> dict[int, int]:
    """Return where branches and jumps of a packed program lead, by their places."""
    numbers = engine.instruction_codes()
    places = np.flatnonzero(np.isin(codes, [numbers["branch"], numbers["jump"]])).tolist()
    branches = {place for place in places if codes[place] == numbers["branch"]}
    return {place: int(payloads[operands[place]][0] if place in branches else operands[place]) for place in places}


def has_loops_without_bound(program: engine.Program) -> bool:
    """Return whether a loop goes on for as long as its condition holds; one that counts jumps back by a branch."""
    _, _, codes, _, _, _, _, _, _, operands, payloads, *_ = program.packed()
    jump = engine.instruction_codes()["jump"]
    targets = jump_targets(codes, operands, payloads)
    return any(codes[place] == jump and target <= place for place, target in targets.items())


def _jumps_across(targets: dict[int, int], operations: int) -> NDArray[np.int64]:
    """Return for each operation how many jumps lead across it, forwards or back."""
    changes = np.zeros(operations + 2, np.int64)
    for place, target in targets.items():
        changes[min(place + 1, target)] += 1
        changes[max(place + 1, target)] -= 1
    across: NDArray[np.int64] = np.cumsum(changes)
    return across


def _with(packed: list[Any], kept: NDArray[np.bool_], targets: dict[int, int]) -> engine.Program:
    """Return a program with some operations alone; jumps lead to where their targets were."""
    _, _, codes, wire_begin, wires, num_controls, control_state, slot_begin, slots, operand, payloads, *_ = packed
    branch = engine.instruction_codes()["branch"]
    places = np.concatenate([[0], np.cumsum(kept)])
    operand, payloads = operand.copy(), list(payloads)
    for place, target in targets.items():
        if codes[place] == branch:
            payloads[operand[place]] = np.concatenate([places[[target]], payloads[operand[place]][1:]])
        else:
            operand[place] = places[target]
    wire_counts, slot_counts = (np.diff(begins.astype(np.int64)) for begins in (wire_begin, slot_begin))
    packed[2] = codes[kept]
    packed[3] = np.concatenate([[0], np.cumsum(wire_counts[kept])]).astype(np.uint32)
    packed[4] = wires[np.repeat(kept, wire_counts)]
    packed[5], packed[6], packed[9], packed[10] = num_controls[kept], control_state[kept], operand[kept], payloads
    packed[7] = np.concatenate([[0], np.cumsum(slot_counts[kept])]).astype(np.uint32)
    packed[8] = slots[np.repeat(kept, slot_counts)]
    return engine.Program(*packed)
