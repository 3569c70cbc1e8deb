"""The workloads in `examples/` run, and give what physics and number theory say; no picture is drawn here."""

from __future__ import annotations

import importlib.util
import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from scipy.linalg import expm
from scipy.special import jv

from ketjet import EstimatorV2, Simulator, StateVector

EXAMPLES = Path(__file__).parents[2] / "examples"
WORKLOADS = {
    "factor_35": "35 = 7 x 5",
    "fit_a_signal": "3 turns: mean square error 0.048050; least possible 0.048050",
    "maxcut_qaoa": "1 layer: 20.774 on average; in closed form 20.774",
    "melting_domain_wall": "less than 1e-10",
    "random_sampling": "13.4402; Porter-Thomas 13.4402",
    "repetition_code": "distance 7: logical error 0.0000",
    "spin_chain_ground_state": "3 layers: -7.72740661",
}
"""The scripts, and what each of them tells."""
SMALLER = {"fit_a_signal": ["--turns", "3"], "spin_chain_ground_state": ["--spins", "6"]}
"""Arguments with which a script takes less time."""


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_script_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*WORKLOADS, "make_examples"}


@pytest.mark.parametrize(("name", "told"), WORKLOADS.items(), ids=WORKLOADS)
def test_a_script_runs_without_matplotlib_and_says_what_it_found(name, told, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *SMALLER.get(name, [])])
    load(name).main()
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_script_is_short_and_tells_how_to_use_it(name, monkeypatch, capsys):
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 160
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit):
        load(name).main()
    assert "--picture" in capsys.readouterr().out


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_script_draws_its_picture(name, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("agg")
    module, path = load(name), tmp_path / "picture.svg"
    things = {
        "factor_35": lambda: ({"00": 3, "01": 1}, 2),
        "fit_a_signal": lambda: (*module.signal(4), [module.Fit(1, np.zeros(4), 0.5)]),
        "maxcut_qaoa": lambda: (module.petersen_like(3, 1), "010101", {"random": [3, 4]}, 7),
        "melting_domain_wall": lambda: ({0.0: module.magnetisation(4, 0.0, 2, 0.1)}, 0.1),
        "random_sampling": lambda: (np.array([0.5, 0.25, 0.125, 0.125]), {"00": 3, "01": 1}),
        "repetition_code": lambda: ({3: np.array([0.1, 0.2])}, np.array([0.1, 0.2])),
        "spin_chain_ground_state": lambda: (4, [module.Found(1, [-4.0, -5.0]), module.Found(2, [-4.0, -5.2])]),
    }
    module.draw(*things[name](), path)
    assert path.read_text(encoding="utf-8").count("<path") > 5


# Shor's order finding


def test_the_peaks_of_order_finding_are_where_the_theory_puts_them():
    shor = load("factor_35")
    order = next(r for r in itertools.count(1) if pow(shor.BASE, r, shor.MODULUS) == 1)
    assert order == 12
    result = Simulator().run(shor.order_finding(shor.BASE, shor.MODULUS, 8), exact=True).result()
    found = np.zeros(1 << 8)
    for key, probability in result.get_probabilities().items():
        found[int(key, 2)] = probability
    np.testing.assert_allclose(found, shor.expected_probabilities(order, 8), atol=1e-10)


def test_the_order_of_2_modulo_21_gives_3_and_7():
    shor = load("factor_35")
    circuit = shor.order_finding(2, 21, 10)
    counts = Simulator().run(circuit, shots=200, seed_simulator=1).result().get_counts()
    assert shor.order_from(counts, 2, 21) == 6
    assert sorted(shor.factors_from(6, 2, 21)) == [3, 7]


# QAOA


def test_one_layer_cuts_what_the_closed_formula_says():
    qaoa = load("maxcut_qaoa")
    petersen = qaoa.petersen_like(5)
    assert len(petersen) == 15
    ((cut, _),) = qaoa.optimise(petersen, layers=1)
    assert cut == pytest.approx(15 * (0.5 + 1 / (3 * math.sqrt(3))), abs=1e-9)
    rng = np.random.default_rng(3)
    for _ in range(20):  # nothing near is better
        angles = qaoa.best_angles_of_one_layer() + rng.normal(scale=0.05, size=2)
        state = StateVector(10).evolve(qaoa.qaoa(petersen, angles))
        assert state.expectation(qaoa.cut_operator(petersen)) <= cut


@pytest.mark.parametrize(("n", "most"), [(5, 12), (10, 24)])
def test_no_colouring_cuts_more(n, most):
    edges = load("maxcut_qaoa").petersen_like(n)
    bits = np.arange(1 << 2 * n)[:, None] >> np.arange(2 * n) & 1
    assert sum((bits[:, a] != bits[:, b]).astype(int) for a, b in edges).max() == most


def test_two_layers_find_the_best_cut_of_petersens_graph():
    qaoa = load("maxcut_qaoa")
    petersen = qaoa.petersen_like(5)
    (one, _), (two, angles) = qaoa.optimise(petersen, layers=2)
    assert one < two < 12
    state = StateVector(10).evolve(qaoa.qaoa(petersen, angles))
    sampled = state.sample(1000, seed=2)
    sizes = {colours: qaoa.cut_size(petersen, colours) for colours in sampled}
    assert max(sizes.values()) == 12
    average = sum(sizes[colours] * count for colours, count in sampled.items()) / 1000
    assert average == pytest.approx(two, abs=5 * 1.5 / math.sqrt(1000))


# The spin chain


@pytest.mark.parametrize("spins", [4, 6, 8])
def test_free_fermions_have_the_energy_of_the_ground_state(spins):
    chain = load("spin_chain_ground_state")
    energies = np.linalg.eigvalsh(chain.hamiltonian(spins).to_matrix())
    assert chain.exact_energy(spins) == pytest.approx(energies[0], abs=1e-12)


def test_half_as_many_layers_as_spins_reach_the_ground_state_and_fewer_do_not():
    chain = load("spin_chain_ground_state")
    exact = chain.exact_energy(8)
    fewer, enough = (chain.optimise(8, layers).energies for layers in (3, 4))
    assert fewer[-1] > exact + 0.1
    assert enough[-1] == pytest.approx(exact, abs=1e-8)
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(enough))


def test_one_layer_has_the_energy_that_a_closed_formula_gives():
    chain = load("spin_chain_ground_state")
    assert chain.optimise(12, 1).energies[-1] == pytest.approx(-12 * (1 + math.sqrt(2)) / 2, abs=1e-9)


# The signal


def test_the_output_is_a_fourier_series_of_as_many_modes_as_there_are_turns():
    fit = load("fit_a_signal")
    inputs, _ = fit.signal(16)
    weights = np.random.default_rng(4).uniform(-3, 3, 12)
    points = [[*weights, x] for x in inputs]
    outputs = EstimatorV2().run([(fit.model(3), "Z", points)]).result()[0].data.evs
    modes = np.abs(np.fft.rfft(outputs))
    assert modes[:4].min() > 1e-3
    np.testing.assert_allclose(modes[4:], 0, atol=1e-12)


def test_the_least_error_is_that_of_the_best_series():
    fit = load("fit_a_signal")
    inputs, values = fit.signal()
    series = np.column_stack([f(k * inputs) for k in range(4) for f in (np.cos, np.sin)])
    best = series @ np.linalg.lstsq(series, values, rcond=None)[0]
    assert fit.least_error(values, 3) == pytest.approx(np.mean((best - values) ** 2), abs=1e-12)


def test_training_reaches_the_least_error():
    fit = load("fit_a_signal")
    inputs, values = fit.signal(16)
    trained = fit.train(1, inputs, values)
    assert trained.error == pytest.approx(fit.least_error(values, 1), abs=1e-6)
    assert np.mean((trained.outputs - values) ** 2) == pytest.approx(trained.error, abs=1e-12)


# The domain wall


def test_without_anisotropy_spins_are_free_fermions():
    wall = load("melting_domain_wall")
    found = wall.magnetisation(12, 0.0, 25, 0.15)
    np.testing.assert_allclose(found, wall.free_fermions(12, 25, 0.15), atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-11)


def test_the_wall_melts_as_bessel_functions_say():
    wall = load("melting_domain_wall")
    time, spins, steps = 1.5, 14, 750  # the front is still far from the ends
    found = wall.magnetisation(spins, 0.0, steps, time / steps)[-1]
    # The part that has turned up at place k beyond the wall is the sum of the squares of J_1+k, J_2+k ...
    turned = np.array([(jv(np.arange(1 + k, 60), 2 * time) ** 2).sum() for k in range(spins // 2)])
    np.testing.assert_allclose(found[spins // 2 :], 2 * turned - 1, atol=2e-3)


def test_with_anisotropy_the_chain_is_as_exact_diagonalisation_has_it():
    wall = load("melting_domain_wall")
    spins, steps, step = 6, 200, 0.005
    paulis = {"X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1.0, -1.0])}
    hamiltonian = np.zeros((1 << spins, 1 << spins), dtype=complex)
    for left in range(spins - 1):
        for name, weight in (("X", 0.5), ("Y", 0.5), ("Z", 1.0)):
            term = np.eye(1)
            for qubit in range(spins):
                term = np.kron(paulis[name] if qubit in (left, left + 1) else np.eye(2), term)
            hamiltonian += weight * term
    start = np.zeros(1 << spins)
    start[0b111000] = 1
    weights = np.abs(expm(-1j * steps * step * hamiltonian) @ start) ** 2
    signs = 1 - 2 * (np.arange(1 << spins)[:, None] >> np.arange(spins) & 1)
    np.testing.assert_allclose(wall.magnetisation(spins, 2.0, steps, step)[-1], weights @ signs, atol=1e-2)


# The repetition code


@pytest.mark.parametrize(("distance", "rounds"), [(3, 1), (3, 3), (5, 2)])
def test_logical_errors_follow_the_closed_formula(distance, rounds):
    code = load("repetition_code")
    for angle in (0.2, 0.7, 1.3):
        assert code.exact_error(distance, angle, rounds) == pytest.approx(
            code.known_error(distance, angle, rounds), abs=1e-9
        )


def test_one_round_is_a_majority_of_coins_and_more_are_not():
    code, angle = load("repetition_code"), 0.9
    p = math.sin(angle / 2) ** 2
    coins = 3 * p**2 * (1 - p) + p**3
    assert code.known_error(3, angle, 1) == pytest.approx(coins, abs=1e-12)
    incoherent = (1 - (1 - 2 * coins) ** 3) / 2
    assert code.known_error(3, angle, 3) > 1.1 * incoherent  # turns add up as amplitudes


def test_sampled_logical_errors_are_within_their_standard_error():
    code = load("repetition_code")
    known = code.known_error(5, 0.8, 3)
    found = code.sampled_error(5, 0.8, 3, shots=100_000, seed=11)
    assert abs(found - known) < 4 * math.sqrt(known * (1 - known) / 100_000)


# Random circuits


def test_samples_of_a_random_circuit_pass_the_cross_entropy_test():
    sampling = load("random_sampling")
    circuit = sampling.random_circuit(3, 4, 20, seed=5)
    state = StateVector(12).evolve(circuit)
    probabilities, size, shots = state.probabilities(), 1 << 12, 200_000
    np.testing.assert_allclose(probabilities, Statevector(circuit).probabilities(), atol=1e-13)
    exact = size * (probabilities**2).sum() - 1
    assert exact == pytest.approx(
        1, abs=5 * math.sqrt(20 / size)
    )  # the fourth moment of exp(-x) is 24, 2² are taken off
    spread = np.sqrt(size**2 * (probabilities**3).sum() - (exact + 1) ** 2)
    found = sampling.cross_entropy(probabilities, state.sample(shots, seed=5))
    assert found == pytest.approx(exact, abs=5 * spread / math.sqrt(shots))
    coins = {f"{value:b}": 1 for value in range(size)}
    assert sampling.cross_entropy(probabilities, coins) == pytest.approx(0, abs=1e-9)
    assert sampling.entropy(probabilities) == pytest.approx(math.log(size) - 1 + np.euler_gamma, abs=0.03)
