"""What results say about a circuit, with the keys of Aer's headers; written out only when somebody reads it.

Circuits may change after `run`, so the little that describes one is noted at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
        self._bits = (list(circuit.qubits), list(circuit.clbits))
        self._registers = (list(circuit.qregs), list(circuit.cregs))
        self._metadata = dict(circuit.metadata or {})
        self._entries: dict[str, Any] | None = None

    def with_phase(self, phase: float) -> Header:
        """Return the same header with a global phase that has become a number."""
        header = Header.__new__(Header)
        header.__dict__.update(self.__dict__, global_phase=phase, _entries=None)
        return header

    def _written_out(self) -> dict[str, Any]:
        if self._entries is None:
            (qubits, clbits), (qregs, cregs) = self._bits, self._registers
            tiled = [bit for register in cregs for bit in register] == clbits
            self._entries = {
                "name": self.name,
                "n_qubits": len(qubits),
                "memory_slots": len(clbits),
                "qreg_sizes": [[register.name, register.size] for register in qregs],
                # Counts are split at register borders; that has a meaning only where registers tile the bits.
                "creg_sizes": [[register.name, register.size] for register in cregs] if tiled else [],
                "qubit_labels": _labels(qubits, qregs),
                "clbit_labels": _labels(clbits, cregs),
                "global_phase": self.global_phase,
                "metadata": self._metadata,
            }
        return self._entries

    def __getitem__(self, key: str) -> Any:
        return self._written_out()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._written_out())

    def __len__(self) -> int:
        return len(self._written_out())

    def __repr__(self) -> str:
        return repr(self._written_out())


def _labels(bits: Sequence[Any], registers: Sequence[Any]) -> list[list[Any]]:
    """Label each bit with its place in the first register that has it, or with its number if none has."""
    labels: dict[Any, list[Any]] = {}
    for register in registers:
        for index, bit in enumerate(register):
            labels.setdefault(bit, [register.name, index])
    return [labels.get(bit) or ["", number] for number, bit in enumerate(bits)]
