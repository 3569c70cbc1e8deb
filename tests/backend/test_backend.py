"""`Simulator.run`: what it takes, what it refuses and how, and that the same seed gives the same result."""

from __future__ import annotations

import copy
import json
import pickle
import time

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.exceptions import QiskitError
from qiskit.primitives import BackendSamplerV2
from qiskit.providers import BackendV2
from qiskit.quantum_info import Statevector
from support.circuits import layered_circuit
from support.fake_engine import eventually

import ketjet
from ketjet import Simulator, engine
from ketjet.errors import (
    CircuitTypeError,
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    KetjetWarning,
    OptionTypeError,
    UnknownOptionError,
)
from ketjet.jobs import workers


@pytest.fixture(scope="module")
def backend():
    return Simulator(seed_simulator=11)


def rotation(name="theta"):
    circuit = QuantumCircuit(1, 1, name="rotation")
    circuit.rx(Parameter(name), 0)
    circuit.measure(0, 0)
    return circuit


# What is run, and what comes out


def test_it_is_a_backend(backend):
    assert isinstance(backend, BackendV2)
    assert (backend.name, backend.max_circuits, backend.num_qubits) == ("ketjet", None, 1024)
    assert backend.backend_version
    assert "double precision" in repr(backend)


@pytest.mark.parametrize("width", [1, 5, 3000])
def test_its_width_can_be_set(width):
    backend = Simulator(num_qubits=width)
    assert backend.num_qubits == backend.target.num_qubits == width
    assert copy.copy(backend).num_qubits == pickle.loads(pickle.dumps(backend)).num_qubits == width


@pytest.mark.parametrize("width", [0, -1, 2.5, "4", True])
def test_widths_that_make_no_sense(width):
    with pytest.raises((InvalidOptionError, OptionTypeError), match="num_qubits"):
        Simulator(num_qubits=width)


def test_wider_circuits_run():
    wide = QuantumCircuit(2000, 2)
    wide.h(1500)
    wide.cx(1500, 3)
    wide.measure([3, 1500], [0, 1])
    assert set(Simulator(num_qubits=2).run(wide).result().get_counts()) == {"00", "11"}


def test_it_answers_as_older_backends(backend, bell):
    configuration = backend.configuration()
    assert (configuration.n_qubits, configuration.num_qubits) == (1024, 1024)
    assert configuration.simulator
    assert configuration.backend_name == "ketjet"
    assert {"cx", "u", "if_else"} <= set(configuration.basis_gates)
    assert configuration.to_dict()["backend_version"] == backend.backend_version
    assert backend.properties() is None
    assert backend.available_methods() == ("automatic", "statevector")
    assert backend.available_devices() == ("CPU",)
    changed = Simulator()
    changed.set_option("shots", 17)
    assert (changed.options.shots, changed.options.method, changed.options.device) == (17, "statevector", "CPU")
    for method in changed.available_methods():
        changed.set_option("method", method)
    assert sum(changed.run(bell, device="CPU").result().get_counts().values()) == 17
    with pytest.raises(UnknownOptionError):
        changed.set_option("shot", 3)
    changed.clear_options()
    assert changed.options.shots == 1024
    changed.set_max_qubits(5)
    assert changed.num_qubits == changed.target.num_qubits == 5
    with pytest.raises(InvalidOptionError, match="noise of a device"):
        Simulator.from_backend(backend)


def test_counts_of_a_bell_pair(backend, bell):
    result = backend.run(bell, shots=1000, memory=True).result()
    counts = result.get_counts()
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == len(result.get_memory()) == 1000
    assert {key: result.get_memory().count(key) for key in counts} == counts
    assert (result.backend_name, result.backend_version) == ("ketjet", backend.backend_version)
    header = result.results[0].header
    assert (header["name"], header["memory_slots"], header["creg_sizes"]) == ("bell", 2, [["meas", 2]])


def test_metadata_is_complete_and_plain(backend, bell):
    result = backend.run(bell).result()
    keys = {
        "method", "device", "precision", "threads", "simd", "num_qubits", "num_clbits", "active_input_qubits",
        "required_memory_mb", "max_memory_mb", "plan", "sample_measure_time", "time_taken", "seed_simulator",
        "norm_error", "rng_version",
    }  # fmt: skip
    assert keys <= set(result.results[0].metadata)
    assert set(result.results[0].metadata["plan"]) >= {"sweeps", "stages", "bytes"}
    assert json.loads(json.dumps(result.to_dict()))["results"][0]["shots"] == 1024


@pytest.mark.parametrize("make", [list, tuple, iter, lambda circuits: (circuit for circuit in circuits)])
def test_any_iterable_of_circuits(backend, bell, make):
    other = layered_circuit(3, 1)
    result = backend.run(make([bell, other, bell])).result()
    assert [each.header["name"] for each in result.results] == ["bell", other.name, "bell"]
    assert set(result.get_counts(0)) == set(result.get_counts(2)) == {"00", "11"}


@pytest.mark.parametrize("precision", ["single", "double"])
def test_the_state_on_request(precision):
    circuit = QuantumCircuit(4)  # qubits 0 and 2 are idle, and yet part of the state
    circuit.h(1)
    circuit.cp(0.3, 1, 3)
    circuit.cx(1, 3)
    result = Simulator(precision=precision).run(circuit, return_state=True).result()
    state = result.get_statevector()
    assert state.dtype == (np.complex64 if precision == "single" else np.complex128)
    assert np.allclose(state, Statevector(circuit).data, atol=1e-6)
    assert not state.flags.owndata  # the engine's memory


def test_idle_qubits_cost_nothing(backend):
    circuit = QuantumCircuit(500, 1)
    circuit.x(499)
    circuit.measure(499, 0)
    result = backend.run(circuit).result()
    assert result.get_counts() == {"1": 1024}
    assert result.results[0].metadata["active_input_qubits"] == [499]


@pytest.mark.parametrize("num_qubits", [0, 2])
def test_circuits_with_nothing_in_them(backend, num_qubits):
    circuit = QuantumCircuit(num_qubits, global_phase=0.5)
    result = backend.run(circuit, return_state=True).result()
    assert np.allclose(result.get_statevector(), Statevector(circuit).data)
    measured = QuantumCircuit(num_qubits, 2)
    measured.barrier()
    measured.measure(range(num_qubits), range(num_qubits))
    if num_qubits:
        assert backend.run(measured).result().get_counts() == {"00": 1024}


def test_no_measurement_warns_and_explains(backend):
    circuit = QuantumCircuit(1, name="silent")
    circuit.h(0)
    with pytest.warns(UserWarning, match=r"'silent'.*measure_all") as caught:
        result = backend.run(circuit).result()
    assert caught[0].filename == __file__
    assert result.success
    with pytest.raises(QiskitError, match="measure_all"):
        result.get_counts()


def test_many_shots_are_cheap(backend, bell):
    assert sum(backend.run(bell, shots=10**9).result().get_counts().values()) == 10**9


def test_a_qiskit_sampler_works_on_top(backend, bell):
    counts = BackendSamplerV2(backend=backend).run([bell], shots=100).result()[0].data.meas.get_counts()
    assert sum(counts.values()) == 100


# Seeds


def test_a_seed_gives_the_same_counts_wherever_the_circuit_is(backend, bell):
    circuit = layered_circuit(5, 3)
    alone = backend.run(circuit, memory=True).result()
    for settings in ({"max_threads": 1}, {"isa": "portable"}, {"seed_simulator": np.int64(11)}):
        together = backend.run([bell, circuit], memory=True, **settings).result()
        assert together.get_memory(1) == alone.get_memory()
    other = backend.run(circuit, memory=True, seed_simulator=12).result()
    assert other.get_memory() != alone.get_memory()


@pytest.mark.parametrize("seed", [None, 2**70])
def test_the_seed_used_is_recorded_and_replays_the_run(seed):
    circuit = layered_circuit(5, 3)
    first = Simulator().run([circuit, circuit], seed_simulator=seed).result()
    used = first.results[0].seed_simulator
    assert used == first.results[1].seed_simulator == first.results[0].metadata["seed_simulator"]
    assert seed in (None, used)
    assert Simulator().run(circuit, seed_simulator=used).result().get_counts() == first.get_counts(0)


def test_seeds_are_drawn_anew(bell):
    seeds = {Simulator().run(bell).result().results[0].seed_simulator for _ in range(3)}
    assert len(seeds) == 3


# Input that is no circuit


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (None, "got None"), ("OPENQASM 3;", "qasm3.loads"), (b"text", "text"), (3, "got 3"),
        ([None], "item 0 is None"), ([QuantumCircuit(1), "text"], "item 1 is 'text'"),
    ],
)  # fmt: skip
def test_input_of_the_wrong_type(backend, bad, message):
    with pytest.raises(CircuitTypeError, match=message) as caught:
        backend.run(bad)
    assert isinstance(caught.value, (TypeError, ValueError))


def test_an_empty_list(backend):
    with pytest.raises(InvalidCircuitError, match="empty list"):
        backend.run([])


@pytest.mark.parametrize("angle", [float("nan"), float("inf")])
def test_errors_of_a_circuit_are_raised_at_once(backend, angle):
    circuit = QuantumCircuit(1, name="wrong")
    circuit.rx(angle, 0)
    with pytest.raises(ValueError, match=r"'wrong'.*'rx'"):
        backend.run(circuit, return_state=True)


# Parameters


def test_parameter_binds(backend):
    circuit = rotation()
    theta = circuit.parameters[0]
    result = backend.run(circuit, parameter_binds=[{theta: [0, np.pi, 0]}]).result()
    assert result.get_counts() == [{"0": 1024}, {"1": 1024}, {"0": 1024}]
    for binds in ({theta: np.pi}, {"theta": np.pi}, [{theta: np.array([np.pi])}], [{theta: np.float64(np.pi)}]):
        assert backend.run(circuit, parameter_binds=binds).result().get_counts() == {"1": 1024}


def test_parameter_binds_equal_bound_circuits(backend):
    theta, vector = Parameter("theta"), ParameterVector("v", 2)
    circuit = QuantumCircuit(2, global_phase=theta)
    circuit.rx(theta, 0)
    circuit.crz(vector[0] + theta, 0, 1)
    circuit.ry(vector[1] / 2, 1)
    circuit.measure_all()
    binds = {theta: [0.1, 0.2], vector: [[0.3, 0.4], [0.5, 0.6]]}
    bound = [
        circuit.assign_parameters({theta: theta_value, vector: values})
        for theta_value, values in zip(*binds.values(), strict=True)
    ]
    swept = backend.run([circuit], parameter_binds=[binds]).result()
    assert swept.get_counts() == backend.run(bound).result().get_counts()
    single = backend.run(circuit, parameter_binds={theta: 0.1, vector: [0.3, 0.4]}).result()
    assert single.get_counts() == swept.get_counts(0)


def test_binds_of_several_circuits(backend, bell):
    circuit = rotation()
    result = backend.run([bell, circuit], parameter_binds=[{}, {"theta": [np.pi, 0]}]).result()
    assert result.get_counts()[1:] == [{"1": 1024}, {"0": 1024}]


@pytest.mark.parametrize(
    ("binds", "kind", "message"),
    [
        ([{"theta": [1]}, {}], InvalidOptionError, "2 mappings for 1 circuits"),
        ([{"phi": [1]}], ValueError, "phi"),
        ([{"theta": [1], "phi": [1]}], ValueError, "phi"),
        ([{"theta": [1, 2], "phi": [1]}], InvalidOptionError, r"theta: \(2,\), phi: \(1,\)"),
        ([{"theta": []}], InvalidOptionError, "empty"),
        ([3], InvalidOptionError, "must map"),
        (3, InvalidOptionError, "must be a list"),
        ("theta", InvalidOptionError, "must be a list"),
        ([{}], InvalidCircuitError, "theta"),
        (None, InvalidCircuitError, "unbound parameters: theta"),
        ([{"theta": [float("nan")]}], ValueError, "nan"),
        ([{"theta": ["x"]}], QiskitError, "theta"),
    ],
)
def test_binds_that_do_not_fit(backend, binds, kind, message):
    with pytest.raises(kind, match=message):
        backend.run(rotation(), parameter_binds=binds)


# Options


def test_options_of_the_backend_are_defaults_of_run(bell):
    backend = Simulator(precision="single", shots=5, max_parallel_threads=1)
    assert (backend.options.shots, backend.options.max_threads) == (5, 1)
    experiment = backend.run(bell).result().results[0]
    assert (experiment.shots, experiment.metadata["precision"], experiment.metadata["threads"]) == (5, "single", 1)
    assert backend.run(bell, shots=7, precision="double").result().results[0].shots == 7
    backend.set_options(shots=9)
    assert backend.run(bell, shots=None).result().results[0].shots == 9
    backend.set_options(shots=None)
    assert backend.options.shots == 1024
    assert Simulator._default_options().shots == 1024


def test_every_door_to_the_options_is_checked(bell):
    with pytest.raises(UnknownOptionError, match="did you mean 'shots'"):
        Simulator(shot=3)
    backend = Simulator()
    with pytest.raises(UnknownOptionError, match="did you mean 'shots'"):
        backend.run(bell, shot=3)
    with pytest.raises(InvalidOptionError):
        backend.set_options(shots=-3)
    with pytest.raises(OptionTypeError):
        backend.run(bell, shots=1.5)
    with pytest.raises(InvalidOptionError, match=r"isa: instruction set .sparc. is not available"):
        backend.run(bell, isa="sparc")
    with pytest.warns(KetjetWarning, match="fusion_max_qubit"):
        backend.run(bell, fusion_max_qubit=3)
    backend.options.shots = -5  # Qiskit checks nothing here
    with pytest.raises(InvalidOptionError, match="-5"):
        backend.run(bell)


def test_switches_of_the_planner_reach_it(backend, bell):
    swaps = QuantumCircuit(18)
    swaps.h(0)
    for qubit in range(17):
        swaps.swap(qubit, qubit + 1)
    with_swaps, without = (
        backend.run(swaps, return_state=True, plan_options={"relabel_swaps": on, "growth": False}).result()
        for on in (False, True)
    )
    np.testing.assert_allclose(with_swaps.get_statevector(), without.get_statevector(), atol=1e-15)
    bytes_of = [result.results[0].metadata["plan"]["bytes"] for result in (with_swaps, without)]
    assert bytes_of[0] > bytes_of[1]
    for method in (backend.run, backend.estimate):
        with pytest.raises(InvalidOptionError, match="plan_options has no switch 'speed'; the switches are growth"):
            method(bell, plan_options={"speed": False})
    assert Simulator(plan_options={"prune": False}).run(bell).result().success


# Memory


def test_qubits_that_no_measurement_depends_on_need_no_memory(backend):
    circuit = QuantumCircuit(50, 2)
    circuit.h(range(50))
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    assert backend.estimate(circuit).num_qubits == 2
    result = backend.run(circuit, shots=100).result()
    assert sum(result.get_counts().values()) == 100
    for options in ({"plan_options": {"prune": False}}, {"return_state": True}):
        assert not backend.estimate(circuit, **options).fits
        with pytest.raises(InsufficientMemoryError, match="50 qubits"):
            backend.run(circuit, **options)


@pytest.mark.parametrize("num_qubits", [45, 60, 100, 4096])
def test_too_wide_circuits_are_refused_at_once(backend, num_qubits):
    circuit = QuantumCircuit(num_qubits, name="wide")
    circuit.h(range(num_qubits))
    circuit.measure_all()
    start = time.monotonic()
    with pytest.raises(InsufficientMemoryError, match=r"'wide' needs .* are available .*at most \d+ qubits") as caught:
        backend.run(circuit)
    assert time.monotonic() - start < 0.5
    assert isinstance(caught.value, MemoryError)
    assert isinstance(caught.value, QiskitError)
    assert 0 < caught.value.max_qubits < 45
    assert caught.value.available_bytes > 0


def test_a_wide_state_on_request_is_refused(backend):
    with pytest.raises(InsufficientMemoryError):
        backend.run(QuantumCircuit(100), return_state=True)


def test_the_limit_of_the_user():
    backend = Simulator(max_memory_mb=64)
    with pytest.raises(InsufficientMemoryError, match=r"max_memory_mb.*a larger max_memory_mb") as caught:
        backend.run(layered_circuit(23, 1))
    fitting = caught.value.max_qubits
    assert caught.value.required_bytes >= 16 << 23
    assert backend.estimate(layered_circuit(fitting, 1)).fits
    assert not backend.estimate(layered_circuit(fitting + 1, 1)).fits
    assert backend.run(layered_circuit(fitting, 1)).result().success
    with pytest.raises(InsufficientMemoryError, match="memory=False"):
        backend.run(layered_circuit(2, 1), shots=10**8, memory=True)
    assert Simulator(max_memory_mb=64).run(layered_circuit(2, 1), shots=10**8).result().success


@pytest.mark.parametrize("megabytes", [1e-9, 1, 3, 5, 10, 100])
@pytest.mark.parametrize("shots", [10, 10**9])
def test_the_largest_circuit_named_does_fit(megabytes, shots):
    backend = Simulator(max_memory_mb=megabytes)
    widest = backend.estimate(layered_circuit(10, 1), shots=shots).max_qubits
    assert widest < 23
    assert widest == 0 or backend.estimate(layered_circuit(max(widest, 2), 1), shots=shots).fits
    # A small circuit may use fewer threads, and so less memory, than is assumed for the widest one.
    assert megabytes < 10 or not backend.estimate(layered_circuit(widest + 1, 1), shots=shots).fits


def test_only_small_circuits_trust_what_was_available_a_moment_ago(backend, bell, monkeypatch):
    monkeypatch.setattr(engine, "recently_available_memory", lambda: (1 << 33, "a moment ago"))
    monkeypatch.setattr(engine, "available_memory", lambda: (1 << 21, "now"))
    assert backend.run(bell).result().success
    with pytest.raises(InsufficientMemoryError, match=r"\(now\)"):
        backend.run(layered_circuit(25, 1))
    with pytest.raises(InsufficientMemoryError, match=r"\(now\).*memory=False"):
        backend.run(bell, shots=10**8, memory=True)
    monkeypatch.setattr(engine, "recently_available_memory", lambda: (1 << 21, "a moment ago"))
    monkeypatch.setattr(engine, "available_memory", lambda: (1 << 33, "now"))
    assert backend.run(layered_circuit(17, 1)).result().success


def test_bound_circuits_share_a_plan(backend):
    with workers.shared()._lock:  # nothing starts, hence nothing ends
        job = backend.run(rotation(), parameter_binds={"theta": [0.0, np.pi]}, shots=10)
        (task,) = job._batch._tasks
    assert task.num_points == 2
    assert [job.result().get_counts(i) for i in range(2)] == [{"0": 10}, {"1": 10}]


def test_too_many_shots_for_memory_are_named_as_such(backend, bell):
    with pytest.raises(InsufficientMemoryError, match=r"needs .* GiB for 2 qubits.*fewer shots.*memory=False"):
        backend.run(bell, shots=10**10, memory=True)
    with pytest.raises(InsufficientMemoryError, match=r"needs \S+ PiB for 2 qubits"):
        backend.run(bell, shots=1 << 60, memory=True)


def test_an_unknown_instruction_set_in_the_environment_is_refused_at_once(backend, bell, monkeypatch):
    monkeypatch.setenv("KETJET_ISA", "avx1024")
    with pytest.raises(InvalidOptionError, match=r"KETJET_ISA.*avx1024.*choose from"):
        backend.run(bell)
    assert backend.run(bell, isa="portable").result().success


@pytest.mark.usefixtures("two_threads")
def test_what_running_jobs_hold_is_not_given_away(long_circuit):
    backend = Simulator(max_memory_mb=400)
    with backend.run(long_circuit) as job:
        eventually(job.running, 30)
        assert backend.estimate(long_circuit).available_bytes < 200 << 20
        with pytest.raises(InsufficientMemoryError, match="wait for the circuits that run now and hold"):
            backend.run(long_circuit)
        assert backend.run(layered_circuit(10, 1)).cancel()
    eventually(lambda: backend.estimate(long_circuit).fits)


def test_estimate_and_admission_agree(backend, bell):
    estimate = backend.estimate(bell, shots=10)
    assert isinstance(estimate, engine.Estimate)
    assert (estimate.num_qubits, estimate.fits) == (2, True)
    assert estimate.peak_bytes >= estimate.state_bytes
    assert backend.estimate(bell, shots=10**7, memory=True).peak_bytes > estimate.peak_bytes
    assert backend.estimate(layered_circuit(45, 1)).fits is False
    assert backend.estimate(rotation()).num_qubits == 1
    with pytest.raises(CircuitTypeError):
        backend.estimate("text")
    with pytest.raises(UnknownOptionError):
        backend.estimate(bell, shot=3)


# The backend itself


def test_backends_can_be_copied(backend, bell):
    expected = backend.run(bell).result().get_counts()
    for again in (pickle.loads(pickle.dumps(backend)), copy.deepcopy(backend), copy.copy(backend)):
        assert again.run(bell).result().get_counts() == expected
        assert again.options == backend.options


def test_jobs_of_a_backend(long_circuit, bell):
    backend = Simulator()
    jobs = [backend.run(long_circuit), backend.run(long_circuit)]
    assert backend.jobs() == jobs
    assert jobs[0].backend() is backend
    backend.cancel_all()
    assert all(job.cancelled() for job in jobs)
    assert backend.jobs() == []
    backend.run(bell).result()
    assert len({job.job_id() for job in jobs}) == 2


def test_mistakes_are_told_with_the_way_out(backend, bell):
    for refused, says in (
        (lambda: backend.run(bell).result().get_memory(), "memory=True"),
        (lambda: backend.estimate([bell, bell]), r"estimate\(\) takes one QuantumCircuit.*call it for each"),
        (lambda: backend.explain("text"), r"explain\(\) takes one QuantumCircuit.*qasm3.loads"),
        (lambda: Simulator(isa="x"), "isa: instruction set 'x' is not available"),
        (lambda: Simulator(plan_options={"fusion": False}), "no switch 'fusion'"),
    ):
        with pytest.raises(QiskitError, match=says):
            refused()
    with pytest.raises(AttributeError, match=r"in ketjet\.basicaer"):
        _ = ketjet.AerSimulator
    theta = Parameter("theta")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    circuit.measure_all()
    with pytest.raises(InvalidCircuitError, match=r"unknown parameters: thet \(did you mean 'theta'\?\)"):
        backend.run(circuit, parameter_binds=[{"thet": [1]}])
