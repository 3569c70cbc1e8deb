"""What the planner may do and may be kept from doing: nothing of it changes a state, a distribution or a rebinding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import packed as packed_oracle
from support.programs import SMALL_CACHES, TINY_CACHES, final_state, op, pack
from support.strategies import circuits, parametrised_circuits

from ketjet import engine
from ketjet.lowering import lower

SETTINGS = [(), engine.PLAN_OPTIONS, *((name,) for name in engine.PLAN_OPTIONS)]
machines = st.sampled_from([TINY_CACHES, SMALL_CACHES])
ANGLES = [0.0, np.pi, 2 * np.pi, -np.pi / 2, 0.3]


def names_of(switched_off):
    return "all" if switched_off == engine.PLAN_OPTIONS else "-".join(switched_off) or "none"


@st.composite
def programs_with_known_bits(draw, *, collapse=False):
    """Programs in which many bits are known: flips, swaps, phases and permutations with any controls; few others."""
    num_qubits = draw(st.integers(2, 6))
    names = ["x", "cx", "ccx", "swap", "cswap", "z", "cz", "cp", "s", "y", "iswap", "h", "ch", "rz", "cu", "rzx"]
    names += ["permutation", "diagonal", "multiplexer"] + (["measure", "reset", "initialize"] if collapse else [])
    gates = engine.gate_codes()
    operations = []
    count = draw(st.integers(0, 20))
    for name in draw(st.lists(st.sampled_from(names), min_size=count, max_size=count)):
        order = draw(st.permutations(range(num_qubits)))
        random = np.random.default_rng(draw(st.integers(0, 99)))
        if name in ("measure", "reset"):
            operations.append(op(name, order[:1], clbit=draw(st.integers(0, 2)) if name == "measure" else -1))
            continue
        own, targets, slots = gates[name][1:] if name in gates else (0, draw(st.integers(1, 2)), 0)
        if own + targets > num_qubits:
            continue
        more = draw(st.integers(0, min(2, num_qubits - own - targets))) if name != "initialize" else 0
        payload = {
            "permutation": lambda count, random: random.permutation(count),
            "diagonal": lambda count, random: np.exp(1j * random.uniform(-3, 3, 2**count)),
            "multiplexer": lambda count, random: np.kron(np.ones(2 ** (count - 1)), [0.6, 0.8j, 0.8j, 0.6]),
            "initialize": lambda count, random: np.eye(2**count, dtype=complex)[random.integers(2**count)],
        }.get(name, lambda count, random: None)(targets, random)
        state = draw(st.sampled_from([None, random.integers(2 ** (own + more))]))
        wires = order[: own + more + targets]
        angles = random.choice(ANGLES, slots)
        operations.append(op(name, wires, controls=more, state=state, slots=angles, payload=payload))
    if collapse:
        measured = draw(st.lists(st.integers(0, num_qubits - 1), max_size=4))
        operations += [op("measure", [qubit], clbit=i % 3) for i, qubit in enumerate(measured)]
    return pack(num_qubits, operations, 3)


any_programs = st.one_of(
    programs_with_known_bits(), circuits(6, 14).map(lambda circuit: lower(circuit, keep_idle_qubits=True).program)
)
any_programs_with_collapses = st.one_of(
    programs_with_known_bits(collapse=True), circuits(4, 12, measure=True).map(lambda circuit: lower(circuit).program)
)


def counts_of(program, shots, seed, **task):
    on = task.pop("on", None)
    outcome = engine.execute(engine.Task(program, shots, seed, **task), on=on)
    return dict(zip(outcome.keys[:, 0].tolist(), outcome.counts.tolist(), strict=True))


def assert_drawn_from(counts, exact, shots):
    assert set(counts) <= set(exact)
    for bits, probability in exact.items():
        # Seven standard deviations: there are many examples, and the bound is not meant to be sharp.
        spread = 7 * np.sqrt(shots * probability * max(1 - probability, 0)) + 1 + 1e-11 * shots
        assert abs(counts.get(bits, 0) - shots * probability) <= spread


@pytest.mark.parametrize("switched_off", SETTINGS, ids=names_of)
@given(any_programs, machines)
@settings(max_examples=100, deadline=None)
def test_no_switch_changes_the_state(switched_off, program, machine):
    task = engine.Task(program, 0, 0, return_state=True, switched_off=switched_off)
    (branch,) = packed_oracle.run(program)
    np.testing.assert_allclose(engine.execute(task, on=machine).state, branch.state.reshape(-1), atol=1e-12, rtol=0)


@pytest.mark.parametrize("switched_off", SETTINGS, ids=names_of)
@given(any_programs_with_collapses, machines, st.integers(0, 2**20))
@settings(max_examples=100, deadline=None)
def test_no_switch_changes_the_distribution(switched_off, program, machine, seed):
    plan = engine.plan(program, on=machine, keep_state=False, switched_off=switched_off)
    shots = 500 if plan.has_trajectories else 10**10  # samples of a state cost nothing per shot
    counts = counts_of(program, shots, seed, switched_off=switched_off, on=machine)
    assert_drawn_from(counts, packed_oracle.distribution(program), shots)


@given(any_programs_with_collapses, machines, st.integers(0, 2**20))
@settings(max_examples=100, deadline=None)
def test_counts_with_the_state_and_without_are_drawn_alike(program, machine, seed):
    counts = counts_of(program, 500, seed, return_state=True, on=machine)
    assert_drawn_from(counts, packed_oracle.distribution(program), 500)


@pytest.mark.parametrize(
    "name",
    [name for name in engine.PLAN_OPTIONS if name not in ("known_bits", "relabel_swaps", "prune", "reuse_qubits")],
)
@given(any_programs_with_collapses, machines, st.integers(0, 2**20))
@settings(max_examples=30, deadline=None)
def test_switches_of_the_sweeps_leave_every_shot_as_it_is(name, program, machine, seed):
    on, off = (counts_of(program, 50, seed, switched_off=off, on=machine) for off in ((), (name,)))
    assert on == off


def random_layers(num_qubits, *, collapse):
    random = np.random.default_rng(num_qubits)
    operations = [op("x", [1]), op("cx", [1, 2])]
    for layer in range(3):
        operations += [op("u", [qubit], slots=random.uniform(-3, 3, 3)) for qubit in range(num_qubits)]
        operations += [op("cx", [qubit, qubit + 1]) for qubit in range(num_qubits - 1)]
        operations += [op("swap", [0, num_qubits - 1]), op("permutation", [2, 0, 1], payload=np.array([1, 2, 0]))]
        if collapse and layer < 2:
            operations += [op("measure", [layer], clbit=num_qubits), op("reset", [2])]
    operations += [op("rz", [qubit], slots=[0.7]) for qubit in range(num_qubits)]
    operations += [op("cz", [0, 1]), op("rzz", [1, 2], slots=[0.3]), op("global_phase", [], slots=[0.2])]
    operations += [op("measure", [qubit], clbit=qubit) for qubit in range(num_qubits)]
    return pack(num_qubits, operations, num_qubits + 1)


@pytest.mark.parametrize("collapse", [False, True])
@pytest.mark.parametrize("switched_off", SETTINGS, ids=names_of)
def test_counts_are_equal_where_the_state_before_measuring_is_equal_up_to_phases(switched_off, collapse):
    program = random_layers(6, collapse=collapse)
    reference = counts_of(program, 300, 5)
    assert counts_of(program, 300, 5, switched_off=switched_off) == reference
    if not collapse:
        assert counts_of(program, 300, 5, return_state=True) == reference


@given(parametrised_circuits(5, 14), st.data(), machines)
@settings(max_examples=100, deadline=None)
def test_a_plan_serves_all_values(case, data, machine):
    circuit, values = case
    program = lower(circuit.assign_parameters(values), keep_idle_qubits=True).program
    slots = data.draw(
        st.lists(st.sampled_from(ANGLES), min_size=len(program.slots), max_size=len(program.slots)), label="slots"
    )
    rebound = program.with_slots(np.array(slots))
    final_state(program, on=machine)  # its plan is kept
    cached, plan = final_state(rebound, on=machine), engine.plan(program, on=machine)
    assert engine.plan(rebound, on=machine) is plan
    forget_plans()
    made_for_it = engine.plan(rebound, on=machine)
    assert made_for_it is not plan
    assert made_for_it == plan
    np.testing.assert_array_equal(final_state(rebound, on=machine), cached)
    (branch,) = packed_oracle.run(rebound)
    np.testing.assert_allclose(cached, branch.state.reshape(-1), atol=1e-12, rtol=0)


def forget_plans():
    """Make more plans than are kept; that it was enough shows where a plan is asked for again, and is another one."""
    program = pack(1, [op("id", [0])])
    for count in range(1100):
        engine.plan(program, on=engine.Machine(l2_bytes=1000 + count))


def test_plans_are_kept_by_structure():
    program = random_layers(5, collapse=False)
    other = program.with_slots(np.zeros(len(program.slots)))
    plan = engine.plan(program)
    assert engine.plan(other) is plan
    assert engine.plan(random_layers(5, collapse=False)) is plan
    assert engine.plan(program, keep_state=False) is not plan
    assert engine.plan(program, "single") is not plan
    assert engine.plan(program, on=TINY_CACHES) is not plan
    assert engine.plan(program, switched_off=("search",)) is not plan
    assert engine.plan(program) is plan


def test_old_plans_are_forgotten():
    program = random_layers(5, collapse=False)
    plan = engine.plan(program)
    forget_plans()
    assert engine.plan(program) is not plan
    assert engine.plan(program) == plan


def fourier_transform(num_qubits):
    operations = []
    for qubit in reversed(range(num_qubits)):
        operations.append(op("h", [qubit]))
        operations += [op("cp", [qubit, k], slots=[np.pi / 2 ** (qubit - k)]) for k in reversed(range(qubit))]
    return operations + [op("swap", [k, num_qubits - 1 - k]) for k in range(num_qubits // 2)]


def test_swaps_at_the_end_cost_nothing():
    operations = [op("ry", [q], slots=[0.1 + q]) for q in range(8)] + fourier_transform(8)
    program, without = pack(8, operations), pack(8, operations[:-4])
    assert engine.plan(program).num_passes == engine.plan(without).num_passes
    assert engine.plan(program, on=TINY_CACHES).num_sweeps == engine.plan(without, on=TINY_CACHES).num_sweeps
    state = final_state(without, on=TINY_CACHES).reshape((2,) * 8).transpose().reshape(-1)
    np.testing.assert_allclose(final_state(program, on=TINY_CACHES), state, atol=1e-14)


def test_only_what_is_measured_is_stored():
    operations = [op("h", [q]) for q in range(40)] + [op("cx", [q, q + 1]) for q in range(0, 40, 2)]
    operations += [op("x", [39]), *(op("measure", [qubit], clbit=clbit) for clbit, qubit in enumerate([39, 7, 6]))]
    program = pack(41, operations, 3)
    estimate = engine.estimate(program, shots=100, available=(1 << 30, "given"))
    assert estimate.num_qubits == 4
    assert estimate.fits
    kept = engine.estimate(program, shots=100, return_state=True, available=(1 << 30, "given"))
    unpruned = engine.estimate(program, shots=100, switched_off=("prune",), available=(1 << 30, "given"))
    assert not kept.fits
    assert not unpruned.fits
    assert kept.num_qubits == unpruned.num_qubits == 41
    outcome = engine.execute(engine.Task(program, 10**9, 1))
    assert sorted(outcome.keys[:, 0].tolist()) == list(range(8))
    np.testing.assert_allclose(outcome.counts, 10**9 / 8, rtol=1e-3)


def test_measurements_of_idle_qubits_read_zero():
    program = pack(30, [op("h", [29]), op("x", [3]), *(op("measure", [q], clbit=q) for q in range(30))], 30)
    assert engine.estimate(program).num_qubits == 1  # what X makes of another one is known
    assert set(counts_of(program, 100, 1)) == {1 << 3, 1 << 3 | 1 << 29}
    nothing = pack(30, [op("z", [2]), op("measure", [2], clbit=0)], 1)
    assert engine.estimate(nothing).num_qubits == 0
    assert counts_of(nothing, 100, 1) == {0: 100}


def test_a_measured_control_needs_no_trajectories():
    program = pack(2, [op("h", [0]), op("measure", [0], clbit=0), op("cx", [0, 1]), op("measure", [1], clbit=1)], 2)
    assert not engine.plan(program, keep_state=False).has_trajectories
    assert set(counts_of(program, 100, 1)) == {0, 3}
    state = engine.execute(engine.Task(program, 1, 1, return_state=True)).state
    assert np.count_nonzero(state) == 1  # a state that is returned has collapsed
