"""Operations with structure that the engine runs natively instead of through a long definition.

Every handler takes a builder, an operation and its placement, and appends what the operation means, controls and
inverse included. It returns False where only the definition is right.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit.library import (
    DiagonalGate,
    Initialize,
    MCMTGate,
    PauliEvolutionGate,
    PauliGate,
    PermutationGate,
    StatePreparation,
    UCGate,
    UCPauliRotGate,
    UnitaryGate,
)
from qiskit.synthesis import ProductFormula, SuzukiTrotter

from ketjet import engine
from ketjet.errors import InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering.arrays import array_of
from ketjet.lowering.gates import table_gate
from ketjet.lowering.newer_qiskit import PauliProductRotationGate
from ketjet.lowering.operations import Placement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from ketjet.lowering.builder import ProgramBuilder

UNITARY_TOLERANCE = 1e-5
"""The largest max|U†U - 1| of a unitary matrix; Qiskit's own check passes the same."""

WEIGHT_ONE = {"X": "rx", "Y": "ry", "Z": "rz"}
PROJECTORS: dict[str, tuple[int, tuple[str, ...], tuple[str, ...]]] = {
    "0": (0, (), ()),
    "1": (1, (), ()),
    "+": (0, ("h",), ("h",)),
    "-": (1, ("h",), ("h",)),
    "r": (0, ("sdg", "h"), ("h", "s")),
    "l": (1, ("sdg", "h"), ("h", "s")),
}
"""A one-qubit projector as a control: required value, gates before and after."""


def unitary(builder: ProgramBuilder, operation: UnitaryGate, placement: Placement) -> bool:
    """Append a dense matrix."""
    append_matrix(builder, operation.to_matrix(), placement)
    return True


def append_matrix(builder: ProgramBuilder, values: Any, placement: Placement) -> None:
    """Append a matrix after checking it; `placement.inverse` means its adjoint."""
    matrix = np.array(values, np.complex128, order="C")
    require_unitary(matrix[np.newaxis])
    if placement.inverse:
        matrix = matrix.conj().T
    builder.structured("unitary", placement, np.ascontiguousarray(matrix).reshape(-1))


def are_unitary(matrices: Iterable[NDArray[np.complex128]]) -> bool:
    """Tell whether matrices are all finite and unitary."""
    return all(engine.unitarity_error(matrix) <= UNITARY_TOLERANCE for matrix in matrices)  # False for NaN, too


def require_unitary(matrices: NDArray[np.complex128]) -> None:
    """Raise InvalidCircuitError unless all matrices of a stack are finite and unitary."""
    for matrix in matrices:
        error = engine.unitarity_error(matrix)
        if not error <= UNITARY_TOLERANCE:  # NaN where an entry is not finite
            _require_finite(matrix, "its matrix")
            msg = f"its matrix is not unitary: max|U†U - 1| is {error:.3g}; use a unitary matrix"
            raise InvalidCircuitError(msg)


def _require_finite(values: NDArray[Any], what: str) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        msg = f"{what} holds the value {values[~finite][0]}; use finite numbers"
        raise InvalidCircuitError(msg)


def diagonal(builder: ProgramBuilder, operation: DiagonalGate, placement: Placement) -> bool:
    """Append a diagonal."""
    entries = array_of(operation.params, np.complex128)
    _require_finite(entries, "its diagonal")
    error = np.abs(np.abs(entries) - 1).max()
    if error > UNITARY_TOLERANCE:
        msg = f"its diagonal is not unitary: an entry's modulus is off by {error:.3g}; use entries of modulus 1"
        raise InvalidCircuitError(msg)
    builder.structured("diagonal", placement, entries.conj() if placement.inverse else entries)
    return True


def multiplexer(builder: ProgramBuilder, operation: UCGate, placement: Placement) -> bool:
    """Append a uniformly controlled one-qubit gate; the selecting qubits that Qiskit found superfluous are dropped."""
    if operation.up_to_diagonal:
        return False
    simplified, kept = operation.simp_contr
    matrices = array_of(operation.params, np.complex128)
    require_unitary(matrices)
    if simplified:
        placement = placement.on(0, *sorted(operation.num_qubits - control for control in kept))
    if placement.inverse:
        matrices = matrices.conj().swapaxes(1, 2)
    if len(matrices) == 1:
        builder.structured("unitary", placement, matrices.reshape(-1))
    else:
        builder.structured("multiplexer", placement, matrices.reshape(-1))
    return True


def rotation_multiplexer(builder: ProgramBuilder, operation: UCPauliRotGate, placement: Placement) -> bool:
    """Append a uniformly controlled rotation about X, Y or Z; the last is a diagonal."""
    angles = array_of(operation.params, np.float64)
    _require_finite(angles, "its list of angles")
    half = (-angles if placement.inverse else angles) / 2
    cosine, sine = np.cos(half), np.sin(half)
    if operation.rot_axes == "Z":
        entries = np.stack([cosine - 1j * sine, cosine + 1j * sine], axis=1)
        builder.structured("diagonal", placement, entries.reshape(-1))
        return True
    if operation.rot_axes == "X":
        rows = [[cosine, -1j * sine], [-1j * sine, cosine]]
    else:
        rows = [[cosine, -sine], [sine, cosine]]
    matrices = np.array(rows, np.complex128).transpose(2, 0, 1)
    builder.structured("multiplexer", placement, np.ascontiguousarray(matrices).reshape(-1))
    return True


def permutation(builder: ProgramBuilder, operation: PermutationGate, placement: Placement) -> bool:
    """Append a permutation of qubits."""
    pattern = array_of(operation.pattern, np.int64)
    builder.structured("permutation", placement, np.argsort(pattern) if placement.inverse else pattern)
    return True


def pauli(builder: ProgramBuilder, operation: PauliGate, placement: Placement) -> bool:
    """Append a string of Pauli matrices as one-qubit gates."""
    for position, letter in enumerate(reversed(operation.params[0])):
        if letter != "I":
            builder.gate(letter.lower(), placement.on(position))
    return True


def pauli_product_rotation(builder: ProgramBuilder, operation: Any, placement: Placement) -> bool:
    """Append exp(-i angle/2 P)."""
    letters = reversed(operation.pauli().to_label())
    _append_rotation(builder, placement, dict(enumerate(letters)), operation.params[0])
    return True


def pauli_evolution(builder: ProgramBuilder, operation: PauliEvolutionGate, placement: Placement) -> bool:
    """Append the rotations of a product formula in the order of the gate's definition.

    Other syntheses (random ones, matrix exponentials, users' own) are left to the definition.
    """
    formula = operation.synthesis
    if not isinstance(formula, SuzukiTrotter) or formula._atomic_evolution is not None:
        return False
    kind = type(formula)
    if kind.expand is not SuzukiTrotter.expand or kind.synthesize is not ProductFormula.synthesize:
        return False
    terms = formula.expand(operation)
    for letters, qubits, angle in reversed(terms) if placement.inverse else terms:
        _append_rotation(builder, placement, dict(zip(qubits, letters, strict=True)), angle)
    return True


def _append_rotation(builder: ProgramBuilder, placement: Placement, factors: dict[int, str], angle: Any) -> None:
    """Append exp(-i angle/2 P) for a product of Pauli matrices and projectors on the placement's targets."""
    if placement.inverse:
        angle = -angle
    strings = {position: letter for position, letter in factors.items() if letter in WEIGHT_ONE}
    projectors = {position: PROJECTORS[letter] for position, letter in factors.items() if letter in PROJECTORS}
    rotated = Placement(
        targets=tuple(placement.targets[position] for position in (*projectors, *strings)),
        controls=placement.controls,
        state=placement.state,
    ).controlled(len(projectors), sum(value << i for i, (value, _, _) in enumerate(projectors.values())))
    _change_basis(builder, placement, {position: before for position, (_, before, _) in projectors.items()})
    if not strings:
        builder.phase(rotated, angle * -0.5)
    elif len(strings) == 1:
        builder.gate(WEIGHT_ONE[next(iter(strings.values()))], rotated, (angle,))
    else:
        code_of = engine.pauli_codes()
        codes = np.array([code_of[letter] for letter in strings.values()], np.int64)
        builder.structured("pauli_rotation", rotated, codes, (angle,))
    _change_basis(builder, placement, {position: after for position, (_, _, after) in projectors.items()})


def _change_basis(builder: ProgramBuilder, placement: Placement, names: dict[int, tuple[str, ...]]) -> None:
    for position, gates in names.items():
        for name in gates:
            builder.gate(name, Placement((placement.targets[position],)))


def same_gate_on_all(builder: ProgramBuilder, operation: MCMTGate, placement: Placement) -> bool:
    """Append a multi-controlled multi-target gate as one controlled gate per target."""
    spread = placement.controlled(operation.num_ctrl_qubits, operation.ctrl_state)
    for position in range(len(spread.targets)):
        gate = table_gate(operation.base_gate, spread.on(position))
        if gate is None:
            return False
        builder.gate(gate.name, gate.placement, gate.parameters)
    return True


def initialize(builder: ProgramBuilder, operation: Initialize, placement: Placement) -> bool:
    """Append an initialisation to a vector; labels and integers are left to the definition, which is short."""
    if placement.controls or placement.inverse:
        msg = "an initialisation resets qubits and cannot be controlled or inverted; use StatePreparation"
        raise UnsupportedInstructionError(msg)
    amplitudes = _amplitudes(operation._stateprep)
    if amplitudes is None:
        return False
    builder.structured("initialize", placement, amplitudes)
    return True


def prepare_state(builder: ProgramBuilder, operation: StatePreparation, placement: Placement) -> bool:
    """Append a state preparation on qubits that are still zero as an initialisation; else its definition is right."""
    if placement.controls or placement.inverse or operation._inverse:
        return False
    amplitudes = _amplitudes(operation)
    if amplitudes is None or not builder.still_zero(placement.targets):
        return False
    builder.structured("initialize", placement, amplitudes)
    return True


def _amplitudes(operation: StatePreparation) -> NDArray[np.complex128] | None:
    if operation._from_label or operation._from_int:
        return None
    return checked_amplitudes(array_of(operation.params, np.complex128))


def checked_amplitudes(amplitudes: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Set the norm of a state to 1 in place; raise InvalidCircuitError unless it is finite and almost normal."""
    norm = math.sqrt(np.vdot(amplitudes, amplitudes).real)
    if not abs(norm - 1) <= UNITARY_TOLERANCE:  # NaN where an amplitude is
        _require_finite(amplitudes, "its state")
        msg = f"its state has norm {norm:.6g}; normalise it to 1"
        raise InvalidCircuitError(msg)
    amplitudes /= norm
    return amplitudes


HANDLERS: dict[type, Callable[[ProgramBuilder, Any, Placement], bool]] = {
    UnitaryGate: unitary,
    DiagonalGate: diagonal,
    UCGate: multiplexer,
    UCPauliRotGate: rotation_multiplexer,
    PermutationGate: permutation,
    PauliGate: pauli,
    PauliProductRotationGate: pauli_product_rotation,
    PauliEvolutionGate: pauli_evolution,
    MCMTGate: same_gate_on_all,
    Initialize: initialize,
    StatePreparation: prepare_state,
}


@functools.cache
def _handler(kind: type) -> Callable[[ProgramBuilder, Any, Placement], bool] | None:
    return next((HANDLERS[base] for base in kind.__mro__ if base in HANDLERS), None)


def is_structured(kind: type) -> bool:
    """Tell whether operations of a class are, or may be, appended as one of those above."""
    return _handler(kind) is not None


def append_structured(builder: ProgramBuilder, operation: Any, placement: Placement) -> bool:
    """Append an operation of one of the classes above; False if it is of none or needs its definition."""
    handler = _handler(operation.__class__)
    return handler is not None and handler(builder, operation, placement)
