"""While all amplitudes are real, sweeps hold two of them in the place of one; see also test_engine_paths.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import packed as packed_oracle
from qiskit import QuantumCircuit
from qiskit.circuit.library import grover_operator, real_amplitudes
from qiskit.quantum_info import Statevector
from support.programs import op, pack
from support.statistics import assert_drawn_from

from ketjet import Simulator, engine
from ketjet.lowering import lower

SLOW_MEMORY = engine.Machine(l2_bytes=1 << 10, sweep_factor=1e6)
SMALL_BLOCKS = engine.Machine(l2_bytes=1 << 12, sweep_factor=100)


def folded_sweeps(program, on=SLOW_MEMORY, **options):
    return engine.plan(program, on=on, **options).to_string().count("folded along")


def layer(name, num_qubits=8, angle=0.7):
    return [op(name, [qubit], slots=[angle + qubit] if name.startswith("r") else []) for qubit in range(num_qubits)]


def ladder(num_qubits=8):
    return [op("cx", [qubit, qubit + 1]) for qubit in range(num_qubits - 1)]


def real_layers(num_qubits=8):
    return 2 * (layer("ry", num_qubits) + ladder(num_qubits))


def ansatz(num_qubits, entanglement="reverse_linear"):
    circuit = real_amplitudes(num_qubits, entanglement, reps=3)
    return circuit.assign_parameters(np.random.default_rng(num_qubits).uniform(-3, 3, circuit.num_parameters))


def grover(num_qubits):
    oracle = QuantumCircuit(num_qubits)
    oracle.h(num_qubits - 1)
    oracle.mcx(list(range(num_qubits - 1)), num_qubits - 1)
    oracle.h(num_qubits - 1)
    circuit = QuantumCircuit(num_qubits)
    circuit.h(range(num_qubits))
    for _ in range(3):
        circuit.compose(grover_operator(oracle), inplace=True)
    return circuit


def real_clifford(num_qubits):
    random = np.random.default_rng(1)
    circuit = QuantumCircuit(num_qubits)
    for _ in range(20 * num_qubits):
        first, second = map(int, random.choice(num_qubits, 2, replace=False))
        getattr(circuit, random.choice(["h", "x", "z"]))(first)
        getattr(circuit, random.choice(["cx", "cz", "swap"]))(first, second)
    return circuit


FAMILIES = {
    "reverse linear ansatz": lambda n: ansatz(n),
    "full ansatz": lambda n: ansatz(n, "full"),
    "circular ansatz": lambda n: ansatz(n, "circular"),
    "grover": grover,
    "clifford": real_clifford,
}


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("family", FAMILIES)
def test_real_families_take_half_of_the_memory_traffic(family, precision):
    circuit = FAMILIES[family](12)
    program = lower(circuit).program
    plans = [engine.plan(program, precision, on=SMALL_BLOCKS, switched_off=off) for off in ((), ("real_blocks",))]
    assert plans[0].to_string().count("folded along") > 1
    assert "folded" not in plans[1].to_string()
    folded, whole = (sum(stage.bytes_moved for stage in engine.report(plan, 1).stages) for plan in plans)
    assert folded < 0.75 * whole
    task = engine.Task(program, 0, 0, return_state=True, precision=precision, threads=2, verify="fast")
    expected = Statevector(circuit).data
    np.testing.assert_allclose(
        engine.execute(task, on=SMALL_BLOCKS).state, expected, atol=1e-12 if precision == "double" else 1e-5
    )


@pytest.mark.parametrize("name", sorted(engine.gate_codes()))
def test_what_is_real_is_told_from_the_matrices_of_gates(name):
    _, controls, targets, parameters = engine.gate_codes()[name]
    matrix = packed_oracle.gate_matrix(name, [0.3, 0.5, 0.7, 1.1][:parameters])
    operation = op(name, range(controls + targets), slots=[0.3, 0.5, 0.7, 1.1][:parameters])
    program = pack(8, [*real_layers(), operation, *real_layers()])
    without = pack(8, [*real_layers(), op("s", [0]), *real_layers()])
    whole = folded_sweeps(pack(8, 2 * real_layers()))
    assert folded_sweeps(without) < whole
    if name == "y":  # which becomes real gates and a phase of the whole state
        matrix = matrix / 1j
    assert (folded_sweeps(program) >= whole) == bool(np.all(np.asarray(matrix).imag == 0))


def test_payloads_are_looked_at():
    rotation = np.array([[0.6, -0.8], [0.8, 0.6]])
    payloads = [
        ("unitary", [2], rotation.astype(complex).reshape(-1)),
        ("diagonal", [2, 3], np.array([1, -1, -1, 1], complex)),
        ("multiplexer", [2, 3], np.concatenate([rotation, rotation.T]).astype(complex).reshape(-1)),
    ]
    whole = folded_sweeps(pack(8, 2 * real_layers()))
    for name, wires, payload in payloads:
        for factor, is_real in ((1, True), (1j, False)):
            operations = [*real_layers(), op(name, wires, payload=factor * payload), *real_layers()]
            assert (folded_sweeps(pack(8, operations)) >= whole) == is_real, name


@pytest.mark.parametrize("qubit", range(8))
def test_almost_unitary_payloads_on_any_qubit(qubit):
    almost = 1 + 1e-10
    operations = real_layers()
    for name, payload in (("diagonal", [1, -almost]), ("unitary", [0, almost, 1, 0])):
        apart = [op("cz", [qubit, (qubit + 1) % 8])]  # from the gates on the qubit alone
        operations += [*apart, op(name, [qubit], payload=np.array(payload, complex)), *apart, *real_layers()]
    program = pack(8, operations)
    (branch,) = packed_oracle.run(program)
    state = engine.execute(engine.Task(program, 0, 0, return_state=True), on=SLOW_MEMORY).state
    np.testing.assert_allclose(state, branch.state.reshape(-1), atol=1e-9)


def test_a_state_that_is_given_is_not_folded():
    amplitudes = np.full(256, 1 / 16, complex)
    program = pack(8, [op("initialize", range(8), payload=amplitudes), *real_layers()])
    assert folded_sweeps(program) == 0


def test_small_states_and_short_beginnings_are_not_folded():
    assert folded_sweeps(pack(8, real_layers()), on=engine.Machine()) == 0
    assert folded_sweeps(pack(8, layer("rx") + real_layers())) == 0


@pytest.mark.parametrize("place", ["first", "last", "between"])
def test_global_phases_are_kept(place):
    phase = [op("global_phase", [], slots=[0.7])]
    operations = {
        "first": phase + real_layers(),
        "last": real_layers() + phase,
        "between": real_layers() + phase + real_layers() + layer("t"),
    }[place]
    program = pack(8, operations)
    assert folded_sweeps(program) > 0
    (branch,) = packed_oracle.run(program)
    task = engine.Task(program, 0, 0, return_state=True, verify="full")
    np.testing.assert_allclose(engine.execute(task, on=SLOW_MEMORY).state, branch.state.reshape(-1), atol=1e-13)


@st.composite
def measured_programs(draw):
    """Real layers with measurements and resets between them and at the end, where some qubits go on."""
    operations = []
    for _ in range(draw(st.integers(1, 3))):
        operations += [op("ry", [qubit], slots=[draw(st.floats(-3, 3))]) for qubit in range(7)]
        for _ in range(draw(st.integers(0, 10))):
            name = draw(st.sampled_from(["cx", "cz", "ccx", "h"]))
            order = draw(st.permutations(range(7)))
            operations.append(op(name, order[: {"h": 1, "ccx": 3}.get(name, 2)]))
            if draw(st.integers(0, 4)) == 0:
                kind = draw(st.sampled_from(["measure", "measure", "reset"]))
                operations.append(op(kind, order[:1], clbit=order[1] if kind == "measure" else -1))
    return pack(7, operations + [op("measure", [qubit], clbit=qubit) for qubit in (6, 5, 0)], 7)


@settings(max_examples=100, deadline=None)
@given(measured_programs())
def test_measurements_end_or_follow_what_is_folded(program):
    shots = 10**8
    outcome = engine.execute(engine.Task(program, shots, 3), on=SLOW_MEMORY)
    counts = dict(zip(outcome.keys[:, 0].tolist(), outcome.counts.tolist(), strict=True))
    assert sum(counts.values()) == shots
    assert_drawn_from(counts, packed_oracle.distribution(program))


@pytest.mark.parametrize("name", engine.PLAN_OPTIONS)
def test_other_switches_may_be_off(name):
    random = np.random.default_rng(2)
    operations = real_layers()
    for _ in range(40):
        order = random.permutation(8)
        kind = random.choice(["swap", "cz", "cx", "ccx", "h", "cry", "cswap"])
        wires = order[: {"h": 1, "ccx": 3, "cswap": 3}.get(kind, 2)]
        operations.append(op(kind, wires, slots=[0.4] if kind == "cry" else []))
    operations += [op("swap", [qubit, qubit + 1]) for qubit in (0, 2, 4)] + real_layers()
    program = pack(8, operations + layer("t"))
    (branch,) = packed_oracle.run(program)
    task = engine.Task(program, 0, 0, return_state=True, switched_off=(name, "relabel_swaps"), verify="full")
    np.testing.assert_allclose(engine.execute(task, on=SLOW_MEMORY).state, branch.state.reshape(-1), atol=1e-13)


def test_angles_of_a_folded_plan_are_slots():
    random = np.random.default_rng(3)
    program = pack(8, real_layers())
    for _ in range(5):
        bound = program.with_slots(random.uniform(-7, 7, len(program.slots)))
        (branch,) = packed_oracle.run(bound)
        task = engine.Task(bound, 0, 0, return_state=True)
        np.testing.assert_allclose(engine.execute(task, on=SLOW_MEMORY).state, branch.state.reshape(-1), atol=1e-13)


def test_explain_says_along_which_qubit():
    explanation = Simulator(max_threads=1).explain(ansatz(16, "full"))
    assert explanation.stages[0].folded is not None
    assert f"real, folded along qubit {explanation.stages[0].folded}" in str(explanation)
    assert "reflect" in {one.kernel for stage in explanation.stages for one in stage.passes}
    assert Simulator(plan_options={"real_blocks": False}).explain(ansatz(16)).stages[0].folded is None
