"""A program that is put together anew: from the operations of another one, and some of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["NO_SOURCE", "RebuiltProgram"]

NO_SOURCE = -1
"""In the place of a slot's source: it has none, and is 0."""


class RebuiltProgram:
    """Operations in order, which become a program.

    Parameters
    ----------
    program
        The program that operations are taken from, by their numbers.
    """

    def __init__(self, program: engine.Program) -> None:
        self._packed = program.packed()
        self._payloads = list(self._packed[10])
        self._operations: list[tuple[int, list[int], int, int, int]] = []  # code, wires, controls, their state, operand
        self._sources: list[list[int]] = []  # by operation, the slots that its own have their values from
        self.num_slots = 0

    def take(self, operation: int, *, control: int | None = None, state: int = 0) -> None:
        """Append an operation of the program, where a further qubit has this state if there is one."""
        _, _, codes, wire_begin, wires, num_controls, control_state, slot_begin, _, operand, *_ = self._packed
        on = wires[wire_begin[operation] : wire_begin[operation + 1]].tolist()
        controls, values = int(num_controls[operation]), int(control_state[operation])
        if control is not None:
            on, controls, values = [control, *on], controls + 1, values << 1 | state
        slots = list(range(slot_begin[operation], slot_begin[operation + 1]))
        self._append(int(codes[operation]), on, controls, values, int(operand[operation]), slots)

    def gate(self, name: str, qubit: int, *, num_slots: int = 0) -> None:
        """Append a gate on one qubit, whose slots have no source."""
        self._append(engine.gate_codes()[name][0], [qubit], 0, 0, -1, [NO_SOURCE] * num_slots)

    def save_strings(self, number: int, num_qubits: int, strings: Sequence[tuple[int, int]]) -> None:
        """Append a record of the expectation values of Pauli strings, on at most 64 qubits.

        Parameters
        ----------
        number
            Of the record.
        num_qubits
            Of the program.
        strings
            Masks of the qubits with X or Y, and of those with Z or Y.
        """
        sums = np.ones((len(strings), 4), np.uint64)  # each has one term: two masks, and the coefficient 1.0
        sums[:, 1:3] = np.array(strings, np.uint64).reshape(-1, 2)
        sums[:, 3] = np.float64(1).view(np.uint64)
        head = [engine.saved_codes()["expectations"], number, -1, engine.save_mode_codes()["one"], len(strings)]
        self._payloads.append(np.concatenate([np.array(head, np.int64), sums.view(np.int64).ravel()]))
        code = engine.instruction_codes()["save"]
        self._append(code, list(range(num_qubits)), 0, 0, len(self._payloads) - 1, [])

    @property
    def sources(self) -> NDArray[np.int64]:
        """Which slot of the original program each slot has its value from, or `NO_SOURCE`."""
        return np.array([source for sources in self._sources for source in sources], np.int64)

    def made(self, num_qubits: int) -> engine.Program:
        """Return the program; all its slots are 0."""
        return engine.Program(
            num_qubits,
            self._packed[1],
            np.array([code for code, *_ in self._operations], np.int32),
            np.cumsum([0, *(len(on) for _, on, *_ in self._operations)]).astype(np.uint32),
            np.array([qubit for _, on, *_ in self._operations for qubit in on], np.int32),
            np.array([controls for _, _, controls, *_ in self._operations], np.uint16),
            np.array([state for *_, state, _ in self._operations], np.uint64),
            np.cumsum([0, *map(len, self._sources)]).astype(np.uint32),
            np.zeros(self.num_slots),
            np.array([operand for *_, operand in self._operations], np.int64),
            self._payloads,
            *self._packed[11:],
        )

    def _append(self, code: int, on: list[int], controls: int, state: int, operand: int, sources: list[int]) -> None:
        self._operations.append((code, on, controls, state, operand))
        self._sources.append(sources)
        self.num_slots += len(sources)
