"""The life of an estimator's job: other processes, cancelling, timeouts, and many points that leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import resource
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp
from support.calls import calls_in
from support.circuits import layered_circuit
from support.fake_engine import eventually
from support.interrupts import assert_running_work_is_cancelled

from ketjet import EstimatorV2, Objective, Simulator
from ketjet.errors import JobCancelledError, JobTimeoutError
from ketjet.jobs import workers
from ketjet.lowering import why_not_native


@pytest.fixture(scope="module")
def long_pub():
    circuit = layered_circuit(23, 150)
    circuit.remove_final_measurements()
    return circuit, ["Z" * 23, "X" * 23]


def test_executors_give_the_same_values():
    circuit = efficient_su2(4, reps=1)
    values = np.random.default_rng(1).normal(size=(3, circuit.num_parameters))
    pub = (circuit, [["ZZII"], [{"XX11": 0.5, "IIII": 1}]], values)
    expected = EstimatorV2().run([pub]).result()[0].data.evs
    pools = [ThreadPoolExecutor(2), ProcessPoolExecutor(1, mp_context=get_context("spawn"))]
    for pool in pools:
        with pool:
            estimator = EstimatorV2(options={"run_options": {"executor": pool}})
            np.testing.assert_array_equal(estimator.run([pub]).result()[0].data.evs, expected)


def test_a_running_job_is_cancelled(long_pub):
    estimator = EstimatorV2()
    job = estimator.run([long_pub])
    assert_running_work_is_cancelled(job, estimator.backend)


def test_a_timeout_leaves_the_job_running(long_pub):
    with EstimatorV2().run([long_pub]) as job, pytest.raises(JobTimeoutError):
        job.result(timeout=0.05)
    assert job.cancelled()


def test_a_job_may_be_awaited():
    async def main():
        return await EstimatorV2().run([(efficient_su2(2, reps=1), "ZZ", np.zeros(8))])

    assert asyncio.run(main())[0].data.evs == pytest.approx(1)


def test_many_energies_leave_nothing_behind():
    circuit = efficient_su2(3, reps=1)
    energy = Objective(circuit, SparsePauliOp(["ZZI", "XIX"], [1, 0.5]), backend=Simulator(max_threads=1))
    estimator, x = EstimatorV2(), np.linspace(0, 1, circuit.num_parameters)

    def ask(times):
        for _ in range(20 * times):
            energy(x)
        for _ in range(times):
            energy.gradient(x)
            estimator.run([(circuit, "ZZZ", x)]).result()
            estimator.gradient([(circuit, "ZZZ", x)]).result()

    ask(50)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ask(500)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


POINTS = 100_000


@pytest.fixture(scope="module")
def many_points():
    """What keeps two cores busy for some seconds."""
    circuit = efficient_su2(8, reps=2)
    values = np.random.default_rng(1).normal(size=(POINTS, circuit.num_parameters))
    return circuit, [["Z" * 8], ["X" * 8]], values


def test_a_job_of_many_points_is_cancelled(many_points):
    job = EstimatorV2().run([many_points])
    assert job.progress().circuits_total == POINTS
    eventually(lambda: job.progress().circuits_done > 0, 30)
    begin = time.monotonic()
    assert job.cancel()
    with pytest.raises(JobCancelledError):
        job.result()
    eventually(lambda: workers.shared().held_bytes == 0)
    assert time.monotonic() - begin < 2


def test_a_timeout_of_many_points_is_kept(many_points):
    with EstimatorV2().run([many_points]) as job:
        begin = time.monotonic()
        with pytest.raises(JobTimeoutError, match="It goes on"):
            job.result(timeout=0.1)
        assert time.monotonic() - begin < 2
        assert not job.in_final_state()


def test_many_gradients_are_cancelled():
    circuit = efficient_su2(6, reps=1)
    values = np.random.default_rng(1).normal(size=(5_000, circuit.num_parameters))
    job = EstimatorV2().gradient([(circuit, "Z" * 6, values)])
    assert job.cancel()
    with pytest.raises(JobCancelledError):
        job.result()
    eventually(lambda: workers.shared().held_bytes == 0)


def test_ended_jobs_are_pickled_and_others_are_not(long_pub):
    circuit = efficient_su2(3, reps=1)
    pub = circuit, ["ZZZ", "XIX"], np.linspace(0, 1, circuit.num_parameters)
    for job in (EstimatorV2().run([pub]), EstimatorV2().gradient([pub]), EstimatorV2().gradient([pub], method="shift")):
        data, again = job.result()[0].data, pickle.loads(pickle.dumps(job))
        assert (again.job_id(), again.status()) == (job.job_id(), job.status())
        assert again.result()[0].data.keys() == data.keys()
        for name in data:
            np.testing.assert_array_equal(again.result()[0].data[name], data[name])
    with EstimatorV2().run([long_pub]) as running, pytest.raises(TypeError, match="has not ended"):
        pickle.dumps(running)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_an_estimator_of_its_own():
    script = """
import os, warnings
warnings.simplefilter("ignore")  # forking a process with threads
import numpy as np
from qiskit.circuit.library import efficient_su2
from ketjet import EstimatorV2, Objective, Simulator
from ketjet.errors import JobFailedError

small, large = efficient_su2(3, reps=1), efficient_su2(20, reps=3)
x, y = (np.linspace(0, 1, circuit.num_parameters) for circuit in (small, large))
energy, backend = Objective(small, "ZXZ"), Simulator()

def everything():
    return (
        energy(x),
        energy.gradient(x).tolist(),
        EstimatorV2().run([(small, "ZXZ", x)]).result()[0].data.evs.item(),
        backend.quantum_geometric_tensor(small, x, blocks="layers").tolist(),
    )

expected, job = everything(), EstimatorV2().gradient([(large, "Z" * 20, [y] * 300)])
while not job.running():
    pass
if (child := os.fork()) == 0:
    try:
        job.result()
    except JobFailedError as error:
        assert "forked" in str(error)
        os._exit(0 if everything() == expected else 2)
    os._exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert job.cancel()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_jobs_wait_for_nobody_at_their_start(long_pub):
    circuit = long_pub[0].copy()
    circuit.rx(Parameter("a"), 0)
    begin = time.monotonic()
    job = EstimatorV2().run([(circuit, long_pub[1][0], np.linspace(0, 1, 3))])
    assert time.monotonic() - begin < 5  # lowered and planned, not run
    assert not job.in_final_state()
    job.cancel()


@pytest.mark.skipif(why_not_native() is not None, reason="circuits are read in Python")
def test_an_energy_takes_few_calls_of_python():
    circuit = efficient_su2(6, reps=2)
    operator = SparsePauliOp.from_sparse_list([("ZZ", [i, i + 1], 1.0) for i in range(5)], 6)
    values, estimator = np.linspace(0, 1, circuit.num_parameters), EstimatorV2()
    for _ in range(2):
        calls = calls_in(lambda: estimator.run([(circuit, operator, values)]).result())
    assert calls < 600
