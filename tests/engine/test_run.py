"""One run of the engine: stopping, failing, giving memory back, edge cases, bad programs, the stepwise state."""

import pickle
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.programs import SMALL_CACHES, TINY_CACHES, entangled, final_state, op, pack, random_state

from ketjet import _core, engine
from ketjet.engine.random_keys import random_key


def held_bytes():
    return _core.buffer_usage()[0]


def test_a_stopped_control_stops_the_run_and_frees_the_memory():
    before = held_bytes()
    control = engine.Control()
    control.stop()
    with pytest.raises(engine.Cancelled):
        engine.execute(engine.Task(entangled(20), 10, 1), control)
    assert held_bytes() == before


def test_stopping_in_the_middle():
    long = pack(20, [op("h", [i % 20]) for i in range(200_000)])
    control = engine.Control()
    raised = []

    def run():
        try:
            engine.execute(engine.Task(long, 0, 1, threads=2), control)
        except engine.Cancelled as error:
            raised.append(error)

    worker = threading.Thread(target=run)
    before = held_bytes()
    worker.start()
    while not control.progress().bytes_moved:
        time.sleep(0.001)
    control.stop()
    worker.join(10)
    assert not worker.is_alive()
    assert raised
    assert held_bytes() == before


def test_a_page_is_shared_through_its_file():
    page = engine.ControlPage(3, shared=True)
    other = engine.ControlPage.at(page.address)
    engine.execute(engine.Task(entangled(4), 10, 1), other.control(1))
    assert page.begun(range(3)) == [1]
    assert page.control(1).progress() == other.control(1).progress() != engine.Control().progress()
    page.stop()
    assert all(other.control(run).stopped for run in range(3))
    other.clear(range(1, 2))
    assert page.begun(range(3)) == []
    assert other.control(1).stopped
    with pytest.raises(engine.Cancelled):
        engine.execute(engine.Task(entangled(4), 10, 1), other.control(2))
    other.close()
    assert Path(page.address.path).exists()
    page.close()
    assert not Path(page.address.path).exists()
    assert engine.ControlPage.at(page.address) is None


def test_the_file_of_a_page_is_of_one_machine_alone():
    page = engine.ControlPage(1, shared=True)
    assert engine.ControlPage.at(page.address._replace(machine="another")) is None
    page.close()


def test_counters_of_another_machine_are_taken_over_but_not_its_stop_flag():
    there, here = engine.ControlPage(5), engine.ControlPage(5)
    assert engine.ControlPage.at(here.address) is None
    engine.execute(engine.Task(entangled(4), 10, 1), there.control(3))
    here.stop()
    here.write(range(2, 5), there.read(range(2, 5)))
    assert here.begun(range(5)) == [3]
    assert here.control(3).progress() == there.control(3).progress()
    assert all(here.control(run).stopped and not there.control(run).stopped for run in range(5))


def test_a_page_without_room_for_its_file_is_private(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    page = engine.ControlPage(2, shared=True)
    page.stop()
    assert page.control(1).stopped
    assert engine.ControlPage.at(page.address) is None


def test_progress_is_complete_at_the_end():
    control = engine.Control()
    engine.execute(engine.Task(entangled(18), 100, 1), control)
    progress = control.progress()
    assert time.time() - 60 < progress.started_at <= time.time()
    assert progress.stages_done == progress.stages_total > 0
    assert progress.shots_done == progress.shots_total == 100
    assert progress.bytes_moved > 0


def test_every_failing_allocation_is_a_memory_error_and_leaks_nothing():
    program = entangled(14)
    task = engine.Task(program, 100, 1, threads=2, return_state=True)
    engine.execute(task)
    before = held_bytes()
    failures = 0
    for count in range(1, 1000):
        _core.fail_allocation_after(count)
        try:
            engine.execute(task)
            break
        except MemoryError:
            failures += 1
            assert held_bytes() == before
        finally:
            _core.fail_allocation_after(0)
    assert failures >= 3
    np.testing.assert_array_equal(engine.execute(task).counts, engine.execute(task).counts)


def test_the_state_is_the_engines_memory_and_lives_as_long_as_its_view():
    before = held_bytes()
    state = final_state(entangled(16))
    assert not state.flags.owndata
    assert held_bytes() >= before + state.nbytes
    view = state[1:3]
    del state
    assert held_bytes() > before
    del view
    assert held_bytes() == before


@pytest.mark.parametrize("num_qubits", [0, 1])
def test_programs_without_operations(num_qubits):
    outcome = engine.execute(engine.Task(pack(num_qubits, []), 5, 1, return_state=True))
    np.testing.assert_array_equal(outcome.state, np.eye(1, 2**num_qubits)[0])
    assert outcome.counts.tolist() == [5]


def test_global_phase():
    state = final_state(pack(0, [op("global_phase", [], slots=[0.5])]))
    np.testing.assert_allclose(state, [np.exp(0.5j)], atol=1e-15)


def test_huge_angles_are_as_good_as_the_mathematical_library():
    state = final_state(pack(1, [op("rx", [0], slots=[1e308])]))
    np.testing.assert_allclose(state, [np.cos(0.5e308), -1j * np.sin(0.5e308)], atol=1e-12)


def test_the_norm_after_many_gates():
    random = np.random.default_rng(0)
    operations = [op("u", [int(random.integers(3))], slots=random.uniform(-3, 3, 3)) for _ in range(100_000)]
    outcome = engine.execute(engine.Task(pack(3, operations), 1, 1))
    assert outcome.facts.norm_error < 1e-11


def test_programs_pickle():
    program = entangled(5)
    copy = pickle.loads(pickle.dumps(program))
    assert copy.fingerprint == program.fingerprint
    np.testing.assert_array_equal(final_state(copy), final_state(program))


@pytest.mark.parametrize(
    "operation",
    [
        op("h", [3]),
        op("cx", [1, 1]),
        op("rx", [0], slots=[np.nan]),
        op("rx", [0], slots=[]),
        op("measure", [0], clbit=2),
        op("unitary", [0], payload=np.ones(3, complex)),
        op("unitary", [0], payload=np.full(4, np.inf, complex)),
        op("permutation", [0, 1], payload=np.array([0, 0])),
        op("pauli_rotation", [0], payload=np.array([4]), slots=[1.0]),
        op("initialize", [0], payload=np.array([1, 1], complex)),
        op("x", [0, 1], controls=1, state=2),
        op("reset", [0, 1], controls=1),
    ],
)
def test_bad_programs_are_refused_by_operation(operation):
    with pytest.raises(ValueError, match="operation 1"):
        pack(3, [op("h", [0]), operation], 1)


def test_unknown_instruction_sets_are_refused_with_the_choice():
    with pytest.raises(ValueError, match="portable"):
        engine.execute(engine.Task(entangled(2), 1, 1, isa="mmx"))


@pytest.mark.parametrize("precision", ["double", "single"])
def test_a_state_is_evolved_step_by_step(precision):
    state = engine.State(6, precision)
    start = random_state(6).astype(state.array.dtype)
    state.array[:] = start
    program = pack(6, [op("ry", [3], slots=[0.4]), op("cx", [3, 0]), op("rzz", [1, 5], slots=[0.3])])
    inverse = pack(6, [op("rzz", [1, 5], slots=[-0.3]), op("cx", [3, 0]), op("ry", [3], slots=[-0.4])])
    state.evolve(program, 1)
    assert not np.allclose(state.array, start)
    assert state.norm(1) == pytest.approx(1, abs=1e-6)
    state.evolve(inverse, 1)
    np.testing.assert_allclose(state.array, start, atol=1e-6)
    probabilities = np.abs(start) ** 2
    np.testing.assert_allclose(state.probabilities(range(6), 1), probabilities, atol=1e-6)
    marginal = probabilities.reshape((2,) * 6).sum(axis=(0, 2, 3, 5)).T.reshape(-1)  # qubit 4 first
    np.testing.assert_allclose(state.probabilities([4, 1], 1), marginal, atol=1e-6)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_a_small_state_that_nobody_has_set_evolves(width, precision):
    state = engine.State(width, precision)
    state.array[:] = amplitudes = np.arange(1, 1 + 2**width)
    state.evolve(pack(width, [op("x", [width - 1])]), 1)
    half = 2 ** (width - 1)
    np.testing.assert_array_equal(state.array, np.roll(amplitudes, half))
    engine.State(width, precision).evolve(pack(width, [op("h", [0])]), 1)  # of whatever is there


def test_a_measured_state_collapses_and_reports_the_bit():
    state = engine.State(2)
    state.set_zero(1)
    (bits,) = state.evolve(pack(2, [op("h", [0]), op("cx", [0, 1]), op("measure", [0], clbit=0)], 1), 1, seed=3)
    np.testing.assert_allclose(np.abs(state.array), np.eye(4)[3 * bits], atol=1e-15)


def test_widths_beyond_any_memory_are_estimated():
    estimate = engine.estimate(entangled(62), available=(1 << 34, "given"))
    assert not estimate.fits
    assert estimate.state_bytes >= 1 << 62
    assert estimate.max_qubits < 31


@pytest.mark.parametrize("caches", [TINY_CACHES, SMALL_CACHES])
@pytest.mark.parametrize("num_idle", [0, 3])
def test_a_growing_state_never_reads_what_the_memory_held_before(caches, num_idle):
    width = 13
    program = pack(width, [op("ry", [q], slots=[0.3 + q]) for q in range(width - num_idle)])
    expected = np.ones(1)
    for qubit in range(width):
        half = (0.3 + qubit) / 2 if qubit < width - num_idle else 0.0
        expected = np.kron([np.cos(half), np.sin(half)], expected)
    poisoned = engine.State(width)
    poisoned.array[:] = np.nan
    del poisoned  # its memory goes to the pool, and from there to the next state of this size
    np.testing.assert_allclose(final_state(program, on=caches, threads=2), expected, atol=1e-14)


def test_a_plan_made_before_is_used_wherever_the_task_is_sent():
    program = pack(4, [op("h", [0]), op("ry", [1], slots=[0.3]), op("cx", [0, 3])])
    task = engine.Task(program, 0, 1, return_state=True, plan=engine.plan(program), plan_time=0.25, seconds=0.5)
    here = engine.execute(task)
    assert here.facts.plan_seconds == 0.25
    assert here.facts.seconds > 0.25
    sent = pickle.loads(pickle.dumps(task))
    assert (sent.plan, sent.plan_time, sent.seconds) == (task.plan, 0.25, 0.5)
    there = engine.execute(sent)
    assert there.facts.plan_seconds == 0.25
    np.testing.assert_array_equal(here.state, there.state)
    assert here.facts[:5] == there.facts[:5]


@given(st.integers(0, 2**200))
def test_the_random_key_is_that_of_numpys_seed_sequence(seed):
    for program in (entangled(2), entangled(3)):
        expected = np.random.SeedSequence(seed, spawn_key=(program.fingerprint,)).generate_state(2, np.uint32)
        assert random_key(program, seed) == tuple(expected.tolist())


def test_recently_available_memory(monkeypatch):
    machine = sys.modules["ketjet.engine.machine"]
    monkeypatch.setattr(machine, "_last_seen", [])
    answers = iter([(1000, "first"), (2000, "second")])
    monkeypatch.setattr(machine._core, "available_memory", lambda: next(answers))
    assert machine.recently_available_memory() == (1000, "first")
    assert machine.recently_available_memory() == (1000, "first")
    monkeypatch.setattr(machine, "RECENT_SECONDS", 0)
    assert machine.recently_available_memory() == (2000, "second")
