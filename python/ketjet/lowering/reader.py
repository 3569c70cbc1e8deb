"""A circuit read in chunks, and the kinds of operations that are found there."""

from __future__ import annotations

import enum
import functools
from typing import TYPE_CHECKING, Any

from qiskit.circuit import (
    AnnotatedOperation,
    Barrier,
    BreakLoopOp,
    ContinueLoopOp,
    ControlFlowOp,
    Delay,
    Measure,
    Reset,
    Store,
)
from qiskit.circuit.library import IGate, UnitaryGate

from ketjet.lowering.operations import instruction_codes, plain_codes
from ketjet.lowering.structured import are_unitary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qiskit.circuit import CircuitInstruction, QuantumCircuit

    from ketjet.lowering.operations import Placement

CHUNK = 512
"""How many instructions are read at a time; more would only leave the caches."""

SMALL_QUBITS = 4
"""Matrices on up to so many qubits are lowered together with the plain gates around them."""


class Kind(enum.Enum):
    """What the walk does with an operation."""

    GATE = enum.auto()
    ANNOTATED = enum.auto()
    COLLAPSE = enum.auto()
    NO_EFFECT = enum.auto()
    CONTROL_FLOW = enum.auto()


@functools.cache
def kind_of(operation_type: type) -> Kind:
    """Sort a class of operations; asking once per class is much faster than isinstance on Qiskit's abstract classes."""
    kinds: dict[Kind, tuple[type, ...]] = {
        Kind.ANNOTATED: (AnnotatedOperation,),
        Kind.COLLAPSE: (Measure, Reset),
        Kind.NO_EFFECT: (Barrier, Delay, IGate),
        Kind.CONTROL_FLOW: (ControlFlowOp, BreakLoopOp, ContinueLoopOp, Store),
    }
    return next((kind for kind, types in kinds.items() if issubclass(operation_type, types)), Kind.GATE)


class CircuitReader:
    """Reads a circuit's instructions in chunks, and what is plain in a chunk all at once.

    Parameters
    ----------
    circuit
        Whose instructions they are.
    instructions
        All of them, or in another order.
    placement
        Where the circuit acts.
    """

    __slots__ = (
        "_instructions",
        "_modified",
        "_read",
        "_targets",
        "_wires",
        "chunk",
        "clbits",
        "codes",
        "matrices",
        "position",
    )

    def __init__(self, circuit: QuantumCircuit, instructions: Sequence[CircuitInstruction], placement: Placement):
        self._instructions = instructions
        self._read = 0  # how many instructions have been in a chunk
        self._modified = bool(placement.controls) or placement.inverse
        self._targets = placement.targets
        self._wires: dict[Any, int] | None = None  # by qubit, unless the qubits' places in their register tell them
        if [getattr(qubit, "_index", None) for qubit in circuit.qubits] != [*range(circuit.num_qubits)]:
            self._wires = dict(zip(circuit.qubits, placement.targets, strict=True))
        self.clbits = dict(zip(circuit.clbits, placement.clbits, strict=True))
        self.chunk: Sequence[CircuitInstruction] = ()
        self.codes: list[int | None] = [None]
        """For each instruction of the chunk, its code if it is a plain gate, a measurement or a small matrix, else
        None; and one None more, where the chunk ends."""
        self.matrices: Iterator[NDArray[np.complex128]] = iter(())
        """The small matrices of the chunk that have not been lowered."""
        self.position = 0
        """The first instruction of the chunk that has not been lowered."""

    def advance(self) -> bool:
        """Make sure that there is an instruction at the position; False if all have been lowered."""
        if self.position < len(self.chunk):
            return True
        if 0 < len(self.chunk) < CHUNK:
            return False
        self.chunk, self.position = self._instructions[self._read : self._read + CHUNK], 0
        self._read += CHUNK
        if self._modified:  # no gate is emitted as it is
            self.codes = [None] * (len(self.chunk) + 1)
        else:
            code_of = plain_codes().get
            self.codes = [code_of(each.name) if each.is_standard_gate() else _other_code(each) for each in self.chunk]
            if instruction_codes()["unitary"] in self.codes:
                self._read_matrices()
            self.codes.append(None)
        return bool(self.chunk)

    def _read_matrices(self) -> None:
        """Check all small matrices of the chunk at once; unless all are good, each is lowered for itself."""
        code = instruction_codes()["unitary"]
        found = [each.matrix for each, its_code in zip(self.chunk, self.codes, strict=True) if its_code == code]
        if all(matrix is not None for matrix in found) and are_unitary(found):
            self.matrices = iter(found)
        else:
            self.codes = [None if its_code == code else its_code for its_code in self.codes]

    def wires_of(self, instructions: Iterable[CircuitInstruction]) -> list[int]:
        """Return the numbers of the instructions' qubits, one after the other."""
        if self._wires is None:  # hashing a qubit takes longer than all the rest
            targets = self._targets
            return [targets[qubit._index] for instruction in instructions for qubit in instruction.qubits]
        wires = self._wires
        return [wires[qubit] for instruction in instructions for qubit in instruction.qubits]


def _other_code(instruction: CircuitInstruction) -> int | None:
    name = instruction.name
    if name == "unitary" and len(instruction.qubits) <= SMALL_QUBITS and type(instruction.operation) is UnitaryGate:
        return instruction_codes()["unitary"]
    if name == "measure" and isinstance(instruction.operation, Measure):
        return instruction_codes()["measure"]
    return None
