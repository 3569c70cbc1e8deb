"""What the commands do that run circuits or tell of them: run, estimate, explain, calibrate, completion, info."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.base.printable import printable
from ketjet.base.units import size
from ketjet.cli.arguments import inputs_of, require_labels
from ketjet.options.machine import allowed_threads, require_isa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit import QuantumCircuit

    from ketjet.backend import Simulator
    from ketjet.results import SimulationResult

SCHEMA_VERSION = 1
"""Of what --json prints: it changes when a field goes or means something else."""

COUNTS_SHOWN = 10


def _simulator(options: argparse.Namespace) -> Simulator:
    from ketjet.backend import Simulator

    return Simulator(
        precision=options.precision,
        max_threads=options.threads,
        isa=options.isa,
        ranks=options.ranks,
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


def run(options: argparse.Namespace) -> None:
    """Simulate the circuits of files and print what came out."""
    import numpy as np

    from ketjet.backend.observed_run import run_observed
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
        "checkpoint": options.checkpoint,
        "checkpoint_minutes": options.checkpoint_minutes,
    }
    circuits = list(_circuits(options, bound=True))
    if options.detach:
        _require_detachable(options)
    for name, path in (("--state", options.state), ("--checkpoint", options.checkpoint)):
        if path is not None and len(circuits) > 1:
            raise InvalidOptionError(f"{name} is for one circuit, and there are {len(circuits)}; run them one by one.")
    if options.checkpoint is not None and options.expect:
        raise InvalidOptionError("--checkpoint and --expect exclude each other: expectation values are not kept.")
    for file, circuit, inputs in circuits:
        require_labels(circuit, options.expect)
        if options.detach:
            job = backend.run(circuit, inputs=inputs or None, detach=True, **wanted)
            named = {"schema_version": SCHEMA_VERSION, "file": str(file), "circuit": circuit.name}
            told = {**named, "job_id": job.job_id(), "status": job.status().name}
            print(as_json(told) if options.json else f"{printable(circuit.name)}: job {job.job_id()}")
            continue
        started = time.perf_counter()
        if options.expect:
            observed = run_observed(backend, circuit, options.expect, inputs or None, wanted)
            result = observed.job.result(progress=options.progress)
        else:
            result = backend.run(circuit, inputs=inputs or None, **wanted).result(progress=options.progress)
        seconds = time.perf_counter() - started
        report = report_of(result, 0, seconds, peak_memory(), file=str(file)) | {"shots": options.shots}
        if options.expect:
            report["expectations"] = dict(zip(options.expect, observed.values_in(result).tolist(), strict=True))
        if options.state is not None:
            np.save(options.state, result.results[0].data.statevector)
        print(as_json(report) if options.json else run_text(report))


def _require_detachable(options: argparse.Namespace) -> None:
    """Refuse what `ketjet result` could not make up for."""
    from ketjet.errors import InvalidOptionError

    needs_result = {"--expect": options.expect, "--state": options.state is not None, "--progress": options.progress}
    for name, given in needs_result.items():
        if given:
            raise InvalidOptionError(f"--detach and {name} exclude each other: the result is not waited for.")


def report_of(result: SimulationResult, index: int, seconds: float, peak_memory: int, **named: str) -> dict[str, Any]:
    """Return what is told of one circuit's result, which took so long and so much; `named` says where it comes from."""
    experiment = result.results[index]
    data, packed = experiment.data, experiment.data.packed
    report = {
        "schema_version": SCHEMA_VERSION,
        **named,
        "circuit": experiment.header["name"],
        "shots": experiment.shots,
        "seed": experiment.metadata["seed_simulator"],
        "counts": result.get_counts(index) if hasattr(data, "counts") else {},
        "seconds": seconds,
        "peak_memory_bytes": peak_memory,
        "metadata": experiment.metadata,
    }
    if packed.probabilities is not None:
        report["probabilities"] = result.get_probabilities(index)
    if packed.memory is not None:
        report["memory"] = result.get_memory(index)
    return report


def calibrate(options: argparse.Namespace) -> None:
    """Measure this computer, and print and keep what was found."""
    from dataclasses import asdict

    from ketjet.calibration import calibrate as measure

    measured = measure(_simulator(options))
    if options.json:
        print(as_json(asdict(measured)))
        return
    print(f"sweeps take {measured.sweep_factor:.2f} and passes {measured.pass_factor:.2f} times what is built in;")
    print(
        f"measured circuits are within {100 * measured.deviation:.0f} % of that. Kept in {engine.calibration_path()}."
    )


def run_text(report: dict[str, Any]) -> str:
    """Return what is told of one circuit's result as people read it."""
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


def estimate(options: argparse.Namespace) -> None:
    """Print what runs would need."""
    from dataclasses import asdict

    from ketjet.ranks import PlannedRanks

    if options.wanted_ranks:
        options.ranks = PlannedRanks(options.wanted_ranks, share_from=options.share_from)
    backend = _simulator(options)
    for file, circuit, inputs in _circuits(options):
        estimate = backend.estimate(circuit, inputs=inputs or None, shots=options.shots)
        if options.json:
            named = {"schema_version": SCHEMA_VERSION, "file": str(file), "circuit": circuit.name}
            print(as_json({**named, **asdict(estimate)}))
            continue
        name, qubits = printable(circuit.name), estimate.num_qubits
        print(f"{name}: {qubits} qubits, {options.shots} shots, {options.precision} precision")
        print(estimate)


def explain(options: argparse.Namespace) -> None:
    """Print what runs do and why."""
    from ketjet.errors import InvalidOptionError

    if options.json and options.html:
        raise InvalidOptionError("--json and --html exclude each other; give one of them.")
    backend = _simulator(options)
    for file, circuit, inputs in _circuits(options, bound=options.analyze):
        explained = backend.explain(circuit, analyze=options.analyze, inputs=inputs or None, shots=options.shots)
        if options.json:
            named = {"schema_version": SCHEMA_VERSION, "file": str(file), "circuit": circuit.name}
            print(as_json({**named, **explained.to_dict()}))
        else:
            print(explained.to_html() if options.html else explained)


def completion(options: argparse.Namespace) -> None:
    """Print a script that completes commands in a shell."""
    import shtab

    parser = options.parser
    commands = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for command in commands[0].choices.values():
        for action in command._actions:
            if action.type is Path:
                action.complete = shtab.FILE
    print(shtab.complete(parser, options.shell))


def info(options: argparse.Namespace) -> None:
    """Print versions and what this computer offers."""
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
        print(as_json(facts))
        return
    print("versions  " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    print(f"reader    {'native' if slow is None else f'Python, which takes longer: {slow}'}")
    print(f"kernels   {engine.isa_in_use()}, of {', '.join(engine.isa_names())}; KETJET_ISA forces one")
    print(f"threads   {threads}, set by {threads_rule}")
    print(f"memory    {size(available)} available, set by {rule}")
    print(f"caches    L1 {size(machine.l1_bytes)}, L2 {size(machine.l2_bytes)}, L3 {size(machine.l3_bytes)}")


def as_json(facts: dict[str, Any]) -> str:
    """Return facts as one line of JSON."""
    return json.dumps(facts).replace("\x7f", "\\u007f")  # the one control character that JSON lets through


def peak_memory() -> int:
    """Return the most memory that this process has taken, in bytes."""
    import resource

    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kibibytes * (1 if sys.platform == "darwin" else 1024)
