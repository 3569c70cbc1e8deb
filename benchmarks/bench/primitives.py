"""Energies and gradients: ketjet's estimator and objective beside other engines, from values to numbers.

All engines take turns at each case, whoever is not at work is stopped. A turn is one call or as many as fit into
``burst`` seconds; values are new in each call; minima count. An engine whose first call takes longer than ``slow`` has
no other; one that takes longer than ``budget`` is ended, and has that as a lower bound. All numbers must agree.

Beside gradients, and the energies of chains, one run of the circuit by ketjet takes a turn too: the engine's own time
for the state, without Python's part. What the objective takes is given as a multiple of it; and so is, of gradients,
what the engine takes of that.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import threading
from typing import Any

from engines.variational import ENGINES
from protocol.measure import geometric_mean, machine_facts, markdown_table, write_results
from protocol.turns import EngineProcess

TOLERANCE = 1e-8
OURS = ("ketjet", "objective")
FORWARD, BACKWARD = "forward", "backward"
ENGINE_ALONE = (FORWARD, BACKWARD)
LARGE = 16
"""Qubits from which on Python's part of a gradient is small beside the engine's."""


def cases(options: argparse.Namespace) -> list[dict[str, Any]]:
    """List what is measured: the problem, and whether the energy or its gradient is asked for."""
    found: list[dict[str, Any]] = []
    if "energies" in options.parts:
        found += [
            _case("energies", "energy", "ansatz", observable, qubits, 3 * qubits, terms)
            for observable in ("chemistry", "random")
            for terms in options.terms
            for qubits in options.qubits
        ]
    if "small" in options.parts:
        found.append(_case("small", "energy", "ansatz", "ising", 10, 40))
    if "gradients" in options.parts:
        for qubits, parameters in ((10, 40), (10, 400), (14, 100), (16, 160), (18, 200), (20, 200), (22, 400)):
            found.append(_case("gradients", "gradient", "ansatz", "ising", qubits, parameters))
    if "loops" in options.parts:
        found += [_case("loops", "gradient", "ansatz", "chemistry", qubits, 4 * qubits, 500) for qubits in (10, 20)]
    if "chains" in options.parts:
        for name in ("ising", "heisenberg"):
            found.append(_case("chains", "energy", name, name, options.chain, 0))
    return found


def _case(
    part: str, what: str, circuit: str, observable: str, qubits: int, parameters: int, terms: int = 0
) -> dict[str, Any]:
    problem = {
        "circuit": circuit,
        "observable": observable,
        "num_qubits": qubits,
        "parameters": parameters,
        "terms": terms,
    }
    return {"part": part, "what": what, "problem": problem}


class Player:
    """One engine in one case."""

    def __init__(self, process: EngineProcess, what: str, case: dict[str, Any], options: argparse.Namespace) -> None:
        self.process, self.what, self.budget = process, what, options.budget
        self.seconds: list[float] = []
        self.found: Any = None
        self.error = str(process.prepare(problem=case["problem"]).get("error", ""))
        self.ended = False

    @property
    def fails(self) -> bool:
        """Whether it cannot go on."""
        return bool(self.error) or self.ended

    def run(self, repeats: int = 1) -> None:
        """Call it so many times, for at most the budget."""
        timer = threading.Timer(self.budget, self.process.process.kill)
        timer.start()
        answer = self.process.ask("run", what=self.what, repeats=repeats)
        self.ended = timer.finished.is_set()
        timer.cancel()
        if "error" in answer:
            self.error = "" if self.ended else str(answer["error"])
            return
        self.seconds += answer["seconds"]
        self.found = answer["found"] if self.found is None else self.found

    def outcome(self, reference: Any) -> dict[str, Any]:
        """Sum up."""
        if self.error:
            return {"error": self.error}
        if not self.seconds:
            return {"at_least": self.budget}
        facts = {"best": min(self.seconds), "median": statistics.median(self.seconds)}
        if self.what in ENGINE_ALONE:
            return facts
        return facts | {"agrees": _distance(self.found, reference) <= TOLERANCE * max(1.0, _size(reference))}


def _numbers(found: Any) -> list[float]:
    return [found] if isinstance(found, float) else [found[0], *found[1]]


def _distance(found: Any, reference: Any) -> float:
    return max(abs(a - b) for a, b in zip(_numbers(found), _numbers(reference), strict=True))


def _size(found: Any) -> float:
    return max(map(abs, _numbers(found)))


def measure_case(
    crew: dict[str, EngineProcess], case: dict[str, Any], options: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """Let all engines take turns at a case; the first that works gives what the others are compared with."""
    takes_part = [
        name
        for name in crew
        if case["what"] == "energy"
        or ENGINES[name].has_gradient
        or (case["part"] == "loops" and ENGINES[name].has_loop)
    ]
    if case["part"] == "chains":
        takes_part = [name for name in takes_part if name in OURS or name in options.chain_engines]
    players = {name: Player(crew[name], case["what"], case, options) for name in takes_part}
    if case["part"] in ("gradients", "chains") and "objective" in players:
        players[FORWARD] = Player(crew["objective"], FORWARD, case, options)
    if case["part"] == "gradients" and "ketjet" in players:
        players[BACKWARD] = Player(crew["ketjet"], BACKWARD, case, options)
    for player in players.values():
        if not player.fails:
            player.run()
    quick = [player for player in players.values() if not player.fails and player.seconds[0] <= options.slow]
    for player in quick:
        player.seconds.clear()  # plans and memory are found in the first call
    for turn in range(options.rounds):
        first = turn % max(1, len(quick))
        for player in quick[first:] + quick[:first]:
            if not player.fails:
                least = min(player.seconds, default=0.0)
                player.run(
                    20 if least == 0.0 and turn == 0 else max(1, min(200, round(options.burst / max(least, 1e-6))))
                )
    for name in takes_part:
        crew[name].ask("drop")
    reference = next((player.found for player in players.values() if player.found is not None), None)
    return {name: player.outcome(reference) for name, player in players.items()}


def ratios(outcomes: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Time of the others over that of ketjet's estimator, Aer's and the best one's; and of what is given in runs."""
    found: dict[str, float] = {}
    forward = outcomes.get(FORWARD, {}).get("best")
    for name in ("objective", BACKWARD):
        if forward is not None and "best" in outcomes.get(name, {}):
            found[name] = outcomes[name]["best"] / forward
    own = outcomes.get("ketjet", {}).get("best")
    others = {
        name: outcome.get("best", outcome.get("at_least"))
        for name, outcome in outcomes.items()
        if name not in (*OURS, *ENGINE_ALONE) and "error" not in outcome and outcome.get("agrees", True)
    }
    if own is None or not others:
        return found
    found["peer"] = min(others.values()) / own
    if "aer" in others:
        found["aer"] = others["aer"] / own
    return found


def headline(measured: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures that ``goals.toml`` asks for."""
    found: dict[str, Any] = {
        "wrong": sum(not o.get("agrees", True) for case in measured for o in case["outcomes"].values()),
        "failed": sum(
            "error" in case["outcomes"].get(name, {}) for case in measured for name in (*OURS, *ENGINE_ALONE)
        ),
    }
    for part in ("energies", "gradients", "loops"):
        for peer in ("peer", "aer"):
            values = [case["ratios"][peer] for case in measured if case["part"] == part and peer in case["ratios"]]
            if values:
                found.setdefault(part, {})[peer] = {"geometric_mean": geometric_mean(values), "least": min(values)}
    over_forward: dict[str, float] = {}
    for case in measured:
        worst = {BACKWARD: case["ratios"].get(BACKWARD, 0.0)}
        if case["problem"]["num_qubits"] >= LARGE:
            name = "objective" if case["part"] == "gradients" else case["problem"]["circuit"]
            worst[name] = case["ratios"].get("objective", 0.0)
        for name, ratio in worst.items():
            if ratio:
                over_forward[name] = max(ratio, over_forward.get(name, 0.0))
    if over_forward:
        found["over_forward"] = over_forward
    for case in measured:
        if case["part"] == "small":
            for name in OURS:
                if "best" in case["outcomes"].get(name, {}):
                    best = case["outcomes"][name]["best"]
                    found.setdefault("small", {})[f"{name}_{case['what']}_us"] = 1e6 * best
    return found


def _cell(outcome: dict[str, Any]) -> str:
    if "error" in outcome:
        return "failed"
    if "at_least" in outcome:
        return f"> {1e3 * outcome['at_least']:.0f}"
    wrong = "" if outcome.get("agrees", True) else "**wrong** "
    return f"{wrong}{1e3 * outcome['best']:.3g}"


def report(measured: list[dict[str, Any]], names: list[str]) -> str:
    """Write the table of all cases, in milliseconds, as Markdown."""
    rows = []
    for case in measured:
        problem = case["problem"]
        what = f"{case['what']}, {problem['circuit']}, {problem['observable']}"
        cells = [_cell(case["outcomes"][name]) if name in case["outcomes"] else "-" for name in (*names, *ENGINE_ALONE)]
        ratios_there = [
            f"{case['ratios'][key]:.2f}" if key in case["ratios"] else "-"
            for key in ("peer", "aer", "objective", BACKWARD)
        ]
        rows.append(
            [what, problem["num_qubits"], problem["parameters"] or "-", problem["terms"] or "-", *cells, *ratios_there]
        )
    header = [
        "case",
        "qubits",
        "parameters",
        "strings",
        *(f"{name} ms" for name in names),
        "run ms",
        "gradient's run ms",
    ]
    return markdown_table(
        [*header, "best other / ketjet", "Aer / ketjet", "objective / run", "gradient's run / run"], rows
    )


def main() -> int:
    """Measure all cases, print the table and write the results; 1 if ketjet failed or engines disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ["small", "energies", "gradients", "loops", "chains"]
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--qubits", type=int, nargs="+", default=[12, 16, 20], help="of the energies")
    parser.add_argument("--terms", type=int, nargs="+", default=[100, 1000, 10000], help="of the energies")
    parser.add_argument("--chain", type=int, default=24, help="qubits of the chains")
    parser.add_argument("--chain-engines", nargs="*", choices=list(ENGINES), default=["qulacs"])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow", type=float, default=2.0, help="an engine slower than this has one call")
    parser.add_argument("--burst", type=float, default=0.1)
    parser.add_argument("--budget", type=float, default=120.0, help="an engine slower than this is ended")
    parser.add_argument("--name", default="primitives", help="name of the result file")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no stopped worker is left behind
    names = [name for name in options.engines if ENGINES[name].installed()]
    facts, measured = machine_facts(), []
    crew = {name: EngineProcess(name, options.threads, module="engines.variational_worker") for name in names}
    try:
        for case in cases(options):
            outcomes = measure_case(crew, case, options)
            measured.append({**case, "outcomes": outcomes, "ratios": ratios(outcomes)})
            texts = [f"{name} {_cell(found)}" for name, found in outcomes.items()]
            texts += [f"\n  {name}: {found['error']}" for name, found in outcomes.items() if "error" in found]
            print(f"{case['what']} {case['problem']}: {', '.join(texts)}", file=sys.stderr, flush=True)
    finally:
        for process in crew.values():
            process.close()
    found = headline(measured)
    path = write_results(options.name, facts, vars(options), headline=found, cases=measured)
    table = report(measured, names)
    path.with_suffix(".md").write_text(table + "\n")
    print(table, "", *(f"{key}: {value}" for key, value in found.items()), f"\nwritten: {path}", sep="\n")
    return 1 if found["wrong"] or found["failed"] else 0
