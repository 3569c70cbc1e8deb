"""`transpile(circuit, Simulator())` takes circuits of any width and leaves what the simulator knows as it is."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ControlledGate, Gate, Parameter, library
from qiskit.circuit.library import (
    DiagonalGate,
    HGate,
    MCMTGate,
    PauliEvolutionGate,
    PauliGate,
    PermutationGate,
    QFTGate,
    RYGate,
    UCGate,
    UCRYGate,
    XGate,
    ZGate,
    efficient_su2,
    get_standard_gate_name_mapping,
)
from qiskit.quantum_info import Operator, Pauli, SparsePauliOp, Statevector
from support.qiskit_versions import PAULI_PRODUCTS

from ketjet import Simulator

LEVELS = range(4)


@pytest.fixture(scope="module")
def backend():
    return Simulator()


def multi_controlled(num_qubits):
    circuit = QuantumCircuit(num_qubits, 1)
    controls = list(range(num_qubits - 1))
    circuit.mcx(controls, num_qubits - 1)
    circuit.mcp(0.3, controls, num_qubits - 1)
    circuit.append(RYGate(0.2).control(3, annotated=False), range(4))
    circuit.append(XGate().control(2, ctrl_state=1, annotated=False), range(3))
    circuit.measure(0, 0)
    return circuit


def structured(num_qubits):
    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    circuit.unitary(np.roll(np.eye(8), 1, axis=0), [0, 1, 2])
    circuit.append(DiagonalGate([1, -1, 1j, 1]), [0, 1])
    circuit.append(PauliEvolutionGate(SparsePauliOp(["XX", "ZY"]), 0.1), [0, 1])
    circuit.append(PermutationGate([2, 0, 1]), [0, 1, 2])
    circuit.append(UCGate([np.eye(2), np.array([[0, 1], [1, 0]])]), [0, 1])
    circuit.append(UCRYGate([0.1, 0.2]), [0, 1])
    circuit.append(PauliGate("XYZ"), [0, 1, 2])
    circuit.append(MCMTGate(ZGate(), 2, 2), range(4))
    return circuit


def prepared(num_qubits):
    circuit = QuantumCircuit(num_qubits, num_qubits)
    circuit.initialize([0.6, 0.8], 0)
    circuit.prepare_state([0.6, 0.8j], num_qubits - 1)
    circuit.reset(0)
    circuit.barrier()
    circuit.delay(100, 0, "ns")
    circuit.measure(range(num_qubits), range(num_qubits))
    return circuit


def dynamic(num_qubits):
    circuit = QuantumCircuit(num_qubits, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(num_qubits - 1)
    with circuit.for_loop(range(3)):
        circuit.rx(0.1, 0)
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.h(0)
        circuit.measure(0, 0)
    with circuit.box():
        circuit.x(0)
    return circuit


def everything_else(num_qubits):
    circuit = QuantumCircuit(num_qubits, 1)
    circuit.append(efficient_su2(num_qubits), range(num_qubits))
    circuit.append(QFTGate(4), range(4))
    circuit.append(XGate().control(2, annotated=True), range(3))
    circuit.append(HGate().power(0.5), [0])
    if PAULI_PRODUCTS:
        circuit.append(library.PauliProductMeasurement(Pauli("XYZ")), [0, 1, 2], [0])
    return circuit


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")  # Qiskit's own
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("num_qubits", [5, 20, 60])
@pytest.mark.parametrize("build", [multi_controlled, structured, prepared, dynamic, everything_else])
def test_transpile_takes_any_circuit(backend, build, num_qubits, level):
    circuit = build(num_qubits)
    if build is everything_else:
        circuit = circuit.assign_parameters(np.linspace(0, 1, circuit.num_parameters))
    again = transpile(circuit, backend, optimization_level=level, seed_transpiler=1)
    assert again.num_qubits == num_qubits
    if level == 0 and build is not everything_else:
        kept = {name: count for name, count in circuit.count_ops().items() if name != "PauliEvolution"}
        assert kept.items() <= dict(again.count_ops()).items()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("num_qubits", [0, 1, 2, 33])
def test_transpile_of_small_and_empty_circuits(backend, num_qubits, level):
    circuit = QuantumCircuit(num_qubits, global_phase=0.5)
    again = transpile(circuit, backend, optimization_level=level)
    assert (again.num_qubits, again.global_phase) == (num_qubits, 0.5)


@pytest.mark.parametrize("level", LEVELS)
def test_every_standard_gate_passes(backend, level):
    circuit = QuantumCircuit(5)
    for gate in get_standard_gate_name_mapping().values():
        if isinstance(gate, Gate):
            circuit.append(gate, range(gate.num_qubits))
        if isinstance(gate, ControlledGate):
            opened = gate.to_mutable()
            opened.ctrl_state = 0
            circuit.append(opened, range(gate.num_qubits))
    again = transpile(circuit, backend, optimization_level=level, seed_transpiler=1)
    if level == 0:
        assert dict(again.count_ops()) == dict(circuit.count_ops())
    values = dict(zip(circuit.parameters, np.linspace(0.1, 1, circuit.num_parameters), strict=True))
    assert Operator.from_circuit(again.assign_parameters(values)).equiv(Operator(circuit.assign_parameters(values)))


def test_unbound_parameters_stay(backend):
    circuit = QuantumCircuit(2)
    circuit.rx(Parameter("a"), 0)
    circuit.cp(Parameter("b"), 0, 1)
    assert len(transpile(circuit, backend, optimization_level=3).parameters) == 2


def test_the_target_is_wide_and_has_no_coupling(backend):
    assert backend.num_qubits == backend.target.num_qubits == 1024
    assert backend.coupling_map is None
    assert {"mcx", "unitary", "diagonal", "if_else", "ccx_o1"} <= set(backend.operation_names)


def test_the_transpiler_builds_pairs_from_one_gate_alone(backend):
    target = backend.target
    operations = [target.operation_from_name(name) for name in target.operation_names]
    pairs = [each.name for each in operations if not isinstance(each, type) and each.num_qubits == 2]
    assert pairs == ["cx"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", [name for name in get_standard_gate_name_mapping() if name not in ("id", "delay")])
def test_a_gate_that_the_simulator_knows_stays_as_it_is(backend, name, level):
    gate = get_standard_gate_name_mapping()[name]
    circuit = QuantumCircuit(gate.num_qubits + 1, 1)
    circuit.append(gate, range(gate.num_qubits), range(gate.num_clbits))
    expected = {} if name == "swap" and level > 1 else {name: 1}
    assert transpile(circuit, backend, optimization_level=level).count_ops() == expected


@pytest.mark.parametrize("level", LEVELS)
def test_a_wide_evolution_is_written_out_and_means_the_same(backend, level):
    rng = np.random.default_rng(level)
    labels = ["".join(rng.choice(list("IXYZ"), 12)) for _ in range(20)]
    circuit = QuantumCircuit(12)
    circuit.h(range(12))
    circuit.append(PauliEvolutionGate(SparsePauliOp(labels, rng.random(20)), 0.3), range(12))
    again = transpile(circuit, backend, optimization_level=level)
    states = [backend.run(each, return_state=True).result().data()["statevector"] for each in (circuit, again)]
    if again.layout is not None:
        states[1] = Statevector(states[1]).evolve(PermutationGate(again.layout.final_index_layout())).data
    np.testing.assert_allclose(*states, atol=1e-9)
