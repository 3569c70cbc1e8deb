"""Results that are kept in a folder are taken again by whoever asks for the same, and by nobody else."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from support.circuits import layered_circuit
from support.fake_engine import eventually
from support.saves import save

from ketjet import EstimatorV2, SamplerV2, Simulator, engine
from ketjet.errors import InvalidOptionError, KetjetWarning
from ketjet.kept import files, keys
from ketjet.kept.results import KeptResults
from ketjet.lowering import lower

ANGLE = Parameter("a")


def swept(first=0, points=60):
    """A circuit, and points whose angles are those of some places in one long list."""
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.rx(ANGLE, 1)
    circuit.cx(0, 2)
    circuit.measure_all()
    return circuit, [{ANGLE: np.linspace(0, 3, 200)[first : first + points]}]


def dynamic(angle=0.4):
    circuit = QuantumCircuit(2, 2, name="dynamic")
    circuit.rx(angle, 0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.rx(0.3, 1)
    circuit.measure(1, 1)
    return circuit


def taken(result):
    return result.to_dict()["metadata"].get("taken_from_results_dir", 0)


def told(result):
    """All of a result but times and where it comes from."""
    found = result.to_dict()
    for each in found["results"]:
        for name in ("time_taken", "sample_measure_time", "plan_time", "max_memory_mb", "taken_from_results_dir"):
            each["metadata"].pop(name, None)
        each["metadata"].get("verify", {}).pop("seconds", None)
        each.pop("time_taken", None)
    return found["results"]


def npz_files(folder):
    return sorted(Path(folder).rglob("*.npz"))


def test_a_campaign_that_is_run_again_does_only_what_is_missing(tmp_path):
    backend = Simulator(seed_simulator=5)
    circuit, binds = swept(0, 60)
    expected = backend.run(circuit, parameter_binds=binds).result().get_counts()
    for first, points, known in ((0, 30, 0), (10, 50, 20), (0, 60, 60), (0, 60, 60), (5, 40, 40), (0, 61, 60)):
        circuit, binds = swept(first, points)
        job = backend.run(circuit, parameter_binds=binds, results_dir=tmp_path)
        result = job.result()
        assert result.get_counts()[: 60 - first] == expected[first : first + points]
        assert taken(result) == job.progress().circuits_taken == known
        flags = ["taken_from_results_dir" in each.metadata for each in result.results]
        assert sum(flags) == known
    assert "(60 taken)" in str(job.progress())


OPTIONS = [{}, {"memory": True}, {"return_state": True}, {"exact": True}, {"verify": "full"}, {"precision": "single"}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_what_is_taken_is_what_was_kept(options, tmp_path):
    circuits = [layered_circuit(5, 2), layered_circuit(3, 2)]
    if not {"exact", "return_state"} & options.keys():
        circuits.append(dynamic())
    backend = Simulator(seed_simulator=5, shots=50, **options)
    plain = backend.run(circuits).result()
    first = backend.run(circuits, results_dir=tmp_path).result()
    again = backend.run(circuits, results_dir=tmp_path).result()
    assert (taken(first), taken(again)) == (0, len(circuits))
    assert told(again) == told(first) == told(plain)
    if options.get("return_state"):
        np.testing.assert_array_equal(again.get_statevector(0), plain.get_statevector(0))


def test_saved_data_are_taken_too(tmp_path):
    circuit = QuantumCircuit(3, 3)
    circuit.h([0, 1])
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.ry(0.4, 2)
    save(circuit, "save_statevector", "list", range(3), label="state")
    save(circuit, "save_probabilities", "average", range(3), label="odds")
    save(circuit, "save_density_matrix", "c_average", range(3), label="rho")
    circuit.measure(2, 2)
    backend = Simulator(seed_simulator=5, shots=20)
    plain = backend.run(circuit).result()
    backend.run(circuit, results_dir=tmp_path).result()
    again = backend.run(circuit, results_dir=tmp_path).result()
    assert taken(again) == 1
    assert told(again) == told(plain)
    assert len(again.data()["state"]) == 20


SAME = [{"max_threads": 1}, {"max_memory_mb": 500}, {"time_limit": 60}, {"isa": "portable"}, {"max_iterations": 9}]
OTHER = [
    *({"seed_simulator": 6}, {"shots": 51}, {"memory": True}, {"precision": "single"}, {"exact": True}),
    *({"return_state": True}, {"verify": "fast"}, {"plan_options": {engine.PLAN_OPTIONS[0]: False}}),
]


@pytest.mark.parametrize("options", [*SAME, *OTHER], ids=str)
def test_what_changes_the_answer_is_another_result(options, tmp_path):
    circuits = [layered_circuit(5, 2)]
    backend = Simulator(seed_simulator=5, shots=50, results_dir=tmp_path)
    backend.run(circuits).result()
    result = backend.run(circuits, **options).result()
    assert taken(result) == (0 if options in OTHER else 1)


def test_another_version_of_the_random_numbers_is_another_result(tmp_path, monkeypatch, bell):
    backend = Simulator(seed_simulator=5, results_dir=tmp_path)
    backend.run(bell).result()
    monkeypatch.setattr(keys, "RNG_VERSION", engine.RNG_VERSION + 1)
    assert taken(backend.run(bell).result()) == 0


def test_equal_circuits_of_a_job_stay_independent(tmp_path, bell):
    backend = Simulator(seed_simulator=5)
    expected = backend.run([bell] * 5).result().get_counts()
    assert len({str(counts) for counts in expected}) > 1
    for count, known in ((2, 0), (5, 2), (3, 3)):
        result = backend.run([bell] * count, results_dir=tmp_path).result()
        assert result.get_counts() == expected[:count]
        assert taken(result) == known


def test_a_circuit_is_known_alone_and_in_company(tmp_path):
    backend = Simulator(seed_simulator=5, results_dir=tmp_path)
    circuit, binds = swept(0, 10)
    expected = backend.run(circuit, parameter_binds=binds).result().get_counts()
    one = circuit.assign_parameters([binds[0][ANGLE][7]])
    result = backend.run(one).result()
    assert result.get_counts() == expected[7]
    assert taken(result) == 1
    backend.run(circuit.assign_parameters([2.9])).result()
    circuit, binds = swept(0, 10)
    result = backend.run(circuit, parameter_binds=[{ANGLE: [*binds[0][ANGLE], 2.9]}]).result()
    assert taken(result) == 11


# Files that are not what they should be.


@pytest.fixture
def kept(tmp_path):
    """A backend, circuits whose results it has kept, and their counts."""
    backend = Simulator(seed_simulator=5, results_dir=tmp_path)
    circuits = [layered_circuit(4, 2), dynamic()]
    return backend, circuits, backend.run(circuits).result().get_counts()


def test_torn_and_damaged_files_are_not_used(kept, tmp_path):
    backend, circuits, expected = kept
    file = npz_files(tmp_path)[0]
    whole = file.read_bytes()
    damaged = [whole[:length] for length in range(0, len(whole), len(whole) // 40)]
    for place in range(0, len(whole), 7):
        damaged.append(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
    for content in damaged:
        file.write_bytes(content)
        assert backend.run(circuits).result().get_counts() == expected
    file.write_bytes(whole[:-1])
    assert taken(backend.run(circuits).result()) == 1
    assert file.read_bytes() != whole[:-1]  # it was made anew
    assert taken(backend.run(circuits).result()) == 2


def test_foreign_files_are_not_used(kept, tmp_path):
    backend, circuits, expected = kept
    one, other = npz_files(tmp_path)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())  # of another circuit
    result = backend.run(circuits).result()
    assert (result.get_counts(), taken(result)) == (expected, 1)
    np.savez(one, keys=np.zeros(3))
    assert backend.run(circuits).result().get_counts() == expected
    one.write_bytes(content)
    (one.parent / "notes.npz").write_text("a hundred and one")
    (one.parent / "half.new").write_bytes(content[:100])
    assert taken(backend.run(circuits).result()) == 2


def test_files_are_arrays_and_json_without_pickles(kept, tmp_path):
    for file in npz_files(tmp_path):
        with np.load(file, allow_pickle=False) as arrays, zipfile.ZipFile(file) as archive:
            assert arrays["counts"].sum() == 1024
            about = json.loads(archive.read("about.json"))
            assert about["group"] == file.parent.name
            assert {name.rpartition(".")[2] for name in archive.namelist()} == {"npy", "json"}
    assert not list(tmp_path.rglob("*.new"))


def test_a_result_that_cannot_be_kept_is_told_once_and_given_all_the_same(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ketjet.kept.results.write", full)
    circuits = [layered_circuit(4, 2), dynamic()]
    backend = Simulator(seed_simulator=5)
    with pytest.warns(KetjetWarning, match="No space left") as caught:
        result = backend.run(circuits, results_dir=tmp_path).result()
    assert len(caught) == 1
    assert result.get_counts() == backend.run(circuits).result().get_counts()


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path, monkeypatch, bell):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.warns(KetjetWarning, match="No space left"):
        Simulator(seed_simulator=5, results_dir=tmp_path).run(bell).result()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def points_task(count):
    circuit, _ = swept()
    program = lower(circuit.assign_parameters([0.5])).program
    programs = [program.with_slots(program.slots + number / 7) for number in range(count)]
    points = engine.points_of(programs, [0] * count)
    return engine.Task(program, 100, 5, plan=engine.plan(program, keep_state=False), points=points)


def always():
    return True


def test_points_that_have_failed_are_not_kept(tmp_path):
    task = points_task(5)
    whole = engine.execute(task)
    failed = whole._replace(failures={1: ValueError("one"), 4: ValueError("four")})
    assert KeptResults(str(tmp_path)).keep(0, task, failed) is failed
    results = KeptResults(str(tmp_path))
    (left,), found, count = results.take([task], always)
    assert (len(left.points.slots), found, count) == (2, {}, 3)
    np.testing.assert_array_equal(left.points.slots, task.points.slots[[1, 4]])
    again = results.keep(0, left, engine.execute(left)._replace(failures={1: ValueError("four")}))
    assert list(again.failures) == [4]
    assert again.taken == (True, False, True, True, False)
    for point in range(4):
        np.testing.assert_array_equal(again.at_point(point).counts, whole.at_point(point).counts)
    _, _, count = KeptResults(str(tmp_path)).take([task], always)
    assert count == 4


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(st.integers(0, 11), min_size=1), min_size=1, max_size=4), st.booleans())
def test_whatever_was_kept_before_a_task_gives_the_same(tmp_path, before, memory):
    folder = str(tmp_path / uuid4().hex)
    task = points_task(12)._replace(memory=memory)
    expected = engine.execute(task)
    known = set()
    for rows in before:
        some = sorted(rows)
        part = task._replace(points=engine.Points(*[each[some] for each in task.points[:3]], are_circuits=True))
        KeptResults(folder).keep(0, part, engine.execute(part))
        known |= rows
    results = KeptResults(folder)
    (left,), found, count = results.take([task], always)
    assert count == len(known)
    outcome = found[0] if found else results.keep(0, left, engine.execute(left))
    for name in ("keys", "counts", "memory", "begins", "norm_errors"):
        np.testing.assert_array_equal(getattr(outcome, name), getattr(expected, name))
    assert [outcome.at_point(point).facts.taken for point in range(12)] == [point in known for point in range(12)]


def test_without_a_seed_or_a_folder_it_is_refused_in_the_call(tmp_path, bell):
    with pytest.raises(InvalidOptionError, match="results_dir needs seed_simulator"):
        Simulator().run(bell, results_dir=tmp_path)
    with pytest.raises(InvalidOptionError, match="results_dir needs seed_simulator"):
        SamplerV2(options={"run_options": {"results_dir": tmp_path}}).run([bell])
    (tmp_path / "file").touch()
    with pytest.raises(InvalidOptionError, match="no folder that can be written"):
        Simulator(seed_simulator=1).run(bell, results_dir=tmp_path / "file" / "inside")
    with pytest.raises(TypeError, match="results_dir must be a path"):
        Simulator(seed_simulator=1).run(bell, results_dir=3)


# Campaigns that were broken off, on executors and by primitives.


def test_an_executor_takes_and_keeps_too(tmp_path):
    circuit, binds = swept(0, 60)
    backend = Simulator(seed_simulator=5)
    expected = backend.run(circuit, parameter_binds=binds).result().get_counts()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        half = swept(0, 30)[1]
        backend.run(circuit, parameter_binds=half, results_dir=tmp_path).result()
        result = backend.run(circuit, parameter_binds=binds, results_dir=tmp_path, executor=pool).result(60)
        assert (result.get_counts(), taken(result)) == (expected, 30)
    result = backend.run(circuit, parameter_binds=binds, results_dir=tmp_path, executor=ThreadPoolExecutor).result()
    assert (result.get_counts(), taken(result)) == (expected, 60)
    more = swept(0, 62)[1]
    result = backend.run(circuit, parameter_binds=more, results_dir=tmp_path, executor=ThreadPoolExecutor).result()
    assert (result.get_counts()[:60], taken(result)) == (expected, 60)


def test_a_cancelled_campaign_has_kept_what_had_ended(tmp_path):
    circuits = [layered_circuit(width, 6) for width in (8, 9, 10, 11)]
    backend = Simulator(seed_simulator=5)
    with backend.run([*circuits, layered_circuit(24, 200)], results_dir=tmp_path):
        eventually(lambda: len(npz_files(tmp_path)) >= 4, 60)
    result = backend.run(circuits, results_dir=tmp_path).result()
    assert taken(result) == 4
    assert result.get_counts() == backend.run(circuits).result().get_counts()


def test_a_campaign_whose_process_is_killed_goes_on(tmp_path):
    script = f"""
import sys
sys.path[:] = {sys.path!r}
from support.circuits import layered_circuit
from ketjet import Simulator
circuits = [layered_circuit(width, 6) for width in (8, 9, 10, 11)]
Simulator(seed_simulator=5).run([*circuits, layered_circuit(24, 200)], results_dir={str(tmp_path)!r}).result()
"""
    process = subprocess.Popen([sys.executable, "-c", script])
    try:
        eventually(lambda: len(npz_files(tmp_path)) >= 4, 100)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
    circuits = [layered_circuit(width, 6) for width in (8, 9, 10, 11)]
    backend = Simulator(seed_simulator=5)
    result = backend.run(circuits, results_dir=tmp_path).result()
    assert taken(result) == 4
    assert result.get_counts() == backend.run(circuits).result().get_counts()


def test_a_detached_job_keeps_and_takes_too(tmp_path, monkeypatch):
    monkeypatch.setenv("KETJET_STORE", str(tmp_path / "store"))
    circuits = [layered_circuit(width, 6) for width in (8, 9)]
    backend = Simulator(seed_simulator=5, results_dir=tmp_path / "kept")
    expected = Simulator(seed_simulator=5).run(circuits).result().get_counts()
    assert backend.run(circuits, detach=True).result(60).get_counts() == expected
    result = backend.run(circuits).result()
    assert (result.get_counts(), taken(result)) == (expected, 2)
    job = backend.run(circuits, detach=True)
    assert taken(job.result(60)) == 2
    with pytest.raises(InvalidOptionError, match="results_dir needs seed_simulator"):
        Simulator().run(circuits, detach=True, results_dir=tmp_path)


def test_primitives_take_their_points(tmp_path):
    circuit, binds = swept(0, 20)
    bare = circuit.remove_final_measurements(inplace=False)
    values = binds[0][ANGLE][:, None]
    options = {"run_options": {"results_dir": tmp_path}}
    sampler, estimator = SamplerV2(seed=3, options=options), EstimatorV2(seed=3, options=options)
    for known in (0, 20):
        job = sampler.run([(circuit, values)])
        found = job.result()[0].data.meas
        assert job.progress().circuits_taken == known
        expected = SamplerV2(seed=3).run([(circuit, values)]).result()[0].data.meas
        np.testing.assert_array_equal(found.array, expected.array)
    for known in (0, 20):
        job = estimator.run([(bare, ["ZZI", "XII"], values[:, None])])
        evs = job.result()[0].data.evs
        assert job.progress().circuits_taken == known
        expected = EstimatorV2().run([(bare, ["ZZI", "XII"], values[:, None])]).result()[0].data.evs
        np.testing.assert_array_equal(evs, expected)
    gradients = [estimator.gradient([(bare, "ZZI", values)]).result()[0].data for _ in range(2)]
    np.testing.assert_array_equal(gradients[0].gradients, gradients[1].gradients)


def test_a_task_is_described_in_full():
    """Whoever adds a field to tasks decides here whether results are known by it."""
    known = {"program", "occurrence", "points", "floor", "readouts", "gradient", "tensor", *keys.PARTS}
    without = {
        *("threads", "isa", "states", "max_iterations", "time_limit", "plan", "plan_time", "seconds", "memory_limit"),
        *("peak_bytes", "kept_bytes", "time_passes"),
    }
    assert known | without == set(engine.Task._fields)
    others = {"num_clbits", "facts", "stage_seconds", "saves", "save_frames", "reading_seconds", "readouts"}
    assert {*files.ARRAYS, *others, "pass_times", "failures", "taken"} == set(engine.Outcome._fields)
