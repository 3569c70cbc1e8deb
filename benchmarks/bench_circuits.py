"""Time to the final state vector, ketjet beside other engines: same circuit, precision, threads and product.

Every engine has a process of its own. The engines take turns, and whoever is not at work is stopped (SIGSTOP), so that
no idle thread spins beside a measurement. A turn is one run, or as many as fit into a tenth of a second, up to 20. A
first run to warm up is not counted; an engine that takes more than ``--slow`` seconds for it has but one run more. The
states of the last runs are compared with each other.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from circuits import DEFAULT_NAMES, GENERATORS
from measure import HERE, child_environment, machine_facts, markdown_table, write_results
from peers import PEERS

REFERENCES = ("aer-nofusion", "qulacs", "lightning", "qsim-f2")
TOLERANCE = {"double": 1e-10, "single": 1e-5}
BURST = 0.1


class PeerProcess:
    """A worker process of one engine, stopped whenever it is not running an order."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=child_environment(threads),
        )  # fmt: skip

    def ask(self, order: str, **arguments: Any) -> dict[str, Any]:
        """Have one order carried out and return the answer; ``{"error": ...}`` if it failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if self.process.poll() is not None:
            return {"error": f"the process of {self.name} has ended with code {self.process.returncode}"}
        os.kill(self.process.pid, signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps({"order": order, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            return {"error": f"the process of {self.name} has ended with code {self.process.wait()}"}
        os.kill(self.process.pid, signal.SIGSTOP)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def measure_case(
    crew: list[PeerProcess], circuit: dict[str, Any], precision: str, options: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """Run one circuit on all engines, alternately; return what each one took and how its state compares."""
    outcomes: dict[str, dict[str, Any]] = {peer.name: {"seconds": [], "engine_seconds": []} for peer in crew}
    active = []
    for peer in crew:
        answer = peer.ask("prepare", circuit=circuit, precision=precision, threads=options.threads)
        answer = answer if "error" in answer else peer.ask("run", repeats=1, keep=False)
        if "error" in answer:
            outcomes[peer.name]["error"] = answer["error"]
            continue
        outcomes[peer.name]["warm_up_seconds"] = answer["seconds"][0]
        active.append(peer)
    quick = [peer for peer in active if outcomes[peer.name]["warm_up_seconds"] <= options.slow]
    for round_ in range(options.rounds - 1):
        turn = round_ % max(1, len(quick))
        for peer in quick[turn:] + quick[:turn]:
            repeats = round(min(20.0, max(1.0, BURST / outcomes[peer.name]["warm_up_seconds"])))
            _record(outcomes[peer.name], peer.ask("run", repeats=repeats, keep=False))
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        path = str(Path(scratch) / "state.npy")
        for peer in active:
            outcome = outcomes[peer.name]
            _record(outcome, peer.ask("run", repeats=1, keep=True))
            if "error" not in outcome:
                outcome.update(peer.ask("compare" if Path(path).exists() else "save", path=path))
            peer.ask("drop")
    for outcome in outcomes.values():
        if "error" not in outcome:
            outcome["best"], outcome["median"] = min(outcome["seconds"]), statistics.median(outcome["seconds"])
            outcome["agrees"] = abs(outcome["infidelity"]) <= TOLERANCE[precision]
    return outcomes


def _record(outcome: dict[str, Any], answer: dict[str, Any]) -> None:
    """Add one run's times to the outcome."""
    if "error" in answer:
        outcome["error"] = answer["error"]
        return
    outcome["seconds"] += answer["seconds"]
    outcome["engine_seconds"] += answer["engine_seconds"]


def ratios(outcomes: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Time of each other engine's best setting over ketjet's, and of the best of all (``any``)."""
    own = outcomes.get("ketjet", {}).get("best")
    if own is None:
        return {}
    best: dict[str, float] = {}
    for name, outcome in outcomes.items():
        if name != "ketjet" and outcome.get("agrees"):
            for key in (name.split("-")[0], "any"):
                best[key] = min(best.get(key, math.inf), outcome["best"] / own)
    return best


def report(cases: list[dict[str, Any]], names: list[str]) -> str:
    """Write the tables, one a precision: milliseconds, minimum and median, and ratios to ketjet."""
    parts = []
    for precision in dict.fromkeys(case["precision"] for case in cases):
        chosen = [case for case in cases if case["precision"] == precision]
        shown = [name for name in names if precision in PEERS[name].precisions]
        rows = []
        for case in chosen:
            ratio = case["ratios"].get("any")
            row = [case["circuit"], case["qubits"], case["input"]]
            rows.append(row + [_cell(case["outcomes"][name]) for name in shown] + [f"{ratio:.2f}" if ratio else "-"])
        header = ["circuit", "qubits", "input", *shown, "best other / ketjet"]
        parts.append(f"### {precision} precision: ms, minimum (median)\n\n" + markdown_table(header, rows))
        for key in ("aer", "lightning", "qulacs", "qsim", "any"):
            found = [case["ratios"][key] for case in chosen if key in case["ratios"]]
            if found:
                mean = math.exp(statistics.fmean(map(math.log, found)))
                parts.append(f"- {key} / ketjet: geometric mean {mean:.2f}, least {min(found):.2f}")
    return "\n\n".join(parts)


def _cell(outcome: dict[str, Any]) -> str:
    """One engine's times, or what went wrong."""
    if "error" in outcome:
        return "failed"
    text = f"{1e3 * outcome['best']:.2f} ({1e3 * outcome['median']:.2f})"
    return text if outcome["agrees"] else f"**wrong state** {text}"


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    installed = [name for name, peer in PEERS.items() if peer.installed]
    parser.add_argument("--qubits", type=int, nargs="+", default=[20, 24])
    parser.add_argument("--circuits", nargs="+", choices=list(GENERATORS), default=list(DEFAULT_NAMES))
    parser.add_argument("--precision", nargs="+", choices=["double", "single"], default=["double", "single"])
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=installed)
    parser.add_argument("--input", nargs="+", choices=["zero", "product"], default=["zero"])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5, help="counted runs of each engine")
    parser.add_argument("--slow", type=float, default=20.0, help="an engine slower than this runs but once more")
    parser.add_argument("--scratch", default=None, help="folder for one state, for the comparison")
    parser.add_argument("--name", default="circuits", help="name of the result file")
    return parser.parse_args()


def main() -> int:
    """Measure all cases, print the tables and write the results; 1 if a state was wrong or an engine failed."""
    options = parse_arguments()
    names = sorted(options.peers, key=lambda name: REFERENCES.index(name) if name in REFERENCES else len(REFERENCES))
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no stopped worker is left behind
    facts, cases = machine_facts(), []
    crew = {name: PeerProcess(name, options.threads) for name in names}
    try:
        for precision, qubits, name, start in itertools.product(
            options.precision, options.qubits, options.circuits, options.input
        ):
            circuit = {"name": name, "num_qubits": qubits, "product_input": start == "product"}
            able = [crew[peer] for peer in names if precision in PEERS[peer].precisions]
            outcomes = measure_case(able, circuit, precision, options)
            cases.append({
                "circuit": name, "qubits": qubits, "input": start, "precision": precision,
                "outcomes": outcomes, "ratios": ratios(outcomes),
            })  # fmt: skip
            times = ", ".join(f"{peer} {_cell(outcome)}" for peer, outcome in outcomes.items())
            print(f"{name} {qubits} {precision} {start}: {times}", file=sys.stderr, flush=True)
            for peer, outcome in outcomes.items():
                if "error" in outcome:
                    print(f"  {peer}: {outcome['error']}", file=sys.stderr)
    finally:
        for peer_process in crew.values():
            peer_process.close()
    settings = {"threads": options.threads, "rounds": options.rounds, "slow": options.slow}
    settings["peers"] = {name: {"version": PEERS[name].version, "setting": PEERS[name].setting} for name in names}
    table = report(cases, [name for name in PEERS if name in names])
    path = write_results(options.name, facts, settings, cases=cases, least_ratio=least_ratios(cases))
    path.with_suffix(".md").write_text(table + "\n")
    print(table + f"\n\nwritten: {path}")
    return 0 if all(outcome.get("agrees") for case in cases for outcome in case["outcomes"].values()) else 1


def least_ratios(cases: list[dict[str, Any]]) -> dict[str, float]:
    """Least ratio of each engine's best time to ketjet's over all cases; above 1 means ketjet is always ahead."""
    keys = {key for case in cases for key in case["ratios"]}
    return {key: min(case["ratios"][key] for case in cases if key in case["ratios"]) for key in sorted(keys)}


if __name__ == "__main__":
    sys.exit(main())
