"""The walk through a circuit: whole stretches of standard gates at a time, and an explicit stack for definitions.

A circuit of standard gates never leaves `_append_stretch`. Anything else goes through `_lower`, which peels off
modifiers, tries the gate table and the structured classes, and opens a frame for the definition as a last resort.
The lowering of a definition is recorded once per operation object and replayed on other qubits afterwards.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qiskit.circuit import Measure, Reset

from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.builder import ProgramBuilder
from ketjet.lowering.codes import instruction_codes
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
from ketjet.lowering.packing import operation_of_slot
from ketjet.lowering.placement import Placement
from ketjet.lowering.recordings import Recording, Recordings, definition_key
from ketjet.lowering.structured import append_matrix, append_structured, is_unitary
from ketjet.lowering.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.circuit import CircuitInstruction, QuantumCircuit

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
        self._active: set[tuple[Any, ...]] = set()
        self._recordings = Recordings()
        self._trail = Trail(circuit)

    def walk(self) -> None:
        """Lower the whole circuit, its global phase last."""
        circuit = self._circuit
        everything = Placement(tuple(range(circuit.num_qubits)), tuple(range(circuit.num_clbits)))
        self._stack.append(Frame(circuit, circuit.data, everything))
        while self._stack:
            frame = self._stack[-1]
            child = self._run(frame)
            if child is not None:
                self._stack.append(child)
                continue
            self._stack.pop()
            self._close(frame)
        self.builder.instruction = -1
        self._global_phase(circuit, everything)
        self._require_finite_angles()

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
        """Append plain gates and measurements, all at once."""
        builder = self.builder
        slots = [value for instruction in stretch for value in instruction.params]
        if all(type(value) is float for value in slots):
            builder.slots += slots
        else:
            self._append_angles(frame, stretch)
        builder.wires += frame.wires_of(stretch)
        if frame.clbits:
            measure, clbits = instruction_codes()["measure"], frame.clbits
            measured = (each for each, code in zip(stretch, codes, strict=True) if code == measure)
            builder.measured += [clbits[each.clbits[0]] for each in measured]
        builder.codes += codes

    def _append_angles(self, frame: Frame, stretch: Sequence[CircuitInstruction]) -> None:
        """Append the angles of plain gates, some of which are not simply floats."""
        builder, outermost = self.builder, len(self._stack) == 1
        for operation, instruction in enumerate(stretch, len(builder.codes)):
            for value in instruction.params:
                if type(value) is float:
                    builder.slots.append(value)
                    continue
                if outermost:
                    builder.instruction = self._trail.present(operation)
                    builder.instruction_name = instruction.name
                try:
                    builder.slot(value)
                except InvalidCircuitError as error:
                    raise self._located(error, instruction.name, frame.wires_of((instruction,))) from None

    def _lower_instruction(self, instruction: CircuitInstruction, frame: Frame) -> Frame | None:
        outermost, builder = len(self._stack) == 1, self.builder
        if instruction.name == "unitary" and not frame.modified:  # making its operation takes longer than all the rest
            matrix = instruction.matrix
            if matrix is not None and is_unitary(matrix):
                builder.unitary(frame.wires_of((instruction,)), matrix)
                return None
        operation = instruction.operation
        if outermost:
            builder.instruction = self._trail.present(len(builder.codes))
            builder.instruction_name = instruction.name
        if kind_of(operation.__class__) is Kind.NO_EFFECT:
            if outermost:
                self._trail.step(len(builder.codes), builder.instruction + 1)
            return None
        targets = tuple(frame.wires_of((instruction,)))
        clbits = tuple([frame.clbits[clbit] for clbit in instruction.clbits])
        placement = frame.placement._replace(targets=targets, clbits=clbits)
        try:
            child = self._lower(operation, placement)
        except InvalidCircuitError as error:
            raise self._located(error, operation.name, placement.targets) from error.__cause__
        if outermost and child is None:
            self._trail.step(len(builder.codes), builder.instruction + 1)
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
            msg = "control flow and classical variables are not supported yet; use circuits without them"
            raise UnsupportedInstructionError(msg)
        operation, placement = peel_controls(operation, placement)
        gate = table_gate(operation, placement)
        if gate is not None:
            self.builder.gate(gate.name, gate.placement, gate.parameters)
            return None
        if append_structured(self.builder, operation, placement):
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

    def _lower_power(self, operation: Any, placement: Placement, repeats: int) -> Frame | None:
        if repeats == 0:
            return None
        replacement = repeated(operation, repeats)
        if not isinstance(replacement, Unrolled):
            return self._lower(replacement, placement)
        key = ("power", id(operation), repeats)
        return None if self._replay(key, placement) else self._open(replacement, placement, key, operation)

    def _lower_definition(self, operation: Any, placement: Placement) -> Frame | None:
        key = definition_key(operation)
        if key in self._active:
            msg = "its definition contains itself; give it a definition of simpler gates"
            raise InvalidCircuitError(msg)
        if self._replay(key, placement):
            return None
        if operation.name.startswith("save_") or operation.name == "set_statevector":
            msg = "instructions that save or set the state are not supported yet; remove it"
            raise UnsupportedInstructionError(msg)
        definition = definition_of(operation)
        if definition is None:
            append_matrix(self.builder, matrix_of(operation), placement)
            return None
        instructions = definition.data[::-1] if placement.inverse else definition.data
        return self._open(Unrolled(definition, instructions), placement, key, operation)

    def _open(self, unrolled: Unrolled, placement: Placement, key: tuple[Any, ...], operation: Any) -> Frame:
        circuit = unrolled.circuit
        if (circuit.num_qubits, circuit.num_clbits) != (len(placement.targets), len(placement.clbits)):
            msg = (
                f"its definition has {circuit.num_qubits} qubits and {circuit.num_clbits} classical bits, "
                f"but it acts on {len(placement.targets)} and {len(placement.clbits)}; correct the definition"
            )
            raise InvalidCircuitError(msg)
        self._require_room(0)
        if len(self._stack) >= MAX_DEPTH:
            msg = f"its definitions are nested more than {MAX_DEPTH} deep; they probably never end"
            raise InvalidCircuitError(msg)
        frame = Frame(circuit, unrolled.instructions, placement)
        frame.operation = operation
        frame.key = key
        frame.begin = self.builder.mark()
        frame.looks_back = self.builder.looks_back
        self._active.add(key)
        self._global_phase(circuit, placement)
        return frame

    def _close(self, frame: Frame) -> None:
        """Finish a definition: keep its recording, and count the instruction if it was one of the outermost."""
        if frame.begin is None:
            return
        self._active.discard(frame.key)
        if frame.looks_back == self.builder.looks_back:
            wires = frame.placement.controls + frame.placement.targets
            end = self.builder.mark()
            recording = Recording(frame.operation, frame.begin, end, wires, frame.placement.clbits)
            for key in {frame.key, definition_key(frame.operation)} if frame.key[0] != "power" else {frame.key}:
                self._recordings.keep(key, frame.placement, recording)
        if len(self._stack) == 1:
            self._trail.step(len(self.builder.codes), self.builder.instruction + 1)

    def _replay(self, key: tuple[Any, ...], placement: Placement) -> bool:
        """Append what the same operation became before, if it did."""
        recording = self._recordings.find(key, placement)
        if recording is None:
            return False
        self._require_room(recording.end.operations - recording.begin.operations)
        wires = dict(zip(recording.wires, placement.controls + placement.targets, strict=True))
        clbits = dict(zip(recording.clbits, placement.clbits, strict=True))
        self.builder.replay(recording.begin, recording.end, wires, clbits)
        return True

    def _require_room(self, operations: int) -> None:
        if len(self.builder.codes) + operations > MAX_OPERATIONS + len(self._circuit.data):
            msg = f"its definitions unroll to more than {MAX_OPERATIONS} operations; use smaller definitions"
            raise InvalidCircuitError(msg)

    def _global_phase(self, circuit: QuantumCircuit, placement: Placement) -> None:
        phase = circuit.global_phase
        if isinstance(phase, (int, float)) and phase == 0:
            return
        self.builder.phase(placement, -phase if placement.inverse else phase)

    def _require_finite_angles(self) -> None:
        slots = self.builder.slots
        if math.isfinite(sum(slots)) or all(map(math.isfinite, slots)):
            return
        slot = next(i for i, value in enumerate(slots) if not math.isfinite(value))
        index = self._trail.instruction_of(operation_of_slot(self.builder, slot))
        instruction = self._circuit.data[index]
        qubits = tuple(self._circuit.find_bit(qubit).index for qubit in instruction.qubits)
        reason = f"its angle is {slots[slot]}; use a finite number"
        raise InvalidCircuitError(self._trail.describe(index, (), instruction.name, qubits, reason))

    def _located(self, error: InvalidCircuitError, name: str, qubits: Sequence[int]) -> InvalidCircuitError:
        """Return the error with the place where it happened in front of its reason."""
        path = [frame.operation.name for frame in self._stack[1:]]
        message = self._trail.describe(self.builder.instruction, path, name, qubits, str(error.message))
        return type(error)(message)
