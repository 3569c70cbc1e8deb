"""Circuits of plain gates, matrices, measurements and barriers, read at once by way of Qiskit's C API.

Reading them in Python takes thirty times as long. The extension is optional: it is built where Qiskit's headers are,
and works beside the minor version of Qiskit that it was built for. Whatever it leaves, `walk` reads.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.engine import instruction_codes
from ketjet.lowering.operations import gate_rows, plain_codes
from ketjet.lowering.reader import SMALL_QUBITS
from ketjet.lowering.structured import are_unitary

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from ketjet._qiskit_bridge import Reader

COLUMNS = ("codes", "wire_begin", "wires", "num_controls", "control_state", "slot_begin", "slots", "operand")

READ_BESIDE = ("measure", "barrier", "unitary")
"""What is read beside gates."""


class PlainCircuit(NamedTuple):
    """A circuit that has been read.

    Attributes
    ----------
    qubits
        The program's qubit i is the circuit's qubit qubits[i].
    columns
        What `engine.Program` takes beside the numbers of qubits and bits.
    measures
        Whether there is a measurement.
    """

    qubits: tuple[int, ...]
    columns: dict[str, Any]
    measures: bool


def read_plain(circuit: QuantumCircuit, *, keep_idle_qubits: bool) -> PlainCircuit | None:
    """Read a circuit, if it is of this kind and has nothing wrong with it.

    Parameters
    ----------
    circuit
        Any circuit.
    keep_idle_qubits
        Give the program all qubits of the circuit, not only those something acts on.

    Returns
    -------
    PlainCircuit or None
        None for a circuit that has to be lowered in Python, be it to say what is wrong.
    """
    reader = _reader()
    if reader is None or circuit.num_parameters or circuit.num_vars:
        return None
    found = reader.read(circuit._data, circuit.global_phase, keep_idle_qubits)
    if found is None:
        return None
    qubits, columns, matrices, measures = found
    if not are_unitary(matrices):
        return None
    payloads = [matrix.reshape(-1) for matrix in matrices]
    named = dict(zip(COLUMNS, columns, strict=True), payloads=payloads)
    return PlainCircuit(tuple(range(circuit.num_qubits)) if qubits is None else qubits, named, measures)


@functools.cache
def why_not_native() -> str | None:
    """Return why circuits are all read in Python; None if they are not."""
    try:
        import ketjet._qiskit_bridge  # noqa: F401
    except ModuleNotFoundError:
        return "ketjet was built without Qiskit's headers"
    except ImportError as error:  # of another version of Qiskit
        detail = str(error).strip().partition("\n")[0] or "it does not load"
        return f"the reader was built for another minor version of Qiskit: {detail}"
    return None


def why_walked(circuit: QuantumCircuit) -> str:
    """Return why `read_plain` has left this circuit."""
    if (reason := why_not_native()) is not None:
        return reason
    if circuit.num_parameters or circuit.num_vars:
        return "it has parameters" if circuit.num_parameters else "it has variables"
    for instruction in circuit.data:
        name = instruction.name
        plain = instruction.is_standard_gate() and name in plain_codes()
        if not plain and name not in READ_BESIDE:
            return f"it has the instruction {name!r}"
    return "it has a matrix that is large or not unitary, or a number that is not finite"


@functools.cache
def _reader() -> Reader | None:
    """Return what reads circuits; None if it was not built, or for another version of Qiskit."""
    if why_not_native() is not None:
        return None
    from ketjet._qiskit_bridge import Reader

    codes = instruction_codes()
    gates = {name: row for name, row in gate_rows().items() if name in plain_codes()}
    return Reader(gates, codes["measure"], codes["unitary"], codes["global_phase"], SMALL_QUBITS)
