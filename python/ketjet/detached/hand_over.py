"""Handing a job over to a process of its own: what it needs is written down, and the process is started."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.archives.given import Given, write_given
from ketjet.base.printable import printable
from ketjet.detached.folder import JobFolder, boot_id
from ketjet.detached.job import DetachedJob
from ketjet.detached.store import JobRecord, Store
from ketjet.errors import JobError
from ketjet.jobs import log
from ketjet.jobs.job_ids import new_job_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit.providers.backend import Backend

    from ketjet.experiment import Experiment
    from ketjet.options import SimulatorOptions

__all__ = ["hand_over", "resume"]

MINUTE = 60.0

ENDING_SECONDS = 10.0
"""How long the process of a job that has ended may take to be gone."""

WAIT_SECONDS = 0.01

BEHIND_THE_SHELL = '"$@" </dev/null >>"$0" 2>&1 &'
"""Starts a program that is nobody's child, for the shell ends at once; what it writes goes to the file `$0`."""


def hand_over(
    backend: Backend, experiments: Sequence[Experiment], memory_limit: int | None, options: SimulatorOptions
) -> DetachedJob:
    """Start a job in a process of its own, which lives as long as it takes, and return at once.

    Raises
    ------
    InvalidCircuitError
        The metadata of a circuit hold what cannot be written.
    JobError
        The store cannot be used, or has no room.
    OSError
        No process can be started, or there is no room for what it needs.
    """
    store, job_id = Store(), new_job_id()
    record = _record_of(job_id, experiments, memory_limit)
    labels = {"backend_name": backend.name, "backend_version": backend.backend_version, "job_id": job_id}
    results_dir = options.results_dir and str(Path(options.results_dir).absolute())
    given = Given(list(experiments), labels, results_dir, MINUTE * options.checkpoint_minutes)
    folder = store.new_folder(job_id)
    log.admitted(job_id, experiments, DetachedJob.counted)
    try:
        write_given(folder.given, given, "a detached job")
        with folder.locked() as lock:
            store.add(record)
            try:
                _start(store, folder, lock)
            except BaseException:
                store.remove(job_id)
                raise
    except BaseException:
        folder.remove()
        raise
    return DetachedJob(backend, store, record)


def resume(backend: Backend, job_id: str) -> DetachedJob:
    """Start the process of a job once more, unless it is done, and return the job, which goes on with what it has kept.

    Raises
    ------
    JobError
        The store has no job of this name, or it has not ended.
    OSError
        No process can be started.
    """
    store = Store()
    record = store.find(job_id)
    folder = store.folder_of(job_id)
    try:
        until = time.monotonic() + ENDING_SECONDS
        while folder.end() is not None and folder.is_locked() and time.monotonic() < until:
            time.sleep(WAIT_SECONDS)  # its process is about to end
        if folder.end() is None and store.is_alive(record):
            raise BlockingIOError  # on another computer, whose locks may not be seen here
        with folder.locked() as lock:
            end = folder.end()
            if end is None or end["status"] != "DONE":
                folder.reopen()
                store.renew(job_id)
                _start(store, folder, lock)
    except BlockingIOError:
        raise JobError(f"job {job_id} has not ended: nothing is to be resumed.") from None
    return DetachedJob(backend, store, store.find(job_id))


def _record_of(job_id: str, experiments: Sequence[Experiment], memory_limit: int | None) -> JobRecord:
    """Return what the store notes of a job: its share is what its largest tasks take side by side, if there is room."""
    tasks, cores = [experiment.task for experiment in experiments], engine.machine().cores
    peaks = [experiment.peak_bytes for experiment in experiments]
    side_by_side = max(cores // max([task.threads for task in tasks]), 1)
    room = max([experiment.available_bytes for experiment in experiments])
    largest = max(peaks)
    return JobRecord(
        job_id,
        name=printable(str(experiments[0].header["name"])),
        circuits=sum([task.num_points for task in tasks]),
        qubits=max([task.program.num_qubits for task in tasks]),
        created_at=time.time(),
        host=socket.gethostname(),
        boot_id=boot_id(),
        bytes=max(largest, min(sum(peaks), largest * side_by_side, room // 2)),
        threads=min(sum([task.threads for task in tasks]), cores),
        memory_limit=memory_limit,
    )


def _start(store: Store, folder: JobFolder, lock: int) -> None:
    """Start the process, in a session of its own, so that no shell or terminal ends it; it is given the lock."""
    program = [sys.executable, "-m", "ketjet.detached", str(store.path), folder.path.name, str(lock)]
    subprocess.run(
        ["/bin/sh", "-c", BEHIND_THE_SHELL, str(folder.log), *program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder.path,
        pass_fds=[lock],
        start_new_session=True,
        check=True,
    )
