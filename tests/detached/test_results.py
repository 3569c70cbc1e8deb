"""Whatever a detached job gives is what an ordinary run gives, to the last bit; the jobs run in this process here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.classical import expr, types
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Statevector
from support.circuits import branches
from support.dynamic_strategies import dynamic_circuits
from support.saves import save, save_expectation
from support.strategies import circuits

from ketjet import Provider, Simulator, _core
from ketjet.errors import (
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    JobFailedError,
    KetjetWarning,
    ProgramError,
)

OF_THIS_RUN = {"time_taken", "date", "job_id", "plan_time", "sample_measure_time", "max_memory_mb", "seconds"}
"""What no two runs have in common."""

pytestmark = pytest.mark.usefixtures("in_this_process")


def told(value):
    """All that a result says, but for times."""
    if isinstance(value, dict):
        return {key: told(item) for key, item in value.items() if key not in OF_THIS_RUN}
    if isinstance(value, list):
        return [told(item) for item in value]
    return value


def both(run_input, **options):
    """The results of a detached and of an ordinary run."""
    backend = Simulator(seed_simulator=5)
    job = backend.run(run_input, detach=True, **options)
    ordinary = backend.run(run_input, **options).result()
    detached = Provider().job(job.job_id()).result()
    assert told(detached.to_dict()) == told(ordinary.to_dict())
    return detached, ordinary


def measured(circuit):
    copied = circuit.copy()
    copied.measure_all()
    return copied


@given(
    st.lists(st.one_of(circuits(4, 8), dynamic_circuits(max_qubits=3)).map(measured), min_size=1, max_size=3),
    st.sampled_from(["single", "double"]),
    st.booleans(),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_circuits(several, precision, memory):
    backend = Simulator(seed_simulator=5, precision=precision, max_iterations=200, memory=memory, shots=30)
    job = backend.run(several, detach=True)
    ordinary = backend.run(several).result(partial=True)
    assert told(job.result(partial=True).to_dict()) == told(ordinary.to_dict())


def test_counts_and_memory(bell):
    detached, ordinary = both([bell, bell], shots=200, memory=True)
    for index in (0, 1):
        assert detached.get_counts(index) == ordinary.get_counts(index)
        assert detached.get_memory(index) == ordinary.get_memory(index)
    assert detached.get_memory(0) != detached.get_memory(1)  # equal circuits are independent
    assert detached.results[0].header == ordinary.results[0].header


def test_states(bell):
    state = bell.remove_final_measurements(inplace=False)
    detached, ordinary = both(state, return_state=True)
    assert detached.get_statevector().tobytes() == ordinary.get_statevector().tobytes()
    assert np.allclose(detached.get_statevector(), Statevector(state))
    single, _ = both(state, return_state=True, precision="single")
    assert single.get_statevector().dtype == np.complex64


def test_exact_probabilities():
    circuit = branches(3, 3)
    detached, ordinary = both(circuit, exact=True)
    assert detached.get_probabilities() == ordinary.get_probabilities()
    with pytest.raises(QiskitError, match="exact run draws no shots"):
        detached.get_counts()


def test_saved_data():
    circuit = branches(3, 2)
    save(circuit, "save_statevector", "single", range(3), label="state")
    save(circuit, "save_probabilities", "list", [1], label="list")
    save(circuit, "save_probabilities_dict", "c_average", [0, 2], label="by_bits")
    save(circuit, "save_density_matrix", "average", [1], label="rho")
    save(circuit, "save_amplitudes", "single", range(3), [1, 5], label="amplitudes")
    save_expectation(circuit, "Z", 1, subtype="list")
    detached, ordinary = both(circuit, shots=40)
    ours, theirs = detached.data(), ordinary.data()
    assert ours["state"] == theirs["state"]
    assert ours["rho"] == theirs["rho"]
    assert np.array_equal(ours["value"], theirs["value"])
    assert ours["by_bits"] == theirs["by_bits"]


def test_sweeps_and_circuits_that_differ_in_angles():
    angle = Parameter("angle")
    circuit = QuantumCircuit(2, global_phase=angle)
    circuit.ry(angle, 0)
    circuit.cx(0, 1)
    circuit.measure_all()
    values = np.linspace(0, 3, 50)
    detached, ordinary = both(circuit, parameter_binds={angle: values}, shots=50)
    assert detached.get_counts() == ordinary.get_counts()
    both([circuit.assign_parameters([value]) for value in values], shots=50)


def test_inputs():
    flips = expr.Var.new("flips", types.Uint(4))
    circuit = QuantumCircuit(1, 1, inputs=[flips])
    with circuit.if_test(expr.equal(flips, 3)):
        circuit.x(0)
    circuit.measure(0, 0)
    detached, _ = both(circuit, inputs={"flips": 3}, shots=10)
    assert detached.get_counts() == {"1": 10}


def test_metadata_of_circuits(bell):
    bell.metadata = {"x": (1, 2.5), "z": 1j, "nested": {"list": [None, True, "text"]}, 3: np.float64(0.1)}
    detached, _ = both(bell)
    assert detached.results[0].header["metadata"] == bell.metadata
    bell.metadata = {"array": np.arange(3)}
    detached = Simulator().run(bell, detach=True).result()
    assert detached.results[0].header["metadata"]["array"].tolist() == [0, 1, 2]


def test_metadata_that_cannot_be_written_are_refused_by_name(in_this_process, bell):
    bell.metadata = {"open": object()}
    with pytest.raises(InvalidCircuitError, match=r"circuit 'bell': its metadata hold <object .*without a detac"):
        Simulator().run([bell], detach=True)
    assert in_this_process.records() == []
    assert list((in_this_process.path / "jobs").iterdir()) == []


def divides_by(value):
    circuit = QuantumCircuit(1, 1, name=f"divides_by_{value}")
    number = circuit.add_var("number", expr.lift(value, types.Uint(4)))
    circuit.measure(0, 0)
    with circuit.if_test(expr.equal(expr.div(expr.lift(4, types.Uint(4)), number), 2)):
        circuit.x(0)
    return circuit


def test_partial_failures_with_their_classes(bell):
    several = [bell, divides_by(0), divides_by(2)]
    backend = Simulator(seed_simulator=5)
    job, ordinary = backend.run(several, detach=True), backend.run(several)
    with pytest.raises(JobFailedError) as theirs:
        ordinary.result()
    with pytest.raises(JobFailedError) as ours:
        job.result()
    assert str(ours.value) == str(theirs.value) == job.error_message()
    assert type(ours.value.__cause__) is type(theirs.value.__cause__) is ProgramError
    assert type(ours.value.__cause__.__cause__) is type(theirs.value.__cause__.__cause__)
    assert told(ours.value.partial_result.to_dict()) == told(theirs.value.partial_result.to_dict())
    assert [one.success for one in job.result(partial=True).results] == [True, False, True]
    assert job.exception().partial_result is job.result(partial=True)


def test_a_norm_that_has_drifted_is_warned_of(bell, monkeypatch):
    run = _core.run

    def drifted(*arguments, **options):
        output = run(*arguments, **options)

        class Output:
            norm_error = 0.5

            def __getattr__(self, name):
                return getattr(output, name)

        return Output()

    monkeypatch.setattr(_core, "run", drifted)
    job = Simulator().run(bell, detach=True)
    with pytest.warns(KetjetWarning, match="'bell'"):
        job.result()


def test_the_time_and_date_are_those_of_the_run(bell):
    job = Simulator().run(bell, detach=True)
    first, second = Provider().job(job.job_id()).result(), Provider().job(job.job_id()).result()
    assert first.date == second.date
    assert first.to_dict() == second.to_dict()
    assert job.result() is job.result()


def test_the_random_version_of_a_result_is_that_of_its_run(bell, monkeypatch):
    from ketjet import experiment

    job = Simulator().run(bell, detach=True)
    version = experiment.engine.RNG_VERSION
    monkeypatch.setattr(experiment.engine, "RNG_VERSION", version + 1)
    assert job.result().results[0].metadata["rng_version"] == version


def test_what_run_refuses_is_refused_before_anything_is_handed_over(in_this_process, bell):
    parametrised = QuantumCircuit(1)
    parametrised.rx(Parameter("a"), 0)
    wide = QuantumCircuit(60)
    wide.h(range(60))
    for qubit in range(59):
        wide.cx(qubit, qubit + 1)
    wide.measure_all()
    for wrong, options, error in (
        (parametrised, {}, InvalidCircuitError),
        (wide, {}, InsufficientMemoryError),
        (bell, {"shots": 0}, InvalidOptionError),
        (bell, {"exact": True, "memory": True}, InvalidOptionError),
        (bell, {"shots": "many"}, TypeError),
    ):
        with pytest.raises(error):
            Simulator().run(wrong, detach=True, **options)
    assert not in_this_process.path.exists()
