"""Plans: pure values that hold every operation once, in an order that respects what does not commute."""

import numpy as np
from support.programs import TINY_CACHES, entangled, final_state, op, pack

from ketjet import engine


def test_wide_programs_are_planned_without_memory():
    program = entangled(60)
    plan = engine.plan(program)
    assert plan.num_qubits == 60
    assert plan.num_sweeps >= 4


def test_plans_are_values():
    program = entangled(20)
    assert engine.plan(program) == engine.plan(program)
    assert engine.plan(program) != engine.plan(program, on=TINY_CACHES)
    assert "20 qubits" in engine.plan(program).to_string()


def test_plans_depend_on_structure_not_on_angles():
    program = entangled(20)
    rebound = program.with_slots(np.zeros(len(program.slots)))
    assert engine.plan(program) == engine.plan(rebound)


def test_rebinding_gives_the_state_of_the_new_angles():
    first = pack(6, [op("rx", [q], slots=[0.3]) for q in range(6)] + [op("crz", [0, 5], slots=[1.0])])
    second = pack(6, [op("rx", [q], slots=[-2.0]) for q in range(6)] + [op("crz", [0, 5], slots=[np.pi])])
    np.testing.assert_array_equal(final_state(first.with_slots(second.slots)), final_state(second))


def test_final_measurements_are_left_to_sampling():
    plan = engine.plan(entangled(5))
    assert plan.num_sweeps == plan.num_stages
    assert not plan.has_trajectories


def test_resets_of_fresh_qubits_and_initial_states_are_not_random():
    state = np.array([0.6, 0.8], complex)
    plan = engine.plan(pack(2, [op("reset", [0]), op("reset", [1]), op("initialize", [0], payload=state)]))
    assert not plan.has_trajectories
    assert engine.plan(pack(1, [op("h", [0]), op("reset", [0])])).has_trajectories


def test_diagonal_operations_need_no_hot_qubits():
    operations = [op("cp", [a, b], slots=[0.1]) for a in range(30) for b in range(a)]
    assert engine.plan(pack(30, operations), switched_off=["known_bits"]).num_sweeps == 1
    assert engine.plan(pack(30, operations)).num_sweeps == 0  # every control is |0>


def test_a_very_long_program_is_cut_into_bounded_sweeps():
    circuit_size = 300_000
    program = pack(4, [op("h", [i % 4]) for i in range(circuit_size)])
    assert program.num_operations == circuit_size
    assert 1 <= engine.plan(program).num_sweeps <= circuit_size // 1000


def test_estimate_agrees_with_itself():
    program = entangled(26)
    fits = engine.estimate(program, available=(3 << 30, "given"))
    tight = engine.estimate(program, available=(1 << 30, "given"))
    assert fits.fits
    assert fits.state_bytes == 1 << 30
    assert fits.max_qubits >= 26
    assert not tight.fits
    assert tight.max_qubits < 26
    assert engine.estimate(program, precision="single", available=(1 << 30, "given")).fits


def test_the_state_grows_from_zero():
    ladder = pack(24, [op("h", [0]), *(op("cx", [q, q + 1]) for q in range(23))])
    state_bytes = engine.estimate(ladder).state_bytes
    facts = engine.execute(engine.Task(ladder, 0, 0)).facts
    assert facts.sweeps in {2, 3}
    assert facts.bytes_moved < 2.2 * state_bytes  # all sweeps but the last one are over a small part


def test_idle_qubits_stay_out_until_the_end():
    text = engine.plan(pack(20, [op("h", [3])]), on=engine.Machine(l2_bytes=1 << 20)).to_string()
    assert "extend: from 5 active qubits" in text
