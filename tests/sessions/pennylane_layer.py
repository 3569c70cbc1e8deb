"""PennyLane's Qiskit plugin runs on ketjet; `nox -s pennylane` installs the newest Qiskit that it allows."""

from __future__ import annotations

import pennylane as qml
import pytest
from pennylane import numpy as np

from ketjet import Simulator


def test_values_and_gradients_of_the_remote_device():
    device = qml.device("qiskit.remote", wires=2, backend=Simulator(seed_simulator=3), shots=20_000)

    @qml.qnode(device, diff_method="parameter-shift")
    def value(angle):
        qml.RX(angle, wires=0)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.PauliZ(1))

    angle = np.array(0.4, requires_grad=True)
    assert value(angle) == pytest.approx(np.cos(0.4), abs=0.03)
    assert qml.grad(value)(angle) == pytest.approx(-np.sin(0.4), abs=0.03)
