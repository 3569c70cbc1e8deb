"""Reading a circuit: what is plain is appended to a program whole stretches at a time, all else is handed out."""

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

from ketjet.engine import instruction_codes
from ketjet.errors import InvalidCircuitError
from ketjet.lowering.operations import plain_codes
from ketjet.lowering.structured import are_unitary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qiskit.circuit import CircuitInstruction, QuantumCircuit

    from ketjet.lowering.builder import ProgramBuilder
    from ketjet.lowering.operations import Placement
    from ketjet.lowering.source_map import SourceMap

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
    """Reads the instructions of one circuit in chunks.

    Parameters
    ----------
    circuit
        Whose instructions they are.
    instructions
        All of them, or in another order.
    placement
        Where the circuit acts.
    builder
        What plain instructions are appended to: gates of the engine's table, measurements and small matrices.
    source
        Where the instructions of the outermost circuit are noted, and errors get their place.
    is_outermost
        Whether it is the circuit that messages count the instructions of.
    """

    __slots__ = ("_builder", "_instructions", "_is_outermost", "_placement", "_source", "_wires", "clbits")

    def __init__(
        self,
        circuit: QuantumCircuit,
        instructions: Sequence[CircuitInstruction],
        placement: Placement,
        builder: ProgramBuilder,
        source: SourceMap,
        *,
        is_outermost: bool = False,
    ) -> None:
        self._instructions = instructions
        self._placement = placement
        self._builder = builder
        self._source = source
        self._is_outermost = is_outermost
        self._wires: dict[Any, int] | None = None  # by qubit, unless the qubits' places in their register tell them
        if [getattr(qubit, "_index", None) for qubit in circuit.qubits] != [*range(circuit.num_qubits)]:
            self._wires = dict(zip(circuit.qubits, placement.targets, strict=True))
        self.clbits = dict(zip(circuit.clbits, placement.clbits, strict=True))
        """The numbers of the circuit's classical bits."""

    def read(self) -> Iterator[tuple[Any, Placement]]:
        """Append what is plain; yield every other operation and where it acts, to be lowered before going on.

        Raises
        ------
        InvalidCircuitError
            If an angle is no real number.
        """
        builder, source, is_outermost = self._builder, self._source, self._is_outermost
        for first in range(0, len(self._instructions), CHUNK):
            chunk = self._instructions[first : first + CHUNK]
            codes, matrices = self._codes_of(chunk)
            position = 0
            while position < len(chunk):
                begin, position = position, codes.index(None, position)
                if position > begin:
                    self._append(chunk[begin:position], codes[begin:position], matrices, first + begin)
                if position == len(chunk):
                    break
                yield from self._left(first + position)
                position += 1
                if is_outermost:
                    source.step(len(builder.codes), first + position)

    def _left(self, number: int) -> Iterator[tuple[Any, Placement]]:
        """Yield the operation of an instruction that is not plain, unless it has no effect."""
        instruction = self._instructions[number]
        operation = instruction.operation
        if self._is_outermost:
            self._builder.instruction, self._builder.instruction_name = number, instruction.name
        if kind_of(operation.__class__) is not Kind.NO_EFFECT:
            targets = tuple(self._wires_of((instruction,)))
            clbits = tuple([self.clbits[clbit] for clbit in instruction.clbits])
            yield operation, self._placement._replace(targets=targets, clbits=clbits)

    def _codes_of(
        self, chunk: Sequence[CircuitInstruction]
    ) -> tuple[list[int | None], Iterator[NDArray[np.complex128]]]:
        """Return the codes of the plain instructions, None for others and behind the last; and their matrices."""
        if self._placement.controls or self._placement.inverse:  # no gate is emitted as it is
            return [None] * (len(chunk) + 1), iter(())
        code_of, unitary = plain_codes().get, instruction_codes()["unitary"]
        codes = [code_of(each.name) if each.is_standard_gate() else _other_code(each) for each in chunk]
        matrices: list[NDArray[np.complex128]] = []
        if unitary in codes:  # all are checked at once; unless all are good, each is lowered for itself
            matrices = [each.matrix for each, code in zip(chunk, codes, strict=True) if code == unitary]
            if any(matrix is None for matrix in matrices) or not are_unitary(matrices):
                codes = [None if code == unitary else code for code in codes]
        codes.append(None)
        return codes, iter(matrices)

    def _append(
        self,
        stretch: Sequence[CircuitInstruction],
        codes: Sequence[Any],
        matrices: Iterator[NDArray[np.complex128]],
        number: int,
    ) -> None:
        """Append plain instructions, all at once; `number` is that of the first."""
        builder, gates, unitary = self._builder, stretch, instruction_codes()["unitary"]
        if unitary in codes:
            numbered = enumerate(zip(stretch, codes, strict=True), len(builder.codes))
            places = [(operation, len(each.qubits)) for operation, (each, code) in numbered if code == unitary]
            builder.unitaries(places, matrices)
            gates = [each for each, code in zip(stretch, codes, strict=True) if code != unitary]
        slots = [value for instruction in gates for value in instruction.params]
        if {*map(type, slots)} <= {float}:
            builder.slots.extend(slots)
        else:
            self._append_angles(stretch, codes, number)
        builder.wires += self._wires_of(stretch)
        if self.clbits:
            measure, clbits = instruction_codes()["measure"], self.clbits
            measured = (each for each, code in zip(stretch, codes, strict=True) if code == measure)
            builder.measured += [clbits[each.clbits[0]] for each in measured]
        builder.codes += codes

    def _append_angles(self, stretch: Sequence[CircuitInstruction], codes: Sequence[Any], number: int) -> None:
        """Append the angles of plain gates, some of which are not simply floats."""
        builder, unitary = self._builder, instruction_codes()["unitary"]
        for at, (instruction, code) in enumerate(zip(stretch, codes, strict=True), number):
            for value in () if code == unitary else instruction.params:
                if type(value) is float:
                    builder.slots.append(value)
                    continue
                if self._is_outermost:
                    builder.instruction, builder.instruction_name = at, instruction.name
                try:
                    builder.slot(value)
                except InvalidCircuitError as error:
                    raise self._source.located(error, instruction.name, self._wires_of((instruction,))) from None

    def _wires_of(self, instructions: Iterable[CircuitInstruction]) -> list[int]:
        """Return the numbers of the instructions' qubits, one after the other."""
        if self._wires is None:  # hashing a qubit takes longer than all the rest
            targets = self._placement.targets
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
