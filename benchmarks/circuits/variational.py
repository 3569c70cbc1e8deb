"""Variational problems: a circuit with parameters, their values and an observable; fixed by name, width and seed."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Problem(NamedTuple):
    """What every engine gets: the same circuit, numbers and Pauli strings.

    Attributes
    ----------
    circuit : QuantumCircuit
        RY, RZ, RX, H, CX and RZZ, RXX, RYY; angles are parameters as they are.
    values : list of float
        In the order of the circuit's parameters.
    observable : SparsePauliOp
    """

    circuit: QuantumCircuit
    values: list[float]
    observable: SparsePauliOp


def ansatz(num_qubits: int, parameters: int) -> QuantumCircuit:
    """Layers of RY and RZ in turns, a ladder of CX behind each, with so many parameters in all."""
    theta = ParameterVector("t", parameters)
    circuit = QuantumCircuit(num_qubits)
    for index in range(parameters):
        layer, qubit = divmod(index, num_qubits)
        (circuit.rz if layer % 2 else circuit.ry)(theta[index], qubit)
        if qubit == num_qubits - 1 and index < parameters - 1:
            for control in range(num_qubits - 1):
                circuit.cx(control, control + 1)
    return circuit


def trotter(num_qubits: int, couplings: str, steps: int = 10) -> QuantumCircuit:
    """Steps of a chain with a parameter for each kind of term: every other coupling of each kind, then a field."""
    theta = ParameterVector("t", steps * (len(couplings) + 1))
    circuit, index = QuantumCircuit(num_qubits), 0
    circuit.h(range(num_qubits))
    for _ in range(steps):
        for letter in couplings:
            for start in (0, 1):
                for qubit in range(start, num_qubits - 1, 2):
                    getattr(circuit, f"r{letter}{letter}")(theta[index], qubit, qubit + 1)
            index += 1
        circuit.rx(theta[index], range(num_qubits))
        index += 1
    return circuit


def random_strings(num_qubits: int, terms: int, rng: np.random.Generator) -> SparsePauliOp:
    """Different strings, every letter as likely as the others."""
    labels: dict[str, None] = {}
    while len(labels) < terms:
        labels["".join(rng.choice(list("IXYZ"), num_qubits))] = None
    return SparsePauliOp(list(labels), rng.normal(size=terms))


def chemistry(num_qubits: int, terms: int, rng: np.random.Generator) -> SparsePauliOp:
    """Strings of a molecule's Hamiltonian as Jordan and Wigner map it, in random order, as many as there are at most.

    Z and ZZ; excitations of two orbitals, XX and YY with Z between; of four, X and Y with Z in the two gaps.
    """
    strings = list(_jordan_wigner(num_qubits))
    chosen = rng.permutation(len(strings))[:terms]
    return SparsePauliOp([strings[index] for index in chosen], rng.normal(size=len(chosen)))


def _jordan_wigner(num_qubits: int) -> Iterator[str]:
    for count in (1, 2):
        for qubits in combinations(range(num_qubits), count):
            yield _label(num_qubits, dict.fromkeys(qubits, "Z"))
    for p, q in combinations(range(num_qubits), 2):
        for letter in "XY":
            yield _label(num_qubits, dict.fromkeys(range(p + 1, q), "Z") | dict.fromkeys((p, q), letter))
    even = ["XXXX", "YYYY", "XXYY", "YYXX", "XYXY", "YXYX", "XYYX", "YXXY"]
    for p, q, r, s in combinations(range(num_qubits), 4):
        between = dict.fromkeys([*range(p + 1, q), *range(r + 1, s)], "Z")
        for letters in even:
            yield _label(num_qubits, between | dict(zip((p, q, r, s), letters, strict=True)))


def _label(num_qubits: int, letters: dict[int, str]) -> str:
    return "".join(letters.get(qubit, "I") for qubit in reversed(range(num_qubits)))


def chain(num_qubits: int, couplings: str, rng: np.random.Generator) -> SparsePauliOp:
    """A chain with these couplings of neighbours and random fields along X or, for several couplings, Z."""
    field = "X" if couplings == "z" else "Z"
    terms = [(2 * letter.upper(), [q, q + 1], 1.0) for letter in couplings for q in range(num_qubits - 1)]
    terms += [(field, [q], float(rng.normal())) for q in range(num_qubits)]
    return SparsePauliOp.from_sparse_list(terms, num_qubits)


OBSERVABLES: dict[str, Callable[[int, int, np.random.Generator], SparsePauliOp]] = {
    "random": random_strings,
    "chemistry": chemistry,
    "diagonal": lambda n, _, rng: SparsePauliOp.from_sparse_list(
        [("ZZ", [q, q + 1], float(rng.normal())) for q in range(n - 1)], n
    ),
    "ising": lambda n, _, rng: chain(n, "z", rng),
    "heisenberg": lambda n, _, rng: chain(n, "xyz", rng),
}
"""By name; all are told the number of qubits and of strings, which chains need not heed."""


def build_problem(circuit: str, observable: str, num_qubits: int, parameters: int, terms: int) -> Problem:
    """Build a problem; `circuit` is "ansatz", "ising" or "heisenberg", of which the last two set their parameters."""
    rng = np.random.default_rng(7)
    made = (
        ansatz(num_qubits, parameters)
        if circuit == "ansatz"
        else trotter(num_qubits, {"ising": "z", "heisenberg": "xyz"}[circuit])
    )
    values = rng.uniform(-math.pi, math.pi, made.num_parameters).tolist()
    return Problem(made, values, OBSERVABLES[observable](num_qubits, terms, rng))
