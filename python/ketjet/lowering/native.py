"""Plain gates, matrices and measurements of a circuit, read at once by way of Qiskit's C API.

Reading them in Python takes thirty times as long. The extension is optional: it is built where Qiskit's headers are,
and works beside the minor version of Qiskit that it was built for. Whatever it leaves, `walk` reads.
"""

from __future__ import annotations

import functools
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet.base.on_demand import OnDemand
from ketjet.engine import instruction_codes
from ketjet.errors import InvalidCircuitError
from ketjet.lowering.operations import gate_rows, plain_codes
from ketjet.lowering.parameters import is_unbound, real_number
from ketjet.lowering.reader import SMALL_QUBITS
from ketjet.lowering.structured import are_unitary
from ketjet.lowering.unbound_slots import SlotExpressions, number_of, slot_expressions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter, ParameterExpression

    from ketjet._qiskit_bridge import Reader

READ_BESIDE = ("measure", "reset", "barrier", "delay", "unitary", "id")
"""What is read beside gates."""


class Columns(NamedTuple):
    """The columns of a program, as `engine.Program` takes them behind the numbers of qubits and bits."""

    codes: NDArray[np.int32]
    wire_begin: NDArray[np.uint32]
    wires: NDArray[np.int32]
    num_controls: NDArray[np.uint16]
    control_state: NDArray[np.uint64]
    slot_begin: NDArray[np.uint32]
    slots: NDArray[np.float64]
    operand: NDArray[np.int64]


class NativeReading(NamedTuple):
    """What has been read of a circuit.

    Attributes
    ----------
    qubits : tuple of int
        The program's qubit i is the circuit's qubit qubits[i].
    columns : Columns, optional
        None for a circuit that has been read as a whole and has neither matrices nor slots that follow from parameters.
    capsule : object
        That of such a circuit, for `Program.from_capsule`.
    matrices : list of ndarray
        Of the unitary operations; their operands are the numbers of these.
    measures : bool
        Whether there is a measurement.
    parameters : tuple of Parameter
        The circuit's, sorted as there.
    expressions : SlotExpressions, optional
        How slots follow from parameters, if any do.
    gaps : ndarray of int64, shape (gaps, 3), optional
        None if the whole circuit has been read. Else of each instruction that has given no operation: its number, how
        many operations come before it, and whether it is still to be read; the global phase is, too.
    """

    qubits: tuple[int, ...]
    columns: Columns | None
    capsule: Any
    matrices: list[NDArray[np.complex128]]
    measures: bool
    parameters: tuple[Parameter, ...]
    expressions: SlotExpressions | None
    gaps: NDArray[np.int64] | None


def read(
    circuit: QuantumCircuit, *, keep_idle_qubits: bool = False, starts_in_zero: bool = True
) -> NativeReading | None:
    """Read as much of a circuit as Qiskit's C API shows, if there is nothing wrong with that.

    Parameters
    ----------
    circuit
        Any circuit.
    keep_idle_qubits
        Give the program all qubits of the circuit, not only those something acts on.
    starts_in_zero
        Whether the program will start with all qubits in state zero: resets of such qubits are dropped.

    Returns
    -------
    NativeReading or None
        None for a circuit that has to be lowered in Python, be it to say what is wrong.
    """
    reader = _reader()
    if reader is None:
        return None
    parameters = tuple(circuit._data.parameters) if circuit.num_parameters else ()
    phase = circuit.global_phase
    found = reader.read(
        circuit._data,
        [parameter.name for parameter in parameters],
        phase if isinstance(phase, (int, float)) else None,
        keep_idle_qubits,
        starts_in_zero,
    )
    if found is None:
        return None
    qubits, listed, matrices, measures, unbound, gaps = found
    if (matrices and not are_unitary(matrices)) or (gaps is None and circuit.num_vars):
        return None
    if qubits is None:
        qubits = tuple(range(circuit.num_qubits))
    if not isinstance(listed, tuple):
        return NativeReading(qubits, None, listed, matrices, measures, parameters, None, None)
    columns = Columns._make(listed)
    try:
        expressions = None if unbound is None else _expressions(circuit, parameters, unbound, columns.slots)
    except InvalidCircuitError:
        return None
    expressions = expressions if parameters else None
    return NativeReading(qubits, columns, None, matrices, measures, parameters, expressions, gaps)


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
    if not len(others):
        alone = list(map(parameters.__getitem__, sources.tolist()))
        return SlotExpressions(places, numbers, instructions, _names_of(gates), alone, sources, [], [])
    found: list[Any] = [parameters[source] if source >= 0 else None for source in sources.tolist()]
    for number, instruction, position in others.tolist():
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
        _names_of(gates[kept]),
        expressions,
        parameters,
    )


def _names_of(gates: NDArray[np.int32]) -> Sequence[str]:
    """Return the names of gates, which are made when somebody looks at them; nothing is that of a global phase."""
    return OnDemand(len(gates), lambda begin, end: map(_gate_names().get, gates[begin:end].tolist(), repeat("")))


@functools.cache
def _gate_names() -> dict[int, str]:
    return {row.code: name for name, row in gate_rows().items()}


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
    """Return why `read` has left something of this circuit."""
    if (reason := why_not_native()) is not None:
        return reason
    for instruction in circuit.data:
        name = instruction.name
        plain = instruction.is_standard_gate() and name in plain_codes()
        if not plain and name not in READ_BESIDE:
            return f"it has the instruction {name!r}"
    if circuit.num_vars:
        return "it has variables"
    return "it has a matrix that is large or not unitary, or an angle that is no finite real number"


@functools.cache
def marker() -> Callable[[Any], int | None]:
    """Return what marks the data of circuits.

    Returns
    -------
    callable
        Returns a hash of all that a circuit does to a state, of 64 bits, by which a changed one is told from what it
        was; None for a circuit with instructions that Qiskit's C API does not show in full.
    """
    if why_not_native() is not None:
        return lambda _: None
    from ketjet._qiskit_bridge import mark

    return mark


@functools.cache
def _reader() -> Reader | None:
    """Return what reads circuits; None if it was not built, or for another version of Qiskit."""
    if why_not_native() is not None:
        return None
    from ketjet._qiskit_bridge import Reader

    codes = instruction_codes()
    return Reader(gate_rows(), codes["measure"], codes["reset"], codes["unitary"], codes["global_phase"], SMALL_QUBITS)
