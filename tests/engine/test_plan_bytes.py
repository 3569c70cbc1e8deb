"""Plans as bytes: what is read is what was written, in any process, and nothing else is read."""

import multiprocessing
import pickle
import struct
from dataclasses import dataclass

import numpy as np
import pytest
import qiskit
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dynamic_strategies import dynamic_circuits
from support.programs import SMALL_CACHES, TINY_CACHES, op, pack
from support.saves import save, save_expectation
from support.strategies import circuits

from ketjet import engine
from ketjet.errors import PlanFormatError
from ketjet.jobs.failures import public_error
from ketjet.lowering import lower

MASK = (1 << 64) - 1


def with_saves(circuit):
    """The circuit, with saves at its end."""
    saving = circuit.copy()
    save_expectation(saving, "X", 0)
    save(saving, "save_probabilities", "average", range(saving.num_qubits))
    return saving


programs = st.one_of(
    circuits(6, 14).map(lambda circuit: lower(circuit, keep_idle_qubits=True).program),
    circuits(5, 14, measure=True).map(lambda circuit: lower(circuit).program),
    dynamic_circuits(max_qubits=3, max_statements=5).map(lambda circuit: lower(circuit).program),
)
requests = st.fixed_dictionaries(
    {
        "precision": st.sampled_from(["single", "double"]),
        "on": st.sampled_from([TINY_CACHES, SMALL_CACHES, None]),
        "keep_state": st.booleans(),
        "from_zero": st.booleans(),
        "switched_off": st.lists(st.sampled_from(engine.PLAN_OPTIONS), max_size=3, unique=True),
    }
)


def assert_same_outcome(first, second):
    for name in ("keys", "counts", "memory", "state"):
        ours, theirs = getattr(first, name), getattr(second, name)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert ours.tobytes() == theirs.tobytes()
    assert [record.data.tobytes() for record in first.saves] == [record.data.tobytes() for record in second.saves]


@given(programs, requests)
@settings(max_examples=150, deadline=None)
def test_a_plan_is_read_as_it_was_written(program, request):
    plan = engine.plan(program, **request)
    written = plan.to_bytes()
    read = engine.Plan.from_bytes(written)
    assert read == plan
    assert read.to_bytes() == written
    assert read.to_string() == plan.to_string()
    assert pickle.loads(pickle.dumps(plan)) == plan


def task_of(program, precision, **fields):
    keep = fields.get("return_state", False)
    plan = engine.plan(program, precision, TINY_CACHES, keep_state=keep)
    return engine.Task(program, 40, 5, memory=True, precision=precision, max_iterations=100, plan=plan, **fields)


@given(programs, st.sampled_from(["single", "double"]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_plan_that_was_read_runs_like_that_which_was_written(program, precision, return_state):
    task = task_of(program, precision, return_state=return_state, verify="full")
    sent = pickle.loads(pickle.dumps(task))
    assert sent.plan == task.plan
    try:
        expected = engine.execute(task)
    except (engine.ClassicalError, engine.IterationLimitReached) as error:
        with pytest.raises(type(error)):
            engine.execute(sent)
        return
    assert_same_outcome(engine.execute(sent), expected)


def teleporting():
    circuit = qiskit.QuantumCircuit(3, 3)
    circuit.ry(0.7, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.clbits[1], True)):
        circuit.x(2)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.z(2)
    circuit.measure(2, 2)
    return circuit


def reusing():
    circuit = qiskit.QuantumCircuit(8, 8)
    for qubit in range(8):
        circuit.h(qubit)
        circuit.measure(qubit, qubit)
        if qubit < 7:
            circuit.cx(qubit, qubit + 1)
    return circuit


EXAMPLES = {"teleporting": teleporting(), "with saves": with_saves(teleporting()), "reusing": reusing()}


def run_elsewhere(sent):
    """Run a pickled task; the plan's bytes, and what came out."""
    task = pickle.loads(sent)
    return task.plan.to_bytes(), engine.execute(task)


def test_another_process_has_an_equal_plan_and_the_same_outcome():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for circuit in EXAMPLES.values():
            task = task_of(lower(circuit).program, "double")
            written, outcome = pool.apply(run_elsewhere, (pickle.dumps(task),))
            assert written == task.plan.to_bytes()
            assert_same_outcome(outcome, engine.execute(task))


def test_slots_and_planning_time_are_not_written():
    first, second = (pack(2, [op("h", [0]), op("ry", [1], slots=[angle])]) for angle in (0.25, 0.5))
    assert engine.plan(first).to_bytes() == engine.plan(second).to_bytes()
    read = engine.Plan.from_bytes(engine.plan(first).to_bytes())
    ours, theirs = (engine.execute(engine.Task(second, 0, 1, plan=plan)) for plan in (read, None))
    np.testing.assert_array_equal(ours.state, theirs.state)
    assert read.planning_seconds == 0


def mix(word):
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & MASK
    word = (word ^ word >> 27) * 0x94D049BB133111EB & MASK
    return word ^ word >> 31


def checksum(body):
    state = 0
    for word in [len(body), *(int.from_bytes(body[i : i + 8], "little") for i in range(0, len(body), 8))]:
        state = (state + word * 0xC2B2AE3D27D4EB4F) & MASK
        state = (state << 31 | state >> 33) & MASK
        state = (state * 0x9E3779B185EBCA87 + 0x165667B19E3779F9) & MASK
    return mix(state)


def sealed(body):
    """The body with the checksum it should have: only the checks of what it says are left."""
    return body + struct.pack("<Q", checksum(body))


@dataclass
class Written:
    plan: object
    bytes: bytes


@pytest.fixture(scope="module")
def written():
    plans = [engine.plan(lower(circuit).program, keep_state=False) for circuit in EXAMPLES.values()]
    return [Written(plan, plan.to_bytes()) for plan in plans]


def test_the_format_is_written_first_and_another_one_is_refused(written):
    for plan in written:
        number = int.from_bytes(plan.bytes[:4], "little")
        other = sealed((number + 1).to_bytes(4, "little") + plan.bytes[4:-8])
        with pytest.raises(ValueError, match=f"of format {number + 1}, but this version reads {number}") as refused:
            engine.Plan.from_bytes(other)
        assert isinstance(public_error(refused.value), PlanFormatError)
        with pytest.raises(engine.PlanFormatError, match="other gates"):
            engine.Plan.from_bytes(sealed(plan.bytes[:4] + bytes(8) + plan.bytes[12:-8]))


def test_the_checksum_of_these_tests_is_that_of_the_engine(written):
    for plan in written:
        assert sealed(plan.bytes[:-8]) == plan.bytes


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damage_is_found(written, data):
    plan = data.draw(st.sampled_from(written))
    damaged = bytearray(plan.bytes)
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(0, len(damaged) - 1)) :]
    else:
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(engine.PlanFormatError):
        engine.Plan.from_bytes(bytes(damaged))


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_bytes_changed_on_purpose_make_no_plan_that_refers_to_what_is_not_there(written, data):
    body = bytearray(data.draw(st.sampled_from(written)).bytes[:-8])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(12, len(body) - 1))
        change = data.draw(st.sampled_from(["byte", "word", "cut", "insert"]))
        if change == "byte":
            body[place] = data.draw(st.integers(0, 255))
        elif change == "word":
            body[place : place + 4] = data.draw(st.sampled_from([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4)]))
        elif change == "cut":
            del body[place : place + data.draw(st.integers(1, 9))]
        else:
            body[place:place] = data.draw(st.binary(min_size=1, max_size=9))
    try:
        plan = engine.Plan.from_bytes(sealed(bytes(body)))
    except engine.PlanFormatError:
        return
    assert engine.Plan.from_bytes(plan.to_bytes()) == plan
    assert plan.to_string()
    engine.report(plan, 1)
