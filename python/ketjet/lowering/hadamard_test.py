"""A program that compares a state with itself at other angles: the Hadamard test of <psi(a)| O |psi(b)>.

One qubit more, the ancilla, is in (|0> + |1>) / sqrt(2) from the beginning. Where it is |0> operations have the angles
a, where it is |1> the angles b. The real part of <psi(a)| O |psi(b)> is then the expectation value of O and X on the
ancilla, the imaginary part that of O and Y.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.lowering.rebuilt_program import NO_SOURCE, RebuiltProgram

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
        Which slot of the original program each slot has its value from, or `NO_SOURCE`.
    ket_slots : ndarray of int
        For each slot of the original program the one of the ket.
    """

    program: engine.Program
    sources: NDArray[np.int64]
    ket_slots: NDArray[np.int64]

    def at(self, slots: NDArray[np.float64]) -> engine.Program:
        """Return the program where bra and ket have these angles of the original one."""
        return self.program.with_slots(np.where(self.sources == NO_SOURCE, 0, slots[self.sources]))

    def observables(self, table: Observables, parts: Sequence[Part]) -> Observables:
        """Return what to read for twice <bra| O |ket>: all observables' first part, then all observables' second."""
        first, *others = [table.times_on_top("X" if part == "real" else "Y", 2) for part in parts]
        return first.and_others(others)


def hadamard_test(program: engine.Program) -> HadamardTest:
    """Make the Hadamard test of a program of unitary operations; others may prepare a state at its beginning."""
    num_qubits, _, codes, _, _, _, _, slot_begin, *_ = program.packed()
    global_phase, made = engine.instruction_codes()["global_phase"], RebuiltProgram(program)
    made.gate("h", num_qubits)
    ket_slots = np.empty(len(program.slots), np.int64)
    for operation, code in enumerate(codes.tolist()):
        slots = range(slot_begin[operation], slot_begin[operation + 1])
        if code == global_phase:
            ket_slots[slots] = made.num_slots
            made.gate("p", num_qubits, num_slots=1)
        elif slots:
            made.take(operation, control=num_qubits, state=0)
            ket_slots[slots] = made.num_slots + np.arange(len(slots))
            made.take(operation, control=num_qubits, state=1)
        else:
            made.take(operation)
    return HadamardTest(made.made(num_qubits + 1), made.sources, ket_slots)
