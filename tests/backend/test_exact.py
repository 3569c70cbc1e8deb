"""Exact runs of dynamic circuits, and the limits that end runs which do not end by themselves."""

from __future__ import annotations

import itertools
import json
import pickle

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, QuantumRegister
from qiskit.circuit.classical import expr, types
from qiskit.exceptions import QiskitError
from support.circuits import endless
from support.saves import save

from ketjet import Simulator
from ketjet.errors import (
    InvalidOptionError,
    IterationLimitError,
    JobFailedError,
    KetjetError,
    KetjetWarning,
    ProgramError,
    TimeLimitError,
)


def exact(circuit, **options):
    return Simulator().run(circuit, exact=True, **options).result()


def teleportation(angle):
    """Qubit 0 goes to qubit 2; the message is in bits 0 and 1, what arrives in bit 2."""
    circuit = QuantumCircuit(QuantumRegister(3), ClassicalRegister(2, "message"), ClassicalRegister(1, "out"))
    circuit.ry(angle, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.clbits[1], 1)):
        circuit.x(2)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.z(2)
    circuit.measure(2, 2)
    return circuit


def until_success(angle):
    """Repeat until qubit 0 is found in 1, which has the probability sin^2(angle / 2); bits 1 to 3 count the turns."""
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(1, "done"), ClassicalRegister(3, "turns"))
    done, turns = circuit.cregs
    with circuit.while_loop((done, 0)):
        circuit.reset(0)
        circuit.ry(angle, 0)
        circuit.measure(0, 0)
        circuit.store(turns, expr.add(turns, 1))
    return circuit


def test_teleportation():
    result = exact(teleportation(0.7))
    arrived = {"0": np.cos(0.35) ** 2, "1": np.sin(0.35) ** 2}
    expected = {f"{out} {message}": arrived[out] / 4 for out in "01" for message in ("00", "01", "10", "11")}
    assert result.get_probabilities() == pytest.approx(expected)
    assert result.data().keys() == {"probabilities"}
    assert result.data()["probabilities"] == pytest.approx(
        {hex(int(key.replace(" ", ""), 2)): value for key, value in expected.items()}
    )
    metadata = result.results[0].metadata["exact"]
    assert metadata == {"floor": 1e-12, "remainder": pytest.approx(0, abs=1e-12)}
    json.dumps(result.to_dict())
    assert pickle.loads(pickle.dumps(result)).get_probabilities() == result.get_probabilities()
    assert result.results[0].shots == 0


def test_without_control_flow():
    circuit = QuantumCircuit(2)
    circuit.ry(0.4, 0)
    circuit.cx(0, 1)
    circuit.measure_all()
    probabilities = exact(circuit).get_probabilities()
    assert probabilities == pytest.approx({"00": np.cos(0.2) ** 2, "11": np.sin(0.2) ** 2})


def test_repeat_until_success():
    success = np.sin(0.6) ** 2
    result = exact(until_success(1.2), exact_floor=1e-10)
    expected = dict.fromkeys(range(8), 0.0)
    for turn in itertools.takewhile(lambda turn: (1 - success) ** turn > 1e-16, itertools.count()):
        expected[(turn + 1) % 8] += success * (1 - success) ** turn
    found = {int(key.split()[0], 2): value for key, value in result.get_probabilities().items()}
    assert found == pytest.approx(expected, abs=1e-9)
    assert all(key.endswith(" 1") for key in result.get_probabilities())


@pytest.mark.parametrize("floor", [1e-3, 1e-6])
def test_what_falls_below_the_floor_is_reported(floor):
    result = exact(until_success(1.2), exact_floor=floor)
    facts = result.results[0].metadata["exact"]
    assert facts["floor"] == floor
    assert 0 < facts["remainder"] < 10 * floor
    assert sum(result.get_probabilities().values()) + facts["remainder"] == pytest.approx(1, abs=1e-12)


def test_several_circuits():
    result = exact([teleportation(0.0), teleportation(np.pi)])
    first, second = result.get_probabilities()
    assert {key[0] for key in first} == {"0"}
    assert {key[0] for key in second} == {"1"}
    assert result.get_probabilities(1) == second


def test_counts_of_an_exact_run_are_explained():
    with pytest.raises(QiskitError, match="draws no shots"):
        exact(teleportation(0.3)).get_counts()
    sampled = Simulator().run(teleportation(0.3)).result()
    with pytest.raises(KetjetError, match="run with exact=True"):
        sampled.get_probabilities()
    assert "exact" not in sampled.results[0].metadata
    with pytest.warns(KetjetWarning, match="no measurement"):
        unmeasured = exact(QuantumCircuit(1))
    with pytest.raises(KetjetError, match="measure_all"):
        unmeasured.get_probabilities()
    with pytest.raises(InvalidOptionError, match="exclude each other"):
        exact(teleportation(0.3), memory=True)


def test_saved_averages_are_exact_too():
    circuit = teleportation(0.7)
    save(circuit, "save_probabilities", "average", [2], label="probabilities")
    result = exact(circuit)
    assert result.data().keys() == {"probabilities"}
    assert np.allclose(result.data()["probabilities"], [np.cos(0.35) ** 2, np.sin(0.35) ** 2])
    assert len(result.get_probabilities()) == 8


def test_estimate_and_explain_take_the_options():
    options = {"exact": True, "max_iterations": 5, "time_limit": 10.0}
    estimate = Simulator().estimate(teleportation(0.3), **options)
    assert estimate.fits
    assert Simulator().explain(teleportation(0.3), **options).to_json()
    wide = QuantumCircuit(30, 30)
    wide.h(range(30))
    wide.measure(range(30), range(30))
    sampled = Simulator().estimate(wide, shots=10)
    assert Simulator().estimate(wide, exact=True).peak_bytes > sampled.peak_bytes + (16 << 30)


def failure(circuit, **options):
    with pytest.raises(JobFailedError) as caught:
        Simulator().run(circuit, **options).result(timeout=60)
    return caught.value.__cause__


@pytest.mark.parametrize("how", [{}, {"exact": True}])
def test_a_limit_of_iterations(how):
    error = failure(endless(), max_iterations=100, **how)
    assert type(error) is IterationLimitError
    assert isinstance(error, RuntimeError)
    assert "100" in str(error)
    assert Simulator().run(until_success(3.0), max_iterations=1000, **how).result().success


def test_a_limit_of_time():
    error = failure(endless(), time_limit=0.2)
    assert type(error) is TimeLimitError
    assert isinstance(error, TimeoutError)
    assert "0.2" in str(error)


def test_errors_of_the_circuits_own_code():
    circuit = QuantumCircuit(1, 1)
    number = circuit.add_var("number", expr.lift(0, types.Uint(8)))
    circuit.measure(0, 0)
    circuit.store(number, expr.div(expr.lift(1, types.Uint(8)), number))
    error = failure(circuit)
    assert type(error) is ProgramError
    assert "zero" in str(error)
