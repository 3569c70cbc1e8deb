"""`lower` and what it returns: a program, the way back to the circuit's qubits, and a header for results."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.circuit import ControlFlowOp, ForLoopOp, Parameter, QuantumCircuit

from ketjet import engine
from ketjet.errors import InvalidCircuitError
from ketjet.lowering import native
from ketjet.lowering.arrays import distinct
from ketjet.lowering.binding import Binding
from ketjet.lowering.doubled import MatrixWantedError, doubled
from ketjet.lowering.header import Header
from ketjet.lowering.newer_qiskit import LOOPS_LEND_PARAMETERS
from ketjet.lowering.packing import pack
from ketjet.lowering.unbound_slots import UnboundSlots, told_apart
from ketjet.lowering.walk import CircuitWalk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ketjet.lowering.binding import Column
    from ketjet.lowering.builder import ProgramBuilder
    from ketjet.lowering.native import NativeReading
    from ketjet.saves import SaveRequest

logger = logging.getLogger(__name__)

SLOTS_AT_A_TIME = 1 << 20
"""How many slots are computed at a time when there are many points."""


class LoweredCircuit(NamedTuple):
    """A circuit as the engine runs it.

    Attributes
    ----------
    program
        The packed program. Unbound slots hold 0.0.
    header
        What results say about the circuit.
    qubits
        The program's qubit i is the circuit's qubit qubits[i].
    parameters
        What is still to be bound, sorted as in the circuit.
    has_measurements
        Whether any classical bit can be written: by a measurement or a store.
    saves
        What is to be saved on the way.
    binding
        How the program's slots follow from the parameters, if there are any.
    """

    program: engine.Program
    header: Header
    qubits: tuple[int, ...]
    parameters: tuple[Parameter, ...]
    has_measurements: bool
    saves: tuple[SaveRequest, ...]
    binding: Binding | None

    def bind(self, values: Mapping[Any, Any]) -> LoweredCircuit:
        """Give every parameter a value; the circuit is not lowered again.

        Parameters
        ----------
        values
            Numbers by parameter or parameter name, or sequences by parameter vector.

        Raises
        ------
        InvalidCircuitError
            If a name is unknown, a parameter has no value, or an angle becomes NaN or infinite.
        """
        row = self.resolve(values)
        return self if self.binding is None else self._bound(self.binding.slots_of(row[np.newaxis])[0])

    def resolve(self, values: Mapping[Any, Any]) -> NDArray[np.float64]:
        """Return values in the order of `parameters`; they are given as to `bind`.

        Raises
        ------
        InvalidCircuitError
            If a name is unknown, a parameter has no value, or a value is not a finite real number.
        """
        return self._own_binding().resolve(values)

    def rows(self, columns: Mapping[Any, Column], points: int) -> NDArray[np.float64]:
        """Return values in the order of `parameters`, one row per point, from a column of values for each parameter.

        Raises
        ------
        InvalidCircuitError
            As `bind`.
        """
        return self._own_binding().rows(columns, points)

    def at_points(self, values: NDArray[np.float64]) -> Iterator[LoweredCircuit]:
        """Return the circuit with each row of values; see `programs_at`."""
        return (
            itertools.repeat(self, len(values)) if self.binding is None else map(self._bound, self._each_slots(values))
        )

    def programs_at(self, values: NDArray[np.float64]) -> Iterator[engine.Program]:
        """Return the program with each row of values, which are finite and in the order of `parameters`.

        Raises
        ------
        InvalidCircuitError
            If an angle becomes NaN or infinite.
        """
        program = self.program
        if self.binding is None:
            return itertools.repeat(program, len(values))
        return map(program.with_slots, self._each_slots(values))

    def _each_slots(self, values: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        return itertools.chain.from_iterable(self.slots_at(values))

    def slots_at(self, values: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        """Return the program's slots with each row of values, for some rows at a time.

        Raises
        ------
        InvalidCircuitError
            If an angle becomes NaN or infinite.
        """
        slots = self.program.slots if self.binding is None else self.binding.all_slots
        at_a_time = max(1, SLOTS_AT_A_TIME // max(1, len(slots)))
        for i in range(0, len(values), at_a_time):
            some = values[i : i + at_a_time]
            if self.binding is None:
                yield np.broadcast_to(slots, (len(some), len(slots)))
            else:
                yield self.binding.slots_of(some, i if len(values) > 1 else None)

    def slots_with(self, columns: NDArray[np.int64]) -> set[int]:
        """Return the slots that depend on some of the parameters, which are given by their places among these."""
        slots, of = self.dependences()
        return set(slots[np.isin(of, columns)].tolist())

    def require_derivatives(self, points: NDArray[np.float64], columns: NDArray[np.int64]) -> None:
        """Check that all angles have derivatives by some parameters, which are given by their places.

        Raises
        ------
        InvalidCircuitError
            An angle has no finite derivative at one of the points.
        """
        if self.binding is not None:
            self.binding.require_derivatives(points, columns)

    def dependences(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs of a slot and the place of a parameter that it depends on, as two arrays."""
        nothing = np.empty(0, np.int64)
        return (nothing, nothing) if self.binding is None else self.binding.dependences()

    def _own_binding(self) -> Binding:
        return _nothing_to_bind(self.header.name) if self.binding is None else self.binding

    def _bound(self, slots: NDArray[np.float64]) -> LoweredCircuit:
        """Return the circuit with numbers in all slots."""
        header = self.header
        if header.global_phase is None:
            header = header.with_phase(float(slots[-1]))  # the circuit's phase is the last operation
        program = self.program.with_slots(slots)
        return self._replace(program=program, header=header, parameters=(), binding=None)


def lower(circuit: QuantumCircuit, *, keep_idle_qubits: bool = False, starts_in_zero: bool = True) -> LoweredCircuit:
    """Lower a circuit, control flow and classical variables included.

    Parameters
    ----------
    circuit
        Any circuit of Qiskit 2; unbound parameters are allowed.
    keep_idle_qubits
        Give the program all qubits of the circuit, not only those something acts on.
    starts_in_zero
        Whether the program will start with all qubits in state zero. State preparations on qubits that nothing has
        acted on are then initialisations, and resets of such qubits are dropped.

    Raises
    ------
    InvalidCircuitError
        If a number is NaN or infinite, a matrix is not unitary, a definition contains itself, or a variable is read
        that certainly has no value.
    UnsupportedInstructionError
        If an instruction cannot be simulated.
    """
    if not isinstance(circuit, QuantumCircuit):
        msg = f"expected a QuantumCircuit, not {type(circuit).__name__}"
        raise InvalidCircuitError(msg)
    reading = native.read(circuit, keep_idle_qubits=keep_idle_qubits, starts_in_zero=starts_in_zero)
    if reading is not None and reading.gaps is None:
        return _of_reading(circuit, reading)
    if logger.isEnabledFor(logging.DEBUG):
        how, why = "" if reading is None else " in part", native.why_walked(circuit, reading)
        logger.debug("circuit %r is read in Python%s, which takes longer: %s", circuit.name, how, why)
    return _walked(circuit, reading, keep_idle_qubits, starts_in_zero)


def _of_reading(circuit: QuantumCircuit, reading: NativeReading) -> LoweredCircuit:
    """Return a circuit that has been read as a whole."""
    qubits, columns, capsule, payloads, measures, parameters, expressions, _, _, _, words, _ = reading
    if columns is None:
        program = engine.Program.from_capsule(capsule, len(qubits), circuit.num_clbits)
        return LoweredCircuit(program, Header(circuit), qubits, parameters, measures, (), None)
    program = engine.Program(len(qubits), circuit.num_clbits, *columns, payloads, words)
    binding = None if expressions is None else Binding(circuit.name, parameters, expressions, columns.slots)
    return LoweredCircuit(program, Header(circuit), qubits, parameters, measures, (), binding)


def _walked(
    circuit: QuantumCircuit, reading: NativeReading | None, keep_idle_qubits: bool, starts_in_zero: bool
) -> LoweredCircuit:
    """Lower a circuit instruction by instruction, but for what has been read of it."""
    walk = CircuitWalk(circuit, starts_in_zero, reading)
    try:
        walk.walk()
    except MatrixWantedError:
        wide = doubled(circuit)
        if wide is circuit:
            raise
        if keep_idle_qubits:
            raise InvalidCircuitError(
                f"circuit {circuit.name!r} saves its matrix, and so has no state to be evolved or returned; remove "
                "save_unitary, or run without return_state=True"
            ) from None
        walk = CircuitWalk(wide, starts_in_zero)
        walk.walk()
    builder = walk.builder
    qubits = tuple(range(circuit.num_qubits)) if keep_idle_qubits else tuple(sorted(distinct(builder.wires)))
    binding = _binding(circuit, builder) if circuit.num_parameters or builder.unbound.slots else None
    walk.saves.require_whole(qubits)
    return LoweredCircuit(
        program=pack(builder, circuit.num_clbits, qubits, walk.variables.words, walk.variables.labels),
        header=Header(circuit),
        qubits=qubits,
        parameters=() if binding is None else binding.parameters,
        has_measurements=bool(builder.measured) or builder.writes_clbits,
        saves=tuple(walk.saves.requests),
        binding=binding,
    )


def _binding(circuit: QuantumCircuit, builder: ProgramBuilder) -> Binding | None:
    """Return how the program's slots follow from the parameters, if anything does."""
    own = _own_parameters(circuit, builder)
    if not own and not builder.unbound.slots:
        return None
    used, parameters = told_apart(builder.unbound, own)
    return Binding(circuit.name, parameters, used, np.array(builder.slots))


def _nothing_to_bind(circuit_name: str) -> Binding:
    """Return the binding of a circuit without parameters."""
    used, parameters = told_apart(UnboundSlots(), ())
    return Binding(circuit_name, parameters, used, np.empty(0))


def _own_parameters(circuit: QuantumCircuit, builder: ProgramBuilder) -> Sequence[Parameter]:
    """Return the circuit's parameters, without those to which only loops give values."""
    own: Sequence[Parameter] = circuit.parameters
    if not LOOPS_LEND_PARAMETERS:
        return own
    used = set().union(*(expression.parameters for expression in builder.unbound.expressions))
    lent, waiting = set(), [circuit]
    while waiting:
        for instruction in waiting.pop().data:
            operation = instruction.operation
            if isinstance(operation, ForLoopOp):
                lent.add(operation.params[1])
            if isinstance(operation, ControlFlowOp):
                waiting += operation.blocks
    return [parameter for parameter in own if parameter in used or parameter not in lent]
