"""Dynamic benchmark circuits, by name and width: measurements and resets in the middle, feed-forward, loops.

Every simulator that knows Qiskit's control flow can run them as they are. Each ends with measurements, and its
``metadata["even"]`` lists sets of classical bits whose parity is even in every single shot, because the circuit undoes
what it did or because quantum mechanics says so: a check of each engine by itself, however few its shots are.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.classical import expr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qiskit.circuit import Clbit

PHASE_BITS = 8
TRIED_GATES = 4
REUSES = 8
SURFACE_QUBITS = 17
SURFACE_ROUNDS = 5
SURFACE_ERROR = 0.1
Z_CHECKS = ((0, 1, 3, 4), (4, 5, 7, 8), (2, 5), (3, 6))
X_CHECKS = ((1, 2, 4, 5), (3, 4, 6, 7), (0, 1), (7, 8))
"""Stabilisers of the rotated distance-3 code; data qubit 3r + c sits at row r, column c."""


def teleportation(num_qubits: int, seed: int) -> QuantumCircuit:
    """Teleport a qubit along the register, two places a hop, over fresh Bell pairs; then rotate it back to |0⟩.

    All measured bits are kept. An even width leaves a qubit over: the message is entangled with it.
    """
    hops = (num_qubits - 1) // 2
    circuit = QuantumCircuit(num_qubits, 2 * hops)
    angles = np.random.default_rng(seed).uniform(0.3, math.pi - 0.3, 2).tolist()
    circuit.ry(angles[0], 0)
    circuit.rz(angles[1], 0)
    partner = [num_qubits - 1] if num_qubits % 2 == 0 else []
    for qubit in partner:
        circuit.cx(0, qubit)
    for hop in range(hops):
        here, left, right = range(2 * hop, 2 * hop + 3)
        circuit.h(left)
        circuit.cx(left, right)
        circuit.cx(here, left)
        circuit.h(here)
        circuit.measure([here, left], [here, left])
        with circuit.if_test((circuit.clbits[left], 1)):
            circuit.x(right)
        with circuit.if_test((circuit.clbits[here], 1)):
            circuit.z(right)
    for qubit in partner:
        circuit.cx(2 * hops, qubit)
    circuit.rz(-angles[1], 2 * hops)
    circuit.ry(-angles[0], 2 * hops)
    return _measure(circuit, [2 * hops, *partner])


def repeat_until_success(num_qubits: int, seed: int) -> QuantumCircuit:
    """Four rotations RZ(arccos 3/5) of an entangled register, each tried with two ancillas until both read 0.

    A try succeeds with probability 5/8, otherwise it has applied Z, which is undone. Between the rotations and before
    the first are entangling layers; at the end all is undone, so that the register reads 0.
    """
    data = num_qubits - 2
    rng = np.random.default_rng(seed)
    flags = ClassicalRegister(2, "flags")
    circuit = QuantumCircuit(QuantumRegister(num_qubits), flags)
    ancillas, targets = (data, data + 1), rng.integers(0, data, TRIED_GATES).tolist()
    layers = [_layer(data, rng) for _ in targets]

    def attempt(target: int) -> None:
        circuit.h(ancillas)
        circuit.ccx(*ancillas, target)
        circuit.s(target)
        circuit.ccx(*ancillas, target)
        circuit.h(ancillas)
        circuit.measure(ancillas, flags)

    for layer, target in zip(layers, targets, strict=True):
        circuit.compose(layer, range(data), inplace=True)
        attempt(target)
        with circuit.while_loop(expr.not_equal(flags, 0)):
            circuit.z(target)
            circuit.reset(ancillas)
            attempt(target)
    for layer, target in zip(reversed(layers), reversed(targets), strict=True):
        circuit.rz(-math.acos(0.6), target)
        circuit.compose(layer.inverse(), range(data), inplace=True)
    return _measure(circuit, range(data), even=[[0], [1]])


def phase_estimation(num_qubits: int, seed: int) -> QuantumCircuit:
    """Iterative phase estimation with one ancilla, measured and reset for each of 8 bits, last bit first.

    The operator is V D V†, with a layer of rotations and CZ as V and phases as D, and V|x⟩ is its eigenstate. At the
    end V and x are undone, so that the register reads 0.
    """
    data, ancilla = num_qubits - 1, num_qubits - 1
    rng = np.random.default_rng(seed)
    basis, phases = _layer(data, rng), rng.uniform(0.0, 2 * math.pi, data).tolist()
    ones = np.flatnonzero(rng.integers(0, 2, data)).tolist() or [0]
    circuit = QuantumCircuit(num_qubits, PHASE_BITS)
    circuit.x(ones)
    circuit.compose(basis, range(data), inplace=True)
    for bit in reversed(range(PHASE_BITS)):
        circuit.h(ancilla)
        circuit.compose(basis.inverse(), range(data), inplace=True)
        for qubit, phase in enumerate(phases):
            circuit.cp(phase * 2**bit % (2 * math.pi), ancilla, qubit)
        circuit.compose(basis, range(data), inplace=True)
        for known in range(bit + 1, PHASE_BITS):
            with circuit.if_test((circuit.clbits[known], 1)):
                circuit.p(-math.pi / 2 ** (known - bit), ancilla)
        circuit.h(ancilla)
        circuit.measure(ancilla, bit)
        circuit.reset(ancilla)
    circuit.compose(basis.inverse(), range(data), inplace=True)
    circuit.x(ones)
    return _measure(circuit, range(data))


def surface_code(num_qubits: int, _seed: int) -> QuantumCircuit:
    """Five rounds of the rotated distance-3 surface code, 9 data qubits and 8 ancillas; then a table of corrections.

    Every round begins with a small RX of each data qubit, measures all stabilisers into registers of their own and
    resets the ancillas. Errors of RX leave the X stabilisers alone, so these read the same in every round; after the
    correction the final data satisfy all Z stabilisers.
    """
    if num_qubits != SURFACE_QUBITS:
        raise ValueError(f"the surface code has {SURFACE_QUBITS} qubits, not {num_qubits}")
    data, z_ancillas, x_ancillas = range(9), range(9, 13), range(13, 17)
    z_records = [ClassicalRegister(4, f"z{number}") for number in range(SURFACE_ROUNDS)]
    x_records = [ClassicalRegister(4, f"x{number}") for number in range(SURFACE_ROUNDS)]
    circuit = QuantumCircuit(QuantumRegister(num_qubits), *z_records, *x_records)
    for z_record, x_record in zip(z_records, x_records, strict=True):
        circuit.rx(SURFACE_ERROR, data)
        circuit.h(x_ancillas)
        for ancilla, check in zip(z_ancillas, Z_CHECKS, strict=True):
            circuit.cx(check, ancilla)
        for ancilla, check in zip(x_ancillas, X_CHECKS, strict=True):
            circuit.cx(ancilla, check)
        circuit.h(x_ancillas)
        circuit.measure(z_ancillas, z_record)
        circuit.measure(x_ancillas, x_record)
        circuit.reset([*z_ancillas, *x_ancillas])
    for syndrome, errors in _corrections().items():
        with circuit.if_test((z_records[-1], syndrome)):
            circuit.x(errors)
    steady = [
        [circuit.find_bit(bit).index for bit in pair]
        for record in x_records[1:]
        for pair in zip(x_records[0], record, strict=True)
    ]
    first = circuit.num_clbits
    even = [[first + qubit for qubit in check] for check in Z_CHECKS]
    return _measure(circuit, data, even=[*steady, *even], zero=False)


def reset_reuse(num_qubits: int, seed: int) -> QuantumCircuit:
    """One ancilla used eight times: coupled to an entangled register, every other time measured, and reset."""
    data, ancilla = num_qubits - 1, num_qubits - 1
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(num_qubits, REUSES // 2 + 1)
    for use in range(REUSES):
        circuit.compose(_layer(data, rng), range(data), inplace=True)
        for qubit in rng.permutation(data)[:3].tolist():
            circuit.cry(float(rng.uniform(0.5, 1.5)), qubit, ancilla)
        if use % 2:
            circuit.measure(ancilla, use // 2)
        circuit.reset(ancilla)
    circuit.measure(ancilla, REUSES // 2)
    return _measure(circuit, range(data), even=[[REUSES // 2]], zero=False)


def endless(num_qubits: int, seed: int) -> QuantumCircuit:
    """A loop that goes on as long as a qubit in |1⟩ reads 1, around an entangling layer of the others."""
    circuit = QuantumCircuit(num_qubits, 1)
    circuit.x(num_qubits - 1)
    circuit.measure(num_qubits - 1, 0)
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.compose(_layer(num_qubits - 1, np.random.default_rng(seed)), range(num_qubits - 1), inplace=True)
        circuit.measure(num_qubits - 1, 0)
    return circuit


DYNAMIC: dict[str, Callable[[int, int], QuantumCircuit]] = {
    function.__name__: function
    for function in (teleportation, repeat_until_success, phase_estimation, surface_code, reset_reuse)
}
"""The circuits of ``run.py dynamic``."""


def build_dynamic(name: str, num_qubits: int, seed: int = 1) -> QuantumCircuit:
    """Build a dynamic circuit by name."""
    return DYNAMIC[name](num_qubits, seed).copy(name=f"{name}_{num_qubits}")


def widths(name: str, wanted: Sequence[int]) -> list[int]:
    """Return those of the wanted widths in which a circuit exists; the surface code has but one."""
    return [SURFACE_QUBITS] if name == "surface_code" else list(wanted)


def _layer(num_qubits: int, rng: np.random.Generator) -> QuantumCircuit:
    """RY by random angles and a chain of CZ."""
    circuit = QuantumCircuit(num_qubits)
    for qubit, angle in enumerate(rng.uniform(0.0, math.pi, num_qubits).tolist()):
        circuit.ry(angle, qubit)
    for qubit in range(num_qubits - 1):
        circuit.cz(qubit, qubit + 1)
    return circuit


def _measure(
    circuit: QuantumCircuit, qubits: Sequence[int], even: Sequence[Sequence[int]] = (), *, zero: bool = True
) -> QuantumCircuit:
    """Measure some qubits into a new register; ``zero`` promises that they read 0, ``even`` is promised besides."""
    first: list[Clbit] = circuit.clbits
    result = ClassicalRegister(len(qubits), "result")
    circuit.add_register(result)
    circuit.measure(qubits, result)
    promised = [[index] for index in range(len(first), circuit.num_clbits)] if zero else []
    circuit.metadata = {"even": [*map(list, even), *promised]}
    return circuit


def _corrections() -> dict[int, list[int]]:
    """For each syndrome of the Z stabilisers but 0, as few data qubits as possible to flip."""
    found: dict[int, list[int]] = {}
    for weight in range(4):
        for errors in itertools.combinations(range(9), weight):
            syndrome = sum((len({*errors} & {*check}) % 2) << place for place, check in enumerate(Z_CHECKS))
            found.setdefault(syndrome, list(errors))
    return {syndrome: errors for syndrome, errors in sorted(found.items()) if syndrome}
