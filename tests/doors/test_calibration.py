"""Calibration: a short measurement that predictions and plans follow, kept in a file."""

import importlib
import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from qiskit import QuantumCircuit
from support.programs import entangled, final_state

from ketjet import Simulator, calibration, engine
from ketjet.cli import commands
from ketjet.errors import KetjetWarning

machine_module = importlib.import_module("ketjet.engine.machine")
file_module = importlib.import_module("ketjet.engine.calibration_file")
NAME = machine_module.machine_name()


@pytest.fixture
def calibration_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    engine.machine.cache_clear()
    yield tmp_path / "ketjet" / "calibration.json"
    engine.machine.cache_clear()


def factors():
    return engine.machine().sweep_factor, engine.machine().pass_factor


def test_predictions_follow_the_factors(calibration_file):
    program, same_plan = entangled(20), {"max_threads": 1, "switched_off": ["search"]}
    before = engine.estimate(program, **same_plan).seconds
    engine.keep_calibration(3.0, 3.0)
    assert (engine.machine().sweep_factor, engine.machine().pass_factor) == (3.0, 3.0)
    assert before * 2 < engine.estimate(program, **same_plan).seconds < before * 3.01
    engine.machine.cache_clear()  # as in a new process
    assert engine.machine().pass_factor == 3.0


@pytest.mark.parametrize("text", ["{}", '{"other": {}}', '{"other": null}'])
def test_a_file_that_says_nothing_about_this_machine_is_ignored(calibration_file, text):
    calibration_file.parent.mkdir()
    calibration_file.write_text(text)
    assert factors() == (1.0, 1.0)


def entry(sweep, passes="1.5"):
    return f'{{"{NAME}": {{"sweep_factor": {sweep}, "pass_factor": {passes}}}}}'


VALUES = [
    "1e308", "-1e308", "NaN", "Infinity", "-Infinity", "-1.0", "0.0", "-0.0", "5e-324", "0.049", "20.01", "1e999", "1",
    "20", "true", "null", '"1.0"', "[1.0]", "{}", "9" * 400, "9" * 5000, "-" + "9" * 400,
]  # fmt: skip
SPOILT = {
    **{f"sweep factor {value[:12]}... of {len(value)}": entry(value) for value in VALUES},
    **{f"pass factor {value[:12]}... of {len(value)}": entry("1.5", value) for value in VALUES},
    "an entry that is null": f'{{"{NAME}": null}}',
    "an entry that is a list": f'{{"{NAME}": [1.0, 1.0]}}',
    "an entry that is text": f'{{"{NAME}": "sweep_factor"}}',
    "half an entry": f'{{"{NAME}": {{"sweep_factor": 1.5}}}}',
    "an empty entry": f'{{"{NAME}": {{}}}}',
    "nothing": "",
    "text": "no json",
    "null": "null",
    "a list": "[]",
    "a number": "3.5",
    "deep lists": "[" * 100_000,
    "deep dictionaries": '{"a":' * 100_000,
    "half a file": entry("1.5")[:-10],
    "too large": " " * (2 << 20) + entry("1.5"),
    "binary": b"\x00\xff\xfe\x80" * 100,
    "another encoding": entry("1.5").encode("latin-1") + b"\xe9",
}


@pytest.mark.parametrize("text", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_file_warns_once_and_changes_nothing(calibration_file, text):
    calibration_file.parent.mkdir()
    calibration_file.write_bytes(text if isinstance(text, bytes) else text.encode())
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    with pytest.warns(KetjetWarning, match="calibration file .* is ignored") as caught:
        counts = Simulator().run(circuit, shots=1000, seed_simulator=7).result().get_counts()
    assert len(caught) == 1
    assert factors() == (1.0, 1.0)
    estimate = Simulator().estimate(circuit)
    assert estimate.sweeps > 0
    assert 0 < estimate.seconds < 1
    calibration_file.unlink()
    engine.machine.cache_clear()
    assert Simulator().run(circuit, shots=1000, seed_simulator=7).result().get_counts() == counts
    assert sum(counts.values()) == 1000


@pytest.mark.parametrize("value", ["0.05", "20.0", "0.7", "1e0"])
def test_what_calibrate_may_write_is_taken(calibration_file, value):
    calibration_file.parent.mkdir()
    calibration_file.write_text(entry(value, value))
    assert factors() == (float(value), float(value))


def make_fifo(path):
    os.mkfifo(path)


def make_loop(path):
    path.symlink_to(path)


def make_device(path):
    path.symlink_to("/dev/zero")


def make_folder(path):
    path.mkdir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX files")
@pytest.mark.parametrize("make", [make_fifo, make_loop, make_device, make_folder])
def test_only_regular_files_are_read(calibration_file, make):
    calibration_file.parent.mkdir()
    make(calibration_file)
    with pytest.warns(KetjetWarning, match="is ignored"):
        assert factors() == (1.0, 1.0)
    if make is not make_folder:
        engine.keep_calibration(1.5, 0.5)
        assert factors() == (1.5, 0.5)


def test_a_cache_folder_that_is_a_file_holds_no_calibration(calibration_file):
    calibration_file.parent.write_text("")
    assert factors() == (1.0, 1.0)


@pytest.mark.parametrize("factor", [math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0])
@pytest.mark.parametrize("field", ["sweep_factor", "pass_factor"])
def test_a_machine_without_a_speed_is_refused(field, factor):
    machine = engine.Machine(**{field: factor})
    with pytest.raises(ValueError, match=f"{field} is .* positive number"):
        engine.plan(entangled(8), on=machine)


@pytest.mark.parametrize("factor", [1e308, 5e-324, 1e-308])
@pytest.mark.parametrize("caches", [0, -1, -(2**63), 2**63 - 1, 1])
def test_any_other_machine_gives_a_plan_and_the_same_state(factor, caches):
    sizes = dict.fromkeys(("l1_bytes", "l2_bytes", "l3_bytes"), caches)
    machine = engine.Machine(sweep_factor=factor, pass_factor=factor, **sizes)
    program = entangled(13)
    for keep_state in (True, False):
        assert engine.plan(program, on=machine, keep_state=keep_state).num_sweeps > 0
    outcome = engine.execute(engine.Task(program, 1000, 1, return_state=True), on=machine)
    assert abs(outcome.state - final_state(program)).max() < 1e-12
    assert outcome.counts.sum() == 1000


def test_blocks_stay_small_whatever_the_caches():
    huge = engine.Machine(l1_bytes=2**62, l2_bytes=2**62, l3_bytes=2**62)
    report = engine.report(engine.plan(entangled(30), on=huge), 2)
    assert max(len(stage.hot) for stage in report.stages if stage.kind == "sweep") <= 21


def test_other_machines_stay_in_the_file(calibration_file):
    calibration_file.parent.mkdir()
    calibration_file.write_text(json.dumps({"other": {"sweep_factor": 2, "pass_factor": 2}}))
    engine.keep_calibration(1.5, 0.5)
    assert set(json.loads(calibration_file.read_text())) == {"other", NAME}


def test_calibrating_measures_and_keeps(calibration_file, monkeypatch, capsys):
    monkeypatch.setattr(calibration, "QUBITS", 14)
    monkeypatch.setattr(calibration, "ROUNDS", 2)
    measured = calibration.calibrate(Simulator())
    low, high = engine.FACTOR_LIMITS
    assert low <= measured.sweep_factor <= high
    assert low <= measured.pass_factor <= high
    assert engine.machine().pass_factor == measured.pass_factor
    assert commands.main(["calibrate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out).keys() == {"sweep_factor", "pass_factor", "deviation"}


def test_an_interrupted_calibration_leaves_the_last_one(calibration_file, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    engine.keep_calibration(1.5, 0.5)
    simulator = Simulator()
    monkeypatch.setattr(simulator, "explain", interrupt)
    with pytest.raises(KeyboardInterrupt):
        calibration.calibrate(simulator)
    engine.machine.cache_clear()  # as in a new process
    assert (engine.machine().sweep_factor, engine.machine().pass_factor) == (1.5, 0.5)


def test_calibrating_measures_against_what_is_built_in_and_leaves_the_file_meanwhile(calibration_file, monkeypatch):
    engine.keep_calibration(1.5, 0.5)
    text = calibration_file.read_text()
    seen = []

    def measure(_):
        seen.append((factors(), calibration_file.read_text()))
        return [[1.0, 0.0], [0.0, 1.0]], [2.0, 3.0]

    monkeypatch.setattr(calibration, "_measure", lambda backend: tuple(map(np.array, measure(backend))))
    calibration.calibrate(Simulator())
    assert seen == [((1.0, 1.0), text)]
    assert factors() == pytest.approx((2.0, 3.0))


@pytest.mark.parametrize("content", [b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"{"])
def test_a_spoilt_file_is_replaced(calibration_file, content):
    calibration_file.parent.mkdir()
    calibration_file.write_bytes(content)
    engine.keep_calibration(1.5, 0.5)
    assert json.loads(calibration_file.read_text()) == {NAME: {"sweep_factor": 1.5, "pass_factor": 0.5}}


def test_a_write_that_fails_or_is_interrupted_leaves_the_old_file_and_no_debris(calibration_file, monkeypatch):
    engine.keep_calibration(1.5, 0.5)
    old = calibration_file.read_text()

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(file_module.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        engine.keep_calibration(3.0, 3.0)
    assert calibration_file.read_text() == old
    assert list(calibration_file.parent.iterdir()) == [calibration_file]


def in_new_process(code, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in {"HOME", "XDG_CACHE_HOME"}}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env={**kept, **environment}, capture_output=True, text=True, check=False)


# Like a container's user without an entry in passwd.
NO_HOME = """
import pwd
def nobody(*_):
    raise KeyError("no such user")
pwd.getpwuid = pwd.getpwnam = nobody
"""
USE = """
from qiskit import QuantumCircuit
from ketjet import Simulator, calibration, engine
circuit = QuantumCircuit(1)
circuit.x(0)
circuit.measure_all()
assert Simulator().run(circuit, shots=5).result().get_counts() == {"1": 5}
"""


def test_no_home_is_no_error(tmp_path):
    done = in_new_process(NO_HOME + USE + "assert engine.calibration_path() is None\n")
    assert done.returncode == 0, done.stderr
    done = in_new_process(NO_HOME + "from ketjet import cli, engine\nengine.keep_calibration(1.0, 1.0)")
    assert "set HOME or XDG_CACHE_HOME" in done.stderr
    done = in_new_process(NO_HOME + USE + "engine.keep_calibration(1.5, 1.5)", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ketjet" / "calibration.json").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere caches have another place")
def test_the_cache_folder_is_that_of_the_platform(tmp_path):
    show = "from ketjet import engine; print(engine.calibration_path())"
    home = in_new_process(show, HOME=str(tmp_path)).stdout.strip()
    assert home == str(tmp_path / ".cache" / "ketjet" / "calibration.json")
    elsewhere = in_new_process(show, HOME="/nowhere", XDG_CACHE_HOME=str(tmp_path)).stdout.strip()
    assert elsewhere == str(tmp_path / "ketjet" / "calibration.json")


def test_importing_reads_no_file(tmp_path):
    (tmp_path / "ketjet").mkdir()
    (tmp_path / "ketjet" / "calibration.json").write_text("spoilt")
    done = in_new_process("import ketjet, ketjet.cli, ketjet.backend", XDG_CACHE_HOME=str(tmp_path), HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
