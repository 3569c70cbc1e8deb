"""Random circuits against the oracle, over precision, instruction set, threads and fake caches."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.static import distribution, statevector
from support.programs import SMALL_CACHES, TINY_CACHES, final_state
from support.statistics import assert_drawn_from
from support.strategies import circuits, exchange_circuits, quarter_turn_circuits

from ketjet import engine
from ketjet.lowering import lower

machines = st.sampled_from([TINY_CACHES, SMALL_CACHES, engine.machine()])
isas = st.sampled_from(engine.isa_names())
TOLERANCE = {"double": 1e-12, "single": 2e-5}


@given(
    circuits(max_qubits=7, max_operations=20), st.sampled_from(["double", "single"]), isas, st.integers(1, 3), machines
)
@settings(max_examples=300, deadline=None)
def test_states_equal_the_oracles(circuit, precision, isa, threads, machine):
    program = lower(circuit, keep_idle_qubits=True).program
    state = final_state(program, precision=precision, isa=isa, threads=threads, on=machine)
    np.testing.assert_allclose(state, statevector(circuit), atol=TOLERANCE[precision])


@given(exchange_circuits(max_qubits=9), st.sampled_from(["double", "single"]), isas, machines)
@settings(max_examples=200, deadline=None)
def test_states_of_exchange_interactions_equal_the_oracles(circuit, precision, isa, machine):
    state = final_state(lower(circuit).program, precision=precision, isa=isa, on=machine)
    np.testing.assert_allclose(state, statevector(circuit), atol=TOLERANCE[precision])


@given(quarter_turn_circuits(max_qubits=9), st.sampled_from(["double", "single"]), isas, st.integers(1, 3), machines)
@settings(max_examples=300, deadline=None)
def test_states_of_quarter_turns_equal_the_oracles(circuit, precision, isa, threads, machine):
    state = final_state(lower(circuit).program, precision=precision, isa=isa, threads=threads, on=machine)
    np.testing.assert_allclose(state, statevector(circuit), atol=TOLERANCE[precision])


@given(
    st.one_of(
        circuits(max_qubits=7, max_operations=20), exchange_circuits(max_qubits=8), quarter_turn_circuits(max_qubits=9)
    ),
    st.sampled_from(["double", "single"]),
    machines,
)
@settings(max_examples=150, deadline=None)
def test_states_are_equal_bit_for_bit_over_threads_and_fused_instruction_sets(circuit, precision, machine):
    program = lower(circuit).program
    fused = [isa for isa in engine.isa_names() if isa != "portable"] or ["portable"]
    states = [
        final_state(program, precision=precision, isa=isa, threads=threads, on=machine)
        for isa in fused
        for threads in (1, 3)
    ]
    for state in states[1:]:
        np.testing.assert_array_equal(state, states[0])


@given(circuits(max_qubits=4, max_operations=10, measure=True), st.integers(0, 2**20))
@settings(max_examples=60, deadline=None)
def test_outcomes_with_measurements_anywhere_follow_the_exact_distribution(circuit, seed):
    shots = 10**8
    outcome = engine.execute(engine.Task(lower(circuit).program, shots, seed))
    counts = dict(zip(outcome.keys[:, 0].tolist(), outcome.counts.tolist(), strict=True))
    assert sum(counts.values()) == shots
    assert_drawn_from(counts, distribution(circuit))


@given(circuits(max_qubits=4, max_operations=10, measure=True), st.integers(0, 2**20))
@settings(max_examples=40, deadline=None)
def test_counts_and_memory_are_equal_over_threads_and_instruction_sets(circuit, seed):
    program = lower(circuit).program
    outcomes = [
        engine.execute(engine.Task(program, 50, seed, memory=True, isa=isa, threads=threads), on=machine)
        for isa in engine.isa_names()
        for threads in (1, 3)
        for machine in (TINY_CACHES, engine.machine())
    ]
    for outcome in outcomes[1:]:
        np.testing.assert_array_equal(outcome.keys, outcomes[0].keys)
        np.testing.assert_array_equal(outcome.counts, outcomes[0].counts)
        np.testing.assert_array_equal(outcome.memory, outcomes[0].memory)
