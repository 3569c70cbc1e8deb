"""Trajectories that meet go on as one without losing anything but rounding: small kicks of a qubit add up however many
mergers there are, what tells shots apart keeps them apart, and states that are truly the same do become one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from support.circuits import coins
from support.engine_runs import run as run_engine
from support.saves import save_expectation

from ketjet import Simulator
from ketjet.lowering import lower

SMALL_KICKS = [("single", 1.5e-5, 2000), ("single", 9e-6, 2000), ("single", 1e-6, 5000), ("single", 1e-7, 5000),
               ("double", 1e-11, 5000), ("double", 1e-12, 2000), ("double", 1e-7, 100)]  # fmt: skip


def kicked(rounds, angle, *, looped=True, resets=False, gate="ry"):
    """A coin is tossed so many times, and kicks qubit 1 whenever it shows heads."""
    circuit = QuantumCircuit(2, 2)

    def one_round():
        circuit.h(0)
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            getattr(circuit, gate)(angle, 1)
        if resets:
            circuit.reset(0)

    if looped:
        with circuit.for_loop(range(rounds)):
            one_round()
    else:
        for _ in range(rounds):
            one_round()
    return circuit


@pytest.mark.parametrize("form", ["looped", "unrolled", "resets"])
@pytest.mark.parametrize(("precision", "angle", "rounds"), SMALL_KICKS)
def test_small_kicks_add_up(precision, angle, rounds, form):
    rounds = min(rounds, 1000) if form == "unrolled" else rounds
    circuit = kicked(rounds, angle, looped=form != "unrolled", resets=form == "resets")
    save_expectation(circuit, "X", 1)
    backend = Simulator(precision=precision, seed_simulator=3)
    expected = math.sin(angle * rounds / 2)
    rounding = (1e-5 if precision == "single" else 1e-13) * expected
    found = backend.run(circuit, shots=100).result().data()["value"]
    assert abs(found - expected) < 5 * angle * math.sqrt(rounds / 4 / 100) + rounding
    if angle < 1e-8 or precision == "single":
        result = backend.run(circuit, exact=True).result()
        assert result.data()["value"] == pytest.approx(expected, rel=2e-4)
        assert result.results[0].metadata["trajectories"] <= 4


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("verify", ["off", "full"])
def test_small_kicks_show_in_counts(exact, verify):
    circuit = kicked(5000, 3e-5)
    circuit.measure(1, 1)
    backend, expected = Simulator(precision="single", seed_simulator=1, verify=verify), math.sin(0.0375) ** 2
    if exact:
        result = backend.run(circuit, exact=True).result()
        ones = sum(value for key, value in result.get_probabilities().items() if key[0] == "1")
        assert ones == pytest.approx(expected, rel=1e-3)
    else:
        result = backend.run(circuit, shots=10**6).result()
        ones = sum(count for key, count in result.get_counts().items() if key[0] == "1")
        assert abs(ones - 1e6 * expected) < 6 * math.sqrt(1e6 * expected)
    if verify == "full":
        facts = result.results[0].metadata["verify"]
        assert facts["mergers"] > 1000
        assert 0 < facts["merging_loss"] < 1e-5
        assert facts["max_deviation"] < 1e-5


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("signs", [(0, 1), (-1, 1)])
def test_kicks_that_the_memory_tells_apart_stay_apart(precision, signs):
    """One coin decides all kicks: a state between its two outcomes would be a state of neither."""
    angle = 9e-6 if precision == "single" else 8e-12
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    for _ in range(300):
        with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
            circuit.ry(signs[1] * angle, 1)
        with otherwise:
            circuit.ry(signs[0] * angle, 1)
    save_expectation(circuit, "X", 1, subtype="c_average")
    for how in ({"exact": True}, {"shots": 50}):
        data = Simulator(precision=precision, seed_simulator=1).run(circuit, **how).result().data()["value"]
        for bit in (0, 1):
            assert data[hex(bit)] == pytest.approx(math.sin(300 * angle * signs[bit]), rel=1e-3, abs=1e-4 * angle)


def test_kicks_about_different_axes():
    circuit = QuantumCircuit(2, 1)
    circuit.h(1)
    rng = np.random.default_rng(1)
    angles = rng.uniform(0.5e-5, 1.5e-5, 400)
    for i, angle in enumerate(angles):
        circuit.h(0)
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            (circuit.rz if i % 2 else circuit.ry)(angle, 1)
    save_expectation(circuit, "Z", 1)
    expectation_y = circuit.copy_empty_like()
    expectation_y.data = circuit.data[:-1]
    save_expectation(expectation_y, "Y", 1)
    for case, expected in ((circuit, -angles[::2].sum() / 2), (expectation_y, angles[1::2].sum() / 2)):
        result = Simulator(precision="single").run(case, exact=True).result()
        assert result.data()["value"] == pytest.approx(expected, rel=1e-2)
        assert result.results[0].metadata["trajectories"] <= 4


@pytest.mark.parametrize("width", [2, 14])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_equal_states_do_become_one(width, precision):
    """Teleportation there and back, many times, with random turns between."""
    circuit = QuantumCircuit(width + 1, 2)
    rng = np.random.default_rng(2)
    circuit.ry(1.1, 0)
    for _ in range(40):
        for here, other in ((0, 1), (1, 0)):
            circuit.rz(rng.uniform(0, 6), here)
            circuit.ry(rng.uniform(0, 6), here)
            circuit.reset([other, width])
            circuit.h(width)
            circuit.cx(width, other)
            circuit.cx(here, width)
            circuit.h(here)
            circuit.measure([here, width], [0, 1])
            with circuit.if_test((circuit.clbits[1], 1)):
                circuit.x(other)
            with circuit.if_test((circuit.clbits[0], 1)):
                circuit.z(other)
    circuit.measure(0, 0)
    result = Simulator(precision=precision, verify="fast").run(circuit, exact=True).result()
    assert result.results[0].metadata["trajectories"] <= 4


def test_one_qubit_measured_again_and_again_has_two_states():
    result = Simulator(seed_simulator=1).run(coins(500), shots=200, memory=True).result()
    assert result.results[0].metadata["trajectories"] == 2
    ones = sum(word.count("1") for word in result.get_memory())
    assert abs(ones - 50_000) < 6 * math.sqrt(25_000)
    assert len(set(result.get_memory())) == 200


def test_merging_changes_no_draw():
    circuit = coins(70)
    program = lower(circuit).program
    kept = run_engine(program, shots=500, seed=4, switched_off=("merge_branches",), list_shots=True)
    merged = run_engine(program, shots=500, seed=4, small_state_bytes=1 << 16, list_shots=True)
    assert kept.trajectories == 500
    assert merged.trajectories == 2
    np.testing.assert_array_equal(kept.shots, merged.shots)


def beside_a_register(circuit, width):
    """Put the circuit into a state of many more qubits, which are entangled with each other."""
    wide = QuantumCircuit(circuit.num_qubits + width, circuit.num_clbits)
    register = range(circuit.num_qubits, wide.num_qubits)
    for qubit in register:
        wide.ry(0.3 + qubit, qubit)
        wide.cx(qubit - 1, qubit)
    wide.compose(circuit, range(circuit.num_qubits), range(circuit.num_clbits), inplace=True)
    save_expectation(wide, "Z", wide.num_qubits - 1, label="register")
    return wide


@pytest.mark.parametrize(("precision", "angle"), [("single", 1e-6), ("single", 2e-7), ("double", 1e-15)])
def test_small_kicks_of_large_states_add_up(precision, angle):
    rounds, shots = 400, 50
    circuit = beside_a_register(kicked(rounds, angle), 12)
    save_expectation(circuit, "X", 1)
    result = Simulator(precision=precision, seed_simulator=3).run(circuit, shots=shots).result()
    expected = math.sin(angle * rounds / 2)
    assert abs(result.data()["value"] - expected) < 5 * angle * math.sqrt(rounds / 4 / shots) + 0.01 * expected
    assert result.results[0].metadata["trajectories"] <= 4


def phase_estimation(num_qubits):
    """Phases of a diagonal operator between layers of rotations, bit by bit: each leaves the same state."""
    ancilla = num_qubits - 1
    circuit = QuantumCircuit(num_qubits, 6)

    def layer(sign):
        for qubit in range(ancilla):
            circuit.ry(sign * (0.4 + 0.3 * qubit), qubit)

    circuit.x(range(0, ancilla, 2))
    layer(1)
    for bit in reversed(range(6)):
        circuit.h(ancilla)
        layer(-1)
        for qubit in range(ancilla):
            circuit.cp((0.3 + 0.7 * qubit) * 2**bit, ancilla, qubit)
        layer(1)
        for known in range(bit + 1, 6):
            with circuit.if_test((circuit.clbits[known], 1)):
                circuit.p(-math.pi / 2 ** (known - bit), ancilla)
        circuit.h(ancilla)
        circuit.measure(ancilla, bit)
        circuit.reset(ancilla)
    save_expectation(circuit, "Z", 0)
    return circuit


@pytest.mark.parametrize("precision", ["single", "double"])
def test_large_states_meet_as_small_ones_do(precision):
    stages = []
    for num_qubits in (8, 14):
        job = Simulator(precision=precision).run(phase_estimation(num_qubits), exact=True)
        job.result()
        stages.append(job.progress().stages_done)
    assert stages[1] < 1.3 * stages[0]
