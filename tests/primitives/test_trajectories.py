"""The estimator's option `trajectories`: averages over shots where loops have no bound, and exact values elsewhere."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, random_pauli_list

from ketjet import EstimatorV2, Simulator
from ketjet.errors import InvalidOptionError, JobFailedError, OptionTypeError

A = Parameter("a")


def until_heads(angle=A):
    """Turn a qubit for as long as a coin shows tails: after k turns with probability 2**-(k + 1)."""
    circuit = QuantumCircuit(2, 1, name="until heads")
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.while_loop((0, 1)):
        circuit.rx(angle, 1)
        circuit.h(0)
        circuit.measure(0, 0)
    return circuit


def moments_of(values):
    """Mean and standard deviation of what one shot gives, if after k turns that is values[k]."""
    weights = 0.5 ** np.arange(1, len(values) + 1)
    mean = weights @ values
    return mean, np.sqrt(weights @ values**2 - mean**2)


TURNS = 0.9 * np.arange(60)


def run(pubs, **arguments):
    options = {"trajectories": 2000, **arguments.pop("options", {})}
    return EstimatorV2(options=options, **arguments).run(pubs).result()


@pytest.mark.parametrize("shots", [300, 20_000, 200_000])
def test_averages_over_shots_have_their_standard_errors(shots):
    observables = ["ZI", "YI", "IZ", {"ZI": 2, "YI": 1, "II": 3}]
    found = run([(until_heads(), observables, [0.9])], seed=5, options={"trajectories": shots})[0]
    rows = [np.cos(TURNS), -np.sin(TURNS), np.ones(60), 2 * np.cos(TURNS) - np.sin(TURNS) + 3]
    means, deviations = np.transpose([moments_of(row) for row in rows])
    np.testing.assert_allclose(found.data.stds, deviations / np.sqrt(shots), rtol=0.15, atol=1e-9)
    assert (np.abs(found.data.evs - means) <= 5 * found.data.stds + 1e-9).all()
    assert (found.data.evs[:2] != means[:2]).all()
    assert found.metadata["target_precision"] == 0
    told = found.metadata["simulator_metadata"]
    assert (told["shots"], told["seed_simulator"]) == (shots, 5)


def test_one_shot_has_no_standard_error():
    data = run([(until_heads(0.3), "ZI")], options={"trajectories": 1})[0].data
    assert np.isnan(data.stds)


def test_without_the_option_loops_are_followed():
    found = run([(until_heads(), "ZI", [0.9])], options={"trajectories": 0})[0]
    assert found.data.evs == pytest.approx(moments_of(np.cos(TURNS))[0], abs=1e-9)
    assert found.data.stds == 0
    assert "shots" not in found.metadata["simulator_metadata"]


def straight():
    circuit = QuantumCircuit(2)
    circuit.ry(0.7, 1)
    return circuit


def branching():
    circuit = QuantumCircuit(2, 1)
    circuit.ry(0.7, 1)
    circuit.measure(1, 0)
    with circuit.if_test((0, 1)):
        circuit.reset(1)
        circuit.ry(0.7, 1)
    return circuit


def counting():
    circuit = QuantumCircuit(2, 1)
    with circuit.for_loop(range(5000)):
        circuit.h(0)
        circuit.measure(0, 0)
        circuit.ry(0.7 / 5000, 1)
    return circuit


def turning_without_chance():
    circuit = QuantumCircuit(2, 1)
    with circuit.while_loop((0, 0)):
        circuit.x(0)
        circuit.ry(0.7, 1)
        circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize("make", [straight, branching, counting, turning_without_chance])
def test_circuits_without_random_loops_stay_exact(make):
    sampled = run([(make(), ["ZI", "XI"])])[0].data
    exact = run([(make(), ["ZI", "XI"])], options={"trajectories": 0})[0].data
    np.testing.assert_array_equal(sampled.evs, exact.evs)
    np.testing.assert_array_equal(sampled.stds, [0, 0])


def test_seeds_repeat_and_equal_points_are_independent():
    pub = (until_heads(), "ZI", [0.9])
    first, second = (run([pub, pub, (until_heads(), "ZI", [[0.9], [0.4]])], seed=7) for _ in range(2))
    values = [each.data.evs for each in first]
    for mine, again in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine.data.evs, again.data.evs)
        np.testing.assert_array_equal(mine.data.stds, again.data.stds)
    assert len({float(values[0]), float(values[1]), float(values[2][0])}) == 3
    assert run([pub], seed=8)[0].data.evs != values[0]
    backend = Simulator(seed_simulator=7)
    assert run([pub], backend=backend)[0].data.evs == values[0]


def test_without_a_seed_each_pub_has_one_that_replays_it():
    pub = (until_heads(), "ZI", [0.9], 0.2)
    first, second = run([pub, pub])
    assert first.data.evs != second.data.evs
    for result in (first, second):
        seed = result.metadata["simulator_metadata"]["seed_simulator"]
        assert run([pub], seed=seed)[0].data.evs == result.data.evs


def test_a_generator_is_drawn_from():
    pub = (until_heads(), "ZI", [0.9])
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    first = run([pub, pub], seed=one)
    again = run([pub], seed=other), run([pub], seed=other)
    assert [each.data.evs for each in first] == [each[0].data.evs for each in again]
    assert first[0].data.evs != first[1].data.evs


def test_noise_comes_on_top():
    plain = run([(until_heads(), "ZI", [0.9])], seed=2)[0].data
    noisy = run([(until_heads(), "ZI", [0.9], 0.05)], seed=2)[0].data
    assert noisy.stds == pytest.approx(np.hypot(plain.stds, 0.05))
    assert noisy.evs == np.random.default_rng(2).normal(plain.evs, 0.05)


def test_variances_are_those_of_the_mixture():
    options = {"trajectories": 50_000, "variances": True}
    long = SparsePauliOp(random_pauli_list(2, 12, seed=1, phase=False), np.linspace(-1, 1, 12))
    found = run([(until_heads(), ["ZI", long], [0.9])], seed=4, options=options)[0].data
    exact = run([(until_heads(), ["ZI", long], [0.9])], options={**options, "trajectories": 0})[0].data
    np.testing.assert_allclose(found.variances, exact.variances, rtol=0.05)
    assert found.variances[0] == pytest.approx(1 - found.evs[0] ** 2)


def test_points_of_a_pub_and_another_process():
    pub = (until_heads(), [["ZI"], ["YI"]], [[0.2], [0.9]])
    expected = run([pub], seed=9)[0].data
    assert expected.evs.shape == expected.stds.shape == (2, 2)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = run([pub], seed=9, options={"run_options": {"executor": pool}})[0].data
    np.testing.assert_array_equal(found.evs, expected.evs)
    np.testing.assert_array_equal(found.stds, expected.stds)


def test_what_is_refused():
    with pytest.raises(InvalidOptionError, match="trajectories must be at least 0"):
        EstimatorV2(options={"trajectories": -1})
    with pytest.raises(OptionTypeError, match="trajectories must be an integer"):
        EstimatorV2(options={"trajectories": True})
    endless = QuantumCircuit(1, 1)
    with endless.while_loop((0, 0)):
        endless.reset(0)
        endless.measure(0, 0)
    coin = until_heads(0.1)
    with pytest.raises(JobFailedError, match="max_iterations"):
        run([(coin, "ZI")], options={"run_options": {"max_iterations": 3}})
    with pytest.raises(JobFailedError, match="max_iterations"):
        run([(endless, "Z")], options={"run_options": {"max_iterations": 50}})
