"""Definitions of nothing but plain gates, however deeply nested: read in one loop, without a scope for each.

Such a definition costs about what its gates cost when they stand in the circuit itself. Large ones that are met again
are replayed. What is not of this kind is left to the walk, which opens a scope for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qiskit.circuit import Gate, Instruction

from ketjet.engine import instruction_codes
from ketjet.errors import InvalidCircuitError
from ketjet.lowering.operations import plain_codes
from ketjet.lowering.reader import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit.circuit import CircuitInstruction

    from ketjet.lowering.builder import ProgramBuilder

MAX_NESTED = 200
"""What is nested deeper is left to the walk, which also finds definitions that contain themselves."""

ROOM_STEP = 10_000
"""After so many operations it is asked again whether there are too many."""

OPENQASM_2 = "qiskit.qasm2.parse"
"""Where the gates come from that a file defines: a name and a program of its own for each, shared by all their uses."""


class _Read(NamedTuple):
    """Where the gates of a definition are in the builder's lists."""

    operation: Any
    targets: tuple[int, ...]
    begin: tuple[int, int, int, int]
    """Numbers of operations, wires, slots and unbound slots before it, and behind it."""
    end: tuple[int, int, int, int]


class _Open(NamedTuple):
    """A definition that is being read."""

    operation: Any
    instructions: Iterator[CircuitInstruction]
    targets: tuple[int, ...]
    wires: dict[Any, int] | None
    """The targets by qubit, unless the qubits' places in their register tell them."""
    begin: tuple[int, int, int, int]


class PlainDefinitions:
    """Reads definitions into a builder.

    Parameters
    ----------
    builder
        Where their gates are appended.
    """

    def __init__(self, builder: ProgramBuilder) -> None:
        self._builder = builder
        self._next_check = ROOM_STEP
        self._others: dict[int, Any] = {}
        """Operations of another kind, by their identity."""
        self._known: dict[Any, _Read] = {}
        """What has been read, by the operation's identity, and by what defines it."""
        self._sizes: dict[Any, int] = {}

    def append(self, operation: Any, targets: tuple[int, ...]) -> bool:
        """Append an operation's definition on these qubits; False if it is of another kind."""
        if id(operation) in self._others or not _is_defined(operation):
            return False
        if type(operation).__module__ == OPENQASM_2:
            self._builder.require_room(self._size_of(operation))
        begin, known = self._place(), self.position()
        path: list[_Open] = []
        if self._read(operation, targets, path):
            return True
        builder = self._builder
        del builder.codes[begin[0] :], builder.wires[begin[1] :], builder.slots[begin[2] :]
        builder.unbound.truncate(begin[3])
        self.forget_since(known)
        self._others |= {id(each.operation): each.operation for each in path}
        self._others[id(operation)] = operation
        return False

    def position(self) -> int:
        """Return how much has been read."""
        return len(self._known)

    def forget_since(self, position: int) -> None:
        """Forget what has been read since."""
        while len(self._known) > position:
            self._known.popitem()

    def _read(self, operation: Any, targets: tuple[int, ...], path: list[_Open]) -> bool:
        if not self._open(operation, targets, path):
            return False
        builder, code_of = self._builder, plain_codes().get
        while path:
            present = path[-1]
            targets, wires = present.targets, present.wires
            for instruction in present.instructions:
                qubits = instruction.qubits
                on = [targets[each._index] for each in qubits] if wires is None else [wires[each] for each in qubits]
                code = code_of(instruction.name) if instruction.is_standard_gate() else None
                if code is not None:
                    builder.codes.append(code)
                    builder.wires += on
                    for value in instruction.params:
                        if type(value) is float:
                            builder.slots.append(value)
                        elif not self._append_angle(value):
                            return False
                    continue
                inner = instruction.operation
                if kind_of(inner.__class__) is Kind.NO_EFFECT:
                    continue
                if instruction.clbits or not self._open(inner, tuple(on), path):
                    return False
                if path[-1] is not present:
                    break
            else:
                path.pop()
                self._keep(_Read(present.operation, targets, present.begin, self._place()))
        return True

    def _open(self, operation: Any, targets: tuple[int, ...], path: list[_Open]) -> bool:
        """Start reading a definition, or append it if it is known; False if it is of another kind."""
        if len(path) >= MAX_NESTED or not _is_defined(operation):
            return False
        known = self._known.get(id(operation)) or self._known.get(_content(operation))
        if known is not None:
            self._play(known, targets)
            return True
        definition = operation.definition
        if definition is None or definition.num_clbits or definition.num_qubits != len(targets):
            return False
        begin = self._place()
        if begin[0] >= self._next_check:
            self._builder.require_room(0)
            self._next_check = begin[0] + ROOM_STEP
        qubits, wires = definition.qubits, None
        if [getattr(qubit, "_index", None) for qubit in qubits] != [*range(len(targets))]:
            wires = dict(zip(qubits, targets, strict=True))
        path.append(_Open(operation, iter(definition.data), targets, wires, begin))
        phase = definition.global_phase
        if type(phase) is not float or phase != 0:
            self._builder.codes.append(instruction_codes()["global_phase"])
            return self._append_angle(phase)
        return True

    def _keep(self, read: _Read) -> None:
        self._known[id(read.operation)] = read
        if (content := _content(read.operation)) is not None:
            self._known[content] = read

    def _play(self, known: _Read, targets: tuple[int, ...]) -> None:
        """Append once more what has been read, on other qubits."""
        (codes, wires, slots, unbound), end, builder = known.begin, known.end, self._builder
        builder.require_room(end[0] - codes)
        shift = len(builder.slots) - slots
        place_of = dict(zip(known.targets, targets, strict=True))
        builder.codes += builder.codes[codes : end[0]]
        builder.wires += [place_of[wire] for wire in builder.wires[wires : end[1]]]
        builder.slots += builder.slots[slots : end[2]]
        builder.unbound.repeat(unbound, end[3], shift, builder.instruction, builder.instruction_name)

    def _place(self) -> tuple[int, int, int, int]:
        builder = self._builder
        return len(builder.codes), len(builder.wires), len(builder.slots), len(builder.unbound.slots)

    def _append_angle(self, value: Any) -> bool:
        try:
            self._builder.slot(value)
        except InvalidCircuitError:  # to be raised where its place is known
            return False
        return True

    def _size_of(self, operation: Any) -> int:
        """Return how many operations a gate of OpenQASM 2 becomes, which does not depend on its angles."""
        sizes, waiting = self._sizes, [operation]
        while waiting:
            gate = waiting[-1]
            data = gate.definition.data if _program(gate) not in sizes else ()
            inner = [each.operation for each in data if not each.is_standard_gate()]
            inner = [each for each in inner if type(each).__module__ == OPENQASM_2]
            missing = [each for each in inner if _program(each) not in sizes]
            if missing:
                waiting.append(missing[0])
                continue
            waiting.pop()
            if data:
                sizes[_program(gate)] = len(data) + sum(sizes[_program(each)] - 1 for each in inner)
            sizes.setdefault(_program(gate), 0)
        return sizes[_program(operation)]


def _is_defined(operation: Any) -> bool:
    """Tell whether an operation is nothing but its definition."""
    kind = operation.__class__
    return kind is Gate or kind is Instruction or kind.__module__ == OPENQASM_2


def _program(gate: Any) -> tuple[str, Any]:
    return gate.name, getattr(gate, "_bytecode", id(gate))


def _content(operation: Any) -> Any:
    """Return what tells that two gates of OpenQASM 2 have the same definition, if all of it can be compared."""
    if operation.__class__.__module__ != OPENQASM_2:
        return None
    angles = tuple(operation.params)
    return (*_program(operation), angles) if {*map(type, angles)} <= {float, int} else None
