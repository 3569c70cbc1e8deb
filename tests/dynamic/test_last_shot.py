"""What is saved of one shot only, and the state at the end, are those of the shot that stands last in the memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles.dynamic import run as interpret
from qiskit import QuantumCircuit
from support.dynamic_strategies import dynamic_circuits
from support.saves import save

from ketjet import Simulator
from ketjet.errors import InvalidCircuitError


def saving(circuit, label, subtype="single"):
    save(circuit, "save_statevector", subtype, circuit.qubits, label=label)


def with_saves(circuit, places):
    """The circuit with a save before the instructions at some places, and one at its end."""
    result = circuit.copy_empty_like()
    for index, instruction in enumerate(circuit.data):
        if index in places:
            saving(result, f"s{index}")
        result.append(instruction)
    saving(result, "end")
    return result


def fidelity(a, b):
    return abs(np.vdot(np.asarray(a).reshape(-1), np.asarray(b).reshape(-1))) ** 2


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    circuit=dynamic_circuits(max_qubits=3),
    places=st.sets(st.integers(0, 8), max_size=3),
    shots=st.sampled_from([1, 7, 300]),
    seed=st.integers(0, 100),
)
def test_what_is_saved_fits_the_last_entry_of_the_memory(circuit, places, shots, seed):
    circuit = with_saves(circuit, places)
    backend = Simulator(seed_simulator=seed)
    result = backend.run(circuit, shots=shots, memory=True, return_state=True).result()
    data = result.data()
    last = int(result.get_memory()[-1].replace(" ", ""), 2) if circuit.num_clbits and "memory" in data else 0
    saves = {label: np.asarray(data[label]) for label in [f"s{place}" for place in sorted(places)] if label in data}

    def fits(branch):
        if "memory" in data and branch.bits != last:
            return False
        own = {operation._label: state for operation, _, state in branch.saves}
        return own.keys() == {*saves, "end"} and all(
            fidelity(own[label], value) > 1 - 1e-9 for label, value in (*saves.items(), ("end", data["end"]))
        )

    ends = interpret(circuit).branches
    assert any(map(fits, ends))
    again = backend.run(circuit, shots=shots, return_state=True).result().data()
    assert np.allclose(again["end"], data["end"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("shots", [1, 2, 50, 100_000])
@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("qubits", [4, 14])
def test_the_returned_state_is_that_of_the_last_shot(shots, memory, qubits):
    circuit = QuantumCircuit(qubits, 4)
    circuit.h(range(4))
    for qubit in range(4):
        circuit.measure(qubit, qubit)
        circuit.reset(qubit)
        with circuit.if_test((circuit.clbits[qubit], 1)):
            circuit.x(qubit)
    circuit.x(0)
    for seed in range(6):
        backend = Simulator(seed_simulator=seed)
        shown = backend.run(circuit, shots=shots, memory=memory, return_state=True).result()
        listed = shown if memory else backend.run(circuit, shots=shots, memory=True, return_state=True).result()
        index = int(np.argmax(np.abs(shown.data()["statevector"])))
        assert index ^ 1 == int(listed.get_memory()[-1], 2)


def test_saves_listed_per_shot_agree_with_the_single_one():
    circuit = QuantumCircuit(2, 2)
    circuit.h([0, 1])
    circuit.measure([0, 1], [0, 1])
    saving(circuit, "each", "list")
    saving(circuit, "last")
    for seed in range(8):
        result = Simulator(seed_simulator=seed).run(circuit, shots=20, memory=True).result()
        data = result.data()
        assert np.array_equal(data["each"][-1], data["last"])
        assert int(np.argmax(np.abs(data["last"]))) == int(result.get_memory()[-1], 2)


def measured_first(build):
    circuit = QuantumCircuit(1, 1, name="c")
    build(circuit)
    return circuit


def loop(circuit):
    with circuit.while_loop((circuit.clbits[0], 0)):
        saving(circuit, "L")
        circuit.h(0)
        circuit.measure(0, 0)


def after(circuit):
    circuit.h(0)
    circuit.measure(0, 0)
    saving(circuit, "L")


def before(circuit):
    circuit.h(0)
    saving(circuit, "L")
    circuit.measure(0, 0)
    circuit.h(0)


def test_an_exact_run_has_no_last_shot():
    for build in (after, loop):
        with pytest.raises(InvalidCircuitError, match=r"'c': its save 'L' keeps the state of one shot.*average"):
            Simulator().run(measured_first(build), exact=True)
    state = Simulator().run(measured_first(before), exact=True).result().data()["L"]
    assert np.allclose(state, np.sqrt(0.5))
    with pytest.raises(InvalidCircuitError, match="without return_state"):
        Simulator().run(measured_first(before), exact=True, return_state=True)
    averaged = QuantumCircuit(1, 1)
    averaged.h(0)
    averaged.measure(0, 0)
    saving(averaged, "L", "c_single")
    assert Simulator().run(averaged, exact=True).result().data()["L"].keys() == {"0x0", "0x1"}
