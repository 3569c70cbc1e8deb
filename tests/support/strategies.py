"""Hypothesis strategies for circuits: every standard gate, all kinds of controls, structured and custom gates."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import (
    AnnotatedOperation,
    ControlledGate,
    ControlModifier,
    Gate,
    InverseModifier,
    Parameter,
    PowerModifier,
)
from qiskit.circuit.library import (
    DiagonalGate,
    MCPhaseGate,
    MCXGate,
    PauliEvolutionGate,
    PauliGate,
    PermutationGate,
    UCGate,
    UCRXGate,
    UCRYGate,
    UCRZGate,
    UnitaryGate,
    get_standard_gate_name_mapping,
)
from qiskit.quantum_info import SparsePauliOp, random_unitary

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

STANDARD_GATES = {name: gate for name, gate in get_standard_gate_name_mapping().items() if isinstance(gate, Gate)}

angles = st.one_of(
    st.sampled_from([0.0, math.pi, -math.pi / 2, math.pi / 4]),
    st.floats(-7, 7, allow_nan=False).map(lambda value: round(value, 6)),
)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def standard_gates(draw, max_qubits, values=angles):
    """A gate of Qiskit's standard library, controlled ones in any control state."""
    fitting = sorted(name for name, gate in STANDARD_GATES.items() if gate.num_qubits <= max_qubits)
    template = STANDARD_GATES[draw(st.sampled_from(fitting))]
    parameters = [draw(values) for _ in template.params]
    if isinstance(template, ControlledGate):
        state = draw(st.integers(0, 2**template.num_ctrl_qubits - 1))
        return template.base_class(*parameters, ctrl_state=state)
    return template.base_class(*parameters)


@st.composite
def controlled_gates(draw, max_qubits, values=angles):
    """A standard gate with one or more controls in any state, or its annotated form."""
    base = draw(standard_gates(max_qubits - 1, values))
    count = draw(st.integers(1, max_qubits - base.num_qubits))
    state = draw(st.integers(0, 2**count - 1))
    if draw(st.booleans()) or base.num_qubits == 0:
        return AnnotatedOperation(base, ControlModifier(count, state))
    return base.control(count, ctrl_state=state, annotated=False)


@st.composite
def annotated_operations(draw, max_qubits):
    """A standard gate under up to three modifiers."""
    base = draw(standard_gates(max_qubits))
    modifiers = []
    width = base.num_qubits
    for kind in draw(st.lists(st.sampled_from(["inverse", "control", "power"]), max_size=3)):
        if kind == "inverse":
            modifiers.append(InverseModifier())
        elif kind == "power":
            modifiers.append(PowerModifier(draw(st.integers(-3, 4))))
        elif width < max_qubits:
            modifiers.append(ControlModifier(1, draw(st.integers(0, 1))))
            width += 1
    return AnnotatedOperation(base, modifiers)


@st.composite
def structured_gates(draw, max_qubits):
    """A gate that simulators run natively: matrices, diagonals, multiplexers, permutations, Paulis, many controls."""
    rng = np.random.default_rng(draw(seeds))
    count = draw(st.integers(1, max_qubits))
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return UnitaryGate(random_unitary(2 ** min(count, 3), seed=int(rng.integers(2**32))))
    if kind == 1:
        return DiagonalGate(list(np.exp(1j * rng.uniform(-4, 4, 2**count))))
    if kind == 2:
        choices = [random_unitary(2, seed=int(rng.integers(2**32))).data for _ in range(2)]
        return UCGate([choices[i] for i in rng.integers(0, 2, 2 ** (count - 1))])
    if kind in (3, 4, 5):
        gate = (UCRXGate, UCRYGate, UCRZGate)[kind - 3]
        return gate(list(rng.uniform(-4, 4, 2 ** (count - 1))))
    if kind == 6:
        return PermutationGate([int(i) for i in rng.permutation(count)])
    if kind == 7:
        return PauliGate("".join(rng.choice(list("IXYZ"), count)))
    if kind == 8:
        labels = ["".join(rng.choice(list("IXYZ"), count)) for _ in range(3)]
        return PauliEvolutionGate(SparsePauliOp(labels, rng.uniform(-1, 1, 3)), float(rng.uniform(-2, 2)))
    state = int(rng.integers(0, 2 ** max(count - 1, 1)))
    if count == 1:
        return MCXGate(1, ctrl_state=state) if max_qubits > 1 else PauliGate("X")
    if rng.integers(2):
        return MCXGate(count - 1, ctrl_state=state)
    return MCPhaseGate(float(rng.uniform(-4, 4)), count - 1, ctrl_state=state)


@st.composite
def circuits(draw, max_qubits=4, max_operations=12, measure=False, min_qubits=1):
    """A circuit; with `measure` it has measurements and resets anywhere, and as many classical bits as qubits."""
    num_qubits = draw(st.integers(min_qubits, max_qubits))
    circuit = QuantumCircuit(num_qubits, num_qubits if measure else 0, global_phase=draw(angles))
    kinds = ["standard", "structured", "annotated", "custom"] + (["controlled"] if num_qubits > 1 else [])
    kinds += ["measure", "reset", "measure"] if measure else []
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=max_operations)):
        order = draw(st.permutations(range(num_qubits)))
        if kind == "measure":
            circuit.measure(order[0], draw(st.integers(0, num_qubits - 1)))
            continue
        if kind == "reset":
            circuit.reset(order[0])
            continue
        if kind == "custom":
            operation = draw(circuits(num_qubits, 3)).to_gate()
        else:
            operation = draw(
                {
                    "standard": standard_gates,
                    "structured": structured_gates,
                    "annotated": annotated_operations,
                    "controlled": controlled_gates,
                }[kind](num_qubits)
            )
        circuit.append(operation, order[: operation.num_qubits])
    return circuit


PAIR_GATES = ["rxx", "ryy", "rzz", "xx_plus_yy", "xx_minus_yy", "iswap"]


@st.composite
def exchange_circuits(draw, max_qubits, max_layers=4):
    """Layers of gates on pairs of qubits that keep the parity of their bits, with few others between them."""
    num_qubits = draw(st.integers(2, max_qubits))
    circuit = QuantumCircuit(num_qubits)
    for qubit in range(num_qubits):
        circuit.u(1.1, 0.3 * qubit, 0.7, qubit)
    for _ in range(draw(st.integers(1, max_layers))):
        order = draw(st.permutations(range(num_qubits)))
        for pair in zip(order[::2], order[1::2], strict=False):
            for name in draw(st.lists(st.sampled_from(PAIR_GATES), min_size=1, max_size=3)):
                gate = STANDARD_GATES[name].base_class(*[draw(angles) for _ in STANDARD_GATES[name].params])
                circuit.append(gate, pair)
        for name in draw(st.lists(st.sampled_from(["rz", "h", "x", "cx", "rx"]), max_size=4)):
            gate = STANDARD_GATES[name].base_class(*[draw(angles) for _ in STANDARD_GATES[name].params])
            circuit.append(gate, draw(st.permutations(order))[: gate.num_qubits])
    return circuit


@st.composite
def quarter_turn_circuits(draw, max_qubits, max_layers=4):
    """Layers of turns by a quarter, in both directions and with few others, with phases and CX gates between them."""
    num_qubits = draw(st.integers(1, max_qubits))
    quarters = st.sampled_from([math.pi / 2, -math.pi / 2, 3 * math.pi / 2, 5 * math.pi / 2])
    circuit = QuantumCircuit(num_qubits)
    for qubit in range(num_qubits):
        circuit.u(1.1, 0.3 * qubit, 0.7, qubit)
    for _ in range(draw(st.integers(1, max_layers))):
        for qubit in range(num_qubits):
            name = draw(st.sampled_from(["h", "sx", "sxdg", "ry", "rx", "r", "id"]))
            first = [draw(quarters)] if name in ("rx", "ry", "r") else []
            gate = STANDARD_GATES[name].base_class
            circuit.append(gate(*first, draw(angles)) if name == "r" else gate(*first), [qubit])
        for name in draw(st.lists(st.sampled_from(["rz", "t", "cz", "rzz", "z", "x", "cx", "ry"]), max_size=6)):
            gate = STANDARD_GATES[name].base_class(*[draw(angles) for _ in STANDARD_GATES[name].params])
            if gate.num_qubits <= num_qubits:
                circuit.append(gate, draw(st.permutations(range(num_qubits)))[: gate.num_qubits])
    return circuit


@st.composite
def parametrised_circuits(draw, max_qubits=4, max_operations=10, num_parameters=3):
    """A circuit with unbound parameters and values for all of them."""
    parameters = [Parameter(f"a{i}") for i in range(num_parameters)]
    expressions = st.builds(
        lambda parameter, factor, shift: parameter * factor + shift,
        st.sampled_from(parameters),
        st.sampled_from([1, -1, 0.5, 2]),
        st.sampled_from([0, 0.25]),
    )
    values = st.one_of(st.sampled_from(parameters), expressions, angles)
    num_qubits = draw(st.integers(1, max_qubits))
    circuit = QuantumCircuit(num_qubits, global_phase=draw(values))
    for _ in range(draw(st.integers(0, max_operations))):
        gate = draw(standard_gates(num_qubits, values))
        if draw(st.booleans()) and gate.num_qubits:
            inner = QuantumCircuit(gate.num_qubits)
            inner.append(gate, range(gate.num_qubits))
            gate = inner.to_gate()
        order = draw(st.permutations(range(num_qubits)))
        circuit.append(gate, order[: gate.num_qubits])
    return circuit, {parameter: draw(angles) for parameter in circuit.parameters}
