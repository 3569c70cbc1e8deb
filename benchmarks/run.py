"""The one door to the benchmarks: ``python benchmarks/run.py NAME [OPTIONS]``; ``NAME --help`` lists the options.

``all`` runs every benchmark with its defaults, one after the other, each in a process of its own. At the end stand the
goals that what was measured is held to; ``report`` shows them for all results there are.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

from bench import report
from protocol import measure

STANDARD = {
    "circuits": [["--qubits", "20", "22", "24", "26", "--input", "zero", "random"], ["--small"]],
}
"""What ``all`` runs where the defaults are not what the goals ask for."""


def names() -> list[str]:
    """Every benchmark, by the name of its module."""
    return sorted(
        path.stem for path in (measure.HERE / "bench").glob("*.py") if path.stem not in ("__init__", "report")
    )


def run_all() -> int:
    """Run every benchmark, whatever becomes of the others, then report on all goals."""
    code = 0
    for name in names():
        for options in STANDARD.get(name, [[]]):
            print(f"\n# {' '.join([name, *options])}\n", flush=True)
            code |= subprocess.run([sys.executable, Path(__file__), name, *options], check=False).returncode
    print("\n# goals\n")
    return report.report(measure.RESULTS) | (code != 0)


def run_one(name: str, options: list[str]) -> int:
    """Run one benchmark in this process, and show the goals of the results that it has written."""
    sys.argv = [f"run.py {name}", *options]
    code = int(importlib.import_module(f"bench.{name}").main())
    return report.report(measure.RESULTS, only=measure.WRITTEN) | code if measure.WRITTEN else code


def main() -> int:
    """Run what the command line names; 1 if it failed or missed a goal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage="run.py NAME [OPTIONS]"
    )
    parser.add_argument("name", choices=[*names(), "report", "all"], help="what to measure")
    name = parser.parse_args(sys.argv[1:2]).name
    if name == "all":
        if sys.argv[2:]:
            parser.error("all takes no options")
        return run_all()
    return run_one(name, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
