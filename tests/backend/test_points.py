"""Sweeps: a circuit at many points, which run in chunks, gives what its bound circuits give one by one."""

from __future__ import annotations

import concurrent.futures
import copy
import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterVector
from qiskit.quantum_info import SparsePauliOp
from qiskit.result import Counts, Result, marginal_counts
from support.strategies import parametrised_circuits
from support.told import told_of

from ketjet import EstimatorV2, Objective, SamplerV2, Simulator, _core
from ketjet.backend import experiments
from ketjet.errors import InsufficientMemoryError, JobFailedError

THETA, VECTOR = Parameter("theta"), ParameterVector("v", 3)


@pytest.fixture(params=[1, 3, 1000])
def chunks_of(request, monkeypatch):
    """Chunks of so many points, whatever they take."""
    monkeypatch.setattr(experiments, "_points_per_chunk", lambda *_, **__: request.param)
    return request.param


def swept(global_phase=0.0):
    circuit = QuantumCircuit(3, global_phase=global_phase, name="swept")
    circuit.ry(THETA, 0)
    for qubit, element in enumerate(VECTOR):
        circuit.rx(element * THETA, qubit)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    return circuit


def angles(points, seed=0):
    return np.random.default_rng(seed).uniform(-3, 3, (points, 4))


def values_of(rows):
    return {THETA: rows[:, 0], VECTOR: rows[:, 1:]}


def one_by_one(circuit, rows, **options):
    """Each point as a circuit of its own in one job, which draws as the points of a sweep do."""
    names = [THETA, *VECTOR]
    circuits = [circuit.assign_parameters(dict(zip(names, row, strict=True))) for row in rows.tolist()]
    for each in circuits:
        each.name = circuit.name
    options["time_limit"] = 1e6  # with a limit they do not become points of one task
    return Simulator(seed_simulator=5).run(circuits, **options).result()


@given(
    made=parametrised_circuits(4), data=st.data(), memory=st.booleans(), precision=st.sampled_from(["single", "double"])
)
def test_points_are_what_runs_of_each_are(made, data, memory, precision):
    circuit, first = made
    assume(first)
    circuit.measure_all()
    points = data.draw(st.integers(1, 5))
    others = data.draw(st.lists(st.integers(1, 1000), min_size=points, max_size=points, unique=True))
    columns = {each: [value, *(value + other for other in others)] for each, value in first.items()}
    backend = Simulator(seed_simulator=5, precision=precision)
    options = {"shots": 50, "memory": memory}
    together = backend.run(circuit, parameter_binds=[columns], **options).result()
    for point in range(points + 1):
        own = {each: column[point] for each, column in columns.items()}
        alone = backend.run(circuit, parameter_binds=[own], **options).result()
        assert together.get_counts(point) == alone.get_counts()
        if memory:
            assert together.get_memory(point) == alone.get_memory()


@pytest.mark.parametrize("memory", [False, True])
def test_wherever_chunks_end(chunks_of, memory):
    rows = np.concatenate([angles(5), angles(2)])  # two points come again, and draw anew
    options = {"shots": 40, "memory": memory}
    result = Simulator(seed_simulator=5).run(swept(), parameter_binds=[values_of(rows)], **options).result()
    assert told_of(result) == told_of(one_by_one(swept(), rows, **options))
    assert [each.metadata["occurrence"] for each in result.results] == [0] * 5 + [1] * 2
    assert result.get_counts(0) != result.get_counts(5)


def test_a_global_phase_is_in_the_header_of_each_point(chunks_of):
    rows = angles(4)
    result = Simulator().run(swept(global_phase=2 * THETA), parameter_binds=[values_of(rows)]).result()
    found = [each.header["global_phase"] for each in result.results]
    np.testing.assert_allclose(found, 2 * rows[:, 0] % (2 * np.pi))


def test_results_are_a_list(chunks_of):
    rows = angles(6)
    backend, binds = Simulator(seed_simulator=5), [values_of(rows)]
    expected = [each.to_dict() for each in one_by_one(swept(), rows).results]
    expected = [each["data"] for each in expected]

    def fresh():
        return backend.run(swept(), parameter_binds=binds).result().results

    def data(results):
        return [each.to_dict()["data"] for each in results]

    assert len(fresh()) == 6
    assert data(fresh()) == data(list(fresh())) == data(fresh()[:]) == data(fresh().copy()) == expected
    assert data(fresh()[4:1:-2]) == expected[4:1:-2]
    assert data([fresh()[-1]]) == expected[-1:]
    assert data(reversed(fresh())) == expected[::-1]
    assert data(fresh() + [fresh()[0]]) == [*expected, expected[0]]  # noqa: RUF005 - this is what is tested
    for copied in (copy.copy(fresh()), copy.deepcopy(fresh()), pickle.loads(pickle.dumps(fresh()))):
        assert type(copied) is list
        assert data(copied) == expected
    results = fresh()
    assert results[2] is results[2]
    assert results[2] in results
    assert results.index(results[2]) == 2
    last = results.pop()
    assert data([last]) == expected[-1:]
    assert data(results) == expected[:-1]
    results[0] = last
    assert results[0] is last
    with pytest.raises(IndexError):
        results[7]


@pytest.mark.parametrize("registers", [(3,), (1, 2), (3, 12), (70,)])
def test_counts_of_all_points_are_those_of_each(chunks_of, registers):
    circuit = QuantumCircuit(QuantumRegister(3), *(ClassicalRegister(size) for size in registers))
    circuit.compose(swept().remove_final_measurements(inplace=False), range(3), inplace=True)
    circuit.measure(range(3), [0, len(circuit.clbits) // 2, len(circuit.clbits) - 1])
    backend, binds = Simulator(seed_simulator=5), [values_of(angles(6))]
    together = backend.run(circuit, parameter_binds=binds).result().get_counts()
    result = backend.run(circuit, parameter_binds=binds).result()
    assert together == [result.get_counts(point) for point in range(6)]
    for counts in together:
        assert pickle.loads(pickle.dumps(counts)) == counts
        assert Counts(counts.hex_raw, creg_sizes=counts.creg_sizes, memory_slots=counts.memory_slots) == counts
        assert all(text.split() and [len(part) for part in text.split()] == [*registers][::-1] for text in counts)


def test_counts_that_somebody_has_changed_stay_so(chunks_of):
    result = Simulator(seed_simulator=5).run(swept(), parameter_binds=[values_of(angles(4))]).result()
    result.results[2].data.counts = {"0x5": 7}
    found, fresh = result.get_counts(), Simulator(seed_simulator=5).run(swept(), parameter_binds=[values_of(angles(4))])
    assert found[2] == {"101": 7}
    assert found[:2] + found[3:] == [counts for point, counts in enumerate(fresh.result().get_counts()) if point != 2]


def test_qiskit_works_on_the_result(chunks_of):
    result = Simulator(seed_simulator=5).run(swept(), parameter_binds=[values_of(angles(4))]).result()
    counts = result.get_counts()
    assert Result.from_dict(result.to_dict()).get_counts() == counts
    assert pickle.loads(pickle.dumps(result)).get_counts() == counts
    firsts = marginal_counts(result, indices=[0]).get_counts()
    for found, whole in zip(firsts, counts, strict=True):
        assert found.get("1", 0) == sum(shots for text, shots in whole.items() if text[-1] == "1")
        assert sum(whole.hex_raw.values()) == sum(whole.int_raw.values()) == 1024
        assert whole.int_outcomes() == {int(text, 2): shots for text, shots in whole.items()}
    assert "4 circuits" in repr(result)


def test_a_process_pool_runs_chunks():
    rows = angles(6)
    with concurrent.futures.ProcessPoolExecutor(2, engine_context()) as pool:
        backend = Simulator(seed_simulator=5, executor=pool)
        found = backend.run(swept(), parameter_binds=[values_of(rows)]).result().get_counts()
    assert found == one_by_one(swept(), rows).get_counts()


def engine_context():
    import multiprocessing

    return multiprocessing.get_context("spawn")


def test_what_has_to_run_point_by_point_does():
    rows = angles(3)
    binds, backend = [values_of(rows)], Simulator(seed_simulator=5)
    expected = one_by_one(swept(), rows)
    states = backend.run(swept(), parameter_binds=binds, return_state=True).result()
    assert [len(states.get_statevector(i)) for i in range(3)] == [8] * 3
    assert states.get_counts() == expected.get_counts()
    checked = backend.run(swept(), parameter_binds=binds, verify="full").result()
    assert checked.get_counts() == expected.get_counts()
    exact = backend.run(swept(), parameter_binds=binds, exact=True).result()
    assert sum(exact.get_probabilities(2).values()) == pytest.approx(1)
    dynamic = swept()
    dynamic.reset(0)
    dynamic.measure_all()
    assert len(backend.run(dynamic, parameter_binds=binds).result().get_counts()) == 3


def test_more_outcomes_than_memory_holds_are_refused_at_once():
    theta = Parameter("theta")
    circuit = QuantumCircuit(20)
    for qubit in range(20):
        circuit.ry(theta, qubit)
    circuit.measure_all()
    backend = Simulator(max_memory_mb=1024)
    with pytest.raises(InsufficientMemoryError, match=r"at 100000 points needs up to .*GiB.*fewer points"):
        backend.run(circuit, parameter_binds={theta: np.zeros(100_000)}, shots=10_000)


def test_some_chunks_may_fail(monkeypatch, chunks_of):
    run_points = _core.run_points

    def failing(plan, slots, *arguments, **options):
        if 0.0 in slots:
            raise MemoryError("no room")
        return run_points(plan, slots, *arguments, **options)

    monkeypatch.setattr(_core, "run_points", failing)
    rows = angles(4)
    rows[1, 0] = 0.0
    job = Simulator(seed_simulator=5).run(swept(), parameter_binds=[values_of(rows)])
    with pytest.raises(JobFailedError, match="no room"):
        job.result()
    result = job.result(partial=True)
    failed = 1 if chunks_of == 1 else 3 if chunks_of == 3 else 4
    assert [each.success for each in result.results].count(False) == failed
    assert result.status == ("ERROR" if failed == 4 else "PARTIAL COMPLETED")
    assert job.progress().circuits_total == job.progress().circuits_done == 4


def test_primitives_and_objectives_take_the_same_way(chunks_of):
    rows, observable = angles(5), SparsePauliOp(["ZZI", "XIY", "III"], [1.0, -0.5, 0.25])
    unmeasured = swept().remove_final_measurements(inplace=False)
    pubs = [(unmeasured, observable, rows)]
    expected = [EstimatorV2().run([(unmeasured, observable, row)]).result()[0].data.evs.item() for row in rows]
    assert EstimatorV2().run(pubs).result()[0].data.evs.tolist() == expected
    assert Objective(unmeasured, observable).batch(rows).tolist() == expected
    bits = SamplerV2(seed=5).run([(swept(), rows)], shots=60).result()[0].data.meas
    counts = [bits.get_counts(i) for i in range(5)]
    assert counts == one_by_one(swept(), rows, shots=60).get_counts()
