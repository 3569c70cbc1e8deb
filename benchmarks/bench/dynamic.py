"""Time of dynamic circuits, ketjet beside Aer: from the circuit to the counts of 10^4 shots.

A setting that cannot run all shots within its budget runs fewer, see ``protocol.dynamic_turns``. Ratios are then lower
bounds; those that rest on linear scaling stand in a column of their own. Counts are compared in the same run.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import Any

from circuits.dynamic import DYNAMIC, widths
from engines.dynamic_worker import SETTINGS
from protocol.dynamic_turns import DynamicPace, measure_case
from protocol.measure import geometric_mean, machine_facts, markdown_table, write_results
from protocol.turns import EngineProcess

DEFAULT_SETTINGS = ("ketjet", "aer", "aer-branching")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--circuits", nargs="+", choices=list(DYNAMIC), default=list(DYNAMIC))
    parser.add_argument("--qubits", type=int, nargs="+", default=[10, 14, 17, 20, 22, 24])
    parser.add_argument("--engines", nargs="+", choices=list(SETTINGS), default=list(DEFAULT_SETTINGS))
    parser.add_argument("--precision", nargs="+", choices=["double", "single"], default=["double"])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--shots", type=int, default=10**4)
    parser.add_argument("--rounds", type=int, default=5, help="counted runs of a setting")
    parser.add_argument("--slow", type=float, default=20.0, help="a setting slower than this runs all shots but once")
    parser.add_argument("--budget", type=float, default=120.0, help="seconds that a run may be expected to take")
    parser.add_argument("--name", default="dynamic", help="name of the result file")
    return parser.parse_args()


def ratios(outcomes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Time of Aer's best setting over ketjet's: at least, if scaled linearly, and whether it was measured in full."""
    own = outcomes.get("ketjet", {})
    others = [found for name, found in outcomes.items() if name != "ketjet" and found.get("agrees")]
    if not others or not own.get("agrees") or not own["complete"]:
        return {}
    best = min(others, key=lambda found: found["at_least"])
    return {
        "at_least": best["at_least"] / own["best"],
        "scaled": min(found["scaled"] for found in others) / own["best"],
        "measured": best["complete"],
    }


def headline(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures that ``goals.toml`` asks for; means are left out if no case has a ratio."""
    compared = [case["ratios"] for case in cases if case["ratios"]]
    own = [case["outcomes"]["ketjet"] for case in cases if "ketjet" in case["outcomes"]]
    found: dict[str, Any] = {
        "cases": len(cases),
        "compared": len(compared),
        "wrong": sum("error" not in outcome and not outcome["agrees"] for outcome in own),
        "unfinished": sum("error" in outcome or not outcome["complete"] for outcome in own),
    }
    full = [ratio["at_least"] for ratio in compared if ratio["measured"]]
    if compared:
        found["geometric_mean_at_least"] = geometric_mean([ratio["at_least"] for ratio in compared])
        found["geometric_mean_scaled"] = geometric_mean([ratio["scaled"] for ratio in compared])
        found["least_ratio"] = min(ratio["at_least"] for ratio in compared)
    if full:
        found["measured_in_full"] = {"cases": len(full), "geometric_mean": geometric_mean(full)}
    return found


def report(cases: list[dict[str, Any]], names: list[str], shots: int) -> str:
    """Write the table of all cases as Markdown."""
    rows = []
    for case in cases:
        cells = [text for name in names for text in _cells(case["outcomes"][name], shots)]
        ratio = case["ratios"]
        sign = "" if ratio.get("measured") else "≥ "
        cells += [f"{sign}{ratio['at_least']:.1f}", f"{ratio['scaled']:.1f}"] if ratio else ["-", "-"]
        rows.append([case["circuit"], case["qubits"], case["precision"], *cells])
    header = ["circuit", "qubits", "precision"]
    header += [column for name in names for column in (f"{name} s", f"{name} scaled s")]
    return markdown_table([*header, "best Aer / ketjet", "if scaled"], rows)


def _cells(outcome: dict[str, Any], shots: int) -> tuple[str, str]:
    """What one setting took for all shots, or at least takes; and if that is only a bound, the time scaled linearly."""
    if "error" in outcome:
        return "refused" if outcome["error"].startswith("Unsupported") else "failed", "-"
    wrong = "" if outcome["agrees"] else "**wrong counts** "
    if outcome["complete"]:
        return f"{wrong}{outcome['best']:.3g} ({outcome['median']:.3g})", "-"
    return f"{wrong}≥ {outcome['at_least']:.3g} ({outcome['shots']} of {shots} shots)", f"{outcome['scaled']:.3g}"


def run_cases(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure everything."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[: options.threads])
    engines = {SETTINGS[name][0] for name in options.engines}
    crew = {engine: EngineProcess(engine, options.threads, module="engines.dynamic_worker") for engine in engines}
    pace = DynamicPace(options.shots, options.rounds, options.slow, options.budget)
    cases = []
    try:
        for precision in options.precision:
            for name in options.circuits:
                for qubits in widths(name, options.qubits):
                    case = {"name": name, "qubits": qubits, "precision": precision}
                    outcomes = measure_case(crew, options.engines, case, pace)
                    labels = {"circuit": name, "qubits": qubits, "precision": precision}
                    cases.append({**labels, "outcomes": outcomes, "ratios": ratios(outcomes)})
                    texts = [f"{each} {': '.join(_cells(found, options.shots))}" for each, found in outcomes.items()]
                    texts += [f"\n  {each}: {found['error']}" for each, found in outcomes.items() if "error" in found]
                    print(f"{name} {qubits} {precision}: {', '.join(texts)}", file=sys.stderr, flush=True)
    finally:
        for process in crew.values():
            process.close()
    return cases


def main() -> int:
    """Measure all cases, print the table and write the results; 1 if ketjet failed or its counts were wrong."""
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no stopped worker is left behind
    facts = machine_facts()
    cases = run_cases(options)
    found = headline(cases)
    path = write_results(options.name, facts, vars(options), headline=found, cases=cases)
    table = report(cases, options.engines, options.shots)
    path.with_suffix(".md").write_text(table + "\n")
    print(table, "", *(f"{key}: {value}" for key, value in found.items()), f"\nwritten: {path}", sep="\n")
    return 1 if found["wrong"] or found["unfinished"] else 0
