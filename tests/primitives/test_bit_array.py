"""Outcomes kept as tables: whatever is asked of them is what Qiskit's BitArray of the same shots says."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.primitives import BitArray

from ketjet import SamplerV2, Simulator, engine
from ketjet.errors import InsufficientMemoryError
from ketjet.primitives.bit_array import OutcomeTables, TabledBitArray


def plain(bits):
    """The same shots as Qiskit keeps them."""
    return BitArray(np.array(bits.array), bits.num_bits)


@st.composite
def tables(draw, shape, num_clbits):
    """Outcomes of some points, with many or few shots."""
    points, words = int(np.prod(shape, dtype=int)), max(1, -(-num_clbits // 64))
    shots = draw(st.sampled_from([1, 7, 300]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    variety = draw(st.sampled_from([1, 3, 2**16]))
    keys, counts = [], []
    for _ in range(points):
        drawn = rng.integers(0, min(2**num_clbits, 2**62), min(variety, shots), endpoint=False).tolist()
        spread = [value * (2**num_clbits // 2**62 or 1) | value for value in drawn]
        found, times = np.unique([spread[i] for i in rng.integers(0, len(spread), shots)], return_counts=True)
        keys.append([[(int(key) >> 64 * word) % 2**64 for word in range(words)] for key in found.tolist()])
        counts.append(times)
    return OutcomeTables(
        np.array([row for of_point in keys for row in of_point], np.uint64).reshape(-1, words),
        np.concatenate([np.zeros(0, np.int64), *counts]).astype(np.int64),
        np.cumsum([0, *map(len, counts)]),
        shots,
        num_clbits,
        draw(st.integers(0, 2**70)),
        tuple(rng.integers(0, 2**63, points).tolist()),
        tuple(rng.integers(0, 3, points).tolist()),
    )


@st.composite
def bit_arrays(draw):
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=2)))
    num_clbits = draw(st.sampled_from([1, 2, 5, 8, 9, 33, 64, 65, 130]))
    first = draw(st.integers(0, num_clbits))
    in_a_row = range(first, draw(st.integers(first, num_clbits)))
    picked = st.lists(st.integers(0, num_clbits - 1), max_size=70, unique=True)
    clbits = draw(st.one_of(st.just(in_a_row), st.just(range(num_clbits)), picked))
    return TabledBitArray(draw(tables(shape, num_clbits)), shape, clbits)


@given(bits=bit_arrays())
@settings(max_examples=150, deadline=None)
def test_counts_and_shots_are_those_of_a_plain_array(bits):
    again = pickle.loads(pickle.dumps(bits))
    counts = [bits.get_counts(), bits.get_int_counts()]  # before any list is made
    oracle = plain(bits)
    if bits.num_bits:
        assert counts == [oracle.get_counts(), oracle.get_int_counts()]
        assert bits.get_bitstrings() == oracle.get_bitstrings()
    for loc in np.ndindex(bits.shape):
        assert bits.get_counts(loc) == oracle.get_counts(loc)
        assert bits.get_int_counts(loc) == oracle.get_int_counts(loc)
        assert bits.get_bitstrings(loc) == oracle.get_bitstrings(loc)
    assert np.array_equal(bits.bitcount(), oracle.bitcount())
    assert bits.bitcount().dtype == oracle.bitcount().dtype
    assert (bits.shape, bits.ndim, bits.size) == (oracle.shape, oracle.ndim, oracle.size)
    assert (bits.num_bits, bits.num_shots, repr(bits)) == (oracle.num_bits, oracle.num_shots, repr(oracle))
    assert bits == oracle
    assert again.array.tobytes() == bits.array.tobytes()


@pytest.fixture(scope="module")
def sampled():
    """Two by three points of four bits."""
    angle = Parameter("a")
    circuit = QuantumCircuit(4)
    circuit.ry(angle, range(4))
    circuit.cx(0, 3)
    circuit.measure_all()
    values = np.linspace(0.3, 2.8, 6).reshape(2, 3)
    return SamplerV2(seed=11).run([(circuit, values)], shots=50).result()[0].data.meas


CALLS = {
    "one point": lambda bits: bits[1, 2],
    "some points": lambda bits: bits[:, 1:],
    "reshape": lambda bits: bits.reshape(6),
    "reshape with shots": lambda bits: bits.reshape(3, 100),
    "transpose": lambda bits: bits.transpose(),
    "slice_bits": lambda bits: bits.slice_bits([2, 0]),
    "slice_shots": lambda bits: bits.slice_shots(range(0, 50, 7)),
    "postselect": lambda bits: bits.postselect([0, -1], [1, 0]),
    "not": lambda bits: ~bits,
    "and": lambda bits: bits & ~bits,
    "or": lambda bits: bits | ~bits,
    "xor": lambda bits: bits ^ bits.slice_bits([3, 2, 1, 0]),
    "concatenate": lambda bits: BitArray.concatenate([bits, bits], axis=1),
    "concatenate_shots": lambda bits: BitArray.concatenate_shots([bits, bits]),
    "concatenate_bits": lambda bits: BitArray.concatenate_bits([bits, bits]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_methods_make_is_a_plain_array(sampled, call):
    found, expected = call(copy.copy(sampled)), call(plain(sampled))
    assert type(found) is BitArray
    assert found.array.tobytes() == expected.array.tobytes()
    assert found.num_bits == expected.num_bits
    assert found.shape == expected.shape


def test_expectation_values(sampled):
    for observables in ("ZIIZ", ["ZZZZ", "I0I1", "IIII"], {"ZIII": 0.5, "IIZI": 2.0}):
        assert np.allclose(sampled.expectation_values(observables), plain(sampled).expectation_values(observables))
    with pytest.raises(ValueError, match="diagonal"):
        sampled.expectation_values("XIII")


def test_places_that_are_no_points(sampled):
    for loc in (2, (0, 3), (-3, 0), (0, 0, 0), 0, ()):
        with pytest.raises(IndexError):
            sampled.get_counts(loc)
    assert sampled.get_counts((-1, -1)) == sampled.get_counts((1, 2))
    assert sampled.get_counts((np.int64(1), 2)) == sampled.get_counts((1, 2))
    with pytest.raises(IndexError, match="slice_shots"):
        sampled[0, 0, 0]


def test_bools_in_both_orders(sampled):
    for order in ("big", "little"):
        assert np.array_equal(sampled.to_bool_array(order), plain(sampled).to_bool_array(order))


def test_the_bytes_are_made_when_they_are_read_and_cannot_be_written():
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    circuit.measure_all()
    bits = SamplerV2().run([circuit]).result()[0].data.meas
    bits.get_counts()
    bits.bitcount()
    bits.expectation_values("ZZ")
    assert bits._bytes is None
    assert bits.array is bits.array
    with pytest.raises(ValueError, match="read-only"):
        bits.array[0, 0] = 1


def registers(*sizes):
    """A register of each size, into which seven qubits are measured again and again."""
    circuit = QuantumCircuit(QuantumRegister(7), *[ClassicalRegister(size, f"c{i}") for i, size in enumerate(sizes)])
    for qubit in range(7):
        circuit.ry(0.3 + 0.3 * qubit, qubit)
    for a, b in itertools.pairwise(range(7)):
        circuit.cx(a, b)
    for i, clbit in enumerate(circuit.clbits):
        circuit.measure(i % 7, clbit)
    return circuit


def test_a_register_without_bits():
    bits = SamplerV2().run([registers(0, 2)], shots=10).result()[0].data.c0
    assert bits.array.shape == (10, 0)
    assert (bits.get_counts(), bits.get_int_counts()) == ({"0": 10}, {0: 10})
    assert bits.get_bitstrings() == ["0"] * 10


def dynamic():
    circuit = registers(3, 2)
    circuit.reset(0)
    with circuit.if_test((circuit.clbits[1], 1)):
        circuit.h(0)
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize("circuit", [registers(3), registers(3, 9), registers(60, 10), registers(7, 0, 1), dynamic()])
def test_the_order_of_shots_is_that_of_a_run_with_memory(circuit):
    data = SamplerV2(seed=9).run([circuit], shots=200).result()[0].data
    run = Simulator(seed_simulator=9).run(circuit, shots=200, memory=True).result()
    lists = [data[register.name].get_bitstrings() for register in reversed(circuit.cregs) if register.size]
    assert [" ".join(parts) for parts in zip(*lists, strict=True)] == [
        " ".join(part for part in shot.split(" ") if part) for shot in run.get_memory()
    ]


def test_a_list_that_does_not_fit_is_refused_but_its_counts_are_there(monkeypatch):
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.measure_all()
    bits = SamplerV2().run([circuit], shots=10**12).result()[0].data.meas
    assert sum(bits.get_counts().values()) == 10**12
    assert bits.expectation_values("Z") == pytest.approx(0, abs=1e-5)
    monkeypatch.setattr(engine, "recently_available_memory", lambda: (10**9, "MemAvailable"))
    with pytest.raises(InsufficientMemoryError, match="get_counts") as caught:
        _ = bits.array
    assert (caught.value.required_bytes, caught.value.available_bytes) == (10**12, 10**9)
