"""An instruction that saves, as Aer's look from outside: a directive with a label and a subtype.

The command line and the simulators of matrices append such to circuits, which run without qiskit-aer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.circuit import Instruction

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SaveInstruction"]


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
