"""What is left of a program for whoever reads its states: no saves, and no measurements at its end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from oracles.dynamic import final_states
from oracles.packed_control_flow import distribution
from qiskit import QuantumCircuit
from support.dynamic_strategies import dynamic_circuits
from support.observables import matrix_of, readout_of
from support.saves import save
from support.strategies import circuits

from ketjet import engine
from ketjet.lowering import lower
from ketjet.lowering.program_to_read import part_with, program_to_read


def measures_in(program):
    return int((program.packed()[2] == engine.instruction_codes()["measure"]).sum())


def built(build):
    circuit = QuantumCircuit(3, 3)
    circuit.h([0, 1, 2])
    build(circuit)
    return lower(circuit).program


def behind_a_branch(circuit):
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((0, 1)):
        circuit.x(2)
    circuit.measure(2, 2)


def within_a_branch(circuit):
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.measure(1, 1)


def within_a_loop(circuit):
    circuit.measure(0, 0)
    with circuit.while_loop((0, 1)):
        circuit.h(0)
        circuit.measure(0, 0)


def twice(circuit):
    circuit.measure(0, 0)
    circuit.measure(0, 1)


@pytest.mark.parametrize(
    ("build", "left", "qubits", "others"),
    [
        (lambda circuit: None, 0, (), False),
        (lambda circuit: circuit.measure([0, 1, 2], [0, 1, 2]), 0, (0, 1, 2), False),
        (lambda circuit: circuit.measure([2, 0], [0, 0]), 0, (0, 2), False),
        (twice, 0, (0,), False),
        (lambda circuit: (circuit.measure(0, 0), circuit.t(0)), 1, (), True),
        (lambda circuit: (circuit.measure(0, 0), circuit.cz(1, 2), circuit.measure(1, 1)), 0, (0, 1), False),
        (lambda circuit: (circuit.measure(0, 0), circuit.cx(0, 1), circuit.measure(1, 1)), 1, (1,), True),
        (lambda circuit: (circuit.measure(0, 0), circuit.reset(0)), 1, (), True),
        (behind_a_branch, 2, (0, 1, 2), False),
        (within_a_branch, 2, (0,), True),
        (within_a_loop, 2, (), True),
    ],
)
def test_which_are_final(build, left, qubits, others):
    program = built(build)
    found = program_to_read(program)
    assert (measures_in(found.program), found.measured, found.measures_midway) == (left, qubits, others)
    gone = measures_in(program) - left
    assert found.program.num_operations == program.num_operations - gone
    assert found.program.num_qubits == program.num_qubits
    assert gone or found.program is program or (found.program.packed()[2] == program.packed()[2]).all()


def test_angles_stay():
    circuit = QuantumCircuit(2, 2)
    circuit.rx(0.1, 0)
    circuit.measure(0, 0)
    circuit.rz(0.2, 1)
    circuit.measure(1, 1)
    program = lower(circuit).program
    assert program_to_read(program).program.slots.tolist() == program.slots.tolist()


def branching(*, saves):
    circuit = QuantumCircuit(2, 1)

    def saved(label):
        if saves:
            save(circuit, "save_statevector", "single", [0, 1], label=label)

    circuit.h(0)
    saved("first")
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)) as otherwise:
        circuit.x(1)
        saved("within")
        circuit.y(1)
    with otherwise:
        saved("else")
        circuit.h(1)
    with circuit.while_loop((0, 1)):
        saved("loop")
        circuit.x(0)
        circuit.measure(0, 0)
    circuit.z(1)
    saved("last")
    return lower(circuit).program


def test_without_saves_jumps_still_lead_where_they_did():
    found, expected = program_to_read(branching(saves=True)).program, branching(saves=False)
    assert found.packed()[2].tolist() == expected.packed()[2].tolist()
    assert distribution(found) == pytest.approx(distribution(expected))
    state = [engine.execute(engine.Task(program, 1, 3, return_state=True)).state for program in (found, expected)]
    np.testing.assert_allclose(np.abs(state[0]), np.abs(state[1]), atol=1e-12)


def needed_by(program, labels):
    """Which operations averages of these strings depend on."""
    masks = [
        sum(1 << q for q in range(program.num_qubits) if any(label[::-1][q] in letters for label in labels))
        for letters in ("XY", "ZY01")
    ]
    return engine.needed_to_read(program, *masks)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), circuit=dynamic_circuits(max_qubits=4) | circuits(4, measure=True))
def test_what_is_dropped_changes_no_average(data, circuit):
    """A part's averages, read by the engine, are those of the whole circuit by matrices, branch by branch."""
    program, measured, _ = program_to_read(lower(circuit, keep_idle_qubits=True).program)
    qubits = st.integers(0, circuit.num_qubits - 1)
    some = st.dictionaries(qubits, st.sampled_from("XYZ01"), min_size=1, max_size=2)
    strings = [
        "".join(letters.get(qubit, "I") for qubit in reversed(range(circuit.num_qubits)))
        for letters in data.draw(st.lists(some, min_size=1, max_size=3))
        if not any(letters.get(qubit, "I") in "XY" for qubit in measured)
    ]
    assume(strings)
    expected = [
        sum(weight * np.vdot(state, matrix_of(label) @ state).real for weight, _, state in final_states(circuit))
        for label in strings
    ]
    needed = needed_by(program, strings)
    used = [qubit for qubit in range(circuit.num_qubits) if any(label[::-1][qubit] != "I" for label in strings)]
    part = part_with(program, needed, np.array(used))
    there = ["".join(label[::-1][qubit] for qubit in reversed(part.qubits)) for label in strings]
    task = engine.Task(part.program, 1, 1, exact=True, readouts=(readout_of(*[[(label, 1.0)] for label in there]),))
    found = engine.execute(task._replace(switched_off=("known_bits", "relabel_swaps")))
    np.testing.assert_allclose(found.readouts[0], expected, atol=1e-9)
    np.testing.assert_array_equal(part.program.slots, program.slots[part.slots])


def test_a_teleported_state_needs_no_more_than_its_source():
    circuit = QuantumCircuit(4, 2)
    circuit.ry(0.7, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((1, 1)):
        circuit.x(2)
    with circuit.if_test((0, 1)):
        circuit.z(2)
    circuit.h(3)
    circuit.cx(3, 0)
    program = lower(circuit).program
    assert not needed_by(program, ["IZII"])[-2:].any()  # what follows on other qubits
    assert needed_by(program, ["IIIX"])[-2:].all()
    assert part_with(program, needed_by(program, ["IZII"]), np.array([2])).qubits == (0, 1, 2)
    assert needed_by(program, ["ZIII"]).sum() == 1


def test_a_measurement_that_nobody_reads_does_nothing_to_a_distribution():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.t(0)
    program = lower(circuit).program
    assert needed_by(program, ["Z"]).tolist() == [True, False, False]
    assert needed_by(program, ["X"]).tolist() == [True, True, True]
