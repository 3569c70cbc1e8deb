"""What results say about a circuit, with the keys of Aer's headers; written out only when somebody reads it.

Circuits may change after `run`, so the little that describes one is noted at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qiskit.circuit import ParameterExpression

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = ["Header"]


class Header(Mapping[str, Any]):
    """The header of a circuit as it is now."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        phase = circuit.global_phase
        self.name: str = circuit.name
        self.global_phase = None if isinstance(phase, ParameterExpression) else float(phase)
        self.qubits, self.clbits = list(circuit.qubits), list(circuit.clbits)
        self.qregs, self.cregs = list(circuit.qregs), list(circuit.cregs)
        self.metadata = dict(circuit.metadata or {})

    def with_phase(self, phase: float) -> Header:
        """Return the same header with a global phase that has become a number."""
        header = Header.__new__(Header)
        header.__dict__.update(self.__dict__, global_phase=phase)
        return header

    def __getitem__(self, key: str) -> Any:
        return ENTRIES[key](self)

    def __iter__(self) -> Iterator[str]:
        return iter(ENTRIES)

    def __len__(self) -> int:
        return len(ENTRIES)

    def __repr__(self) -> str:
        return repr(dict(self))


def _creg_sizes(header: Header) -> list[list[Any]]:
    """Counts are split at register borders; that has a meaning only where registers tile the classical bits."""
    tiled = [bit for register in header.cregs for bit in register] == header.clbits
    return [[register.name, register.size] for register in header.cregs] if tiled else []


ENTRIES: dict[str, Callable[[Header], Any]] = {
    "name": lambda header: header.name,
    "n_qubits": lambda header: len(header.qubits),
    "memory_slots": lambda header: len(header.clbits),
    "qreg_sizes": lambda header: [[register.name, register.size] for register in header.qregs],
    "creg_sizes": _creg_sizes,
    "qubit_labels": lambda header: _labels(header.qubits, header.qregs),
    "clbit_labels": lambda header: _labels(header.clbits, header.cregs),
    "global_phase": lambda header: header.global_phase,
    "metadata": lambda header: header.metadata,
}


def _labels(bits: Sequence[Any], registers: Sequence[Any]) -> list[list[Any]]:
    """Label each bit with its place in the first register that has it, or with its number if none has."""
    if len(registers) == 1 and list(registers[0]) == bits:
        return [[registers[0].name, index] for index in range(len(bits))]
    labels: dict[Any, list[Any]] = {}
    for register in registers:
        for index, bit in enumerate(register):
            labels.setdefault(bit, [register.name, index])
    return [labels.get(bit) or ["", number] for number, bit in enumerate(bits)]
