"""Aer's instructions that save or set the state, known by their names: qiskit-aer is never imported.

A gate, or what has a definition, is never one of them, whatever its name.

What an instruction asks for becomes an operation of the program and a `SaveRequest` by which results are read. A save
that is listed per shot needs a word of every shot's memory; it gets one of its own behind all variables, when these
are known (`Saves.finish`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import ControlFlowOp, Gate

from ketjet import engine
from ketjet.engine import save_mode_codes, saved_codes
from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.arrays import array_of
from ketjet.lowering.doubled import LOST_SUBTYPE, MatrixWantedError, SaveOfDoubled
from ketjet.lowering.gates import definition_of, is_own
from ketjet.lowering.structured import checked_amplitudes
from ketjet.saves import LISTED, SAVE_UNITARY, SAVES, SaveRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qiskit import QuantumCircuit

    from ketjet.lowering.builder import ProgramBuilder
    from ketjet.lowering.operations import Placement
    from ketjet.lowering.variables import VariableTable
    from ketjet.saves import Save

MODES = {"single": "one", "c_single": "one_a_key"}
"""Which records the engine keeps for a subtype, by its own name; all of them for others."""

PER_SHOT_FIELD = 2
"""Where a payload holds the word of a shot's memory."""

RESERVED = ("counts", "memory")
"""Labels under which results have something else."""


SET_STATEVECTOR = "set_statevector"

INSTRUCTIONS_OF_AER = (*SAVES, SET_STATEVECTOR)
"""The names of all that are known here."""


class Saves:
    """The instructions of one circuit that save or set its state.

    Parameters
    ----------
    builder
        Where their operations are appended.
    locate
        Puts the present place in front of an error's message.
    """

    def __init__(self, builder: ProgramBuilder, locate: Callable[[InvalidCircuitError], InvalidCircuitError]) -> None:
        self.requests: list[SaveRequest] = []
        self._builder = builder
        self._locate = locate
        self._listed: list[int] = []
        """The payloads of those that are listed per shot."""
        self._whole: list[tuple[frozenset[int], InvalidCircuitError]] = []
        """Qubits of those that need all qubits, and what to raise if there are others."""

    def append(self, operation: Any, placement: Placement) -> bool:
        """Append an operation that does not speak for itself if it is one of these; False if it is not.

        Raises
        ------
        UnsupportedInstructionError
            If it saves in another way, or is to be controlled or inverted.
        InvalidCircuitError
            If another one has its label, or its parameters are wrong.
        """
        name = operation.name
        if not (name.startswith("save_") or name == SET_STATEVECTOR) or is_own(operation):
            return False
        save = SAVES.get(name)
        if save is None and name != SET_STATEVECTOR:
            msg = f"ketjet does not know this way to save; use one of {', '.join(SAVES)}"
            raise UnsupportedInstructionError(msg)
        if name == SAVE_UNITARY and not isinstance(operation, SaveOfDoubled):
            raise MatrixWantedError(
                "the matrix is that of the outermost circuit; take it out of the definition or block"
            )
        if placement.controls or placement.inverse:
            msg = "what saves or sets the state cannot be controlled or inverted; take it out of the definition"
            raise UnsupportedInstructionError(msg)
        self._builder.looks_back += 1  # every instruction stands there once: it may not be replayed
        if save is None or save.whole:
            placement = placement._replace(targets=tuple(sorted(placement.targets)))
            msg = "it is about the whole state, but the circuit acts on other qubits too; apply it to all qubits"
            self._whole.append((frozenset(placement.targets), self._locate(InvalidCircuitError(msg))))
        if save is None:
            self._set_state(operation, placement)
        else:
            self._save(operation, save, placement)
        return True

    def require_whole(self, qubits: Sequence[int]) -> None:
        """Raise InvalidCircuitError if one that is about the whole state leaves out any of the program's qubits."""
        for own, error in self._whole:
            if not own.issuperset(qubits):
                raise error

    def finish(self, variables: VariableTable) -> None:
        """Give those that are listed per shot their words; all variables are known now."""
        for payload in self._listed:
            word = variables.words
            variables.use(word, 1)
            self._builder.payloads[payload][PER_SHOT_FIELD] = word

    def _set_state(self, operation: Any, placement: Placement) -> None:
        amplitudes = array_of(operation.params[0], np.complex128).reshape(-1)
        if len(amplitudes) != 1 << len(placement.targets):
            msg = (
                f"its state has {len(amplitudes)} amplitudes, but {len(placement.targets)} qubits "
                f"have {1 << len(placement.targets)}"
            )
            raise InvalidCircuitError(msg)
        self._builder.structured("initialize", placement, checked_amplitudes(amplitudes))

    def _save(self, operation: Any, save: Save, placement: Placement) -> None:
        label, subtype = self._label_of(operation), _subtype_of(operation, save)
        qubits, column = len(placement.targets), -1
        arguments = _arguments(operation, save, qubits)
        if subtype in LISTED:
            column = len(self._listed)
            self._listed.append(len(self._builder.payloads))
        number = len(self.requests)
        mode = save_mode_codes()[MODES.get(subtype, "every")]
        self._builder.save(saved_codes()[save.kind], placement, number, mode, arguments)
        self.requests.append(SaveRequest(number, label, operation.name, subtype, qubits, column))

    def _label_of(self, operation: Any) -> str:
        label = getattr(operation, "_label", None) or operation.name.removeprefix("save_")
        if label == "_method_" or (operation.name == "save_state" and label == "state"):
            label = "statevector"
        if label in RESERVED:
            msg = f"its label {label!r} is the name of something else in the result's data; use another label"
            raise InvalidCircuitError(msg)
        if any(label == request.label for request in self.requests):
            msg = f"there is another save with the label {label!r}; give each one a label of its own"
            raise InvalidCircuitError(msg)
        return str(label)


def holds_saves(circuit: QuantumCircuit) -> bool:
    """Return whether one of these instructions is in a circuit, its blocks or the definitions of its instructions."""
    waiting = [circuit]
    while waiting:
        for instruction in waiting.pop().data:
            operation = instruction.operation
            if isinstance(operation, Gate):
                continue
            if isinstance(operation, ControlFlowOp):
                waiting += operation.blocks
            elif (definition := definition_of(operation)) is not None:
                waiting.append(definition)
            elif operation.name in SAVES:
                return True
    return False


def _subtype_of(operation: Any, save: Save) -> str:
    subtype = getattr(operation, "_subtype", None)
    if subtype is None:
        raise InvalidCircuitError(LOST_SUBTYPE)
    if subtype not in save.subtypes:
        msg = f"its subtype is {subtype!r}; use one of {', '.join(map(repr, save.subtypes))}"
        raise InvalidCircuitError(msg)
    return str(subtype)


def _arguments(operation: Any, save: Save, qubits: int) -> list[int]:
    """Return what the engine has to know besides the qubits."""
    if save.kind == "amplitudes":
        return [word for value in operation.params for word in _words(_basis_state(value, qubits), qubits)]
    if save.kind == "density" and qubits > (limit := engine.max_density_qubits()):
        msg = f"a density matrix of {qubits} qubits is too large; save one of at most {limit} qubits"
        raise InvalidCircuitError(msg)
    if save.kind != "expectations":
        return []
    try:
        terms = [(_masks(label, qubits), [float(value) for value in values]) for label, values in operation.params]
    except (TypeError, ValueError):
        msg = "its parameters are not the terms of a Hermitian operator; make it with qiskit_aer's class"
        raise InvalidCircuitError(msg) from None
    sums = 2 if operation.name == "save_expval_var" else 1
    arguments = [sums]
    for which in range(sums):
        present = [(masks, values[which]) for masks, values in terms if values[which]]
        arguments.append(len(present))
        for masks, coefficient in present:
            if not np.isfinite(coefficient):
                msg = f"a coefficient of its operator is {coefficient}; use finite numbers"
                raise InvalidCircuitError(msg)
            for mask in masks:
                arguments += _words(mask, qubits)
            arguments.append(int(np.float64(coefficient).view(np.int64)))
    return arguments


def _basis_state(value: Any, qubits: int) -> int:
    try:
        state = int(value)
    except (TypeError, ValueError, OverflowError):
        state = None
    if state is None or state != value:
        msg = f"its basis state {value!r} is no integer; use numbers from 0 to 2^{qubits} - 1"
        raise InvalidCircuitError(msg)
    if not 0 <= state < 1 << qubits:
        last = (1 << qubits) - 1 if qubits < 64 else f"2^{qubits} - 1"
        msg = f"its basis state {state} does not exist; use numbers from 0 to {last}"
        raise InvalidCircuitError(msg)
    return state


def _words(bits: int, qubits: int) -> list[int]:
    """Return so many bits as signed words, the lowest first."""
    words = [bits >> shift & 0xFFFFFFFFFFFFFFFF for shift in range(0, max(qubits, 1), 64)]
    return [word - (1 << 64) if word >> 63 else word for word in words]


def _masks(label: str, qubits: int) -> tuple[int, int]:
    """Return where a Pauli string has X or Y, and where Z or Y; its last letter is the first qubit."""
    if len(label) != qubits or not set(label) <= set("IXYZ"):
        raise ValueError(label)
    letters = label[::-1]
    x = sum(1 << i for i, letter in enumerate(letters) if letter in "XY")
    z = sum(1 << i for i, letter in enumerate(letters) if letter in "ZY")
    return x, z
