"""The commands and their arguments."""

from __future__ import annotations

import argparse
from importlib import metadata
from pathlib import Path
from typing import Any

from ketjet.cli import commands, job_commands
from ketjet.cli.arguments import count, setting

__all__ = ["make_parser"]


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of a whole command line; it sets `command` to the function to call, or None."""
    parser = argparse.ArgumentParser(prog="ketjet", description="A fast statevector simulator for Qiskit circuits.")
    parser.add_argument("--version", action="version", version=f"ketjet {metadata.version('ketjet')}")
    parser.set_defaults(command=None, ranks=None)
    known = parser.add_subparsers(metavar="COMMAND")

    circuit = argparse.ArgumentParser(add_help=False)
    circuit.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="OpenQASM 2, OpenQASM 3 or QPY; - is standard input"
    )
    circuit.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to this file instead of the terminal")
    circuit.add_argument("--shots", type=count, default=1024, metavar="N", help="how many samples (default: 1024)")
    circuit.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the value of an input variable or a parameter: true, 3, 0.5, -3*pi/4; may be given several times",
    )
    circuit.add_argument("--precision", choices=["single", "double"], default="double", help="default: double")
    circuit.add_argument("--threads", type=int, metavar="N", help="most threads to use (default: all allowed cores)")
    circuit.add_argument("--isa", metavar="NAME", help="the instruction set to use (default: the best this CPU has)")
    circuit.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="SWITCH",
        help="what the planner may not do, e.g. prune; may be given several times",
    )
    circuit.add_argument(
        "--share-from",
        type=int,
        default=27,
        metavar="N",
        help="under mpirun, share out states of so many qubits or more (default: 27)",
    )
    circuit.add_argument("--json", action="store_true", help="print one JSON object per circuit")
    circuit.add_argument(
        "-v", "--verbose", action="count", default=0, help="log what happens to standard error; -vv also why"
    )

    run = known.add_parser("run", parents=[circuit], help="simulate the circuits of a file and print the counts")
    run.add_argument("--seed", type=int, metavar="S", help="repeat a run exactly (default: a fresh one, printed)")
    run.add_argument("--progress", action="store_true", help="show a progress bar")
    run.add_argument("--exact", action="store_true", help="the probabilities of all outcomes instead of samples")
    run.add_argument("--exact-floor", type=float, metavar="P", help="follow nothing that is less probable (1e-12)")
    run.add_argument("--memory", action="store_true", help="also the outcome of every shot, in order")
    run.add_argument("--verify", choices=["off", "fast", "full"], default="off", help="let the run check itself")
    run.add_argument("--time-limit", type=float, metavar="S", help="most seconds that a circuit may run")
    run.add_argument("--max-iterations", type=int, metavar="N", help="most iterations of all loops of one shot")
    run.add_argument("--max-memory-mb", type=float, metavar="M", help="most memory in MiB (default: what is free)")
    run.add_argument(
        "--expect",
        action="append",
        default=[],
        metavar="PAULIS",
        help="also the expectation value of these Paulis, e.g. ZZI, qubit 0 at the right; may be given several times",
    )
    run.add_argument("--state", type=Path, metavar="FILE.npy", help="write the final state of the one circuit here")
    run.add_argument(
        "--detach", action="store_true", help="run in a process of its own, which outlives this one, and print the job"
    )
    run.add_argument(
        "--checkpoint", type=Path, metavar="DIR", help="keep what is done here, and go on from what is there already"
    )
    run.add_argument(
        "--checkpoint-minutes", type=float, metavar="M", help="most minutes of work that may be lost (default: 30)"
    )
    run.set_defaults(command=commands.run)

    estimate = known.add_parser("estimate", parents=[circuit], help="say what a run would need, without running it")
    estimate.add_argument(
        "--ranks", type=int, default=0, dest="wanted_ranks", metavar="N", help="as a run on so many MPI processes"
    )
    estimate.set_defaults(command=commands.estimate)

    explain = known.add_parser("explain", parents=[circuit], help="say what a run does and why, stage by stage")
    explain.add_argument("--html", action="store_true", help="print an HTML page per circuit")
    explain.add_argument("--analyze", action="store_true", help="also run it, and measure each stage")
    explain.set_defaults(command=commands.explain)

    calibrate = known.add_parser("calibrate", help="measure this computer, so that predicted times and plans fit it")
    calibrate.add_argument("--json", action="store_true", help="print one JSON object")
    calibrate.set_defaults(command=commands.calibrate, precision="double", threads=None, isa=None, without=[])

    _add_job_commands(known)

    completion = known.add_parser("completion", help="print a script that completes commands in your shell")
    completion.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    completion.set_defaults(command=commands.completion, parser=parser)

    info = known.add_parser("info", help="print versions and what this computer offers")
    info.add_argument("--json", action="store_true", help="print one JSON object")
    info.set_defaults(command=commands.info)
    return parser


def _add_job_commands(known: Any) -> None:
    """Add the commands that look after detached jobs."""
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="print one JSON object per job")
    jobs = known.add_parser("jobs", parents=[output], help="list the detached jobs and how they fare")
    jobs.set_defaults(command=job_commands.jobs)

    status = known.add_parser("status", parents=[output], help="say how a detached job fares")
    status.set_defaults(command=job_commands.status)

    result = known.add_parser("result", help="wait for a detached job and print what came out, as run does")
    result.add_argument("--json", action="store_true", help="print one JSON object per circuit")
    result.add_argument(
        "--timeout", type=float, metavar="S", help="most seconds to wait (default: as long as it takes)"
    )
    result.add_argument("--partial", action="store_true", help="also if circuits have failed, or it has been cancelled")
    result.add_argument("--progress", action="store_true", help="show a progress bar meanwhile")
    result.set_defaults(command=job_commands.result)
    for one in (status, result):
        one.add_argument("job_id", metavar="JOB_ID", help="as `run --detach` and `jobs` print it")

    resume = known.add_parser("resume", help="go on with a job from what it has kept, and print what came out")
    resume.add_argument("source", metavar="DIR_OR_JOB_ID", help="what `run --checkpoint` was given, or a detached job")
    resume.add_argument("--json", action="store_true", help="print one JSON object per circuit")
    resume.add_argument("--progress", action="store_true", help="show a progress bar meanwhile")
    resume.set_defaults(command=job_commands.resume)

    cancel = known.add_parser("cancel", parents=[output], help="stop detached jobs, queued or running")
    cancel.add_argument("job_ids", metavar="JOB_ID", nargs="+")
    cancel.set_defaults(command=job_commands.cancel)

    forget = known.add_parser(
        "forget", parents=[output], help="delete detached jobs that have ended, and their results"
    )
    forget.add_argument("job_ids", metavar="JOB_ID", nargs="*")
    forget.add_argument("--older-than", type=float, metavar="DAYS", help="all that ended so many days ago or before")
    forget.set_defaults(command=job_commands.forget)
