"""Which instruction of the user's circuit an operation came from, for error messages."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ketjet.errors import InvalidCircuitError
from ketjet.lowering.arrays import CHUNK
from ketjet.lowering.packing import operation_of_slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.circuit import QuantumCircuit

    from ketjet.lowering.builder import ProgramBuilder
    from ketjet.lowering.scope import Scope


class Surrounding(NamedTuple):
    """An operation around an instruction: a control-flow operation, or one with a definition."""

    name: str
    is_block: bool


class SourceMap:
    """Maps operations of the program to instructions of the outermost circuit.

    Between two steps every instruction gives exactly one operation, so only the steps are stored.

    Parameters
    ----------
    circuit
        The outermost circuit.
    builder
        What its operations are appended to.
    stack
        The circuits that are being lowered, the outermost one first.
    """

    def __init__(self, circuit: QuantumCircuit, builder: ProgramBuilder, stack: Sequence[Scope]) -> None:
        self.here: tuple[str, Sequence[int]] = ("", ())
        """Name and qubits of the instruction that is being lowered, unless it is a plain gate."""
        self._circuit = circuit
        self._builder = builder
        self._stack = stack
        self._operations = [0]
        self._instructions = [0]

    def step(self, operations: int, instruction: int) -> None:
        """Note that this instruction gives the next operation after so many."""
        if instruction - self._instructions[-1] == operations - self._operations[-1]:
            return
        if self._operations[-1] == operations:
            self._instructions[-1] = instruction
        else:
            self._operations.append(operations)
            self._instructions.append(instruction)

    def instruction_of(self, operation: int) -> int:
        """Return the index of the instruction that gave an operation, -1 for the circuit's global phase."""
        step = bisect_right(self._operations, operation) - 1
        index = self._instructions[step] + operation - self._operations[step]
        if step + 1 < len(self._instructions):
            index = min(index, self._instructions[step + 1] - 1)
        return index if index < len(self._circuit.data) else -1

    def require_finite(self) -> None:
        """Raise InvalidCircuitError with the instruction of an angle that is NaN or infinite, if there is one."""
        slots = self._builder.slots
        pieces = (slots[begin : begin + CHUNK] for begin in range(0, len(slots), CHUNK))
        if all(math.isfinite(sum(piece)) for piece in pieces) or all(map(math.isfinite, slots)):
            return
        slot = next(i for i, value in enumerate(slots) if not math.isfinite(value))
        index = self.instruction_of(operation_of_slot(self._builder, slot))
        reason = f"its angle is {slots[slot]}; use a finite number"
        if index < 0:
            raise InvalidCircuitError(self.describe(index, (), "", (), reason))
        instruction = self._circuit.data[index]
        qubits = tuple(self._circuit.find_bit(qubit).index for qubit in instruction.qubits)
        raise InvalidCircuitError(self.describe(index, (), instruction.name, qubits, reason))

    def located(self, error: InvalidCircuitError, name: str, qubits: Sequence[int]) -> InvalidCircuitError:
        """Return the error of an instruction with the place where it happened in front of its reason."""
        path = [Surrounding(scope.operation.name, scope.steps is not None) for scope in self._stack[1:]]
        return type(error)(self.describe(self._builder.instruction, path, name, qubits, str(error.message)))

    def located_here(self, error: InvalidCircuitError) -> InvalidCircuitError:
        """Return an error of the instruction that is being lowered, likewise."""
        return self.located(error, *self.here)

    def describe(
        self, instruction: int, path: Sequence[Surrounding], name: str, qubits: Sequence[int], reason: str
    ) -> str:
        """Write an error message: where it happened (`path` names the blocks and definitions) and what is wrong."""
        if instruction < 0:
            return f"circuit {self._circuit.name!r}, global phase: {reason}"
        inside = f", inside {_joined(path)}" if path else ""
        listed = str(list(qubits)) if len(qubits) <= 10 else f"{list(qubits[:10])} and {len(qubits) - 10} more"
        return (
            f"circuit {self._circuit.name!r}, instruction {instruction}{inside}: {name!r} on qubits {listed}: {reason}"
        )


def _joined(path: Sequence[Surrounding]) -> str:
    """List what surrounds an instruction, e.g. `if_else > the definition of outer > inner`; at most three of them."""
    names = [
        f"the definition of {name}" if not is_block and (i == 0 or path[i - 1].is_block) else name
        for i, (name, is_block) in enumerate(path)
    ]
    return " > ".join(names if len(names) <= 3 else [*names[:2], "...", names[-1]])
