"""The self-check from Python: what it reports, that it is content with sound runs, and that it can fail.

That it notices every kind of damage is shown in C++ (tests/cpp/test_verify.cpp), where plans can be damaged.
"""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from support.programs import SMALL_CACHES, TINY_CACHES, entangled, op, pack
from support.strategies import circuits

from ketjet import Simulator, engine
from ketjet.errors import InvalidOptionError, JobFailedError, VerificationError
from ketjet.jobs.batch import Batch
from ketjet.lowering import lower

NOT_UNITARY = np.diag([1, 1, 1, 1.001]).astype(complex).reshape(-1)


def run(program, mode, **options):
    return engine.execute(engine.Task(program, 20, 3, verify=mode, **options), on=SMALL_CACHES)


def test_a_run_without_it_says_nothing():
    assert run(entangled(4), "off").facts.verification is None


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("mode", ["fast", "full"])
def test_a_run_tells_what_was_checked(mode, precision):
    facts = run(entangled(10), mode, precision=precision).facts
    found = facts.verification
    assert found.checks > 100
    assert 0 < found.max_deviation < (1e-13 if precision == "double" else 1e-5)
    assert 0 < found.seconds < 10
    assert tuple(json.loads(json.dumps(found))) == found
    if mode == "full":
        assert found.sweeps_compared == facts.sweeps > 0
        assert found.state_compared


def test_wide_programs_are_compared_sweep_by_sweep():
    facts = run(entangled(17), "full").facts
    assert facts.verification.sweeps_compared == facts.sweeps > 2
    assert not facts.verification.state_compared


@given(
    circuits(max_qubits=6, max_operations=16, measure=True),
    st.sampled_from(["fast", "full"]),
    st.sampled_from(["double", "single"]),
    st.sampled_from([TINY_CACHES, engine.machine()]),
)
@settings(max_examples=150, deadline=None)
def test_sound_runs_pass_and_give_the_same_outcomes(circuit, mode, precision, machine):
    program = lower(circuit).program
    plain, checked = (
        engine.execute(
            engine.Task(program, 30, 5, memory=True, precision=precision, threads=2, verify=verify), on=machine
        )
        for verify in ("off", mode)
    )
    np.testing.assert_array_equal(checked.memory, plain.memory)


@pytest.mark.parametrize("mode", ["fast", "full"])
def test_a_matrix_that_is_not_unitary_is_named(mode):
    program = pack(3, [op("h", [0]), op("h", [2]), op("unitary", [2, 0], payload=NOT_UNITARY)])
    with pytest.raises(engine.VerificationFailed, match=r"operation 2 \(unitary on qubits 0, 2\).*report this"):
        run(program, mode)


def test_the_backend_has_the_option():
    circuit = QuantumCircuit(5)
    circuit.h(range(5))
    circuit.ccx(0, 1, 4)
    circuit.measure_all()
    for mode in ("fast", "full"):
        result = Simulator(verify=mode).run(circuit, shots=10).result()
        assert result.results[0].metadata["verify"]["mode"] == mode
    assert "verify" not in Simulator().run(circuit, shots=10).result().results[0].metadata
    with pytest.raises(InvalidOptionError, match="verify must be one of 'off', 'fast', 'full'"):
        Simulator().run(circuit, verify="yes")


def test_a_job_fails_with_ketjets_own_error():
    program = pack(2, [op("unitary", [0, 1], payload=NOT_UNITARY), op("measure", [0], clbit=0)], 1)
    task = engine.Task(program, 10, 0, verify="fast")
    batch = Batch([task], [1 << 20], lambda outcomes: outcomes)
    batch.start()
    with pytest.raises(JobFailedError, match="VerificationError: ketjet found an error of its own") as caught:
        batch.future.result(timeout=30)
    assert isinstance(caught.value.__cause__, VerificationError)
    assert isinstance(caught.value.__cause__, RuntimeError)
