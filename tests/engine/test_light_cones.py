"""Light cones: parts of a program that give observables the values they have in the whole."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import DiagonalGate, PauliGate, PermutationGate, UCRYGate, UnitaryGate
from qiskit.quantum_info import random_statevector, random_unitary
from support.saves import save

from ketjet import engine
from ketjet.lowering import lower

NUM_QUBITS = 6
GATES = {
    1: ["h", "x", "y", "s", "id"],
    2: ["cx", "cz", "swap", "iswap", "cy", "ch"],
    3: ["ccx", "cswap", "ccz"],
}
ROTATIONS = {1: ["rx", "ry", "rz", "p"], 2: ["rxx", "rzz", "rzx", "crx", "cp", "crz"]}


def appended(circuit, kind, qubits, seed):
    """Append one operation of some kind to a circuit."""
    angle = 0.1 + seed % 60 / 10
    if kind < 14:
        width = 1 + kind % 3
        names = GATES[width]
        getattr(circuit, names[seed % len(names)])(*qubits[:width])
    elif kind < 24:
        width = 1 + kind % 2
        names = ROTATIONS[width]
        getattr(circuit, names[seed % len(names)])(angle, *qubits[:width])
    else:
        gate = [
            DiagonalGate(np.exp(1j * np.arange(4) * angle).tolist()),
            PauliGate("XIZ"),
            PermutationGate([1, 0, 2]),
            UCRYGate([angle, 0.3]),
            UnitaryGate(random_unitary(4, seed=seed)),
        ][seed % 5]
        circuit.append(gate, qubits[: gate.num_qubits])


OPERATIONS = st.lists(
    st.tuples(st.integers(0, 27), st.permutations(range(NUM_QUBITS)), st.integers(0, 999)), max_size=20
)


def circuit_of(operations, *, prepared):
    circuit = QuantumCircuit(NUM_QUBITS, global_phase=0.4)
    if prepared:
        circuit.initialize(random_statevector(4, seed=1), [1, 4])
    for kind, qubits, seed in operations:
        appended(circuit, kind, qubits[:3], seed)
    return circuit


def masks(numbers):
    return np.array(numbers, np.uint64).reshape(-1, 1)


def value_of(program, x, z):
    state = engine.State(program.num_qubits)
    state.set_zero(1)
    state.evolve(program, 1)
    nothing, one = np.zeros(1, np.uint64), np.arange(2, dtype=np.uint32)
    masks_of = np.array([x], np.uint64), np.array([z], np.uint64)
    return state.expectations(engine.ObservablesReadout(*masks_of, nothing, nothing, one, one[:1], np.ones(1)), 1)[0]


def mask_on(mask, qubits):
    """A mask of the whole program's qubits as one of a part's."""
    assert mask & ~sum(1 << qubit for qubit in qubits) == 0
    return sum((mask >> qubit & 1) << place for place, qubit in enumerate(qubits))


def strings_of(num_qubits):
    return st.lists(st.tuples(*[st.integers(0, 2**num_qubits - 1)] * 2), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(OPERATIONS, st.booleans(), strings_of(NUM_QUBITS))
def test_a_part_gives_the_values_of_the_whole(operations, prepared, strings):
    program = lower(circuit_of(operations, prepared=prepared), keep_idle_qubits=True).program
    xs, zs = zip(*strings, strict=True)
    cones = engine.light_cones(program, masks(xs), masks(zs))
    assert sorted(itertools.chain(*(cone.strings.tolist() for cone in cones))) == list(range(len(strings)))
    for cone in cones:
        qubits = cone.qubits.tolist()
        assert qubits == sorted(set(qubits))
        assert cone.program.num_qubits == len(qubits)
        assert cone.program.slots.tolist() == program.slots[cone.slots].tolist()
        for string in cone.strings.tolist():
            x, z = xs[string], zs[string]
            part = value_of(cone.program, mask_on(x, qubits), mask_on(z, qubits))
            assert part == pytest.approx(value_of(program, x, z), abs=1e-12)


@settings(max_examples=150, deadline=None)
@given(OPERATIONS, strings_of(NUM_QUBITS), st.sampled_from([0.01, 0.1, 0.25, 0.5, 1.0]))
def test_cones_that_take_a_share_of_the_work_are_not_looked_for(operations, strings, max_share):
    program = lower(circuit_of(operations, prepared=False), keep_idle_qubits=True).program
    xs, zs = zip(*strings, strict=True)
    cones = engine.light_cones(program, masks(xs), masks(zs))
    work = sum(cone.program.num_operations * 2 ** len(cone.qubits) for cone in cones)
    found = engine.light_cones(program, masks(xs), masks(zs), max_share)
    assert (found is None) == (work >= max_share * program.num_operations * 2**NUM_QUBITS)


def qaoa(num_qubits, edges, layers=1):
    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    for layer in range(layers):
        for first, second in edges:
            circuit.rzz(Parameter(f"g{layer}_{first}_{second}"), first, second)
        circuit.rx(0.3 + layer, range(num_qubits))
    return circuit


def test_costs_of_a_ring_see_few_qubits_of_any_number():
    num_qubits = 200
    edges = [(i, (i + 1) % num_qubits) for i in range(num_qubits)]
    lowered = lower(qaoa(num_qubits, edges))
    z_masks = np.zeros((num_qubits, 4), np.uint64)
    for string, edge in enumerate(edges):
        for qubit in edge:
            z_masks[string, qubit // 64] |= np.uint64(1 << qubit % 64)
    cones = engine.light_cones(lowered.program, np.zeros_like(z_masks), z_masks)
    assert max(len(cone.qubits) for cone in cones) == 5
    assert sorted(itertools.chain(*(cone.strings.tolist() for cone in cones))) == list(range(num_qubits))
    values = np.arange(1.0, num_qubits + 1)
    (slots,) = lowered.binding.slots_of(values[np.newaxis])
    of_edges = {parameter.name: value for parameter, value in zip(lowered.parameters, values, strict=True)}
    for cone in cones:
        among = [(i, j) for i, j in edges if {i, j} <= set(cone.qubits.tolist())]
        assert {of_edges[f"g0_{i}_{j}"] for i, j in among} == set(slots[cone.slots].tolist()) - {0.3}


def test_what_is_diagonal_along_a_string_cancels():
    circuit = QuantumCircuit(4)
    circuit.h([0, 1, 2, 3])
    circuit.cz(0, 1)
    circuit.cx(0, 2)  # moves amplitudes along another qubit only
    circuit.rzz(0.3, 0, 3)
    program = lower(circuit).program
    (cone,) = engine.light_cones(program, masks([0]), masks([1]))
    assert (cone.qubits.tolist(), cone.program.num_operations) == ([0], 1)
    (cone,) = engine.light_cones(program, masks([1]), masks([0]))
    assert (cone.qubits.tolist(), cone.program.num_operations) == ([0, 1, 2, 3], 7)


def test_strings_share_a_cone_that_is_hardly_larger():
    circuit = QuantumCircuit(5)
    circuit.h(range(5))
    program = lower(circuit).program
    cones = engine.light_cones(program, masks([0b00001, 0b00010, 0b11100, 0b00100, 0]), masks([0, 0, 0, 0, 0]))
    assert [(cone.qubits.tolist(), cone.strings.tolist()) for cone in cones] == [
        ([0, 2, 3, 4], [0, 2, 3, 4]),
        ([1], [1]),
    ]


@pytest.mark.parametrize("end", ["measure", "reset", "branch", "save", "initialize"])
def test_a_program_that_does_more_than_gates_has_no_cones(end):
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    if end == "measure":
        circuit.measure(0, 0)
        circuit.x(0)
    elif end == "reset":
        circuit.reset(0)
    elif end == "branch":
        with circuit.if_test((circuit.clbits[0], 0)):
            circuit.x(1)
    elif end == "initialize":
        circuit.initialize("+", 0)
    else:
        save(circuit, "save_statevector", "single", [0, 1])
    assert engine.light_cones(lower(circuit).program, masks([1]), masks([0])) is None


def test_masks_that_do_not_fit_are_refused():
    circuit = QuantumCircuit(70)
    circuit.h(range(70))
    program = lower(circuit).program
    ones = np.ones((1, 1), np.uint64)
    with pytest.raises(ValueError, match="do not fit"):
        engine.light_cones(program, ones, ones)
    with pytest.raises(ValueError, match="do not fit"):
        engine.light_cones(program, np.zeros((1, 2), np.uint64), np.zeros((2, 2), np.uint64))
    with pytest.raises(ValueError, match="not there"):
        engine.light_cones(program, np.array([[0, 1 << 6]], np.uint64), np.zeros((1, 2), np.uint64))
    with pytest.raises(ValueError, match="strings x words"):
        engine.light_cones(program, np.zeros(2, np.uint64), np.zeros(2, np.uint64))
