"""Tasks of many points: what each point gives is, bit for bit, what a run of its own gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from support.observables import readout_of
from support.programs import TINY_CACHES
from support.strategies import circuits, parametrised_circuits

from ketjet import _core, engine
from ketjet.lowering import lower


def points_of(lowered, values, occurrences=None):
    """The points of a task at which a circuit's parameters have these values."""
    (slots,) = lowered.slots_at(values)
    numbers = np.zeros(len(values), np.uint64) if occurrences is None else np.array(occurrences, np.uint64)
    return engine.Points(slots, lowered.program.fingerprints_with(slots), numbers)


def assert_same(found, expected):
    np.testing.assert_array_equal(found.keys, expected.keys)
    np.testing.assert_array_equal(found.counts, expected.counts)
    np.testing.assert_array_equal(found.memory, expected.memory)
    assert found.facts.norm_error == expected.facts.norm_error
    assert len(found.readouts) == len(expected.readouts)
    for values, wanted in zip(found.readouts, expected.readouts, strict=True):
        np.testing.assert_array_equal(values, wanted)


@given(
    data=st.data(),
    made=parametrised_circuits(5),
    precision=st.sampled_from(["single", "double"]),
    threads=st.integers(1, 2),
    isa=st.sampled_from(engine.isa_names()),
    on=st.sampled_from([None, TINY_CACHES]),
    shots=st.sampled_from([0, 1, 30, 5000]),
    memory=st.booleans(),
)
def test_points_give_what_runs_of_their_own_give(data, made, precision, threads, isa, on, shots, memory):
    circuit, _ = made
    width = circuit.num_qubits
    circuit.measure_all()
    lowered = lower(circuit, keep_idle_qubits=True)
    count = data.draw(st.integers(1, 10))
    rows = [[data.draw(st.floats(-7, 7)) for _ in lowered.parameters] for _ in range(count)]
    values = np.array(rows).reshape(count, len(lowered.parameters))
    common = data.draw(st.lists(st.sampled_from(range(len(lowered.parameters))))) if lowered.parameters else []
    values[:, common] = values[0, common]
    occurrences = data.draw(st.lists(st.integers(0, 2**40), min_size=count, max_size=count))
    readouts = (readout_of([("Z" * width, 1.5)], [("X" * width, 1.0), ("Y" * width, -0.5)]),)
    readouts = data.draw(st.sampled_from([(), readouts]))
    task = engine.Task(
        lowered.program, shots, 2**70 + 3, memory=memory and shots > 0, precision=precision, threads=threads, isa=isa,
        readouts=readouts,
    )  # fmt: skip
    together = engine.execute(task._replace(points=points_of(lowered, values, occurrences)), on=on)
    for point, bound in enumerate(lowered.at_points(values)):
        alone = engine.execute(task._replace(program=bound.program, occurrence=occurrences[point]), on=on)
        assert_same(together.at_point(point), alone)


def rotations(points):
    """A circuit with one angle, and values for it."""
    circuit = QuantumCircuit(2)
    circuit.ry(Parameter("a"), 0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return lower(circuit), np.linspace(0.1, 3, points)[:, None]


def test_what_does_not_fit_together_is_refused():
    lowered, values = rotations(3)
    made, request, control = engine.plan(lowered.program), _core.RunRequest(), engine.Control().counters
    request.shots = 5
    keys = np.zeros((3, 2), np.uint32)
    (slots,) = lowered.slots_at(values)

    def run(slots=slots, keys=keys):
        return _core.run_points(made, slots, keys, request, threads=1, isa="", control=control)

    assert run().counts.sum() == 15
    with pytest.raises(ValueError, match="a value for each slot"):
        run(slots=np.zeros((3, 5)))
    with pytest.raises(ValueError, match="a key for each point"):
        run(keys=keys[:2])
    with pytest.raises(ValueError, match="points x slots"):
        run(slots=np.zeros(3))
    request.keep_state = True
    with pytest.raises(ValueError, match="one by one"):
        run()


def all_but_slots(program):
    """All columns of a program but the slots, which are the ninth."""
    packed = program.packed()
    return [np.asarray(column).tobytes() for column in (*packed[:8], packed[9], *packed[10], *packed[11:])]


@given(first=circuits(2, 2, measure=True), second=circuits(2, 2, measure=True), angle=st.floats(-7, 7))
def test_structure_is_all_but_slots(first, second, angle):
    one, other = lower(first, keep_idle_qubits=True).program, lower(second, keep_idle_qubits=True).program
    turned = one.with_slots(one.slots + angle)
    assert one.same_structure(turned)
    assert one.structure_hash == turned.structure_hash
    same = all_but_slots(one) == all_but_slots(other)
    assert one.same_structure(other) == other.same_structure(one) == same
    assert (one.structure_hash == other.structure_hash) == same


def circuits_at(lowered, values):
    """The circuit at several points as circuits of their own."""
    return engine.points_of([bound.program for bound in lowered.at_points(values)], [0, *range(len(values) - 1)])


def test_circuits_of_one_structure_are_points():
    lowered, values = rotations(4)
    found, wanted = circuits_at(lowered, values), points_of(lowered, values, [0, 0, 1, 2])
    for column, expected in zip(found[:3], wanted[:3], strict=True):
        np.testing.assert_array_equal(column, expected)
        assert column.dtype == expected.dtype
    assert found.are_circuits
    with pytest.raises(ValueError, match="differ in structure"):
        engine.points_of([lowered.program, lower(QuantumCircuit(1)).program], [0, 0])


def test_circuits_fail_alone_unless_they_are_stopped(monkeypatch):
    lowered, values = rotations(4)
    task = engine.Task(lowered.program, 10, 1, memory=True, points=circuits_at(lowered, values))
    expected, run_points, calls = engine.execute(task), _core.run_points, []

    def failing(plan, slots, *arguments, **options):
        calls.append(len(slots))
        if values[2, 0] in slots:
            raise error("no room")
        return run_points(plan, slots, *arguments, **options)

    monkeypatch.setattr(_core, "run_points", failing)
    error = MemoryError
    found = engine.execute(task)
    assert {point: str(failure) for point, failure in found.failures.items()} == {2: "no room"}
    assert calls == [4, 1, 1, 1, 1]
    for point in (0, 1, 3):
        assert_same(found.at_point(point), expected.at_point(point))
    for stopped in (engine.Cancelled, engine.TimeLimitReached):
        error = stopped
        calls.clear()
        with pytest.raises(stopped):
            engine.execute(task)
        assert calls == [4]


def test_a_stopped_task_of_points_ends():
    lowered, values = rotations(3)
    control = engine.Control()
    control.stop()
    with pytest.raises(engine.Cancelled):
        engine.execute(engine.Task(lowered.program, 10, 1, points=points_of(lowered, values)), control)


def test_a_time_limit_is_that_of_each_point():
    lowered, values = rotations(2000)
    task = engine.Task(lowered.program, 1000, 1, points=points_of(lowered, values), time_limit=0.01)
    assert engine.execute(task).counts.sum() == 2_000_000  # together they take longer
    with pytest.raises(engine.TimeLimitReached):
        engine.execute(task._replace(time_limit=1e-9))


def test_progress_is_that_of_all_points():
    lowered, values = rotations(7)
    control = engine.Control()
    engine.execute(engine.Task(lowered.program, 10, 1, points=points_of(lowered, values)), control)
    progress = control.progress()
    assert (progress.shots_done, progress.shots_total) == (70, 70)
    assert progress.stages_done == progress.stages_total == 7 * engine.plan(lowered.program).num_stages
    assert progress.work_done == progress.work_total > 0
