"""What the commands do that look after detached jobs and checkpoints: jobs, status, result, resume, cancel, forget."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketjet.base.printable import printable
from ketjet.cli.commands import SCHEMA_VERSION, as_json, peak_memory, report_of, run_text
from ketjet.options.checks import number

if TYPE_CHECKING:
    import argparse

    from ketjet.detached.job import DetachedJob
    from ketjet.results import SimulationResult

DAY_SECONDS = 86400.0


def jobs(options: argparse.Namespace) -> None:
    """List the detached jobs of this user."""
    from ketjet.detached.job import stored_jobs

    told = [_told_of(job) for job in stored_jobs(None)]
    if options.json:
        for one in told:
            print(as_json(one))
        return
    rows = [[one["job_id"], one["status"], _what(one), one["created"][:19].replace("T", " ")] for one in told]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if not rows:
        print("no detached jobs; `ketjet run FILE --detach` starts one")


def status(options: argparse.Namespace) -> None:
    """Say how a detached job fares."""
    from ketjet.detached.job import stored_job

    told = _told_of(stored_job(None, options.job_id))
    if options.json:
        print(as_json(told))
        return
    print(f"job {told['job_id']}: {told['status']}, {_what(told)}")
    print(f"progress  {told['progress']['shown']}")
    for name in ("created", "running", "finished"):
        print(f"{name:<9} {told[name] or '-'}")
    if told["error"] is not None:
        print(f"error     {printable(told['error'])}")


def result(options: argparse.Namespace) -> None:
    """Wait for a detached job and print what came out."""
    from ketjet.detached.job import stored_job

    timeout = None if options.timeout is None else number(zero=True)("--timeout", options.timeout)
    job = stored_job(None, options.job_id)
    found = job.result(timeout, partial=options.partial, progress=options.progress)
    _print(options, found, job.metrics()["usage"], {"job_id": job.job_id()})


def resume(options: argparse.Namespace) -> None:
    """Go on with a job from what it has kept, and print what came out."""
    from ketjet.backend import Simulator

    job = Simulator().resume(options.source)
    found = job.result(progress=options.progress)
    usage = {"peak_memory_bytes": peak_memory(), **job.metrics()["usage"]}
    is_folder = Path(options.source).is_dir()
    _print(options, found, usage, {"checkpoint" if is_folder else "job_id": options.source})


def _print(options: argparse.Namespace, found: SimulationResult, usage: dict[str, Any], named: dict[str, str]) -> None:
    """Print what came out of each circuit of a job; `named` says which."""
    for index, one in enumerate(found.results):
        if one.success:
            report = report_of(found, index, usage["seconds"], usage["peak_memory_bytes"], **named)
            print(as_json(report) if options.json else run_text(report))
        else:
            name = one.header["name"]
            failed = {"schema_version": SCHEMA_VERSION, **named, "circuit": name, "error": one.status}
            print(as_json(failed) if options.json else f"{printable(name)}: {printable(one.status)}")


def cancel(options: argparse.Namespace) -> None:
    """Cancel detached jobs."""
    from ketjet.detached.job import stored_job

    for job in [stored_job(None, job_id) for job_id in options.job_ids]:
        cancelled = job.cancel()
        if options.json:
            told = {"schema_version": SCHEMA_VERSION, "job_id": job.job_id(), "cancelled": cancelled}
            print(as_json({**told, "status": job.status().name}))
        else:
            print(f"job {job.job_id()}: {'cancelled' if cancelled else f'has ended before: {job.status().name}'}")


def forget(options: argparse.Namespace) -> None:
    """Delete detached jobs that have ended, with their results."""
    from ketjet.detached.job import forget_job, stored_job, stored_jobs
    from ketjet.errors import InvalidOptionError

    if bool(options.job_ids) is (options.older_than is not None):
        raise InvalidOptionError("name the jobs to forget, or give --older-than DAYS for all that ended before.")
    if options.older_than is not None:
        before = time.time() - DAY_SECONDS * number(zero=True)("--older-than", options.older_than)
        found = [job for job in stored_jobs(None) if _ended_before(job, before)]
    else:
        found = [stored_job(None, job_id) for job_id in options.job_ids]
    for job in found:
        forget_job(job)
        if options.json:
            print(as_json({"schema_version": SCHEMA_VERSION, "job_id": job.job_id(), "forgotten": True}))
        else:
            print(f"job {job.job_id()}: forgotten")


def _ended_before(job: DetachedJob, at: float) -> bool:
    ended = job.metrics()["timestamps"]["finished"]
    return ended is not None and dt.datetime.fromisoformat(ended).timestamp() <= at


def _told_of(job: DetachedJob) -> dict[str, Any]:
    """Return what is told of a job."""
    status, progress, times = job.status(), job.progress(), job.metrics()["timestamps"]
    return {
        "schema_version": SCHEMA_VERSION,
        "job_id": job.job_id(),
        "status": status.name,
        **{name: getattr(job.record, name) for name in ("name", "circuits", "qubits")},
        **{name: times[name] for name in ("created", "running", "finished")},
        "error": job.error_message(),
        "progress": {
            "fraction": progress.fraction,
            "elapsed": progress.elapsed,
            "eta": progress.eta,
            "circuits_done": progress.circuits_done,
            "waiting_for": list(progress.waiting_for),
            "shown": str(progress),
        },
    }


def _what(told: dict[str, Any]) -> str:
    """Return in words what a job runs."""
    circuits, name = told["circuits"], printable(told["name"])
    return (
        f"{name}, {told['qubits']} qubits"
        if circuits == 1
        else f"{name} and {circuits - 1} more, {told['qubits']} qubits"
    )
