"""The command line: `python -m ketjet run | estimate | explain | info | calibrate | completion`.

Exit codes: 0 done, 1 the simulation failed, 2 wrong usage or a file that cannot be read, 3 a circuit that cannot be
simulated, 4 not enough memory, 130 interrupted, 141 nobody reads the output any more.
Every error is one line on standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.base.printable import printable
from ketjet.base.units import size
from ketjet.cli.arguments import as_expectations, count, inputs_of, saving_expectations, setting
from ketjet.options.machine import allowed_threads, require_isa

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qiskit import QuantumCircuit

    from ketjet.backend import Simulator

EXIT_FAILED, EXIT_USAGE, EXIT_CIRCUIT, EXIT_MEMORY, EXIT_INTERRUPTED, EXIT_CLOSED_PIPE = 1, 2, 3, 4, 130, 141

SCHEMA_VERSION = 1
"""Of what --json prints: it changes when a field goes or means something else."""

COUNTS_SHOWN = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code of the process."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        if verbose := getattr(options, "verbose", 0):
            _log_to_standard_error(logging.INFO if verbose == 1 else logging.DEBUG)
        with contextlib.ExitStack() as stack:
            if getattr(options, "output", None) is not None:
                stack.enter_context(
                    contextlib.redirect_stdout(stack.enter_context(options.output.open("w", encoding="utf-8")))
                )
            options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
        return EXIT_CLOSED_PIPE
    except (Exception, KeyboardInterrupt) as error:
        code = _exit_code(error)
        if code is None:
            raise
        message = getattr(error, "message", None) or str(error) or type(error).__name__
        if code == EXIT_INTERRUPTED:
            message = "interrupted"
        print(f"ketjet: {printable(message)}", file=sys.stderr)
        return code
    return 0


def _log_to_standard_error(level: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("ketjet")
    logger.addHandler(handler)
    logger.setLevel(level)


def _exit_code(error: BaseException) -> int | None:
    """Return the exit code of an error that the user can act on, None for a defect of our own."""
    from qiskit.exceptions import QiskitError

    from ketjet.errors import CircuitFileError, InvalidCircuitError, InvalidOptionError, OptionTypeError

    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        return EXIT_MEMORY
    if isinstance(error, (CircuitFileError, InvalidOptionError, OptionTypeError, OSError)):
        return EXIT_USAGE
    if isinstance(error, InvalidCircuitError):
        return EXIT_CIRCUIT
    return EXIT_FAILED if isinstance(error, QiskitError) else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ketjet", description="A fast statevector simulator for Qiskit circuits.")
    parser.add_argument("--version", action="version", version=f"ketjet {metadata.version('ketjet')}")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(metavar="COMMAND")

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
    circuit.add_argument("--json", action="store_true", help="print one JSON object per circuit")
    circuit.add_argument(
        "-v", "--verbose", action="count", default=0, help="log what happens to standard error; -vv also why"
    )

    run = commands.add_parser("run", parents=[circuit], help="simulate the circuits of a file and print the counts")
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
    run.set_defaults(command=_run)

    estimate = commands.add_parser("estimate", parents=[circuit], help="say what a run would need, without running it")
    estimate.set_defaults(command=_estimate)

    explain = commands.add_parser("explain", parents=[circuit], help="say what a run does and why, stage by stage")
    explain.add_argument("--html", action="store_true", help="print an HTML page per circuit")
    explain.add_argument("--analyze", action="store_true", help="also run it, and measure each stage")
    explain.set_defaults(command=_explain)

    calibrate = commands.add_parser("calibrate", help="measure this computer, so that predicted times and plans fit it")
    calibrate.add_argument("--json", action="store_true", help="print one JSON object")
    calibrate.set_defaults(command=_calibrate, precision="double", threads=None, isa=None, without=[])

    completion = commands.add_parser("completion", help="print a script that completes commands in your shell")
    completion.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    completion.set_defaults(command=_completion)

    info = commands.add_parser("info", help="print versions and what this computer offers")
    info.add_argument("--json", action="store_true", help="print one JSON object")
    info.set_defaults(command=_info)
    return parser


def _simulator(options: argparse.Namespace) -> Simulator:
    from ketjet.backend import Simulator

    return Simulator(
        precision=options.precision,
        max_threads=options.threads,
        isa=options.isa,
        plan_options=dict.fromkeys(options.without, False),
    )


def _circuits(
    options: argparse.Namespace, *, bound: bool = False
) -> Iterator[tuple[Path, QuantumCircuit, dict[str, Any]]]:
    """Return each circuit with its file and the inputs that are for it, which have to be all if it is `bound`."""
    from ketjet.circuit_files.reading import load_circuits

    found = [(file, circuit) for file in options.files for circuit in load_circuits(file)]
    inputs = inputs_of([circuit for _, circuit in found], options.set, bound=bound)
    for (file, circuit), values in zip(found, inputs, strict=True):
        yield file, circuit, values


def _run(options: argparse.Namespace) -> None:
    import numpy as np

    from ketjet.errors import InvalidOptionError

    backend = _simulator(options)
    wanted = {
        "shots": options.shots,
        "seed_simulator": options.seed,
        "exact": options.exact,
        "exact_floor": options.exact_floor,
        "memory": options.memory,
        "verify": options.verify,
        "time_limit": options.time_limit,
        "max_iterations": options.max_iterations,
        "max_memory_mb": options.max_memory_mb,
        "return_state": options.state is not None,
    }
    circuits = list(_circuits(options, bound=True))
    if options.state is not None and len(circuits) > 1:
        raise InvalidOptionError(f"--state is for one circuit, and there are {len(circuits)}; run them one by one.")
    for file, circuit, inputs in circuits:
        saving = saving_expectations(circuit, options.expect)
        started = time.perf_counter()
        result = backend.run(saving, inputs=inputs or None, **wanted).result(progress=options.progress)
        seconds = time.perf_counter() - started
        experiment = result.results[0]
        report = {
            "schema_version": SCHEMA_VERSION,
            "file": str(file),
            "circuit": circuit.name,
            "shots": options.shots,
            "seed": experiment.metadata["seed_simulator"],
            "counts": result.get_counts() if hasattr(experiment.data, "counts") else {},
            "seconds": seconds,
            "peak_memory_bytes": _peak_memory(),
            "metadata": experiment.metadata,
        }
        if options.expect:
            report["expectations"] = as_expectations(options.expect, result.data(0))
        if options.exact:
            report["probabilities"] = result.get_probabilities()
        if options.memory:
            report["memory"] = result.get_memory()
        if options.state is not None:
            np.save(options.state, experiment.data.statevector)
        print(_json(report) if options.json else _run_text(report))


def _calibrate(options: argparse.Namespace) -> None:
    from dataclasses import asdict

    from ketjet.calibration import calibrate

    measured = calibrate(_simulator(options))
    if options.json:
        print(_json(asdict(measured)))
        return
    print(f"sweeps take {measured.sweep_factor:.2f} and passes {measured.pass_factor:.2f} times what is built in;")
    print(
        f"measured circuits are within {100 * measured.deviation:.0f} % of that. Kept in {engine.calibration_path()}."
    )


def _run_text(report: dict[str, Any]) -> str:
    from ketjet.results.leading_outcomes import leading_of

    facts, exact = report["metadata"], "probabilities" in report
    found = leading_of(report["probabilities" if exact else "counts"], COUNTS_SHOWN)
    drawn = "exact" if exact else f"{report['shots']} shots, seed {report['seed']}"
    lines = [f"{printable(report['circuit'])}: {facts['num_qubits']} qubits, {drawn}"]
    lines += [f"  {key}  {count:.10g}" for key, count in found.outcomes]
    if found.others:
        rest = found.total - sum(count for _, count in found.outcomes)
        lines.append(f"  ... {found.others} other outcomes  {rest:.10g}")
    if not found.outcomes:
        lines.append("  no counts: the circuit measures nothing")
    lines += [f"<{label}>  {value:.10g}" for label, value in report.get("expectations", {}).items()]
    if "memory" in report:
        lines.append("shots   " + " ".join(report["memory"]))
    lines.append(f"time    {report['seconds']:.3f} s, of which the engine {facts['time_taken']:.3f} s")
    state, process = facts["required_memory_mb"], size(report["peak_memory_bytes"])
    lines.append(f"memory  {state} MiB for the state, {process} for the whole process at its peak")
    lines.append(f"engine  {facts['precision']} precision, {facts['simd']}, {facts['threads']} threads")
    return "\n".join(lines)


def _estimate(options: argparse.Namespace) -> None:
    from dataclasses import asdict

    backend = _simulator(options)
    for file, circuit, inputs in _circuits(options):
        estimate = backend.estimate(circuit, inputs=inputs or None, shots=options.shots)
        if options.json:
            named = {"schema_version": SCHEMA_VERSION, "file": str(file), "circuit": circuit.name}
            print(_json({**named, **asdict(estimate)}))
            continue
        name, qubits = printable(circuit.name), estimate.num_qubits
        print(f"{name}: {qubits} qubits, {options.shots} shots, {options.precision} precision")
        print(estimate)


def _explain(options: argparse.Namespace) -> None:
    from ketjet.errors import InvalidOptionError

    if options.json and options.html:
        raise InvalidOptionError("--json and --html exclude each other; give one of them.")
    backend = _simulator(options)
    for file, circuit, inputs in _circuits(options, bound=options.analyze):
        explained = backend.explain(circuit, analyze=options.analyze, inputs=inputs or None, shots=options.shots)
        if options.json:
            named = {"schema_version": SCHEMA_VERSION, "file": str(file), "circuit": circuit.name}
            print(_json({**named, **explained.to_dict()}))
        else:
            print(explained.to_html() if options.html else explained)


def _completion(options: argparse.Namespace) -> None:
    import shtab

    parser = _parser()
    commands = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for command in commands[0].choices.values():
        for action in command._actions:
            if action.type is Path:
                action.complete = shtab.FILE
    print(shtab.complete(parser, options.shell))


def _info(options: argparse.Namespace) -> None:
    from ketjet.lowering import why_not_native

    require_isa()
    machine = engine.machine()
    threads = allowed_threads(None, machine.cores)
    threads_rule = "OMP_NUM_THREADS" if threads < machine.cores else f"{machine.cores_rule} cores"
    available, rule = engine.available_memory()
    versions = {name: metadata.version(name) for name in ("ketjet", "qiskit", "numpy")}
    versions["python"] = platform.python_version()
    slow = why_not_native()
    facts = {
        "schema_version": SCHEMA_VERSION,
        "versions": versions,
        "native_reader": {"used": slow is None, "reason": slow},
        "instruction_set": engine.isa_in_use(),
        "instruction_sets": engine.isa_names(),
        "threads": {"count": threads, "set_by": threads_rule},
        "memory": {"available_bytes": available, "set_by": rule},
        "caches_bytes": {"l1": machine.l1_bytes, "l2": machine.l2_bytes, "l3": machine.l3_bytes},
    }
    if options.json:
        print(_json(facts))
        return
    print("versions  " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    print(f"reader    {'native' if slow is None else f'Python, which takes longer: {slow}'}")
    print(f"kernels   {engine.isa_in_use()}, of {', '.join(engine.isa_names())}; KETJET_ISA forces one")
    print(f"threads   {threads}, set by {threads_rule}")
    print(f"memory    {size(available)} available, set by {rule}")
    print(f"caches    L1 {size(machine.l1_bytes)}, L2 {size(machine.l2_bytes)}, L3 {size(machine.l3_bytes)}")


def _json(facts: dict[str, Any]) -> str:
    return json.dumps(facts).replace("\x7f", "\\u007f")  # the one control character that JSON lets through


def _peak_memory() -> int:
    import resource

    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kibibytes * (1 if sys.platform == "darwin" else 1024)
