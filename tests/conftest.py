"""Fixtures shared by all tests: circuits everybody needs, and workers that no other test has used."""

from __future__ import annotations

import signal

import pytest
from qiskit import QuantumCircuit
from support.circuits import layered_circuit

from ketjet.jobs import workers


def pytest_addoption(parser):
    parser.addoption("--write-golden", action="store_true", help="write the golden plans of test_explain.py anew")


def pytest_configure():
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell; child processes inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bell():
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.fixture(scope="session")
def long_circuit():
    return layered_circuit(24, 200)


@pytest.fixture
def two_threads(monkeypatch):
    """Let this test's jobs share a budget of two engine threads with nobody."""
    own = workers.Workers(2)
    monkeypatch.setattr(workers.shared, "current", own)
    yield own
    own.close(2)
