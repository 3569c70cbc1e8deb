"""dask's clients and executors: bundles, lost workers, and workers on other computers."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from support import deaf_workers, lossy_workers
from support.circuits import layered_circuit
from support.fake_engine import eventually

from ketjet import EstimatorV2, Simulator
from ketjet.errors import JobCancelledError, KetjetWarning
from ketjet.options import machine

distributed = pytest.importorskip("distributed", reason="dask is not installed: nox -s farms")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        if machine.OMP_NUM_THREADS is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        else:
            os.environ["OMP_NUM_THREADS"] = machine.OMP_NUM_THREADS
        yield client


@pytest.fixture
def deaf(client):
    """Its workers are on another computer."""
    client.run(deaf_workers.be_deaf)
    yield client
    client.restart()


def swept(points):
    angles = ParameterVector("a", 5)
    circuit = QuantumCircuit(5)
    for qubit in range(5):
        circuit.ry(angles[qubit], qubit)
    circuit.cx(0, 4)
    circuit.measure_all()
    return circuit, [{angles: np.random.default_rng(3).random((points, 5))}]


def test_a_client_and_its_executor_give_the_same_counts(client):
    circuit, binds = swept(200)
    backend = Simulator(seed_simulator=6)
    expected = backend.run(circuit, parameter_binds=binds).result().get_counts()
    for executor in (client, client.get_executor(), client.get_executor, lambda: client.get_executor()):
        assert backend.run(circuit, parameter_binds=binds, executor=executor).result(60).get_counts() == expected
    circuits = [layered_circuit(width, 3) for width in range(2, 12)] * 5
    expected = backend.run(circuits).result().get_counts()
    assert backend.run(circuits, executor=client).result(60).get_counts() == expected


def test_workers_use_the_threads_that_dask_gives_them(client):
    result = Simulator(executor=client).run(layered_circuit(20, 3)).result(60)
    assert result.results[0].metadata["threads"] == 1


def test_a_primitive_runs_there(client):
    circuit = layered_circuit(6, 2).remove_final_measurements(inplace=False)
    pubs = [(circuit, ["ZZIIII", "IXXIII"])]
    found = EstimatorV2(options={"run_options": {"executor": client}}).run(pubs).result(60)[0].data.evs
    np.testing.assert_allclose(found, EstimatorV2().run(pubs).result()[0].data.evs, atol=1e-12)


def test_the_environment_that_a_cluster_leaves_is_told_and_not_heeded(client, bell, monkeypatch):
    monkeypatch.setattr(machine, "OMP_NUM_THREADS", None)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    machine._warn_of_change.cache_clear()
    with pytest.warns(KetjetWarning, match="dask cluster"):
        Simulator().run(bell).result()


def test_cancel_reaches_workers_of_this_computer(client, bell):
    job = Simulator(executor=client).run([deaf_workers.endless()] * 2)
    eventually(job.running, 60)
    assert job.cancel()
    assert Simulator(executor=client).run([bell] * 2).result(60).success


def test_a_deaf_worker_is_cancelled_and_watched_through_the_scheduler(deaf, long_circuit, bell):
    job = Simulator(executor=deaf).run([deaf_workers.endless()] * 2)
    eventually(job.running, 60)
    assert job.cancel()
    with pytest.raises(JobCancelledError):
        job.result()
    with Simulator(executor=deaf).run(long_circuit) as job:
        eventually(lambda: job.progress().stages_done > 0, 60)
    assert Simulator(executor=deaf).run([bell] * 2).result(60).success


def test_a_killed_worker_changes_no_counts(client, tmp_path):
    circuits = [layered_circuit(width, 4) for width in (10, 18, 12)]
    expected = Simulator(seed_simulator=5).run(circuits).result().get_counts()
    client.run(lossy_workers.arm, str(lossy_workers.deaths(tmp_path, 1)), 18)
    assert Simulator(seed_simulator=5, executor=client).run(circuits).result(120).get_counts() == expected
    assert not list(tmp_path.iterdir())


def test_all_workers_killed_from_outside_change_no_counts(client, tmp_path):
    client.wait_for_workers(2, timeout=60)
    circuits = [layered_circuit(21, 40)] * 4
    backend = Simulator(seed_simulator=5, executor=client)
    job = backend.run(circuits)
    eventually(lambda: job.progress().stages_done > 0, 60)
    for pid in client.run(os.getpid).values():
        os.kill(pid, signal.SIGKILL)
    assert job.result(200).get_counts() == Simulator(seed_simulator=5).run(circuits).result().get_counts()
