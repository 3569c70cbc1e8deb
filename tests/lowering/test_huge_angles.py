"""Angles up to 1e300: no gate, sum of gates, inverse or verification loses a small angle beside a large one.

Qiskit adds the angles of U, U2, U3 and CU before it takes their sine, and so has matrices that are not unitary; these
gates are compared with products of the matrices of its other gates. A global phase is reduced by Qiskit itself.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import static as oracle
from qiskit import QuantumCircuit
from qiskit.circuit import AnnotatedOperation, ControlModifier, InverseModifier, Parameter
from qiskit.circuit.library import CU3Gate, CUGate, PhaseGate, RYGate, U2Gate, U3Gate, UGate
from support.strategies import STANDARD_GATES

from ketjet import Simulator, StateVector

HUGE = [1e15, -1e15, 3e16, 1e100, -1e300, 1e300]
values = st.one_of(
    st.sampled_from([0.3, -0.4, math.pi, *HUGE]),
    st.floats(-7, 7),
    st.floats(1e10, 1e300),
    st.floats(-1e300, -1e10),
)
PARAMETRISED = sorted(name for name, gate in STANDARD_GATES.items() if gate.params and gate.num_qubits in (1, 2))


def euler(theta, phi, lam):
    return PhaseGate(phi).to_matrix() @ RYGate(theta).to_matrix() @ PhaseGate(lam).to_matrix()


def matrix_of(gate):
    kind, params = gate.base_class, list(map(float, gate.params))
    if kind in (UGate, U3Gate):
        return euler(*params)
    if kind is U2Gate:
        return euler(math.pi / 2, *params)
    if kind is CU3Gate:
        return oracle.controlled(euler(*params), 1, gate.ctrl_state)
    if kind is CUGate:
        return oracle.controlled(np.exp(1j * params[3]) * euler(*params[:3]), 1, gate.ctrl_state)
    return oracle.matrix_of(gate)


@st.composite
def gates(draw):
    template = STANDARD_GATES[draw(st.sampled_from(PARAMETRISED))]
    return template.base_class(*(draw(values) for _ in template.params))


@st.composite
def circuits(draw):
    """A circuit of gates, some of them inverted or controlled, and the state that it leads to."""
    num_qubits = draw(st.integers(2, 4))
    circuit, branch = QuantumCircuit(num_qubits), oracle.run(QuantumCircuit(num_qubits))[0]
    for qubit in range(num_qubits):
        circuit.h(qubit)
        branch.apply(np.array([[1, 1], [1, -1]]) / math.sqrt(2), [qubit])
    for gate in draw(st.lists(gates(), min_size=1, max_size=12)):
        operation, matrix = gate, matrix_of(gate)
        if draw(st.booleans()):
            operation, matrix = AnnotatedOperation(operation, InverseModifier()), matrix.conj().T
        if gate.num_qubits < num_qubits and draw(st.booleans()):
            operation, matrix = AnnotatedOperation(operation, ControlModifier(1)), oracle.controlled(matrix, 1, 1)
        qubits = draw(st.permutations(range(num_qubits)))[: operation.num_qubits]
        circuit.append(operation, qubits)
        branch.apply(matrix, qubits)
    return circuit, branch.state.reshape(-1)


@given(circuits(), st.sampled_from(["off", "full"]), st.sampled_from([1e-13, 1e-5]))
def test_circuits_with_huge_angles(case, verify, tolerance):
    circuit, expected = case
    precision = "double" if tolerance < 1e-9 else "single"
    result = Simulator(precision=precision).run(circuit, return_state=True, verify=verify).result()
    assert abs(result.get_statevector() - expected).max() < tolerance


@pytest.mark.parametrize("name", PARAMETRISED)
@pytest.mark.parametrize("huge", HUGE)
def test_each_gate_keeps_its_small_angles(name, huge):
    template = STANDARD_GATES[name]
    for place in range(len(template.params)):
        parameters = [0.3 + 0.2 * i for i in range(len(template.params))]
        parameters[place] = huge
        gate = template.base_class(*parameters)
        circuit, branch = QuantumCircuit(2), oracle.run(QuantumCircuit(2))[0]
        circuit.ry(0.7, 0)
        circuit.ry(0.4, 1)
        branch.apply(RYGate(0.7).to_matrix(), [0])
        branch.apply(RYGate(0.4).to_matrix(), [1])
        circuit.append(gate, range(gate.num_qubits))
        branch.apply(matrix_of(gate), list(range(gate.num_qubits)))
        expected = branch.state.reshape(-1)
        result = Simulator().run(circuit, return_state=True, verify="fast").result()
        assert abs(result.get_statevector() - expected).max() < 1e-14
        assert result.results[0].metadata["norm_error"] < 1e-14
        assert abs(np.asarray(StateVector(2).evolve(circuit)) - expected).max() < 1e-14


@pytest.mark.parametrize("huge", HUGE)
@pytest.mark.parametrize("make", [UGate, U3Gate])
def test_bound_and_inverted_parameters(make, huge):
    theta, phi = Parameter("theta"), Parameter("phi")
    circuit = QuantumCircuit(1)
    circuit.append(make(0.4, theta, phi), [0])
    circuit.append(AnnotatedOperation(U2Gate(theta, phi), InverseModifier()), [0])
    circuit.append(AnnotatedOperation(make(0.4, theta, phi), InverseModifier()), [0])
    binds = [{theta: [huge], phi: [0.3]}]
    state = Simulator().run(circuit, parameter_binds=binds, return_state=True).result().get_statevector()
    gate = euler(0.4, huge, 0.3)
    expected = gate.conj().T @ euler(math.pi / 2, huge, 0.3).conj().T @ gate @ [1, 0]
    assert abs(state - expected).max() < 1e-14


@pytest.mark.parametrize("huge", HUGE)
@pytest.mark.parametrize("midway", [False, True])
def test_phases_before_an_initialisation_add_up(huge, midway):
    theta = Parameter("theta")
    circuit = QuantumCircuit(1, 1)
    for phase in (theta, 0.3):
        inner = QuantumCircuit(1, global_phase=phase)
        inner.h(0)
        circuit.append(inner.to_instruction(), [0])
    if midway:
        circuit.measure(0, 0)
        circuit.h(0)
    circuit.initialize([1, 0], 0)
    run = Simulator().run(circuit, parameter_binds=[{theta: [huge]}], return_state=True, shots=1)
    assert abs(run.result().get_statevector()[0] - np.exp(0.3j) * np.exp(1j * huge)) < 1e-14
