"""Time per amplitude of each kernel, by how many axes and lanes it works on, beside its bound and its prediction.

A circuit of one kind of pass is analysed (`explain(analyze=True)`), on a state that is one block in the cache (*alone*)
and on one of many blocks (*in place*, where blocks are copied and fetched meanwhile). The median of its passes counts,
the least of the rounds. The constants in ``cpp/plan/cost.cpp`` are judged by this table.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from protocol.measure import child_environment, machine_facts, make_backend, markdown_table, write_results
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import random_unitary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ALONE_QUBITS = 12
"""All of a state of this size is one block on every machine."""

LANES = (0, 1, 2)
"""Qubits that are lanes of the widest vectors in either precision; in narrower ones the higher of them are not."""

VECTORS = (5, 6, 7, 8, 9, 10, 11)
"""Qubits that are bits of a vector's number."""

LAYERS = 12


class Case(NamedTuple):
    """One kind of pass: a name, what makes up a layer, and which passes of the plan it is."""

    name: str
    layer: Callable[[QuantumCircuit, int], None]
    kind: str
    kernel: str
    folded: bool = False  # of real amplitudes, on a state of several blocks


def _angle(number: int) -> float:
    """Return angles that are not special, all different."""
    return 0.3 + 0.37 * (number % 5)


def _turns(axes: int, lanes: int, *, quarter: bool = False, phases: bool = False) -> Case:
    """A pass of real turns on so many vector bits and lanes; CX gates keep those of two layers apart."""
    turned = [*VECTORS[:axes], *LANES[:lanes]]

    def layer(circuit: QuantumCircuit, number: int) -> None:
        for i, qubit in enumerate(turned):
            circuit.ry(1.5707963267948966 if quarter else _angle(number + i), qubit)
        if phases:
            for i, qubit in enumerate(turned):
                circuit.rzz(_angle(number + i), qubit, VECTORS[-1])
        else:
            for qubit in turned:
                circuit.cx(qubit, VECTORS[-1])

    words = [f"{axes} axes" if axes else "", f"{lanes} lanes" if lanes else "", "by one" if quarter else ""]
    name = "turn: " + ", ".join(word for word in [*words, "and phases" if phases else ""] if word)
    return Case(name, layer, "turns", "turn")


def _phases(pairs: int) -> Case:
    """A pass of phases on so many pairs; matrices across the pairs keep those of two layers apart."""

    def layer(circuit: QuantumCircuit, number: int) -> None:
        for pair in range(pairs):
            circuit.rzz(_angle(number + pair), VECTORS[2 * pair], VECTORS[2 * pair + 1])
        circuit.append(_unitary(2, number), [VECTORS[1], VECTORS[2]])
        circuit.append(_unitary(2, number + 1), [VECTORS[0], VECTORS[3]])

    return Case(f"phases on {pairs} pairs", layer, "phases", "phase")


def _unitary(qubits: int, seed: int) -> UnitaryGate:
    return UnitaryGate(random_unitary(2**qubits, seed=seed + 1))


def _dense(name: str, qubits: Sequence[int]) -> Case:
    """A pass of one matrix; turns on its qubits would be multiplied into it, so the next one overlaps by one qubit."""
    others = [VECTORS[4], *qubits[1:]]

    def layer(circuit: QuantumCircuit, number: int) -> None:
        circuit.append(_unitary(len(qubits), number), [*qubits] if number % 2 else others)

    return Case(name, layer, "dense", "dense")


def _exchange(name: str, control: int, target: int) -> Case:
    """A pass of one CX that moves amplitudes; turns keep those of two layers apart."""

    def layer(circuit: QuantumCircuit, number: int) -> None:
        circuit.ry(_angle(number), control)
        circuit.ry(_angle(number + 1), target)
        circuit.cx(control, target)

    return Case(name, layer, "relabel", "frame")


def _reflection() -> Case:
    """A controlled Z on the last qubit; phases on the others see to it that this is the one to fold along."""

    def layer(circuit: QuantumCircuit, number: int) -> None:
        if number < 2:
            others = range(VECTORS[0] + 1, circuit.num_qubits - 1)
            for pair in itertools.combinations(others, 2):
                circuit.cz(*pair)
            circuit.ry(_angle(number), others)
        circuit.ry(_angle(number), VECTORS[0])
        circuit.cz(VECTORS[0], circuit.num_qubits - 1)
        circuit.ry(_angle(number + 1), circuit.num_qubits - 1)

    return Case("CZ of real amplitudes", layer, "phases", "reflect", folded=True)


CASES = [
    *(_turns(axes, 0) for axes in (1, 2, 3)),
    *(_turns(0, lanes) for lanes in (1, 2, 3)),
    *(_turns(2, lanes) for lanes in (1, 3)),
    *(_turns(axes, 0, quarter=True) for axes in (1, 2, 3)),
    *(_turns(axes, 0, phases=True) for axes in (1, 2, 3)),
    _turns(3, 0, quarter=True, phases=True),
    _phases(1),
    _phases(2),
    _dense("matrix on two vector bits", [VECTORS[0], VECTORS[1]]),
    _dense("matrix on a vector bit and a lane", [VECTORS[0], LANES[0]]),
    _dense("matrix on three vector bits", VECTORS[:3]),
    _exchange("CX from a vector bit to a lane", VECTORS[0], LANES[0]),
    _exchange("CX from a lane to a vector bit", LANES[0], VECTORS[0]),
    _exchange("CX from a lane to a lane", LANES[0], LANES[1]),
    _reflection(),
]


def circuit_of(case: Case, num_qubits: int) -> QuantumCircuit:
    """Build a circuit on a state without zeros."""
    circuit = QuantumCircuit(num_qubits)
    start = circuit.ry if case.folded else circuit.rx
    start(0.4, range(num_qubits))
    for number in range(LAYERS):
        case.layer(circuit, number)
    return circuit


class Pass(NamedTuple):
    """One pass, with the phases that are done by it: per amplitude."""

    measured_ns: float
    predicted_ns: float
    fma: float


def passes_of(explained: Any, case: Case) -> Iterator[Pass]:
    """Yield the passes of this kind in long sweeps, but for the first and last one of each."""
    for stage in explained.stages:
        found = []
        for one, following in zip(stage.passes, [*stage.passes[1:], None], strict=True):
            if one.kind == case.kind and one.kernel == case.kernel:
                joined = [following] if following and (following.kind, following.kernel) == ("phases", "turn") else []
                predicted = sum(each.ns_per_amplitude for each in (one, *joined))
                fma = sum(each.fma_per_amplitude for each in (one, *joined))
                found.append(Pass(one.measured_ns_per_amplitude, predicted, fma))
        if len(found) > LAYERS // 2:
            yield from found[1:-1]


def measure(backend: Any, case: Case, num_qubits: int, threads: int, rounds: int) -> dict[str, float]:
    """Return what a pass takes and is predicted to take, and the multiply-adds and their bound, per amplitude."""
    circuit = circuit_of(case, num_qubits)
    least: dict[str, float] = {}
    for _ in range(rounds):
        explained = backend.explain(circuit, analyze=True, return_state=True)
        passes = list(passes_of(explained, case))
        if not passes:
            raise RuntimeError(f"the plan has no passes of the kind '{case.name}' on {num_qubits} qubits")
        took = statistics.median(one.measured_ns for one in passes)
        if not least or took < least["measured_ns"]:
            least = {
                "measured_ns": took,
                "predicted_ns": statistics.median(one.predicted_ns for one in passes),
                "bound_ns": 1e9 * statistics.median(one.fma for one in passes) * threads / explained.fma_per_second,
                "passes": len(passes),
            }
    return least


def _shown(number: float | None, digits: int) -> str:
    return "" if number is None else f"{number:.{digits}f}"


def main() -> int:
    """Measure all kernels, print a table and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qubits", type=int, default=20, help="of the state in place")
    parser.add_argument("--precision", choices=["single", "double"], default="double")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="in place; alone it is one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--isa", default="", help="instruction set; the best one if none is given")
    parser.add_argument("--name", default="kernels", help="name of the result file")
    options = parser.parse_args()
    os.environ.update(child_environment(options.threads))
    if options.isa:
        os.environ["KETJET_ISA"] = options.isa
    facts, cases, rows = machine_facts(), [], []
    alone = make_backend("ketjet", options.precision, 1)
    in_place = make_backend("ketjet", options.precision, options.threads)
    for case in CASES:
        one = {} if case.folded else measure(alone, case, ALONE_QUBITS, 1, options.rounds)
        many = measure(in_place, case, options.qubits, options.threads, options.rounds)
        cases.append({"kernel": case.name, "alone": one, "in_place": many})
        bound, alone_ns, in_place_ns = many["bound_ns"], one.get("measured_ns"), many["measured_ns"]
        print(f"{case.name}: {_shown(alone_ns, 3)}, {in_place_ns:.3f} ns", file=sys.stderr, flush=True)
        numbers = [bound, alone_ns, in_place_ns, many["predicted_ns"]]
        shares = [bound / each if bound and each else None for each in (alone_ns, in_place_ns)]
        rows.append([case.name, *(_shown(number, 3) for number in numbers), *(_shown(share, 2) for share in shares)])
    headings = ["kernel", "bound ns", "alone ns", "in place ns", "predicted ns", "share alone", "share in place"]
    print(markdown_table(headings, rows))
    path = write_results(options.name, facts, vars(options), cases=cases)
    print(f"\nwritten: {path}")
    return 0
