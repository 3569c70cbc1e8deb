"""Circuits of plain gates, matrices and measurements, read at once by way of Qiskit's C API.

Reading them in Python takes thirty times as long. The extension is optional: it is built where Qiskit's headers are,
and works beside the minor version of Qiskit that it was built for. Whatever it leaves, `walk` reads.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet.engine import instruction_codes
from ketjet.errors import InvalidCircuitError
from ketjet.lowering.operations import gate_rows, plain_codes
from ketjet.lowering.parameters import is_unbound, real_number
from ketjet.lowering.reader import SMALL_QUBITS
from ketjet.lowering.structured import are_unitary
from ketjet.lowering.unbound_slots import SlotExpressions, number_of, slot_expressions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter, ParameterExpression

    from ketjet._qiskit_bridge import Reader

SLOTS = 6
"""Which column of a program has its slots."""

READ_BESIDE = ("measure", "barrier", "delay", "unitary")
"""What is read beside gates."""


class PlainCircuit(NamedTuple):
    """A circuit that has been read.

    Attributes
    ----------
    qubits
        The program's qubit i is the circuit's qubit qubits[i].
    columns
        What `engine.Program` takes behind the numbers of qubits and bits.
    measures
        Whether there is a measurement.
    parameters
        The circuit's, sorted as there.
    expressions
        How slots follow from these, if there are any.
    """

    qubits: tuple[int, ...]
    columns: tuple[Any, ...]
    measures: bool
    parameters: tuple[Parameter, ...]
    expressions: SlotExpressions | None


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
    if reader is None or circuit.num_vars:
        return None
    parameters = tuple(circuit._data.parameters) if circuit.num_parameters else ()
    phase = circuit.global_phase
    found = reader.read(
        circuit._data,
        [parameter.name for parameter in parameters],
        phase if isinstance(phase, (int, float)) else None,
        keep_idle_qubits,
    )
    if found is None:
        return None
    qubits, columns, matrices, measures, unbound = found
    if not are_unitary(matrices):
        return None
    payloads = [matrix.reshape(-1) for matrix in matrices]
    try:
        expressions = None if unbound is None else _expressions(circuit, parameters, unbound, columns[SLOTS])
    except InvalidCircuitError:
        return None
    if qubits is None:
        qubits = tuple(range(circuit.num_qubits))
    return PlainCircuit(qubits, (*columns, payloads), measures, parameters, expressions if parameters else None)


def _expressions(
    circuit: QuantumCircuit, parameters: Sequence[Parameter], unbound: tuple[Any, ...], slots: NDArray[np.float64]
) -> SlotExpressions:
    """Return how slots follow from parameters.

    Parameters
    ----------
    circuit, parameters
        The circuit and its parameters.
    unbound
        What the reader tells of its slots that are not numbers.
    slots
        Of the program; the values of expressions without parameters are written into these.

    Raises
    ------
    InvalidCircuitError
        Such a value is not real.
    """
    places, numbers, instructions, gates, sources, others = unbound
    if not others:
        alone = list(map(parameters.__getitem__, sources.tolist()))
        return SlotExpressions(places, numbers, instructions, gates, alone, sources, others, [])
    found: list[Any] = [parameters[source] if source >= 0 else None for source in sources.tolist()]
    for number, instruction, position in others:
        whole = circuit.global_phase if instruction < 0 else circuit._data[instruction].params[position]
        if is_unbound(whole):
            found[number] = whole
        else:
            slots[places[numbers == number]] = real_number(whole)  # which is finite: Qiskit computes no others
    expressions: list[ParameterExpression] = []
    known: dict[ParameterExpression, int] = {}
    renumbered = np.array([-1 if each is None else number_of(each, expressions, known) for each in found])
    kept = np.flatnonzero(renumbered[numbers] >= 0)
    return slot_expressions(
        places[kept],
        renumbered[numbers[kept]],
        instructions[kept],
        [gates[place] for place in kept.tolist()],
        expressions,
        parameters,
    )


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
    if circuit.num_vars:
        return "it has variables"
    for instruction in circuit.data:
        name = instruction.name
        plain = instruction.is_standard_gate() and name in plain_codes()
        if not plain and name not in READ_BESIDE:
            return f"it has the instruction {name!r}"
    return "it has a matrix that is large or not unitary, or an angle that is no finite real number"


@functools.cache
def _reader() -> Reader | None:
    """Return what reads circuits; None if it was not built, or for another version of Qiskit."""
    if why_not_native() is not None:
        return None
    from ketjet._qiskit_bridge import Reader

    codes = instruction_codes()
    gates = {name: row for name, row in gate_rows().items() if name in plain_codes()}
    return Reader(gates, codes["measure"], codes["unitary"], codes["global_phase"], SMALL_QUBITS)
