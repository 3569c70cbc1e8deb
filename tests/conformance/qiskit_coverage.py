"""What of Qiskit runs on ketjet: every class of its library, every construct of its control flow and expressions.

Each is really run, constructs with a known outcome are compared with it, and ``--verify`` compares unitary circuits
with ``qiskit.quantum_info.Statevector``. Prints a Markdown table; 1 if anything is refused or wrong that a state vector
gives a meaning to.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import program  # noqa: F401 - lists its constructs
from control import control_circuits
from expressions import expression_circuits
from library import library_circuits
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import Statevector

if TYPE_CHECKING:
    from collections.abc import Iterator

MAY_BE_REFUSED = {
    "Gate (opaque)": "a name without a meaning",
    "Kraus": "noise",
    "SuperOp": "noise",
    "input variable without a value": "no complete program",
    "unbound Parameter": "no complete program",
    "uninitialised variable, used before it is stored": "no value to use",
}
"""What a state vector simulator cannot run, and why."""

TOLERANCE = 1e-9
LARGEST_VERIFIED = 12
SHOTS = 100
PATIENCE = 60.0
"""Seconds that a circuit may take."""

FORK = multiprocessing.get_context("fork")


def backend_of(engine: str) -> Any:
    """Make the backend: ketjet's, or Aer's to see its table."""
    if engine == "ketjet":
        from ketjet import Simulator

        return Simulator(max_threads=1)
    from qiskit_aer import AerSimulator

    return AerSimulator(method="statevector", max_parallel_threads=1)


def rows(text: str) -> Iterator[tuple[str, str, QuantumCircuit | Exception, str | None]]:
    """Yield kind, name, circuit and outcome of all that has the text in its name."""
    for name, circuit in library_circuits():
        if text in name:
            yield "library", name, circuit, None
    for circuits, kind in ((control_circuits(), "program"), (expression_circuits(), "expression")):
        for name, circuit, outcome in circuits:
            if text in name:
                yield kind, name, circuit, outcome


def with_input(circuit: QuantumCircuit) -> QuantumCircuit:
    """Put an entangled state before a circuit that is unitary, so that no gate acts on zeros only."""
    prepared = circuit.copy_empty_like()
    prepared.global_phase = 0
    for qubit in range(circuit.num_qubits):
        prepared.ry(0.4 + 0.3 * qubit, qubit)
        prepared.rz(0.7 - 0.2 * qubit, qubit)
        if qubit:
            prepared.cx(qubit - 1, qubit)
    return prepared.compose(circuit)


def expected_states(given: QuantumCircuit) -> dict[str, np.ndarray]:
    """Return what Qiskit says a circuit does to |0…0⟩; nothing if that is random or too wide.

    Most gates have a matrix; of a few, Trotter steps for one, the definition differs, and it is what hardware would do.
    """
    if given.num_clbits or given.num_qubits > LARGEST_VERIFIED:
        return {}
    try:
        states = {"": Statevector(given), " (as its definition)": Statevector(given.decompose(reps=2))}
    except Exception:
        return {}
    return {text: np.asarray(state.data) for text, state in states.items()}


def attempt(backend: Any, circuit: QuantumCircuit, outcome: str | None, *, verify: bool) -> str:
    """Run a circuit; say how that went."""
    starts_anywhere = not {"reset", "initialize"} & {*circuit.count_ops()}
    given = with_input(circuit) if verify and starts_anywhere else circuit
    measured = outcome is not None or circuit.num_clbits
    options = {"shots": SHOTS} if measured else {"shots": 1, "return_state": True}
    try:
        result = backend.run(given, **options).result(timeout=PATIENCE)
        found = set(result.get_counts()) if outcome is not None else set()
        state = None if measured else np.asarray(result.get_statevector())
    except Exception as error:
        return f"refused: {type(error).__name__}: {error}"
    if outcome is not None:
        return judged(found, outcome)
    expected = expected_states(given) if verify and state is not None else {}
    differences = {text: float(np.abs(state - wanted).max()) for text, wanted in expected.items()}
    for text, difference in differences.items():
        if difference < TOLERANCE:
            return f"runs, verified{text}"
    return f"**wrong**: amplitudes differ by {min(differences.values()):.2g}" if differences else "runs"


def judged(found: set[str], outcome: str) -> str:
    """Compare outcomes with the only right one."""
    right = {key.replace(" ", "") for key in found} == {outcome}
    return "runs, verified" if right else f"**wrong**: {', '.join(sorted(found))}, not {outcome}"


def attempt_on_aer(backend: Any, circuit: QuantumCircuit, outcome: str | None) -> str:
    """Run a circuit on Aer after ``transpile``, in a process of its own, since some end it."""
    receiver, sender = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_run_on_aer, args=(backend, circuit, outcome, sender))
    child.start()
    sender.close()
    try:
        return str(receiver.recv()) if receiver.poll(PATIENCE) else f"no end within {PATIENCE:.0f} s"
    except EOFError:
        child.join()
        return f"ends the process with code {child.exitcode}"
    finally:
        child.kill()
        child.join()


def _run_on_aer(backend: Any, circuit: QuantumCircuit, outcome: str | None, sender: Any) -> None:
    """Run a circuit and send what came of it."""
    try:
        given = circuit if circuit.num_clbits else circuit.measure_all(inplace=False)
        result = backend.run(transpile(given, backend), shots=SHOTS).result()
        if not result.success:
            raise RuntimeError(result.status)
        found = set(result.get_counts())
    except Exception as error:
        sender.send(f"refused: {type(error).__name__}: {error}")
    else:
        sender.send("runs" if outcome is None else judged(found, outcome))


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verify", action="store_true", help="compare unitary circuits with quantum_info.Statevector")
    parser.add_argument("--only", default="", help="run what has this text in its name")
    parser.add_argument("--gaps", action="store_true", help="show only what does not run")
    parser.add_argument(
        "--engine", choices=["ketjet", "aer"], default="ketjet", help="aer: after transpile, unverified"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    backend = backend_of(options.engine)
    table, gaps = [], 0
    for kind, name, circuit, outcome in rows(options.only):
        if isinstance(circuit, Exception):
            verdict = f"not built: {type(circuit).__name__}: {circuit}"
        elif options.engine == "aer":
            verdict = attempt_on_aer(backend, circuit, outcome)
        else:
            verdict = attempt(backend, circuit, outcome, verify=options.verify and kind == "library")
        good = verdict.startswith("runs")
        if not good and name in MAY_BE_REFUSED and "wrong" not in verdict:
            verdict = f"{verdict} ({MAY_BE_REFUSED[name]})"
        else:
            gaps += not good
        if not (good and options.gaps):
            table.append([kind, f"`{name}`", " ".join(verdict.replace("|", "\\|").split())])
    for row in (["kind", "what", f"on {options.engine}"], ["---"] * 3, *table):
        print(f"| {' | '.join(row)} |")
    print(f"\ngaps: {gaps}")
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())
