"""SamplerV2: what each kind of pub gives, and what is refused before anything runs."""

from __future__ import annotations

import copy
import logging
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Instruction, Parameter, ParameterVector, Qubit
from qiskit.circuit.library import UnitaryGate, real_amplitudes
from qiskit.primitives import (
    BaseSamplerV2,
    BitArray,
    PrimitiveResult,
    SamplerPubResult,
    StatevectorSampler,
)
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.quantum_info import Statevector
from support.saves import save
from support.statistics import assert_drawn_from
from support.strategies import parametrised_circuits

from ketjet import PrimitiveJob, SamplerV2, Simulator
from ketjet.errors import (
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    InvalidPubError,
    KetjetWarning,
    OptionTypeError,
    PubTypeError,
    UnknownOptionError,
    UnsupportedInstructionError,
)


def rotated(*names):
    """One qubit, turned by each parameter and measured."""
    circuit = QuantumCircuit(1, 1, name="rotated")
    for name in names:
        circuit.ry(Parameter(name), 0)
    circuit.measure(0, 0)
    return circuit


def data_of(pub, **settings):
    return SamplerV2(seed=1).run([pub], **settings).result()[0].data


# Distributions


@given(
    parametrised=parametrised_circuits(max_qubits=3), shape=st.lists(st.integers(1, 3), max_size=2), seed=st.integers(0)
)
@settings(max_examples=60, deadline=None)
def test_every_point_is_drawn_from_its_state(parametrised, shape, seed):
    circuit, values = parametrised
    names = list(values)
    rng = np.random.default_rng(seed % 2**32)
    grid = np.array([values[name] for name in names]) + rng.normal(size=(*shape, len(names)))
    measured = circuit.measure_all(inplace=False)
    half = len(names) // 2
    forms = [
        grid,
        {tuple(names): grid},
        {tuple(names[half:]): grid[..., half:], **{name: grid[..., i, None] for i, name in enumerate(names[:half])}},
    ]
    if not names:
        forms = [BindingsArray(shape=tuple(shape))]
    pubs = [(measured, form) for form in forms]
    for result in SamplerV2(seed=seed).run(pubs, shots=200).result():
        bits = result.data.meas
        assert bits.shape == tuple(shape)
        for loc in np.ndindex(bits.shape):
            state = Statevector(circuit.assign_parameters(dict(zip(names, grid[loc], strict=True))))
            assert_drawn_from(
                bits.get_counts(loc), {key: p for key, p in state.probabilities_dict().items() if p > 1e-12}
            )


@pytest.mark.parametrize("seed", range(3))
def test_shapes_and_registers_are_those_of_qiskits_sampler(seed):
    circuit = QuantumCircuit(QuantumRegister(3), ClassicalRegister(2, "alpha"), ClassicalRegister(9, "beta"))
    circuit.append(real_amplitudes(3, reps=1), range(3))
    circuit.measure([0, 2], [1, 7])
    values = np.random.default_rng(seed).random((2, 1, 3, circuit.num_parameters))
    for pub in (circuit, values), (circuit, values[0, 0, 0]), (circuit, {tuple(circuit.parameters): values[0]}):
        found, expected = (
            sampler(seed=seed).run([pub], shots=9).result()[0].data for sampler in (SamplerV2, StatevectorSampler)
        )
        assert list(found) == list(expected) == ["alpha", "beta"]
        assert found.shape == expected.shape
        for name in found:
            assert (found[name].shape, found[name].num_bits) == (expected[name].shape, expected[name].num_bits)
            assert found[name].array.shape == expected[name].array.shape


# Forms of results


def test_a_result_is_made_of_qiskits_containers(bell):
    sampler = SamplerV2()
    assert isinstance(sampler, BaseSamplerV2)
    job = sampler.run([bell, (bell,), (bell, None), (bell, [], 7), SamplerPub(bell, shots=8)], shots=20)
    assert isinstance(job, PrimitiveJob)
    result = job.result()
    assert isinstance(result, PrimitiveResult)
    assert result.metadata == {"version": 2}
    assert all(isinstance(each, SamplerPubResult) for each in result)
    assert [each.data.meas.num_shots for each in result] == [20, 20, 20, 7, 8]
    assert isinstance(result[0].data.meas, BitArray)
    assert set(result[0].data.meas.get_counts()) == {"00", "11"}


def test_join_data():
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(1, "a"), ClassicalRegister(1, "b"))
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    found, expected = (sampler.run([circuit], shots=5).result()[0] for sampler in (SamplerV2(), StatevectorSampler()))
    for names in (None, ["b", "a"], ["b"]):
        assert found.join_data(names).get_counts() == expected.join_data(names).get_counts()


def test_metadata(bell):
    bell.metadata = {"name": "mine"}
    sampler = SamplerV2(seed=5)
    first, second = sampler.run([bell, (rotated("a"), [[0.1], [0.2]], 3)]).result()
    simulated = first.metadata.pop("simulator_metadata")
    assert first.metadata == {"shots": 1024, "circuit_metadata": {"name": "mine"}}
    assert (simulated["seed_simulator"], simulated["num_points"], simulated["method"]) == (5, 1, "statevector")
    assert second.metadata["shots"] == 3
    assert second.metadata["circuit_metadata"] == {}
    assert second.metadata["simulator_metadata"]["num_points"] == 2
    assert second.metadata["simulator_metadata"]["time_taken"] > 0


def test_no_pubs():
    result = SamplerV2().run([]).result()
    assert len(result) == 0
    assert result.metadata == {"version": 2}


def test_no_pubs_with_a_log(caplog):
    with caplog.at_level(logging.INFO, logger="ketjet"):
        assert len(SamplerV2().run([]).result()) == 0


def test_no_points():
    result = SamplerV2().run([(rotated("a", "b"), np.zeros((3, 0, 2))), (rotated("a"), [])]).result()
    assert [each.data.c.shape for each in result] == [(3, 0), (0,)]
    assert result[0].data.c.array.shape == (3, 0, 1024, 1)
    assert result[1].data.c.get_counts() == {}


def test_results_are_copied_and_pickled(bell):
    result = SamplerV2(seed=2).run([bell, (rotated("a"), [[0.1], [2.0]])]).result()
    for again in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert again[0].data.meas.get_counts() == result[0].data.meas.get_counts()
        assert again[1].data.c == result[1].data.c
        assert again[0].metadata == result[0].metadata


# Circuits


def test_bits_without_a_measurement_are_0():
    circuit = QuantumCircuit(2, 3)
    circuit.x([0, 1])
    circuit.measure(1, 1)
    assert data_of(circuit).c.get_counts() == {"010": 1024}


def test_registers_without_a_measurement_are_0():
    circuit = QuantumCircuit(2, 3)
    circuit.ry(Parameter("a"), 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = SamplerV2().run([(circuit, np.zeros((2, 1)))], shots=6).result()[0]
    assert result.data.c.array.tobytes() == bytes(12)
    assert result.data.c.get_counts() == {"000": 12}
    assert result.metadata["simulator_metadata"]["num_points"] == 0


def test_no_classical_register():
    circuits = [QuantumCircuit(2, name="one"), QuantumCircuit([Qubit(), Clbit()], name="two")]
    circuits[1].measure(0, 0)
    with pytest.warns(UserWarning, match=r"no classical register in circuit 'one', 'two'.*measure_all") as told:
        result = SamplerV2().run(circuits).result()
    assert len(told) == 1
    assert told[0].filename == __file__
    assert [len(each.data) for each in result] == [0, 0]
    with pytest.warns(UserWarning, match="no classical register"):
        assert data_of((QuantumCircuit(1), np.zeros((2, 0)))).shape == (2,)


def test_aliased_and_empty_registers():
    bits = [Clbit() for _ in range(3)]
    circuit = QuantumCircuit([Qubit(), Qubit()], bits)
    for name, own in {"low": bits[:2], "high": bits[1:], "turned": bits[1::-1], "none": []}.items():
        circuit.add_register(ClassicalRegister(name=name, bits=own))
    circuit.x(0)
    circuit.measure([0, 1], [1, 2])
    data = data_of(circuit, shots=4)
    assert list(data) == ["low", "high", "turned", "none"]
    assert {name: data[name].get_counts() for name in ("low", "high", "turned")} == {
        "low": {"10": 4},
        "high": {"01": 4},
        "turned": {"01": 4},
    }
    assert data["none"].array.shape == (4, 0)


@pytest.mark.parametrize("size", [1, 8, 9, 64, 71])
def test_bytes_are_big_endian_and_padded_on_the_left(size):
    circuit = QuantumCircuit(1, size)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(0, size - 1)
    expected = (1 | 1 << size - 1).to_bytes(-(-size // 8), "big")
    assert data_of(circuit, shots=1).c.array.tobytes() == expected


def test_measurements_in_any_order():
    circuit = QuantumCircuit(3, 3)
    circuit.x(2)
    circuit.measure([0, 1, 2], [2, 1, 0])
    assert data_of(circuit).c.get_counts() == {"001": 1024}


def test_a_bit_that_is_measured_again_has_its_last_value():
    circuit = QuantumCircuit(2, 1)
    circuit.x(0)
    circuit.measure([0, 1], [0, 0])
    assert data_of(circuit).c.get_counts() == {"0": 1024}


def test_dynamic_circuits_run():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    circuit.reset(0)
    assert_drawn_from(data_of(circuit).c.get_counts(), {"00": 0.5, "11": 0.5})


def test_matrices_and_loose_qubits():
    circuit = QuantumCircuit([Qubit(), Qubit()], ClassicalRegister(2, "out"))
    circuit.append(UnitaryGate([[0, 1], [1, 0]]), [1])
    circuit.measure([0, 1], [0, 1])
    assert data_of(circuit, shots=3).out.get_counts() == {"10": 3}


def test_a_vector_of_parameters_is_in_its_own_order():
    vector = ParameterVector("v", 12)
    circuit = QuantumCircuit(12)
    for qubit, parameter in enumerate(vector):
        circuit.ry(parameter, qubit)
    circuit.measure_all()
    values = [np.pi * (i in (2, 10)) for i in range(12)]
    for form in (values, {vector: values}, {tuple(vector): values}):
        assert data_of((circuit, form)).meas.get_counts() == {f"{1 << 2 | 1 << 10:012b}": 1024}


def test_what_is_saved_has_no_place():
    circuit = QuantumCircuit(1, 1, name="saving")
    save(circuit, "save_statevector", "single", [0])
    circuit.measure(0, 0)
    with pytest.warns(KetjetWarning, match=r"circuit 'saving' saves something.*Simulator\.run"):
        result = SamplerV2().run([circuit, circuit], shots=3).result()
    assert result[1].data.c.get_counts() == {"0": 3}


def test_a_circuit_may_change_after_run(bell):
    job = SamplerV2().run([bell], shots=10)
    bell.x(0)
    bell.add_register(ClassicalRegister(1, "later"))
    bell.metadata["later"] = True
    result = job.result()[0]
    assert list(result.data) == ["meas"]
    assert set(result.data.meas.get_counts()) <= {"00", "11"}
    assert result.metadata["circuit_metadata"] == {}


# Shots


def test_the_pub_wins_over_the_call_and_the_call_over_the_default(bell):
    sampler = SamplerV2(default_shots=3)
    assert sampler.default_shots == sampler.options.default_shots == 3
    pubs = [bell, (bell, None, np.int64(5))]
    assert [each.data.meas.num_shots for each in sampler.run(pubs).result()] == [3, 5]
    assert [each.data.meas.num_shots for each in sampler.run(pubs, shots=4).result()] == [4, 5]
    assert SamplerV2().default_shots == 1024
    assert SamplerV2(options={"default_shots": 6}).run([bell]).result()[0].data.meas.num_shots == 6


@pytest.mark.parametrize(
    ("shots", "error"),
    [(0, ValueError), (-1, ValueError), (1.0, TypeError), (True, TypeError), ("3", TypeError)],
)
def test_bad_numbers_of_shots(bell, shots, error):
    with pytest.raises(error, match="shots of pub 1 must be"):
        SamplerV2().run([bell, (bell, None, shots)])
    with pytest.raises(error, match="shots must be"):
        SamplerV2().run([bell], shots=shots)
    with pytest.raises(error, match="default_shots must be"):
        SamplerV2(default_shots=shots)


def test_a_thousand_million_shots_cost_no_more_than_their_outcomes(bell):
    assert sum(data_of(bell, shots=10**9).meas.get_counts().values()) == 10**9


# Seeds


def test_an_integer_seed_gives_the_same_in_every_run(bell):
    sampler = SamplerV2(seed=4)
    assert sampler.seed == 4
    lists = [sampler.run([bell]).result()[0].data.meas.array.tobytes() for _ in range(2)]
    assert lists[0] == lists[1]
    assert SamplerV2(seed=np.int64(4)).run([bell]).result()[0].data.meas.array.tobytes() == lists[0]
    assert SamplerV2(seed=5).run([bell]).result()[0].data.meas.array.tobytes() != lists[0]


def test_a_first_point_has_the_sample_of_a_run_of_its_own(bell):
    counts = Simulator().run(bell, seed_simulator=4, shots=1024).result().get_counts()
    assert SamplerV2(seed=4).run([bell]).result()[0].data.meas.get_counts() == counts


def test_equal_points_and_equal_pubs_are_independent():
    circuit = rotated("a")
    bits = SamplerV2(seed=4).run([(circuit, [[0.7], [0.7], [0.7000001]]), (circuit, [0.7])], shots=500).result()
    lists = [bits[0].data.c[i].array.tobytes() for i in range(3)] + [bits[1].data.c.array.tobytes()]
    assert len(set(lists)) == 4
    binds = [{circuit.parameters[0]: [0.7, 0.7, 0.7000001]}]
    run = Simulator(seed_simulator=4).run(circuit, shots=500, parameter_binds=binds).result()
    assert [bits[0].data.c.get_counts(i) for i in range(3)] == run.get_counts()


def test_a_generator_is_drawn_from(bell):
    one, two = (SamplerV2(seed=np.random.default_rng(3)) for _ in range(2))
    first, second = (one.run([bell]).result()[0].data.meas.array.tobytes() for _ in range(2))
    assert first != second
    assert [two.run([bell]).result()[0].data.meas.array.tobytes() for _ in range(2)] == [first, second]


def test_who_wins_of_several_seeds(bell):
    def used(**arguments):
        return SamplerV2(**arguments).run([bell]).result()[0].metadata["simulator_metadata"]["seed_simulator"]

    options = {"run_options": {"seed_simulator": 2}}
    backend = Simulator(seed_simulator=3)
    assert used(seed=1, options=options, backend=backend) == 1
    assert used(options=options, backend=backend) == 2
    assert used(backend=backend) == 3
    assert used(seed=0, backend=backend) == 0
    assert used() != used()


@pytest.mark.parametrize("seed", ["x", 1.5, True])
def test_bad_seeds(seed):
    with pytest.raises(OptionTypeError, match="seed must be an integer"):
        SamplerV2(seed=seed)
    with pytest.raises(InvalidOptionError, match="seed must be at least 0"):
        SamplerV2(seed=-1)


# Options and backends


def test_backend_options_make_the_simulator_and_run_options_its_runs(bell):
    sampler = SamplerV2(options={"backend_options": {"precision": "single"}, "run_options": {"max_threads": 1}})
    assert sampler.backend.options["precision"] == "single"
    told = sampler.run([bell]).result()[0].metadata["simulator_metadata"]
    assert (told["precision"], told["threads"]) == ("single", 1)


def test_options_may_be_changed_afterwards(bell):
    sampler = SamplerV2()
    sampler.options.seed_simulator = 8
    sampler.options.default_shots = 9
    sampler.options.backend_options = {"precision": "single", "num_qubits": 5}
    result = sampler.run([bell]).result()[0]
    assert result.data.meas.num_shots == 9
    told = result.metadata["simulator_metadata"]
    assert (told["seed_simulator"], told["precision"]) == (8, "single")


def test_given_options_are_copied():
    options = SamplerV2(options={"seed_simulator": 1}).options
    sampler = SamplerV2(options=options, default_shots=5)
    sampler.options.seed_simulator = 2
    assert (options.seed_simulator, options.default_shots) == (1, 1024)
    assert sampler.options.default_shots == 5


def test_what_the_backend_asks_for_by_default_is_set_by_the_sampler(bell):
    backend = Simulator(shots=5, memory=True, return_state=True)
    assert SamplerV2(backend=backend).run([bell]).result()[0].data.meas.num_shots == 1024
    assert SamplerV2(backend=Simulator(exact=True)).run([bell]).result()[0].data.meas.num_shots == 1024


def test_misspelt_and_wrong_options(bell):
    with pytest.raises(UnknownOptionError, match="did you mean 'run_options'"):
        SamplerV2(options={"run_option": {}})
    with pytest.raises(UnknownOptionError, match="did you mean 'precision'"):
        SamplerV2(options={"backend_options": {"precison": "single"}})
    with pytest.raises(OptionTypeError, match="options must be SamplerOptions or a mapping"):
        SamplerV2(options=3)
    with pytest.raises(OptionTypeError, match=r"backend must be a ketjet\.Simulator.*SamplerV2\.from_backend"):
        SamplerV2(backend=BasicSimulator())
    sampler = SamplerV2()
    sampler.options.run_options["sed_simulator"] = 1
    with pytest.raises(UnknownOptionError, match="did you mean 'seed_simulator'"):
        sampler.run([bell])


def test_samplers_are_shown_and_copied(bell):
    sampler = SamplerV2(seed=3, options={"backend_options": {"precision": "single"}})
    assert repr(sampler).startswith("<SamplerV2 on <Simulator ketjet ")
    assert "default_shots=1024" in repr(sampler)
    again = pickle.loads(pickle.dumps(sampler))
    assert again.run([bell]).result()[0].data.meas == sampler.run([bell]).result()[0].data.meas


def test_options_that_the_sampler_sets_itself_are_left_out(bell):
    with pytest.warns(KetjetWarning, match="shots is left out"):
        sampler = SamplerV2(options={"run_options": {"shots": 7}})
    assert sampler.run([bell]).result()[0].data.meas.num_shots == 1024


def test_from_backend_takes_a_simulator_as_it_is(bell, long_circuit):
    backend = Simulator(seed_simulator=6)
    sampler = SamplerV2.from_backend(backend, default_shots=5)
    assert sampler.backend is backend
    assert sampler.run([bell]).result()[0].metadata["simulator_metadata"]["seed_simulator"] == 6
    job = sampler.run([long_circuit])
    assert backend.jobs() == [job]
    assert job.backend() is backend
    backend.cancel_all()
    assert job.cancelled()


def test_from_backend_leaves_out_the_noise_of_another_one(bell):
    with pytest.warns(UserWarning, match=r"backend 'basic_simulator' ideally: its noise is left out") as told:
        sampler = SamplerV2.from_backend(BasicSimulator(), seed=1)
    assert told[0].filename == __file__
    assert isinstance(sampler.backend, Simulator)
    assert set(sampler.run([bell]).result()[0].data.meas.get_counts()) == {"00", "11"}
    for backend in (None, "aer", 3):
        with pytest.raises(OptionTypeError, match="backend must be a backend"):
            SamplerV2.from_backend(backend)


def test_matrices_that_are_almost_unitary_are_told_of_once():
    circuit = QuantumCircuit(1)
    for _ in range(300):
        circuit.unitary(np.eye(2) * (1 + 4e-9), 0)
    circuit.measure_all()
    job = SamplerV2().run([QuantumCircuit(1, 1), circuit])
    with pytest.warns(KetjetWarning, match=r"pub 1: the squared norm of a state is off by"):
        result = job.result()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert job.result() is result


# What is refused, in run()


def test_forgotten_brackets(bell):
    for pubs in (bell, SamplerPub(bell), (rotated("a"), [0.1]), (bell, [0.1])):
        with pytest.raises(ValueError, match="Note that if you want to run a single pub, you need to wrap it with"):
            SamplerV2().run(pubs)
    for pubs in (bell, bell.data, "text", (bell, [1])):
        with pytest.raises(InvalidPubError):
            SamplerV2().run(pubs)
    with pytest.raises(ValueError, match="An invalid Sampler pub-like was given"):
        SamplerV2().run(bell)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, r"pub 0, circuit 'rotated': The number of values \(0\) does not match the number of parameters \(2\)"),
        ([0.1], r"The number of values \(1\)"),
        ({"a": 1, "c": 1}, "unknown parameters: c; parameters without a value: b"),
        ([[0.1, 0.2], [float("inf"), 0]], r"value inf of parameter 'a' at point \(1,\) is not finite"),
    ],
)
def test_values_that_do_not_fit(values, message):
    with pytest.raises(InvalidPubError, match=message):
        SamplerV2().run([(rotated("a", "b"), values)])


def test_values_for_a_circuit_without_parameters(bell):
    with pytest.raises(
        InvalidPubError, match=r"The number of values \(1\) does not match the number of parameters \(0\)"
    ):
        SamplerV2().run([(bell, [0.1])])


def test_an_angle_that_becomes_nan_names_its_point_and_instruction():
    angle = Parameter("a")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(angle.log(), 0)
    circuit.measure(0, 0)
    with pytest.raises(InvalidCircuitError, match=r"pub 1, circuit.*, point 1, instruction 0 \(rx\).*a = 0") as caught:
        SamplerV2().run([(circuit, [1.0]), (circuit, [[[1.0], [0.0]]])])
    assert isinstance(caught.value, ValueError)


def test_bad_circuits_are_refused_in_run(bell):
    unknown = QuantumCircuit(1, 1)
    unknown.append(Instruction("mystery", 1, 0, []), [0])
    with pytest.raises(UnsupportedInstructionError, match="mystery"):
        SamplerV2().run([bell, unknown])
    wide = QuantumCircuit(60)
    wide.h(range(60))
    wide.measure_all()
    with pytest.raises(InsufficientMemoryError, match="60 qubits"):
        SamplerV2().run([bell, wide])
    with pytest.raises(PubTypeError, match="pub 1 begins with None"):
        SamplerV2().run([bell, (None,)])


def test_a_register_whose_name_a_data_bin_keeps_for_itself():
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(1, "items"))
    with pytest.raises(InvalidPubError, match=r"pub 0.*'items'.*another name"):
        SamplerV2().run([circuit])
