"""What EstimatorV2 refuses before anything runs, and what it takes that looks like a mistake."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import real_amplitudes
from qiskit.primitives import StatevectorEstimator
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.quantum_info import Pauli, SparsePauliOp
from support.circuits import turned

from ketjet import EstimatorV2, Simulator
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

A, B = Parameter("a"), Parameter("b")


ONE = turned(A)
PAIR = QuantumCircuit(2, name="pair")


@pytest.mark.parametrize(
    ("pubs", "error", "message"),
    [
        ((PAIR, "ZZ"), PubTypeError, "An invalid Estimator pub-like was given .* as pub 0.*wrap it with"),
        (PAIR, PubTypeError, "An invalid Estimator pub-like was given.*wrap it with"),
        ([PAIR], PubTypeError, "An invalid Estimator pub-like was given"),
        ([(PAIR, "ZZ"), PAIR], PubTypeError, "as pub 1"),
        (EstimatorPub(PAIR, ObservablesArray("ZZ")), PubTypeError, "An invalid Estimator pub-like"),
        ("ZZ", PubTypeError, r"run\(\) takes a list of pubs"),
        (None, PubTypeError, r"run\(\) takes a list of pubs"),
        ([("ZZ", PAIR)], PubTypeError, "circuit must be QuantumCircuit"),
        ([(PAIR,)], InvalidPubError, "length of pub must be 2, 3 or 4, but length 1 is given"),
        ([(PAIR, "ZZ", None, 0.1, 3)], InvalidPubError, "but length 5 is given"),
        ([(PAIR, "ZZ"), (PAIR, "Z")], InvalidPubError, r"pub 1, circuit 'pair'.*circuit \(2\).*observables \(1\)"),
        ([(PAIR, ["ZZ", "Z"])], InvalidPubError, "pub 0, circuit 'pair': observable 1 has a string of 1 qubits.* 2"),
        ([(PAIR, Pauli("iZZ"))], InvalidPubError, "not Hermitian: the coefficient of ZZ is 1j"),
        ([(PAIR, SparsePauliOp("XY", 1e-9j))], InvalidPubError, "not Hermitian.* of XY"),
        ([(PAIR, {"ZZ": np.nan})], InvalidPubError, "coefficient nan of ZZ"),
        ([(PAIR, SparsePauliOp("ZZ", np.array([A])))], InvalidPubError, "unbound parameters: a"),
        ([(PAIR, "AB")], InvalidPubError, "'AB' is no observable"),
        ([(PAIR, 5)], PubTypeError, "must be a SparsePauliOp"),
        ([(PAIR, [["ZZ"], "XX"])], InvalidPubError, "ragged"),
        ([(PAIR, {})], InvalidPubError, "empty dictionary"),
        ([(ONE, "Z")], InvalidPubError, r"values \(0\) does not match the number of parameters \(1\).*: a"),
        ([(PAIR, "ZZ", [1.0])], InvalidPubError, r"values \(1\) does not match the number of parameters \(0\)"),
        ([(ONE, "Z", {"A": 1})], InvalidPubError, "unknown parameters: A; .*without a value: a"),
        ([(ONE, "Z", [[0.1], [np.inf]])], InvalidPubError, r"value inf of parameter 'a' at point \(1,\)"),
        ([(ONE, "Z", ["x"])], InvalidPubError, "bad parameter values"),
        ([(ONE, "Z", [1j])], PubTypeError, "use real numbers"),
        ([(ONE, ["Z", "X", "Y"], [[1], [2]])], InvalidPubError, r"shape \(3,\) and .*\(2,\) are not broadcastable"),
        ([(PAIR, "ZZ", None, -0.1)], InvalidPubError, "pub 0: precision must be non-negative, got -0.1"),
        ([(PAIR, "ZZ", None, np.nan)], InvalidPubError, "precision must be finite, got nan"),
        ([(PAIR, "ZZ", None, np.inf)], InvalidPubError, "precision must be finite"),
        ([(PAIR, "ZZ", None, True)], PubTypeError, "precision must be a real number, not <class 'bool'>"),
        ([(PAIR, "ZZ", None, "0.1")], PubTypeError, "precision must be a real number, not <class 'str'>"),
        ([(PAIR, "ZZ", None, 1j)], PubTypeError, "precision must be a real number"),
    ],
)  # fmt: skip
def test_a_pub_that_is_refused(pubs, error, message):
    with pytest.raises(error, match=message) as raised:
        EstimatorV2().run(pubs)
    assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize(
    ("precision", "error", "message"),
    [
        (-1, ValueError, "precision must be non-negative"),
        ("small", TypeError, "precision must be a real number"),
        (False, TypeError, "precision must be a real number"),
        (np.nan, ValueError, "precision must be finite"),
    ],
)
def test_a_precision_of_the_run_that_is_refused(precision, error, message):
    with pytest.raises(error, match=message):
        EstimatorV2().run([(PAIR, "ZZ")], precision=precision)


@pytest.mark.parametrize("precision", [np.float32(0.25), np.int64(1), 1])
def test_numbers_of_numpy_are_precisions(precision):
    assert EstimatorV2().run([(PAIR, "ZZ")], precision=precision).result()[0].data.stds == float(precision)


def test_an_angle_that_becomes_nan_names_its_pub_and_point():
    with pytest.raises(InvalidCircuitError, match=r"pub 1, circuit 'turned', point 1, .*ry"):
        EstimatorV2().run([(PAIR, "ZZ"), (turned(A.log()), "Z", [[1.0], [-1.0]])])


def test_circuits_that_are_refused():
    unknown = QuantumCircuit(1, name="odd")
    unknown.append(Gate("unknown", 1, []), [0])
    with pytest.raises(UnsupportedInstructionError, match="odd"):
        EstimatorV2().run([(unknown, "Z")])
    wide = QuantumCircuit(70)
    wide.h(range(70))
    with pytest.raises(InsufficientMemoryError, match="70 qubits"):
        EstimatorV2().run([(wide, "Z" * 70)])
    wide.measure_all()  # only for their outcomes few qubits may do
    with pytest.raises(InsufficientMemoryError, match="70 qubits"):
        EstimatorV2().run([(wide, "Z" * 70)])
    some = QuantumCircuit(30)
    some.h(range(30))
    with pytest.raises(
        InsufficientMemoryError, match=r"max_memory_mb.*precision='single'|precision='single'.*max_memory_mb"
    ):
        EstimatorV2(backend=Simulator(max_memory_mb=100)).run([(some, "Z" * 30)])


def test_options_that_are_refused():
    with pytest.raises(UnknownOptionError, match="did you mean 'variances'"):
        EstimatorV2(options={"variance": True})
    with pytest.raises(InvalidOptionError, match="noise must be one of 'target', 'sampled'"):
        EstimatorV2(options={"noise": "none"})
    with pytest.raises(OptionTypeError, match="variances must be True or False"):
        EstimatorV2(options={"variances": 1})
    with pytest.raises(OptionTypeError, match="seed"):
        EstimatorV2(seed="seven")


def test_another_backend_is_simulated_ideally():
    with pytest.warns(KetjetWarning, match="noise is left out"):
        estimator = EstimatorV2.from_backend(BasicSimulator(), seed=3)
    assert estimator.run([(PAIR, "ZZ")]).result()[0].data.evs == 1


def test_options_of_the_run_hold():
    estimator = EstimatorV2(options={"run_options": {"precision": "single", "max_threads": 1}})
    told = estimator.run([(real_amplitudes(2), "ZZ", np.ones(8))]).result()[0].metadata["simulator_metadata"]
    assert (told["precision"], told["threads"]) == ("single", 1)
    with pytest.warns(KetjetWarning, match="return_state"):
        estimator.options.run_options = {"return_state": True}
    backend = Simulator(return_state=True, memory=True, exact=False, shots=5)
    assert EstimatorV2(backend=backend).run([(PAIR, "ZZ")]).result()[0].data.evs == 1


def test_a_circuit_in_several_pubs_and_several_observables():
    """As Qiskit's own tests do it: ansatzes at several points, with sums of strings."""
    first, second = real_amplitudes(2, reps=2), real_amplitudes(2, reps=3)
    sums = [
        SparsePauliOp.from_list([("II", 1), ("IZ", 2), ("XI", 3)]),
        SparsePauliOp.from_list([("IZ", 1)]),
        SparsePauliOp.from_list([("ZI", 1), ("ZZ", 1)]),
    ]
    short, long, other = [0, 1, 1, 2, 3, 5], [0, 1, 1, 2, 3, 5, 8, 13], [1, 2, 3, 4, 5, 6]
    pubs = [
        (first, sums[0], [short]),
        (first, [sums[0], sums[2]], [short, other]),
        (second, sums[1], [long]),
        (first, [[sums[1]], [sums[2]]], {tuple(first.parameters): [short, other]}),
        (first, sums[0].paulis, BindingsArray({tuple(first.parameters): short})),
        (second, [["XX"], ["XI"], ["IZ"]], [long, long[::-1]]),
    ]
    found, expected = EstimatorV2().run(pubs).result(), StatevectorEstimator().run(pubs).result()
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine.data.evs, theirs.data.evs, atol=1e-12)


def test_circuits_without_parameters_take_empty_values():
    for values in (None, [], {}, np.zeros(0)):
        data = EstimatorV2().run([(PAIR, ["ZZ", "XX"], values)]).result()[0].data
        np.testing.assert_allclose(data.evs, [1, 0], atol=1e-12)
    data = EstimatorV2().run([(PAIR, "ZZ", np.zeros((3, 0)))]).result()[0].data
    assert data.evs.tolist() == [1, 1, 1]
