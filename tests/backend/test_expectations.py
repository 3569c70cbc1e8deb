"""Expectation values beside samples: they are right, and the samples are those of a run that is not asked for any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles.dynamic import final_states
from qiskit import QuantumCircuit
from qiskit.quantum_info import Pauli
from support.circuits import layered_circuit
from support.dynamic_strategies import dynamic_circuits
from support.strategies import circuits

from ketjet import Simulator
from ketjet.backend.expectations import run_with_expectations
from ketjet.errors import InsufficientMemoryError, JobFailedError, TimeLimitError
from ketjet.lowering import lower

BACKEND = Simulator(seed_simulator=7, max_threads=1)


class Watched(Simulator):
    """Notes what it is to run."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seen = []

    def _submit(self, experiments, *rest):
        self.seen += experiments
        return super()._submit(experiments, *rest)


def partly_measured():
    """Three qubits of which one is measured, and one that idles between them."""
    circuit = QuantumCircuit(4, 1)
    circuit.ry(1.0, [0, 1, 3])
    circuit.cx(0, 1)
    circuit.cx(1, 3)
    circuit.measure(1, 0)
    return circuit


def experiments(circuit, paulis, **options):
    backend = Watched(seed_simulator=3)
    run_with_expectations(backend, circuit, paulis, options)
    return backend.seen


@given(circuit=st.one_of(circuits(4, measure=True), dynamic_circuits()))
def test_the_samples_are_those_of_a_run_that_is_not_asked(circuit):
    if not lower(circuit).has_measurements:
        circuit.measure_all()
    options = {"shots": 40, "memory": True}
    plain = BACKEND.run(circuit, **options).result()
    asked, _ = run_with_expectations(BACKEND, circuit, ["Z" * circuit.num_qubits], options)
    assert asked.get_memory() == plain.get_memory()
    assert asked.get_counts() == plain.get_counts()


@given(circuit=circuits(4, measure=True), data=st.data())
def test_values_are_averages_over_the_ways_that_a_run_can_end(circuit, data):
    circuit.h(range(circuit.num_qubits))
    letters = st.text("IXYZ", min_size=circuit.num_qubits, max_size=circuit.num_qubits)
    paulis = data.draw(st.lists(letters, min_size=1, max_size=3, unique=True))
    ends = [(weight, state) for weight, _, state in final_states(circuit)]
    expected = [
        sum(weight * np.vdot(state, Pauli(pauli).to_matrix() @ state).real for weight, state in ends)
        for pauli in paulis
    ]
    circuit.measure_all()
    _, values = run_with_expectations(BACKEND, circuit, paulis, {"exact": True})
    np.testing.assert_allclose(values, expected, atol=1e-9)


@pytest.mark.parametrize("circuit", [partly_measured(), layered_circuit(4, 2)], ids=["partly", "all measured"])
def test_what_is_sampled_is_the_same_program_under_the_same_seed(circuit):
    experiment = experiments(circuit, ["ZIZZ"])[0]
    assert experiment.task.program.fingerprint == lower(circuit).program.fingerprint
    assert (experiment.seed, experiment.task.seed, experiment.task.occurrence) == (3, 3, 0)


def test_there_is_one_run_where_its_plan_makes_all_of_the_state():
    everything = layered_circuit(4, 2)
    nothing = everything.remove_final_measurements(inplace=False)
    assert [len(experiments(circuit, ["ZZZZ"])) for circuit in (everything, nothing)] == [1, 1]
    assert len(experiments(partly_measured(), ["ZIZZ"])) == 2
    assert len(experiments(partly_measured(), ["ZIZZ"], return_state=True)) == 1


@pytest.mark.parametrize("measured", [[], range(40)], ids=["nothing", "everything"])
def test_qubits_whose_values_are_known_need_no_memory(measured):
    circuit = QuantumCircuit(40, 40)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.x(30)
    circuit.measure(measured, measured)
    paulis = ["I" * 38 + "ZZ", "I" * 9 + "Z" + "I" * 30, "X" + "I" * 39]
    _, values = run_with_expectations(BACKEND, circuit, paulis, {})
    assert values == pytest.approx([1, -1, 0], abs=1e-12)


def test_idle_qubits_are_zero():
    _, values = run_with_expectations(BACKEND, partly_measured(), ["IIIZ", "IZIZ", "IXII", "IYIZ"], {})
    assert values == pytest.approx([np.cos(1), np.cos(1), 0, 0], abs=1e-12)


def test_without_measurements_nobody_is_warned_and_all_shots_count():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.reset(0)  # the other qubit is 0 or 1, by chance
    result, (value,) = run_with_expectations(BACKEND, circuit, ["ZI"], {"shots": 10_000})
    assert "counts" not in result.data()
    assert 0 < abs(value) < 0.05


def test_parameters_are_bound_by_inputs():
    from qiskit.circuit import Parameter

    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("theta"), 0)
    circuit.measure(0, 0)
    _, values = run_with_expectations(BACKEND, circuit, ["Z", "Y"], {}, inputs={"theta": 0.3})
    assert values == pytest.approx([np.cos(0.3), -np.sin(0.3)], abs=1e-12)


def test_a_state_that_does_not_fit_is_refused_before_anything_runs():
    circuit = QuantumCircuit(60, 1)
    circuit.h(range(60))
    circuit.measure(0, 0)
    assert sum(BACKEND.run(circuit).result().get_counts().values()) == 1024
    with pytest.raises(InsufficientMemoryError, match="60 qubits"):
        run_with_expectations(BACKEND, circuit, ["Z" * 60], {})


def test_errors_are_those_of_a_job():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.while_loop((0, 0)):
        circuit.x(0)
    with pytest.raises(JobFailedError) as caught:
        run_with_expectations(BACKEND, circuit, ["Z"], {"time_limit": 0.05, "shots": 100})
    assert isinstance(caught.value.__cause__, TimeLimitError)
