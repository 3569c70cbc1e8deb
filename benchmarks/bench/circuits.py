"""Time to the final state vector, ketjet beside other engines: same circuit, precision, threads and product.

Every case is run by all engines in turns, see ``protocol.turns``, and the states of the last runs are compared. Beside
the times stand what ketjet's planner says and how much of the machine's bound it reaches, calibrated in the same run.
With ``--against`` another build of ketjet takes the place of the other engines.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from circuits.families import DEFAULT_NAMES, GENERATORS
from engines.peers import OTHER_BUILD, PEERS
from protocol.measure import Calibration, machine_facts, write_results
from protocol.tables import best_other, families, headline, milliseconds, plan_facts, ratios, report, summarise
from protocol.turns import EngineProcess, Pace, measure_case, write_random_state

REFERENCES = ("aer-nofusion", "qulacs", "lightning", "qsim-f2")
"""Whose state the others are compared with: the first of these that is there."""

CALIBRATED_FROM = 16
"""Fewest qubits for which the bound is worth measuring."""

SMALL = {
    "qubits": list(range(1, 17)), "rounds": 5, "slow": 0.1, "burst": 0.004, "budget": 1.0, "name": "small_states",
    "prepared": True, "precision": ["double"],
    "circuits": ["qft", "quantum_volume", "ising", "heisenberg", "qaoa", "ansatz", "clifford_t", "ghz"],
}  # fmt: skip


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    installed = [name for name, peer in PEERS.items() if peer.engine.installed() and name != OTHER_BUILD]
    cores = len(os.sched_getaffinity(0))
    parser.add_argument(
        "--small", action="store_true", help="1 to 16 qubits, prepared, in short turns; the other options still count"
    )
    parser.add_argument(
        "--prepared",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="what engines make of their circuits before they run them is made before, and not timed",
    )
    parser.add_argument("--qubits", type=int, nargs="+", default=[20, 24])
    parser.add_argument(
        "--circuits", "--families", dest="circuits", nargs="+", choices=list(GENERATORS), default=list(DEFAULT_NAMES)
    )
    parser.add_argument("--precision", nargs="+", choices=["double", "single"], default=["double", "single"])
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=installed)
    parser.add_argument("--input", nargs="+", choices=["zero", "random", "product"], default=["zero"])
    parser.add_argument("--threads", type=int, nargs="+", default=[cores], help=f"numbers from 1 to {cores}")
    parser.add_argument("--rounds", type=int, default=5, help="counted turns of each setting")
    parser.add_argument("--slow", type=float, default=20.0, help="a setting slower than this runs but once more")
    parser.add_argument("--burst", type=float, default=0.1, help="seconds that a turn of a fast setting lasts")
    parser.add_argument("--budget", type=float, default=math.inf, help="seconds for the turns of one case")
    parser.add_argument("--scratch", type=Path, default=None, help="folder for up to three states")
    parser.add_argument("--name", default="circuits", help="name of the result files")
    parser.add_argument(
        "--against", metavar="PYTHON", help="instead of other engines another build of ketjet: the interpreter it is in"
    )
    if parser.parse_args().small:
        parser.set_defaults(**SMALL)
    if parser.parse_args().against:
        parser.set_defaults(name="against", peers=["ketjet", OTHER_BUILD])
    options = parser.parse_args()
    if not all(1 <= threads <= cores for threads in options.threads):
        parser.error(f"--threads must be numbers from 1 to {cores}, the cores of this process; got {options.threads}")
    return options


def run_cases(
    options: argparse.Namespace, names: list[str], scratch: Path
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Measure everything, the machine's rates too; each number of threads has processes and cores of its own."""
    cases, calibration, cores = [], Calibration(scratch), sorted(os.sched_getaffinity(0))
    pace = Pace(options.rounds, options.slow, options.burst, options.budget)
    for threads in options.threads:
        os.sched_setaffinity(0, cores[:threads])
        pythons = {PEERS[OTHER_BUILD].engine.key: options.against or sys.executable}
        crew = {
            engine: EngineProcess(engine, threads, python=pythons.get(engine, sys.executable))
            for engine in {PEERS[name].engine.key for name in names}
        }
        try:
            for qubits in options.qubits:
                files = _initial_states(options, qubits, scratch)
                for name in options.circuits:
                    if qubits >= CALIBRATED_FROM:
                        calibration.measure(threads, qubits)
                    for start, precision in itertools.product(options.input, options.precision):
                        labels = {"circuit": name, "qubits": qubits, "input": start}
                        labels |= {"precision": precision, "threads": threads}
                        circuit = {"name": name, "num_qubits": qubits, "product_input": start == "product"}
                        order = {"circuit": circuit, "precision": precision}
                        order["initial"] = str(files[precision]) if start == "random" else None
                        order["prepared"] = options.prepared
                        asked = (precision, qubits, start, options.prepared)
                        able = [peer for peer in names if PEERS[peer].takes(*asked)]
                        outcomes = measure_case(crew, able, order, pace, scratch)
                        cases.append({**labels, "outcomes": outcomes, "ratios": ratios(outcomes)})
                        _tell(cases[-1])
        finally:
            for process in crew.values():
                process.close()
    for case in cases:
        case["best_other"], case["plan"] = best_other(case["outcomes"]), plan_facts(case, calibration)
    return cases, calibration.rates


def _initial_states(options: argparse.Namespace, qubits: int, scratch: Path) -> dict[str, Path]:
    """Write the random states of a width, over those of the last one."""
    files = {precision: scratch / f"{precision}.npy" for precision in options.precision}
    for precision, path in files.items():
        path.unlink(missing_ok=True)
        if "random" in options.input:
            write_random_state(path, qubits, precision)
    return files


def _tell(case: dict[str, Any]) -> None:
    """Say on standard error how a case went."""
    texts, errors = [], []
    for peer, outcome in case["outcomes"].items():
        if "error" in outcome:
            errors.append(f"  {peer}: {outcome['error']}")
        else:
            remark = "" if outcome["counts"] else " LOADING" if outcome["agrees"] else " WRONG"
            texts.append(f"{peer} {milliseconds(outcome['best'])}{remark}")
    label = " ".join(str(case[key]) for key in ("circuit", "qubits", "precision", "input", "threads"))
    print("\n".join([f"{label}: {', '.join(texts)} ms", *errors]), file=sys.stderr, flush=True)


def main() -> int:
    """Measure all cases, print the tables and write the results; 1 if ketjet failed or its state was wrong."""
    options = parse_arguments()
    names = sorted(options.peers, key=lambda name: REFERENCES.index(name) if name in REFERENCES else len(REFERENCES))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no stopped worker is left behind
    facts = machine_facts()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        cases, rates = run_cases(options, names, Path(scratch))
    settings = {key: getattr(options, key) for key in ("threads", "rounds", "slow", "burst", "prepared")}
    settings["peers"] = {name: {"version": PEERS[name].engine.version(), "setting": PEERS[name].text} for name in names}
    results = {"headline": headline(cases), "rates": rates, "summary": summarise(cases), "cases": cases}
    path = write_results(options.name, facts, settings, **results)
    tables = report(cases, [name for name in PEERS if name in names])
    if options.against:
        tables += "\n\n" + families(cases, OTHER_BUILD)
    path.with_suffix(".md").write_text(tables + "\n")
    print(tables + f"\n\nwritten: {path}")
    own = [case["outcomes"]["ketjet"] for case in cases if "ketjet" in case["outcomes"]]
    return 0 if all(outcome.get("agrees") for outcome in own) else 1
