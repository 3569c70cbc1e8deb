"""Save instructions: recognised by their names, and shown in the forms that Aer 0.18 gives them."""

from __future__ import annotations

import io
import json
import pickle

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy, transpile
from qiskit.circuit import ClassicalRegister, Instruction, QuantumRegister
from qiskit.circuit.classical import expr, types
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import DensityMatrix, Kraus, Pauli, SparsePauliOp, Statevector, partial_trace
from qiskit.result import ProbDistribution
from support.engine_runs import FACTS
from support.saves import Save

from ketjet import Simulator, StateVector
from ketjet.engine import Outcome, SavedRecord, Task, execute
from ketjet.errors import InsufficientMemoryError, InvalidCircuitError, UnsupportedInstructionError
from ketjet.lowering import lower
from ketjet.results.saved_data import SavedData
from ketjet.saves import SAVES, SaveRequest

OPERATOR = SparsePauliOp(["ZZ", "XI", "YY"], [1.0, 0.5, 0.25])


def terms(operator, *, variance):
    found = {label: (coefficient.real, 0) for label, coefficient in operator.label_iter()}
    if variance:
        for label, coefficient in operator.dot(operator).label_iter():
            first, second = found.get(label, (0, 0))
            found[label] = first, second + coefficient.real
    return list(found.items())


def save(circuit, name, subtype="", qubits=None, label="L", params=()):
    qubits = circuit.qubits if qubits is None else qubits
    subtype = subtype or ("single" if name in SINGLE else "average")
    if name.startswith("save_expval") and not params:
        params = terms(OPERATOR, variance=name.endswith("var"))
    circuit.append(Save(name, len(qubits), label, subtype, params), qubits)


def run(circuit, **options):
    return Simulator(seed_simulator=5).run(circuit, **{"shots": 40, "memory": True, **options}).result()


def parted():
    """Qubit 0 is measured, qubit 1 follows it and is turned; both outcomes are equally likely."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure(0, 0)
    circuit.ry(0.3, 1)
    return circuit


def branch(bit):
    """The state of `parted` after the outcome."""
    c, s = np.cos(0.15), np.sin(0.15)
    return np.array([0, -s, 0, c] if bit else [c, 0, s, 0], complex)


def bits_of(result):
    """What classical bit 0 was in every shot."""
    return [int(text[-1]) for text in result.get_memory()]


def value(name, state, qubits=(0, 1)):
    """What an instruction saves of a state, made by Qiskit."""
    vector = Statevector(state)
    if name.startswith("save_expval"):
        mean = vector.expectation_value(OPERATOR).real
        return [mean, vector.expectation_value(OPERATOR @ OPERATOR).real - mean**2][: 1 + name.endswith("var")]
    if name in {"save_amplitudes", "save_amplitudes_sq"}:
        chosen = np.asarray(state)[[0, 3]]
        return chosen if name == "save_amplitudes" else abs(chosen) ** 2
    if name.startswith("save_probabilities"):
        return vector.probabilities(list(qubits))
    if name == "save_density_matrix":
        others = [qubit for qubit in range(2) if qubit not in qubits]
        return partial_trace(vector, others).data
    return state


NAMES = {
    "save_statevector": (Statevector, (0, 1)),
    "save_state": (Statevector, (0, 1)),
    "save_statevector_dict": (dict, (0, 1)),
    "save_amplitudes": (np.ndarray, (0, 1)),
    "save_amplitudes_sq": (np.ndarray, (0, 1)),
    "save_probabilities": (np.ndarray, (1, 0)),
    "save_probabilities_dict": (ProbDistribution, (1, 0)),
    "save_expval": (float, (0, 1)),
    "save_expval_var": (np.ndarray, (0, 1)),
    "save_density_matrix": (DensityMatrix, (0,)),
}
SINGLE = ["save_statevector", "save_state", "save_statevector_dict", "save_amplitudes"]
AVERAGED = [name for name in NAMES if name not in SINGLE]


def plain(name, shown):
    """The numbers in what was saved, after a look at its type."""
    assert type(shown) is NAMES[name][0]
    if name == "save_statevector_dict":
        assert all(type(key) is str and type(entry) is complex for key, entry in shown.items())
        assert all(abs(entry) > 1e-10 for entry in shown.values())
        return np.array([shown.get(hex(key), 0) for key in range(4)])
    if name == "save_probabilities_dict":
        assert all(type(key) is int and type(entry) is float for key, entry in shown.items())
        return np.array([shown.get(key, 0) for key in range(4)])
    if name in {"save_amplitudes", "save_amplitudes_sq", "save_probabilities", "save_expval_var"}:
        assert shown.dtype == (np.complex128 if name == "save_amplitudes" else np.float64)
    return np.asarray(shown.data if hasattr(shown, "dims") else shown)


def saved(name, subtype, **options):
    circuit, qubits = parted(), list(NAMES[name][1])
    label = "L" if name != "save_state" else "_method_"
    save(circuit, name, subtype, qubits, label, [0, 3] if "amplitudes" in name else ())
    circuit.measure(1, 1)
    result = run(circuit, **options)
    shown = result.data()["L" if name != "save_state" else "statevector"]
    return result, shown, [value(name, branch(bit), qubits) for bit in (0, 1)]


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("name", SINGLE)
def test_single(name, precision):
    tolerance = {"atol": 1e-12 if precision == "double" else 1e-6}
    _, shown, expected = saved(name, "single", precision=precision)
    assert any(np.allclose(plain(name, shown), each, **tolerance) for each in expected)
    _, shown, expected = saved(name, "c_single", precision=precision)
    assert list(shown) == ["0x0", "0x1"]
    for key, each in zip(shown, expected, strict=True):
        assert np.allclose(plain(name, shown[key]), each, **tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_a_list_of_all_shots(name):
    result, shown, expected = saved(name, "list")
    bits = bits_of(result)
    assert type(shown) is (np.ndarray if name == "save_expval" else list)
    assert len(shown) == len(bits) == 40
    if name == "save_expval":
        shown = shown.tolist()
    for bit, each in zip(bits, shown, strict=True):
        assert np.allclose(plain(name, each), expected[bit])
    result, shown, expected = saved(name, "c_list", memory=False)
    assert list(shown) == ["0x0", "0x1"]
    assert sum(map(len, shown.values())) == 40
    assert "memory" not in result.data()
    for bit, key in enumerate(shown):
        entries = shown[key].tolist() if name == "save_expval" else shown[key]
        assert all(np.allclose(plain(name, each), expected[bit]) for each in entries)


@pytest.mark.parametrize("name", AVERAGED)
def test_averages_and_sums(name):
    result, shown, expected = saved(name, "average")
    counts = np.bincount(bits_of(result), minlength=2)
    weighted = sum(count * np.asarray(each) for count, each in zip(counts, expected, strict=True))
    assert np.allclose(plain(name, shown), weighted / 40)
    assert np.allclose(plain(name, saved(name, "accum")[1]), weighted)
    for subtype, factors in (("c_average", (1, 1)), ("c_accum", counts)):
        _, shown, _ = saved(name, subtype)
        assert list(shown) == ["0x0", "0x1"]
        for key, each, factor in zip(shown, expected, factors, strict=True):
            assert np.allclose(plain(name, shown[key]), factor * np.asarray(each))


def test_aer_metadata():
    result, _, _ = saved("save_state", "c_single")
    metadata = result.results[0].metadata
    assert metadata["result_types"] == {"statevector": "save_statevector"}
    assert metadata["result_subtypes"] == {"statevector": "c_single"}
    plain_run = run(parted())
    assert "result_types" not in plain_run.results[0].metadata


def test_get_statevector():
    circuit = QuantumCircuit(3)
    circuit.ry(0.3, 1)
    save(circuit, "save_statevector", label="statevector")
    circuit.x(0)
    result = run(circuit)
    assert type(result.get_statevector()) is Statevector
    assert result.get_statevector() == Statevector.from_label("000").evolve(QuantumCircuit.from_instructions(
        circuit.data[:1], qubits=circuit.qubits))  # fmt: skip
    assert np.array_equal(result.get_statevector(decimals=1).data, [1, 0, 0.1, 0, 0, 0, 0, 0])
    assert result.get_counts() == pytest.approx({"000": np.cos(0.15) ** 2, "010": np.sin(0.15) ** 2})
    with_state = run(circuit, return_state=True)
    assert type(with_state.get_statevector()) is Statevector
    assert with_state.data().keys() == {"statevector"}


def test_a_multiple_of_the_identity_is_known_whatever_rounding_has_made_of_the_norm():
    circuit = QuantumCircuit(3)
    for step in range(300):
        circuit.ry(0.1 + step, range(3))
        circuit.cx(step % 3, (step + 1) % 3)
    save(circuit, "save_expval", label="identity", params=[("III", (0.7, 0))])
    save(circuit, "save_expval", label="z", params=[("IIZ", (0.5, 0))])
    save(circuit, "save_expval", label="both", params=[("III", (0.7, 0)), ("IIZ", (0.5, 0))])
    data = run(circuit, precision="single").data()
    assert data["identity"] == 0.7
    assert data["both"] == data["z"] + 0.7


def test_idle_qubits_and_other_orders():
    circuit = QuantumCircuit(3)
    circuit.x(0)
    save(circuit, "save_statevector", qubits=[2, 1, 0], label="all")
    save(circuit, "save_amplitudes", qubits=[1, 0, 2], label="some", params=[1, 2])
    save(circuit, "save_density_matrix", qubits=[1, 0], label="rho")
    save(circuit, "save_probabilities", qubits=[1, 0], label="p")
    save(circuit, "save_expval", qubits=[1, 0], label="z", params=[("IZ", (1.0, 0)), ("ZI", (2.0, 0))])
    data = run(circuit).data()
    assert np.array_equal(data["all"].data, np.eye(8)[1])
    assert np.array_equal(data["some"], [1, 0])
    assert np.array_equal(data["rho"].data, np.diag(np.eye(4)[2]))
    assert np.array_equal(data["p"], [0, 0, 1, 0])
    assert data["z"] == -1


def test_small_values_are_left_out_of_dictionaries_alone():
    circuit = QuantumCircuit(3)
    circuit.ry(1e-6, 0)
    circuit.ry(1e-4, 1)
    for name in ("save_statevector_dict", "save_probabilities_dict", "save_statevector", "save_probabilities"):
        save(circuit, name, label=name)
    data = run(circuit).data()
    assert list(data["save_statevector_dict"]) == ["0x0", "0x1", "0x2"]
    assert list(data["save_probabilities_dict"]) == [0, 2]
    assert np.count_nonzero(data["save_statevector"].data) == np.count_nonzero(data["save_probabilities"]) == 4
    everything = run(circuit, zero_threshold=0).data()
    assert len(everything["save_statevector_dict"]) == len(everything["save_probabilities_dict"]) == 4


def test_conditional_keys():
    wide = QuantumCircuit(1, 70)
    wide.x(0)
    wide.measure(0, 69)
    wide.measure(0, 1)
    save(wide, "save_probabilities", "c_average")
    wide.h(0)
    wide.measure(0, 3)
    assert list(run(wide).data()["L"]) == ["0x200000000000000002"]
    registers = QuantumCircuit(QuantumRegister(1), ClassicalRegister(2, "a"), ClassicalRegister(3, "b"))
    registers.x(0)
    registers.measure(0, 3)
    save(registers, "save_probabilities", "c_average")
    assert list(run(registers).data()["L"]) == ["0x8"]
    without = QuantumCircuit(1)
    save(without, "save_expval", "c_list", params=[("Z", (1.0, 0))])
    assert run(without, shots=3).data()["L"].keys() == {""}
    assert np.array_equal(run(without, shots=3).data()["L"][""], [1, 1, 1])


def test_what_no_shot_passes_is_not_in_the_data():
    circuit = QuantumCircuit(1, 2)
    with circuit.if_test((circuit.clbits[0], 1)):
        save(circuit, "save_probabilities", label="never")
    circuit.h(0)
    circuit.measure(0, 1)
    with circuit.if_test((circuit.clbits[1], 1)):
        save(circuit, "save_probabilities", "list", label="list")
        save(circuit, "save_probabilities", "average", label="average")
        save(circuit, "save_probabilities", "accum", label="accum")
    result = run(circuit)
    data, ones = result.data(), sum(text[0] == "1" for text in result.get_memory())
    assert data.keys() == {"counts", "memory", "list", "average", "accum"}
    assert [each.tolist() for each in data["list"]] == [[0, 1]] * ones
    assert np.array_equal(data["average"], [0, 1])
    assert np.array_equal(data["accum"], [0, ones])
    assert result.results[0].metadata["result_types"].keys() == {"list", "average", "accum"}


def test_in_loops_every_turn_has_its_entry():
    circuit = QuantumCircuit(1, 1)
    with circuit.for_loop(range(3)):
        save(circuit, "save_expval", "list", label="list", params=[("Z", (1.0, 0))])
        save(circuit, "save_expval", "average", label="average", params=[("Z", (1.0, 0))])
        circuit.x(0)
    circuit.measure(0, 0)
    data = run(circuit, shots=2).data()
    assert np.array_equal(data["list"], [1, -1, 1, 1, -1, 1])
    assert data["average"] == pytest.approx(1 / 3)


def test_in_a_loop_of_unknown_length():
    circuit = QuantumCircuit(1, 2)
    with circuit.while_loop((circuit.clbits[0], 0)):
        save(circuit, "save_expval", "list", params=[("Z", (1.0, 0))])
        circuit.reset(0)
        circuit.h(0)
        circuit.measure(0, 0)
    result = run(circuit, shots=200)
    entries = result.data()["L"]
    assert len(entries) > 250
    assert set(entries.tolist()) == {1.0}


def test_set_statevector():
    state = np.array([0.6, 0, 0.8j, 0])
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.append(Instruction("set_statevector", 2, 0, [state]), [1, 0])
    save(circuit, "save_statevector")
    assert np.allclose(run(circuit).data()["L"].data, state)
    wrong = QuantumCircuit(2)
    wrong.append(Instruction("set_statevector", 2, 0, [state[:2]]), [0, 1])
    with pytest.raises(InvalidCircuitError, match="2 amplitudes, but 2 qubits have 4"):
        run(wrong)
    wrong = QuantumCircuit(2)
    wrong.append(Instruction("set_statevector", 2, 0, [2 * state]), [0, 1])
    with pytest.raises(InvalidCircuitError, match="norm 2"):
        run(wrong)


def refusal(build, num_qubits=2, **options):
    circuit = QuantumCircuit(num_qubits, 1, name="c")
    build(circuit)
    with pytest.raises(InvalidCircuitError) as caught:
        run(circuit, **options)
    return str(caught.value)


def test_refusals_name_the_instruction_and_the_fix():
    def twice(circuit):
        save(circuit, "save_probabilities")
        save(circuit, "save_statevector")

    assert "instruction 1: 'save_statevector' on qubits [0, 1]: there is another save with the label 'L'" in refusal(
        twice
    )
    part = refusal(lambda circuit: (circuit.h(1), save(circuit, "save_statevector", qubits=[0])))
    assert "acts on other qubits too; apply it to all qubits" in part
    assert "use another label" in refusal(lambda circuit: save(circuit, "save_statevector", label="counts"))
    assert "its subtype is 'average'; use one of 'single'" in refusal(
        lambda circuit: save(circuit, "save_statevector", "average")
    )
    assert "basis state 4 does not exist; use numbers from 0 to 3" in refusal(
        lambda circuit: save(circuit, "save_amplitudes", params=[4])
    )
    assert "Hermitian" in refusal(lambda circuit: save(circuit, "save_expval", params=[("Z", (1.0, 0))]))
    for wrong in (0.5, "1", None, np.nan):
        assert "is no integer" in refusal(lambda circuit: save(circuit, "save_amplitudes", params=[wrong]))  # noqa: B023
    assert "Hermitian" in refusal(lambda circuit: save(circuit, "save_expval", params=["Z"]))
    assert "finite" in refusal(lambda circuit: save(circuit, "save_expval", params=[("ZZ", (np.nan, 0))]))
    assert "at most 14 qubits" in refusal(lambda circuit: save(circuit, "save_density_matrix"), 15)
    assert "lists every shot" in refusal(lambda circuit: save(circuit, "save_statevector", "list"), exact=True,
                                         memory=False)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("save_superop", "use save_unitary instead"),
        ("save_stabilizer", "use save_statevector instead"),
        ("save_clifford", "use save_statevector instead"),
        ("save_matrix_product_state", "use save_statevector instead"),
        ("set_unitary", "append the matrix as a UnitaryGate instead"),
        ("set_superop", "append a UnitaryGate instead"),
        ("set_stabilizer", "use set_statevector instead"),
        ("set_density_matrix", "use set_statevector instead"),
        ("set_matrix_product_state", "use set_statevector instead"),
        ("kraus", "ketjet simulates without noise"),
        ("superop", "ketjet simulates without noise"),
        ("quantum_channel", "ketjet simulates without noise"),
        ("roerror", "ketjet simulates without noise"),
        ("snapshot", "use one of Aer's save instructions instead"),
        ("save_the_day", "use one of save_statevector, "),
        ("oracle", "give it a definition"),
    ],
)
def test_what_is_refused_by_name_says_what_to_do(name, advice):
    circuit = QuantumCircuit(1)
    circuit.append(Instruction(name, 1, 0, []), [0])
    inner = QuantumCircuit(1)
    inner.append(circuit.to_instruction(), [0])
    for each in (circuit, inner):
        with pytest.raises(UnsupportedInstructionError, match=f"'{name}' on qubits .0.: .*{advice}"):
            run(each)


def test_a_noisy_channel_of_qiskit_is_refused_by_name():
    circuit = QuantumCircuit(1)
    circuit.append(Kraus([np.sqrt(0.9) * np.eye(2), np.sqrt(0.1) * np.diag([1, -1])]).to_instruction(), [0])
    with pytest.raises(UnsupportedInstructionError, match=r"'kraus' on qubits .0.: ketjet simulates without noise"):
        run(circuit)


def test_unknown_ways_to_save_are_refused_unless_they_have_a_definition():
    circuit = QuantumCircuit(1)
    circuit.append(Instruction("save_the_day", 1, 0, []), [0])
    with pytest.raises(UnsupportedInstructionError, match="use one of save_statevector"):
        run(circuit)
    own = QuantumCircuit(1, name="save_energy")
    own.x(0)
    circuit = QuantumCircuit(1)
    circuit.append(own.to_gate(), [0])
    circuit.measure_all()
    assert run(circuit).get_counts() == {"1": 40}


def test_a_save_inside_a_definition():
    inner = QuantumCircuit(1, name="inner")
    inner.x(0)
    save(inner, "save_probabilities")
    circuit = QuantumCircuit(1)
    circuit.append(inner.to_instruction(), [0])
    assert np.array_equal(run(circuit).data()["L"], [0, 1])
    circuit.append(inner.to_instruction(), [0])
    with pytest.raises(InvalidCircuitError, match="another save with the label 'L'"):
        run(circuit)


def test_a_state_vector_of_ones_own_has_no_saves():
    circuit = QuantumCircuit(1)
    save(circuit, "save_probabilities")
    with pytest.raises(InvalidCircuitError, match="has the save 'L'; remove it"):
        StateVector(1).evolve(circuit)


def test_results_with_saved_data_are_plain_and_pickle():
    circuit = parted()
    for name in NAMES:
        subtype = "list" if name in {"save_statevector", "save_expval"} else ""
        save(circuit, name, subtype, label=name, params=[0, 3] if "amplitudes" in name else ())
    save(circuit, "save_density_matrix", "c_average", [0], label="to_dict")
    circuit.measure(1, 1)
    result = run(circuit)
    text = json.dumps(result.to_dict(), allow_nan=False)
    data = json.loads(text)["results"][0]["data"]
    assert len(data["save_statevector"]) == 40
    assert np.shape(data["to_dict"]["0x0"]) == (2, 2, 2)
    again = pickle.loads(pickle.dumps(result))
    assert again.to_dict() == result.to_dict()
    assert type(again.data()["save_density_matrix"]) is DensityMatrix


def record(identity, previous, clbits, data, weight=1.0, number=0):
    return SavedRecord(number, identity, previous, weight, np.array([clbits], np.uint64), np.asarray(data))


def test_chains_give_every_shot_its_records_in_order():
    records = (record(11, 0, 0, [0.0]), record(12, 11, 1, [1.0]), record(13, 11, 2, [2.0]))
    chains = np.array([[13], [11], [0], [12]], np.uint64)
    empty = np.zeros((0, 1), np.uint64)
    outcome = Outcome(empty, np.zeros(0, np.int64), None, None, 2, FACTS, saves=records, chains=chains)
    for name, subtype, expected in [
        ("save_expval", "list", [0.0, 2.0, 0.0, 0.0, 1.0]),
        ("save_expval", "c_list", {"0x0": [0.0, 0.0, 0.0], "0x1": [1.0], "0x2": [2.0]}),
    ]:
        shown = SavedData([SaveRequest(0, "L", name, subtype, 1, 0)], outcome, 0)["L"]
        if subtype == "list":
            assert shown.tolist() == expected
        else:
            assert {key: entries.tolist() for key, entries in shown.items()} == expected


def test_without_any_record_there_is_no_label():
    outcome = Outcome(np.zeros((0, 1), np.uint64), np.zeros(0, np.int64), None, None, 2, FACTS)
    saved_data = SavedData([SaveRequest(0, "L", "save_expval", "list", 1, 0)], outcome, 0)
    assert saved_data.labels == []
    with pytest.raises(QiskitError, match="no statevector"):
        run(QuantumCircuit(1, 1).compose(parted_measurement())).get_statevector()


def parted_measurement():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    return circuit


def test_the_paulis_of_an_operator_act_on_the_qubits_of_the_instruction():
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.s(0)
    circuit.x(2)
    for label in ("YZ", "ZY", "XZ", "IY"):
        params = terms(SparsePauliOp(Pauli(label)), variance=False)
        save(circuit, "save_expval", qubits=[2, 0], label=label, params=params)
    data = run(circuit).data()
    assert data == pytest.approx({"YZ": -1, "ZY": 0, "XZ": 0, "IY": 0}, abs=1e-12)


@pytest.mark.parametrize("level", range(4))
def test_the_transpiler_leaves_saves_where_they_are(level):
    circuit = parted()
    save(circuit, "save_statevector", label="before")
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
        save(circuit, "save_probabilities", qubits=[1], label="inside")
    circuit.append(Instruction("set_statevector", 2, 0, [[0, 1, 0, 0]]), [0, 1])
    save(circuit, "save_state", label="after")
    changed = transpile(circuit, Simulator(), optimization_level=level)
    assert [each.name for each in changed.data][-4:] == ["save_statevector", "if_else", "set_statevector", "save_state"]
    before, after = run(circuit).data(), run(changed).data()
    assert before.keys() == after.keys() == {"counts", "memory", "before", "inside", "after"}
    assert np.allclose(before["after"].data, after["after"].data)
    assert np.allclose(before["inside"], after["inside"])


@pytest.mark.parametrize("name", [name for name in SAVES if "expval" not in name])
@pytest.mark.parametrize("subtype", ["single", "list", "c_single", "average", "c_average", "accum", "c_accum"])
def test_a_save_that_was_in_a_file_has_lost_what_it_saves(name, subtype):
    circuit = parted()
    save(circuit, name, subtype, label="L", params=[0, 3] if "amplitudes" in name else ())
    file = io.BytesIO()
    qpy.dump(circuit, file)
    file.seek(0)
    loaded = qpy.load(file)[0]
    for way in (Simulator().run, Simulator().estimate, Simulator().explain):
        with pytest.raises(InvalidCircuitError, match=f"{name}.*QPY files do not keep it; append it again"):
            way(loaded)


def test_a_state_that_was_set_comes_back_from_a_file():
    circuit = QuantumCircuit(1, 1)
    circuit.append(Instruction("set_statevector", 1, 0, [np.array([0.6, 0.8j])]), [0])
    circuit.measure(0, 0)
    file = io.BytesIO()
    qpy.dump(circuit, file)
    file.seek(0)
    assert run(qpy.load(file)[0], exact=True, memory=False).get_probabilities() == pytest.approx({"0": 0.36, "1": 0.64})


def test_memory_is_estimated_with_what_is_saved():
    circuit = QuantumCircuit(10)
    circuit.h(range(10))
    backend, sizes = Simulator(), []
    for name, subtype in [("", ""), ("save_statevector", "single"), ("save_density_matrix", "accum")]:
        if name:
            save(circuit, name, subtype, label=name)
        sizes.append(backend.estimate(circuit, shots=1).peak_bytes)
    assert sizes[1] >= sizes[0] + (16 << 10)
    assert sizes[2] == sizes[1] + (16 << 20)
    save(circuit, "save_expval", "list", circuit.qubits[:2], "listed")
    with pytest.raises(InsufficientMemoryError, match="fewer shots"):
        run(circuit, shots=10**13)


@pytest.mark.parametrize("mode", ["fast", "full"])
def test_checked_runs_save_the_same(mode):
    circuit = parted()
    save(circuit, "save_probabilities", "list")
    save(circuit, "save_density_matrix", "c_average", [1], label="rho")
    circuit.measure(1, 1)
    checked, plain_run = run(circuit, verify=mode).data(), run(circuit).data()
    assert np.allclose(checked["L"], plain_run["L"])
    assert checked["rho"] == plain_run["rho"]


@pytest.mark.parametrize("detour", range(1, 20))
def test_records_differ_after_trajectories_of_different_lengths_have_met(detour):
    circuit = QuantumCircuit(2, 1)
    turn = circuit.add_var("turn", expr.lift(0, types.Uint(8)))
    unused = circuit.add_var("unused", expr.lift(0, types.Uint(8)))
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    with circuit.while_loop(expr.less(turn, 3)):
        circuit.store(turn, expr.add(turn, 1))
        with circuit.if_test((circuit.clbits[0], 1)) as else_:
            circuit.store(unused, 0)
        with else_:
            with circuit.if_test(expr.equal(turn, 1)):
                for _ in range(detour):
                    circuit.store(unused, 0)
            save(circuit, "save_probabilities", "list", [1])
    outcome = execute(Task(lower(circuit).program, shots=20, seed=1, states=50))
    assert len({record.identity for record in outcome.saves}) == len(outcome.saves) == 3
    assert all(record.identity != record.previous for record in outcome.saves)


def test_single_saves_are_of_one_shot():
    circuit = QuantumCircuit(4, 4)
    circuit.h(range(4))
    for qubit in range(4):
        circuit.measure(qubit, qubit)
        save(circuit, "save_statevector", "single", range(4), f"{qubit + 1} measured")
    for seed in range(20):
        data = Simulator().run(circuit, shots=50, seed_simulator=seed).result().data()
        found = [int(np.argmax(np.abs(data[f"{count} measured"].data))) for count in range(1, 5)]
        assert [one % 2 ** (count + 1) for count, one in enumerate(found)] == [found[-1] % 2**n for n in range(1, 5)]


def test_many_keys_have_a_record_each():
    """A quadratic search for the record of a key would take minutes for these."""
    bits = 14
    circuit = QuantumCircuit(1, bits)
    for bit in range(bits):
        circuit.ry(0.4 + 0.1 * bit, 0)
        circuit.measure(0, bit)
        circuit.reset(0)
    circuit.ry(0.6, 0)
    save(circuit, "save_statevector", "c_single", [0], "state")
    save(circuit, "save_probabilities", "c_average", [0], "mean")
    save(circuit, "save_probabilities", "c_accum", [0], "sum")
    result = run(circuit, shots=1 << 16, memory=False)
    counts = result.data()["counts"]
    data = result.data()
    assert len(counts) > 1 << 11
    for label in ("state", "mean", "sum"):
        assert list(data[label]) == sorted(counts, key=lambda key: int(key, 16))
    expected = np.array([np.cos(0.3), np.sin(0.3)])
    for key, count in counts.items():
        assert np.allclose(data["state"][key].data, expected)
        assert np.allclose(data["mean"][key], expected**2)
        assert np.allclose(data["sum"][key], count * expected**2)
