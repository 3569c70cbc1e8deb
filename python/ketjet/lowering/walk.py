"""The walk through a circuit: one operation after the other, with an explicit stack for all that is nested.

A `CircuitReader` appends what is plain and hands out the rest. That goes through `_lower`, which peels off modifiers,
tries the gate table and the structured classes, and opens a scope for the definition as a last resort. Blocks of
control flow have scopes too; the generators of `control_flow` say what is around them and which is next.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from qiskit.circuit import Measure, Reset

from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering import native
from ketjet.lowering.bare_names import meant_by, refuse_by_name
from ketjet.lowering.builder import ProgramBuilder
from ketjet.lowering.control_flow import ControlFlow
from ketjet.lowering.definition_cache import DefinitionCache, definition_key
from ketjet.lowering.gates import (
    Unrolled,
    definition_of,
    flatten_annotations,
    matrix_of,
    peel_controls,
    repeated,
    table_gate,
)
from ketjet.lowering.native_definitions import Definitions
from ketjet.lowering.native_reader import NativeReader
from ketjet.lowering.operations import Placement
from ketjet.lowering.reader import CircuitReader, Kind, kind_of
from ketjet.lowering.saves import Saves, holds_saves
from ketjet.lowering.scope import MAX_DEPTH, Scope
from ketjet.lowering.source_map import SourceMap
from ketjet.lowering.structured import append_matrix, append_structured
from ketjet.lowering.variables import VariableTable, refuse_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit.circuit import QuantumCircuit

    from ketjet.lowering.control_flow import Block
    from ketjet.lowering.native import NativeReading

FEW_INSTRUCTIONS = 8
"""So many are read in Python sooner than through Qiskit's C API."""


class CircuitWalk:
    """Appends the operations of one circuit to a builder.

    Parameters
    ----------
    circuit
        Any circuit.
    starts_in_zero
        Whether the program will start with all qubits in state zero.
    reading
        What Qiskit's C API has read of it, if anything.
    """

    def __init__(self, circuit: QuantumCircuit, starts_in_zero: bool, reading: NativeReading | None = None) -> None:
        self.builder = ProgramBuilder(starts_in_zero, len(circuit.data))
        self._circuit, self._reading = circuit, reading
        self._stack: list[Scope] = []
        # None of these knows the walk: a cycle would keep all that was gathered until the next garbage collection.
        self._source = SourceMap(circuit, self.builder, self._stack)
        self.variables = VariableTable(self._source.located_here)
        self.saves = Saves(self.builder, self._source.located_here)

    @cached_property
    def _definitions(self) -> DefinitionCache:
        return DefinitionCache(self.builder)

    @cached_property
    def _native_definitions(self) -> Definitions:
        read = None if self._reading is None else self._reading.definitions
        return Definitions() if read is None else read

    @cached_property
    def _control_flow(self) -> ControlFlow:
        return ControlFlow(self.builder, self.variables, self._definitions)

    def walk(self) -> None:
        """Lower the whole circuit, its global phase last unless saves are to show it."""
        circuit = self._circuit
        everything = Placement(tuple(range(circuit.num_qubits)), tuple(range(circuit.num_clbits)))
        phase_first = circuit.global_phase != 0 and holds_saves(circuit)
        if phase_first:
            self._source.step(0, -1)
            self._circuit_phase(everything)
        reader = self._outermost(everything)
        scope = Scope(everything, reader.clbits, reader.read())
        if circuit.num_vars:
            refuse_inputs(circuit)
            self._declare(scope, circuit)
        self._stack.append(scope)
        try:
            self._empty_stack()
        finally:
            self._stack.clear()  # what an error leaves open knows the source map, which knows the stack
        if self.variables.words:
            self.variables.finish()
        if self.saves.requests:
            self.saves.finish(self.variables)
        if not phase_first:
            self._circuit_phase(everything)
        self._source.require_finite()

    def _outermost(self, everything: Placement) -> CircuitReader:
        circuit, builder, source = self._circuit, self.builder, self._source
        if self._reading is not None:
            self.variables.use(0, self._reading.words)
            return NativeReader(circuit, self._reading, everything, builder, source, is_outermost=True)
        return CircuitReader(circuit, circuit.data, everything, builder, source, is_outermost=True)

    def _empty_stack(self) -> None:
        """Lower the innermost open circuit until none is open."""
        while self._stack:
            scope = self._stack[-1]
            child = self._run(scope)
            if child is None:
                self._stack.pop()
                child = self._close(scope)
            if child is not None:
                self._stack.append(child)

    def _run(self, scope: Scope) -> Scope | None:
        """Lower a scope's instructions; stop at one that needs a scope of its own and return that."""
        for operation, placement in scope.instructions:
            self._source.here = operation.name, placement.targets
            try:
                child = self._lower(operation, placement)
            except InvalidCircuitError as error:
                raise self._source.located(error, operation.name, placement.targets) from error.__cause__
            if child is not None:
                return child
        return None

    def _lower(self, operation: Any, placement: Placement) -> Scope | None:
        """Append one operation, or return the scope that will."""
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
        meant = meant_by(operation)
        if meant is not None:
            return self._lower(meant, placement)
        if self.saves.append(operation, placement):
            return None
        return self._lower_definition(operation, placement)

    def _lower_collapse(self, operation: Measure | Reset, placement: Placement) -> None:
        if placement.controls or placement.inverse:
            msg = "it is not unitary and cannot be controlled or inverted; take it out of the definition"
            raise UnsupportedInstructionError(msg)
        if isinstance(operation, Measure):
            self.builder.measure(placement.targets[0], placement.clbits[0])
        elif not self.builder.still_zero(placement.targets):
            self.builder.reset(placement.targets[0])

    def _lower_power(self, operation: Any, placement: Placement, repeats: int) -> Scope | None:
        if repeats == 0:
            return None
        replacement = repeated(operation, repeats)
        if not isinstance(replacement, Unrolled):
            return self._lower(replacement, placement)
        key = ("power", id(operation), repeats)
        return None if self._definitions.replay(key, placement) else self._open(replacement, placement, key, operation)

    def _lower_definition(self, operation: Any, placement: Placement) -> Scope | None:
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

    def _lower_control_flow(self, operation: Any, placement: Placement) -> Scope | None:
        scope = self._stack[-1]
        steps = self._control_flow.steps_of(operation, placement, scope.clbits, scope.loop)
        return self._next_block(steps, operation, placement)

    def _next_block(self, steps: Iterator[Block], operation: Any, placement: Placement) -> Scope | None:
        """Go on with a control-flow operation; return the scope of its next block, or None if it is complete."""
        block = next(steps, None)
        if block is None:
            return None
        data = block.circuit.data
        unrolled = Unrolled(block.circuit, data[::-1] if placement.inverse else data)
        scope = self._scope(unrolled, placement, operation, "block")
        scope.steps = steps
        scope.loop = block.loop or self._stack[-1].loop
        scope.is_body = block.loop is not None
        if scope.is_body:
            self.variables.enter_loop()
        self._begin(scope, block.circuit)
        return scope

    def _open(self, unrolled: Unrolled, placement: Placement, key: tuple[Any, ...], operation: Any) -> Scope:
        """Return the scope of a definition."""
        scope = self._scope(unrolled, placement, operation, "definition")
        scope.definition = self._definitions.begin(operation, placement, key)
        self._begin(scope, unrolled.circuit)
        return scope

    def _scope(self, unrolled: Unrolled, placement: Placement, operation: Any, what: str) -> Scope:
        circuit = unrolled.circuit
        if (circuit.num_qubits, circuit.num_clbits) != (len(placement.targets), len(placement.clbits)):
            msg = (
                f"its {what} has {circuit.num_qubits} qubits and {circuit.num_clbits} classical bits, "
                f"but it acts on {len(placement.targets)} and {len(placement.clbits)}; correct the {what}"
            )
            raise InvalidCircuitError(msg)
        self.builder.require_room(0)
        if len(self._stack) >= MAX_DEPTH:
            msg = f"its definitions are nested more than {MAX_DEPTH} deep; they probably never end"
            raise InvalidCircuitError(msg)
        reader = CircuitReader(circuit, unrolled.instructions, placement, self.builder, self._source)
        return Scope(placement, reader.clbits, self._read(reader, unrolled, placement), operation)

    def _read(self, reader: CircuitReader, unrolled: Unrolled, placement: Placement) -> Iterator[tuple[Any, Placement]]:
        """Read a block or definition, once its variables have been declared."""
        circuit, variables = unrolled.circuit, self.variables
        reading = None
        if len(unrolled.instructions) > FEW_INSTRUCTIONS and not (placement.controls or placement.inverse):
            reading = native.read_inner(
                circuit,
                placement,
                with_control_flow=variables.reachable,
                first_free_word=variables.first_free,
                definitions=self._native_definitions,
            )
        if reading is not None:
            variables.use(0, reading.words)
            reader = NativeReader(circuit, reading, placement, self.builder, self._source)
        yield from reader.read()

    def _begin(self, scope: Scope, circuit: QuantumCircuit) -> None:
        self._declare(scope, circuit)
        self._global_phase(circuit, scope.placement)

    def _declare(self, scope: Scope, circuit: QuantumCircuit) -> None:
        """Make the variables visible that a circuit declares."""
        if circuit.num_declared_vars:
            clear: list[int] = []
            if self._stack:  # the outermost circuit is entered once, with all flags cleared
                self.builder.compute(clear)
            scope.declared = self.variables.declare(circuit.iter_declared_vars(), clear)

    def _close(self, scope: Scope) -> Scope | None:
        """Finish a circuit; return the next block if it was one of several. A definition goes into the cache."""
        if scope.declared is not None:
            self.variables.forget(scope.declared)
        if scope.is_body:
            self.variables.leave_loop()
        if scope.steps is not None:
            self._source.here = scope.operation.name, scope.placement.targets
            try:
                child = self._next_block(scope.steps, scope.operation, scope.placement)
            except InvalidCircuitError as error:
                raise self._source.located_here(error) from error.__cause__
            if child is not None:
                return child
        elif scope.definition is not None:
            self._definitions.finish(scope.definition)
        return None

    def _circuit_phase(self, everything: Placement) -> None:
        self.builder.instruction, self.builder.instruction_name = -1, ""  # no error in it is one of an instruction
        self._global_phase(self._circuit, everything)

    def _global_phase(self, circuit: QuantumCircuit, placement: Placement) -> None:
        phase = circuit.global_phase
        if isinstance(phase, (int, float)) and phase == 0:
            return
        self.builder.phase(placement, -phase if placement.inverse else phase)
