"""Qubits that are idle or known need no amplitudes, in circuits of any width: results are those of a narrow circuit."""

from __future__ import annotations

import json
from functools import reduce

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles.dynamic import distribution
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import CircuitInstruction
from qiskit.circuit.library import PermutationGate, XGate
from qiskit.quantum_info import DensityMatrix, SparsePauliOp, Statevector, partial_trace
from support.dynamic_strategies import dynamic_circuits
from support.saves import save

from ketjet import Simulator, engine
from ketjet.backend.admission import admission_now
from ketjet.cli import main
from ketjet.errors import InsufficientMemoryError
from ketjet.lowering import lower
from ketjet.options import SimulatorOptions

SLOW = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
WIDTHS = [21, 62, 63, 64, 65, 127, 200]


def run(circuit, **options):
    return Simulator(seed_simulator=3, **options).run(circuit, shots=100, memory=True).result()


def outcome(circuit):
    """The one outcome of a circuit."""
    result = run(circuit)
    (key,) = result.get_counts()
    assert result.get_counts()[key] == 100
    assert result.get_memory() == [key] * 100
    return key[::-1]  # classical bit 0 first


# Measured qubits.


@pytest.mark.parametrize("width", [*WIDTHS, 1000, 10_000])
def test_idle_qubits_may_be_measured(width):
    circuit = QuantumCircuit(width, width)
    circuit.h(5)
    circuit.cx(5, width - 1)
    circuit.measure(range(width), range(width))
    counts = run(circuit).get_counts()
    ones = 1 << 5 | 1 << (width - 1)
    assert {int(key, 2) for key in counts} == {0, ones}
    assert 20 < counts["0" * width] < 80


@pytest.mark.parametrize("width", [*WIDTHS, 1000])
def test_known_qubits_may_be_measured(width):
    circuit = QuantumCircuit(width, width)
    circuit.x(range(width))
    circuit.cx(0, 1)
    circuit.ccx(2, 3, 4)
    circuit.swap(1, 9)
    circuit.reset(7)
    circuit.z(8)
    circuit.measure(range(width), range(width))
    expected = ["1"] * width
    for zero in (9, 4, 7):
        expected[zero] = "0"
    assert outcome(circuit) == "".join(expected)


def test_a_later_measurement_overwrites_an_earlier_one_whichever_is_known():
    circuit = QuantumCircuit(80, 3)
    circuit.x(range(80))
    circuit.h(0)
    circuit.h(0)
    circuit.h(1)
    circuit.measure([1, 7, 0, 2], [0, 0, 1, 2])  # bit 0 is known at last
    circuit.measure([7, 0], [1, 1])  # bit 1 is not
    assert outcome(circuit) == "111"
    circuit.reset(9)
    circuit.measure(9, 2)
    assert outcome(circuit) == "110"


def test_known_bits_and_drawn_ones_share_a_row():
    circuit = QuantumCircuit(150, 150)
    circuit.x(range(0, 150, 2))
    circuit.h(101)
    circuit.cx(101, 3)
    circuit.measure(range(150), range(150))
    for options in ({}, {"exact": True, "memory": False}):
        result = Simulator(seed_simulator=3, **options).run(circuit, shots=100).result()
        found = result.get_probabilities() if options else result.get_counts()
        known = sum(1 << i for i in range(0, 150, 2))
        assert {int(key, 2) for key in found} == {known, known | 1 << 101 | 1 << 3}


def test_swaps_of_idle_and_used_qubits():
    circuit = QuantumCircuit(100, 100)
    circuit.h(0)
    for qubit in range(99):
        circuit.swap(qubit, qubit + 1)
    circuit.measure(range(100), range(100))
    counts = run(circuit).get_counts()
    assert {int(key, 2) for key in counts} == {0, 1 << 99}


def test_qubits_that_are_known_inside_control_flow():
    circuit = QuantumCircuit(90, 90)
    circuit.x(range(90))
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.measure(range(1, 40), range(1, 40))
    with otherwise:
        circuit.measure(range(1, 30), range(1, 30))
    with circuit.for_loop(range(3)):
        circuit.h(0)
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(0)
        circuit.measure(50, 50)
        with circuit.if_test((circuit.clbits[50], 0)):
            circuit.h(0)
    circuit.measure(range(60, 90), range(60, 90))
    made = lower(circuit)
    assert engine.state_qubits(made.program, keep_state=False) == 1
    keys = {int(key, 2) & ~1 for key in run(circuit).get_counts()}
    always = sum(1 << i for i in [*range(1, 30), 50, *range(60, 90)])
    assert keys == {always, always | sum(1 << i for i in range(30, 40))}


def test_a_bit_is_not_known_where_a_loop_changes_it():
    circuit = QuantumCircuit(70, 70)
    circuit.x(range(70))
    with circuit.for_loop(range(3)):
        circuit.measure(5, 5)
        circuit.measure(6, 6)
        with circuit.if_test((circuit.clbits[5], 1)):
            circuit.x(6)
        circuit.h(0)
        circuit.measure(0, 0)
        with circuit.while_loop((circuit.clbits[0], 1)):
            circuit.x(5)
            circuit.x(5)
            circuit.h(0)
            circuit.measure(0, 0)
    circuit.measure(6, 7)
    found = outcome(circuit)
    assert (found[5], found[6], found[7]) == ("1", "1", "0")


@SLOW
@given(
    circuit=dynamic_circuits(),
    known=st.sets(st.integers(0, 29)),
    at_last=st.sets(st.integers(0, 29)),
    prune=st.booleans(),
)
def test_a_wide_dynamic_circuit_is_the_narrow_one_beside_known_bits(circuit, known, at_last, prune):
    expected = distribution(circuit)
    qubits, clbits = QuantumRegister(60, "idle"), ClassicalRegister(30, "seen")
    offset = circuit.num_clbits
    circuit.add_register(qubits, clbits)
    for i in known:
        circuit.data.insert(0, CircuitInstruction(XGate(), [qubits[i]]))
    for i in at_last:
        circuit.x(qubits[i + 30])
        circuit.cx(qubits[i + 30], qubits[i])
    circuit.measure(qubits[:30], clbits)
    ones = sum(1 << (offset + i) for i in known ^ at_last)
    program = lower(circuit).program
    found = engine.execute(
        engine.Task(program, 1, 0, exact=True, switched_off=() if prune else ("merge_branches",), verify="fast")
    )
    keys = [sum(int(word) << 64 * i for i, word in enumerate(row)) for row in found.keys]
    probabilities = dict(zip(keys, found.probabilities, strict=True))
    for key in probabilities.keys() | {key | ones for key in expected}:
        assert key & ones == ones
        assert probabilities.get(key, 0) == pytest.approx(expected.get(key & ~ones, 0), abs=1e-9)


# Saves.

USED = [3, 9, 40]
"""The qubits that a state is spread over; qubit 11 is one, qubit 50 is zero in the end."""


def spread(width, *, measured=False):
    circuit = QuantumCircuit(width, 4)
    circuit.x(11)
    circuit.rz(0.3, 11)
    circuit.cx(11, 50 % width)
    circuit.x(50 % width)
    circuit.compose(narrow(), used(width), inplace=True)
    if measured:
        circuit.measure(used(width)[0], 1)
        circuit.ry(0.7, used(width)[1])
    return circuit


def used(width):
    return [qubit if qubit < width else width - 1 for qubit in USED]


def narrow():
    circuit = QuantumCircuit(3)
    for i, angle in enumerate([0.4, 1.3, 2.2]):
        circuit.ry(angle, i)
        circuit.rz(angle + 0.3, i)
    circuit.cx(0, 1)
    circuit.cx(2, 0)
    return circuit


def narrow_state():
    return Statevector(narrow())


def value_of(result):
    return result.data()["saved"]


def extended(qubits, width):
    """The state of some qubits in their order, beside known ones."""
    places = used(width)
    others = [qubit for qubit in qubits if qubit not in places]
    bits = [Statevector.from_label("1" if qubit == 11 else "0") for qubit in others]
    joined = reduce(lambda low, high: high.tensor(low), bits, narrow_state())
    order = places + others
    matrix = partial_trace(DensityMatrix(joined), [i for i, qubit in enumerate(order) if qubit not in qubits])
    left = [qubit for qubit in order if qubit in qubits]
    circuit = QuantumCircuit(len(qubits))
    circuit.append(PermutationGate([left.index(qubit) for qubit in qubits]), range(len(qubits)))
    return matrix.evolve(circuit)


QUBITS = [[3], [9, 5], [11, 3], [7, 40, 11, 9], [12, 11], [15]]


def on(qubits, width):
    return [qubit if qubit < width else width - 1 for qubit in qubits]


@pytest.mark.parametrize("width", [24, 64, 127])
@pytest.mark.parametrize("qubits", QUBITS)
@pytest.mark.parametrize("name", ["save_probabilities", "save_probabilities_dict", "save_density_matrix"])
@pytest.mark.parametrize("subtype", ["average", "list", "c_average", "accum"])
def test_saves_of_some_qubits(width, qubits, name, subtype):
    qubits = on(qubits, width)
    circuit = spread(width)
    save(circuit, name, subtype, qubits)
    found = value_of(run(circuit))
    expected = extended(qubits, width)
    if subtype == "list":
        assert len(found) == 100
        found = found[7]
    elif subtype == "c_average":
        found = found["0x0"]
    scale = 100 if subtype == "accum" else 1
    if name == "save_density_matrix":
        assert np.allclose(found.data, scale * expected.data, atol=1e-10)
    elif name == "save_probabilities":
        assert np.allclose(found, scale * expected.probabilities(), atol=1e-10)
    else:
        dense = [found.get(key, 0) for key in range(1 << len(qubits))]
        assert np.allclose(dense, scale * expected.probabilities(), atol=1e-10)


@pytest.mark.parametrize("width", [24, 63, 64, 127])
@pytest.mark.parametrize("subtype", ["average", "list", "c_average"])
def test_observables(width, subtype):
    letters = [
        ({}, 1.0),
        ({0: "Z", 5: "Z"}, 1.0),
        ({11: "Z"}, -1.0),
        ({11: "Z", 12: "Z"}, -1.0),
        ({11: "X"}, 0.0),
        ({5: "Y"}, 0.0),
    ]
    places = used(width)
    state = narrow_state()
    for pauli in ("XII", "ZZI", "YXZ", "IYI"):
        mean = state.expectation_value(SparsePauliOp(pauli)).real
        own = {places[2 - i]: letter for i, letter in enumerate(pauli) if letter != "I"}
        letters += [(own, mean), ({**own, 11: "Z"}, -mean), ({**own, 13: "Z"}, mean), ({**own, 14: "X"}, 0.0)]
    for which, (own, expected) in enumerate(letters):
        circuit = spread(width)
        label = "".join(own.get(qubit, "I") for qubit in reversed(range(width)))
        save(circuit, "save_expval", subtype, range(width), [(label, (1.0, 0.0))])
        found = value_of(run(circuit))
        found = found[3] if subtype == "list" else found["0x0"] if subtype == "c_average" else found
        assert found == pytest.approx(expected, abs=1e-10), (which, own)


def test_the_observable_of_a_circuit_laid_out_for_a_device():
    circuit = QuantumCircuit(127)
    circuit.h(3)
    circuit.cx(3, 126)
    label = "".join("X" if qubit in (3, 126) else "I" for qubit in reversed(range(127)))
    save(circuit, "save_expval_var", "average", range(127), [(label, (1.0, 0.0)), ("I" * 127, (0.0, 1.0))])
    assert np.allclose(value_of(run(circuit)), [1.0, 0.0])
    assert Simulator().estimate(circuit).num_qubits == 2


@pytest.mark.parametrize("width", [24, 64, 127])
def test_amplitudes(width):
    places, state = used(width), narrow_state()
    phase = np.exp(0.15j)  # of rz on qubit 11, which is one
    base = 1 << 11
    indices, expected = [0, base | 1], [0, 0]
    for i in range(8):
        indices.append(base | sum(1 << place for j, place in enumerate(places) if i >> j & 1))
        expected.append(phase * state[i])
    for name, subtype in (("save_amplitudes", "single"), ("save_amplitudes_sq", "average")):
        circuit = spread(width)
        save(circuit, name, subtype, range(width), indices)
        found = value_of(run(circuit))
        assert np.allclose(found, expected if name == "save_amplitudes" else np.abs(expected) ** 2, atol=1e-10)


def test_dictionaries_have_only_what_is_there():
    for width in (24, 64, 127):
        circuit = spread(width)
        save(circuit, "save_statevector_dict", "single", range(width))
        found = value_of(run(circuit))
        phase, state = np.exp(0.15j), narrow_state()
        assert len(found) == 8
        for i in range(8):
            key = hex(1 << 11 | sum(1 << place for j, place in enumerate(used(width)) if i >> j & 1))
            assert found[key] == pytest.approx(phase * state[i], abs=1e-10)
        circuit = spread(width)
        save(circuit, "save_probabilities_dict", "average", range(width))
        assert {hex(key): pytest.approx(p) for key, p in value_of(run(circuit)).items()} == {
            key: abs(value) ** 2 for key, value in found.items()
        }


def test_a_statevector_with_known_qubits():
    circuit = spread(22)
    save(circuit, "save_statevector", "single", range(22))
    found = value_of(run(circuit)).data
    present = np.flatnonzero(abs(found) > 1e-12)
    assert len(present) == 8
    assert set(present & (1 << 11)) == {1 << 11}
    assert np.linalg.norm(found) == pytest.approx(1)


@pytest.mark.parametrize("subtype", ["c_average", "list", "c_list", "average"])
def test_saves_between_measurements(subtype):
    wide = spread(100, measured=True)
    qubits = [11, used(100)[1], 60]
    save(wide, "save_probabilities", subtype, qubits)
    wide.measure(used(100)[1], 2)
    wide.measure(11, 3)
    result = run(wide)
    found = value_of(result)
    memory = [int(text, 2) for text in result.get_memory()]
    assert all(bits >> 3 & 1 for bits in memory)
    values = list(found.values()) if isinstance(found, dict) else found if subtype == "list" else [found]
    for value in (one for each in values for one in (each if subtype == "c_list" else [each])):
        assert value.shape == (8,)
        assert value[1] + value[3] == pytest.approx(1)
    if subtype == "list":
        assert len(found) == 100
        for bits, value in zip(memory, found, strict=True):
            same = [other for seen, other in zip(memory, found, strict=True) if seen >> 1 & 1 == bits >> 1 & 1]
            assert np.allclose(value, same[0])


def test_a_global_phase_beside_an_initialisation_of_all_that_is_left():
    circuit = QuantumCircuit(30)
    circuit.x(20)
    circuit.p(0.7, 20)
    circuit.initialize([0, 1, 0, 0], [0, 1])
    save(circuit, "save_amplitudes", "single", range(30), [1 << 20 | 1])
    assert value_of(run(circuit))[0] == pytest.approx(np.exp(0.7j))


def test_only_what_is_saved_or_measured_needs_amplitudes():
    for width in (20, 64, 127):
        circuit = QuantumCircuit(width)
        circuit.h(range(width))
        circuit.ry(0.4, 0)
        circuit.cx(0, width - 1)
        circuit.cz(5, 6)
        save(circuit, "save_density_matrix", "average", [0, 3])
        assert Simulator().estimate(circuit).num_qubits == 3
        expected = partial_trace(Statevector(narrow_part()), [1]).data
        assert np.allclose(value_of(run(circuit)).data, np.kron(np.full((2, 2), 0.5), expected))


def narrow_part():
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    circuit.ry(0.4, 0)
    circuit.cx(0, 1)
    return circuit


def test_wide_circuits_of_which_few_qubits_are_measured():
    circuit = QuantumCircuit(100, 3)
    circuit.h(range(100))
    circuit.cx(range(50), range(50, 100))
    circuit.ry(0.2, range(100))
    circuit.measure([0, 50, 7], [0, 1, 2])
    circuit.h(range(100))
    assert Simulator().estimate(circuit).num_qubits <= 4
    assert sum(run(circuit).get_counts().values()) == 100


# What does not fit.


@pytest.mark.parametrize("width", [63, 64, 100, 10_000])
def test_an_estimate_of_any_width(width):
    circuit = QuantumCircuit(width)
    circuit.h(0)
    for qubit in range(width - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    for options in ({}, {"exact": True}, {"precision": "single"}, {"return_state": True}, {"memory": True}):
        found = Simulator().estimate(circuit, **options)
        assert not found.fits
        assert found.num_qubits == width
        assert found.state_bytes == (8 if options.get("precision") == "single" else 16) << width
        assert found.peak_bytes >= found.state_bytes
        assert found.seconds > 1e6
        assert found.sweeps > 0
        assert 4 < found.max_qubits < 63
        repr(found)
        refusal = rf"2\^{width} amplitudes for {width} qubits.*at most \d+"
        with pytest.raises(InsufficientMemoryError, match=refusal) as info:
            Simulator().run(circuit, **options)
        assert info.value.required_bytes == found.state_bytes
        assert info.value.max_qubits == found.max_qubits
    with pytest.raises(InsufficientMemoryError):
        Simulator().explain(circuit)


def test_a_wide_estimate_prints(tmp_path, capsys):
    path = tmp_path / "wide.qasm"
    path.write_text('OPENQASM 2.0; include "qelib1.inc"; qreg q[100]; creg c[1]; h q; measure q[0]->c[0];')
    assert main(["estimate", str(path)]) == 0
    assert main(["estimate", "--json", str(path)]) == 0
    text = capsys.readouterr().out
    json.loads(text.strip().splitlines()[-1])


@pytest.mark.parametrize("name", ["save_statevector", "save_probabilities"])
def test_what_returns_too_much_is_refused(name):
    circuit = QuantumCircuit(127)
    circuit.h(3)
    save(circuit, name, "single" if name == "save_statevector" else "average", range(127))
    with pytest.raises(InsufficientMemoryError, match=rf"{name} 'saved' of 127 qubits returns takes 2\^1\d\d bytes"):
        Simulator().run(circuit)
    assert not Simulator().estimate(circuit).fits


def test_what_is_left_out_is_told_beforehand():
    circuit = QuantumCircuit(200, 200)
    circuit.x(range(200))
    circuit.h(7)
    circuit.measure(range(200), range(200))
    found = Simulator().estimate(circuit)
    assert (found.num_qubits, found.fits) == (1, True)
    assert admission_now(SimulatorOptions()).estimate(lower(circuit)).num_qubits == 1
