"""Circuits read through Qiskit's C API: the same programs as from Python, and everything else left to Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
import qiskit
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import (
    AnnotatedOperation,
    ControlModifier,
    Gate,
    InverseModifier,
    Measure,
    Parameter,
    ParameterVector,
    PowerModifier,
    Qubit,
    library,
)
from qiskit.circuit.classical import expr
from qiskit.circuit.library import BlueprintCircuit
from qiskit.quantum_info import Pauli, SparsePauliOp, random_unitary
from support import strategies
from support.calls import calls_in
from support.dynamic_strategies import dynamic_circuits
from support.native import assert_same, by_python

from ketjet.errors import InvalidCircuitError
from ketjet.lowering import lower, native

try:
    import ketjet._qiskit_bridge  # noqa: F401
except ModuleNotFoundError:
    raise  # it is part of every build beside Qiskit 2.6 or newer
except ImportError as error:
    pytest.skip(f"Qiskit {qiskit.__version__}: {error}", allow_module_level=True)

PLAIN = {name: gate for name, gate in strategies.STANDARD_GATES.items() if name not in {"id", "global_phase"}}


T, A, B = ParameterVector("t", 12), Parameter("a"), Parameter("b")
NAMES = ["a + b", "2*a", "-a", "sin(a)", "2", "inf", "NaN", "1e3", "θ", "$\\phi$", "x y"]
STRANGE = [Parameter(name) for name in NAMES]
"""Some have the names of expressions and numbers."""

expressions = st.one_of(
    st.sampled_from([*T, A, B, *STRANGE]),
    st.builds(
        lambda first, second, make: make(first, second),
        st.sampled_from([*T[9:], A, B]),
        st.sampled_from([*T[9:], A, B, *STRANGE]),
        st.sampled_from(
            [
                lambda a, b: a + b,
                lambda a, b: 2 * a - b / 3,
                lambda a, _: -a,
                lambda a, _: 2 * a,
                lambda a, _: a * 1,
                lambda a, _: a * 0,
                lambda a, b: a.sin() * b,
                lambda a, _: (a * 0 + 2) * 1,
                lambda a, _: (a / 4).bind({a: 3.0}),
                lambda a, _: a.assign(a, 1),
            ]
        ),
    ),
)


@st.composite
def plain_circuits(draw, values=strategies.angles):
    """Standard gates, matrices, measurements and what has no effect, on qubits of several registers, with idle ones."""
    circuit = QuantumCircuit(QuantumRegister(3), [Qubit(), Qubit()], QuantumRegister(2), ClassicalRegister(3))
    for _ in range(draw(st.integers(0, 15))):
        kind = draw(st.sampled_from(["gate", "gate", "gate", "matrix", "measure", "reset", "barrier", "delay", "id"]))
        wires = draw(st.permutations(range(circuit.num_qubits)))
        if kind == "gate":
            template = PLAIN[draw(st.sampled_from(sorted(PLAIN)))]
            gate = template.base_class(*(draw(values) for _ in template.params))
            circuit.append(gate, wires[: gate.num_qubits])
        elif kind == "matrix":
            width = draw(st.integers(1, 3))
            circuit.unitary(random_unitary(2**width, seed=draw(strategies.seeds)), wires[:width])
        elif kind == "measure":
            circuit.measure(wires[0], draw(st.integers(0, 2)))
        elif kind == "reset":
            circuit.reset(wires[0])
        elif kind == "id":
            circuit.id(wires[0])
        elif kind == "delay":
            circuit.delay(draw(st.sampled_from([7, B])), wires[0])
        else:
            circuit.barrier(*wires[: draw(st.integers(1, 7))])
    circuit.global_phase = draw(values)
    return circuit


@given(
    st.one_of(plain_circuits(), plain_circuits(st.one_of(expressions, strategies.angles))), st.booleans(), st.booleans()
)
def test_plain_circuits_become_the_same_program(circuit, keep_idle_qubits, starts_in_zero):
    options = {"keep_idle_qubits": keep_idle_qubits, "starts_in_zero": starts_in_zero}
    assert native.read(circuit, **options).gaps is None
    assert_same(lower(circuit, **options), by_python(circuit, **options))


@given(plain_circuits(st.one_of(expressions, strategies.angles)), st.integers(0, 9))
def test_angles_get_the_values_that_qiskit_gives_them(circuit, seed):
    values = np.random.default_rng(seed).uniform(-7, 7, (3, circuit.num_parameters))
    lowered = lower(circuit)
    for point in values:
        expected = lower(circuit.assign_parameters(point)).program
        (found,) = lowered.at_points(point[np.newaxis])
        angles = len(expected.slots)  # a global phase that becomes 0 is left out there
        np.testing.assert_array_equal(found.program.slots[:angles], expected.slots)
        assert not found.program.slots[angles:].any()


def test_angles_that_are_parameters_cost_no_calls():
    def calls(count):
        circuit = QuantumCircuit(3)
        for number, parameter in enumerate(ParameterVector("v", count)):
            circuit.ry(parameter, number % 3)
            circuit.cx(number % 3, (number + 1) % 3)
        return calls_in(lambda: lower(circuit))

    assert calls(400) == calls(4)


def test_whoever_has_no_parameters_has_no_binding():
    circuit = QuantumCircuit(1, global_phase=A.assign(A, 2))
    circuit.rx((2 * A).bind({A: 1}), 0)
    assert lower(circuit).binding is None
    assert lower(circuit).program.slots.tolist() == [2, 2]


def test_python_says_what_is_wrong_with_an_expression():
    circuit = QuantumCircuit(2)
    circuit.rx(A, 0)
    gate = library.RXGate(0.5)
    gate.params[0] = (1j * B).bind({B: 1})
    circuit.append(gate, [1])
    with pytest.raises(InvalidCircuitError, match=r"instruction 1: 'rx' on qubits \[1\]: .* is not real"):
        lower(circuit)


@given(
    st.one_of(
        strategies.circuits(max_qubits=4, max_operations=8, measure=True),
        strategies.parametrised_circuits().map(lambda drawn: drawn[0]),
    ),
    st.booleans(),
)
def test_any_circuit_becomes_the_same_program(circuit, starts_in_zero):
    options = {"starts_in_zero": starts_in_zero}
    assert_same(lower(circuit, **options), by_python(circuit, **options))


@given(dynamic_circuits())
def test_dynamic_circuits_become_the_same_program(circuit):
    assert native.read(circuit) is not None
    assert_same(lower(circuit), by_python(circuit))


@given(
    strategies.circuits(max_qubits=3, max_operations=8, measure=True),
    st.sampled_from(["angle", "matrix", "angle in a definition", "expression"]),
    st.integers(0, 8),
)
def test_what_is_wrong_is_found_at_the_same_place(circuit, fault, place):
    wrong = circuit.copy_empty_like()
    for number, instruction in enumerate([*circuit.data, None]):
        if number == min(place, len(circuit.data)):
            wrong.barrier()
            wrong.append(faulty(fault), [0])
        if instruction is not None:
            wrong.append(instruction)
    messages = []
    for how in (lower, by_python):
        with pytest.raises(InvalidCircuitError) as caught:
            how(wrong)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert f"instruction {min(place, len(circuit.data)) + 1}" in messages[0]


def faulty(fault):
    """An operation that cannot be simulated."""
    if fault == "matrix":
        return library.UnitaryGate(np.array([[1, 1], [0, 1]]), check_input=False)
    gate = library.RXGate(math.nan)
    if fault == "expression":
        gate = library.RXGate(0.5)
        gate.params[0] = (1j * B).bind({B: 1})
    if fault == "angle in a definition":
        outer = Gate("outer", 1, [])
        outer.definition = QuantumCircuit(1)
        outer.definition.append(gate, [0])
        return outer
    return gate


class OwnMeasure(Measure):
    """Not the measurement that everybody knows."""


class OwnGate(Gate):
    """A gate with the name of another one."""

    def __init__(self):
        super().__init__("h", 1, [])

    def _define(self):
        self.definition = QuantumCircuit(1)
        self.definition.s(0)


class Matrix(Gate):
    """A gate that has a matrix and no definition."""

    def __init__(self):
        super().__init__("own", 1, [])

    def __array__(self, dtype=None, copy=None):
        return np.eye(2, dtype=dtype)


def outer(*operations, clbits=0, phase=0.0):
    """An instruction that is nothing but a definition."""
    circuit = QuantumCircuit(max(operation.num_qubits for operation in operations), clbits, global_phase=phase)
    for operation in operations:
        circuit.append(operation, range(operation.num_qubits), range(operation.num_clbits))
    return circuit.to_instruction(label="outer")


def two(operation, *wires):
    circuit = QuantumCircuit(5, 5)
    circuit.h(0)
    circuit.append(operation, wires or range(operation.num_qubits), range(operation.num_clbits))
    return circuit


def loop(parameter):
    circuit = QuantumCircuit(5, 5)
    with circuit.for_loop(range(3), parameter):
        circuit.h(0)
    return circuit


def if_expression():
    circuit = QuantumCircuit(5, 5)
    with circuit.if_test(expr.logic_not(circuit.clbits[0])):
        circuit.h(0)
    return circuit


LEFT = {
    "power": two(AnnotatedOperation(library.SGate(), PowerModifier(2))),
    "gate without a definition": two(Matrix()),
    "control of a definition": two(OwnGate().control(1)),
    "measurement in Python": two(OwnMeasure()),
    "state preparation": two(library.StatePreparation([0, 1])),
    "loop with a parameter": loop(A),
    "expression": if_expression(),
}


@pytest.mark.filterwarnings("ignore:.*BlueprintCircuit.*:DeprecationWarning")
def test_circuits_that_are_built_when_first_looked_at():
    class Late(BlueprintCircuit):
        def _check_configuration(self, raise_on_failure=True):
            return True

        def _build(self):
            if not self._is_built:
                super()._build()
                self.add_register(QuantumRegister(2, "q"))
                self.append(library.XGate(), [0])
                self.append(library.CXGate(), [0, 1])

    assert lower(Late()).program.num_operations == 2


@pytest.mark.parametrize("kind", LEFT)
def test_what_is_left_to_python(kind):
    gaps = native.read(LEFT[kind]).gaps
    assert gaps[:, 2].tolist() == [1]
    assert_same(lower(LEFT[kind]), by_python(LEFT[kind]))


PUT_IN = {
    "object parameters": two(library.DiagonalGate([1, -1])),
    "open control": two(library.CXGate(ctrl_state=0)),
    "opaque mcx": two(library.MCXGate(4, ctrl_state=5)),
    "controlled rotation": two(library.CRXGate(0.3, ctrl_state=0)),
    "annotated": two(AnnotatedOperation(library.SGate(), [InverseModifier(), ControlModifier(2, 1)])),
    "initialize": two(library.Initialize([0, 1])),
    "wide matrix": two(library.UnitaryGate(random_unitary(32, seed=1))),
    "evolution": two(
        library.PauliEvolutionGate(SparsePauliOp(["ZZI", "IXY", "IIZ", "III"], [0.5, 0.25, 2, 1]), time=A)
    ),
    "Pauli rotation": two(library.PauliProductRotationGate(Pauli("-XIYZ"), A)),
    "rotation of one qubit": two(library.PauliProductRotationGate(Pauli("IYI"), 0.5)),
    "rotation of no qubit": two(library.PauliProductRotationGate(Pauli("II"), 0.5)),
    "Pauli measurement": two(library.PauliProductMeasurement(Pauli("-XZ"))),
    "definition with an open control": two(outer(library.CXGate(ctrl_state=0), library.UCRXGate([0.1, 0.2]))),
    "gate in Python": two(OwnGate()),
    "nested": two(outer(outer(library.HGate()), library.CXGate(), phase=0.5)),
    "matrices": two(outer(library.UnitaryGate(random_unitary(4, seed=2)), OwnGate())),
    "measurement": two(outer(library.HGate(), Measure(), clbits=1)),
    "parameters": two(outer(library.RXGate(A), library.CRZGate(2 * B), phase=A)),
    "parameters, nested": two(outer(outer(library.RXGate(A)), library.RYGate(A), outer(library.RZGate(A + B)))),
    "class of Qiskit": two(library.QFTGate(3)),
}


@pytest.mark.parametrize("kind", PUT_IN)
def test_definitions_are_put_in(kind):
    circuit = PUT_IN[kind].copy()
    circuit.compose(circuit, range(5)[::-1], range(5)[::-1], inplace=True)
    circuit.ry(A, 0)
    assert native.read(circuit).gaps is None
    assert_same(lower(circuit), by_python(circuit))


@given(st.lists(st.sampled_from([*LEFT, *PUT_IN]), max_size=5), st.integers(0, 3), st.booleans())
def test_definitions_in_definitions_become_the_same_program(kinds, depth, starts_in_zero):
    circuit = QuantumCircuit(5, 5)
    for kind in kinds:
        circuit.compose((LEFT | PUT_IN)[kind], range(5)[::-1], range(5), inplace=True)
        circuit.barrier()
    if not circuit.has_control_flow_op():
        for _ in range(depth):
            around = QuantumCircuit(5, 5)
            around.ry(B, 0)
            around.append(circuit.to_instruction(), range(5)[::-1], range(5)[::-1])
            circuit = around
    assert_same(lower(circuit, starts_in_zero=starts_in_zero), by_python(circuit, starts_in_zero=starts_in_zero))


def test_a_definition_that_is_used_often_is_read_once():
    def calls(count):
        circuit = QuantumCircuit(2)
        operation = outer(outer(library.HGate()), library.CXGate())
        for _ in range(count):
            circuit.append(operation, [0, 1])
        return calls_in(lambda: lower(circuit))

    calls(1)  # what is made once in a process
    assert calls(20) - calls(19) <= 20
    assert calls(20) - calls(10) == 10 * (calls(11) - calls(10))


def test_definitions_that_never_end_are_left_to_python():
    gate = Gate("endless", 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.append(gate, [0])
    circuit = QuantumCircuit(1)
    circuit.append(gate, [0])
    with pytest.raises(InvalidCircuitError, match="its definition contains itself"):
        lower(circuit)


def test_definitions_are_nested_as_deep_as_one_likes():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    for _ in range(120):
        around = QuantumCircuit(1)
        around.append(circuit.to_instruction(), [0])
        circuit = around
    assert lower(circuit).program.num_operations == 1


@pytest.mark.parametrize("angle", [math.nan, math.inf, -math.inf])
def test_python_says_what_is_wrong_with_an_angle(angle):
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.rx(angle, 1)
    with pytest.raises(InvalidCircuitError, match=r"instruction 1: 'rx' on qubits \[1\]: its angle is"):
        lower(circuit)


def test_python_says_what_is_wrong_with_a_matrix():
    circuit = QuantumCircuit(1)
    circuit.append(library.UnitaryGate(np.array([[1, 1], [0, 1]]), check_input=False), [0])
    with pytest.raises(InvalidCircuitError, match="unitary"):
        lower(circuit)


def test_any_number_of_qubits_is_read():
    circuit = QuantumCircuit(100)
    circuit.h(range(100))
    assert lower(circuit).program.num_qubits == 100


def test_what_is_no_circuit_data_is_refused():
    with pytest.raises(TypeError):
        native._reader().read(object(), [], True, 0, 0.0, False)
