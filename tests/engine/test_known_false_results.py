"""Circuits on which optimisers of other simulators gave wrong states, against a plain reference.

Qiskit Aer 0.18 returned a state orthogonal to the right one for the first family on 15 qubits and for 3 of 240 random
circuits like the second (Qiskit/qiskit-aer#2245), and mistook open controls of gates on several qubits (#2342).
"""

import itertools

import numpy as np
import pytest
from oracles import gates as circuit_reference
from oracles.gates import Gate
from support.programs import SMALL_CACHES, TINY_CACHES, final_state, random_unitary

from ketjet import engine

SETTINGS = [
    {"precision": precision, "isa": isa, "threads": threads, "on": machine}
    for precision in ("double", "single")
    for isa in engine.isa_names()
    for threads in (1, 2)
    for machine in (engine.machine(), SMALL_CACHES, TINY_CACHES)
]
TOLERANCE = {"double": 1e-12, "single": 2e-5}


def check(num_qubits, gates, settings):
    """Compare the state with the reference in length, so that amplitudes that are all small count too."""
    expected = circuit_reference.run(num_qubits, gates)
    program = circuit_reference.program(num_qubits, gates)
    for setting in settings:
        distance = np.linalg.norm(final_state(program, **setting) - expected)
        assert distance < TOLERANCE[setting["precision"]], setting


@pytest.mark.parametrize("num_qubits", [13, 14, 15, 16])
def test_x_s_x_behind_an_entangling_gate(num_qubits):
    settings = itertools.cycle(SETTINGS)
    last = num_qubits - 1
    for control, target in [(1, 0), (0, 1), (last, 0), (0, last), (last, last - 1), (5, 9), (9, 5)]:
        for first, tail in itertools.product([control, target], [control, target]):
            entangle = [Gate("h", (first,)), Gate("cx", (control, target))]
            gates = [*entangle, Gate("x", (tail,)), Gate("s", (tail,)), Gate("x", (tail,))]
            check(num_qubits, gates, itertools.islice(settings, 3))


def universal(num_qubits, depth, random):
    """Random gates of the set on which fusion failed."""
    gates = []
    for name in random.choice(["h", "x", "s", "t", "cx", "cz", "rx", "rz"], depth):
        wires = random.permutation(num_qubits)[: 2 if name[0] == "c" else 1]
        slots = (random.uniform(-np.pi, np.pi),) if name[0] == "r" else ()
        gates.append(Gate(str(name), tuple(wires.tolist()), slots))
    return gates


@pytest.mark.parametrize(("num_qubits", "circuits"), [(15, 150), (16, 45), (17, 15), (18, 8)])
def test_random_universal_circuits(num_qubits, circuits):
    random = np.random.default_rng(num_qubits)
    settings = itertools.cycle(SETTINGS)
    for _ in range(circuits):
        gates = universal(num_qubits, int(random.integers(60, 160)), random)
        check(num_qubits, gates, itertools.islice(settings, 2))


@pytest.mark.parametrize("setting", SETTINGS)
def test_open_controls_of_gates_on_several_qubits(setting):
    random = np.random.default_rng(1)
    num_qubits = 9
    for _ in range(6):
        gates = [Gate("u", (q,), tuple(random.uniform(-3, 3, 3))) for q in range(num_qubits)]
        for name, controls, targets in [
            ("cswap", 0, 3),
            ("rxx", 2, 2),
            ("swap", 3, 2),
            ("unitary", 2, 3),
            ("rzx", 1, 2),
        ]:
            wires = tuple(random.permutation(num_qubits)[: controls + targets].tolist())
            state = int(random.integers(2 ** (controls + (name == "cswap"))))
            slots = (random.uniform(-3, 3),) if name in {"rxx", "rzx"} else ()
            matrix = random_unitary(8, int(random.integers(100))) if name == "unitary" else None
            gates.append(Gate(name, wires, slots, controls, state, matrix))
        check(num_qubits, gates, [setting])
