"""What the planner drops because nobody can tell: it never makes a run go more ways, leaves every outcome as likely as
it was, and takes control flow behind the last reader with it, but nothing that may fail or never end."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles.dynamic import distribution
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit
from qiskit.circuit.classical import expr, types
from support.dynamic_strategies import dynamic_circuits
from support.exact_runs import assert_same, exact
from support.saves import save

from ketjet import Simulator, engine
from ketjet.errors import JobError
from ketjet.lowering import lower

MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
ONE_QUBIT = ("h", "t", "s", "x", "sx")
OPERATIONS = (*ONE_QUBIT, "rx", "cx", "cz", "cp", "ch", "ccx", "measure", "reset", "initialize", "if")


def trajectories(circuit, *switched_off):
    """How many states were left at the end of an exact run; one where there is but one anyway."""
    task = engine.Task(lower(circuit).program, 1, 0, exact=True, floor=1e-12, switched_off=switched_off)
    return engine.execute(task).facts.trajectories or 1


def ways(circuit, *switched_off):
    """How many sequences of random outcomes there are; those that end in the same state count too."""
    return trajectories(circuit, "merge_branches", *switched_off)


def append(circuit, name, qubits):
    """Append an operation on as many of the qubits as it takes."""
    first = qubits[0]
    if name == "rx":
        circuit.rx(0.7, first)
    elif name == "cp":
        circuit.cp(0.9, *qubits[:2])
    elif name in ("cx", "cz", "ch"):
        getattr(circuit, name)(*qubits[:2])
    elif name == "ccx":
        circuit.ccx(*qubits[:3])
    elif name == "measure":
        circuit.measure(first, first % circuit.num_clbits)
    elif name == "initialize":
        circuit.initialize([0.6, 0.8j], first)
    elif name == "if":
        with circuit.if_test((circuit.clbits[qubits[1] % circuit.num_clbits], 1)):
            circuit.ry(0.3, first)
    else:
        getattr(circuit, name)(first)


@st.composite
def circuits_with_ancillas(draw):
    """Qubits, and two ancillas on which something is computed, used and, mostly, computed back before a reset."""
    data, ancillas = 2, (2, 3)
    circuit = QuantumCircuit(4, 3)
    for qubit in range(data):
        circuit.ry(0.5 + qubit, qubit)
    for _ in range(draw(st.integers(1, 3))):
        compute = QuantumCircuit(4)
        for name in draw(st.lists(st.sampled_from([*ONE_QUBIT, "rx", "cx", "cz", "cp", "ccx"]), max_size=4)):
            append(compute, name, draw(st.permutations(range(4))))
        circuit.compose(compute, inplace=True)
        for name in draw(st.lists(st.sampled_from(OPERATIONS), max_size=2)):
            append(circuit, name, draw(st.permutations(range(data if name in ONE_QUBIT else 4))))
        if draw(st.integers(0, 3)):
            circuit.compose(compute.inverse(), inplace=True)
        for ancilla in ancillas:
            if draw(st.booleans()):
                append(circuit, draw(st.sampled_from(["reset", "reset", "initialize"])), [ancilla])
    for qubit in draw(st.lists(st.integers(0, 3), max_size=4, unique=True)):
        circuit.measure(qubit, draw(st.integers(0, 2)))
    return circuit


@MANY
@given(circuits_with_ancillas())
def test_ancillas_go_no_more_ways_than_without_pruning(circuit):
    assert ways(circuit) <= ways(circuit, "prune")
    assert_same(exact(circuit)[0], distribution(circuit), 1e-9)


@MANY
@given(dynamic_circuits(max_qubits=3))
def test_dynamic_circuits_go_no_more_ways_than_without_pruning(circuit):
    assert ways(circuit) <= ways(circuit, "prune")


def entangled_ancilla(circuit):
    circuit.cx(1, 0)
    circuit.h(1)
    circuit.h(1)
    circuit.cx(1, 0)


def kicked_ancilla(circuit):
    circuit.h(0)
    circuit.cz(0, 1)
    circuit.cz(0, 1)
    circuit.h(0)


def toffoli_ancilla(circuit):
    circuit.ccx(1, 2, 0)
    circuit.rx(0.3, 2)
    circuit.rx(-0.3, 2)
    circuit.ccx(1, 2, 0)


def phased_ancilla(circuit):
    circuit.h(0)
    circuit.cp(0.4, 0, 1)
    circuit.cp(-0.4, 1, 0)
    circuit.h(0)


def conditional_ancilla(circuit):
    circuit.measure(2, 2)
    for _ in range(2):
        with circuit.if_test((circuit.clbits[2], 1)):
            circuit.h(0)


COMPUTATIONS = [entangled_ancilla, kicked_ancilla, toffoli_ancilla, phased_ancilla, conditional_ancilla]


@pytest.mark.parametrize("ends", ["reset", "initialize", "measure"])
@pytest.mark.parametrize("compute", COMPUTATIONS)
def test_a_clean_ancilla_is_no_coin(compute, ends):
    circuit = QuantumCircuit(3, 4)
    circuit.h([1, 2])
    for _ in range(4):
        compute(circuit)
        if ends == "measure":
            circuit.measure(0, 3)  # written again, read never
        elif ends == "initialize":
            circuit.initialize([1, 0], 0)
        else:
            circuit.reset(0)
        circuit.rx(0.2, 1)
        circuit.cx(1, 0)
        circuit.cx(1, 0)
    circuit.measure([0, 1], [0, 1])
    assert trajectories(circuit) <= (2 if compute is conditional_ancilla else 1)


def test_what_a_reset_makes_certain_is_still_dropped():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.reset(0)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.h(0)
    circuit.reset(0)  # after a measurement this is no coin, but for the gate between
    circuit.cx(0, 1)
    circuit.h([0, 1])
    circuit.measure([0, 1], [1, 0])
    assert trajectories(circuit) <= 2
    never = QuantumCircuit(2, 1)
    never.h(0)
    never.reset(0)
    never.measure(1, 0)
    assert not engine.plan(lower(never).program, keep_state=False).has_trajectories


def measured_chain():
    circuit = QuantumCircuit(5, 3)
    for qubit in range(5):
        circuit.ry(0.3 + 0.1 * qubit, qubit)
    for qubit in range(4):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(range(3), range(3))
    return circuit


def plain_correction(circuit):
    for bit in range(3):
        with circuit.if_test((circuit.clbits[bit], 1)):
            circuit.x(3 + bit % 2)


def two_sides(circuit):
    with circuit.if_test((circuit.clbits[0], 1)) as else_:
        circuit.x(3)
    with else_:
        circuit.h(4)
        circuit.cx(4, 3)


def nested(circuit):
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(3)
        with circuit.if_test((circuit.clbits[1], 0)) as else_:
            circuit.z(4)
        with else_, circuit.if_test((circuit.clbits[2], 1)):
            circuit.reset(4)


def switched(circuit):
    with circuit.switch(circuit.cregs[0]) as case:
        with case(0, 3):
            circuit.x(3)
        with case(1):
            pass
        with case(case.DEFAULT):
            circuit.h(4)


def looped(circuit):
    with circuit.for_loop(range(3)) as turn:
        circuit.rx(0.1 * turn, 3)
        with circuit.if_test((circuit.clbits[1], 1)):
            circuit.break_loop()
        circuit.cx(3, 4)


def computed(circuit):
    count = circuit.add_var("count", expr.lift(0, types.Uint(8)))
    circuit.store(count, expr.add(count, 3))
    circuit.store(count, expr.div(count, 2))
    with circuit.if_test(expr.equal(count, 1)):
        circuit.x(3)
        circuit.store(count, expr.mul(count, 2))


def boxed(circuit):
    with circuit.box(), circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(4)


def empty(circuit):
    with circuit.if_test((circuit.clbits[0], 1)) as else_:
        pass
    with else_:
        circuit.barrier()


TAILS = [plain_correction, two_sides, nested, switched, looped, computed, boxed, empty]


@pytest.mark.parametrize("tail", TAILS)
def test_control_flow_behind_the_last_reader_is_dropped(tail):
    circuit, without = measured_chain(), measured_chain()
    tail(circuit)
    program = lower(circuit).program
    plan = engine.plan(program, keep_state=False)
    assert not plan.has_trajectories
    assert plan.num_qubits == engine.plan(lower(without).program, keep_state=False).num_qubits
    assert engine.plan(program, keep_state=True).has_trajectories
    assert_same(exact(circuit, verify="full")[0], exact(without)[0], 1e-12)


@pytest.mark.parametrize("tail", TAILS)
def test_control_flow_that_is_read_stays(tail):
    circuit = measured_chain()
    tail(circuit)
    circuit.measure([3, 4], [0, 1])
    assert_same(exact(circuit)[0], distribution(circuit), 1e-9)
    assert ways(circuit) <= ways(circuit, "prune")


@pytest.mark.parametrize("tail", TAILS)
def test_control_flow_behind_the_last_save_is_dropped(tail):
    circuit = measured_chain()
    save(circuit, "save_probabilities", "average", range(5), label="probabilities")
    without = circuit.copy()
    tail(circuit)
    plans = [engine.plan(lower(each).program, keep_state=False) for each in (circuit, without)]
    assert plans[0].num_sweeps == plans[1].num_sweeps
    found, wanted = (Simulator().run(each, exact=True).result() for each in (circuit, without))
    assert found.data()["probabilities"] == pytest.approx(wanted.data()["probabilities"])
    assert found.get_probabilities() == pytest.approx(wanted.get_probabilities())


def test_a_store_to_a_bit_is_read_in_the_end():
    circuit = measured_chain()
    circuit.add_bits([Clbit()])
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.store(circuit.clbits[3], expr.lift(True))
    assert_same(exact(circuit)[0], distribution(circuit), 1e-9)


def failing_division(circuit, bits):
    circuit.store(circuit.add_var("quotient", expr.lift(0, types.Uint(3))), expr.div(5, bits))


def failing_index(circuit, bits):
    with circuit.if_test(expr.index(bits, bits)):
        circuit.x(3)


def unset_variable(circuit, bits):
    unset = expr.Var.new("unset", types.Bool())
    circuit.add_uninitialized_var(unset)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.store(unset, expr.lift(True))
    with circuit.if_test(unset):
        circuit.x(3)


@pytest.mark.parametrize("tail", [failing_division, failing_index, unset_variable])
@pytest.mark.parametrize("prune", [True, False])
def test_what_may_fail_is_not_dropped(tail, prune):
    circuit = measured_chain()
    tail(circuit, expr.lift(circuit.cregs[0]))
    with pytest.raises(JobError, match=r"division by zero|out of range|before it has a value"):
        Simulator(plan_options={"prune": prune}).run(circuit, shots=1000, seed_simulator=1).result()


def test_a_loop_that_may_not_end_is_not_dropped():
    circuit = measured_chain()
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.x(3)
    with pytest.raises(JobError, match="max_iterations"):
        Simulator(max_iterations=50).run(circuit, shots=1000).result()


@MANY
@given(circuit=dynamic_circuits(max_qubits=3), before=st.booleans())
def test_what_nobody_reads_takes_no_qubits_beside_control_flow(circuit, before):
    """Gates of 70 qubits that nothing reads, and what they get from others once nothing reads these any more."""
    circuit.add_register(ClassicalRegister(1, "end"))
    circuit.measure(0, circuit.num_clbits - 1)
    wide = circuit.copy()
    wide.add_register(QuantumRegister(70, "unread"))
    unread = range(circuit.num_qubits, wide.num_qubits)
    for qubit in unread:
        wide.ry(0.3, qubit)
        wide.cx(qubit - 1, qubit)
    if before:
        gates = QuantumCircuit(*wide.qregs)
        for qubit in unread[1:]:
            gates.rx(0.3, qubit)
            gates.cx(qubit, qubit - 1)
        for place, instruction in enumerate(gates.data):
            wide.data.insert(place, instruction)
    assert_same(exact(wide)[0], exact(circuit)[0], 1e-12)


def looped(num_qubits):
    """What comes last in a round is read in one of the next; qubits from 6 on nobody reads."""
    circuit = QuantumCircuit(num_qubits, 3)
    circuit.h(2)
    with circuit.for_loop(range(3)):
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(3)
            circuit.ry(0.4, 2)
        circuit.cx(1, 0)
        circuit.cx(2, 1)
        circuit.ry(0.8, 2)
        circuit.cx(4, 5)
    for qubit in range(6, num_qubits):
        circuit.h(qubit)
        circuit.cx(qubit - 1, qubit)
    circuit.measure([3, 2], [1, 2])
    return circuit


def test_what_a_loop_reads_in_a_later_round_is_kept():
    found, _ = exact(looped(72))
    assert_same(found, distribution(looped(6)), 1e-12)
    assert len(found) == 4
