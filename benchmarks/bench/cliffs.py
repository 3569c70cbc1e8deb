"""Circuits that have once been far too slow, ketjet beside Aer: one row for each, see ``circuits.cliffs``.

Each engine and row is a fresh process, which is ended when it exceeds ``--limit``: the time is then a lower bound.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from typing import Any

from circuits.cliffs import CLIFFS
from protocol.measure import HERE, child_environment, machine_facts, make_backend, markdown_table, write_results

ENGINES = ("ketjet", "aer")
ROUNDS_SECONDS = 2.0
"""A row is repeated for so long, and the least time counts."""


def child(engine: str, name: str, threads: int) -> None:
    """Do the work of one row in this process and print the least time."""
    cliff = CLIFFS[name]
    backend = make_backend(engine, "double", threads)
    best, begin = float("inf"), time.perf_counter()
    while time.perf_counter() - begin < ROUNDS_SECONDS:
        built = cliff.build()
        start = time.perf_counter()
        cliff.work(backend, built)
        best = min(best, time.perf_counter() - start)
    print(best)


def measure(engine: str, name: str, threads: int, limit: float) -> dict[str, Any]:
    """Return the seconds that a row takes, or the limit as a lower bound, or what went wrong."""
    command = [sys.executable, str(HERE / "run.py"), "cliffs", "--child", engine, "--rows", name]
    command += ["--threads", str(threads)]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=limit, env=child_environment(threads)
        )
    except subprocess.TimeoutExpired:
        return {"seconds": limit, "at_least": True}
    if done.returncode != 0:
        return {"error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return {"seconds": float(done.stdout.split()[-1]), "at_least": False}


def text_of(outcome: dict[str, Any]) -> str:
    """Format the outcome of one engine."""
    if "error" in outcome:
        return "failed"
    return f"{'> ' if outcome['at_least'] else ''}{outcome['seconds']:.4g}"


def ratio_of(own: dict[str, Any], other: dict[str, Any]) -> str:
    """Format how many times longer the other engine takes."""
    if "error" in own or "error" in other or own["at_least"]:
        return "-"
    return f"{'> ' if other['at_least'] else ''}{other['seconds'] / own['seconds']:.3g}"


def main() -> int:
    """Measure all rows, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", choices=list(CLIFFS), default=list(CLIFFS))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which an engine is stopped")
    parser.add_argument("--name", default="cliffs", help="name of the result file")
    parser.add_argument("--child", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.rows[0], options.threads)
        return 0
    facts, cases, rows = machine_facts(), [], []
    for name in options.rows:
        outcomes = {engine: measure(engine, name, options.threads, options.limit) for engine in options.engines}
        cases.append({"row": name, "outcomes": outcomes})
        cells = [text_of(outcomes[engine]) for engine in options.engines]
        ratio = ratio_of(outcomes["ketjet"], outcomes["aer"]) if len(outcomes) == len(ENGINES) else "-"
        rows.append([name, *cells, ratio])
    print(markdown_table(["", *(f"{engine} s" for engine in options.engines), "aer / ketjet"], rows))
    print(f"\nwritten: {write_results(options.name, facts, vars(options), cases=cases)}")
    return 0
