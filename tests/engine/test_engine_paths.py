"""Random circuits aimed at one trick of the engine each, over precision, instruction set, threads and caches.

Bookkeeping of X, Z, CX and SWAP between turns; conditions on cold qubits; signs on their way through other operations;
scale factors that wait; couplings of many phases; dense pairs, with and without parity; wide matrices on lanes. The
reference is a plain simulator, and every other run checks itself too.
"""

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import gates as circuit_reference
from oracles.gates import BASES, CONTROLLED, Gate
from support.programs import SMALL_CACHES, TINY_CACHES, random_state, random_unitary

from ketjet import engine

TOLERANCE = {"double": 1e-13, "single": 4e-5}
FUSED = [isa for isa in engine.isa_names() if isa != "portable"]
TARGETS = {"swap": 2, "iswap": 2, "rxx": 2, "ryy": 2, "rzz": 2, "rzx": 2}
SLOTS = {"rx": 1, "ry": 1, "rz": 1, "p": 1, "u": 3, "rxx": 1, "ryy": 1, "rzz": 1, "rzx": 1}

machines = st.sampled_from([TINY_CACHES, SMALL_CACHES, engine.machine(), engine.Machine(l2_bytes=1 << 14)])
seeds = st.integers(0, 2**16)
corners = [k * math.pi / 2 + shift for k in range(-4, 9) for shift in (0, 1e-15, -1e-12, 1e-9, 1e-4)]
angles = st.one_of(st.sampled_from([0.0, 1e-300, 1e-9, 1e-5, *corners]), st.floats(-7, 7))


@st.composite
def gates(draw, num_qubits, names):
    """One gate by name; "+" before a name stands for one to four more controls."""
    name = draw(st.sampled_from(names))
    extra = 0
    if name.startswith("+"):
        name, extra = name[1:], draw(st.integers(1, max(1, min(4, num_qubits - 3))))
    own, base = CONTROLLED.get(name, (0, name))
    targets = TARGETS.get(base, 1)
    if name in {"unitary", "multiplexer"}:
        targets = draw(st.integers(3, min(6, num_qubits - 1) if name == "unitary" else 4))
    extra = min(extra, num_qubits - own - targets)
    wires = draw(st.permutations(range(num_qubits)))[: extra + own + targets]
    state = draw(st.one_of(st.none(), st.integers(0, 2 ** (extra + own) - 1)))
    matrix = None
    if name == "unitary":
        matrix = random_unitary(2**targets, draw(seeds))
    elif name == "multiplexer":
        matrix = np.array([random_unitary(2, draw(seeds)) for _ in range(2 ** (targets - 1))])
    slots = tuple(draw(angles) for _ in range(SLOTS.get(base, 0)))
    return Gate(name, tuple(wires), slots, extra, state, matrix)


@st.composite
def circuits(draw, names, low, high, most=40):
    num_qubits = draw(st.integers(low, high))
    return num_qubits, draw(st.lists(gates(num_qubits, names), min_size=1, max_size=most))


environments = st.tuples(machines, st.integers(1, 3), st.sampled_from(["off", "fast", "full"]), st.booleans())


def check(circuit, environment, scale=1):
    """Compare the states of all precisions and instruction sets with the reference, and the fused ones bit for bit."""
    num_qubits, listed = circuit
    machine, threads, verify, from_zero = environment
    start = None if from_zero else random_state(num_qubits)
    program = circuit_reference.program(num_qubits, listed, start)
    expected = circuit_reference.run(num_qubits, listed, start)
    for precision, tolerance in TOLERANCE.items():
        states = {}
        for isa in engine.isa_names():
            task = engine.Task(
                program, 0, 0, return_state=True, precision=precision, threads=threads, isa=isa, verify=verify
            )
            states[isa] = engine.execute(task, on=machine).state
            assert np.linalg.norm(states[isa] - expected) < scale * tolerance, (precision, isa)
        for isa in FUSED[1:]:
            np.testing.assert_array_equal(states[isa], states[FUSED[0]])


def paths(names, low, high, examples=50):
    def decorate(test):
        return settings(max_examples=examples, deadline=None)(given(circuits(names, low, high), environments)(test))

    return decorate


@paths(["cx", "cx", "cx", "swap", "x", "z", "h", "ry", "rx", "sx", "sxdg", "y"], 4, 9)
def test_bookkeeping_between_turns(circuit, environment):
    check(circuit, environment)


@st.composite
def fans(draw):
    """CX gates from one qubit to several, in either control state, between gates that leave signs and flips."""
    num_qubits = draw(st.integers(4, 9))
    listed = [Gate("ry", (qubit,), (0.3 + qubit,)) for qubit in range(num_qubits)]
    for _ in range(draw(st.integers(1, 8))):
        listed += draw(st.lists(gates(num_qubits, ["z", "x", "h", "ry", "swap", "cx"]), max_size=4))
        control, *targets = draw(st.permutations(range(num_qubits)))
        state = draw(st.integers(0, 1))
        listed += [Gate("cx", (control, target), state=state) for target in targets[: draw(st.integers(1, 6))]]
    return num_qubits, listed


@settings(max_examples=50, deadline=None)
@given(fans(), environments)
def test_controlled_flips_of_many_qubits_at_once(circuit, environment):
    check(circuit, environment)


@paths(
    ["crx", "cry", "crz", "ch", "csx", "cy", "ccx", "cswap", "ccz", "+h", "+ry", "+p", "+swap", "+rxx", "cx", "u"],
    5,
    10,
)
def test_conditions_on_cold_qubits(circuit, environment):
    check(circuit, environment)


@paths(["z", "x", "y", "h", "ry", "cx", "swap", "ccx", "cswap", "+x", "+swap", "multiplexer", "rxx", "rzx", "+z"], 4, 9)
def test_signs_on_their_way_through_other_operations(circuit, environment):
    check(circuit, environment)


@paths(["rxx", "ryy", "rzx", "cry", "csx", "u", "h", "rz", "t", "rx", "cx", "swap", "cz"], 4, 9)
def test_dense_pairs_that_take_in_their_neighbours(circuit, environment):
    check(circuit, environment)


@paths(["rxx", "ryy", "rzz", "iswap", "rz", "cz", "h", "x", "cx", "cswap"], 4, 9)
def test_pairs_that_keep_their_parity(circuit, environment):
    check(circuit, environment)


@paths(["unitary", "unitary", "+unitary", "h", "ry", "cx", "x", "z", "swap", "multiplexer"], 7, 9, examples=25)
def test_wide_matrices_on_lanes(circuit, environment):
    check(circuit, environment)


@paths(["cp", "rzz", "cz", "rz", "p", "s", "t", "+p", "h", "rx", "cx", "x"], 5, 10)
def test_phases_between_bookkeeping(circuit, environment):
    check(circuit, environment)


@paths(["cz", "s", "t", "cz", "rzz", "h", "sx", "ry", "cx"], 17, 18, examples=8)
def test_phases_that_many_rows_share(circuit, environment):
    check(circuit, environment)


REAL = ["h", "ry", "x", "z", "cx", "cx", "cz", "ccz", "ccx", "+x", "+z", "ch", "cry", "swap"]
# On these a sweep costs so much more than its passes that whatever can be folded is.
SLOW_MEMORY = [engine.Machine(l2_bytes=1 << bits, sweep_factor=1e6) for bits in (10, 12)]


@st.composite
def real_circuits(draw):
    """All qubits are turned, so that sweeps follow that fold the whole state; at the end amplitudes may be complex."""
    num_qubits = draw(st.integers(7, 10))
    turned = [Gate("ry", (qubit,), (draw(angles),)) for qubit in range(num_qubits)]
    real = draw(st.lists(gates(num_qubits, REAL), min_size=20, max_size=50))
    complex_gates = gates(num_qubits, ["rx", "t", "cp", "h", "cx", "y"])
    return num_qubits, turned + real + draw(st.lists(complex_gates, max_size=10))


@settings(max_examples=100, deadline=None)
@given(real_circuits(), st.sampled_from(SLOW_MEMORY), st.integers(1, 3))
def test_real_amplitudes_in_half_the_place(circuit, machine, threads):
    check(circuit, (machine, threads, "full", True), scale=2)


@pytest.mark.parametrize("num_qubits", [10, 12, 14])
@pytest.mark.parametrize("name", ["cp", "rzz"])
def test_phases_of_all_pairs(num_qubits, name):
    random = np.random.default_rng(num_qubits)
    pairs = [(a, b) for a in range(num_qubits) for b in range(a)]
    layers = []
    for layer in range(3):
        layers += [Gate("u", (q,), tuple(random.uniform(-3, 3, 3))) for q in range(num_qubits)]
        layers += [Gate(name, (a, b) if layer % 2 else (b, a), (random.uniform(-9, 9),)) for a, b in pairs]
        layers += [Gate("cx", (q, (q + 1) % num_qubits)) for q in range(0, num_qubits, 3)]
    for machine in (TINY_CACHES, SMALL_CACHES, engine.machine()):
        check((num_qubits, layers), (machine, 2, "full", True), scale=10)


@pytest.mark.parametrize("names", [("ry", "h"), ("rx", "sx"), ("h", "rx"), ("ry", "ry")])
@pytest.mark.parametrize("machine", [TINY_CACHES, engine.machine()])
def test_scales_of_deep_rotations_neither_underflow_nor_overflow(names, machine):
    num_qubits, layers = 12, 400
    angle = {"h": (), "sx": ()}
    slots = [angle.get(name, (1.5,)) for name in names]
    listed = [
        Gate(names[layer % 2], (qubit,), slots[layer % 2]) for layer in range(layers) for qubit in range(num_qubits)
    ]
    one = np.array([1, 0], complex)
    for layer in range(layers):
        one = BASES[names[layer % 2]](*slots[layer % 2]) @ one
    expected = reduce(np.kron, [one] * num_qubits)
    program = circuit_reference.program(num_qubits, listed)
    for switched_off in ((), ("merge_passes",), ("block_frame",)):
        for precision, isa in [("single", isa) for isa in engine.isa_names()] + [("double", "")]:
            task = engine.Task(
                program, 0, 0, return_state=True, precision=precision, isa=isa, switched_off=switched_off, verify="fast"
            )
            state = engine.execute(task, on=machine).state
            assert np.linalg.norm(state - expected) < (3e-4 if precision == "single" else 1e-12)
