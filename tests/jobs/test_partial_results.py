"""What a job of many points gives that is cancelled: the points that had ended, and which these are."""

from __future__ import annotations

import itertools
import pickle
import threading

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import SparsePauliOp
from support.fake_engine import eventually

from ketjet import EstimatorV2, SamplerV2, Simulator, _core
from ketjet.backend import experiments
from ketjet.errors import JobCancelledError, KetjetError
from ketjet.jobs import flights

VECTOR = ParameterVector("v", 2)
POINTS, CHUNK, ENDED = 40, 4, 3
ROWS = np.random.default_rng(1).uniform(-3, 3, (POINTS, 2))
OBSERVABLES = [SparsePauliOp(["ZZ", "XI"], [1.0, 0.5]), SparsePauliOp("IZ")]


def turned(*, measured=False):
    circuit = QuantumCircuit(2, name="turned")
    circuit.ry(VECTOR[0], 0)
    circuit.ry(VECTOR[1], 1)
    circuit.cx(0, 1)
    if measured:
        circuit.measure_all()
    return circuit


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(experiments, "_points_per_chunk", lambda *_, **__: CHUNK)
    monkeypatch.setattr(flights, "SMALL_SECONDS", 0)


@pytest.fixture
def cancelled(monkeypatch):
    """Cancels a job when so many calls of the engine have ended; later ones wait for that."""
    go = threading.Event()

    def start(run):
        calls = itertools.count()
        for name in ("run", "run_points", "gradient"):
            plain = getattr(_core, name)

            def held_back(*arguments, plain=plain, **options):
                if next(calls) >= ENDED:
                    assert go.wait(30)
                return plain(*arguments, **options)

            monkeypatch.setattr(_core, name, held_back)
        job = run()
        eventually(lambda: job.progress().circuits_done in (ENDED, ENDED * CHUNK), 30)
        done = job.progress().circuits_done
        assert job.cancel()
        go.set()
        with pytest.raises(JobCancelledError):
            job.result()
        assert job.progress().circuits_done == done  # what was cancelled is not counted
        assert job.progress().fraction < 1
        return job, done

    yield start
    go.set()


def test_counts_of_points_that_had_ended(cancelled):
    circuit, backend = turned(measured=True), Simulator(seed_simulator=5)
    expected = backend.run(circuit, parameter_binds={VECTOR: ROWS}, memory=True).result()
    job, done = cancelled(lambda: backend.run(circuit, parameter_binds={VECTOR: ROWS}, memory=True))
    result = job.result(partial=True)
    assert result is job.result(partial=True)
    assert not result.success
    assert result.status == "PARTIAL COMPLETED"
    finished = [each.success for each in result.results]
    assert sum(finished) == done == ENDED * CHUNK
    for point in np.flatnonzero(finished).tolist():
        assert result.get_counts(point) == expected.get_counts(point)
        assert result.get_memory(point) == expected.get_memory(point)
    last = finished.index(False)
    assert "cancelled before this had ended" in result.results[last].status
    with pytest.raises(QiskitError, match="cancelled before"):
        result.get_counts(last)
    again = pickle.loads(pickle.dumps(job))
    assert again.cancelled()
    assert [each.success for each in again.result(partial=True).results] == finished


def test_values_of_points_that_had_ended(cancelled):
    pub = (turned(), [[each] for each in OBSERVABLES], ROWS)
    expected = EstimatorV2().run([pub]).result()[0].data.evs
    job, done = cancelled(lambda: EstimatorV2().run([pub, (turned(), "ZZ", ROWS[0])]))
    found, other = job.result(partial=True)
    finished = found.metadata["finished"]
    assert finished.shape == found.data.evs.shape == (2, POINTS)
    assert finished.sum() == 2 * done
    np.testing.assert_array_equal(np.isnan(found.data.evs), ~finished)
    np.testing.assert_array_equal(found.data.evs[finished], expected[finished])
    assert "cancelled before" in found.metadata["error"]
    assert not other.data.keys()
    assert "cancelled before" in other.metadata["error"]


def test_noise_and_variances_of_points_that_had_ended(cancelled):
    options = {"variances": True, "noise": "sampled"}
    job, done = cancelled(lambda: EstimatorV2(seed=1, options=options).run([(turned(), "ZZ", ROWS, 0.1)]))
    (found,) = job.result(partial=True)
    for name in ("evs", "stds", "variances"):
        np.testing.assert_array_equal(np.isnan(found.data[name]), ~found.metadata["finished"])
    assert found.metadata["finished"].sum() == done


def test_bits_of_points_that_had_ended(cancelled):
    circuit = turned(measured=True)
    rows = ROWS.reshape(2, POINTS // 2, 2)
    expected = SamplerV2(seed=5).run([(circuit, rows)], shots=50)
    expected.result()
    job, done = cancelled(lambda: SamplerV2(seed=5).run([(circuit, rows)], shots=50))
    (found,), (whole,) = job.result(partial=True), expected.result()
    finished = found.metadata["finished"]
    assert finished.shape == found.data.shape == (2, POINTS // 2)
    assert finished.sum() == done
    for point in np.ndindex(finished.shape):
        if finished[point]:
            assert found.data.meas.get_counts(point) == whole.data.meas.get_counts(point)
            assert found.data.meas.get_bitstrings(point) == whole.data.meas.get_bitstrings(point)
        else:
            assert found.data.meas.get_counts(point) == {}
            with pytest.raises(KetjetError, match="has no shots: the job was cancelled"):
                found.data.meas.get_bitstrings(point)
    assert sum(found.data.meas.get_counts().values()) == 50 * done
    with pytest.raises(KetjetError, match="has no shots"):
        found.data.meas.array  # noqa: B018 - it is made when it is read


def test_gradients_of_points_that_had_ended(cancelled):
    pub = (turned(), [[each] for each in OBSERVABLES], ROWS)
    expected = EstimatorV2().gradient([pub]).result()[0].data.gradients
    job, done = cancelled(lambda: EstimatorV2().gradient([pub]))
    (found,) = job.result(partial=True)
    finished = found.metadata["finished"]
    assert finished.sum() == 2 * done
    np.testing.assert_array_equal(np.isnan(found.data.gradients), np.broadcast_to(~finished[..., None], (2, POINTS, 2)))
    np.testing.assert_array_equal(found.data.gradients[finished], expected[finished])


def test_states_are_given_back(cancelled):
    run = Simulator().run
    job, _ = cancelled(lambda: run(turned(), parameter_binds={VECTOR: ROWS}, return_state=True))
    with pytest.raises(JobCancelledError):
        job.result(partial=True)
