"""Which instruction of the user's circuit an operation came from, for error messages."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.circuit import QuantumCircuit


class Trail:
    """Maps operations to the instructions of the outermost circuit.

    Between two steps every instruction gives exactly one operation, so only the steps are stored.
    """

    def __init__(self, circuit: QuantumCircuit) -> None:
        self._circuit = circuit
        self._operations = [0]
        self._instructions = [0]

    def present(self, operations: int) -> int:
        """Return the index of the instruction that gives the next operation after so many."""
        return self._instructions[-1] + operations - self._operations[-1]

    def step(self, operations: int, instruction: int) -> None:
        """Note that this instruction gives the next operation after so many."""
        if self.present(operations) == instruction:
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

    def describe(self, instruction: int, path: Sequence[str], name: str, qubits: Sequence[int], reason: str) -> str:
        """Write an error message: where it happened (`path` names the definitions around it) and what is wrong."""
        if instruction < 0:
            return f"circuit {self._circuit.name!r}, global phase: {reason}"
        shown = path if len(path) <= 3 else [*path[:2], "...", path[-1]]
        inside = f", inside the definition of {' > '.join(shown)}" if path else ""
        listed = str(list(qubits)) if len(qubits) <= 10 else f"{list(qubits[:10])} and {len(qubits) - 10} more"
        return (
            f"circuit {self._circuit.name!r}, instruction {instruction}{inside}: {name!r} on qubits {listed}: {reason}"
        )
