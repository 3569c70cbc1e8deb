"""Instructions that save, as Aer's look from outside: directives with a label and a subtype.

The simulators of matrices append such to circuits, which run without qiskit-aer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.circuit import Instruction

from ketjet.saves.table import SAVE_UNITARY

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SaveInstruction", "SaveUnitary"]


class SaveInstruction(Instruction):
    """One of Aer's instructions that save.

    Parameters
    ----------
    name
        Aer's, e.g. "save_expval".
    num_qubits
        On how many it acts.
    label
        Under which the datum is found in the result's data.
    subtype
        As Aer calls it: "single", "average", "list" and so on.
    params
        What it has to know besides.
    """

    _directive = True

    def __init__(
        self, name: str, num_qubits: int, label: str | None, subtype: str | None, params: Sequence[Any] = ()
    ) -> None:
        super().__init__(name, num_qubits, 0, list(params))
        self._label, self._subtype = label, subtype


class SaveUnitary(SaveInstruction):
    """Aer's instruction of this name.

    Parameters
    ----------
    num_qubits
        Of the circuit.
    label
        Under which the matrix is found in the result's data.
    subtype
        "single", or "list" for one per shot.
    """

    def __init__(self, num_qubits: int, label: str | None = "unitary", subtype: str | None = "single") -> None:
        super().__init__(SAVE_UNITARY, num_qubits, label, subtype)
