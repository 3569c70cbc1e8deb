"""`ketjet.basicaer`: scripts written for Qiskit's old BasicAer run by changing one import."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
from qiskit.circuit.library import QFTGate
from qiskit.providers import JobStatus, JobV1, QiskitBackendNotFoundError
from qiskit.quantum_info import Operator, Statevector
from qiskit.result import Result
from qiskit.transpiler import PassManager
from qiskit.transpiler.passes import BasisTranslator

from ketjet import Job
from ketjet.basicaer import Aer, AerSimulator, BasicAer, BasicAerJob, execute
from ketjet.errors import InsufficientMemoryError, InvalidCircuitError, InvalidOptionError, UnknownOptionError

NAMES = ["qasm_simulator", "statevector_simulator", "unitary_simulator"]


def bell(measured=True):
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    if measured:
        circuit.measure_all()
    return circuit


def test_backends_are_found_by_their_old_names():
    assert [backend.name for backend in BasicAer.backends()] == NAMES
    for name in NAMES:
        assert BasicAer.get_backend(name).name == name
        assert [backend.name for backend in BasicAer.backends(name)] == [name]
    with pytest.raises(QiskitBackendNotFoundError, match="qasm_simulator"):
        BasicAer.get_backend("pulse_simulator")


@pytest.mark.parametrize("name", NAMES)
def test_jobs_have_the_old_class(name):
    backend = BasicAer.get_backend(name)
    job = backend.run(bell(measured=name == "qasm_simulator"))
    assert isinstance(job, BasicAerJob)
    assert isinstance(job, Job)
    assert isinstance(job, JobV1)
    assert job.backend() is backend
    assert job.result().backend_name == name
    assert job.status() is JobStatus.DONE
    assert job.result().job_id == job.job_id()


def test_an_old_script_runs():
    backend = BasicAer.get_backend("qasm_simulator")
    circuit = transpile(bell(), backend)
    result = backend.run(circuit, shots=500, memory=True, seed_simulator=3).result()
    counts = result.get_counts(circuit)
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == len(result.get_memory()) == 500


def test_the_statevector_simulator_returns_the_state():
    circuit = QuantumCircuit(4)
    circuit.h(0)
    circuit.append(QFTGate(3), [3, 1, 0])
    result = BasicAer.get_backend("statevector_simulator").run(circuit).result()
    assert np.asarray(result.get_statevector()) == pytest.approx(Statevector(circuit).data, abs=1e-12)


def test_the_statevector_simulator_collapses_at_measurements_and_counts_once():
    result = BasicAer.get_backend("statevector_simulator").run(bell(), seed_simulator=1).result()
    [[key, count]] = result.get_counts().items()
    assert count == 1
    assert np.abs(np.asarray(result.get_statevector()))[int(key, 2)] == pytest.approx(1)


@pytest.mark.parametrize("num_qubits", [0, 1, 3, 5])
def test_the_unitary_simulator_returns_the_matrix(num_qubits):
    circuit = QuantumCircuit(num_qubits, global_phase=0.3)
    if num_qubits:
        circuit.append(QFTGate(num_qubits), range(num_qubits)[::-1])
        circuit.ry(0.4, 0)
    unitary = BasicAer.get_backend("unitary_simulator").run(circuit).result().get_unitary()
    assert np.asarray(unitary) == pytest.approx(Operator(circuit).data, abs=1e-12)


@pytest.mark.parametrize("instruction", ["measure", "reset"])
def test_the_unitary_simulator_refuses_what_is_not_unitary(instruction):
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0) if instruction == "measure" else circuit.reset(0)
    with pytest.raises(InvalidCircuitError, match=instruction):
        BasicAer.get_backend("unitary_simulator").run(circuit)


def test_a_unitary_needs_the_memory_of_twice_the_qubits():
    circuit = QuantumCircuit(30)
    circuit.h(range(30))
    with pytest.raises(InsufficientMemoryError, match="60"):
        BasicAer.get_backend("unitary_simulator").run(circuit)


def test_initial_statevector():
    start = np.array([0, 0.6, 0, 0.8j])
    flip = QuantumCircuit(2)
    flip.x(0)
    state = (
        BasicAer.get_backend("statevector_simulator").run(flip, initial_statevector=start).result().get_statevector()
    )
    assert np.asarray(state) == pytest.approx([0.6, 0, 0.8j, 0])
    flip.measure_all()
    counts = (
        BasicAer.get_backend("qasm_simulator").run(flip, initial_statevector=start, shots=200).result().get_counts()
    )
    assert set(counts) == {"00", "10"}
    with pytest.raises(InvalidCircuitError, match="4 amplitudes"):
        BasicAer.get_backend("qasm_simulator").run(flip, initial_statevector=[1, 0])


def test_chop_threshold_removes_small_parts():
    circuit = QuantumCircuit(1)
    circuit.rx(1e-9, 0)
    backend = BasicAer.get_backend("statevector_simulator")
    assert np.asarray(backend.run(circuit, chop_threshold=1e-6).result().get_statevector())[1] == 0
    assert np.asarray(backend.run(circuit, chop_threshold=0).result().get_statevector())[1] != 0
    unitary = BasicAer.get_backend("unitary_simulator").run(circuit, chop_threshold=1e-6).result().get_unitary()
    assert np.asarray(unitary)[0, 1] == 0


def test_parameter_binds():
    angle = Parameter("angle")
    circuit = QuantumCircuit(1)
    circuit.rx(angle, 0)
    binds = [{angle: [0.0, np.pi]}]
    result = BasicAer.get_backend("statevector_simulator").run(circuit, parameter_binds=binds).result()
    assert np.abs(np.asarray(result.get_statevector(0))) == pytest.approx([1, 0])
    assert np.abs(np.asarray(result.get_statevector(1))) == pytest.approx([0, 1])
    result = BasicAer.get_backend("unitary_simulator").run(circuit, parameter_binds=binds).result()
    assert np.asarray(result.get_unitary(1)) == pytest.approx(np.array([[0, -1j], [-1j, 0]]))


def test_ended_jobs_pickle():
    job = BasicAer.get_backend("unitary_simulator").run(bell(measured=False))
    job.wait_for_final_state()
    copy = pickle.loads(pickle.dumps(job))
    assert isinstance(copy, BasicAerJob)
    assert np.asarray(copy.result().get_unitary()) == pytest.approx(Operator(bell(measured=False)).data)


def test_a_list_of_circuits():
    other = QuantumCircuit(1)
    other.y(0)
    result = BasicAer.get_backend("unitary_simulator").run([bell(measured=False), other]).result()
    assert np.asarray(result.get_unitary(1)) == pytest.approx(np.array([[0, -1j], [1j, 0]]))


def test_misspelt_options_are_refused():
    with pytest.raises(UnknownOptionError, match="shots"):
        BasicAer.get_backend("qasm_simulator").run(bell(), shot=10)


def test_a_job_of_a_known_result():
    backend = BasicAer.get_backend("qasm_simulator")
    known = backend.run(bell(), shots=10).result()
    job = BasicAerJob(backend, "an-id", known)
    assert job.job_id() == "an-id"
    assert job.backend() is backend
    assert job.status() is JobStatus.DONE
    assert (job.done(), job.running(), job.cancelled(), job.in_final_state()) == (True, False, False, True)
    assert isinstance(job.result(timeout=0), Result)
    assert job.result() is known
    assert job.cancel() is False
    job.wait_for_final_state()
    assert job.version == 1


@pytest.mark.parametrize("name", NAMES)
def test_any_iterable_of_circuits_is_prepared(name):
    backend = BasicAer.get_backend(name)
    start = [0, 0, 0, 1]
    circuit = QuantumCircuit(2)
    circuit.x(0)
    if name == "unitary_simulator":
        assert backend.run(c for c in [circuit]).result().get_unitary().shape == (4, 4)
    elif name == "qasm_simulator":
        circuit.measure_all()
        result = backend.run((c for c in [circuit]), initial_statevector=start).result()
        assert result.get_counts() == {"10": 1024}
    else:
        circuit.measure_all()
        result = backend.run((c for c in [circuit]), initial_statevector=start).result()
        np.testing.assert_allclose(result.get_statevector(), [0, 0, 1, 0])
    for wrong in (None, [None], "text", 5, []):
        with pytest.raises(InvalidCircuitError, match="takes a QuantumCircuit"):
            backend.run(wrong, initial_statevector=start)


def test_a_state_and_a_matrix_take_one_shot():
    result = BasicAer.get_backend("statevector_simulator").run(bell(), shots=1000).result()
    assert sum(result.get_counts().values()) == 1
    assert result.results[0].shots == 1


def test_the_future_of_a_job_has_what_the_job_has():
    job = BasicAer.get_backend("unitary_simulator").run(bell(measured=False))
    np.testing.assert_allclose(job.future().result(10).get_unitary(), Operator(bell(measured=False)).data, atol=1e-14)


@pytest.mark.parametrize("amplitude", [np.nan, np.inf, 2])
def test_an_initial_state_must_have_norm_one(amplitude):
    with pytest.raises(InvalidCircuitError, match="initial_statevector has norm"):
        BasicAer.get_backend("qasm_simulator").run(bell(), initial_statevector=[amplitude, 0, 0, 0])


def test_the_names_of_aer():
    names = [
        "aer_simulator", "aer_simulator_statevector", "qasm_simulator", "statevector_simulator", "unitary_simulator"
    ]  # fmt: skip
    assert [backend.name for backend in Aer.backends()] == names
    for name in names:
        measured = name != "unitary_simulator"
        result = Aer.get_backend(name).run(bell(measured)).result()
        if measured:
            assert set(result.get_counts()) <= {"00", "11"}
        else:
            assert np.asarray(result.get_unitary()) == pytest.approx(Operator(bell(measured=False)).data)
    with pytest.raises(QiskitBackendNotFoundError, match="aer_simulator_statevector"):
        Aer.get_backend("aer_simulator_density_matrix")


def test_aers_statevector_simulator_takes_shots():
    backend = Aer.get_backend("statevector_simulator")
    assert sum(backend.run(bell()).result().get_counts().values()) == 1
    result = backend.run(bell(), shots=200, memory=True, seed_simulator=1).result()
    assert sum(result.get_counts().values()) == 200
    assert np.abs(np.asarray(result.get_statevector()))[int(result.get_memory()[-1], 2)] == pytest.approx(1)


def test_aer_simulator_takes_aers_options():
    backend = AerSimulator(method="statevector", max_parallel_threads=2)
    assert backend.name == "aer_simulator"
    assert backend.options.max_threads == 2
    assert set(backend.run(bell(), seed_simulator=3).result().get_counts()) == {"00", "11"}
    with pytest.raises(InvalidOptionError, match="method"):
        AerSimulator(method="stabilizer")
    with pytest.raises(InvalidOptionError, match="noise of a device"):
        AerSimulator.from_backend(backend)


@pytest.mark.parametrize("get", [BasicAer.get_backend, Aer.get_backend])
def test_execute_runs(get):
    job = execute(bell(), get("qasm_simulator"), shots=300, memory=True, seed_simulator=5, optimization_level=None)
    assert isinstance(job, BasicAerJob)
    assert len(job.result().get_memory()) == 300
    both = execute([bell(), bell()], backend=get("qasm_simulator"), shots=10).result().get_counts()
    assert [sum(counts.values()) for counts in both] == [10, 10]


def test_execute_hands_options_to_transpile():
    seen = []

    class Watching(AerSimulator):
        def run(self, run_input, **options):
            seen.append((run_input[0].count_ops(), options))
            return super().run(run_input, **options)

    execute(
        bell(), Watching(), basis_gates=["rz", "sx", "cx"], seed_transpiler=1, optimization_level=0, shots=7
    ).result()
    counted, options = seen[0]
    assert set(counted) == {"rz", "sx", "cx", "barrier", "measure"}
    assert options == {"shots": 7}
    manager = PassManager([BasisTranslator(SessionEquivalenceLibrary, ["rx", "rz", "cz", "measure"])])
    execute(bell(), Watching(), pass_manager=manager).result()
    assert "h" not in seen[1][0]
    assert "cz" in seen[1][0]


def test_execute_refuses_what_is_gone():
    with pytest.raises(UnknownOptionError, match="backend_properties"):
        execute(bell(), AerSimulator(), backend_properties={})
    with pytest.raises(UnknownOptionError, match="did you mean 'shots'"):
        execute(bell(), AerSimulator(), shot=3)
    with pytest.raises(UnknownOptionError, match="belongs to transpile"):
        AerSimulator().run(bell(), optimization_level=3)
