"""How many qubits of a circuit certainly need amplitudes, as far as its instructions tell before it is lowered."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from qiskit.circuit import Measure

from ketjet.lowering.reader import Kind, kind_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["active_qubits", "mixed_qubits"]

IDLE_KINDS = (Kind.NO_EFFECT, Kind.COLLAPSE)
"""Instructions that alone may leave a qubit without amplitudes of its own."""

MIXING_INSTRUCTIONS = frozenset({"h", "sx", "sxdg", "rx", "ry", "r", "u", "u2", "u3"})
"""Instructions after which a qubit has amplitudes of its own, whatever it was before."""

KEEPING_INSTRUCTIONS = frozenset({"x", "y", "z", "s", "sdg", "t", "tdg", "p", "rz", "cx", "cy", "cz", "ccx"})
"""Some that leave the qubits where they are: behind a swap, two qubits may be one."""

SCANNED_INSTRUCTIONS = 2_000
"""How far a circuit that looks too wide is read before it is lowered: a few milliseconds."""


def active_qubits(circuit: QuantumCircuit) -> int:
    """Return how many qubits the first instructions act on, at least."""
    active: set[Any] = set()
    for instruction in itertools.islice(circuit.data, SCANNED_INSTRUCTIONS):
        if kind_of(instruction.operation.__class__) not in IDLE_KINDS:
            active.update(instruction.qubits)
    return len(active)


def mixed_qubits(circuit: QuantumCircuit) -> int:
    """Return how many qubits the first instructions give amplitudes of their own that the last ones measure."""
    mixed: dict[Any, int] = {}
    for place, instruction in enumerate(itertools.islice(circuit.data, SCANNED_INSTRUCTIONS)):
        if kind_of(instruction.operation.__class__) in IDLE_KINDS:
            continue
        name = instruction.name if instruction.is_standard_gate() else ""  # else it is a gate of the user's own
        if name in MIXING_INSTRUCTIONS:
            mixed.setdefault(instruction.qubits[0], place)
        elif name not in KEEPING_INSTRUCTIONS:
            break
    begin = max(len(circuit.data) - SCANNED_INSTRUCTIONS, 0)
    read = {
        instruction.qubits[0]
        for place, instruction in enumerate(circuit.data[begin:], begin)
        if isinstance(instruction.operation, Measure) and mixed.get(instruction.qubits[0], place) < place
    }
    return len(read)
