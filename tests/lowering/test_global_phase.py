"""The circuit's global phase: never lost, wherever it stands, and never a number that is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction, Parameter
from qiskit.circuit.library import GlobalPhaseGate
from support.saves import save

from ketjet import Simulator, StateVector
from ketjet.errors import InvalidCircuitError

PHASE = 0.7
VECTOR = np.array([0.6, 0, 0, 0.8j])


def shifted(phase, num_qubits=2):
    """A circuit with nothing but a phase."""
    return QuantumCircuit(num_qubits, global_phase=phase)


def of_circuit(circuit):
    circuit.global_phase += PHASE


def of_gate(circuit):
    circuit.append(GlobalPhaseGate(PHASE), [])


def of_definition(circuit):
    circuit.append(shifted(PHASE).to_gate(), [0, 1])


def of_inner_definition(circuit):
    inner = QuantumCircuit(2)
    inner.append(shifted(PHASE / 2).to_gate(), [1, 0])
    inner.global_phase = PHASE / 2
    circuit.append(inner.to_instruction(), [0, 1])


def of_inverse(circuit):
    circuit.append(shifted(-PHASE).to_gate().inverse(annotated=True), [0, 1])


def of_power(circuit):
    circuit.append(shifted(PHASE / 4).to_gate().power(4, annotated=True), [0, 1])


def of_block(circuit):
    with circuit.if_test((circuit.clbits[0], 0)) as otherwise:
        circuit.append(GlobalPhaseGate(PHASE), [])
    with otherwise:
        circuit.append(GlobalPhaseGate(0.1), [])


def of_block_itself(circuit):
    circuit.if_test((circuit.clbits[0], 0), shifted(PHASE), [0, 1], [])


def of_loop(circuit):
    with circuit.for_loop(range(7)):
        circuit.append(GlobalPhaseGate(PHASE / 7), [])


def of_while(circuit):
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.x(0)
        circuit.append(GlobalPhaseGate(PHASE), [])
        circuit.measure(0, 0)
    circuit.reset([0, 1])


def of_case(circuit):
    with circuit.switch(circuit.clbits[0]) as case, case(0):
        circuit.append(GlobalPhaseGate(PHASE), [])


def of_box(circuit):
    with circuit.box():
        circuit.append(GlobalPhaseGate(PHASE), [])


def of_moved_qubits(circuit):
    circuit.h([0, 1])
    circuit.append(GlobalPhaseGate(PHASE), [])
    circuit.cx(0, 1)


PHASES = [value for name, value in list(globals().items()) if name.startswith("of_")]


def initialize(circuit):
    circuit.initialize(VECTOR, [0, 1])


def set_statevector(circuit):
    operation = Instruction("set_statevector", 2, 0, [VECTOR])
    circuit.append(operation, [0, 1])


def initialize_in_definition(circuit):
    inner = QuantumCircuit(2)
    inner.initialize(VECTOR, [0, 1])
    circuit.append(inner.to_instruction(), [0, 1])


def initialize_in_block(circuit):
    with circuit.if_test((circuit.clbits[1], 0)):
        circuit.initialize(VECTOR, [0, 1])


INITIALIZATIONS = [initialize, set_statevector, initialize_in_definition, initialize_in_block]


def final_state(circuit, **options):
    return Simulator(**options).run(circuit, shots=1, return_state=True).result().data()["statevector"]


def named(function):
    return function.__name__


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("initialization", INITIALIZATIONS, ids=named)
@pytest.mark.parametrize("phase", PHASES, ids=named)
def test_an_initialisation_of_all_qubits_keeps_the_global_phase(phase, initialization, precision, loops):
    circuit = QuantumCircuit(2, 2)
    phase(circuit)
    initialization(circuit)
    circuit.x(0)
    expected = np.exp(1j * PHASE) * VECTOR[[1, 0, 3, 2]]
    np.testing.assert_allclose(final_state(circuit, precision=precision, verify="full"), expected, atol=1e-6)


@pytest.mark.parametrize("initialization", [initialize, set_statevector, initialize_in_definition], ids=named)
@pytest.mark.parametrize("phase", [of_circuit, of_gate, of_definition, of_inner_definition, of_inverse], ids=named)
def test_a_state_that_evolves_keeps_it_too(phase, initialization):
    circuit = QuantumCircuit(2)
    phase(circuit)
    initialization(circuit)
    circuit.x(0)
    state = StateVector(2)
    state.evolve(shifted(0.3))
    np.testing.assert_allclose(state.evolve(circuit), np.exp(1j * PHASE) * VECTOR[[1, 0, 3, 2]], atol=1e-12)


@pytest.mark.parametrize("phase", PHASES, ids=named)
def test_resets_of_all_qubits_keep_it(phase):
    circuit = QuantumCircuit(2, 2)
    phase(circuit)
    circuit.reset([0, 1])
    if phase is of_moved_qubits:
        circuit.data.insert(0, circuit.data.pop())  # the resets first
        circuit.data.insert(0, circuit.data.pop())
        circuit.cx(0, 1)
        circuit.h([0, 1])
    np.testing.assert_allclose(final_state(circuit), [np.exp(1j * PHASE), 0, 0, 0], atol=1e-12)


def test_a_parametrised_phase_is_kept():
    angle = Parameter("angle")
    circuit = QuantumCircuit(2, global_phase=2 * angle)
    circuit.append(GlobalPhaseGate(angle), [])
    circuit.append(shifted(3 * angle).to_gate(), [0, 1])
    circuit.initialize(VECTOR, [0, 1])
    circuit.append(GlobalPhaseGate(4 * angle), [])
    for bound in (circuit.assign_parameters({angle: 0.1}), circuit):
        binds = None if bound is not circuit else [{angle: [0.1]}]
        result = Simulator(return_state=True).run(bound, parameter_binds=binds).result()
        np.testing.assert_allclose(result.data()["statevector"], np.exp(1j) * VECTOR, atol=1e-12)


def test_the_path_of_each_shot_decides():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.append(GlobalPhaseGate(math.pi), [])
    circuit.initialize([0.6, 0.8], [0])
    save(circuit, "save_statevector", "c_single", [0], label="statevector")
    saved = Simulator().run(circuit, shots=100, seed_simulator=1).result().data()["statevector"]
    np.testing.assert_allclose(saved["0x0"], [0.6, 0.8], atol=1e-12)
    np.testing.assert_allclose(saved["0x1"], [-0.6, -0.8], atol=1e-12)


def test_the_phases_of_gates_are_none_of_the_circuits():
    circuit = QuantumCircuit(2)
    circuit.x(1)
    circuit.p(0.4, 1)
    circuit.z(1)
    circuit.append(shifted(0.3, 1).to_gate().control(1), [1, 0])
    circuit.initialize(VECTOR, [0, 1])
    np.testing.assert_allclose(final_state(circuit), VECTOR, atol=1e-12)
    off = {"known_bits": False}
    np.testing.assert_allclose(final_state(circuit, plan_options=off), VECTOR, atol=1e-12)


def test_a_gates_phase_is_lost_whatever_the_plan():
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.p(0.4, 0)
    circuit.initialize([0.6, 0.8], [0])
    for switches in ({}, {"known_bits": False}):
        np.testing.assert_allclose(final_state(circuit, plan_options=switches), [0.6, 0.8], atol=1e-12)


def in_nothing(bad):
    return QuantumCircuit(1, global_phase=bad)


def in_no_qubits(bad):
    return QuantumCircuit(global_phase=bad)


def beside_what_does_nothing(bad):
    circuit = QuantumCircuit(2, 1, global_phase=bad)
    circuit.barrier()
    circuit.id(0)
    circuit.delay(10, 1)
    circuit.for_loop(range(0), None, shifted(0.1, 1), [0], [])
    return circuit


def beside_measurements(bad):
    circuit = QuantumCircuit(1, 1, global_phase=bad)
    circuit.measure(0, 0)
    return circuit


def beside_gates(bad):
    circuit = QuantumCircuit(2, global_phase=bad)
    circuit.h(0)
    circuit.append(shifted(0).to_gate(), [0, 1])
    return circuit


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "circuit_of", [in_nothing, in_no_qubits, beside_what_does_nothing, beside_measurements, beside_gates], ids=named
)
def test_a_phase_that_is_no_number_is_refused(circuit_of, bad):
    circuit = circuit_of(bad)  # Qiskit makes NaN of an infinite phase
    backend = Simulator()
    ways = [backend.run, backend.estimate, backend.explain, StateVector(circuit.num_qubits).evolve]
    for way in ways:
        with pytest.raises(InvalidCircuitError, match="global phase: its angle is nan; use a finite number"):
            way(circuit)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("num_qubits", [0, 1])
def test_a_bound_phase_that_is_no_number_is_refused(num_qubits, bad):
    angle = Parameter("angle")
    circuit = QuantumCircuit(num_qubits, global_phase=angle)
    with pytest.raises(InvalidCircuitError, match="angle"):
        Simulator().run(circuit, parameter_binds=[{angle: [bad]}])
    with pytest.raises(InvalidCircuitError, match="global phase"):
        Simulator().run(QuantumCircuit(num_qubits, global_phase=1 / angle), parameter_binds=[{angle: [0.0]}])


def hidden_in(wrap, bad):
    inner = QuantumCircuit(1, global_phase=bad)
    circuit = QuantumCircuit(2, 1)
    wrap(circuit, inner)
    return circuit


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda circuit, inner: circuit.append(inner.to_gate(), [0]),
        lambda circuit, inner: circuit.append(inner.to_instruction(), [0]),
        lambda circuit, inner: circuit.append(inner.to_gate().control(), [0, 1]),
        lambda circuit, inner: circuit.append(inner.to_gate().inverse(annotated=True), [0]),
        lambda circuit, inner: circuit.if_test((0, 1), inner, [0], []),
        lambda circuit, inner: circuit.while_loop((0, 1), inner, [0], []),
        lambda circuit, inner: circuit.for_loop(range(3), None, inner, [0], []),
        lambda circuit, inner: circuit.box(inner, [0], []),
        lambda circuit, inner: circuit.append(GlobalPhaseGate(inner.global_phase), []),
    ],
)
def test_a_hidden_phase_that_is_no_number_is_refused(wrap, bad):
    circuit = hidden_in(wrap, bad)
    for way in (Simulator().run, Simulator().estimate, StateVector(2).evolve):
        with pytest.raises(InvalidCircuitError, match=r"instruction 0: .*its angle is nan"):
            way(circuit)


def saved_at_once(circuit):
    save(circuit, "save_statevector", "single", [0, 1], label="s")


def saved_in_a_block(circuit):
    with circuit.if_test((circuit.clbits[0], 0)):
        save(circuit, "save_statevector", "single", [0, 1], label="s")


def saved_in_a_definition(circuit):
    inner = QuantumCircuit(2)
    save(inner, "save_statevector", "single", [0, 1], label="s")
    circuit.append(inner.to_instruction(), [0, 1])


@pytest.mark.parametrize("saved", [saved_at_once, saved_in_a_block, saved_in_a_definition])
@pytest.mark.parametrize("measured", [False, True])
def test_saves_show_the_phase_of_the_circuit(saved, measured):
    circuit = QuantumCircuit(2, 1, global_phase=PHASE)
    circuit.x(0)
    if measured:
        circuit.measure(1, 0)
    saved(circuit)
    circuit.h(1)
    state = np.asarray(Simulator().run(circuit, shots=1).result().data()["s"])
    np.testing.assert_allclose(state, np.exp(1j * PHASE) * np.array([0, 1, 0, 0]), atol=1e-12)


def test_a_phase_that_is_shown_by_saves_is_refused_by_name():
    circuit = QuantumCircuit(1, global_phase=math.nan)
    circuit.x(0)
    save(circuit, "save_statevector", "single", [0], label="s")
    with pytest.raises(InvalidCircuitError, match="global phase: its angle is nan"):
        Simulator().run(circuit)
