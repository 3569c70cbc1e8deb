"""Calibration: a short measurement that predictions and plans follow, kept in a file."""

import importlib
import json

import pytest
from programs import entangled

from ketjet import Simulator, calibration, cli, engine

machine_module = importlib.import_module("ketjet.engine.machine")


@pytest.fixture
def calibration_file(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "calibration.json"
    monkeypatch.setattr(machine_module, "CALIBRATION_FILE", path)
    engine.machine.cache_clear()
    yield path
    engine.machine.cache_clear()


def test_predictions_follow_the_factors(calibration_file):
    program = entangled(20)
    before = engine.estimate(program, max_threads=1).seconds
    engine.keep_calibration(3.0, 3.0)
    assert (engine.machine().sweep_factor, engine.machine().pass_factor) == (3.0, 3.0)
    assert before * 2 < engine.estimate(program, max_threads=1).seconds < before * 3.01
    engine.machine.cache_clear()  # as in a new process
    assert engine.machine().pass_factor == 3.0


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"other": {}}'])
def test_a_file_that_says_nothing_about_this_machine_is_ignored(calibration_file, text):
    calibration_file.parent.mkdir()
    calibration_file.write_text(text)
    assert engine.machine().sweep_factor == 1.0


def test_other_machines_stay_in_the_file(calibration_file):
    calibration_file.parent.mkdir()
    calibration_file.write_text(json.dumps({"other": {"sweep_factor": 2, "pass_factor": 2}}))
    engine.keep_calibration(1.5, 0.5)
    assert set(json.loads(calibration_file.read_text())) == {"other", machine_module.machine_name()}


def test_calibrating_measures_and_keeps(calibration_file, monkeypatch, capsys):
    monkeypatch.setattr(calibration, "QUBITS", 14)
    monkeypatch.setattr(calibration, "ROUNDS", 2)
    measured = calibration.calibrate(Simulator())
    low, high = calibration.LIMITS
    assert low <= measured.sweep_factor <= high
    assert low <= measured.pass_factor <= high
    assert engine.machine().pass_factor == measured.pass_factor
    assert cli.main(["calibrate", "--json"]) == 0
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
