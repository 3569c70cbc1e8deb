"""Circuits, blocks of control flow included, read at once by way of Qiskit's C API.

Reading them in Python takes ten to a hundred times as long. The extension is optional: it is built where Qiskit's
headers are, and works beside the minor version of Qiskit that it was built for. Whatever it leaves, `walk` reads.
"""

from __future__ import annotations

import functools
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet.base.on_demand import OnDemand
from ketjet.engine import classical_codes, instruction_codes, pauli_codes
from ketjet.errors import InvalidCircuitError
from ketjet.lowering import builder, control_flow
from ketjet.lowering.native_definitions import Definitions, expressions_in
from ketjet.lowering.operations import gate_rows
from ketjet.lowering.parameters import is_unbound, real_number
from ketjet.lowering.reader import SMALL_QUBITS
from ketjet.lowering.scope import MAX_DEPTH
from ketjet.lowering.structured import UNITARY_TOLERANCE
from ketjet.lowering.unbound_slots import SlotExpressions, number_of, slot_expressions
from ketjet.lowering.variables import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter, ParameterExpression

    from ketjet._qiskit_bridge import Reader
    from ketjet.lowering.operations import Placement


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


class Jumps(NamedTuple):
    """The classical operations among those of a circuit that has not been read as a whole.

    Attributes
    ----------
    operations : ndarray of int64, shape (jumps, 3)
        Of each: its number, the label that it leads to, and the number of its code; -1 for none.
    places : list of int
        Of each label: the operation behind it.
    codes : list of list of int
        What is computed, or decides a branch.
    touched : ndarray of int64, shape (n, 2)
        Qubits that are not known to be zero from some operation on: the operation, and the qubit.
    """

    operations: NDArray[np.int64]
    places: list[int]
    codes: list[list[int]]
    touched: NDArray[np.int64]


class NativeReading(NamedTuple):
    """What has been read of a circuit.

    Attributes
    ----------
    qubits : tuple of int
        The program's qubit i is the circuit's qubit qubits[i].
    columns : Columns, optional
        None for a circuit that has been read as a whole and has no slots that follow from parameters.
    capsule : object
        That of such a circuit, for `Program.from_capsule`.
    payloads : list of ndarray
        Of the operations that have any; their operands are the numbers of these.
    measures : bool
        Whether there is a measurement.
    parameters : tuple of Parameter
        The circuit's, sorted as there.
    expressions : SlotExpressions, optional
        How slots follow from parameters, if any do.
    gaps : ndarray of int64, shape (gaps, 3), optional
        None if the whole circuit has been read. Else of each instruction that is not exactly one operation: its number,
        how many operations come before what follows it, and whether it is still to be read; the global phase is, too.
    odd : tuple of two ndarray of int64, optional
        Of operations whose shape does not follow from their code what a builder notes of these, and of measurements
        their number and classical bit, if there are gaps.
    jumps : Jumps, optional
        Classical operations, if there are any and gaps, too.
    words : int
        How many words of classical memory are needed beside the classical bits.
    definitions : Definitions, optional
        Those that have been read, if something has been left at first.
    """

    qubits: tuple[int, ...]
    columns: Columns | None
    capsule: Any
    payloads: list[NDArray[Any]]
    measures: bool
    parameters: tuple[Parameter, ...]
    expressions: SlotExpressions | None
    gaps: NDArray[np.int64] | None
    odd: tuple[NDArray[np.int64], NDArray[np.int64]] | None
    jumps: Jumps | None
    words: int
    definitions: Definitions | None


def read(
    circuit: QuantumCircuit,
    *,
    keep_idle_qubits: bool = False,
    starts_in_zero: bool = True,
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
    parameters = _parameters_of(circuit)
    phase = circuit.global_phase
    phase = phase if isinstance(phase, (int, float)) else None
    found = reader.read(
        circuit._data,
        [parameter.name for parameter in parameters],
        starts_in_zero,
        sum(words_of(var.type) + 1 for var in circuit.iter_declared_vars()) if circuit.num_vars else 0,
        phase,
        keep_idle_qubits,
    )
    definitions = None
    if found is not None and not isinstance(found, tuple):
        definitions = Definitions()
        definitions.put_in(reader, circuit, found, builder.MAX_OPERATIONS, frozenset(parameters))
        if not found.is_whole:
            return _checked(circuit, parameters, reader.parts(found), definitions)
        found = reader.whole(found, phase, keep_idle_qubits)
    return None if found is None or circuit.num_vars else _checked(circuit, parameters, found, definitions)


def read_inner(
    circuit: QuantumCircuit,
    placement: Placement,
    *,
    with_control_flow: bool,
    first_free_word: int,
    definitions: Definitions,
) -> NativeReading | None:
    """Read as much of a block or definition, if there is nothing wrong with that.

    Parameters
    ----------
    circuit, placement
        The circuit, and where it acts, without controls. All numbers are those of the outermost circuit.
    with_control_flow
        Whether something leads to the circuit; else control flow is left.
    first_free_word
        The first word of classical memory that nothing uses.
    definitions
        Those that have been read of the outermost circuit.

    Returns
    -------
    NativeReading or None
        It has gaps, be it none of them. None for a circuit that has to be lowered in Python.
    """
    reader = _reader()
    if reader is None:
        return None
    parameters = _parameters_of(circuit)
    names = [parameter.name for parameter in parameters]
    found = reader.read_inner(
        circuit._data, names, placement.targets, placement.clbits, with_control_flow, first_free_word
    )
    if found is None:
        return None
    if not found.is_whole:
        definitions.put_in(reader, circuit, found, builder.MAX_OPERATIONS, frozenset(parameters))
    return _checked(circuit, parameters, reader.parts(found), definitions)


def _parameters_of(circuit: QuantumCircuit) -> tuple[Parameter, ...]:
    return tuple(circuit._data.parameters) if circuit.num_parameters else ()


def _checked(
    circuit: QuantumCircuit, parameters: tuple[Parameter, ...], found: tuple[Any, ...], definitions: Definitions | None
) -> NativeReading | None:
    """Return what a reader has found; None if something is wrong with it."""
    qubits, listed, payloads, measures, unbound, gaps, odd, jumps, words = found
    if qubits is None:
        qubits = tuple(range(circuit.num_qubits))
    if not isinstance(listed, tuple):
        return NativeReading(qubits, None, listed, payloads, measures, parameters, None, None, None, None, words, None)
    columns = Columns._make(listed)
    try:
        expressions = (
            None if unbound is None else _expressions(circuit, parameters, unbound, columns.slots, definitions)
        )
    except InvalidCircuitError:
        return None
    expressions = expressions if parameters else None
    jumps = None if jumps is None else Jumps._make(jumps)
    return NativeReading(
        qubits, columns, None, payloads, measures, parameters, expressions, gaps, odd, jumps, words, definitions
    )


def _expressions(
    circuit: QuantumCircuit,
    parameters: Sequence[Parameter],
    unbound: tuple[Any, ...],
    slots: NDArray[np.float64],
    definitions: Definitions | None,
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
    definitions
        Those that have been read, if any have been.

    Raises
    ------
    InvalidCircuitError
        Such a value is not real.
    """
    places, numbers, instructions, gates, sources, others = unbound
    names_of_others: dict[int, str] = {} if definitions is None else definitions.names()
    if not len(others):
        alone = list(map(parameters.__getitem__, sources.tolist()))
        return SlotExpressions(places, numbers, instructions, _names_of(gates, names_of_others), alone, sources, [], [])
    read = () if definitions is None else definitions.read
    found = expressions_in(circuit, parameters, sources.tolist(), others.reshape(-1).tolist(), read)
    for number in others[:, 0].tolist():
        if not is_unbound(found[number]):
            slots[places[numbers == number]] = real_number(found[number])  # finite: Qiskit computes no others
            found[number] = None
    expressions: list[ParameterExpression] = []
    known: dict[ParameterExpression, int] = {}
    renumbered = np.full(len(found), -1)
    for number in numbers[np.sort(np.unique(numbers, return_index=True)[1])].tolist():  # as they first appear
        if found[number] is not None:
            renumbered[number] = number_of(found[number], expressions, known)
    kept = np.flatnonzero(renumbered[numbers] >= 0)
    return slot_expressions(
        places[kept],
        renumbered[numbers[kept]],
        instructions[kept],
        _names_of(gates[kept], names_of_others),
        expressions,
        parameters,
    )


def _names_of(gates: NDArray[np.int32], others: dict[int, str]) -> Sequence[str]:
    """Return the names of gates, which are made when somebody looks at them; nothing is that of a global phase."""

    def made(begin: int, end: int) -> Iterable[str]:
        names = _gate_names() | others
        return map(names.get, gates[begin:end].tolist(), repeat(""))

    return OnDemand(len(gates), made)


@functools.cache
def _gate_names() -> dict[int, str]:
    """Return the names of gates by their codes, and those of operations with blocks."""
    others = {-2: "box", -5: "for_loop", -6: "if_else", -7: "switch_case", -8: "while_loop"}
    others[instruction_codes()["pauli_rotation"]] = "pauli_product_rotation"
    return others | {row.code: name for name, row in gate_rows().items()}


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


def why_walked(circuit: QuantumCircuit, reading: NativeReading | None) -> str:
    """Return why something of this circuit has been left."""
    if (reason := why_not_native()) is not None:
        return reason
    if reading is not None and reading.gaps is not None:
        first = int(reading.gaps[reading.gaps[:, 2] == 1, 0][0])
        return f"it has the instruction {circuit.data[first].name!r}"
    if circuit.num_vars:
        return "it has variables"
    return "it has an angle that is no finite real number"


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


def _reader() -> Reader | None:
    """Return what reads circuits; None if it was not built, or for another version of Qiskit."""
    if why_not_native() is not None:
        return None
    return _reader_within(control_flow.UNROLL_LIMIT, builder.MAX_OPERATIONS)


@functools.cache
def _reader_within(unrolled: int, operations: int) -> Reader:
    """Return what unrolls loops up to so many operations, and leaves those that make a program longer than that."""
    from ketjet._qiskit_bridge import Reader

    limits = {"matrix_qubits": SMALL_QUBITS, "depth": MAX_DEPTH, "unrolled": unrolled, "operations": operations}
    codes = instruction_codes(), classical_codes(), pauli_codes()
    return Reader(gate_rows(), *codes, limits, UNITARY_TOLERANCE)
