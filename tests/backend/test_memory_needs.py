"""What runs need that go different ways: "at least" where nobody knows, and no refusal of a state that fits."""

from __future__ import annotations

import dataclasses

import pytest
from qiskit import QuantumCircuit, qpy
from support.circuits import branches
from support.saves import save

from ketjet import Simulator
from ketjet.cli import commands


def straight(qubits, bits, *saved):
    circuit = QuantumCircuit(qubits, bits)
    circuit.h(range(qubits))
    if saved:
        save(circuit, *saved)
    circuit.measure(range(bits), range(bits))
    return circuit


@pytest.mark.parametrize("subtype", ["list", "c_list", "average", "c_average", "accum", "c_accum"])
@pytest.mark.parametrize("name", ["save_probabilities", "save_density_matrix"])
def test_who_saves_again_wherever_shots_part_takes_at_least_so_much(name, subtype):
    found = Simulator().estimate(save(branches(3, 4), name, subtype, [0, 1]))
    assert found.peak_is_lower_bound
    assert not Simulator().estimate(straight(3, 2, name, subtype, [0, 1])).peak_is_lower_bound


def test_exact_branches_take_at_least_so_much():
    assert Simulator().estimate(branches(3, 4), exact=True).peak_is_lower_bound
    assert not Simulator().estimate(straight(3, 3), exact=True).peak_is_lower_bound
    assert not Simulator().estimate(branches(3, 4)).peak_is_lower_bound


@pytest.mark.parametrize("unknown", [True, False])
def test_the_command_line_says_at_least(capsys, tmp_path, monkeypatch, unknown):
    path = tmp_path / "straight.qpy"
    with path.open("wb") as file:
        qpy.dump(straight(3, 2), file)
    found = dataclasses.replace(Simulator().estimate(straight(3, 2)), peak_is_lower_bound=unknown)
    monkeypatch.setattr(Simulator, "estimate", lambda *_, **__: found)
    assert commands.main(["estimate", str(path)]) == 0
    assert ("memory  at least " in capsys.readouterr().out) is unknown


LIMIT = 100
"""MiB: six states of 20 qubits."""


@pytest.mark.parametrize("subtype", ["list", "average", "c_accum"])
def test_states_of_trajectories_leave_room_for_what_is_saved(subtype):
    circuit = save(branches(20, 6), "save_probabilities", subtype, range(20))  # 8 MiB each
    estimate = Simulator(max_memory_mb=LIMIT).estimate(circuit, shots=1000)
    assert estimate.fits
    assert estimate.max_qubits >= 20


def test_a_run_whose_states_leave_room_for_the_one_that_is_saved():
    circuit = save(branches(20, 6), "save_statevector", "single", range(20))
    assert Simulator(max_memory_mb=LIMIT).run(circuit, shots=100).result().success


def test_the_branches_of_an_exact_run_take_what_is_left():
    circuit = QuantumCircuit(1, 24)
    circuit.rx(0.3, 0)
    for bit in range(24):
        circuit.measure(0, bit)
        if bit == 0:
            circuit.x(0)
    result = Simulator(max_memory_mb=30).run(circuit, exact=True).result()
    assert len(result.get_probabilities()) == 2
