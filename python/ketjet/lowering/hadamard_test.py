"""A program that compares a state with itself at other angles: the Hadamard test of <psi(a)| O |psi(b)>.

One qubit more, the ancilla, is in (|0> + |1>) / sqrt(2) from the beginning. Where it is |0> operations have the angles
a, where it is |1> the angles b. The real part of <psi(a)| O |psi(b)> is then the expectation value of O and X on the
ancilla, the imaginary part that of O and Y.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.typing import NDArray

    from ketjet.lowering.observable_table import Observables

    Part = Literal["real", "imaginary"]

__all__ = ["HadamardTest", "hadamard_test"]


class HadamardTest(NamedTuple):
    """The program of a Hadamard test at equal angles, for derivatives by those of the ket.

    Attributes
    ----------
    program : Program
        Its last qubit is the ancilla. Global phases are 0: at equal angles they cancel.
    sources : ndarray of int
        Which slot of the original program each slot has its value from; -1 for none, where it is 0.
    ket_slots : ndarray of int
        For each slot of the original program the one of the ket.
    """

    program: engine.Program
    sources: NDArray[np.int64]
    ket_slots: NDArray[np.int64]

    def at(self, slots: NDArray[np.float64]) -> engine.Program:
        """Return the program where bra and ket have these angles of the original one."""
        return self.program.with_slots(np.where(self.sources < 0, 0, slots[self.sources]))

    def observables(self, table: Observables, parts: Sequence[Part]) -> Observables:
        """Return what to read for twice <bra| O |ket>: all observables' first part, then all observables' second."""
        first, *others = [table.times_on_top("X" if part == "real" else "Y", 2) for part in parts]
        return first.and_others(others)


def hadamard_test(program: engine.Program) -> HadamardTest:
    """Make the Hadamard test of a program of unitary operations; others may prepare a state at its beginning."""
    num_qubits, num_clbits, codes, wire_begin, wires, num_controls, control_state, slot_begin, *rest = program.packed()
    _, operand, payloads, variable_words, labels = rest
    gates, instructions = engine.gate_codes(), engine.instruction_codes()
    operations: list[tuple[int, list[int], int, int, int]] = [(gates["h"][0], [num_qubits], 0, 0, -1)]
    taken: list[list[int]] = [[]]  # the slots that each operation has its values from
    ket_slots = np.empty(len(program.slots), np.int64)
    count = 0
    for i, code in enumerate(codes.tolist()):
        slots = list(range(slot_begin[i], slot_begin[i + 1]))
        on, controls, state = wires[wire_begin[i] : wire_begin[i + 1]].tolist(), int(num_controls[i]), control_state[i]
        if code == instructions["global_phase"]:
            operations.append((gates["p"][0], [num_qubits], 0, 0, -1))
            taken.append([-1])
        elif slots:
            for of_ket in (0, 1):
                wider = int(state) << 1 | of_ket
                operations.append((code, [num_qubits, *on], controls + 1, wider, int(operand[i])))
                taken.append(slots)
            count += len(slots)
        else:
            operations.append((code, on, controls, int(state), int(operand[i])))
            taken.append([])
        ket_slots[slots] = range(count, count + len(slots))
        count += len(slots)
    sources = np.array([slot for slots in taken for slot in slots], np.int64)
    made = engine.Program(
        num_qubits + 1,
        num_clbits,
        np.array([code for code, *_ in operations], np.int32),
        np.cumsum([0, *(len(on) for _, on, *_ in operations)]).astype(np.uint32),
        np.array([qubit for _, on, *_ in operations for qubit in on], np.int32),
        np.array([controls for _, _, controls, *_ in operations], np.uint16),
        np.array([state for *_, state, _ in operations], np.uint64),
        np.cumsum([0, *map(len, taken)]).astype(np.uint32),
        np.zeros(len(sources)),
        np.array([which for *_, which in operations], np.int64),
        payloads,
        variable_words,
        labels,
    )
    return HadamardTest(made, sources, ket_slots)
