"""Operations that Qiskit's C API does not show, each read once and put in wherever it stands.

Those that are nothing but their definitions are read natively. What the walk lowers without a scope of its own,
whatever came before it, is lowered in Python: controlled gates, and those of `structured`. The walk gets all others.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex, SupportsInt

from qiskit.circuit import ControlledGate

from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.builder import MAX_CONTROLS, ProgramBuilder
from ketjet.lowering.definition_cache import definition_key
from ketjet.lowering.gates import definition_of, flatten_annotations, peel_controls, standard_name, table_gate
from ketjet.lowering.operations import Placement, gate_rows
from ketjet.lowering.packing import listed_columns
from ketjet.lowering.parameters import is_unbound
from ketjet.lowering.reader import Kind, kind_of
from ketjet.lowering.structured import append_structured, is_structured
from ketjet.lowering.unbound_slots import parameters_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet._qiskit_bridge import ReadCircuit, Reader
    from ketjet.lowering.gates import TableGate

__all__ = ["Definitions", "expressions_in"]

MAX_NESTED = 50
"""What is nested deeper is left to the walk, which also finds definitions that contain themselves."""

MAX_OPERATIONS = 1 << 20
"""A longer definition is left to the walk, which does not keep all that it is made of."""

FIRST_DEFINITION = -16
"""What stands for the first definition's name among the codes of gates; the others count down."""


class Definition(NamedTuple):
    """A definition that has been read as a whole."""

    name: str
    circuit: ReadCircuit
    expressions: list[Any]
    """Those of its angles that are no numbers, by number."""
    parameters: frozenset[Parameter]


class Definitions:
    """All definitions that have been read of one circuit."""

    def __init__(self) -> None:
        self.read: list[Definition] = []
        self._numbers: dict[Any, int] = {}
        """By the key of an operation; -1 for what is left to the walk, or is being read."""
        self._kept: list[Any] = []
        """The operations, whose keys may be their identities."""

    def put_in(
        self,
        reader: Reader,
        circuit: QuantumCircuit,
        found: ReadCircuit,
        most: int,
        own: AbstractSet[Parameter] | None = None,
        depth: int = 0,
    ) -> None:
        """Put in the definitions of what has been left of a circuit, as far as they have no parameters but its own."""
        data = circuit._data
        numbers = [
            -1 if number < 0 else self._number_of(reader, data[number].operation, depth) for number in found.left
        ]
        if own is not None:
            numbers = [-1 if number >= 0 and not self.read[number].parameters <= own else number for number in numbers]
        if any(number >= 0 for number in numbers):
            used: dict[SupportsInt | SupportsIndex, ReadCircuit] = {
                number: self.read[number].circuit for number in numbers if number >= 0
            }
            reader.put_in(found, numbers, used, most)

    def names(self) -> dict[int, str]:
        """Return the names of the definitions by what stands for them among the codes of gates."""
        return {FIRST_DEFINITION - number: definition.name for number, definition in enumerate(self.read)}

    def _number_of(self, reader: Reader, operation: Any, depth: int) -> int:
        if _is_lowered(operation.__class__) or standard_name(operation) is not None:
            key: tuple[Any, ...] = (id(operation),)
        elif depth < MAX_NESTED and kind_of(operation.__class__) is Kind.GATE:
            key = definition_key(operation)
        else:
            return -1
        number = self._numbers.get(key)
        if number is None:
            self._kept.append(operation)
            self._numbers[key] = -1
            lowered = _is_lowered(operation.__class__) or standard_name(operation) is not None
            number = self._lower(operation) if lowered else self._keep(self._read(reader, operation, depth))
            self._numbers[key] = number
        return number

    def _keep(self, definition: Definition | None) -> int:
        if definition is None:
            return -1
        self.read.append(definition)
        return len(self.read) - 1

    def _lower(self, operation: Any) -> int:
        """Lower an operation to a row of the gate table, or to what has a structure of its own."""
        placement = Placement(tuple(range(operation.num_qubits)))
        name, builder = operation.name, None
        try:
            operation, placement, repeats = flatten_annotations(operation, placement)
            if repeats != 1 or kind_of(operation.__class__) is not Kind.GATE:
                return -1
            operation, placement = peel_controls(operation, placement)
            gate = table_gate(operation, placement)
            if gate is None:
                builder = ProgramBuilder(starts_in_zero=False, num_instructions=1)
                if not append_structured(builder, operation, placement) or builder.looks_back:
                    return -1
        except InvalidCircuitError:  # to be raised where its place is known
            return -1
        if builder is not None:
            return self._keep(_gathered(name, builder, len(placement.controls + placement.targets)))
        assert gate is not None
        return self._row(name, gate)

    def _row(self, name: str, gate: TableGate) -> int:
        """Return the number of a row of the gate table, which is kept once if its angles are numbers."""
        controls, targets, state = gate.placement.controls, gate.placement.targets, gate.placement.state
        angles = tuple(gate.parameters)
        if len(controls) > MAX_CONTROLS or not {*map(type, angles)} <= {float}:
            return -1
        key = (name, gate.name, controls, targets, state, angles)
        if key not in self._numbers:
            wires = controls + targets
            code, slots = gate_rows()[gate.name].code, (0, len(angles))
            circuit = _read_circuit()(
                len(wires), (code,), (0, len(wires)), wires, (len(controls),), (state,), slots, angles, (-1,), [], ()
            )
            self._numbers[key] = self._keep(Definition(name, circuit, [], frozenset()))
        return self._numbers[key]

    def _read(self, reader: Reader, operation: Any, depth: int) -> Definition | None:
        try:
            circuit = definition_of(operation)
        except UnsupportedInstructionError:  # to be raised where its place is known
            return None
        if circuit is None or circuit.num_vars:
            return None
        if (circuit.num_qubits, circuit.num_clbits) != (operation.num_qubits, operation.num_clbits):
            return None
        parameters: Sequence[Parameter] = circuit._data.parameters if circuit.num_parameters else ()
        found = reader.read_definition(circuit._data, [parameter.name for parameter in parameters])
        if found is None:
            return None
        if not found.is_whole:
            self.put_in(reader, circuit, found, MAX_OPERATIONS, depth=depth + 1)
        if not found.is_whole:
            return None
        places, others = found.expressions
        expressions = expressions_in(circuit, parameters, places, others, self.read)
        if not all(map(is_unbound, expressions)):
            return None
        used: frozenset[Parameter] = frozenset().union(*map(parameters_of, expressions))
        return Definition(operation.name, found, expressions, used)


def expressions_in(
    circuit: QuantumCircuit,
    parameters: Sequence[Parameter],
    places: Sequence[int],
    others: Sequence[int],
    definitions: Sequence[Definition],
) -> list[Any]:
    """Return the expressions that are angles of a circuit, some of which may turn out to be numbers.

    Parameters
    ----------
    circuit, parameters
        The circuit and its parameters.
    places
        Of each expression the place of the parameter that it is, or -1.
    others
        Of those that are none: number, instruction, and place there, one after the other.
    definitions
        Those that have been put in.
    """
    found: list[Any] = [parameters[place] if place >= 0 else None for place in places]
    for number, instruction, position in zip(others[::3], others[1::3], others[2::3], strict=True):
        if position < 0:
            found[number] = definitions[instruction].expressions[-2 - position]
        elif instruction < 0:
            found[number] = circuit.global_phase
        else:
            found[number] = circuit._data[instruction].params[position]
    return found


@functools.cache
def _is_lowered(kind: type) -> bool:
    """Tell whether operations of a class are lowered here in Python."""
    return kind_of(kind) is Kind.ANNOTATED or issubclass(kind, ControlledGate) or is_structured(kind)


def _gathered(name: str, builder: ProgramBuilder, num_qubits: int) -> Definition:
    """Return what has been gathered in a builder of its own."""
    codes, wires, columns = listed_columns(builder, builder.codes, builder.specials, range(num_qubits))
    wire_begin, slot_begin, num_controls, control_state, operand = columns
    slots, unbound, expressions = builder.slots.tolist(), builder.unbound.slots.tolist(), builder.unbound.expressions
    circuit = _read_circuit()(
        num_qubits, codes, wire_begin, wires, num_controls, control_state, slot_begin, slots, operand,
        builder.payloads, unbound,
    )  # fmt: skip
    return Definition(name, circuit, expressions, frozenset().union(*map(parameters_of, expressions)))


@functools.cache
def _read_circuit() -> type[ReadCircuit]:
    from ketjet._qiskit_bridge import ReadCircuit

    return ReadCircuit
