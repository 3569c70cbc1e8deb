"""The walk through a circuit: whole stretches of standard gates at a time, an explicit stack for all that is nested.

A circuit of standard gates never leaves `_append_stretch`. Anything else goes through `_lower`, which peels off
modifiers, tries the gate table and the structured classes, and opens a frame for the definition as a last resort.
Blocks of control flow are frames too; the generators of `control_flow` say what is around them and which is next.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qiskit.circuit import Measure, Reset

from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.bare_names import meant_by
from ketjet.lowering.blocks import Place
from ketjet.lowering.builder import ProgramBuilder
from ketjet.lowering.codes import instruction_codes
from ketjet.lowering.control_flow import steps_of
from ketjet.lowering.definition_cache import DefinitionCache, definition_key
from ketjet.lowering.expressions import Expressions
from ketjet.lowering.frame import Frame, Kind, kind_of
from ketjet.lowering.gates import (
    Unrolled,
    definition_of,
    flatten_annotations,
    matrix_of,
    peel_controls,
    repeated,
    table_gate,
)
from ketjet.lowering.placement import Placement
from ketjet.lowering.refusals import refuse_by_name
from ketjet.lowering.saves import Saves, holds_saves
from ketjet.lowering.source_map import SourceMap
from ketjet.lowering.structured import append_matrix, append_structured
from ketjet.lowering.variables import VariableTable, refuse_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qiskit.circuit import CircuitInstruction, QuantumCircuit

    from ketjet.lowering.blocks import Block

MAX_DEPTH = 10_000
"""Deeper definitions are taken for endless ones."""
MAX_OPERATIONS = 20_000_000
"""A circuit that unrolls to more operations is refused before it fills the memory."""


class CircuitWalk:
    """Appends the operations of one circuit to a builder."""

    def __init__(self, circuit: QuantumCircuit, starts_in_zero: bool) -> None:
        self.builder = ProgramBuilder(starts_in_zero)
        self._circuit = circuit
        self._stack: list[Frame] = []
        # None of these knows the walk: a cycle would keep all that was gathered until the next garbage collection.
        self._require_room = partial(_require_room, self.builder, circuit)
        self._definitions = DefinitionCache(self.builder, self._require_room)
        self._source = SourceMap(circuit, self.builder, self._stack)
        self.variables = VariableTable(self._source.located_here)
        self.saves = Saves(self.builder, self._source.located_here)

    def walk(self) -> None:
        """Lower the whole circuit, its global phase last unless saves are to show it."""
        circuit = self._circuit
        everything = Placement(tuple(range(circuit.num_qubits)), tuple(range(circuit.num_clbits)))
        phase_first = circuit.global_phase != 0 and holds_saves(circuit)
        if phase_first:
            self._source.step(0, -1)
            self._circuit_phase(everything)
        frame = Frame(circuit, circuit.data, everything)
        if circuit.num_vars:
            refuse_inputs(circuit)
            self._open_scope(frame, circuit)
        self._stack.append(frame)
        while self._stack:
            frame = self._stack[-1]
            child = self._run(frame)
            if child is None:
                self._stack.pop()
                child = self._close(frame)
            if child is not None:
                self._stack.append(child)
        self.variables.finish()
        self.saves.finish(self.variables)
        if not phase_first:
            self._circuit_phase(everything)
        self._source.require_finite()

    def _run(self, frame: Frame) -> Frame | None:
        """Lower a frame's instructions; stop at one that needs a frame of its own and return that."""
        while frame.advance():
            end = frame.codes.index(None, frame.position)
            if end > frame.position:
                self._append_stretch(frame, frame.chunk[frame.position : end], frame.codes[frame.position : end])
            frame.position = end
            if end < len(frame.chunk):
                frame.position += 1
                child = self._lower_instruction(frame.chunk[end], frame)
                if child is not None:
                    return child
        return None

    def _append_stretch(self, frame: Frame, stretch: Sequence[CircuitInstruction], codes: Sequence[Any]) -> None:
        """Append plain gates, measurements and small matrices, all at once."""
        builder, gates, unitary = self.builder, stretch, instruction_codes()["unitary"]
        if unitary in codes:
            numbered = enumerate(zip(stretch, codes, strict=True), len(builder.codes))
            places = [(operation, len(each.qubits)) for operation, (each, code) in numbered if code == unitary]
            builder.unitaries(places, frame.matrices)
            gates = [each for each, code in zip(stretch, codes, strict=True) if code != unitary]
        slots = [value for instruction in gates for value in instruction.params]
        if {*map(type, slots)} <= {float}:
            builder.slots.extend(slots)
        else:
            self._append_angles(frame, stretch, codes)
        builder.wires += frame.wires_of(stretch)
        if frame.clbits:
            measure, clbits = instruction_codes()["measure"], frame.clbits
            measured = (each for each, code in zip(stretch, codes, strict=True) if code == measure)
            builder.measured += [clbits[each.clbits[0]] for each in measured]
        builder.codes += codes

    def _append_angles(self, frame: Frame, stretch: Sequence[CircuitInstruction], codes: Sequence[Any]) -> None:
        """Append the angles of plain gates, some of which are not simply floats."""
        builder, outermost, unitary = self.builder, len(self._stack) == 1, instruction_codes()["unitary"]
        for operation, (instruction, code) in enumerate(zip(stretch, codes, strict=True), len(builder.codes)):
            for value in () if code == unitary else instruction.params:
                if type(value) is float:
                    builder.slots.append(value)
                    continue
                if outermost:
                    builder.instruction = self._source.present(operation)
                    builder.instruction_name = instruction.name
                try:
                    builder.slot(value)
                except InvalidCircuitError as error:
                    raise self._source.located(error, instruction.name, frame.wires_of((instruction,))) from None

    def _lower_instruction(self, instruction: CircuitInstruction, frame: Frame) -> Frame | None:
        outermost, builder = len(self._stack) == 1, self.builder
        operation = instruction.operation
        if outermost:
            builder.instruction = self._source.present(len(builder.codes))
            builder.instruction_name = instruction.name
        if kind_of(operation.__class__) is Kind.NO_EFFECT:
            if outermost:
                self._source.step(len(builder.codes), builder.instruction + 1)
            return None
        targets = tuple(frame.wires_of((instruction,)))
        clbits = tuple([frame.clbits[clbit] for clbit in instruction.clbits])
        placement = frame.placement._replace(targets=targets, clbits=clbits)
        self._source.here = operation.name, targets
        try:
            child = self._lower(operation, placement)
        except InvalidCircuitError as error:
            raise self._source.located(error, operation.name, placement.targets) from error.__cause__
        if outermost and child is None:
            self._source.step(len(builder.codes), builder.instruction + 1)
        return child

    def _lower(self, operation: Any, placement: Placement) -> Frame | None:
        """Append one operation, or return the frame that will."""
        kind = kind_of(operation.__class__)
        if kind is Kind.ANNOTATED:
            operation, placement, repeats = flatten_annotations(operation, placement)
            if repeats != 1:
                return self._lower_power(operation, placement, repeats)
            kind = kind_of(operation.__class__)
        if kind is Kind.NO_EFFECT:
            return None
        if kind is Kind.COLLAPSE:
            self._lower_collapse(operation, placement)
            return None
        if kind is Kind.CONTROL_FLOW:
            return self._lower_control_flow(operation, placement)
        operation, placement = peel_controls(operation, placement)
        gate = table_gate(operation, placement)
        if gate is not None:
            self.builder.gate(gate.name, gate.placement, gate.parameters)
            return None
        if append_structured(self.builder, operation, placement):
            return None
        refuse_by_name(operation)
        if self.saves.append(operation, placement):
            return None
        meant = meant_by(operation)
        if meant is not None:
            return self._lower(meant, placement)
        return self._lower_definition(operation, placement)

    def _lower_collapse(self, operation: Measure | Reset, placement: Placement) -> None:
        if placement.controls or placement.inverse:
            msg = "it is not unitary and cannot be controlled or inverted; take it out of the definition"
            raise UnsupportedInstructionError(msg)
        if isinstance(operation, Measure):
            self.builder.measure(placement.targets[0], placement.clbits[0])
        elif not self.builder.still_zero(placement.targets):
            self.builder.reset(placement.targets[0])

    def _lower_power(self, operation: Any, placement: Placement, repeats: int) -> Frame | None:
        if repeats == 0:
            return None
        replacement = repeated(operation, repeats)
        if not isinstance(replacement, Unrolled):
            return self._lower(replacement, placement)
        key = ("power", id(operation), repeats)
        return None if self._definitions.replay(key, placement) else self._open(replacement, placement, key, operation)

    def _lower_definition(self, operation: Any, placement: Placement) -> Frame | None:
        plain = not (placement.controls or placement.inverse or placement.clbits)
        if plain and self._definitions.plain.append(operation, placement.targets):
            return None
        key = definition_key(operation)
        if self._definitions.is_open(key):
            msg = "its definition contains itself; give it a definition of simpler gates"
            raise InvalidCircuitError(msg)
        if self._definitions.replay(key, placement):
            return None
        definition = definition_of(operation)
        if definition is None:
            append_matrix(self.builder, matrix_of(operation), placement)
            return None
        instructions = definition.data[::-1] if placement.inverse else definition.data
        return self._open(Unrolled(definition, instructions), placement, key, operation)

    def _lower_control_flow(self, operation: Any, placement: Placement) -> Frame | None:
        frame = self._stack[-1]
        place = Place(
            self.builder,
            self.variables,
            self._definitions,
            Expressions(self.variables, frame.clbits),
            placement.targets,
            frame.loop,
            bool(placement.controls) or placement.inverse,
            self._require_room,
        )
        return self._next_block(steps_of(place, operation), operation, placement)

    def _next_block(self, steps: Iterator[Block], operation: Any, placement: Placement) -> Frame | None:
        """Go on with a control-flow operation; return the frame of its next block, or None if it is complete."""
        block = next(steps, None)
        if block is None:
            return None
        data = block.circuit.data
        unrolled = Unrolled(block.circuit, data[::-1] if placement.inverse else data)
        frame = self._frame(unrolled, placement, operation, "block")
        frame.steps = steps
        frame.loop = block.loop or self._stack[-1].loop
        frame.is_body = block.loop is not None
        if frame.is_body:
            self.variables.enter_loop()
        self._begin(frame, block.circuit)
        return frame

    def _open(self, unrolled: Unrolled, placement: Placement, key: tuple[Any, ...], operation: Any) -> Frame:
        """Return the frame of a definition."""
        frame = self._frame(unrolled, placement, operation, "definition")
        self._definitions.begin(frame, key)
        self._begin(frame, unrolled.circuit)
        return frame

    def _frame(self, unrolled: Unrolled, placement: Placement, operation: Any, what: str) -> Frame:
        circuit = unrolled.circuit
        if (circuit.num_qubits, circuit.num_clbits) != (len(placement.targets), len(placement.clbits)):
            msg = (
                f"its {what} has {circuit.num_qubits} qubits and {circuit.num_clbits} classical bits, "
                f"but it acts on {len(placement.targets)} and {len(placement.clbits)}; correct the {what}"
            )
            raise InvalidCircuitError(msg)
        self._require_room(0)
        if len(self._stack) >= MAX_DEPTH:
            msg = f"its definitions are nested more than {MAX_DEPTH} deep; they probably never end"
            raise InvalidCircuitError(msg)
        frame = Frame(circuit, unrolled.instructions, placement)
        frame.operation = operation
        return frame

    def _begin(self, frame: Frame, circuit: QuantumCircuit) -> None:
        self._open_scope(frame, circuit)
        self._global_phase(circuit, frame.placement)

    def _open_scope(self, frame: Frame, circuit: QuantumCircuit) -> None:
        """Make the variables visible that a circuit declares."""
        if circuit.num_declared_vars:
            clear: list[int] = []
            if self._stack:  # the outermost circuit is entered once, with all flags cleared
                self.builder.compute(clear)
            frame.scope = self.variables.open_scope(circuit.iter_declared_vars(), clear)

    def _close(self, frame: Frame) -> Frame | None:
        """Finish a circuit; return the next block if it was one of several.

        A definition goes into the cache. A complete instruction of the outermost circuit goes into the source map.
        """
        if frame.scope is not None:
            self.variables.close_scope(frame.scope)
        if frame.is_body:
            self.variables.leave_loop()
        if frame.steps is not None:
            self._source.here = frame.operation.name, frame.placement.targets
            try:
                child = self._next_block(frame.steps, frame.operation, frame.placement)
            except InvalidCircuitError as error:
                raise self._source.located_here(error) from error.__cause__
            if child is not None:
                return child
        elif frame.begin is not None:
            self._definitions.finish(frame)
        if len(self._stack) == 1:
            self._source.step(len(self.builder.codes), self.builder.instruction + 1)
        return None

    def _circuit_phase(self, everything: Placement) -> None:
        self.builder.instruction = -1  # no error in it is one of an instruction
        self._global_phase(self._circuit, everything)

    def _global_phase(self, circuit: QuantumCircuit, placement: Placement) -> None:
        phase = circuit.global_phase
        if isinstance(phase, (int, float)) and phase == 0:
            return
        self.builder.phase(placement, -phase if placement.inverse else phase)


def _require_room(builder: ProgramBuilder, circuit: QuantumCircuit, operations: int) -> None:
    """Refuse so many more operations if they are too many for a circuit."""
    if len(builder.codes) + operations > MAX_OPERATIONS + len(circuit.data):
        msg = f"its definitions and loops unroll to more than {MAX_OPERATIONS} operations; use smaller ones"
        raise InvalidCircuitError(msg)
