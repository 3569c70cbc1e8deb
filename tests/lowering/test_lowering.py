"""What every kind of instruction is lowered to: the same map as in Qiskit, and natively where there is a native way."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import packed as packed_oracle
from oracles import static as oracle
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import (
    AnnotatedOperation,
    Clbit,
    ControlledGate,
    ControlModifier,
    Gate,
    InverseModifier,
    Parameter,
    PowerModifier,
    Qubit,
)
from qiskit.circuit import library as lib
from qiskit.quantum_info import Clifford, Operator, Pauli, SparseObservable, SparsePauliOp, Statevector, random_unitary
from qiskit.synthesis import LieTrotter, MatrixExponential, QDrift, SuzukiTrotter
from support import strategies
from support.programs import final_state
from support.qiskit_versions import PAULI_PRODUCTS

from ketjet.lowering import frame, lower

ANGLES = [0.3, -1.1, 2.5, 0.7]
RNG = np.random.default_rng(7)


def on_all_qubits(operation):
    circuit = QuantumCircuit(operation.num_qubits)
    circuit.append(operation, circuit.qubits)
    return circuit


def names(circuit):
    return packed_oracle.operation_names(lower(circuit).program)


def check(circuit, expected=None):
    """Compare the lowered program with a matrix, by default the one of the slow simulator; return its operations."""
    program = lower(circuit, keep_idle_qubits=True, starts_in_zero=False).program
    expected = oracle.unitary(circuit) if expected is None else Operator(expected).data
    np.testing.assert_allclose(packed_oracle.unitary(program), expected, atol=1e-9)
    return packed_oracle.operation_names(program)


def check_outcomes(circuit):
    program = lower(circuit).program
    found, expected = packed_oracle.distribution(program), oracle.distribution(circuit)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=1e-9)
    return packed_oracle.operation_names(program)


def standard_gates():
    for name, template in strategies.STANDARD_GATES.items():
        parameters = ANGLES[: len(template.params)]
        states = range(2**template.num_ctrl_qubits) if isinstance(template, ControlledGate) else [None]
        for state in states:
            extra = {} if state is None else {"ctrl_state": state}
            gate = template.base_class(*parameters, **extra)
            yield pytest.param(gate, id=f"{name}-{template.num_qubits}q" + ("" if state is None else f"-{state}"))


@pytest.mark.parametrize("gate", list(standard_gates()))
def test_standard_gates_in_any_control_state_are_one_operation(gate):
    circuit = QuantumCircuit(gate.num_qubits + 1)
    circuit.append(gate, range(gate.num_qubits, 0, -1))
    assert len(check(circuit, Operator(circuit))) == (gate.name != "id")


@pytest.mark.parametrize("gate", list(standard_gates()))
def test_standard_gates_take_more_controls_natively(gate):
    for count, state in ((1, 0), (2, 1), (2, 3)):
        if gate.num_qubits + count > 5:
            continue
        annotated = on_all_qubits(AnnotatedOperation(gate, ControlModifier(count, state)))
        expected = oracle.controlled(Operator(gate).data, count, state)
        assert len(check(annotated, expected)) <= 3
        if gate.num_qubits:
            built = gate.control(count, ctrl_state=state, annotated=False)
            assert len(check(on_all_qubits(built), expected)) <= 3


@pytest.mark.parametrize("gate", list(standard_gates()))
def test_standard_gates_are_inverted_and_repeated(gate):
    matrix = Operator(gate)
    check(on_all_qubits(AnnotatedOperation(gate, InverseModifier())), matrix.adjoint())
    check(on_all_qubits(AnnotatedOperation(gate, [PowerModifier(-3)])), matrix.adjoint().power(3))
    controlled = AnnotatedOperation(gate, [InverseModifier(), ControlModifier(1, 0)])
    check(on_all_qubits(controlled), oracle.controlled(matrix.adjoint().data, 1, 0))


@pytest.mark.parametrize("state", range(16))
def test_mcx_of_every_class(state):
    for gate in (lib.C3XGate(ctrl_state=state & 7), lib.C4XGate(ctrl_state=state), lib.MCXGate(4, ctrl_state=state)):
        circuit = on_all_qubits(gate)
        assert check(circuit, Operator(circuit)) == ["c" * gate.num_ctrl_qubits + "x"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("state", [0, 13, 31])
def test_mcx_classes_with_a_synthesis_of_their_own(state):
    assert names(on_all_qubits(lib.MCXGrayCode(5, ctrl_state=state))) == ["cccccx"]
    for gate in (
        lib.MCXRecursive(5, ctrl_state=state),
        lib.MCXVChain(5, ctrl_state=state),
        lib.MCXVChain(5, dirty_ancillas=True, ctrl_state=state),
        lib.MCXVChain(5, dirty_ancillas=True, relative_phase=True, ctrl_state=state),
        lib.MCXVChain(5, dirty_ancillas=True, action_only=True, ctrl_state=state),
    ):
        circuit = on_all_qubits(gate)
        program = lower(circuit, keep_idle_qubits=True).program
        start = np.eye(2**circuit.num_qubits)[0b10110101 & (2**circuit.num_qubits - 1)]
        (branch,) = packed_oracle.run(program, start)
        expected = Statevector(start).evolve(gate.definition).data
        np.testing.assert_allclose(branch.state.reshape(-1), expected, atol=1e-9)


def test_multi_controlled_phases_and_rotations():
    circuit = QuantumCircuit(5)
    circuit.mcp(0.4, [0, 1, 2], 4)
    circuit.append(lib.MCPhaseGate(0.5, 3, ctrl_state=5), [3, 1, 0, 2])
    circuit.append(lib.MCU1Gate(-0.7, 2, ctrl_state=1), [3, 1, 0])
    circuit.mcx([0, 3, 2], 1)
    assert check(circuit) == ["cccp", "cccp", "ccu1", "cccx"]
    circuit.mcrx(0.3, [0, 1], 2)
    circuit.mcry(0.4, [0, 1, 3], 2)
    circuit.mcrz(0.5, [4, 1], 2)
    check(circuit)
    many = QuantumCircuit(40)
    many.mcx(list(range(39)), 39)
    assert names(many) == ["c" * 39 + "x"]


def test_a_controlled_cu_keeps_its_phase():
    gate = lib.CUGate(0.1, 0.2, 0.3, 0.4, ctrl_state=0).control(2, ctrl_state=1, annotated=False)
    matrix = Operator(lib.CUGate(0.1, 0.2, 0.3, 0.4, ctrl_state=0)).data
    assert check(on_all_qubits(gate), oracle.controlled(matrix, 2, 1)) == ["cccu"]
    inverse = AnnotatedOperation(gate, InverseModifier())
    check(on_all_qubits(inverse), oracle.controlled(matrix, 2, 1).conj().T)


def test_nested_controls_are_flattened():
    inner = lib.UnitaryGate(random_unitary(4, seed=1)).control(1, ctrl_state=0, annotated=False)
    outer = ControlledGate("twice", 5, inner.params, num_ctrl_qubits=2, ctrl_state=2, base_gate=inner)
    expected = oracle.controlled(oracle.controlled(random_unitary(4, seed=1).data, 1, 0), 2, 2)
    assert check(on_all_qubits(outer), expected) == ["cccunitary"]


def test_mcmt():
    for base in (lib.HGate(), lib.RYGate(0.3)):
        circuit = on_all_qubits(lib.MCMTGate(base, 2, 3, ctrl_state=1))
        assert check(circuit, Operator(circuit)) == [f"cc{base.name}"] * 3


def custom_gate(phase=0.9):
    circuit = QuantumCircuit(3, global_phase=phase)
    circuit.h(0)
    circuit.append(lib.CSwapGate(ctrl_state=0), [2, 0, 1])
    circuit.rzx(0.3, 1, 2)
    circuit.append(lib.DiagonalGate([1, 1j, -1, 1j]), [0, 2])
    return circuit.to_gate()


@pytest.mark.parametrize(("count", "state"), [(1, 1), (1, 0), (2, 0), (2, 1), (2, 2)])
def test_controls_reach_into_definitions_with_their_phase(count, state):
    gate = custom_gate()
    expected = oracle.controlled(Operator(gate).data, count, state)
    found = check(on_all_qubits(gate.control(count, ctrl_state=state, annotated=False)), expected)
    assert len(found) <= 7
    assert check(on_all_qubits(AnnotatedOperation(gate, ControlModifier(count, state))), expected) == found


def test_annotations_in_any_order():
    gate = custom_gate()
    matrix = Operator(gate)
    base = lib.UnitaryGate(random_unitary(4, seed=2))
    for operation, expected in (
        (AnnotatedOperation(gate, InverseModifier()), matrix.adjoint()),
        (AnnotatedOperation(gate, PowerModifier(3)), matrix.power(3)),
        (AnnotatedOperation(gate, [PowerModifier(-2.0), InverseModifier(), PowerModifier(2)]), matrix.power(4)),
        (AnnotatedOperation(gate, PowerModifier(0)), Operator(np.eye(8))),
        (AnnotatedOperation(gate, PowerModifier(0.3)), matrix.power(0.3)),
        (AnnotatedOperation(base, PowerModifier(1000)), Operator(base).power(1000)),
        (AnnotatedOperation(base, PowerModifier(-5)), Operator(base).adjoint().power(5)),
        (AnnotatedOperation(lib.DiagonalGate([1, 1j]), InverseModifier), Operator(np.diag([1, -1j]))),
        (lib.DiagonalGate([1, 1j]).inverse(annotated=True), Operator(np.diag([1, -1j]))),
    ):
        check(on_all_qubits(operation), expected)
    nested = AnnotatedOperation(
        AnnotatedOperation(base, [ControlModifier(1, 0), PowerModifier(0.5), InverseModifier()]),
        [ControlModifier(2, 1), PowerModifier(2)],
    )
    assert check(on_all_qubits(nested), nested.to_matrix()) == ["cccunitary"]


def test_repeated_definitions_are_not_taken_for_cycles():
    gate = custom_gate()
    outer = QuantumCircuit(4)
    for _ in range(3):
        outer.append(AnnotatedOperation(gate, [PowerModifier(3), ControlModifier(1)]), [3, 0, 2, 1])
        outer.append(gate, [0, 1, 2])
    check(outer)
    assert len(names(outer)) == 3 * (3 * 5 + 5)


STRUCTURED = [
    (lib.UnitaryGate(random_unitary(8, seed=3)), "unitary"),
    (lib.DiagonalGate(list(np.exp(1j * RNG.uniform(-3, 3, 8)))), "diagonal"),
    (lib.UCGate([random_unitary(2, seed=i).data for i in range(4)]), "multiplexer"),
    (lib.UCRXGate(list(RNG.uniform(-3, 3, 4))), "multiplexer"),
    (lib.UCRYGate(list(RNG.uniform(-3, 3, 4))), "multiplexer"),
    (lib.UCRZGate(list(RNG.uniform(-3, 3, 4))), "diagonal"),
    (lib.UCPauliRotGate([0.4], "Y"), "multiplexer"),
    (lib.PermutationGate([2, 0, 3, 1]), "permutation"),
]
if PAULI_PRODUCTS:
    STRUCTURED += [
        (lib.PauliProductRotationGate(Pauli("-XIZY"), 0.8), "pauli_rotation"),
        (lib.PauliProductRotationGate(Pauli("IZI"), 0.8), "rz"),
    ]


@pytest.mark.parametrize(("gate", "name"), STRUCTURED, ids=lambda value: getattr(value, "name", value))
def test_structured_gates_are_one_operation(gate, name):
    by_definition = Operator(gate.definition or gate)
    found = check(on_all_qubits(gate), by_definition)
    assert found == [name]
    assert check(on_all_qubits(AnnotatedOperation(gate, InverseModifier())), by_definition.adjoint()) == [name]
    controlled = on_all_qubits(AnnotatedOperation(gate, ControlModifier(2, 1)))
    assert check(controlled, oracle.controlled(by_definition.data, 2, 1)) == ["cc" + name]


def test_matrices_among_plain_gates():
    theta = Parameter("theta")
    circuit = QuantumCircuit(5, 1)
    for i in range(300):  # more than are read at a time
        qubits = RNG.permutation(5)[: 1 + i % 5].tolist()
        circuit.unitary(random_unitary(2 ** len(qubits), seed=i), qubits)
        circuit.rx(np.float32(0.1 * i), qubits[0])
        circuit.rz(theta, qubits[-1])
    lowered = lower(circuit).bind({theta: 0.3})
    bound = circuit.assign_parameters({theta: 0.3})
    np.testing.assert_allclose(packed_oracle.unitary(lowered.program), oracle.unitary(bound), atol=1e-9)
    assert names(circuit) == ["unitary", "rx", "rz"] * 300


def test_a_gate_named_like_a_matrix():
    class Unitary(Gate):
        def __init__(self):
            super().__init__("unitary", 1, [0.3])

        def _define(self):
            self.definition = QuantumCircuit(1)
            self.definition.rx(self.params[0], 0)

    circuit = QuantumCircuit(2)
    circuit.unitary(random_unitary(4, seed=5), [1, 0])
    circuit.append(Unitary(), [1])
    circuit.unitary(random_unitary(2, seed=6), [0])
    assert check(circuit) == ["unitary", "rx", "unitary"]


def test_pauli_strings_are_single_gates():
    assert sorted(check(on_all_qubits(lib.PauliGate("XIYZ")))) == ["x", "y", "z"]
    controlled = on_all_qubits(AnnotatedOperation(lib.PauliGate("XIY"), ControlModifier(1, 0)))
    assert sorted(check(controlled)) == ["cx", "cy"]


@pytest.mark.parametrize("choice", list(itertools.product(range(2), repeat=4)))
def test_multiplexers_with_superfluous_controls(choice):
    gates = [random_unitary(2, seed=10 + i).data for i in choice]
    for simplify in (True, False):
        gate = lib.UCGate(gates, mux_simp=simplify)
        expected = np.zeros((8, 8), complex)
        for i, block in enumerate(gates):
            expected[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = block
        assert len(check(on_all_qubits(gate), expected)) == 1


def test_multiplexers_up_to_a_diagonal_follow_their_definition():
    gate = lib.UCGate([random_unitary(2, seed=i).data for i in range(4)], up_to_diagonal=True)
    check(on_all_qubits(gate), Operator(gate.definition))
    check(on_all_qubits(AnnotatedOperation(gate, InverseModifier())), Operator(gate.definition).adjoint())


OPERATOR = SparsePauliOp(["XXI", "IYZ", "III", "ZIZ", "IIX"], [0.4, -0.3, 0.9, 0.7, 1.2])
PROJECTORS = SparseObservable.from_sparse_list([("0X", [0, 2], 0.6), ("+-", [0, 1], 0.5), ("rl", [2, 1], -0.8)], 3)


@pytest.mark.parametrize(
    "gate",
    [
        lib.PauliEvolutionGate(OPERATOR, 0.7),
        lib.PauliEvolutionGate([SparsePauliOp("ZZI"), OPERATOR], -0.4, synthesis=LieTrotter(reps=3)),
        lib.PauliEvolutionGate(OPERATOR, 0.7, synthesis=SuzukiTrotter(order=4, reps=2)),
        lib.PauliEvolutionGate(OPERATOR, 0.7, synthesis=SuzukiTrotter(order=2, preserve_order=False)),
        lib.PauliEvolutionGate(PROJECTORS, 0.7),
        lib.PauliEvolutionGate(OPERATOR, 0.7).control(2, ctrl_state=1),
        lib.PauliEvolutionGate(OPERATOR, 0.2, synthesis=QDrift(seed=5)),
        lib.PauliEvolutionGate(OPERATOR, 0.2, synthesis=MatrixExponential()),
    ],
    ids=["lie", "groups", "order-4", "reordered", "projectors", "controlled", "qdrift", "exact"],
)
def test_pauli_evolution_follows_its_definition(gate):
    expected = Operator(gate.definition)
    check(on_all_qubits(gate), expected)
    check(on_all_qubits(AnnotatedOperation(gate, InverseModifier())), expected.adjoint())
    check(on_all_qubits(AnnotatedOperation(gate, ControlModifier(1, 0))), oracle.controlled(expected.data, 1, 0))


def test_pauli_evolution_is_native():
    found = names(on_all_qubits(lib.PauliEvolutionGate(OPERATOR, 0.7)))
    assert found == ["pauli_rotation", "pauli_rotation", "global_phase", "pauli_rotation", "rx"]


def test_global_phases():
    circuit = QuantumCircuit(2, global_phase=0.4)
    circuit.append(lib.GlobalPhaseGate(0.3), [])
    assert check(circuit) == ["global_phase", "global_phase"]
    for state in (0, 1, 2, 3):
        check(on_all_qubits(AnnotatedOperation(lib.GlobalPhaseGate(0.3), ControlModifier(2, state))))
    assert lower(QuantumCircuit(global_phase=1.0)).program.num_operations == 1
    assert lower(QuantumCircuit(3)).program.num_qubits == 0


@pytest.mark.parametrize(
    "operation",
    [
        lib.QFTGate(3),
        lib.LinearFunction([[1, 1, 0], [0, 1, 1], [0, 0, 1]]),
        Clifford(on_all_qubits(lib.ECRGate())),
        lib.HamiltonianGate(np.array([[1, 0.5], [0.5, -1]]), 0.3),
        lib.RVGate(0.1, 0.2, 0.3),
        lib.MSGate(3, 0.4),
        lib.HalfAdderGate(1),
        lib.Isometry(random_unitary(4, seed=4).data[:, :2], 0, 0),
        lib.StatePreparation([0.6, 0, 0, 0.8j]),
        lib.StatePreparation([0.6, 0, 0, 0.8j], inverse=True),
        lib.GraphStateGate([[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
    ],
    ids=lambda operation: operation.name,
)
def test_other_library_gates_by_definition(operation):
    check(on_all_qubits(operation))
    check(on_all_qubits(AnnotatedOperation(operation, [InverseModifier(), ControlModifier(1, 0)])))


class MatrixOnly(Gate):
    """A gate that has a matrix but no definition."""

    def __init__(self):
        super().__init__("matrix_only", 2, [])

    def __array__(self, dtype=None, copy=None):
        return np.asarray(random_unitary(4, seed=9).data, dtype)


def test_gates_with_nothing_but_a_matrix():
    assert check(on_all_qubits(MatrixOnly())) == ["unitary"]
    controlled = on_all_qubits(AnnotatedOperation(MatrixOnly(), ControlModifier(1, 0)))
    assert check(controlled, oracle.controlled(random_unitary(4, seed=9).data, 1, 0)) == ["cunitary"]


def test_a_gate_is_not_judged_by_its_name():
    impostor = Gate("cx", 2, [])
    impostor.definition = QuantumCircuit(2)
    impostor.definition.h(1)
    circuit = on_all_qubits(impostor)
    impostor = Gate("measure", 1, [])
    impostor.definition = QuantumCircuit(1)
    impostor.definition.t(0)
    circuit.append(impostor, [0])
    assert names(circuit) == ["h", "t"]


def test_measurements_and_resets_anywhere():
    circuit = QuantumCircuit(3, 4)
    circuit.h(0)
    circuit.measure(0, 3)
    circuit.cx(0, 1)
    circuit.reset(0)
    circuit.ry(0.4, 0)
    circuit.measure([0, 1, 2], [0, 1, 1])
    lowered = lower(circuit)
    assert lowered.has_measurements
    assert lowered.program.num_clbits == 4
    assert check_outcomes(circuit) == ["h", "measure", "cx", "reset", "ry", "measure", "measure", "measure"]


def test_measurements_inside_definitions():
    inner = QuantumCircuit(2, 2)
    inner.h(0)
    inner.measure([0, 1], [1, 0])
    inner.reset(0)
    instruction = inner.to_instruction()
    circuit = QuantumCircuit(3, 3)
    circuit.x(2)
    circuit.append(instruction, [0, 2], [1, 2])
    circuit.append(instruction, [2, 1], [0, 1])
    if PAULI_PRODUCTS:
        circuit.append(lib.PauliProductMeasurement(Pauli("-XZ")), [0, 1], [2])
    check_outcomes(circuit)


def test_resets_of_untouched_qubits_are_dropped():
    circuit = QuantumCircuit(2, 1)
    circuit.reset([0, 1])
    circuit.h(0)
    circuit.reset(0)
    assert names(circuit) == ["h", "reset"]
    program = lower(circuit, starts_in_zero=False).program
    assert packed_oracle.operation_names(program) == ["reset", "reset", "h", "reset"]


def test_initialize():
    vector = RNG.normal(size=4) + 1j * RNG.normal(size=4)
    vector /= np.linalg.norm(vector)
    circuit = QuantumCircuit(3, 3)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.initialize(vector, [2, 0])
    circuit.measure(range(3), range(3))
    assert check_outcomes(circuit)[2] == "initialize"
    for label in ("r-", 2):
        circuit = QuantumCircuit(2, 2)
        circuit.h(0)
        circuit.initialize(label, [1, 0])
        circuit.h(0)
        circuit.measure_all()
        assert "initialize" not in check_outcomes(circuit)


def test_state_preparation_is_an_initialisation_only_on_untouched_qubits():
    vector = RNG.normal(size=8) + 1j * RNG.normal(size=8)
    circuit = QuantumCircuit(4)
    circuit.h(3)
    circuit.prepare_state(vector / np.linalg.norm(vector), [2, 0, 1])
    program = lower(circuit).program
    assert packed_oracle.operation_names(program) == ["h", "initialize"]
    (branch,) = packed_oracle.run(program)
    np.testing.assert_allclose(branch.state.reshape(-1), oracle.statevector(circuit), atol=1e-9)
    check(circuit)  # without the promise of a zero state: the definition
    circuit.prepare_state(vector / np.linalg.norm(vector), [2, 0, 1])
    assert names(circuit).count("initialize") == 1


def test_state_preparation_in_a_repeated_definition():
    inner = QuantumCircuit(1)
    inner.prepare_state([0.6, 0.8], 0)
    gate = inner.to_gate()
    circuit = QuantumCircuit(2)
    for qubit in (0, 1, 0):
        circuit.append(gate, [qubit])
    (branch,) = packed_oracle.run(lower(circuit).program)
    np.testing.assert_allclose(branch.state.reshape(-1), oracle.statevector(circuit), atol=1e-9)


def test_what_has_no_effect_is_dropped():
    circuit = QuantumCircuit(3)
    circuit.barrier()
    circuit.delay(100, 0)
    circuit.id(1)
    circuit.append(AnnotatedOperation(lib.IGate(), ControlModifier(1)), [0, 1])
    assert lower(circuit).program.num_operations == 0


def test_idle_qubits_are_left_out():
    circuit = QuantumCircuit(60, 2)
    circuit.cx(41, 7)
    circuit.measure(9, 1)
    lowered = lower(circuit)
    assert lowered.qubits == (7, 9, 41)
    assert next(packed_oracle.operations(lowered.program))[1:4] == ([2], 1, [0])
    kept = lower(circuit, keep_idle_qubits=True)
    assert kept.program.num_qubits == 60
    assert kept.qubits == tuple(range(60))


def test_the_header_says_what_aer_says():
    registers = QuantumRegister(2, "a"), ClassicalRegister(1, "x"), ClassicalRegister(2, "y")
    circuit = QuantumCircuit(*registers, name="bell", global_phase=0.5, metadata={"k": 1})
    assert lower(circuit).header == {
        "name": "bell",
        "n_qubits": 2,
        "memory_slots": 3,
        "qreg_sizes": [["a", 2]],
        "creg_sizes": [["x", 1], ["y", 2]],
        "qubit_labels": [["a", 0], ["a", 1]],
        "clbit_labels": [["x", 0], ["y", 0], ["y", 1]],
        "global_phase": 0.5,
        "metadata": {"k": 1},
    }


def test_registers_that_do_not_tile_the_classical_bits_do_not_split_counts():
    circuit = QuantumCircuit([Qubit(), Clbit()], ClassicalRegister(2, "c"))
    circuit.measure(0, 2)
    header = lower(circuit).header
    assert header["creg_sizes"] == []
    assert header["clbit_labels"] == [["", 0], ["c", 0], ["c", 1]]
    assert header["qubit_labels"] == [["", 0]]


def test_a_library_circuit_that_is_built_on_demand():
    theta = Parameter("t")
    circuit = QuantumCircuit(2)
    circuit.compose(lib.efficient_su2(2, reps=1), inplace=True)
    circuit.rx(theta, 0)
    values = {parameter: 0.1 * i for i, parameter in enumerate(circuit.parameters)}
    bound = lower(circuit, keep_idle_qubits=True).bind(values).program
    expected = Operator(circuit.assign_parameters(values)).data
    np.testing.assert_allclose(packed_oracle.unitary(bound), expected, atol=1e-9)


@given(strategies.circuits())
def test_random_circuits_keep_their_matrix(circuit):
    check(circuit)


@given(strategies.circuits(measure=True, max_operations=8))
def test_random_circuits_keep_their_outcomes(circuit):
    check_outcomes(circuit)


@given(strategies.circuits(max_qubits=3, max_operations=4), st.integers(1, 2), st.data())
def test_random_circuits_can_be_controlled_and_inverted(circuit, count, data):
    state = data.draw(st.integers(0, 2**count - 1))
    expected = oracle.controlled(oracle.unitary(circuit).conj().T, count, state)
    check(
        on_all_qubits(AnnotatedOperation(circuit.to_gate(), [InverseModifier(), ControlModifier(count, state)])),
        expected,
    )


def test_powers_of_rotations_with_unbound_angles():
    theta = Parameter("t")
    circuit = on_all_qubits(AnnotatedOperation(lib.RZGate(theta), [PowerModifier(0.5), ControlModifier(1)]))
    program = lower(circuit).bind({"t": 0.8}).program
    np.testing.assert_allclose(packed_oracle.unitary(program), Operator(lib.CRZGate(0.4)).data, atol=1e-12)
    repeated = on_all_qubits(AnnotatedOperation(lib.RZGate(theta), PowerModifier(5)))
    program = lower(repeated).bind({"t": 0.1}).program
    np.testing.assert_allclose(packed_oracle.unitary(program), Operator(lib.RZGate(0.5)).data, atol=1e-12)


def test_angles_of_any_number_type():
    circuit = QuantumCircuit(1)
    x = Parameter("x")
    for angle in (1, np.float32(0.5), np.float64(0.25), np.int64(2), (x * 2).bind({x: math.pi}), x.assign(x, 3.0)):
        circuit.rz(angle, 0)
    assert lower(circuit).program.slots.tolist() == [1.0, 0.5, 0.25, 2.0, 2 * math.pi, 3.0]


def wires_of(circuit):
    return lower(circuit).program.packed()[4].tolist()


def test_qubits_are_numbered_as_in_the_circuit_wherever_they_live():
    a, b = QuantumRegister(2, "a"), QuantumRegister(2, "b")
    loose = [Qubit() for _ in range(2)]
    shared = QuantumRegister(bits=[a[1], b[0]], name="shared")
    for circuit in (
        QuantumCircuit(a, b),
        QuantumCircuit([*reversed(a), *b]),
        QuantumCircuit([b[1], a[1], a[0], b[0]], shared),
        QuantumCircuit(loose, a),
        QuantumCircuit([a[0], b[1]]),  # the places in their registers look right
        QuantumCircuit([a[0]], loose, [a[1]]),
    ):
        for qubit in circuit.qubits:
            circuit.h(qubit)
        circuit.cx(-1, 0)
        inner = circuit.to_gate()
        circuit.append(inner, range(circuit.num_qubits)[::-1])
        last = circuit.num_qubits - 1
        assert wires_of(circuit) == [*range(last + 1), last, 0, *range(last, -1, -1), 0, last]


@given(strategies.circuits(measure=True), st.integers(1, 3))
def test_it_does_not_matter_how_many_instructions_are_read_at_a_time(circuit, size):
    at_once = lower(circuit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame, "CHUNK", size)
        in_pieces = lower(circuit)
    assert pickle.dumps(in_pieces.program) == pickle.dumps(at_once.program)


def test_wires_beyond_a_byte():
    circuit = QuantumCircuit(300)
    circuit.cx(299, 255)
    circuit.rz(0.5, 256)
    assert lower(circuit).qubits == (255, 256, 299)
    assert wires_of(circuit) == [2, 0, 1]


@pytest.mark.parametrize("name", ["measure", "barrier", "reset", "h", "cx"])
def test_gates_are_not_known_by_their_names_alone(name):
    inner = QuantumCircuit(1)
    inner.rx(0.3, 0)
    impostor = inner.to_gate()
    impostor.name = name
    circuit = QuantumCircuit(1, 1)
    circuit.append(impostor, [0])
    circuit.measure(0, 0)
    assert names(circuit) == ["rx", "measure"]


def test_measurements_between_gates_and_inside_definitions():
    inner = QuantumCircuit(2, 2)
    inner.h(0)
    inner.measure([0, 1], [1, 0])
    inner.cx(0, 1)
    circuit = QuantumCircuit(3, 3)
    circuit.measure(2, 0)
    circuit.append(inner.to_instruction(), [1, 2], [2, 1])
    circuit.x(0)
    circuit.measure(0, 0)
    assert names(circuit) == ["measure", "h", "measure", "measure", "cx", "x", "measure"]
    codes, _, wires, *_, operand = lower(circuit).program.packed()[2:10]
    assert [int(clbit) for clbit in operand if clbit >= 0] == [0, 1, 2, 0]
    assert len(codes) == len(operand)
    assert wires.tolist() == [2, 1, 1, 2, 1, 2, 0, 0]


def test_a_weighted_sum_is_added_to_its_register():
    gate = lib.WeightedSumGate(3, [1, 2, 3])
    for states, start in itertools.product(range(8), range(8)):
        circuit = QuantumCircuit(6)
        circuit.initialize(states | start << 3)
        circuit.append(gate, range(6))
        total = (start + sum(weight for bit, weight in enumerate([1, 2, 3]) if states >> bit & 1)) % 8
        assert abs(final_state(lower(circuit).program)[states | total << 3]) == pytest.approx(1)
