"""Derivatives of states as sums of states with an angle changed, against the derivatives of matrices."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import packed
from support.programs import final_state, op, pack, random_unitary

from ketjet import engine
from ketjet.lowering.changed_angles import changed_states, changed_values
from ketjet.lowering.hadamard_test import hadamard_test

PARAMETRISED = sorted(name for name, (_, _, _, parameters) in engine.gate_codes().items() if parameters)


def mixing(num_qubits, random):
    layer = [op("u", [qubit], slots=random.uniform(-3, 3, 3)) for qubit in range(num_qubits)]
    return layer + [op("cx", [qubit, (qubit + 1) % num_qubits]) for qubit in range(num_qubits)]


def program_with(name, controls):
    random, num_qubits = np.random.default_rng([len(name), controls]), 5
    if name == "global_phase":
        middle = [op(name, [], slots=[0.7])]
    elif name == "pauli_rotation":
        wires = random.permutation(num_qubits)[: controls + 3].tolist()
        middle = [op(name, wires, controls=controls, state=0, slots=[0.7], payload=np.array([1, 2, 3]))]
    else:
        _, own, targets, parameters = engine.gate_codes()[name]
        wires = random.permutation(num_qubits)[: controls + own + targets].tolist()
        state = int(random.integers(2 ** (controls + own)))
        middle = [op(name, wires, controls=controls, state=state, slots=random.uniform(-4, 4, parameters))]
    begin = op("initialize", [1, 3], payload=random_unitary(4)[0])
    return pack(num_qubits, [begin, *mixing(num_qubits, random), *middle, *mixing(num_qubits, random)])


@pytest.mark.parametrize("controls", [0, 1, 2])
@pytest.mark.parametrize("name", [*PARAMETRISED, "pauli_rotation", "global_phase"])
def test_every_gate(name, controls):
    program = program_with(name, controls)
    _, expected = packed.tangents(program)
    found = np.zeros_like(expected)
    for slot, change, weight in changed_states(program):
        slots = program.slots.copy()
        slots[slot] += change
        found[slot] += weight * final_state(program.with_slots(slots))
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("controls", [0, 1, 2])
@pytest.mark.parametrize("name", [*PARAMETRISED, "pauli_rotation", "global_phase"])
def test_expectation_values_of_every_gate(name, controls):
    program = program_with(name, controls)
    random = np.random.default_rng(1)
    observable = random.normal(size=(32, 32)) + 1j * random.normal(size=(32, 32))
    observable += observable.conj().T
    state, tangents = packed.tangents(program)
    expected = 2 * (tangents @ (observable @ state).conj()).real
    found = np.zeros(len(program.slots))
    for slot, change, weight in changed_values(program):
        slots = program.slots.copy()
        slots[slot] += change
        changed = final_state(program.with_slots(slots))
        found[slot] += weight * np.vdot(changed, observable @ changed).real
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize("name", ["u", "crx", "pauli_rotation", "global_phase"])
def test_hadamard_tests_hold_both_states(name):
    program = program_with(name, 1)
    test = hadamard_test(program)
    slots = program.slots
    bra, ket = np.split(final_state(test.at(slots)), 2)
    np.testing.assert_allclose(bra, ket, atol=1e-12)
    assert abs(np.vdot(final_state(program), bra)) == pytest.approx(np.sqrt(0.5))
    varied = test.at(slots).slots.copy()
    varied[test.ket_slots] += 0.1
    other, changed = np.split(final_state(test.program.with_slots(varied)), 2)
    np.testing.assert_allclose(other, bra, atol=1e-12)
    expected = final_state(program.with_slots(slots + 0.1))
    assert 2 * np.vdot(other, changed) == pytest.approx(np.vdot(final_state(program), expected))
