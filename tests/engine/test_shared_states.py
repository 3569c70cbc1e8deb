"""States that are shared out among ranks: they give what one process gives, on any number of ranks."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import static
from support.observables import readout_of
from support.programs import TINY_CACHES, entangled, op, pack
from support.strategies import circuits
from support.thread_ranks import ThreadRanks

from ketjet import _core, engine
from ketjet.lowering import lower


def run_on(ranks, program, *, pinned=1, on=TINY_CACHES, control=None, **fields):
    """The outcomes of all ranks, and what each has sent."""
    threads = fields.pop("threads", 1)
    precision = fields.get("precision", "double")
    task = engine.Task(program, fields.pop("shots", 0), 3, threads=threads, **fields)
    made = engine.plan(
        program,
        precision,
        on,
        keep_state=task.keeps_state,
        global_qubits=(ranks - 1).bit_length(),
        pinned_qubits=pinned,
    )
    sent = [0] * ranks

    def execute(peers):
        own = control(peers.rank) if control else engine.Control()
        outcome = engine.execute(task._replace(plan=made), own, peers=peers)
        sent[peers.rank] = peers.sent
        assert own.counters.bytes_exchanged == peers.sent
        return outcome

    return made, ThreadRanks(ranks).run(execute), sent


@given(circuits(min_qubits=6, max_qubits=8, max_operations=12), st.sampled_from([2, 4, 8]), st.integers(0, 3))
@settings(max_examples=60)
def test_final_states_are_those_of_qiskit(circuit, ranks, pinned):
    program = lower(circuit, keep_idle_qubits=True).program
    widest = max([instruction.operation.num_qubits for instruction in circuit.data], default=0)
    assume(2**widest * ranks <= 2**circuit.num_qubits)
    made, outcomes, sent = run_on(ranks, program, pinned=pinned, return_state=True)
    expected = static.statevector(circuit)
    np.testing.assert_allclose(outcomes[0].state, expected, atol=1e-12)
    if made.global_qubits:
        assert sent == [_core.plan_cost(made, 1).bytes_exchanged] * ranks


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("ranks", [2, 4])
@pytest.mark.parametrize("threads", [1, 2])
def test_counts_are_those_of_one_process(precision, ranks, threads):
    program = entangled(16)
    alone = engine.execute(engine.Task(program, 5000, 3, precision=precision, memory=True))
    made, outcomes, _ = run_on(
        ranks, program, pinned=12, on=None, shots=5000, precision=precision, memory=True, threads=threads
    )
    assert made.global_qubits == ranks.bit_length() - 1
    np.testing.assert_array_equal(outcomes[0].keys, alone.keys)
    np.testing.assert_array_equal(outcomes[0].counts, alone.counts)
    np.testing.assert_array_equal(outcomes[0].memory, alone.memory)
    assert all(not len(outcome.counts) for outcome in outcomes[1:])


@given(st.integers(6, 8), st.sampled_from([2, 4, 8]), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_expectation_values_are_those_of_one_process(num_qubits, ranks, seed):
    random = np.random.default_rng(seed)
    labels = {"".join(row) for row in random.choice(list("IIXYZ"), (12, num_qubits))}
    wide = num_qubits - ranks.bit_length() + 1
    kept = [(label, 1.0 + i) for i, label in enumerate(sorted(labels)) if sum(c in "XY" for c in label) <= wide]
    readout = readout_of(*[[term] for term in kept], kept or [("I" * num_qubits, 1.0)])
    program = entangled(num_qubits)
    alone = engine.execute(engine.Task(program, 0, 1, readouts=(readout,)))
    made, outcomes, _ = run_on(ranks, program, readouts=(readout,))
    assert made.global_qubits > 0 or num_qubits == 6
    np.testing.assert_allclose(outcomes[0].readouts[0], alone.readouts[0], atol=1e-13)
    if made.global_qubits:
        for outcome in outcomes[1:]:
            np.testing.assert_array_equal(outcome.readouts[0], outcomes[0].readouts[0])


def test_an_observable_that_flips_too_much_is_refused_on_all_ranks():
    _, outcomes, _ = run_on(4, entangled(8), readouts=(readout_of([("X" * 8, 1.0)]),))
    assert all("flips 8 qubits, but each rank has the amplitudes of 6" in str(outcome) for outcome in outcomes)


@given(circuits(min_qubits=6, max_qubits=8, max_operations=8), st.sampled_from([2, 4]), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_a_kept_state_is_stepped_through(circuit, ranks, seed):
    """Applied twice to |0...0>, and then read in several ways."""
    widest = max([instruction.operation.num_qubits for instruction in circuit.data], default=0)
    assume(2**widest * ranks <= 2**circuit.num_qubits)
    program = lower(circuit, keep_idle_qubits=True, starts_in_zero=False).program
    local = circuit.num_qubits - ranks.bit_length() + 1
    whole = engine.State(circuit.num_qubits)
    whole.set_zero(1)
    label = "".join(np.random.default_rng(seed).choice(list("IXYZ"), circuit.num_qubits))
    readout = readout_of([(label, 1.0)])
    for _ in range(2):
        whole.evolve(program, 1)

    def run(peers):
        share, control = engine.StateShare(local, circuit.num_qubits, peers.rank), engine.Control()
        share.set_zero(1, control)
        for _ in range(2):
            share.evolve(program, 1, control, peers)
        norm = share.norm(1, control, peers)
        wide = sum(letter in "XY" for letter in label) > local
        value = None if wide else share.expectations(readout, 1, control, peers)[0]
        return share.array.copy(), norm, value

    results = ThreadRanks(ranks).run(run)
    np.testing.assert_allclose(np.concatenate([share for share, _, _ in results]), whole.array, atol=1e-12)
    expected = whole.expectations(readout, 1)[0]
    for _, norm, value in results:
        assert norm == pytest.approx(1)
        assert value is None or value == pytest.approx(expected, abs=1e-12)


def test_a_stopped_rank_stops_all():
    long = pack(10, [op("h", [i % 10]) for i in range(1000)] + [op("cx", [i % 10, (i + 3) % 10]) for i in range(1000)])

    def control(rank):
        made = engine.Control()
        if rank == 2:
            made.stop()
        return made

    _, outcomes, _ = run_on(4, long, return_state=True, control=control)
    assert [type(outcome) for outcome in outcomes] == [engine.Cancelled] * 4


def test_the_plan_has_to_be_for_as_many_ranks():
    program = entangled(10)
    made = engine.plan(program, global_qubits=2, pinned_qubits=1)
    task = engine.Task(program, 0, 1, return_state=True, plan=made)
    for outcome in ThreadRanks(2).run(lambda peers: engine.execute(task, peers=peers)):
        assert "for 4 ranks, but there are 2" in str(outcome)
    with pytest.raises(ValueError, match="for 4 ranks, but there are 1"):
        engine.execute(task)
