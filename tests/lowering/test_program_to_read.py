"""What is left of a program for whoever reads its states: no saves, and no measurements at its end."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.packed_control_flow import distribution
from qiskit import QuantumCircuit
from support.saves import save

from ketjet import engine
from ketjet.lowering import lower
from ketjet.lowering.program_to_read import program_to_read


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
