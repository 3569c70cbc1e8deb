"""Blocks of quantum geometric tensors: entries of the whole tensor between angles in one layer of the definition."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit import library as gates
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from support.circuits import layered_circuit
from support.interrupts import assert_ctrl_c_stops
from support.observables import MATRICES

from ketjet import Simulator
from ketjet.errors import (
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    TimeLimitError,
)

A, B = Parameter("a"), Parameter("b")

VARYING = [
    (gates.RXGate, 1),
    (gates.RYGate, 1),
    (gates.RZGate, 1),
    (gates.PhaseGate, 1),
    (gates.UGate, 3),
    (gates.RGate, 2),
    (gates.RXXGate, 1),
    (gates.RYYGate, 1),
    (gates.RZZGate, 1),
    (gates.RZXGate, 1),
    (gates.CRXGate, 1),
    (gates.CRYGate, 1),
    (gates.CPhaseGate, 1),
    (gates.CUGate, 4),
    (gates.XXPlusYYGate, 2),
    (gates.XXMinusYYGate, 2),
    (lambda angle: gates.MCPhaseGate(angle, 2, ctrl_state=1), 1),
    (lambda angle: gates.RYGate(angle).control(2, annotated=False), 1),
    (lambda angle: gates.PauliEvolutionGate(SparsePauliOp("XZY"), angle), 1),
]

FIXED = [
    gates.HGate(),
    gates.SGate(),
    gates.TGate(),
    gates.XGate(),
    gates.YGate(),
    gates.SXGate(),
    gates.CXGate(),
    gates.CZGate(),
    gates.SwapGate(),
    gates.iSwapGate(),
    gates.CCXGate(),
    gates.RZZGate(0.3),
    gates.RXXGate(0.3),
    gates.RYGate(0.3),
    gates.UnitaryGate(Operator(gates.HGate()).data),
]


def matrix_of(gate):
    if isinstance(gate, gates.PauliEvolutionGate):
        return np.cos(gate.time) * np.eye(8) - 1j * np.sin(gate.time) * gate.operator.to_matrix()
    return Operator(gate).data


@st.composite
def circuits(draw):
    """A circuit whose angles are parameters, each in one place, and the gates as (instruction, qubits, angles)."""
    num_qubits = draw(st.integers(1, 4))
    circuit, applied, count = QuantumCircuit(num_qubits), [], 0
    for _ in range(draw(st.integers(1, 9))):
        make, angles = draw(st.sampled_from(VARYING))
        if draw(st.booleans()):
            fresh = [Parameter(f"t{count + i:03}") for i in range(angles)]
            gate, of = make(*fresh), list(range(count, count + angles))
        else:
            gate, of = draw(st.sampled_from(FIXED)), []
        if gate.num_qubits > num_qubits:
            continue
        qubits = draw(st.permutations(range(num_qubits)))[: gate.num_qubits]
        circuit.append(gate, qubits)
        generic = make(*(0.8 + 0.31 * i for i in range(angles))) if of else gate
        applied.append((matrix_of(generic), qubits, of))
        count += len(of)
    return circuit, applied, count


def shared_paulis(matrix, place, num_qubits):
    """The Paulis on one of a gate's qubits that commute with it."""
    found = set()
    for letter in "XYZ":
        pauli = np.kron(np.kron(np.eye(2 ** (num_qubits - 1 - place)), MATRICES[letter]), np.eye(2**place))
        if np.allclose(matrix @ pauli, pauli @ matrix, atol=1e-9):
            found.add(letter)
    return found


def layers_of(applied):
    """The layer of each angle, from the definition: gates commute that have a Pauli in common on each shared qubit."""
    paulis = [
        {qubit: shared_paulis(matrix, place, len(qubits)) for place, qubit in enumerate(qubits)}
        for matrix, qubits, _ in applied
    ]
    levels, layer_of_angle = [], {}
    for i, (_, _, angles) in enumerate(applied):
        level = 0
        for j in range(i):
            shared = paulis[i].keys() & paulis[j].keys()
            if not all(paulis[i][qubit] & paulis[j][qubit] for qubit in shared):
                level = max(level, levels[j] + bool(applied[j][2]))
        levels.append(level)
        layer_of_angle.update(dict.fromkeys(angles, level))
    return [layer_of_angle[angle] for angle in sorted(layer_of_angle)]


def expected_of(circuit, point, *, phase_fix=True, step=2e-3):
    """The whole tensor from differences of states, by Richardson's extrapolation."""
    circuit = circuit.decompose("PauliEvolution")

    def state(point):
        return np.asarray(Statevector(circuit.assign_parameters(point)))

    def central(size):
        shifts = size * np.eye(len(point))
        return np.array([(state(point + shift) - state(point - shift)) / (2 * size) for shift in shifts])

    tangents = ((4 * central(step / 2) - central(step)) / 3).reshape(len(point), 2**circuit.num_qubits)
    along = tangents @ state(point).conj() if len(point) else np.empty(0)
    return tangents.conj() @ tangents.T - phase_fix * np.outer(along.conj(), along)


@given(
    made=circuits(), seed=st.integers(0, 99), phase_fix=st.booleans(), precision=st.sampled_from(["single", "double"])
)
@settings(max_examples=150, deadline=None)
def test_blocks_are_entries_of_the_whole_tensor(made, seed, phase_fix, precision):
    circuit, applied, count = made
    point = np.random.default_rng(seed).uniform(-3, 3, count)
    layers = np.array(layers_of(applied))
    expected = expected_of(circuit, point, phase_fix=phase_fix)
    expected = np.where(layers[:, np.newaxis] == layers, expected, 0).reshape(count, count)
    backend, tolerance = Simulator(precision=precision), 1e-7 if precision == "double" else 1e-4
    found = backend.quantum_geometric_tensor(circuit, point, blocks="layers", phase_fix=phase_fix)
    assert found.dtype == np.complex128
    np.testing.assert_allclose(found, expected, atol=tolerance)
    np.testing.assert_allclose(found, found.conj().T, atol=1e-12)
    different = layers[:, np.newaxis] != layers
    np.testing.assert_array_equal(found[different] if count else [], 0)
    diagonal = backend.quantum_geometric_tensor(circuit, point, blocks="diagonal", phase_fix=phase_fix)
    np.testing.assert_allclose(diagonal, np.diag(np.diag(expected)), atol=tolerance)


def test_the_block_of_a_layer_is_that_of_the_literature():
    """The covariances of the generators in the state before a layer (Stokes et al., Quantum 4, 269)."""
    vector = ParameterVector("t", 12)
    circuit = QuantumCircuit(3)
    before = []
    for layer, name in enumerate(["ry", "rz", "rx", "ry"]):
        circuit.cx(0, 1)
        circuit.cx(1, 2)
        before.append(circuit.copy())
        for qubit in range(3):
            getattr(circuit, name)(vector[3 * layer + qubit], qubit)
    point = np.random.default_rng(2).normal(size=12)
    expected = np.zeros((12, 12))
    for layer, letter in enumerate("YZXY"):
        state = Statevector(before[layer].assign_parameters(point[: 3 * layer]))
        paulis = [SparsePauliOp.from_sparse_list([(letter, [qubit], 0.5)], 3) for qubit in range(3)]
        for i, j in itertools.product(range(3), repeat=2):
            means = [state.expectation_value(paulis[k]).real for k in (i, j)]
            product = state.expectation_value(paulis[i] @ paulis[j]).real
            expected[3 * layer + i, 3 * layer + j] = product - means[0] * means[1]
    np.testing.assert_allclose(
        Simulator().quantum_geometric_tensor(circuit, point, blocks="layers"), expected, atol=1e-12
    )


def test_parameters_in_many_angles_are_chained_layer_by_layer():
    angles = ParameterVector("t", 6)

    def build(angles):
        circuit = QuantumCircuit(3, global_phase=angles[5])
        circuit.h(range(3))
        circuit.rzz(angles[0], 0, 1)
        circuit.rzz(angles[1], 1, 2)
        circuit.rx(angles[2], 0)
        circuit.rx(angles[3], 1)
        circuit.rz(angles[4], 1)
        return circuit

    a, b = 0.7, -0.4
    shared = build([A, A, B.sin(), A * B, 2 * A, B])
    slopes = np.array([[1, 0], [1, 0], [0, np.cos(b)], [b, a], [2, 0], [0, 1]])
    backend = Simulator()
    for phase_fix in (True, False):
        by_angle = backend.quantum_geometric_tensor(
            build(angles), [a, a, np.sin(b), a * b, 2 * a, b], blocks="layers", phase_fix=phase_fix
        )
        expected = slopes.T @ by_angle @ slopes
        found = backend.quantum_geometric_tensor(shared, [a, b], blocks="layers", phase_fix=phase_fix)
        np.testing.assert_allclose(found, expected, atol=1e-12)
        diagonal = backend.quantum_geometric_tensor(shared, [a, b], blocks="diagonal", phase_fix=phase_fix)
        np.testing.assert_allclose(diagonal, np.diag(np.diag(expected)), atol=1e-12)


def test_an_ansatz_of_few_parameters_has_the_diagonal_of_the_whole_tensor():
    costs, mixers = ParameterVector("c", 2), ParameterVector("m", 2)
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    for cost, mixer in zip(costs, mixers, strict=True):
        for pair in itertools.combinations(range(4), 2):
            circuit.rzz(cost, *pair)
        for qubit in range(4):
            circuit.rx(2 * mixer, qubit)
    point, backend = np.array([0.3, 0.8, -0.5, 1.1]), Simulator()
    whole = backend.quantum_geometric_tensor(circuit, point)
    for blocks in ("layers", "diagonal"):
        found = backend.quantum_geometric_tensor(circuit, point, blocks=blocks)
        np.testing.assert_allclose(found, np.diag(np.diag(whole)), atol=1e-12)


@pytest.mark.parametrize("blocks", ["layers", "diagonal"])
def test_shapes_and_parameters(blocks):
    circuit, backend = gates.efficient_su2(3, reps=1), Simulator()
    points = np.random.default_rng(1).normal(size=(2, 1, 12))
    found = backend.quantum_geometric_tensor(circuit, points, blocks=blocks)
    assert found.shape == (2, 1, 12, 12)
    one = backend.quantum_geometric_tensor(circuit, points[1, 0], blocks=blocks)
    np.testing.assert_array_equal(found[1, 0], one)
    order = [7, 0, 2, 10]
    names = [circuit.parameters[7], circuit.parameters[0].name, circuit.parameters[2], circuit.parameters[10]]
    some = backend.quantum_geometric_tensor(circuit, points[0, 0], parameters=names, blocks=blocks)
    np.testing.assert_allclose(some, found[0, 0][np.ix_(order, order)], atol=1e-12)
    assert backend.quantum_geometric_tensor(circuit, points[0, 0], parameters=[], blocks=blocks).shape == (0, 0)
    assert backend.quantum_geometric_tensor(circuit, np.zeros((0, 12)), blocks=blocks).shape == (0, 12, 12)
    bell = QuantumCircuit(2, 2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure([0, 1], [0, 1])
    assert backend.quantum_geometric_tensor(bell, blocks=blocks).shape == (0, 0)


@pytest.mark.parametrize("blocks", ["layers", "diagonal"])
def test_states_that_are_prepared_and_measured(blocks):
    circuit, plain = QuantumCircuit(2, 1), QuantumCircuit(2)
    circuit.initialize(np.array([0.6, 0.8j]), 1)
    plain.prepare_state(np.array([0.6, 0.8j]), 1)
    for each in (circuit, plain):
        each.rx(A, 1)
        each.cry(B, 1, 0)
    circuit.measure(0, 0)
    found = Simulator().quantum_geometric_tensor(circuit, [0.3, 0.8], blocks=blocks)
    expected = expected_of(plain, np.array([0.3, 0.8]))
    np.testing.assert_allclose(found, np.diag(np.diag(expected)), atol=1e-8)


@pytest.mark.parametrize("options", [{"max_threads": 1}, {"max_threads": 2}, {"verify": "full"}])
def test_options_of_a_run(options):
    circuit = gates.real_amplitudes(17, reps=1)
    point = np.random.default_rng(4).normal(size=circuit.num_parameters)
    found = Simulator(**options).quantum_geometric_tensor(circuit, point, blocks="layers")
    expected = Simulator().quantum_geometric_tensor(circuit, point, parameters=list(circuit.parameters)[17:20])
    np.testing.assert_allclose(found[17:20, 17:20], expected, atol=1e-10)
    np.testing.assert_array_equal(found[17:, :17], 0)


def test_one_state_must_fit_into_memory():
    circuit = gates.efficient_su2(16, reps=1)
    point = np.zeros(circuit.num_parameters)
    found = Simulator(max_memory_mb=4.2, max_threads=1).quantum_geometric_tensor(circuit, point, blocks="diagonal")
    np.testing.assert_allclose(np.diag(found)[:16], 0.25)  # one state takes 1 MiB
    with pytest.raises(InsufficientMemoryError):
        Simulator(max_memory_mb=1, max_threads=1).quantum_geometric_tensor(circuit, point, blocks="diagonal")


def test_what_is_refused():
    circuit = QuantumCircuit(1, name="barred")
    circuit.ry(A, 0)
    for blocks in ("rows", ["layers"]):
        with pytest.raises(InvalidOptionError, match='blocks must be None, "layers" or "diagonal", got'):
            Simulator().quantum_geometric_tensor(circuit, [0.1], blocks=blocks)
    circuit.reset(0)
    with pytest.raises(InvalidCircuitError, match=r"'barred' has no quantum geometric tensor: .*reset"):
        Simulator().quantum_geometric_tensor(circuit, [0.1], blocks="layers")
    wide = QuantumCircuit(20, name="wide")
    wide.mcp(A, list(range(19)), 19)
    with pytest.raises(InvalidCircuitError, match=r"'wide': .* Pauli strings, and at most \d+"):
        Simulator().quantum_geometric_tensor(wide, [0.1], blocks="layers")


@pytest.fixture(scope="module")
def long_circuit():
    circuit = layered_circuit(24, 60)
    circuit.remove_final_measurements()
    for qubit in range(24):
        circuit.ry(A * qubit, qubit)
    return circuit


def test_it_can_be_stopped(long_circuit):
    begin = time.monotonic()
    with pytest.raises(TimeLimitError):
        Simulator().quantum_geometric_tensor(long_circuit, [0.1], blocks="layers", time_limit=0.1)
    assert time.monotonic() - begin < 5
    assert_ctrl_c_stops(lambda: Simulator().quantum_geometric_tensor(long_circuit, [0.1], blocks="layers"))
