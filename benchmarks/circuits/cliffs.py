"""Circuits on which a simulator has once been far slower than it need be: the rows of ``run.py cliffs``.

To add a row, write a function that builds it and name it in ``CLIFFS``, with the work to do where that is not to count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit, qasm2, transpile
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import SparsePauliOp

from ketjet import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

SHOTS = 1024


def count(backend: Any, circuit: QuantumCircuit) -> None:
    """Run a circuit from its gates to its counts."""
    result = backend.run(circuit, shots=SHOTS, seed_simulator=7).result()
    if not result.success:  # Aer says so and goes on
        raise RuntimeError(result.status)
    result.get_counts()


def look(backend: Any, circuit: QuantumCircuit) -> None:
    """Run a circuit from its gates to what it saves."""
    result = backend.run(circuit, shots=SHOTS, seed_simulator=7).result()
    if not result.success:
        raise RuntimeError(result.status)
    result.data()


@dataclass(frozen=True)
class Cliff:
    """What is built, untimed, and what is done with it on a backend, timed."""

    build: Callable[[], Any]
    work: Callable[[Any, Any], object] = count


def count_defined(backend: Any, circuit: QuantumCircuit) -> None:
    """Do so with a circuit of gates that only some backends take as they are defined."""
    if not isinstance(backend, Simulator):
        circuit = transpile(circuit, backend, optimization_level=0)
    count(backend, circuit)


def translate(backend: Any, circuit: QuantumCircuit) -> None:
    """Transpile a circuit for a backend at the default level."""
    transpile(circuit, backend, seed_transpiler=7)


def clean_resets() -> QuantumCircuit:
    """Reset an ancilla ten times that is |0⟩ each time: it was computed and uncomputed."""
    size = 14
    circuit = QuantumCircuit(size, size)
    circuit.ry(0.4, range(1, size))
    for _ in range(10):
        circuit.h(0)
        for qubit in (*range(1, size), *range(1, size)):
            circuit.cz(0, qubit)
        circuit.h(0)
        circuit.rx(0.1, range(1, size))
        circuit.reset(0)
    circuit.measure(range(size), range(size))
    return circuit


def uncomputed_toffolis() -> QuantumCircuit:
    """Compute a conjunction into two clean ancillas, use it, uncompute it and reset them, in thirty rounds.

    The Toffoli gates are made of gates on two qubits, as a transpiler leaves them.
    """
    circuit = QuantumCircuit(18, 16)
    circuit.ry(0.7, range(16))
    for first in range(30):
        a, b, c, target = ((first * 3 + step) % 16 for step in (0, 1, 2, 5))
        circuit.ccx(a, b, 16)
        circuit.ccx(16, c, 17)
        circuit.cx(17, target)
        circuit.ccx(16, c, 17)
        circuit.ccx(a, b, 16)
        circuit.cz(target, a)
        circuit.h(a)
        circuit.reset([16, 17])
    circuit.measure(range(16), range(16))
    return circuit.decompose("ccx")


def unread_corrections() -> QuantumCircuit:
    """Measure twelve qubits of a chain and correct others, which nobody looks at."""
    circuit = QuantumCircuit(18, 12)
    for qubit in range(18):
        circuit.ry(0.3 + 0.1 * qubit, qubit)
    for qubit in range(17):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(range(12), range(12))
    for qubit in range(12):
        with circuit.if_test((circuit.clbits[qubit], 1)):
            circuit.x(12 + qubit % 6)
    return circuit


def semiclassical_transform() -> QuantumCircuit:
    """A Fourier transform by measurements, with phases that depend on the bits measured before."""
    size = 23
    circuit = QuantumCircuit(size, size)
    circuit.ry(0.4, range(size))
    for qubit in range(size):
        circuit.h(qubit)
        circuit.measure(qubit, qubit)
        for later in range(qubit + 1, size):
            with circuit.if_test((circuit.clbits[qubit], 1)):
                circuit.p(-math.pi / 2 ** (later - qubit), later)
    return circuit


def fresh_ancillas() -> QuantumCircuit:
    """Three rounds of parity checks of an entangled register, with new ancillas in every round."""
    data, rounds = 6, 3
    ancillas = rounds * (data - 1)
    circuit = QuantumCircuit(data + ancillas, ancillas + data)
    circuit.ry(0.8, range(data))
    for turn in range(rounds):
        circuit.rx(0.2, range(data))
        for check in range(data - 1):
            place = turn * (data - 1) + check
            circuit.cx(check, data + place)
            circuit.cx(check + 1, data + place)
            circuit.measure(data + place, place)
            with circuit.if_test((circuit.clbits[place], 1)):
                circuit.rx(0.3, check)
    circuit.measure(range(data), range(ancillas, ancillas + data))
    return circuit


def saving(circuit: QuantumCircuit, name: str, *arguments: Any, **options: Any) -> QuantumCircuit:
    """Append one of Aer's save instructions."""
    import qiskit_aer.library  # noqa: F401 - gives circuits the methods

    getattr(circuit, name)(*arguments, **options)
    return circuit


def known_bits() -> QuantumCircuit:
    """Flip 32 qubits and measure them."""
    circuit = QuantumCircuit(32, 32)
    circuit.x(range(32))
    circuit.measure(range(32), range(32))
    return circuit


def laid_out() -> QuantumCircuit:
    """An observable of two qubits in a circuit that was laid out for a device of 127."""
    circuit = QuantumCircuit(127)
    circuit.h(3)
    circuit.cx(3, 126)
    operator = SparsePauliOp.from_sparse_list([("XX", [3, 126], 1)], 127)
    return saving(circuit, "save_expectation_value", operator, range(127))


def mixed(num_qubits: int) -> QuantumCircuit:
    """Entangle all qubits."""
    circuit = QuantumCircuit(num_qubits)
    for layer in range(3):
        for qubit in range(num_qubits):
            circuit.ry(0.3 + 0.1 * qubit + layer, qubit)
        for qubit in range(num_qubits):
            circuit.cx(qubit, (qubit + 3) % num_qubits)
    return circuit


def issue_density() -> QuantumCircuit:
    """Half of twenty qubits, of which few are entangled."""
    circuit = QuantumCircuit(20)
    circuit.h(range(20))
    circuit.cx(0, 19)
    return saving(circuit, "save_density_matrix", range(10))


def conditional_states() -> QuantumCircuit:
    """A state of four qubits for each of 2^14 values of the classical bits."""
    circuit = QuantumCircuit(4, 14)
    circuit.ry(0.3, range(4))
    for bit in range(14):
        circuit.h(0)
        circuit.measure(0, bit)
    return saving(circuit, "save_statevector", conditional=True)


def look_at_many(backend: Any, circuit: QuantumCircuit) -> None:
    """Run a circuit for so many shots that nearly every key occurs."""
    backend.run(circuit, shots=1 << 17, seed_simulator=7).result().data()


def nested_definitions() -> QuantumCircuit:
    """A gate that contains itself-one-smaller twice, twelve deep."""
    inner = QuantumCircuit(2)
    inner.ry(0.1, 0)
    inner.cx(0, 1)
    for _ in range(12):
        outer = QuantumCircuit(2)
        gate = inner.to_gate()
        outer.append(gate, [0, 1])
        outer.append(gate, [1, 0])
        inner = outer
    inner.measure_all()
    return inner


def gates_of_a_file() -> QuantumCircuit:
    """Gates that an OpenQASM 2 file defines in four levels, each use with angles of its own."""
    text = 'OPENQASM 2.0; include "qelib1.inc"; gate g0(t) a, b { rx(t) a; cx a, b; }'
    for level in range(1, 4):
        body = " ".join(f"g{level - 1}(t * {turn}) a, b;" for turn in range(1, 9))
        text += f" gate g{level}(t) a, b {{ {body} }}"
    return qasm2.loads(f"{text} qreg q[2]; creg c[2]; g3(0.01) q[0], q[1]; measure q -> c;")


def wide_initialisation() -> QuantumCircuit:
    """Twenty qubits in a given state, measured."""
    circuit = QuantumCircuit(20, 20)
    rng = np.random.default_rng(1)
    state = rng.normal(size=1 << 20) + 1j * rng.normal(size=1 << 20)
    circuit.initialize(state / np.linalg.norm(state), range(20))
    circuit.measure(range(20), range(20))
    return circuit


def plain_gates() -> QuantumCircuit:
    """Five thousand gates on five qubits."""
    rng = np.random.default_rng(1)
    circuit = QuantumCircuit(5)
    for _ in range(2500):
        first, second = map(int, rng.choice(5, 2, replace=False))
        circuit.rx(rng.random(), first)
        circuit.cx(first, second)
    return circuit


def evolution() -> QuantumCircuit:
    """A product formula of sixty terms on nine qubits."""
    rng = np.random.default_rng(1)
    labels = ["".join(rng.choice(list("IXYZ"), 9)) for _ in range(60)]
    circuit = QuantumCircuit(9)
    circuit.append(PauliEvolutionGate(SparsePauliOp(labels, rng.random(60)), 0.3), range(9))
    return circuit


CLIFFS: dict[str, Cliff] = {
    "known bits of 32 qubits": Cliff(known_bits),
    "observable of a laid out circuit": Cliff(laid_out, look),
    "density matrix, 10 of 20, few entangled": Cliff(issue_density, look),
    **{
        f"density matrix, {k} of {n}": Cliff(lambda n=n, k=k: saving(mixed(n), "save_density_matrix", range(k)), look)
        for n, k in ((20, 10), (20, 11), (16, 10), (22, 3), (12, 12))
    },
    "density matrix, 10 of 20, from above": Cliff(
        lambda: saving(mixed(20), "save_density_matrix", range(19, 9, -1)), look
    ),
    "conditional states of 2^14 keys": Cliff(conditional_states, look_at_many),
    "resets of clean ancillas": Cliff(clean_resets),
    "uncomputed Toffolis, reset": Cliff(uncomputed_toffolis),
    "corrections nobody reads": Cliff(unread_corrections),
    "semiclassical transform": Cliff(semiclassical_transform),
    "fresh ancillas each round": Cliff(fresh_ancillas),
    "nested definitions": Cliff(nested_definitions, count_defined),
    "gates of a file": Cliff(gates_of_a_file, count_defined),
    "initialise 20 qubits": Cliff(wide_initialisation),
    "transpile plain gates": Cliff(plain_gates, translate),
    "transpile an evolution": Cliff(evolution, translate),
}
