"""Standard gates and the modifiers around them: controls in any state, inverses, powers.

Controls are never unrolled: whatever they surround is lowered with longer control lists. A gate with a row in the
engine's table is emitted as that row; everything else is left to `structured` or to the gate's definition.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.circuit import (
    AnnotatedOperation,
    ControlledGate,
    ControlModifier,
    Gate,
    InverseModifier,
    PowerModifier,
    QuantumCircuit,
)
from qiskit.circuit.library import QFTGate, UGate, UnitaryGate, WeightedSumGate
from qiskit.quantum_info import Operator

from ketjet.errors import UnsupportedInstructionError
from ketjet.lowering.operations import gate_rows
from ketjet.lowering.parameters import is_unbound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qiskit.circuit import CircuitInstruction

    from ketjet.lowering.operations import Placement

MAX_MATRIX_QUBITS = 10
"""The widest operation whose matrix is computed here (16 MiB)."""
MAX_SMALL_QUBITS = 6
"""Integer powers of matrices up to this width become one matrix."""
MAX_REPEATS = 1 << 20
"""How often a power may repeat any other operation."""


class TableGate(NamedTuple):
    """A gate with a row in the engine's table, ready to be emitted."""

    name: str
    placement: Placement
    parameters: Sequence[Any]


class Unrolled(NamedTuple):
    """A circuit that takes the place of an operation."""

    circuit: QuantumCircuit
    instructions: Sequence[CircuitInstruction]
    """The circuit's instructions in the order they run."""


def standard_name(operation: Any) -> str | None:
    """Return the engine's name of a standard gate, or None if the engine's table has no row for it."""
    standard = getattr(operation, "_standard_gate", None)
    if standard is None or standard.name not in gate_rows():
        return None
    return str(standard.name)


def table_gate(operation: Any, placement: Placement) -> TableGate | None:
    """Return the gate as a row of the engine's table, its inverse where that is meant; None if there is no row."""
    if isinstance(operation, UGate) and len(operation.params) == 4 and placement.controls:
        # What `CUGate.control()` leaves: the fourth angle is the phase of the controlled gate.
        return TableGate("cu", placement, _cu_parameters(operation, placement))
    name = standard_name(operation)
    if name is None:
        return None
    if isinstance(operation, ControlledGate):
        placement = placement.controlled(operation.num_ctrl_qubits, operation.ctrl_state)
    if name == "cu":
        return TableGate(name, placement, _cu_parameters(operation, placement))
    if name == "u2" and placement.inverse:  # Qiskit's inverse adds pi to the angles, which a large one swallows
        phi, lam = operation.params
        return TableGate("u", placement, (-math.pi / 2, -lam, -phi))
    if placement.inverse:
        operation = operation.inverse()
        name = standard_name(operation)
    return None if name is None else TableGate(name, placement, operation.params)


def _cu_parameters(operation: Any, placement: Placement) -> Sequence[Any]:
    theta, phi, lam, gamma = operation.params
    return (-theta, -lam, -phi, -gamma) if placement.inverse else (theta, phi, lam, gamma)


def peel_controls(operation: Any, placement: Placement) -> tuple[Any, Placement]:
    """Move the controls of controlled gates, nested ones too, into the placement.

    Stops at a gate with a row in the engine's table, and at gates whose controls cannot be separated: those with
    ancillas or several base gates, and those whose base gate has missed that its parameters were bound.
    """
    while isinstance(operation, ControlledGate):
        name = standard_name(operation)
        if name is not None and (name == "cu" or not placement.inverse):
            break
        base = operation.base_gate
        if base is None or base.num_qubits != operation.num_qubits - operation.num_ctrl_qubits:
            break
        if standard_name(base) is None and _is_stale(base):
            break
        placement = placement.controlled(operation.num_ctrl_qubits, operation.ctrl_state)
        operation = base
    return operation, placement


def _is_stale(base: Any) -> bool:
    """Tell whether a base gate knows less than the controlled gate around it.

    Binding a controlled gate reaches the parameters of its base gate and its own definition, but not a definition
    the base gate already has. And an opaque base gate may have a controlled version with a definition.
    """
    definition = getattr(base, "_definition", None)
    if definition is None:
        return type(base) is Gate
    known = {parameter for value in base.params if is_unbound(value) for parameter in value.parameters}
    return not known.issuperset(definition.parameters)


def flatten_annotations(operation: Any, placement: Placement) -> tuple[Any, Placement, int]:
    """Move control and inverse modifiers into the placement and return how often the base operation is repeated."""
    modifiers: list[Any] = []
    while isinstance(operation, AnnotatedOperation):
        modifiers = [*operation.modifiers, *modifiers]
        operation = operation.base_op
    for modifier in reversed(modifiers):  # the last controls added are the first qubits
        if isinstance(modifier, ControlModifier):
            placement = placement.controlled(modifier.num_ctrl_qubits, modifier.ctrl_state)
    exponents = [_exponent(modifier) for modifier in modifiers if not isinstance(modifier, ControlModifier)]
    if not all(float(exponent).is_integer() for exponent in exponents):
        return _real_power(operation, exponents), placement, 1
    repeats = math.prod(int(exponent) for exponent in exponents)
    return operation, placement.inverted() if repeats < 0 else placement, abs(repeats)


def _exponent(modifier: Any) -> float:
    # Qiskit's DiagonalGate.inverse(annotated=True) stores the class instead of an instance.
    if isinstance(modifier, InverseModifier) or modifier is InverseModifier:
        return -1
    if isinstance(modifier, PowerModifier):
        return modifier.power  # type: ignore[no-any-return]
    msg = f"its modifier {modifier!r} is unknown; use control, inverse or power"
    raise UnsupportedInstructionError(msg)


def _real_power(operation: Any, exponents: Sequence[float]) -> Any:
    """Raise an operation to one power after the other, of which some are no integers."""
    if any(is_unbound(value) for value in getattr(operation, "params", ())):
        for exponent in exponents:
            operation = operation.inverse() if exponent == -1 else operation.power(exponent, annotated=True)
        if not isinstance(operation, AnnotatedOperation):
            return operation
        msg = "a power that is no integer needs its matrix; bind the parameters first"
        raise UnsupportedInstructionError(msg)
    matrix = matrix_of(operation)
    for exponent in exponents:
        if float(exponent).is_integer():
            matrix = np.linalg.matrix_power(matrix if exponent >= 0 else matrix.conj().T, abs(int(exponent)))
        else:
            matrix = Operator(matrix).power(exponent).data
    return UnitaryGate(matrix, check_input=False)


def repeated(operation: Any, repeats: int) -> Any | Unrolled:
    """Return an operation that is the same as this one repeated, or a circuit that repeats it."""
    if operation.num_qubits <= MAX_SMALL_QUBITS and repeats > 2 and _has_plain_matrix(operation):
        return UnitaryGate(np.linalg.matrix_power(matrix_of(operation), repeats), check_input=False)
    if repeats > MAX_REPEATS:
        msg = (
            f"a power of {repeats} is too large for an operation with a definition; at most {MAX_REPEATS} are unrolled"
        )
        raise UnsupportedInstructionError(msg)
    circuit = QuantumCircuit(operation.num_qubits)
    circuit.append(operation, circuit.qubits)
    return Unrolled(circuit, [circuit.data[0]] * repeats)


def _has_plain_matrix(operation: Any) -> bool:
    if any(is_unbound(value) for value in getattr(operation, "params", ())):
        return False
    return isinstance(operation, UnitaryGate) or standard_name(operation) is not None


def matrix_of(operation: Any) -> NDArray[np.complex128]:
    """Return the operation's matrix, qubit 0 as the lowest index bit.

    Raises
    ------
    UnsupportedInstructionError
        If it is too wide, or Qiskit cannot compute it.
    """
    if operation.num_qubits > MAX_MATRIX_QUBITS:
        msg = f"a matrix on {operation.num_qubits} qubits is too large; give the operation a definition"
        raise UnsupportedInstructionError(msg)
    try:
        return np.ascontiguousarray(Operator(operation).data, np.complex128)
    except Exception as error:
        msg = f"it has neither a definition nor a matrix ({error}); give it a definition"
        raise UnsupportedInstructionError(msg) from error


def definition_of(operation: Any) -> QuantumCircuit | None:
    """Return the circuit that defines an operation, or None.

    Raises
    ------
    UnsupportedInstructionError
        If asking for the definition fails, or it is no circuit.
    """
    if isinstance(operation, WeightedSumGate):
        return weighted_sum(operation)
    try:
        definition = getattr(operation, "definition", None)
        if definition is None and hasattr(operation, "to_circuit"):
            definition = operation.to_circuit()
    except Exception as error:
        msg = f"its definition cannot be computed: {error}"
        raise UnsupportedInstructionError(msg) from error
    if definition is not None and not isinstance(definition, QuantumCircuit):
        msg = f"its definition is a {type(definition).__name__}; it must be a QuantumCircuit"
        raise UnsupportedInstructionError(msg)
    return definition


def is_own(operation: Any) -> bool:
    """Tell whether an operation speaks for itself, so that its name means nothing."""
    return isinstance(operation, Gate) or definition_of(operation) is not None


def weighted_sum(operation: WeightedSumGate) -> QuantumCircuit:
    """Return the definition that Qiskit leaves out: what is added to the sum are phases of its Fourier transform.

    Draper, "Addition on a quantum computer", arXiv:quant-ph/0008033. The sum register counts modulo its size.
    """
    states, sums = operation.num_state_qubits, operation.num_sum_qubits
    register = range(states, states + sums)
    circuit = QuantumCircuit(states + sums)
    circuit.append(QFTGate(sums), register)
    for state, weight in enumerate(operation.params):
        for place, qubit in enumerate(register):
            circuit.cp(math.tau * weight * 2.0 ** (place - sums), state, qubit)
    circuit.append(QFTGate(sums).inverse(), register)
    return circuit
