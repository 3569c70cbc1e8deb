"""The logger `ketjet`: what a run of hours leaves in a log, and that it costs nothing when nobody listens."""

from __future__ import annotations

import logging
import threading

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import efficient_su2
from support.fake_engine import eventually

from ketjet import SamplerV2, Simulator, StateVector
from ketjet.errors import JobFailedError, TimeLimitError
from ketjet.jobs import log


def long_circuit(num_qubits=18, reps=60):
    circuit = efficient_su2(num_qubits, reps=reps)
    circuit = circuit.assign_parameters(np.linspace(0, 3, circuit.num_parameters))
    circuit.name = "long"
    return circuit


def messages(caplog):
    return [record.getMessage() for record in caplog.records if record.name.startswith("ketjet")]


@pytest.fixture
def listening(caplog, monkeypatch):
    monkeypatch.setattr(log, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(log, "LOOK_SECONDS", 0.002)
    with caplog.at_level(logging.INFO, logger="ketjet"):
        yield caplog
        # A job's result comes before its last lines: they must not be found among those of the next test.
        eventually(lambda: not any(thread.name == "ketjet-log" for thread in threading.enumerate()))


def test_a_job_is_admitted_started_followed_and_done(listening):
    circuit = long_circuit()
    circuit.measure_all()
    job = Simulator().run(circuit, shots=10)
    job.result()
    eventually(lambda: any("done after" in line for line in messages(listening)))
    lines = messages(listening)
    assert all(line.startswith(f"job {job.job_id()}: ") for line in lines)
    assert "admitted long; at most 18 qubits" in lines[0]
    assert lines[1].endswith("started long")
    assert any(" stage " in line and " of " in line for line in lines[2:-1])
    assert "done after" in lines[-1]


def test_how_a_job_ends_is_told(listening):
    circuit = long_circuit(20, 100)
    job = Simulator().run(circuit, return_state=True)
    job.cancel()
    eventually(lambda: any("cancelled after" in line for line in messages(listening)))
    with pytest.raises(JobFailedError):
        Simulator().run(circuit, return_state=True, time_limit=1e-3).result()
    eventually(lambda: any("failed after" in line and "time_limit" in line for line in messages(listening)))
    listening.clear()
    small = QuantumCircuit(1, 1)
    small.measure(0, 0)
    Simulator().run([small, small]).result()
    eventually(lambda: any("done after" in line for line in messages(listening)))
    assert "admitted 2 circuits" in messages(listening)[0]
    listening.clear()
    SamplerV2().run([small, small, small]).result()
    assert "admitted 3 points" in messages(listening)[0]


def test_a_state_tells_too(listening):
    state = StateVector(18).evolve(long_circuit())
    lines = messages(listening)
    assert lines[0] == "state, long: started"
    assert "state, long: done after" in lines[-1]
    with pytest.raises(TimeLimitError):
        state.evolve(long_circuit(), time_limit=1e-4)
    assert "state, long: failed after" in messages(listening)[-1]


def test_nothing_is_made_when_nobody_listens(monkeypatch, caplog):
    def never(*_, **__):
        raise AssertionError

    monkeypatch.setattr(log, "label_of", never)
    monkeypatch.setattr(log.logger, "info", never)
    before = threading.active_count()
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with caplog.at_level(logging.WARNING, logger="ketjet"):
        Simulator().run(circuit).result()
        StateVector(1).evolve(QuantumCircuit(1))
    assert not any(thread.name == "ketjet-log" for thread in threading.enumerate())
    assert threading.active_count() <= before + 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda circuit: circuit.add_uninitialized_var(expr.Var.new("v", types.Bool())), "variables"),
        (lambda circuit: circuit.add_var("v", True), "instruction 'store'"),
        (lambda circuit: circuit.initialize(1, 0), "instruction 'initialize'"),
    ],
)
def test_why_a_circuit_is_read_in_python(change, reason, caplog):
    circuit = QuantumCircuit(1, 1, name="odd")
    change(circuit)
    circuit.measure(0, 0)
    with caplog.at_level(logging.DEBUG, logger="ketjet"):
        Simulator().estimate(circuit)
    (line,) = messages(caplog)
    assert line.startswith("circuit 'odd' is read in Python")
    assert reason in line or "Qiskit" in line  # where nothing is read natively
