"""The life of an estimator's job: other processes, cancelling, timeouts, and many points that leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import resource
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
from support.interrupts import assert_running_work_is_cancelled

from ketjet import EstimatorV2, Objective, Simulator
from ketjet.errors import JobTimeoutError
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
    for _ in range(200):
        energy(x), estimator.run([(circuit, "ZZZ", x)]).result()
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2000):
        energy(x)
    for _ in range(300):
        estimator.run([(circuit, "ZZZ", x)]).result()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


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
