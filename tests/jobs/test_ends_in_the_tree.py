"""A limit of time or a cancel reaches every loop over shots, trajectories and outcomes of a dynamic circuit."""

from __future__ import annotations

import time

import pytest
from qiskit import QuantumCircuit
from support.circuits import coins

from ketjet import Simulator
from ketjet.errors import JobCancelledError, JobFailedError, TimeLimitError

SLACK = 1.0
"""What is promised is 0.1 s; a busy machine gets more."""


def weak_kicks():
    circuit = QuantumCircuit(2, 1)
    for _ in range(20_000):
        circuit.h(0)
        circuit.crx(1e-5, 0, 1)
        circuit.reset(0)
    circuit.measure(1, 0)
    return circuit


def all_outcomes(qubits):
    circuit = QuantumCircuit(qubits, qubits + 1)
    circuit.h(range(qubits))
    circuit.measure(0, qubits)
    circuit.h(0)
    circuit.measure(range(qubits), range(qubits))
    return circuit


# To its end each takes at least three times the longest limit below on a machine with two cores.
CASES = {
    "exact branches": (weak_kicks, {"exact": True}),
    "exact groups": (lambda: coins(30), {"exact": True}),
    "exact outcomes": (lambda: all_outcomes(25), {"exact": True}),
    "ten million shots": (lambda: coins(60), {"shots": 10**7}),
    "listed": (lambda: coins(40), {"shots": 3 * 10**6, "memory": True}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("after", [0.3, 1.5])
def test_a_limit_of_time_ends_the_run(name, after):
    build, options = CASES[name]
    job = Simulator(time_limit=after).run(build(), **options)
    start = time.monotonic()
    with pytest.raises(JobFailedError) as caught:
        job.result()
    assert time.monotonic() - start < after + SLACK
    assert isinstance(caught.value.__cause__, TimeLimitError)


@pytest.mark.parametrize("name", CASES)
def test_after_a_cancel_nothing_goes_on(name):
    build, options = CASES[name]
    job = Simulator().run(build(), **options)
    time.sleep(0.5)
    assert job.cancel()
    with pytest.raises(JobCancelledError):
        job.result()
    time.sleep(SLACK)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.25
