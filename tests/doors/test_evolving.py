"""`StateVector.evolve` with values of parameters, and with circuits that are used again, changed or not."""

from __future__ import annotations

import gc
import os
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Delay, Parameter, ParameterVector
from qiskit.circuit.library import BlueprintCircuit, RXGate, efficient_su2
from qiskit.quantum_info import Statevector, random_statevector, random_unitary
from support.calls import calls_in
from support.strategies import parametrised_circuits

from ketjet import StateVector
from ketjet.errors import InvalidCircuitError, InvalidOptionError, JobError, OptionTypeError
from ketjet.state import calls, evolving

TOLERANCE = {"single": 1e-5, "double": 1e-12}


@pytest.fixture(params=["single", "double"])
def precision(request):
    return request.param


@pytest.fixture(params=["at once", "here", "on a worker"])
def where(request, monkeypatch):
    """Where small states evolve."""
    evolve_in(request.param, monkeypatch)


def evolve_in(place, monkeypatch):
    if place != "at once":
        monkeypatch.setattr(calls.StateCalls, "at_once", lambda *_, **__: False)
    if place == "on a worker":
        monkeypatch.setattr(calls.StateCalls, "here", lambda *_, **__: False)


def some_values(circuit, seed=0):
    return np.random.default_rng(seed).uniform(-3, 3, circuit.num_parameters)


def assert_evolves_as_qiskit_says(circuit, tolerance=1e-12):
    start = random_statevector(2**circuit.num_qubits, seed=1)
    state = StateVector.from_array(start).evolve(circuit)
    assert np.asarray(state) == pytest.approx(start.evolve(circuit).data, abs=tolerance)


# Values of parameters


@pytest.mark.usefixtures("where")
@pytest.mark.parametrize("num_qubits", [1, 3, 6])
def test_values_give_the_digits_of_the_assigned_circuit(num_qubits, precision):
    circuit = efficient_su2(num_qubits, reps=2)
    for seed in range(4):
        values = some_values(circuit, seed)
        assigned = circuit.assign_parameters(values)
        state = StateVector(num_qubits, precision).evolve(circuit, values)
        assert np.array_equal(np.asarray(state), np.asarray(StateVector(num_qubits, precision).evolve(assigned)))
        assert np.asarray(state) == pytest.approx(Statevector(assigned).data, abs=TOLERANCE[precision])


@given(parametrised_circuits())
def test_any_parametrised_circuit_evolves_by_array_and_by_dictionary(given_circuit):
    circuit, values = given_circuit
    expected = Statevector(circuit.assign_parameters(values)).data
    row = [values[parameter] for parameter in circuit.parameters]
    by_name = {parameter.name: value for parameter, value in values.items()}
    state = StateVector(circuit.num_qubits)
    for form in (row, np.array(row), tuple(row), values, by_name):
        state.reset()
        assert np.asarray(state.evolve(circuit, form)) == pytest.approx(expected, abs=1e-10)


def test_a_vector_of_parameters_takes_a_sequence():
    theta, phase = ParameterVector("t", 12), Parameter("a")
    circuit = QuantumCircuit(3)
    for number, angle in enumerate(theta):
        circuit.rx(2 * angle + phase, number % 3)
    values = np.linspace(-2, 2, 12)
    expected = Statevector(circuit.assign_parameters({theta: values, phase: 0.5})).data
    for form in ({theta: values, phase: 0.5}, {"a": 0.5, theta: values.tolist()}, [0.5, *values]):
        assert np.asarray(StateVector(3).evolve(circuit, form)) == pytest.approx(expected, abs=1e-12)


def test_values_for_nothing_are_none():
    circuit = QuantumCircuit(1)
    circuit.x(0)
    for values in (None, [], {}, np.empty(0)):
        assert np.asarray(StateVector(1).evolve(circuit, values)).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        (None, InvalidCircuitError, "unbound parameters: a, b"),
        ([0.5], InvalidOptionError, r"shape \(2,\), got \(1,\); the parameters are a, b"),
        ([[0.5, 1.0]], InvalidOptionError, r"shape \(2,\), got \(1, 2\)"),
        (0.5, InvalidOptionError, r"shape \(2,\), got \(\)"),
        ([0.5, np.nan], InvalidOptionError, "'b' must be finite, got nan"),
        ([0.5, 1j], OptionTypeError, "real numbers"),
        (["x", "y"], OptionTypeError, "real numbers"),
        ({"a": 0.5}, InvalidCircuitError, "without a value: b"),
        ({"a": 0.5, "b": np.inf}, InvalidCircuitError, "'b'.*not finite"),
        ({"a": 0.5, "b": 1, "c": 2}, InvalidCircuitError, "unknown parameters: c"),
        ({"a": 0.5, Parameter("b"): 1}, InvalidCircuitError, "unknown parameters: b"),
        ([0.0, 1.0], InvalidCircuitError, "instruction 1 .*no value with a = 0.0"),
    ],
)
def test_wrong_values_are_told_and_leave_the_state_as_it_was(values, error, says):
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(1)
    circuit.rx(b, 0)
    circuit.rz(1 / a, 0)
    start = random_statevector(2, seed=3).data
    state = StateVector.from_array(start)
    for _ in range(2):  # the second time the circuit is known
        with pytest.raises(error, match=says):
            state.evolve(circuit, values)
    assert np.array_equal(np.asarray(state), start)
    state.evolve(circuit, [0.5, 1.0])


def test_a_circuit_without_parameters_takes_no_values():
    with pytest.raises(InvalidOptionError, match=r"shape \(0,\), got \(1,\); the parameters are none"):
        StateVector(1).evolve(QuantumCircuit(1), [0.5])
    with pytest.raises(InvalidCircuitError, match="unknown parameters: a"):
        StateVector(1).evolve(QuantumCircuit(1), {"a": 0.5})


# Circuits that are used again


def test_a_circuit_is_read_once(monkeypatch):
    read, lower = [], evolving.lower
    monkeypatch.setattr(evolving, "lower", lambda given, **options: read.append(given) or lower(given, **options))
    circuit, other = efficient_su2(4, reps=1), efficient_su2(4, reps=1)
    for seed in range(5):
        StateVector(4).evolve(circuit, some_values(circuit, seed))
    StateVector(4).evolve(other, some_values(other)).evolve(circuit, some_values(circuit))
    assert [id(given) for given in read] == [id(circuit), id(other)]
    state, values = StateVector(4), some_values(circuit)
    state.evolve(circuit, values)
    assert calls_in(lambda: state.evolve(circuit, values)) < 60


def replaced(circuit, gate):
    circuit.data[0] = circuit.data[0].replace(operation=gate)


CHANGES = {
    "an instruction more": lambda circuit: circuit.h(2),
    "an instruction less": lambda circuit: circuit.data.pop(),
    "another angle": lambda circuit: replaced(circuit, RXGate(0.3000001)),
    "other qubits": lambda circuit: circuit.data.__setitem__(1, circuit.data[1].replace(qubits=circuit.qubits[2:0:-1])),
    "another order": lambda circuit: circuit.data.reverse(),
    "another phase": lambda circuit: setattr(circuit, "global_phase", 0.7),
    "another matrix": lambda circuit: circuit.data.__setitem__(
        -1, circuit.data[-1].replace(operation=unitary_gate(seed=9))
    ),
    "a gate of its own": lambda circuit: circuit.append(own_gate(), [0]),
}


def unitary_gate(seed):
    holder = QuantumCircuit(1)
    holder.unitary(random_unitary(2, seed=seed), [0])
    return holder.data[0].operation


def own_gate():
    inner = QuantumCircuit(1, name="mine")
    inner.ry(0.4, 0)
    return inner.to_gate()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_noticed(change):
    circuit = QuantumCircuit(3)
    circuit.rx(0.3, 0)
    circuit.cx(0, 1)
    circuit.rz(0.2, 1)
    circuit.append(unitary_gate(seed=4), [2])
    for _ in range(2):
        assert_evolves_as_qiskit_says(circuit)
    change(circuit)
    for _ in range(2):
        assert_evolves_as_qiskit_says(circuit)


@given(parametrised_circuits(num_parameters=2), st.data())
def test_a_circuit_may_change_between_any_two_calls(given_circuit, data):
    circuit, values = given_circuit
    state = StateVector(circuit.num_qubits)
    for _ in range(3):
        state.reset()
        bound = {parameter: values[parameter] for parameter in circuit.parameters}
        expected = Statevector(circuit.assign_parameters(bound)).data
        assert np.asarray(state.evolve(circuit, bound)) == pytest.approx(expected, abs=1e-10)
        what = data.draw(st.sampled_from(["assign", "append", "remove", "phase", "nothing"]))
        if what == "assign" and circuit.parameters:
            parameter = circuit.parameters[0]
            circuit.assign_parameters({parameter: values[parameter] + 1}, inplace=True)
        elif what == "append":
            circuit.ry(0.25, 0)
        elif what == "remove" and circuit.data:
            del circuit.data[data.draw(st.integers(0, len(circuit.data) - 1))]
        elif what == "phase":
            circuit.global_phase += 0.5


def test_a_definition_that_changes_is_noticed():
    inner = QuantumCircuit(1, name="mine")
    inner.ry(0.4, 0)
    circuit = QuantumCircuit(1)
    circuit.append(inner.to_instruction(), [0])
    assert_evolves_as_qiskit_says(circuit)
    circuit.data[0].operation.definition.rx(0.7, 0)
    assert_evolves_as_qiskit_says(circuit)


@pytest.mark.filterwarnings("ignore:.*BlueprintCircuit.*:DeprecationWarning")
def test_a_circuit_that_is_built_when_first_looked_at_is_built_anew():
    class Late(BlueprintCircuit):
        turns = 1

        def _check_configuration(self, raise_on_failure=True):
            return True

        def _build(self):
            if not self._is_built:
                super()._build()
                if not self.qregs:
                    self.add_register(QuantumRegister(1, "q"))
                for _ in range(self.turns):
                    self.append(RXGate(0.5), [0])

    circuit = Late()
    for turns in (1, 2, 1):
        circuit.turns = turns
        circuit._invalidate()
        expected = QuantumCircuit(1)
        expected.rx(0.5 * turns, 0)
        assert np.asarray(StateVector(1).evolve(circuit)) == pytest.approx(Statevector(expected).data)


def test_another_parameter_of_the_same_name_takes_its_place():
    circuits = []
    for _ in range(2):
        circuits.append(QuantumCircuit(1))
        circuits[-1].rx(Parameter("a"), 0)
    circuit, donor = circuits
    StateVector(1).evolve(circuit, {circuit.parameters[0]: 0.5})
    old = circuit.parameters[0]
    circuit.data[0] = donor.data[0].replace(qubits=circuit.qubits)
    state = StateVector(1).evolve(circuit, {donor.parameters[0]: 0.5})
    assert np.asarray(state) == pytest.approx(Statevector(donor.assign_parameters([0.5])).data)
    with pytest.raises(InvalidCircuitError, match="unknown parameters: a"):
        state.evolve(circuit, {old: 0.5})


def test_parameters_of_delays_keep_their_place():
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("b"), 0)
    circuit.delay(Parameter("c"), 0)
    for name, values in (("c", [0.5, 9]), ("a", [9, 0.5])):
        circuit.data[1] = circuit.data[1].replace(operation=Delay(Parameter(name)))
        expected = QuantumCircuit(1)
        expected.rx(0.5, 0)
        assert np.asarray(StateVector(1).evolve(circuit, values)) == pytest.approx(Statevector(expected).data)


def test_what_was_read_lives_as_long_as_the_circuit():
    circuit = efficient_su2(2)
    StateVector(2).evolve(circuit, some_values(circuit))
    kept = weakref.ref(evolving._kept[id(circuit)].lowered.binding)
    del circuit
    gc.collect()
    assert kept() is None


def test_only_some_circuits_are_kept():
    circuits = [QuantumCircuit(1) for _ in range(2 * evolving.MAX_CIRCUITS)]
    for circuit in circuits:
        circuit.h(0)
        StateVector(1).evolve(circuit)
    assert len(evolving._kept) == evolving.MAX_CIRCUITS
    assert evolving.known(circuits[-1], None) is not None
    assert evolving.known(circuits[0], None) is None


# Where it runs


@pytest.mark.parametrize("num_qubits", [1, 2, 5, 9, 11])
def test_digits_are_the_same_wherever_it_runs(num_qubits, precision, monkeypatch):
    circuit = efficient_su2(num_qubits, reps=3)
    found = []
    for place in ("at once", "here", "on a worker"):
        evolve_in(place, monkeypatch)
        state = StateVector(num_qubits, precision)
        for seed in (0, 1, 1):
            state.evolve(circuit, some_values(circuit, seed))
        found.append(np.array(state))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[1], found[2])


@pytest.mark.usefixtures("where")
def test_qubits_that_nothing_has_touched_stay_known():
    circuit = QuantumCircuit(8)
    circuit.h(0)
    circuit.cx(0, 1)
    state = StateVector(8)
    for _ in range(3):
        state.reset()
        assert not state.evolve(circuit)._state.is_written_out
        assert np.flatnonzero(np.asarray(state)).tolist() == [0, 3]
    state.evolve(circuit)
    assert np.asarray(state) == pytest.approx(Statevector(circuit.compose(circuit)).data, abs=1e-12)


@pytest.mark.usefixtures("where")
def test_an_array_that_is_held_shows_what_happens():
    circuit = QuantumCircuit(6)
    circuit.x(0)
    state = StateVector(6)
    view = np.asarray(state)
    for index in (1, 0, 1):
        state.evolve(circuit)
        assert np.flatnonzero(view).tolist() == [index]
    state.reset()
    assert np.flatnonzero(view).tolist() == [0]


def test_threads_share_a_circuit():
    circuit = efficient_su2(5, reps=2)
    expected = [Statevector(circuit.assign_parameters(some_values(circuit, seed))).data for seed in range(4)]
    wrong = []

    def work(seed):
        state = StateVector(5)
        for _ in range(50):
            state.reset()
            found = np.array(state.evolve(circuit, some_values(circuit, seed)))
            if not np.allclose(found, expected[seed], atol=1e-12):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_call_tells_of_its_end():
    state = StateVector(3)
    assert state.progress().fraction == 1
    circuit = efficient_su2(3)
    state.evolve(circuit, some_values(circuit))
    told = state.progress()
    assert (told.fraction, told.eta) == (1, None)
    assert told.stages_done == told.stages_total > 0
    assert 0 <= told.elapsed < 60
    assert not state.cancel()


def test_a_state_that_another_call_changes_is_refused():
    state, circuit = StateVector(2), QuantumCircuit(2)

    def inside(_):
        with pytest.raises(JobError, match="another call"):
            state.evolve(circuit)
        with pytest.raises(JobError, match="another call"):
            state.reset()
        return True

    assert state._calls.here(inside)


def test_an_error_in_the_middle_leaves_it_half_changed():
    state = StateVector(2)

    def fails(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        state._calls.here(fails)
    with pytest.raises(JobError, match="stopped halfway"):
        state.evolve(QuantumCircuit(2))
    state.reset()
    state.evolve(QuantumCircuit(2))


def test_memory_that_is_not_there_leaves_it_half_changed():
    state = StateVector(2)

    def fails(_):
        raise MemoryError

    with pytest.raises(MemoryError):
        state._calls.at_once(fails)
    assert "half changed" in repr(state)
    state.reset()
    state.evolve(QuantumCircuit(2))


def test_a_forked_child_goes_on():
    circuit = efficient_su2(3)
    state = StateVector(3).evolve(circuit, some_values(circuit))
    child = os.fork()
    if child == 0:
        state.reset()
        state.evolve(circuit, some_values(circuit, 1))
        expected = Statevector(circuit.assign_parameters(some_values(circuit, 1))).data
        os._exit(0 if np.allclose(np.asarray(state), expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_circuits_may_be_collected_while_others_are_counted():
    """The collector runs whenever objects are made, and so may be what forgets a circuit that was in a cycle."""
    thresholds = gc.get_threshold()
    gc.collect()
    try:
        gc.disable()
        for turn in range(40):
            circuits = [QuantumCircuit(1, name=str(number)) for number in range(evolving.MAX_CIRCUITS - 1)]
            for circuit in circuits:
                circuit.h(0)
                evolving.evolving(circuit)
                circuit.metadata = {"itself": circuit}
            held = [(number, number) for number in range(5000)]  # else pairs are made of old ones
            del circuit, circuits
            gc.set_threshold(gc.get_count()[0] + 5 + turn)  # so many objects later
            gc.enable()
            evolving._drop_oldest()
            gc.disable()
            assert len(held) == 5000
    finally:
        gc.set_threshold(*thresholds)
        gc.enable()
