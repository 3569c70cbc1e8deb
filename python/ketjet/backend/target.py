"""What the simulator takes, in the transpiler's terms: every instruction, between any qubits, in any number.

`transpile(circuit, Simulator())` needs to change nothing, so whatever the lowering handles natively is listed here;
without its name in the target the transpiler would unroll a multi-controlled gate into thousands of small ones. Two
things are left out, because of what they cost the transpiler: of the gates on two qubits it gets to know all the names,
but only one as a gate to build others from, as it would try each of them on every pair; and Pauli evolutions, of which
it would exponentiate the matrix.
"""

from __future__ import annotations

from qiskit.circuit import (
    BoxOp,
    BreakLoopOp,
    ContinueLoopOp,
    ControlledGate,
    ForLoopOp,
    IfElseOp,
    Instruction,
    Store,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.library import (
    C3XGate,
    C4XGate,
    DiagonalGate,
    Initialize,
    MCMTGate,
    MCPhaseGate,
    MCXGate,
    PauliGate,
    PermutationGate,
    StatePreparation,
    UCGate,
    UCRXGate,
    UCRYGate,
    UCRZGate,
    UnitaryGate,
    get_standard_gate_name_mapping,
)
from qiskit.transpiler import Target

from ketjet.lowering import INSTRUCTIONS_OF_AER
from ketjet.lowering.newer_qiskit import PauliProductMeasurement, PauliProductRotationGate

__all__ = ["build_target"]

CONTROL_FLOW = {
    "box": BoxOp,
    "break_loop": BreakLoopOp,
    "continue_loop": ContinueLoopOp,
    "for_loop": ForLoopOp,
    "if_else": IfElseOp,
    "store": Store,
    "switch_case": SwitchCaseOp,
    "while_loop": WhileLoopOp,
}

VARIABLE_WIDTH = {
    "diagonal": DiagonalGate,
    "initialize": Initialize,
    "mcmt": MCMTGate,
    "mcphase": MCPhaseGate,
    "mcx": MCXGate,
    "multiplexer": UCGate,
    "pauli": PauliGate,
    "pauli_product_measurement": PauliProductMeasurement,
    "pauli_product_rotation": PauliProductRotationGate,
    "permutation": PermutationGate,
    "state_preparation": StatePreparation,
    "ucrx": UCRXGate,
    "ucry": UCRYGate,
    "ucrz": UCRZGate,
    "unitary": UnitaryGate,
}

PAIR_GATE = "cx"
"""The gate on two qubits that the transpiler may build others from."""

MAX_NAMED_CONTROLS = 8
"""Qiskit names the controlled version of a gate after its number of controls; up to so many are listed."""


def build_target(num_qubits: int | None) -> Target:
    """Return a target of so many qubits, any of which an instruction may act on, without durations."""
    target = Target(description="ketjet statevector simulator", num_qubits=num_qubits)
    standard = {**get_standard_gate_name_mapping(), "mcx": C3XGate(), "c4x": C4XGate()}
    for name, gate in standard.items():
        if name not in VARIABLE_WIDTH and name not in target:
            named_only = gate.num_qubits == 2 and name != PAIR_GATE
            target.add_instruction(type(gate) if named_only else gate, name=name)
        if isinstance(gate, ControlledGate):
            _add_open_controls(target, gate)
    of_aer = dict.fromkeys(INSTRUCTIONS_OF_AER, Instruction)
    for name, operation in {**VARIABLE_WIDTH, **CONTROL_FLOW, **_multi_controlled(), **of_aer}.items():
        if name not in target:
            target.add_instruction(operation, name=name)
    return target


def _multi_controlled() -> dict[str, type[ControlledGate]]:
    """Return the names of common gates under several controls; under controls, x and p have names of any width."""
    bases = ["h", "rx", "ry", "rz", "s", "sdg", "swap", "sx", "sxdg", "t", "tdg", "u", "y", "z"]
    prefixes = ["c", "cc", *(f"c{controls}" for controls in range(3, MAX_NAMED_CONTROLS + 1))]
    names = [prefix + base for prefix in prefixes for base in bases]
    return dict.fromkeys(["c-unitary", *names], ControlledGate)


def _add_open_controls(target: Target, gate: ControlledGate) -> None:
    """Add the variants of a controlled gate that act while some of its controls are 0."""
    for state in range((1 << gate.num_ctrl_qubits) - 1):
        variant = gate.to_mutable()
        variant.ctrl_state = state
        if variant.name not in target:
            target.add_instruction(type(gate) if gate.num_qubits == 2 else variant, name=variant.name)
