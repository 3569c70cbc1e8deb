"""Handing a job over to a process of its own: what it needs is written down, and the process is started."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.base.printable import printable
from ketjet.detached.archive import UnwritableError, require_writable, write_archive
from ketjet.detached.folder import JobFolder, boot_id
from ketjet.detached.job import DetachedJob
from ketjet.detached.store import JobRecord, Store
from ketjet.errors import InvalidCircuitError
from ketjet.jobs import log
from ketjet.jobs.job_ids import new_job_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit.providers.backend import Backend

    from ketjet.experiment import Experiment

__all__ = ["hand_over"]

BEHIND_THE_SHELL = '"$@" </dev/null >>"$0" 2>&1 &'
"""Starts a program that is nobody's child, for the shell ends at once; what it writes goes to the file `$0`."""


def hand_over(
    backend: Backend, experiments: Sequence[Experiment], memory_limit: int | None, results_dir: str | None = None
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
    folder = store.new_folder(job_id)
    log.admitted(job_id, experiments, DetachedJob.counted)
    try:
        _write(folder, list(experiments), labels, results_dir and str(Path(results_dir).absolute()))
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


def _write(folder: JobFolder, experiments: list[Experiment], labels: dict[str, Any], results_dir: str | None) -> None:
    try:
        write_archive(folder.given, {"experiments": experiments, "labels": labels, "results_dir": results_dir})
    except UnwritableError:
        for experiment in experiments:
            for header in [experiment.header] if experiment.circuits is None else experiment.circuits.headers:
                _require_metadata(header)
        raise


def _require_metadata(header: Mapping[str, Any]) -> None:
    try:
        require_writable(header["metadata"])
    except UnwritableError as error:
        raise InvalidCircuitError(
            f"circuit {header['name']!r}: its metadata hold {error}, which cannot be written for a detached job. Give "
            "it numbers, strings, arrays, and lists and dictionaries of them, or run it without detach=True."
        ) from None


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
