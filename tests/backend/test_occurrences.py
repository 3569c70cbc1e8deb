"""Equal circuits of one job are independent experiments, and each of them can be repeated."""

import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
from scipy import stats

from ketjet import Simulator, engine
from ketjet.engine.random_keys import random_key
from ketjet.lowering import lower

SEED = 5


def coins(num_qubits=6, extra=lambda circuit: None, **labels):
    circuit = QuantumCircuit(num_qubits, **labels)
    extra(circuit)
    circuit.h(range(num_qubits))
    extra(circuit)
    circuit.measure_all()
    return circuit


def with_an_idle_qubit():
    circuit = coins()
    circuit.add_register(QuantumRegister(1, "idle"))
    return circuit


def with_a_condition():
    circuit = coins(3)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.h(1)
    circuit.measure(1, 2)
    return circuit


def lists(job):
    result = job.result()
    return [result.get_memory(i) for i in range(len(result.results))]


def run(circuits, **options):
    return lists(Simulator().run(circuits, **{"shots": 100, "memory": True, "seed_simulator": SEED, **options}))


def all_differ(samples):
    return len({str(sample) for sample in samples}) == len(samples)


def delayed(index):
    return coins(extra=lambda circuit: circuit.delay(100 * index, 0), name=f"after {index}", metadata={"delay": index})


ALIKE = {
    "one circuit": [coins()] * 6,
    "copies": [coins().copy() for _ in range(6)],
    "names": [coins(name=f"circuit {i}") for i in range(6)],
    "barriers and identities": [coins(), coins(extra=QuantumCircuit.barrier), coins(extra=lambda c: c.id(0))],
    "delays": [delayed(index) for index in range(6)],
    "an idle qubit": [coins(), with_an_idle_qubit()],
    "dynamic": [with_a_condition()] * 4,
}


@pytest.mark.parametrize("circuits", ALIKE.values(), ids=ALIKE)
@pytest.mark.parametrize("seed", [SEED, None])
def test_equal_circuits_draw_on_their_own(circuits, seed):
    assert all_differ(run(circuits, seed_simulator=seed))


@pytest.mark.parametrize("circuit", [coins(), with_a_condition()])
def test_the_first_one_draws_as_if_alone_and_place_does_not_matter(circuit):
    others = [coins(4), coins(5)]
    alone = run(circuit)[0]
    first, second, third = run([circuit] * 3)
    assert first == alone
    mixed = run([others[0], circuit, others[1], circuit, others[0], circuit])
    assert [mixed[1], mixed[3], mixed[5]] == [first, second, third]
    assert mixed[0] == run(others[0])[0] != mixed[4]


def test_a_seed_repeats_the_whole_job_on_any_executor():
    circuits = [coins(), with_a_condition()] * 3
    expected = run(circuits)
    assert run(circuits) == expected
    with ThreadPoolExecutor(2) as threads:
        assert run(circuits, executor=threads) == expected
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        assert run(circuits, executor=processes) == expected


def test_counts_of_all_sizes_agree_with_lists_and_number_of_shots_does_not_matter():
    for shots in (1, 100, 10_000):
        few = Simulator().run([coins()] * 3, shots=shots, seed_simulator=SEED).result()
        again = Simulator().run([coins()] * 3, shots=shots, seed_simulator=SEED, memory=True).result()
        assert few.get_counts() == again.get_counts()
    snapshots = run([coins()] * 300, shots=1)
    assert len({snapshot[0] for snapshot in snapshots}) > 50


def test_occurrences_are_counted_through_circuits_and_then_bindings():
    theta, phi = Parameter("theta"), Parameter("phi")
    circuit, other = QuantumCircuit(6), QuantumCircuit(6)
    circuit.ry(theta, range(6))
    other.ry(2 * phi, range(6))
    circuit.measure_all()
    other.measure_all()
    values = [{theta: [1.0, 0.5, 1.0, 1.0]}, {phi: [0.25, 0.5]}]
    result = Simulator().run([circuit, other], parameter_binds=values, shots=200, memory=True, seed_simulator=SEED)
    occurrences = [experiment.metadata["occurrence"] for experiment in result.result().results]
    assert occurrences == [0, 0, 1, 2, 1, 3]
    samples = lists(result)
    assert all_differ(samples)
    direct = [circuit.assign_parameters({theta: angle}) for angle in (1.0, 0.5, 1.0, 1.0, 0.5, 1.0)]
    assert run(direct, shots=200) == samples


def test_an_experiment_can_be_repeated_from_its_metadata():
    circuit = coins()
    original = Simulator().run([coins(2), circuit, circuit, circuit], shots=50, memory=True).result()
    facts = original.results[3].metadata
    again = run([circuit] * (facts["occurrence"] + 1), shots=50, seed_simulator=facts["seed_simulator"])
    assert again[-1] == original.get_memory(3)


def test_draws_of_occurrences_are_uncorrelated():
    circuit = coins(1)
    sums = [sum(map(int, shots)) for seed in range(20) for shots in run([circuit] * 20, shots=400, seed_simulator=seed)]
    table = np.array(sums).reshape(20, 20)
    chi_square = float((((table - 200) / 10) ** 2).sum())
    assert 1e-4 < stats.chi2(400).sf(chi_square) < 1 - 1e-4
    between = np.corrcoef(table.T)[np.triu_indices(20, 1)]
    assert abs(between.mean()) < 5 / np.sqrt(len(between) * 20)


@pytest.mark.parametrize("seed", [0, 7, 2**63, 2**200])
@pytest.mark.parametrize("occurrence", [1, 2, 2**31, 2**40])
def test_the_key_mixes_the_occurrence(seed, occurrence):
    program = lower(coins()).program
    expected = np.random.SeedSequence(seed, spawn_key=(program.fingerprint, occurrence)).generate_state(2, np.uint32)
    assert random_key(program, seed, occurrence) == tuple(expected.tolist())
    assert random_key(program, seed, 0) == random_key(program, seed)


def test_a_task_takes_its_occurrence_along():
    task = engine.Task(lower(coins()).program, 100, SEED, memory=True, occurrence=3)
    sent = pickle.loads(pickle.dumps(task))
    assert sent.occurrence == 3
    np.testing.assert_array_equal(engine.execute(sent).memory, engine.execute(task).memory)
    assert (engine.execute(task._replace(occurrence=0)).memory != engine.execute(task).memory).any()


def test_exact_runs_and_states_do_not_depend_on_it():
    result = Simulator().run([coins()] * 2, exact=True, return_state=True).result()
    assert result.get_probabilities(0) == result.get_probabilities(1)
    np.testing.assert_array_equal(result.get_statevector(0), result.get_statevector(1))


@pytest.mark.parametrize("seed", [SEED, None])
def test_equal_pubs_and_rows_of_primitives_are_independent(seed):
    theta = Parameter("theta")
    circuit = QuantumCircuit(6)
    circuit.ry(theta, range(6))
    measured = circuit.measure_all(inplace=False)
    backend = Simulator(seed_simulator=seed)
    rows = np.full((4, 1), 1.0)
    sampled = BackendSamplerV2(backend=backend).run([(measured, rows, 100), (measured, rows, 100)]).result()
    assert all_differ([pub.data.meas[i].get_bitstrings() for pub in sampled for i in range(4)])
    estimated = BackendEstimatorV2(backend=backend).run([(circuit, "XYZXYZ", rows), (circuit, "ZZZZZZ", rows)]).result()
    for pub in estimated:
        assert len(set(pub.data.evs.tolist())) > 1
    equal = BackendEstimatorV2(backend=backend).run([(circuit, "ZZZZZZ", [1.0])] * 8).result()
    assert len({float(pub.data.evs) for pub in equal}) > 4
