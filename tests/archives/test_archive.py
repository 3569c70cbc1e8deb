"""Archives: what is read is what was written, without pickle, and nothing else is read."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.dynamic_strategies import dynamic_circuits
from support.strategies import circuits

from ketjet import engine, errors
from ketjet.archives import archive
from ketjet.archives.archive import UnwritableError, read_archive, write_archive
from ketjet.errors import JobError
from ketjet.lowering import lower

numbers = st.one_of(st.booleans(), st.integers(), st.floats(), st.complex_numbers())
dtypes = st.sampled_from([np.float64, np.float32, np.complex128, np.uint64, np.int32, np.uint8, bool])
leaves = st.one_of(
    st.none(),
    numbers,
    st.text(),
    st.binary(),
    dtypes.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0))),
    dtypes.flatmap(lambda dtype: arrays.from_dtype(np.dtype(dtype))),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.text(), inner),
        st.dictionaries(st.one_of(st.integers(), st.text()), inner),
    ),
    max_leaves=20,
)


def assert_same(first, second):
    """The same value, types and digits included."""
    assert type(first) is type(second)
    if isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    elif isinstance(first, dict):
        assert list(first) == list(second)
        assert_same(list(first.values()), list(second.values()))
    elif isinstance(first, (np.ndarray, np.generic)):
        assert first.dtype == second.dtype
        assert first.shape == second.shape
        assert first.tobytes() == second.tobytes()
    else:
        assert repr(first) == repr(second)


@given(value=values)
def test_plain_values_come_back(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("archive") / "value.npz"
    write_archive(path, value)
    assert_same(read_archive(path), value)


@given(
    st.one_of(
        circuits(5, 10).map(lambda circuit: lower(circuit).program),
        dynamic_circuits(max_qubits=3, max_statements=5).map(lambda circuit: lower(circuit).program),
    )
)
def test_programs_and_plans_come_back(tmp_path_factory, program):
    path = tmp_path_factory.mktemp("archive") / "task.npz"
    task = engine.Task(program, 10, 2**70, plan=engine.plan(program), threads=2)
    write_archive(path, [task, task])
    read, again = read_archive(path)
    assert read.program is again.program
    assert read.plan == task.plan
    assert read.program.fingerprint == program.fingerprint
    assert_same(read.program.packed(), program.packed())
    assert read._replace(program=None, plan=None) == task._replace(program=None, plan=None)


def test_what_is_shared_is_written_once_and_shared_again(tmp_path):
    datum = np.ones(1 << 16)
    write_archive(tmp_path / "a.npz", [datum, {"same": datum}, datum.copy()])
    first, second, third = read_archive(tmp_path / "a.npz")
    assert first is second["same"]
    assert third is not first
    assert (tmp_path / "a.npz").stat().st_size < 2.1 * datum.nbytes


def test_numpy_reads_the_arrays_without_pickle(tmp_path):
    write_archive(tmp_path / "a.npz", {"x": np.arange(3.0), "y": np.ones(2)})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as members:
        assert members["0"].tolist() == [0, 1, 2, 1, 1]
        assert json.loads(members["tree"].tobytes())["format"] == archive.FORMAT


def caused(error, cause):
    error.__cause__ = cause
    return error


def told_of(error):
    return None if error is None else (type(error), str(error), error.args, told_of(error.__cause__))


@pytest.mark.parametrize(
    "error",
    [
        errors.JobCancelledError("the job was cancelled before this had ended"),
        caused(errors.VerificationError("wrong"), engine.VerificationFailed("wrong")),
        caused(errors.TimeLimitError("late"), caused(engine.TimeLimitReached("late"), KeyError("k"))),
        errors.IterationLimitError("too many"),
        MemoryError(),
        MemoryError("no room"),
        OSError(28, "No space left on device", "file"),
        ZeroDivisionError("division by zero"),
    ],
    ids=repr,
)
def test_errors_come_back(tmp_path, error):
    write_archive(tmp_path / "a.npz", [error])
    [read] = read_archive(tmp_path / "a.npz")
    assert told_of(read) == told_of(error)


def test_what_an_error_says_beside_its_words_comes_back(tmp_path):
    error = errors.InsufficientMemoryError("too much")
    error.required_bytes, error.available_bytes, error.max_qubits = 1 << 40, 5, 3
    write_archive(tmp_path / "a.npz", error)
    assert vars(read_archive(tmp_path / "a.npz")) == vars(error)


def test_an_error_of_an_unknown_class_is_named(tmp_path):
    class OddError(Exception):
        def __init__(self, one, two):
            super().__init__(one)

    write_archive(tmp_path / "a.npz", OddError("one", "two"))
    read = read_archive(tmp_path / "a.npz")
    assert (type(read), str(read)) == (RuntimeError, "OddError: one")


@pytest.mark.parametrize(
    "value",
    [object(), {"set": {1}}, np.array([object()]), [lambda: None]],
    ids=["object", "set", "objects", "function"],
)
def test_what_is_no_plain_data_is_refused_and_leaves_no_file(tmp_path, value):
    with pytest.raises(UnwritableError):
        write_archive(tmp_path / "a.npz", value)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_keeps_the_old_file_alone(tmp_path, monkeypatch):
    write_archive(tmp_path / "a.npz", 1)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_archive(tmp_path / "a.npz", np.ones(1000))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert read_archive(tmp_path / "a.npz") == 1


def test_damage_and_other_formats_are_told(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    with pytest.raises(FileNotFoundError):
        read_archive(path)
    write_archive(path, {"x": np.arange(1000.0), "text": "words"})
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            read = read_archive(path)
        except JobError:
            continue
        assert read["x"].tolist() == list(range(1000))  # a byte that says nothing
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(JobError, match="damaged"):
        read_archive(path)
    path.write_text("no archive")
    with pytest.raises(JobError, match="damaged"):
        read_archive(path)
    monkeypatch.setattr(archive, "FORMAT", archive.FORMAT + 1)
    write_archive(path, 1)
    monkeypatch.undo()
    with pytest.raises(JobError, match="format 2"):
        read_archive(path)
    with zipfile.ZipFile(path, "w"):
        pass
    with pytest.raises(JobError, match="damaged"):
        read_archive(path)
