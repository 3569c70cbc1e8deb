"""What ``run.py circuits`` makes of its cases: ratios, geometric means, the figures that goals ask for, and tables.

A ratio is the time of an engine's best setting over ketjet's, both minima; ``any`` stands for the best of all others.
Wrong states do not count, nor do times that are less than the loading of the state which was taken off them.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from engines.peers import OWN, PEERS

from protocol.measure import Calibration, geometric_mean, markdown_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

GROUP = ("threads", "input", "precision", "qubits")
LARGE, MIDDLE = range(24, 63), range(20, 23)
NOT_TINY = 5
WITHIN = 0.3


def ratios(outcomes: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Time of each other engine's best setting over ketjet's, and of the best of all (``any``)."""
    own = outcomes.get("ketjet", {}).get("best")
    best: dict[str, float] = {}
    for name, outcome in outcomes.items():
        if own is not None and name not in OWN and outcome.get("counts"):
            for key in (PEERS[name].engine.key, "any"):
                best[key] = min(best.get(key, math.inf), outcome["best"] / own)
    return best


def best_other(outcomes: dict[str, dict[str, Any]]) -> str:
    """Name of the fastest other setting with a right state."""
    others = {name: outcome["best"] for name, outcome in outcomes.items() if name not in OWN and outcome.get("counts")}
    return min(others, key=lambda name: others[name], default="")


def plan_facts(case: dict[str, Any], calibration: Calibration) -> dict[str, Any]:
    """What ketjet's planner said of a case beside what was measured; empty if it said nothing."""
    own = case["outcomes"].get("ketjet", {})
    explained = own.get("explained")
    if not explained or not own.get("engine_seconds"):
        return {}
    execution = min(own["engine_seconds"])
    bound = calibration.bound_seconds(explained, case["threads"], case["precision"], case["qubits"])
    return {
        **explained,
        "execution_seconds": execution,
        "predicted_over_measured": explained["predicted_seconds"] / execution,
        "planning_share": explained["planning_seconds"] / own["best"],
        "bound_seconds": bound,
        "percent_of_bound": None if bound is None else 100 * bound / execution,
    }


def milliseconds(seconds: float) -> str:
    """Format a time in milliseconds, microseconds in full."""
    return f"{1e3 * seconds:.2f}" if seconds >= 1e-3 else f"{1e3 * seconds:.4f}"


def summarise(cases: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Geometric mean and least ratio over the circuits, for each number of threads, input, precision and width."""
    rows = []
    for values, group in _groups(cases, GROUP):
        keys = sorted({key for case in group for key in case["ratios"]})
        found = {key: [case["ratios"][key] for case in group if key in case["ratios"]] for key in keys}
        engines = {
            key: {"geometric_mean": geometric_mean(each), "least": min(each), "circuits": len(each)}
            for key, each in found.items()
        }
        rows.append(dict(zip(GROUP, values, strict=True)) | {"engines": engines})
    return rows


def headline(cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures that ``goals.toml`` asks for; a figure that the run did not measure is left out.

    The geometric means are those of the run with most threads from |0…0⟩, of the width where they are worst; the least
    ratios are over all cases.
    """
    keys = {key for case in cases for key in case["ratios"]}
    found: dict[str, Any] = {
        "least_ratio": {
            key: min(case["ratios"][key] for case in cases if key in case["ratios"]) for key in sorted(keys)
        }
    }
    wider = [case["ratios"]["any"] for case in cases if case["qubits"] >= NOT_TINY and "any" in case["ratios"]]
    if wider:
        found["least_ratio_from_5_qubits"] = min(wider)
    most = max(case["threads"] for case in cases)
    first = [case for case in cases if case["threads"] == most and case["input"] == "zero"]
    for precision, rival in (("double", "any"), ("single", "qsim")):
        for name, widths in (("large", LARGE), ("middle", MIDDLE)):
            chosen = [case for case in first if case["precision"] == precision and case["qubits"] in widths]
            means = [row["engines"][rival]["geometric_mean"] for row in summarise(chosen) if rival in row["engines"]]
            if means:
                found[f"{precision}_{name}"] = min(means)
    plans = [case["plan"] for case in cases if case["plan"]]
    if plans:
        close = [abs(plan["predicted_over_measured"] - 1) <= WITHIN for plan in plans]
        found["predictions_within_30_percent"] = sum(close) / len(close)
    shares = [case["plan"].get("percent_of_bound") for case in cases if case["plan"] and case["qubits"] in LARGE]
    if known := [share for share in shares if share is not None]:
        found["least_percent_of_bound"] = min(known)
    return found


def report(cases: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    """Write all tables as Markdown."""
    parts = [
        "## Time of the best other setting over ketjet's\n\nGeometric mean (least) over the circuits.",
        _summary(cases),
    ]
    for (threads, start, precision), group in _groups(cases, ("threads", "input", "precision")):
        shown = [name for name in names if any(name in case["outcomes"] for case in group)]
        rows = []
        for case in group:
            ratio, other = case["ratios"].get("any"), best_other(case["outcomes"])
            cells = [_cell(case["outcomes"].get(name)) for name in shown]
            rows.append([case["circuit"], case["qubits"], *cells, f"{ratio:.2f} ({other})" if ratio else "-"])
        parts.append(f"## {precision} precision, input {start}, threads: {threads}\n\nMilliseconds, minimum (median).")
        parts.append(markdown_table(["circuit", "qubits", *shown, "best other / ketjet"], rows))
    if planned := [case for case in cases if case["plan"]]:
        parts += ["## ketjet's plans", _plans(planned)]
    return "\n\n".join(parts)


def families(cases: Sequence[dict[str, Any]], engine: str) -> str:
    """Write the ratio to one engine by family of circuits: geometric mean and least over precisions and widths."""
    rows, found = [], {}
    for (name,), group in _groups(cases, ("circuit",)):
        found[name] = [case["ratios"][engine] for case in group if engine in case["ratios"]]
        rows += [[name, f"{geometric_mean(found[name]):.3f}", f"{min(found[name]):.3f}"]] if found[name] else []
    if whole := [ratio for each in found.values() for ratio in each]:
        rows.append(["all", f"{geometric_mean(whole):.3f}", f"{min(whole):.3f}"])
    heading = f"## Time of {engine} over ketjet's by family\n\n"
    return heading + markdown_table(["circuit", "geometric mean", "least"], rows)


def _groups(
    cases: Iterable[dict[str, Any]], keys: Sequence[str]
) -> Iterable[tuple[tuple[Any, ...], list[dict[str, Any]]]]:
    """Group cases by the values of some keys, in the order in which these first appear."""
    value: Callable[[dict[str, Any]], tuple[Any, ...]] = lambda case: tuple(case[key] for key in keys)  # noqa: E731
    listed = list(cases)
    order = list(dict.fromkeys(map(value, listed)))
    for values, group in itertools.groupby(sorted(listed, key=lambda case: order.index(value(case))), key=value):
        yield values, list(group)


def _summary(cases: Sequence[dict[str, Any]]) -> str:
    """Write the ratios of each group."""
    rows = summarise(cases)
    engines = sorted({key for row in rows for key in row["engines"]})
    cells = []
    for row in rows:
        found = [row["engines"].get(key) for key in engines]
        circuits = max((each["circuits"] for each in found if each), default=0)
        figures = [f"{each['geometric_mean']:.2f} ({each['least']:.2f})" if each else "-" for each in found]
        cells.append([*(row[key] for key in GROUP), circuits, *figures])
    return markdown_table([*GROUP, "circuits", *engines], cells)


def _cell(outcome: dict[str, Any] | None) -> str:
    """One setting's times, or what went wrong."""
    if outcome is None:
        return "-"
    if "error" in outcome:
        return "failed"
    text = f"{milliseconds(outcome['best'])} ({milliseconds(outcome['median'])})"
    if not outcome["agrees"]:
        return f"**wrong state** {text}"
    return text if outcome["counts"] else "less than loading"


def _plans(cases: Sequence[dict[str, Any]]) -> str:
    """Write what the planner said, beside what was measured."""
    rows = []
    for case in cases:
        plan = case["plan"]
        bound = plan["percent_of_bound"]
        rows.append([
            *(case[key] for key in ("circuit", "qubits", "input", "precision", "threads")),
            plan["sweeps"], plan["passes"],
            milliseconds(plan["execution_seconds"]), milliseconds(plan["predicted_seconds"]),
            f"{plan['predicted_over_measured']:.2f}", milliseconds(plan["planning_seconds"]),
            f"{100 * plan['planning_share']:.1f} %", "-" if bound is None else f"{bound:.0f} %",
        ])  # fmt: skip
    header = ["circuit", "qubits", "input", "precision", "threads", "sweeps", "passes", "executed ms", "predicted ms"]
    header += ["predicted / executed", "planning ms", "planning / total", "of the bound"]
    return markdown_table(header, rows)
