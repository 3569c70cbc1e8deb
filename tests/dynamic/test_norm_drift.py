"""Matrices that are almost unitary change the norm bit by bit: one warning tells, and the self-check fails."""

import asyncio
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate
from support.dynamic_strategies import dynamic_circuits

from ketjet import Simulator, engine
from ketjet.errors import JobFailedError, KetjetWarning, VerificationError
from ketjet.lowering import lower

TIMES = 400


def grow(circuit, excess):
    for _ in range(TIMES):
        circuit.append(UnitaryGate(np.eye(2) * (1 + excess / TIMES), check_input=False), [0])


def tilt(circuit, excess):
    for _ in range(TIMES):
        circuit.append(UnitaryGate(np.diag([1, 1 + excess / TIMES]), check_input=False), [0])


def shrink_both(circuit, excess):
    for _ in range(TIMES):
        circuit.append(UnitaryGate(np.eye(4) * (1 - excess / TIMES), check_input=False), [0, 1])


def drifting(drift, excess, ending=""):
    circuit = QuantumCircuit(2, 2, name="drifting")
    circuit.h(0)
    drift(circuit, excess)
    if ending == "midway":
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(1)
    if ending == "reset":
        circuit.cx(0, 1)
        circuit.reset(0)
        circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def quietly(job):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return job.result()


@pytest.mark.parametrize("drift", [grow, tilt, shrink_both])
@pytest.mark.parametrize("ending", ["", "midway", "reset"])
@pytest.mark.parametrize(("precision", "excess"), [("double", 1e-5), ("double", 1e-3), ("single", 1e-3)])
@pytest.mark.parametrize("options", [{}, {"return_state": True}, {"exact": True}, {"memory": True}])
def test_one_warning_tells_of_it(drift, ending, precision, excess, options):
    job = Simulator(precision=precision).run([drifting(drift, excess, ending)] * 3, shots=1000, **options)
    with pytest.warns(KetjetWarning, match=r"'drifting'.* norm .*unitary") as caught:
        result = job.result()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert quietly(job) is result
    assert result.results[0].metadata["norm_error"] > excess / 2
    if "exact" in options:
        assert sum(result.get_probabilities(0).values()) == pytest.approx(1, abs=1e-6)
    else:
        assert sum(result.get_counts(0).values()) == 1000


@pytest.mark.parametrize("ending", ["", "midway", "reset"])
@pytest.mark.parametrize(("precision", "excess"), [("double", 1e-7), ("single", 3e-5)])
def test_as_much_as_rounding_is_no_matter(ending, precision, excess):
    quietly(Simulator(precision=precision, verify="off").run(drifting(grow, excess, ending)))


def test_draws_are_normalised_and_the_state_is_as_it_is():
    circuit = drifting(tilt, 1e-3)
    job = Simulator().run(circuit, shots=10**12, return_state=True, seed_simulator=1)
    with pytest.warns(KetjetWarning):
        result = job.result()
    one = np.exp(2e-3) / (1 + np.exp(2e-3))
    assert result.get_counts()["01"] / 10**12 == pytest.approx(one, abs=1e-5)
    assert np.linalg.norm(result.get_statevector()) ** 2 == pytest.approx((1 + np.exp(2e-3)) / 2, rel=1e-5)


@pytest.mark.parametrize("ending", ["", "midway", "reset"])
@pytest.mark.parametrize("mode", ["fast", "full"])
@pytest.mark.parametrize("precision", ["double", "single"])
def test_the_self_check_fails(ending, mode, precision):
    job = Simulator(precision=precision).run(drifting(grow, 1e-3, ending), verify=mode)
    with pytest.raises(JobFailedError, match=r"norm .* unitary") as caught:
        job.result()
    assert isinstance(caught.value.__cause__, VerificationError)


def test_whoever_gets_the_result_first_is_warned():
    async def wait():
        return await Simulator().run(drifting(grow, 1e-3))

    with pytest.warns(KetjetWarning, match="norm"):
        asyncio.run(wait())
    job = Simulator().run([drifting(grow, 1e-3)] * 2)
    with pytest.warns(KetjetWarning, match="norm"):
        result = job.result(partial=True)
    assert quietly(pickle.loads(pickle.dumps(job))).get_counts() == result.get_counts()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(circuit=dynamic_circuits())
def test_unitary_circuits_keep_their_norm(circuit):
    program = lower(circuit).program
    for precision, limit in (("double", 1e-13), ("single", 1e-5)):
        task = engine.Task(program, 50, 1, precision=precision, return_state=True)
        assert engine.execute(task).facts.norm_error < limit
