"""`ketjet run --detach` and the commands that look after its jobs, as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.fake_engine import eventually

from ketjet import Provider, Simulator
from ketjet.cli import program
from ketjet.detached.store import Store

BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0],q[1]; c = measure q;'
ENDLESS = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; c = measure q; while (!c) { reset q; c = measure q; }'


@pytest.fixture
def store(monkeypatch, tmp_path):
    monkeypatch.setenv("KETJET_STORE", str(tmp_path / "store"))
    found = Store()
    yield found
    for job in Provider().jobs():
        job.cancel()
    eventually(lambda: not any(map(found.is_alive, found.records())), 30)


@pytest.fixture
def ketjet(capsys, store):
    """Run a command that has to end well; give the lines it prints, as JSON if it is asked for."""

    def command(*arguments):
        assert program.main([*map(str, arguments)]) == 0
        lines = capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in lines] if "--json" in arguments else lines

    return command


@pytest.fixture
def files(tmp_path):
    found = {"bell": tmp_path / "bell.qasm3", "endless": tmp_path / "endless.qasm3"}
    found["bell"].write_text(BELL, encoding="utf-8")
    found["endless"].write_text(ENDLESS, encoding="utf-8")
    return found


def without_times(report):
    metadata = {key: value for key, value in report["metadata"].items() if "time" not in key and key != "max_memory_mb"}
    return {**report, "metadata": metadata, "seconds": 0, "peak_memory_bytes": 0, "file": "", "job_id": ""}


def test_a_job_from_the_command_line_to_its_result(ketjet, files):
    shared = (files["bell"], "--shots", 500, "--seed", 7, "--memory")
    [started] = ketjet("run", *shared, "--detach", "--json")
    assert started["schema_version"] == 1
    assert started["file"] == str(files["bell"])
    assert started["status"] in {"QUEUED", "RUNNING", "DONE"}
    job_id = started["job_id"]
    [report] = ketjet("result", job_id, "--json", "--timeout", 60)
    [ordinary] = ketjet("run", *shared, "--json")
    assert without_times(report) == without_times(ordinary)
    assert report["job_id"] == job_id
    assert report["peak_memory_bytes"] > 1 << 20
    lines = ketjet("result", job_id)
    assert lines[0] == ketjet("run", *shared)[0]
    [told] = ketjet("status", job_id, "--json")
    assert (told["status"], told["circuits"], told["qubits"], told["error"]) == ("DONE", 1, 2, None)
    assert told["progress"]["fraction"] == 1
    assert told["created"] <= told["running"] <= told["finished"]
    assert ketjet("jobs", "--json") == [told]
    assert ketjet("jobs")[0].split()[:2] == [job_id, "DONE"]
    lines = ketjet("status", job_id)
    assert lines[0].startswith(f"job {job_id}: DONE, ")
    assert lines[1].startswith("progress  100%")
    assert ketjet("forget", job_id) == [f"job {job_id}: forgotten"]
    assert ketjet("jobs") == ["no detached jobs; `ketjet run FILE --detach` starts one"]
    assert ketjet("jobs", "--json") == []


def test_a_job_that_is_cancelled(ketjet, files, store, capsys):
    [line] = ketjet("run", files["endless"], "--detach", "--threads", 1)
    job_id = line.rpartition(" ")[2]
    eventually(lambda: ketjet("status", job_id, "--json")[0]["status"] == "RUNNING", 60)
    assert program.main(["forget", job_id]) == 1
    assert "Cancel it first" in capsys.readouterr().err
    assert program.main(["result", job_id, "--timeout", "0.1"]) == 1
    assert "has not ended within 0.1 s" in capsys.readouterr().err
    assert ketjet("cancel", job_id) == [f"job {job_id}: cancelled"]
    [told] = ketjet("cancel", job_id, "--json")
    assert told == {"schema_version": 1, "job_id": job_id, "cancelled": True, "status": "CANCELLED"}
    assert program.main(["result", job_id]) == 1
    assert "has been cancelled" in capsys.readouterr().err
    assert ketjet("forget", "--older-than", 1) == []
    [told] = ketjet("forget", "--older-than", 0, "--json")
    assert told["job_id"] == job_id
    assert store.records() == []


def test_a_job_that_fails(ketjet, files, store, capsys):
    [started] = ketjet("run", files["endless"], "--max-iterations", 5, "--detach", "--json")
    assert program.main(["result", started["job_id"]]) == 1
    assert "IterationLimitError" in capsys.readouterr().err
    [told] = ketjet("status", started["job_id"], "--json")
    assert told["status"] == "ERROR"
    assert "IterationLimitError" in told["error"]
    assert any(line.startswith("error     ") for line in ketjet("status", started["job_id"]))
    [report] = ketjet("result", started["job_id"], "--partial", "--json")
    assert report["error"].startswith("ERROR: ")
    [line] = ketjet("cancel", started["job_id"])
    assert line.endswith("has ended before: ERROR")


def test_exact_results_of_several_circuits(ketjet, bell):
    job = Simulator().run([bell, bell], exact=True, detach=True)
    reports = ketjet("result", job.job_id(), "--json")
    assert [report["probabilities"] for report in reports] == [pytest.approx({"00": 0.5, "11": 0.5})] * 2
    assert ketjet("jobs")[0].split()[4:6] == ["1", "more,"]


def test_the_job_outlives_the_command(store, files):
    done = subprocess.run(
        [sys.executable, "-m", "ketjet", "run", files["bell"], "--detach", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    job = Provider().job(json.loads(done.stdout)["job_id"])
    assert sum(job.result(60).get_counts().values()) == 1024


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["status", "other"], 1, "has no job 'other'"),
        (["forget"], 2, "name the jobs to forget, or give --older-than"),
        (["forget", "one", "--older-than", "3"], 2, "--older-than"),
        (["forget", "--older-than", "nan"], 2, "--older-than must be at least 0"),
        (["result", "one", "--timeout", "-1"], 2, "--timeout must be at least 0"),
        (["run", "FILE", "--detach", "--expect", "ZZ"], 2, "--detach and --expect exclude each other"),
        (["run", "FILE", "--detach", "--state", "x.npy"], 2, "--detach and --state exclude each other"),
        (["run", "FILE", "--detach", "--progress"], 2, "--detach and --progress exclude each other"),
        (["run", "FILE", "--detach", "--shots", "0"], 2, "shots must be at least 1"),
    ],
)
def test_what_is_refused(store, files, capsys, arguments, code, words):
    arguments = [str(files["bell"]) if each == "FILE" else each for each in arguments]
    assert program.main(arguments) == code
    assert words in capsys.readouterr().err
    assert store.records() == []
