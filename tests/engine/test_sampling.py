"""Sampling: right distribution, exact totals, one draw for counts and memory, the same on every machine."""

import hashlib

import numpy as np
import pytest
from scipy import stats
from support.programs import TINY_CACHES, entangled, final_state, op, pack

from ketjet import engine


def run(program, shots, seed=1, **options):
    return engine.execute(engine.Task(program, shots, seed, **options))


def chi_square_p_value(outcome, probabilities):
    """Of the counts in at most shots / 20 groups of neighbouring outcomes, rare groups put together."""
    shots = int(outcome.counts.sum())
    groups = min(len(probabilities), 1 << (shots // 20).bit_length() - 1)
    observed = np.zeros(len(probabilities))
    observed[outcome.keys[:, 0].astype(int)] = outcome.counts
    observed = observed.reshape(groups, -1).sum(axis=1)
    expected = (probabilities / probabilities.sum()).reshape(groups, -1).sum(axis=1) * shots
    rare = expected < 5
    if rare.any():
        observed = np.append(observed[~rare], observed[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    assert len(expected) > 1, "nothing to compare"
    return stats.chisquare(observed, expected).pvalue


@pytest.mark.parametrize("num_qubits", [1, 3, 6, 10, 13])
@pytest.mark.parametrize("shots", [100, 20_000, 1_000_000, 1_000_000_000])
def test_counts_follow_the_state(num_qubits, shots):
    program = entangled(num_qubits)
    probabilities = np.abs(final_state(program)) ** 2
    outcome = run(program, shots, seed=num_qubits)
    assert outcome.counts.sum() == shots
    assert (outcome.counts > 0).all()
    assert chi_square_p_value(outcome, probabilities) > 1e-4


def test_p_values_over_many_seeds_are_uniform():
    program = entangled(4)
    probabilities = np.abs(final_state(program)) ** 2
    p_values = [chi_square_p_value(run(program, 5000, seed), probabilities) for seed in range(300)]
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3


def test_marginals_of_a_few_measured_qubits():
    program = entangled(8, num_measured=3)
    probabilities = (np.abs(final_state(program)) ** 2).reshape(-1, 8).sum(axis=0)
    outcome = run(program, 100_000)
    assert outcome.keys.max() < 8
    assert chi_square_p_value(outcome, probabilities) > 1e-4


def test_memory_has_the_counts_and_no_order():
    program = entangled(3)
    outcome = run(program, 5000, memory=True)
    without = run(program, 5000)
    np.testing.assert_array_equal(outcome.counts, without.counts)
    values, counts = np.unique(outcome.memory[:, 0], return_counts=True)
    np.testing.assert_array_equal(values, outcome.keys[:, 0])
    np.testing.assert_array_equal(counts, outcome.counts)
    halves = [np.bincount(half.astype(int), minlength=8) for half in np.split(outcome.memory[:, 0], 2)]
    assert stats.chi2_contingency(halves).pvalue > 1e-4


def test_impossible_outcomes_never_occur():
    ghz = [op("h", [0]), *(op("cx", [q, q + 1]) for q in range(12)), *(op("measure", [q], clbit=q) for q in range(13))]
    outcome = run(pack(13, ghz, 13), 1_000_000)
    assert outcome.keys[:, 0].tolist() == [0, 2**13 - 1]


def test_more_than_64_classical_bits():
    program = pack(2, [op("x", [1]), op("measure", [1], clbit=3), op("measure", [1], clbit=70)], 80)
    outcome = run(program, 5, memory=True)
    assert outcome.keys.tolist() == [[1 << 3, 1 << 6]]
    assert outcome.memory.tolist() == [[1 << 3, 1 << 6]] * 5


def test_the_last_write_to_a_classical_bit_wins():
    program = pack(2, [op("x", [0]), op("measure", [0], clbit=0), op("measure", [1], clbit=0)], 1)
    assert run(program, 10).keys.tolist() == [[0]]


def test_same_seed_same_shots_whatever_the_machine():
    program = entangled(13)
    hashes = set()
    for isa in engine.isa_names():
        for threads in (1, 2, 3, 8):
            outcome = run(program, 20_000, seed=5, memory=True, isa=isa, threads=threads)
            hashes.add(hashlib.sha256(outcome.memory.tobytes() + outcome.counts.tobytes()).hexdigest())
    assert len(hashes) == 1


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("shots", [20, 2000, 100_000])
def test_same_seed_same_shots_whatever_the_caches(precision, shots):
    program = entangled(13)
    hashes = set()
    for bits in (9, 10, 12, 14, 16, 20):
        caches = engine.Machine(l2_bytes=1 << bits)
        for isa in engine.isa_names():
            for threads in (1, 2):
                task = engine.Task(program, shots, 5, precision=precision, isa=isa, threads=threads)
                outcome = engine.execute(task, on=caches)
                hashes.add(hashlib.sha256(outcome.keys.tobytes() + outcome.counts.tobytes()).hexdigest())
    assert len(hashes) == 1


def test_seeds_and_programs_have_streams_of_their_own():
    program = entangled(6)
    first, second = (run(program, 1000, seed, memory=True).memory for seed in (1, 2))
    assert (first != second).any()
    assert (run(program, 1000, 2**200, memory=True).memory != first).any()


def test_single_precision_draws_the_same_shots():
    program = entangled(8)
    double, single = (run(program, 1000, precision=precision, memory=True).memory for precision in ("double", "single"))
    assert (double != single).mean() < 0.01


@pytest.mark.parametrize("shots", [0, 1])
def test_few_shots(shots):
    outcome = run(entangled(5), shots, memory=True)
    assert outcome.counts.sum() == shots
    assert outcome.memory.shape == (shots, 1)


def test_mid_circuit_measurement_collapses():
    operations = [
        op("h", [0]),
        op("measure", [0], clbit=0),
        op("cx", [0, 1]),
        op("h", [0]),
        op("measure", [1], clbit=1),
    ]
    for machine in (None, TINY_CACHES):
        outcome = engine.execute(engine.Task(pack(2, operations, 2), 1000, 3, memory=True), on=machine)
        assert set(outcome.keys[:, 0].tolist()) == {0, 3}
        assert stats.binomtest(int(outcome.counts[0]), 1000).pvalue > 1e-4


def test_reset_of_an_entangled_qubit_leaves_the_other_mixed():
    program = pack(2, [op("h", [0]), op("cx", [0, 1]), op("reset", [0]), op("measure", [0], clbit=0),
                       op("measure", [1], clbit=1)], 2)  # fmt: skip
    outcome = run(program, 2000)
    assert outcome.keys[:, 0].tolist() == [0, 2]
    assert stats.binomtest(int(outcome.counts[0]), 2000).pvalue > 1e-4


def test_trajectories_keep_the_norm_in_single_precision():
    operations = []
    for _ in range(200):
        operations += [
            op("ry", [0], slots=[0.05]),
            op("cx", [0, 1]),
            op("measure", [1], clbit=0),
            op("ry", [1], slots=[1.0]),
        ]
    task = engine.Task(pack(2, operations, 1), 1, 7, return_state=True, precision="single")
    assert abs(np.linalg.norm(engine.execute(task).state) - 1) < 1e-4
