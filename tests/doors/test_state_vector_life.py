"""The life of a `StateVector`: made from amplitudes, copied, saved, watched, cancelled, and left half changed."""

from __future__ import annotations

import copy
import json
import os
import pickle
import signal
import sys
import threading
import time

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import Statevector, random_statevector

from ketjet import StateVector, engine
from ketjet.errors import (
    InsufficientMemoryError,
    InvalidCircuitError,
    InvalidOptionError,
    JobCancelledError,
    JobError,
    OptionTypeError,
    StateFileError,
    TimeLimitError,
    VerificationError,
)

DTYPES = {"single": np.complex64, "double": np.complex128}


@pytest.fixture(params=["single", "double"])
def precision(request):
    return request.param


def ansatz(num_qubits, seed=0, reps=2):
    circuit = efficient_su2(num_qubits, reps=reps)
    return circuit.assign_parameters(np.random.default_rng(seed).uniform(-3, 3, circuit.num_parameters))


def long_circuit(num_qubits=20):
    """Some seconds of work."""
    circuit = ansatz(num_qubits, reps=60)
    for seed in range(4):
        circuit = circuit.compose(ansatz(num_qubits, seed, reps=60))
    return circuit


def interrupted(state):
    """Leave a state half changed."""
    with pytest.raises(TimeLimitError):
        state.evolve(long_circuit(state.num_qubits), time_limit=1e-3)
    return state


# Amplitudes in, and copies


@pytest.mark.parametrize("num_qubits", [0, 1, 2, 5, 13])
def test_amplitudes_go_in_and_come_out(num_qubits, precision):
    amplitudes = random_statevector(2**num_qubits, seed=num_qubits).data
    state = StateVector.from_array(amplitudes, precision)
    assert (state.num_qubits, state.precision) == (num_qubits, precision)
    assert np.array_equal(np.asarray(state), amplitudes.astype(DTYPES[precision]))
    assert state.nbytes == np.asarray(state).nbytes
    assert not np.shares_memory(np.asarray(state), amplitudes)
    circuit = ansatz(num_qubits) if num_qubits else QuantumCircuit(0)
    expected = Statevector(amplitudes).evolve(circuit).data
    assert np.asarray(state.evolve(circuit)) == pytest.approx(expected, abs=1e-5 if precision == "single" else 1e-12)


@pytest.mark.parametrize(
    ("given", "precision"),
    [
        ([0, 1], "double"),
        ([0, 1j, 0, 0], "double"),
        (np.array([0, 1], np.float32), "single"),
        (np.array([0, 1j], np.complex64), "single"),
        (np.array([0, 1], np.int8), "double"),
        (np.eye(4)[::2][1], "double"),
        (np.zeros(8, np.complex128)[::2] + 0.5, "double"),
        (Statevector([0, 1]), "double"),
    ],
)
def test_precision_follows_the_numbers(given, precision):
    state = StateVector.from_array(given)
    assert state.precision == precision
    assert np.array_equal(np.asarray(state), np.asarray(given))


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ([1, 0, 0], InvalidOptionError, r"shape \(2\*\*num_qubits,\), got \(3,\)"),
        ([], InvalidOptionError, "shape"),
        (np.eye(2), InvalidOptionError, r"\(2, 2\)"),
        (1.0, InvalidOptionError, "shape"),
        ([1, 1], InvalidOptionError, "norm 1.41421"),
        ([0, 0], InvalidOptionError, "norm 0"),
        ([np.nan, 1], InvalidOptionError, "norm nan"),
        ([np.inf, 1], InvalidOptionError, "norm"),
        (["a", "b"], OptionTypeError, "numbers"),
        ([None, 1], OptionTypeError, "numbers"),
    ],
)
def test_amplitudes_of_no_state_are_refused(given, error, says):
    with pytest.raises(error, match=says):
        StateVector.from_array(given)


def pickled(state):
    return pickle.loads(pickle.dumps(state))


@pytest.mark.parametrize("copies", [StateVector.copy, copy.copy, copy.deepcopy, pickled])
def test_copies_are_equal_and_their_own(copies, precision):
    state = StateVector(6, precision, max_threads=1, verify="fast").evolve(ansatz(6))
    twin = copies(state)
    before = np.array(state)
    assert np.array_equal(np.asarray(twin), before)
    assert twin.precision == precision
    assert (twin._max_threads, twin._verify) == (1, "fast")
    twin.evolve(ansatz(6, 1))
    assert np.array_equal(np.asarray(state), before)
    assert not np.array_equal(np.asarray(twin), before)


def test_copies_need_memory_of_their_own(monkeypatch):
    state = StateVector(8)
    monkeypatch.setattr(engine, "available_memory", lambda: (1000, "a small test"))
    for copies in (state.copy, lambda: StateVector.from_array(np.eye(256)[0])):
        with pytest.raises(InsufficientMemoryError, match="a small test"):
            copies()


# Files


@pytest.mark.parametrize("num_qubits", [0, 1, 7, 21])
def test_what_is_saved_is_loaded_bit_for_bit(num_qubits, precision, tmp_path):
    path = tmp_path / "state.npy"
    state = StateVector(num_qubits, precision)
    np.asarray(state)[:] = random_statevector(2**num_qubits, seed=3).data
    state.save(path)
    loaded = StateVector.load(path, max_threads=1, verify="full")
    assert np.array_equal(np.asarray(loaded), np.asarray(state))
    assert (loaded.num_qubits, loaded.precision) == (num_qubits, precision)
    mapped = np.load(path, mmap_mode="r")
    assert np.array_equal(mapped, np.asarray(state))
    assert mapped.dtype == DTYPES[precision]
    facts = json.loads((tmp_path / "state.npy.json").read_text())
    assert facts["precision"] == precision
    assert sorted(file.name for file in tmp_path.iterdir()) == ["state.npy", "state.npy.json"]


def damage(path, beside, how):
    content = bytearray(path.read_bytes())
    facts = json.loads(beside.read_text())
    if how == "a bit":
        content[-5] ^= 1
    elif how == "cut off":
        del content[-8:]
    elif how == "longer":
        content += b"\0"
    elif how == "another array":
        np.save(path, np.eye(3))
        content = path.read_bytes()
    elif how == "no array":
        content = b"nothing"
    elif how == "no facts":
        return beside.unlink()
    elif how == "no json":
        return beside.write_text("{")
    elif how == "other json":
        facts = {"format": "something"}
    elif how == "newer":
        facts["version"] = 2
    elif how == "odd facts":
        facts["num_qubits"] = "5"
    elif how == "other width":
        facts["num_qubits"] = 4
    path.write_bytes(content)
    return beside.write_text(json.dumps(facts))


@pytest.mark.parametrize(
    "how",
    [
        "a bit",
        "cut off",
        "longer",
        "another array",
        "no array",
        "no facts",
        "no json",
        "other json",
        "newer",
        "odd facts",
        "other width",
    ],
)
def test_a_file_that_is_not_what_was_saved_is_refused(how, tmp_path):
    path = tmp_path / "state.npy"
    StateVector(5).evolve(ansatz(5)).save(path)
    damage(path, tmp_path / "state.npy.json", how)
    with pytest.raises(StateFileError, match="state") as caught:
        StateVector.load(path)
    assert isinstance(caught.value, ValueError)


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        StateVector.load(tmp_path / "nothing.npy")
    with pytest.raises(FileNotFoundError):
        StateVector(1).save(tmp_path / "nowhere" / "state.npy")


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "state.npy"
    StateVector(3).save(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ketjet.state.file.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        StateVector(3).evolve(ansatz(3)).save(path)
    assert path.read_bytes() == before
    assert StateVector.load(path).probabilities()[0] == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["state.npy", "state.npy.json"]


# Progress, cancel, time limits


def in_thread(call):
    """Start a call and return its thread and, once it has ended, a list of what it raised or returned."""
    seen = []

    def run():
        try:
            seen.append(call())
        except BaseException as error:
            seen.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, seen


def until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_progress_goes_up_and_ends_at_one():
    state, circuit = StateVector(18), ansatz(18, reps=80)
    assert state.progress().fraction == 1
    thread, seen = in_thread(lambda: state.evolve(circuit))
    fractions = []
    while thread.is_alive():
        fractions.append(state.progress().fraction)
        time.sleep(0.002)
    assert seen == [state]
    assert all(0 <= fraction <= 1 for fraction in fractions)
    end = state.progress()
    assert (end.fraction, end.circuits_done, end.eta) == (1, 1, None)
    assert end.stages_done == end.stages_total > 0
    assert end.elapsed > 0


def test_a_cancelled_call_raises_and_leaves_the_state_refusing_all_but_reset(tmp_path):
    state, circuit = StateVector(20), long_circuit()
    assert state.cancel() is False
    thread, seen = in_thread(lambda: state.evolve(circuit))
    until(lambda: state.progress().stages_done > 0)
    with pytest.raises(JobError, match="another call changes this state"):
        state.norm()
    with pytest.raises(JobError, match="another call"):
        state.reset()
    with pytest.raises(JobError, match="another call"):
        state.save(tmp_path / "state.npy")
    assert state.cancel() is True
    thread.join(20)
    assert isinstance(seen[0], JobCancelledError)
    assert state.progress().fraction < 1
    refused = [
        state.norm,
        state.probabilities,
        state.copy,
        lambda: state.evolve(QuantumCircuit(20)),
        lambda: state.sample(1),
        lambda: state.expectation("Z" * 20),
        lambda: state.save(tmp_path / "state.npy"),
        lambda: copy.deepcopy(state),
        lambda: pickle.dumps(state),
    ]
    for call in refused:
        with pytest.raises(JobError, match="stopped halfway"):
            call()
    assert "half changed" in repr(state)
    assert len(np.asarray(state)) == 2**20
    assert not list(tmp_path.iterdir())
    state.reset()
    assert state.evolve(ansatz(20)).norm() == pytest.approx(1)
    assert state.cancel() is False


def test_a_time_limit_leaves_it_half_changed():
    state = interrupted(StateVector(16))
    with pytest.raises(JobError, match="stopped halfway"):
        state.norm()
    assert "half changed" in state._repr_html_()
    state.reset()
    assert "half changed" not in state._repr_html_()
    assert state.probabilities()[0] == 1


@pytest.mark.parametrize("arguments", [{"time_limit": 0}, {"time_limit": "1"}, {"seed": -1}])
def test_wrong_arguments_leave_the_state_as_it_was(arguments):
    state = StateVector(3).evolve(ansatz(3))
    before = np.array(state)
    with pytest.raises((InvalidOptionError, OptionTypeError)):
        state.evolve(ansatz(3), **arguments)
    with pytest.raises(InvalidCircuitError):
        state.evolve(QuantumCircuit(4))
    assert np.array_equal(before, np.asarray(state.copy()))


def test_ctrl_c_leaves_it_half_changed():
    state, circuit = StateVector(20), long_circuit()

    def press():
        until(lambda: state.progress().stages_done > 0)
        signal.raise_signal(signal.SIGINT)

    thread, _ = in_thread(press)
    with pytest.raises(KeyboardInterrupt):
        state.evolve(circuit)
    thread.join()
    with pytest.raises(JobError, match="stopped halfway"):
        state.norm()


def test_readers_may_read_together():
    state = StateVector(16).evolve(ansatz(16))
    started = [in_thread(lambda: [state.norm() for _ in range(20)]) for _ in range(4)]
    for thread, _ in started:
        thread.join()
    assert all(values == [pytest.approx([1] * 20)] for _, values in started)


def test_a_signal_handler_may_cancel():
    state, circuit = StateVector(20), long_circuit()
    old = signal.signal(signal.SIGALRM, lambda *_: state.cancel())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        with pytest.raises(JobCancelledError):
            state.evolve(circuit)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_state_that_was_being_changed_half_changed():
    state, circuit = StateVector(20), long_circuit()
    thread, _ = in_thread(lambda: state.evolve(circuit))
    until(lambda: state.progress().stages_done > 0)
    child = os.fork()
    if child == 0:
        try:
            state.norm()
        except JobError as error:
            os._exit(7 if "halfway" in str(error) else 8)
        os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    state.cancel()
    thread.join()


def test_a_progress_bar_shows_circuit_and_stage(capsys, monkeypatch):
    circuit = ansatz(18, reps=40)
    circuit.name = "my\x1b circuit"
    StateVector(18).evolve(circuit, progress=True)
    assert capsys.readouterr().err == ""  # nobody looks
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    StateVector(18).evolve(circuit, progress=True)
    shown = capsys.readouterr().err
    assert r"my\x1b circuit: 100%" in shown
    assert "stage " in shown


# Checks


@pytest.mark.parametrize("verify", ["fast", "full"])
def test_it_checks_itself_from_any_state(verify, precision):
    state = StateVector(6, precision, verify=verify)
    for seed in range(3):
        state.evolve(ansatz(6, seed))
    circuit = QuantumCircuit(6)
    circuit.h(0)
    circuit.reset(0)
    state.evolve(circuit)
    assert state.norm() == pytest.approx(1, abs=1e-5)


def test_an_error_of_the_engine_is_found_and_told(monkeypatch):
    def wrong(*_, **__):
        raise engine.VerificationFailed("something is wrong")

    state = StateVector(4, verify="full")
    monkeypatch.setattr(state._state, "evolve", wrong)
    with pytest.raises(VerificationError, match="something is wrong"):
        state.evolve(ansatz(4))
    with pytest.raises(JobError, match="stopped halfway"):
        state.norm()


# Misuse


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: StateVector(np.array([1, 0])), OptionTypeError, "from_array"),
        (lambda: StateVector([1, 0]), OptionTypeError, "from_array"),
        (lambda: StateVector("2"), OptionTypeError, "must be an integer, got a str"),
        (lambda: StateVector(QuantumCircuit(2)), OptionTypeError, "evolve"),
        (lambda: StateVector(2, verify="yes"), InvalidOptionError, "verify must be one of"),
        (lambda: StateVector(2, max_threads=0), InvalidOptionError, "max_threads"),
        (lambda: StateVector(2)[0], OptionTypeError, r"np.asarray\(state\)\[0\]"),
        (lambda: list(StateVector(2)), OptionTypeError, "no items"),
        (lambda: StateVector(2).expectation([2]), OptionTypeError, "SparsePauliOp.from_list"),
        (lambda: StateVector(2).expectation("AB"), InvalidOptionError, "label like"),
        (lambda: StateVector(2).evolve(QuantumCircuit(3)), InvalidCircuitError, "compose"),
    ],
)
def test_mistakes_are_told_with_the_way_out(call, error, says):
    with pytest.raises(error, match=says):
        call()
