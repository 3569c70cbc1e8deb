"""Workers that do not see the page of their job hear of `cancel` and tell how far they are all the same."""

from __future__ import annotations

import pytest
from support import deaf_workers
from support.fake_engine import Script, eventually, submitted

from ketjet import Simulator, engine
from ketjet.errors import InvalidOptionError, JobCancelledError
from ketjet.farm import channels
from ketjet.farm.farm import FarmOptions


@pytest.fixture(scope="module")
def deaf():
    with deaf_workers.pool(1) as pool:
        yield pool


def test_a_deaf_worker_is_cancelled_and_watched_through_a_folder(deaf, long_circuit, bell, tmp_path):
    folder = tmp_path / "shared" / "control"
    backend = Simulator(executor=deaf, control_dir=folder)
    with backend.run(deaf_workers.endless()) as job:
        eventually(job.running, 60)
        assert len(list(folder.iterdir())) == 1
    assert job.cancelled()
    with pytest.raises(JobCancelledError):
        job.result()
    with backend.run(long_circuit) as job:
        eventually(lambda: job.progress().stages_done > 0, 60)
    eventually(lambda: not list(folder.iterdir()))
    assert backend.run(bell).result(60).success
    eventually(lambda: not list(folder.iterdir()))


def test_without_a_folder_the_time_limit_ends_what_runs_on(deaf, bell):
    job = Simulator(executor=deaf).run(deaf_workers.endless(), time_limit=1.0)
    eventually(job.running, 60)
    assert job.cancel()
    assert Simulator(executor=deaf).run(bell).result(60).success


def test_a_folder_that_workers_do_not_see_is_told(bell, tmp_path):
    channel = channels.FolderChannel(str(tmp_path), page := engine.ControlPage(1))
    line = channel.line
    channel.close()
    with (
        pytest.raises(FileNotFoundError, match="control_dir must be a folder that all workers"),
        line.listening(page, range(1)),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_an_error_of_the_call(bell, tmp_path, deaf):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidOptionError, match="control_dir is no folder that can be written to"):
        Simulator(executor=deaf).run(bell, control_dir=tmp_path / "file" / "folder")


def test_a_line_stops_and_tells_at_its_pace(monkeypatch, tmp_path):
    monkeypatch.setattr(channels, "POLL_SECONDS", 0.005)
    here, there = engine.ControlPage(6), engine.ControlPage(6)
    channel = channels.FolderChannel(str(tmp_path), here)
    there.write(range(3, 4), b"\x01" * 128)
    with channel.line.listening(there, range(2, 5)):
        eventually(lambda: here.begun(range(6)) == [3])
        assert not there.control(3).stopped
        channel.stop()
        eventually(lambda: there.control(3).stopped)
    assert not list(tmp_path.iterdir())


def test_a_script_on_a_deaf_worker_ends_in_the_middle_of_its_bundle(deaf, tmp_path):
    scripts = [Script(seconds=0.2)] * 200
    job = submitted(*scripts, seconds=1e-5, executor=FarmOptions(deaf, control_dir=str(tmp_path)))
    eventually(job.running, 60)
    assert job.cancel()
    assert submitted(Script(), executor=deaf).result(20).success  # 40 s before the bundle would have ended
