"""The walk through a circuit: a tight loop over standard gates, and an explicit stack for definitions.

A circuit of standard gates never leaves the loop in `_run`. Anything else goes through `_lower`, which peels off
modifiers, tries the gate table and the structured classes, and opens a frame for the definition as a last resort.
The lowering of a definition is recorded once per operation object and replayed on other qubits afterwards.
"""

from __future__ import annotations

import enum
import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.circuit import (
    AnnotatedOperation,
    Barrier,
    BreakLoopOp,
    ContinueLoopOp,
    ControlFlowOp,
    Delay,
    Measure,
    Reset,
    Store,
)
from qiskit.circuit.library import IGate

from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.builder import ProgramBuilder, Row, gate_rows
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
from ketjet.lowering.structured import append_matrix, append_structured
from ketjet.lowering.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit.circuit import CircuitInstruction, QuantumCircuit

    from ketjet.lowering.builder import Mark

MAX_DEPTH = 10_000
"""Deeper definitions are taken for endless ones."""
MAX_OPERATIONS = 20_000_000
"""A circuit that unrolls to more operations is refused before it fills the memory."""


@functools.cache
def _plain_rows() -> dict[str, Row]:
    """Return the rows of the gate table whose gates are emitted as they are."""
    return {name: row for name, row in gate_rows().items() if name != "id"}


class Kind(enum.Enum):
    """What the walk does with an operation."""

    GATE = enum.auto()
    ANNOTATED = enum.auto()
    COLLAPSE = enum.auto()
    NO_EFFECT = enum.auto()
    CONTROL_FLOW = enum.auto()


@functools.cache
def _kind(operation_type: type) -> Kind:
    """Sort a class of operations; asking once per class is much faster than isinstance on Qiskit's abstract classes."""
    kinds: dict[Kind, tuple[type, ...]] = {
        Kind.ANNOTATED: (AnnotatedOperation,),
        Kind.COLLAPSE: (Measure, Reset),
        Kind.NO_EFFECT: (Barrier, Delay, IGate),
        Kind.CONTROL_FLOW: (ControlFlowOp, BreakLoopOp, ContinueLoopOp, Store),
    }
    return next((kind for kind, types in kinds.items() if issubclass(operation_type, types)), Kind.GATE)


class Recording(NamedTuple):
    """The stretch of the builder's lists that the lowering of one definition left behind."""

    operation: Any
    begin: Mark
    end: Mark
    wires: tuple[int, ...]
    clbits: tuple[int, ...]


class Frame:
    """One circuit on the stack: the outermost one or a definition."""

    __slots__ = ("begin", "clbits", "instructions", "key", "looks_back", "operation", "placement", "qubits")

    def __init__(self, circuit: QuantumCircuit, instructions: Iterator[CircuitInstruction], placement: Placement):
        self.instructions = instructions
        self.placement = placement
        self.qubits = dict(zip(circuit.qubits, placement.targets, strict=True))
        self.clbits = dict(zip(circuit.clbits, placement.clbits, strict=True))
        self.operation: Any = None
        self.key: tuple[Any, ...] = ()
        self.begin: Mark | None = None
        self.looks_back = 0


class CircuitWalk:
    """Appends the operations of one circuit to a builder."""

    def __init__(self, circuit: QuantumCircuit, starts_in_zero: bool) -> None:
        self.builder = ProgramBuilder(starts_in_zero)
        self._circuit = circuit
        self._stack: list[Frame] = []
        self._active: set[tuple[Any, ...]] = set()
        self._recordings: dict[tuple[Any, ...], Recording] = {}
        self._trail = Trail(circuit)

    def walk(self) -> None:
        """Lower the whole circuit, its global phase last."""
        circuit = self._circuit
        everything = Placement(tuple(range(circuit.num_qubits)), tuple(range(circuit.num_clbits)))
        self._stack.append(Frame(circuit, iter(circuit.data), everything))
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
        if frame.placement.controls or frame.placement.inverse:
            return self._run_modified(frame)
        rows = _plain_rows()
        qubits, clbits = frame.qubits, frame.clbits
        builder = self.builder
        codes, wires, slots = builder.codes, builder.wires, builder.slots
        for instruction in frame.instructions:
            name = instruction.name
            row = rows.get(name)
            if row is None or not instruction.is_standard_gate():
                if name == "measure" and _kind(instruction.operation.__class__) is Kind.COLLAPSE:
                    builder.measure(qubits[instruction.qubits[0]], clbits[instruction.clbits[0]])
                    continue
                child = self._lower_instruction(instruction, frame)
                if child is not None:
                    return child
                continue
            if row.parameters:
                for value in instruction.params:
                    if type(value) is float:
                        slots.append(value)
                    else:
                        self._slot(value, instruction)
            for qubit in instruction.qubits:
                wires.append(qubits[qubit])
            codes.append(row.code)
        return None

    def _run_modified(self, frame: Frame) -> Frame | None:
        for instruction in frame.instructions:
            child = self._lower_instruction(instruction, frame)
            if child is not None:
                return child
        return None

    def _slot(self, value: Any, instruction: CircuitInstruction) -> None:
        """Append the angle of a fast gate that is not simply a float."""
        if len(self._stack) == 1:
            self.builder.instruction = self._trail.present(len(self.builder.codes))
            self.builder.instruction_name = instruction.name
        try:
            self.builder.slot(value)
        except InvalidCircuitError as error:
            qubits = tuple(self._stack[-1].qubits[qubit] for qubit in instruction.qubits)
            raise self._located(error, instruction.name, qubits) from None

    def _lower_instruction(self, instruction: CircuitInstruction, frame: Frame) -> Frame | None:
        outermost = len(self._stack) == 1
        if outermost:
            self.builder.instruction = self._trail.present(len(self.builder.codes))
            self.builder.instruction_name = instruction.name
        placement = frame.placement._replace(
            targets=tuple([frame.qubits[qubit] for qubit in instruction.qubits]),
            clbits=tuple([frame.clbits[clbit] for clbit in instruction.clbits]),
        )
        operation = instruction.operation
        try:
            child = self._lower(operation, placement)
        except InvalidCircuitError as error:
            raise self._located(error, operation.name, placement.targets) from error.__cause__
        if outermost and child is None:
            self._trail.step(len(self.builder.codes), self.builder.instruction + 1)
        return child

    def _lower(self, operation: Any, placement: Placement) -> Frame | None:
        """Append one operation, or return the frame that will."""
        kind = _kind(operation.__class__)
        if kind is Kind.ANNOTATED:
            operation, placement, repeats = flatten_annotations(operation, placement)
            if repeats != 1:
                return self._lower_power(operation, placement, repeats)
            kind = _kind(operation.__class__)
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
        key = _definition_key(operation)
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
        instructions = reversed(list(definition.data)) if placement.inverse else definition.data
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
        frame = Frame(circuit, iter(unrolled.instructions), placement)
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
            for key in {frame.key, _definition_key(frame.operation)} if frame.key[0] != "power" else {frame.key}:
                self._recordings[_recording_key(key, frame.placement)] = recording
        if len(self._stack) == 1:
            self._trail.step(len(self.builder.codes), self.builder.instruction + 1)

    def _replay(self, key: tuple[Any, ...], placement: Placement) -> bool:
        """Append what the same operation became before, if it did."""
        recording = self._recordings.get(_recording_key(key, placement))
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
        finite = np.isfinite(np.array(self.builder.slots, np.float64))
        if finite.all():
            return
        slot = int(np.argmin(finite))
        index = self._trail.instruction_of(self.builder.operation_of_slot(slot))
        instruction = self._circuit.data[index]
        qubits = tuple(self._circuit.find_bit(qubit).index for qubit in instruction.qubits)
        reason = f"its angle is {self.builder.slots[slot]}; use a finite number"
        raise InvalidCircuitError(self._trail.describe(index, (), instruction.name, qubits, reason))

    def _located(self, error: InvalidCircuitError, name: str, qubits: tuple[int, ...]) -> InvalidCircuitError:
        """Return the error with the place where it happened in front of its reason."""
        path = [frame.operation.name for frame in self._stack[1:]]
        message = self._trail.describe(self.builder.instruction, path, name, qubits, str(error.message))
        return type(error)(message)


def _recording_key(key: tuple[Any, ...], placement: Placement) -> tuple[Any, ...]:
    return (*key, len(placement.controls), placement.state, placement.inverse)


def _definition_key(operation: Any) -> tuple[Any, ...]:
    """Return what two operations have in common if they surely have the same definition.

    That is the object itself. Qiskit's own classes build the definition from the object's attributes when it is
    asked for, so until then these tell as much.
    """
    if str(type(operation).__module__).startswith("qiskit.") and getattr(operation, "_definition", 0) is None:
        attributes = tuple(
            (name, tuple(value) if type(value) is list else value) for name, value in vars(operation).items()
        )
        try:
            hash(attributes)
        except TypeError:
            pass
        else:
            return (type(operation), attributes)
    return (id(operation),)
