"""Compare the results in ``results/`` with ``goals.toml``: a Markdown table, and 1 as exit code if a goal is missed."""

from __future__ import annotations

import argparse
import json
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomllib
from protocol.measure import HERE, RESULTS, markdown_table

if TYPE_CHECKING:
    from collections.abc import Sequence


def measured(goal: dict[str, Any], folder: Path) -> float | None:
    """Look up the measured value of a goal; none if it was not measured."""
    path = folder / f"{goal['file']}.json"
    if not path.exists():
        return None
    try:
        value = reduce(lambda node, key: node[key], goal["value"].split("."), json.loads(path.read_text()))
    except (KeyError, TypeError):
        return None
    return float(value)


def verdict(goal: dict[str, Any], value: float | None) -> str:
    """Say whether a goal is met."""
    if value is None:
        return "not measured"
    met = value <= goal["at_most"] if "at_most" in goal else value >= goal["at_least"]
    return "met" if met else "**missed**"


def report(results: Path, *, only: Sequence[str] | None = None, complete: bool = False) -> int:
    """Print a table of the goals; 1 if one is missed.

    Parameters
    ----------
    results
        Folder of the result files.
    only
        Names of the results whose goals are shown, and of these what was measured; all goals if not given.
    complete
        Whether a goal that was not measured counts as missed.
    """
    goals = tomllib.loads((HERE / "goals.toml").read_text())["goal"]
    if only is not None:
        goals = [goal for goal in goals if goal["file"] in only and measured(goal, results) is not None]
    if not goals:
        return 0
    rows, verdicts = [], []
    for goal in goals:
        value = measured(goal, results)
        verdicts.append(verdict(goal, value))
        limit = f"≤ {goal['at_most']:g}" if "at_most" in goal else f"≥ {goal['at_least']:g}"
        rows.append([goal["text"], "-" if value is None else f"{value:.4g}", limit, verdicts[-1]])
    print("\n" + markdown_table(["goal", "measured", "limit", ""], rows))
    failing = {"**missed**", "not measured"} if complete else {"**missed**"}
    return int(bool(failing.intersection(verdicts)))


def main() -> int:
    """Report on all goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    parser.add_argument("--all", action="store_true", help="a goal that was not measured counts as missed")
    options = parser.parse_args()
    return report(options.results, complete=options.all)
