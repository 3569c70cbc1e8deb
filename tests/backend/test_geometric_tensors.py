"""Quantum geometric tensors against differences of states; shapes, blocks, and what is refused."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import Statevector
from support.circuits import layered_circuit
from support.interrupts import assert_ctrl_c_stops
from support.strategies import parametrised_circuits

from ketjet import Simulator, engine
from ketjet.backend.admission import admission_now
from ketjet.backend.geometric_tensor import CircuitWithTangents
from ketjet.errors import (
    CircuitTypeError,
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    InvalidPubError,
    TimeLimitError,
)

A, B = Parameter("a"), Parameter("b")


@pytest.fixture
def backend():
    return Simulator()


def expected_of(circuit, point, *, phase_fix=True, step=2e-3):
    """The tensor from differences of states, by Richardson's extrapolation."""

    def state(point):
        return np.asarray(Statevector(circuit.assign_parameters(point)))

    def central(size):
        shifts = size * np.eye(len(point))
        return np.array([(state(point + shift) - state(point - shift)) / (2 * size) for shift in shifts])

    tangents = ((4 * central(step / 2) - central(step)) / 3).reshape(len(point), 2**circuit.num_qubits)
    along = tangents @ state(point).conj() if len(point) else np.empty(0)
    return tangents.conj() @ tangents.T - phase_fix * np.outer(along.conj(), along)


@given(
    parametrised=parametrised_circuits(4, max_operations=12),
    precision=st.sampled_from(["single", "double"]),
    phase_fix=st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_tensors_of_every_gate(parametrised, precision, phase_fix):
    circuit, values = parametrised
    point = np.array([float(values[parameter]) for parameter in circuit.parameters])
    found = Simulator(precision=precision).quantum_geometric_tensor(circuit, point, phase_fix=phase_fix)
    assert found.dtype == np.complex128
    assert found.shape == (len(point),) * 2
    np.testing.assert_allclose(
        found, expected_of(circuit, point, phase_fix=phase_fix), atol=1e-6 if precision == "double" else 5e-4
    )
    np.testing.assert_allclose(found, found.conj().T, atol=1e-12)


def test_expressions_and_phases(backend):
    circuit = QuantumCircuit(2, global_phase=A * B)
    circuit.ry(A, 0)
    circuit.crx(A.sin() + B, 0, 1)
    circuit.p(A * B, 1)
    circuit.rzz(B**2, 0, 1)
    point = np.array([0.4, 0.7])
    for phase_fix in (True, False):
        found = backend.quantum_geometric_tensor(circuit, {"a": 0.4, B: 0.7}, phase_fix=phase_fix)
        np.testing.assert_allclose(found, expected_of(circuit, point, phase_fix=phase_fix), atol=1e-8)


def test_shapes_and_parameters(backend):
    circuit = efficient_su2(3, reps=1)
    points = np.random.default_rng(1).normal(size=(2, 1, 12))
    found = backend.quantum_geometric_tensor(circuit, points)
    assert found.shape == (2, 1, 12, 12)
    for row in range(2):
        np.testing.assert_allclose(found[row, 0], expected_of(circuit, points[row, 0]), atol=1e-8)
    order = [7, 2, 10]
    names = [circuit.parameters[7], circuit.parameters[2].name, circuit.parameters[10]]
    some = backend.quantum_geometric_tensor(circuit, points[0, 0], parameters=names)
    np.testing.assert_allclose(some, found[0, 0][np.ix_(order, order)], atol=1e-12)
    assert backend.quantum_geometric_tensor(circuit, points[0, 0], parameters=[]).shape == (0, 0)
    assert backend.quantum_geometric_tensor(circuit, np.zeros((0, 12))).shape == (0, 12, 12)
    bell = QuantumCircuit(2, 2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure([0, 1], [0, 1])
    assert backend.quantum_geometric_tensor(bell).shape == (0, 0)


def test_measurements_at_the_end_are_left_out_and_states_prepared(backend):
    circuit, plain = QuantumCircuit(2, 1), QuantumCircuit(2)
    circuit.initialize(np.array([0.6, 0.8j]), 1)
    plain.prepare_state(np.array([0.6, 0.8j]), 1)
    for each in (circuit, plain):
        each.rx(A, 1)
        each.cry(B, 1, 0)
    circuit.measure(0, 0)
    point = np.array([0.3, 0.8])
    np.testing.assert_allclose(backend.quantum_geometric_tensor(circuit, point), expected_of(plain, point), atol=1e-8)


@pytest.mark.parametrize("at_a_time", [1, 2, 5, 12, 40])
@pytest.mark.parametrize("phase_fix", [True, False])
def test_blocks_of_any_size_give_the_same(backend, at_a_time, phase_fix):
    circuit = efficient_su2(3, reps=1)
    point = np.random.default_rng(1).normal(size=12)
    made = CircuitWithTangents(circuit, admission_now(backend._resolve({"shots": 1})))
    (program,) = made.lowered.programs_at(point[np.newaxis])
    task = made.at(program, point, phase_fix=phase_fix).task
    task = task._replace(tensor=task.tensor._replace(at_a_time=at_a_time))
    (found,) = engine.execute(task).readouts
    np.testing.assert_allclose(found, expected_of(circuit, point, phase_fix=phase_fix), atol=1e-8)


def test_memory_decides_how_many_tangents_are_held():
    circuit = efficient_su2(16, reps=1)
    point = np.random.default_rng(3).normal(size=circuit.num_parameters)
    names = list(circuit.parameters)[20:26]
    few, all_at_once = (
        Simulator(max_memory_mb=mb, max_threads=1).quantum_geometric_tensor(circuit, point, parameters=names)
        for mb in (8, 1000)  # one state takes 1 MiB
    )
    np.testing.assert_allclose(few, all_at_once, atol=1e-12)
    with pytest.raises(InsufficientMemoryError, match="four states of 16 qubits") as caught:
        Simulator(max_memory_mb=5, max_threads=1).quantum_geometric_tensor(circuit, point)
    assert caught.value.max_qubits == 15


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda circuit: circuit.reset(0), r"\(reset\) comes after a parameter"),
        (lambda circuit: circuit.measure(0, 0), r"\(measure\) has no derivative"),
    ],
)
def test_what_has_no_derivative_is_named(backend, act, words):
    circuit = QuantumCircuit(1, 1, name="barred")
    circuit.ry(A, 0)
    act(circuit)
    circuit.rx(0.5, 0)
    with pytest.raises(InvalidCircuitError, match=rf"'barred' has no quantum geometric tensor: .*{words}"):
        backend.quantum_geometric_tensor(circuit, [0.1])


def test_mistakes(backend):
    circuit = QuantumCircuit(1, name="turned")
    circuit.ry(A, 0)
    with pytest.raises(InvalidPubError, match=r"'turned': .*number of values \(0\)"):
        backend.quantum_geometric_tensor(circuit)
    with pytest.raises(InvalidOptionError, match="'turned' has no parameters b"):
        backend.quantum_geometric_tensor(circuit, [0.1], parameters=["b"])
    with pytest.raises(CircuitTypeError, match="QuantumCircuit"):
        backend.quantum_geometric_tensor([circuit], [0.1])


@pytest.fixture(scope="module")
def long_circuit():
    circuit = layered_circuit(20, 100)
    circuit.remove_final_measurements()
    for qubit in range(20):
        circuit.ry(A * qubit, qubit)
    return circuit


def test_time_limit_holds_for_all_runs_together(backend, long_circuit):
    begin = time.monotonic()
    with pytest.raises(TimeLimitError):
        backend.quantum_geometric_tensor(long_circuit, [0.1], time_limit=0.5)
    assert time.monotonic() - begin < 5


def test_ctrl_c_stops_it(backend, long_circuit):
    assert_ctrl_c_stops(lambda: backend.quantum_geometric_tensor(long_circuit, [0.1]))
