"""Circuits that are wrong, unbound, huge or endless: clear errors, exact binding, linear work."""

from __future__ import annotations

import contextlib
import gc
import pickle
import sys
import weakref

import numpy as np
import pytest
from hypothesis import given
from oracles import packed as packed_oracle
from oracles import static as oracle
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import (
    AnnotatedOperation,
    ControlModifier,
    Gate,
    Instruction,
    InverseModifier,
    Parameter,
    ParameterVector,
    PowerModifier,
    Reset,
)
from qiskit.circuit import library as lib
from qiskit.quantum_info import Operator, Pauli, SparsePauliOp
from support import strategies
from support.calls import calls_in
from support.qiskit_versions import needs_pauli_products

from ketjet.errors import InvalidCircuitError, KetjetError, UnsupportedInstructionError
from ketjet.lowering import builder, lower, native, native_definitions, walk

NAN, INF = float("nan"), float("inf")


def circuit_with(operation, num_qubits=3):
    """A circuit that has the operation as its instruction number 2."""
    circuit = QuantumCircuit(num_qubits, 1, name="wrong")
    circuit.h(0)
    circuit.barrier()
    circuit.append(operation, list(range(num_qubits))[-operation.num_qubits :] if operation.num_qubits else [])
    circuit.cx(0, 1)
    return circuit


def error_of(circuit, kind=InvalidCircuitError):
    with pytest.raises(kind) as caught:
        lower(circuit)
    assert isinstance(caught.value, KetjetError)
    assert isinstance(caught.value, ValueError)
    return caught.value.message


def in_definition(*operations, num_qubits=2):
    """A gate with a definition whose objects are shared (`to_gate` would copy them, recursively)."""
    gate = Gate("outer", num_qubits, [])
    gate.definition = QuantumCircuit(num_qubits)
    for operation in operations:
        gate.definition.append(operation, range(operation.num_qubits))
    return gate


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_angles_that_are_not_finite(value):
    for operation in (lib.RZGate(value), lib.CRXGate(value, ctrl_state=0), lib.UGate(0.1, value, 0.2)):
        message = error_of(circuit_with(operation))
        assert "circuit 'wrong', instruction 2" in message
        assert operation.name in message
        assert str(value) in message
    message = error_of(circuit_with(in_definition(lib.RZGate(0.1), lib.RXGate(value))))
    assert "instruction 2" in message
    assert "'outer'" in message
    assert "instruction 2" in error_of(circuit_with(lib.GlobalPhaseGate(value)))


def test_a_global_phase_that_is_not_finite():
    circuit = QuantumCircuit(1, name="wrong")
    circuit.h(0)
    circuit.global_phase = NAN
    assert error_of(circuit) == "circuit 'wrong', global phase: its angle is nan; use a finite number"


def test_what_was_gathered_is_let_go_at_once(monkeypatch):
    circuit = QuantumCircuit(3, 1)
    circuit.append(in_definition(lib.HGate(), lib.CXGate()), [0, 1])
    circuit.measure(0, 0)
    with circuit.if_test((0, True)), circuit.for_loop(range(3)):
        circuit.append(in_definition(lib.HGate(), lib.CXGate()), [1, 2])
    wrong = circuit.copy()
    with wrong.if_test((0, True)):
        wrong.append(AnnotatedOperation(Reset(), ControlModifier(1)), [0, 1])
    walks = []

    def remembered(*arguments):
        made = walk.CircuitWalk(*arguments)
        walks.append(weakref.ref(made.builder))
        return made

    monkeypatch.setattr(sys.modules["ketjet.lowering.lower"], "CircuitWalk", remembered)
    gc.disable()
    try:
        lower(circuit)
        with contextlib.suppress(UnsupportedInstructionError):
            lower(wrong)
        assert [known() for known in walks] == [None, None]
    finally:
        gc.enable()


def test_the_right_instruction_is_blamed():
    circuit = QuantumCircuit(3)
    circuit.append(in_definition(lib.HGate(), lib.CXGate()), [0, 1])
    circuit.barrier()
    circuit.h(0)
    circuit.append(lib.UnitaryGate(np.eye(2)), [0])
    circuit.append(in_definition(lib.HGate(), lib.CXGate()), [0, 2])
    circuit.reset(2)
    circuit.rx(0.1, 1)
    circuit.ry(NAN, 2)
    circuit.rx(0.1, 1)
    assert "instruction 7: 'ry' on qubits [2]: its angle is nan" in error_of(circuit)


@pytest.mark.parametrize(
    ("matrix", "problem"),
    [([[1, 0], [0, 1.001]], "max|U†U - 1| is 0.002"), ([[1, NAN], [0, 1]], "nan"), ([[INF, 0], [0, 1]], "inf")],
)
def test_matrices_that_are_not_unitary(matrix, problem):
    gate = lib.UnitaryGate(np.array(matrix), check_input=False)
    for operation in (gate, in_definition(gate), AnnotatedOperation(gate, ControlModifier(1))):
        message = error_of(circuit_with(operation))
        assert "instruction 2" in message
        assert "'unitary'" in message or "'annotated'" in message
        assert problem in message
    assert "inside the definition of outer" in error_of(circuit_with(in_definition(gate)))
    among_others = QuantumCircuit(2, name="wrong")
    for matrix_of_one in (np.eye(2), np.eye(4), matrix, np.eye(2)):
        qubits = range(len(matrix_of_one).bit_length() - 1)
        among_others.append(lib.UnitaryGate(np.array(matrix_of_one), check_input=False), qubits)
        among_others.h(0)
    assert "circuit 'wrong', instruction 4: 'unitary' on qubits [0]: its matrix " in error_of(among_others)
    large = np.eye(256)
    large[3, 3] = 2
    assert "not unitary" in error_of(circuit_with(lib.UnitaryGate(large, check_input=False), 8))


def test_diagonals_and_states_that_are_wrong():
    gate = lib.DiagonalGate([1, 1])
    gate._params[1] = 1.1
    assert "off by 0.1" in error_of(circuit_with(gate))
    gate._params[1] = NAN
    assert "nan" in error_of(circuit_with(gate))
    state = lib.Initialize([0.6, 0.8])
    state._stateprep._params[0] = complex(INF)
    assert "its state holds" in error_of(circuit_with(state))
    state._stateprep._params[0] = 1.0
    assert "norm 1.28" in error_of(circuit_with(state))


def test_angles_that_are_no_numbers():
    gate = lib.RZGate(0.1)
    gate._params[0] = 1j
    assert "is not real" in error_of(circuit_with(gate))
    gate._params[0] = 1e-13j + 0.5
    assert lower(circuit_with(gate)).program.slots.tolist() == [0.5]


def test_instructions_that_cannot_run():
    for operation in (Gate("magic", 2, []), Instruction("magic", 1, 0, []), in_definition(Gate("magic", 2, []))):
        message = error_of(circuit_with(operation), UnsupportedInstructionError)
        assert "circuit 'wrong', instruction 2" in message
        assert "neither a definition nor a matrix" in message
    message = error_of(circuit_with(Instruction("save_superop", 3, 0, [])), UnsupportedInstructionError)
    assert "'save_superop' on qubits [0, 1, 2]" in message
    wide = error_of(circuit_with(Gate("magic", 20, []), 20), UnsupportedInstructionError)
    assert "qubits [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] and 10 more" in wide


def test_what_is_not_unitary_has_no_controls():
    inner = QuantumCircuit(1, name="inner")
    inner.reset(0)
    operation = inner.to_instruction()
    for modified in (
        AnnotatedOperation(operation, ControlModifier(1)),
        AnnotatedOperation(operation, InverseModifier()),
        AnnotatedOperation(lib.Initialize([0, 1]), InverseModifier()),
    ):
        assert "inverted" in error_of(circuit_with(modified), UnsupportedInstructionError)


def test_definitions_that_never_end():
    gate = Gate("ouroboros", 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.append(gate, [0])
    assert "contains itself" in error_of(circuit_with(gate))

    class Endless(Gate):
        def __init__(self):
            super().__init__("endless", 1, [])

        def _define(self):
            self.definition = QuantumCircuit(1)
            self.definition.append(Endless(), [0])

    assert "nested more than" in error_of(circuit_with(Endless()))


def test_definitions_that_do_not_fit():
    gate = Gate("short", 2, [])
    gate.definition = QuantumCircuit(1)
    assert "has 1 qubits" in error_of(circuit_with(gate))

    class Broken(Gate):
        def _define(self):
            raise RuntimeError("no idea")

    assert "cannot be computed: no idea" in error_of(circuit_with(Broken("broken", 1, [])), UnsupportedInstructionError)


def test_definitions_that_explode(monkeypatch):
    monkeypatch.setattr(builder, "MAX_OPERATIONS", 100_000)
    gate = lib.HGate()
    for _ in range(40):
        gate = in_definition(gate, gate, num_qubits=1)
    assert "unroll to more than" in error_of(circuit_with(gate))
    program = "gate g0 q { h q; } " + " ".join(f"gate g{i + 1} q {{ g{i} q; g{i} q; }}" for i in range(40))
    hostile = qasm2.loads(f'OPENQASM 2.0; include "qelib1.inc"; {program} qreg q[1]; g40 q[0];')
    assert "unroll to more than" in error_of(hostile)
    huge = AnnotatedOperation(in_definition(lib.HGate()), PowerModifier(2**40))
    assert "power of 1099511627776 is too large" in error_of(circuit_with(huge), UnsupportedInstructionError)


def test_what_is_no_circuit():
    for thing in (None, "text", 3, [QuantumCircuit(1)]):
        assert "expected a QuantumCircuit" in error_of(thing)


def test_programs_may_be_wider_than_any_state():
    circuit = QuantumCircuit(100)
    circuit.h(range(100))
    assert lower(circuit).program.num_qubits == 100


@given(strategies.parametrised_circuits())
def test_binding_equals_assigning(circuit_and_values):
    circuit, values = circuit_and_values
    lowered = lower(circuit, keep_idle_qubits=True)
    assert lowered.parameters == tuple(circuit.parameters)
    bound = lowered.bind(values)
    assigned = circuit.assign_parameters(values)
    directly = lower(assigned, keep_idle_qubits=True)
    assert bound.parameters == ()
    assert bound.header == {**directly.header, "name": circuit.name}
    np.testing.assert_allclose(packed_oracle.unitary(bound.program), oracle.unitary(assigned), atol=1e-9)


def test_bound_slots_are_bit_for_bit_those_of_the_assigned_circuit():
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.rx(a, 0)
    circuit.rz(0.1 * a * 3 + b / 7, 1)
    circuit.cu(a, 2 * a - b, a**2, b.sin(), 0, 1)
    values = {a: 0.123456789, b: -2.3456789}
    bound = lower(circuit).bind(values).program
    direct = lower(circuit.assign_parameters(values)).program
    assert bound.slots.tobytes() == direct.slots.tobytes()
    assert bound.fingerprint == direct.fingerprint


def test_keys_of_every_kind():
    vector, single = ParameterVector("v", 2), Parameter("w")
    circuit = QuantumCircuit(1)
    for angle in (vector[1], single, vector[0]):
        circuit.rx(angle, 0)
    lowered = lower(circuit)
    for values in (
        {vector: [1, 2], single: 3},
        {vector[0]: 1, "v[1]": 2, "w": 3},
        {vector[0]: np.float32(1), vector[1]: 2 + 0j, single: np.array(3)},
    ):
        assert lowered.bind(values).program.slots.tolist() == [2, 3, 1]
    assert lowered.program.slots.tolist() == [0, 0, 0]
    assert lowered.bind({vector: [4, 5], single: 6}).program.slots.tolist() == [5, 6, 4]


def bind_error(lowered, values):
    with pytest.raises(InvalidCircuitError) as caught:
        lowered.bind(values)
    return caught.value.message


def test_values_that_do_not_fit():
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(1, name="sweep")
    circuit.h(0)
    circuit.rx(a, 0)
    circuit.rz(1 / b, 0)
    lowered = lower(circuit)
    assert "parameters without a value: b" in bind_error(lowered, {a: 1})
    assert "unknown parameters: c" in bind_error(lowered, {a: 1, b: 2, "c": 3})
    assert "unknown parameters: a" in bind_error(lowered, {Parameter("a"): 1, b: 2})
    assert "have" not in bind_error(lowered, {})
    message = bind_error(lowered, {a: NAN, b: 1})
    for part in ("circuit 'sweep'", "'a'", "instruction 1 (rx)", "nan"):
        assert part in message
    assert "instruction 2 (rz)" in bind_error(lowered, {a: 1, b: 0})
    assert "1j" in bind_error(lowered, {a: 1j, b: 1})
    assert "'much'" in bind_error(lowered, {a: "much", b: 1})
    assert "unknown parameters: a" in bind_error(lower(QuantumCircuit(1)), {"a": 1})
    vector = ParameterVector("v", 3)
    assert "has 3 elements but 2 values" in bind_error(lowered, {vector: [1, 2]})


def test_parameters_inside_definitions():
    theta, phi = Parameter("theta"), Parameter("phi")
    inner = QuantumCircuit(2, global_phase=theta / 2)
    inner.rx(theta, 0)
    inner.crz(phi * 2, 0, 1)
    gate = inner.to_gate()
    operations = (
        gate,
        gate.control(1, annotated=False),
        AnnotatedOperation(gate, [InverseModifier(), ControlModifier(1, 0)]),
        AnnotatedOperation(gate, PowerModifier(3)),
    )
    for operation in operations:
        circuit = QuantumCircuit(4)
        circuit.append(operation, range(1, 1 + operation.num_qubits))
        circuit.append(operation, range(operation.num_qubits))
        values = {theta: 0.4, phi: -0.9}
        expected = oracle.unitary(circuit.assign_parameters(values))
        for program in (
            lower(circuit, keep_idle_qubits=True).bind(values).program,
            lower(circuit.assign_parameters(values), keep_idle_qubits=True).program,
        ):
            np.testing.assert_allclose(packed_oracle.unitary(program), expected, atol=1e-9)


def test_parameters_that_only_a_definition_knows():
    gate = Gate("hidden", 1, [])
    gate.definition = QuantumCircuit(1)
    gate.definition.rx(Parameter("secret"), 0)
    lowered = lower(circuit_with(gate))
    assert [parameter.name for parameter in lowered.parameters] == ["secret"]
    assert lowered.bind({"secret": 0.25}).program.slots.tolist() == [0.25]


@needs_pauli_products
def test_parameters_of_native_gates():
    t = Parameter("t")
    operator = SparsePauliOp(["XX", "II", "ZI"], [1, 0.5, -0.2])
    for gate in (
        lib.PauliEvolutionGate(operator, t),
        lib.PauliEvolutionGate(operator, 2 * t).control(1),
        lib.PauliProductRotationGate(Pauli("-XZ"), t),
        lib.MCPhaseGate(t, 2, ctrl_state=1),
        lib.CUGate(t, 0.1, t, -t, ctrl_state=0),
    ):
        circuit = QuantumCircuit(gate.num_qubits)
        circuit.append(gate, range(gate.num_qubits))
        program = lower(circuit, keep_idle_qubits=True).bind({t: 0.3}).program
        assigned = circuit.assign_parameters({t: 0.3}).data[0].operation
        expected = Operator(assigned.definition or assigned).data
        np.testing.assert_allclose(packed_oracle.unitary(program), expected, atol=1e-9)
    fractional = circuit_with(AnnotatedOperation(lib.UGate(t, 0, 0), PowerModifier(0.5)))
    assert "bind the parameters first" in error_of(fractional, UnsupportedInstructionError)


def test_a_global_phase_with_parameters():
    t = Parameter("t")
    circuit = QuantumCircuit(1, global_phase=2 * t)
    circuit.x(0)
    lowered = lower(circuit)
    assert lowered.header["global_phase"] is None
    bound = lowered.bind({t: 0.2})
    assert bound.header["global_phase"] == pytest.approx(0.4)
    assert bound.program.slots.tolist() == [0.4]


def test_lowered_circuits_pickle():
    circuit = QuantumCircuit(2, 1)
    circuit.rx(Parameter("a"), 1)
    circuit.measure(1, 0)
    copy = pickle.loads(pickle.dumps(lower(circuit)))
    assert copy.qubits == (1,)
    assert copy.bind({"a": 0.5}).program.slots.tolist() == [0.5]


def test_nine_hundred_nested_definitions():
    gate = in_definition(lib.RXGate(0.1), lib.SGate(), num_qubits=1)
    for _ in range(899):
        gate = in_definition(gate, lib.TGate(), num_qubits=1)
    modified = AnnotatedOperation(gate, [InverseModifier(), ControlModifier(1)])
    for operation in (gate, modified):
        outer = QuantumCircuit(2)
        outer.append(operation, range(operation.num_qubits))
        assert lower(outer).program.num_operations == 901


def large_circuit(repeats):
    circuit = QuantumCircuit(10, 10)
    for i in range(repeats):
        circuit.h(i % 10)
        circuit.rz(0.1 * i, (i + 1) % 10)
        circuit.cx(i % 10, (i + 1) % 10)
    return circuit


def test_work_is_linear_in_the_number_of_gates(monkeypatch):
    small, large = large_circuit(100), large_circuit(3000)
    monkeypatch.setattr(native, "_reader", lambda: None)
    assert calls_in(lambda: lower(large)) < 30 * calls_in(lambda: lower(small))


def test_repeated_definitions_are_cheap():
    inner = QuantumCircuit(10)
    for i in range(1000):
        inner.cx(i % 10, (i + 1) % 10)
    gate = inner.to_gate()
    circuit = QuantumCircuit(12)
    for i in range(300):
        circuit.append(gate, [(i + k) % 12 for k in range(10)])
    assert lower(circuit).program.num_operations == 300_000
    assert calls_in(lambda: lower(circuit)) < 300_000 / 5


def test_equal_library_gates_are_lowered_once(monkeypatch):
    asked = []
    for module in (walk, native_definitions):
        monkeypatch.setattr(module, "definition_of", lambda operation: asked.append(operation) or operation.definition)
    circuit = QuantumCircuit(5)
    for i in range(10):
        circuit.append(lib.QFTGate(3), [i % 3, i % 3 + 1, i % 3 + 2])
        circuit.append(lib.MSGate(2, 0.1 * (i % 2)), [i % 5, (i + 1) % 5])
    program = lower(circuit).program
    np.testing.assert_allclose(packed_oracle.unitary(program), oracle.unitary(circuit), atol=1e-9)
    assert sum(operation.name == "qft" for operation in asked) == 1
    assert sum(operation.name == "ms" for operation in asked) == 2


@pytest.mark.parametrize("length", [1, 200])
def test_an_operation_has_at_most_64_controls(length):
    def controlled(controls):
        circuit = QuantumCircuit(controls + 1)
        circuit.x([0] * length)
        modified = AnnotatedOperation(lib.HGate(), ControlModifier(controls))
        circuit.append(modified, circuit.qubits)
        return circuit

    states = lower(controlled(64)).program.packed()[6]
    assert states[length] == 2**64 - 1
    with pytest.raises(UnsupportedInstructionError, match=f"instruction {length}: .*it has 65 controls"):
        lower(controlled(65))
