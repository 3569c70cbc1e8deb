"""Workers that do not see the page of a job, as those on other computers."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from qiskit import QuantumCircuit

from ketjet import engine


def pool(workers):
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=be_deaf)


def endless():
    """A circuit that ends when it is cancelled."""
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.measure(0, 0)
    return circuit


def be_deaf():
    """Let this process be on another computer."""
    engine.ControlPage.at = classmethod(lambda cls, address: None)
