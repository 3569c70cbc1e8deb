"""A job with a checkpoint that is broken off anywhere goes on from what it has kept, and gives what it would have."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from support.circuits import branches, endless, layered_circuit
from support.killed import in_process, kill_at

from ketjet import SamplerV2, Simulator
from ketjet.archives import archive
from ketjet.basicaer import AerSimulator
from ketjet.checkpoints import outcomes
from ketjet.cli import main
from ketjet.errors import CheckpointError, InvalidCircuitError, InvalidOptionError, JobError, KetjetWarning
from ketjet.ranks import PlannedRanks

ANGLE = Parameter("a")


def circuits():
    """Circuits of all kinds: small ones that run together, wide ones, and one whose shots go different ways."""
    return [*(layered_circuit(qubits, 3) for qubits in (4, 4, 5, 9, 14)), branches(3, 4)]


def begun(folder, **options):
    run = {"shots": 200, "seed_simulator": 8, "memory": True, "checkpoint": folder, "checkpoint_minutes": 0}
    return Simulator().run(circuits(), **run | options)


def told(job):
    """What a job gives, and how many circuits it has taken."""
    result = job.result()
    found = [[result.get_counts(number), result.get_memory(number)] for number in range(len(result.results))]
    return found, job.progress().circuits_taken


def run_until_killed(folder, place):
    kill_at(place, (archive.os, "fsync"), (Path, "replace"))
    return told(begun(folder))


def go_on(folder):
    return told(Simulator().resume(folder))


@pytest.fixture(scope="module")
def expected():
    """What the job gives without a checkpoint."""
    return told(begun(None))[0]


def kept_numbers(folder):
    return {number for path in folder.glob("outcomes/*.npz") for number, _ in archive.read_archive(path)}


@pytest.mark.parametrize("place", range(24))
def test_a_job_that_is_killed_at_any_write_goes_on(tmp_path, place, expected):
    folder = tmp_path / "kept"
    code, value = in_process(run_until_killed, folder, place)
    assert (code, value) == (-9, None)
    kept = kept_numbers(folder)
    begun_at_all = (folder / "about.json").exists()
    assert begun_at_all or not kept
    code, value = in_process(go_on, folder) if begun_at_all else (0, told(begun(folder)))
    assert code == 0
    assert value[0] == expected
    tasks = archive.read_archive(folder / "given.npz")["experiments"]
    assert value[1] == sum(tasks[number].task.num_points for number in kept)
    assert len(kept) >= (place - 7) // 4  # four places for each file, of which the first two describe the job


def archive_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")


def outcome_of(folder):
    try:
        return told(Simulator().resume(folder))[0]
    except CheckpointError as error:
        return error


def test_damage_is_named_and_never_believed(tmp_path, expected):
    told(begun(tmp_path))
    random = np.random.default_rng(5)
    known = {path.name for path in archive_of(tmp_path)}
    for path in archive_of(tmp_path):
        whole = path.read_bytes()
        damaged = [whole[: len(whole) // 2], b""]
        for place in random.integers(0, len(whole), 12):
            damaged.append(bytearray(whole))
            damaged[-1][place] ^= 1 << int(random.integers(0, 8))
        for content in damaged:
            path.write_bytes(content)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found = outcome_of(tmp_path)
            if isinstance(found, CheckpointError):
                assert path.parent == tmp_path
                assert str(tmp_path) in str(found)
            else:
                assert found == expected
            assert all(str(path) in str(each.message) for each in caught)
            for other in tmp_path.glob("outcomes/*"):
                if other.name not in known:
                    other.unlink()
        path.write_bytes(whole)


def test_a_full_disk_costs_what_is_not_kept_and_no_more(tmp_path, expected, monkeypatch):
    fsync, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if 1 < len(calls) < 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(archive.os, "fsync", full)
    job = begun(tmp_path)
    with pytest.warns(KetjetWarning, match="could not be kept, and the job goes on") as caught:
        found = told(job)
    assert found == (expected, 0)
    assert len(caught) == 1
    assert job.progress().circuits_kept == len(expected)  # once there is room again
    assert told(Simulator().resume(tmp_path)) == (expected, len(expected))
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts file systems")
def test_a_disk_that_is_really_full(tmp_path, expected):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        job = begun(tmp_path / "kept", checkpoint_minutes=1000)
        assert told(job)[0] == expected
        for path in tmp_path.glob("kept/outcomes/*"):
            path.unlink()
        (tmp_path / "filler").write_bytes(bytes((os.statvfs(tmp_path).f_bavail - 1) * os.statvfs(tmp_path).f_bsize))
        with pytest.warns(KetjetWarning, match="No space left"):
            assert told(Simulator().resume(tmp_path / "kept")) == (expected, 0)
        with pytest.raises(CheckpointError, match="No space left"):
            begun(tmp_path / "other")
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"shots": 199}, "circuit 0 .* shots was 200 and is 199"),
        ({"seed_simulator": 9}, "seed_simulator was 8 and is 9"),
        ({"memory": False}, "memory was True and is False"),
        ({"precision": "single"}, "precision was 'double' and is 'single'"),
        ({"plan_options": {"prune": False}}, "plan_options"),
        ({"return_state": True}, "return_state"),
    ],
)
def test_a_folder_of_another_task_is_refused(tmp_path, options, what):
    begun(tmp_path).result()
    before = {path: path.read_bytes() for path in archive_of(tmp_path)}
    with pytest.raises(CheckpointError, match=what):
        begun(tmp_path, **options)
    assert {path: path.read_bytes() for path in archive_of(tmp_path)} == before
    assert begun(tmp_path).result().success


def test_other_circuits_and_angles_are_named(tmp_path):
    turned = QuantumCircuit(2, 2, name="turned")
    turned.rx(ANGLE, 0)
    turned.measure([0, 1], [0, 1])
    run = Simulator(seed_simulator=1, checkpoint=tmp_path).run
    values = np.linspace(0, 3, 40)
    counts = run(turned, parameter_binds=[{ANGLE: values}]).result().get_counts()
    again = run(turned, parameter_binds=[{ANGLE: values}])
    assert again.result().get_counts() == counts
    assert again.progress().circuits_taken == 40
    values[3] += 1e-9
    with pytest.raises(CheckpointError, match=r"circuit 3 .'turned'. differs: its angles"):
        run(turned, parameter_binds=[{ANGLE: values}])
    with pytest.raises(CheckpointError, match="it has 40 circuits or points, not 39"):
        run(turned, parameter_binds=[{ANGLE: values[:39]}])
    turned.cx(0, 1)
    with pytest.raises(CheckpointError, match=r"circuit 0 .*its operations"):
        run(turned, parameter_binds=[{ANGLE: values}])


def test_a_drawn_seed_is_kept_and_labels_are_new(tmp_path):
    first = begun(tmp_path, seed_simulator=None).result()
    named = circuits()
    named[0].name = "another name"
    again = Simulator().run(named, shots=200, memory=True, checkpoint=tmp_path).result()
    assert again.get_counts() == first.get_counts()
    assert again.results[0].header["name"] == "another name"
    assert again.results[0].metadata["seed_simulator"] == first.results[0].metadata["seed_simulator"]


def test_a_folder_that_is_used_is_refused_by_its_user(tmp_path):
    with Simulator().run(endless(), checkpoint=tmp_path) as job:
        for use in (begun, Simulator().resume):
            with pytest.raises(CheckpointError, match=f"is used by process {os.getpid()} on "):
                use(tmp_path)
        code, refused = in_process(refusal, tmp_path)
        assert code == 0
        assert f"is used by process {os.getpid()} on " in refused
        job.cancel()
        Simulator().run(endless(), checkpoint=tmp_path).cancel()


def refusal(folder):
    with pytest.raises(CheckpointError) as refused:
        Simulator().resume(folder)
    return str(refused.value)


@pytest.mark.parametrize("name", ["format", "plan_format", "rng_version"])
def test_another_format_is_refused_before_anything_is_touched(tmp_path, name):
    begun(tmp_path).result()
    about = tmp_path / "about.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {name: 99}))
    before = {path: path.read_bytes() for path in archive_of(tmp_path)}
    for use in (begun, Simulator().resume):
        with pytest.raises(CheckpointError, match=f"with {name} 99, and this one has"):
            use(tmp_path)
    assert {path: path.read_bytes() for path in archive_of(tmp_path)} == before


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(CheckpointError, match=r"is no checkpoint, for it holds 'thesis\.tex'"):
        begun(tmp_path)
    with pytest.raises(CheckpointError, match="no job that could go on"):
        Simulator().resume(tmp_path)
    with pytest.raises(JobError, match="has no job"):
        Simulator().resume(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="cannot be used"):
        begun(tmp_path / "thesis.tex")


def test_what_cannot_have_a_checkpoint_says_so(tmp_path):
    bell = QuantumCircuit(2)
    bell.measure_all()
    with ThreadPoolExecutor() as executor, pytest.raises(InvalidOptionError, match="checkpoint and executor exclude"):
        Simulator(executor=executor).run(bell, checkpoint=tmp_path)
    with pytest.raises(InvalidOptionError, match="checkpoint and ranks exclude"):
        Simulator(ranks=PlannedRanks(2)).run(bell, checkpoint=tmp_path)
    with pytest.raises(InvalidOptionError, match=r"checkpoint and detach exclude each other: .*ketjet resume"):
        Simulator().run(bell, checkpoint=tmp_path, detach=True)
    with pytest.raises(InvalidOptionError, match=r"checkpoint is for ketjet\.Simulator"):
        AerSimulator().run(bell, checkpoint=tmp_path)
    with pytest.raises(InvalidOptionError, match=r"checkpoint is for Simulator\.run"):
        SamplerV2(backend=Simulator(checkpoint=tmp_path)).run([bell])
    with pytest.raises(InvalidOptionError, match="checkpoint_minutes must be at least 0"):
        Simulator(checkpoint_minutes=-1)
    bell.metadata = {"what": object()}
    with pytest.raises(InvalidCircuitError, match=r"metadata hold .* which cannot be written for a checkpoint"):
        Simulator().run(bell, checkpoint=tmp_path)
    assert not (tmp_path / "about.json").exists()


def test_results_dir_keeps_what_has_ended_instead(tmp_path, expected):
    run = {"results_dir": tmp_path / "results"}
    assert told(begun(tmp_path / "kept", **run)) == (expected, 0)
    assert not (tmp_path / "kept" / "outcomes").exists()
    assert told(Simulator().resume(tmp_path / "kept")) == (expected, len(expected))


def test_a_circuit_that_fails_runs_again(tmp_path):
    given = [circuits()[0], endless()]
    run = {"seed_simulator": 2, "checkpoint": tmp_path, "checkpoint_minutes": 0}
    for taken in (0, 1):
        job = Simulator().run(given, max_iterations=3, **run)
        assert "iterations" in str(job.exception()) or "max_iterations" in str(job.exception().__cause__)
        assert job.progress().circuits_taken == taken


def test_few_files_hold_the_outcomes_of_many_circuits(tmp_path):
    Simulator().run(circuits(), checkpoint=tmp_path).result()
    assert len(list((tmp_path / "outcomes").iterdir())) == 1
    assert outcomes.LEAST_SECONDS > 0


def test_the_command_line_goes_on(tmp_path, capsys):
    file, folder = tmp_path / "c.qpy", tmp_path / "kept"
    with Path(file).open("wb") as stream:
        qpy.dump(circuits()[3], stream)
    assert main(["run", str(file), "--checkpoint", str(folder), "--seed", "3", "--json"]) == 0
    ran = json.loads(capsys.readouterr().out)
    assert main(["resume", str(folder), "--json"]) == 0
    resumed = json.loads(capsys.readouterr().out)
    assert resumed["checkpoint"] == str(folder)
    same = ("circuit", "shots", "seed", "counts")
    assert [resumed[name] for name in same] == [ran[name] for name in same]
    assert main(["run", str(file), "--checkpoint", str(folder), "--seed", "4"]) == 2
    assert "is of another task" in capsys.readouterr().err
    assert main(["run", str(file), str(file), "--checkpoint", str(folder)]) == 2
    assert main(["run", str(file), "--checkpoint", str(folder), "--expect", "Z" * 9]) == 2
    assert main(["resume", str(tmp_path)]) == 2
