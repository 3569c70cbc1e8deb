"""Programs written by hand, without Qiskit: a list of operations, packed for the engine."""

from __future__ import annotations

import numpy as np

from ketjet import engine

TINY_CACHES = engine.Machine(l2_bytes=1 << 10)
"""Plans for this machine have blocks of a few qubits, so that every path of the executor runs at six qubits."""

SMALL_CACHES = engine.Machine(l2_bytes=1 << 12)


def op(name, wires, *, controls=0, state=None, slots=(), payload=None, clbit=-1):
    """One operation: controls first in `wires`; `state` is their required value (default: all ones)."""
    gates = engine.gate_codes()
    code = gates[name][0] if name in gates else engine.instruction_codes()[name]
    controls += gates[name][1] if name in gates else 0
    return code, list(wires), controls, (1 << controls) - 1 if state is None else state, list(slots), payload, clbit


def pack(num_qubits, operations, num_clbits=0):
    """The Program of a list of `op`s."""
    payloads = [operation[5] for operation in operations if operation[5] is not None]
    numbers = iter(range(len(payloads)))
    return engine.Program(
        num_qubits,
        num_clbits,
        codes=np.array([o[0] for o in operations], np.int32),
        wire_begin=np.cumsum([0] + [len(o[1]) for o in operations]),
        wires=np.array([wire for o in operations for wire in o[1]], np.int32),
        num_controls=np.array([o[2] for o in operations], np.uint16),
        control_state=np.array([o[3] for o in operations], np.uint64),
        slot_begin=np.cumsum([0] + [len(o[4]) for o in operations]),
        slots=np.array([slot for o in operations for slot in o[4]], float),
        operand=np.array([o[6] if o[5] is None else next(numbers) for o in operations], np.int64),
        payloads=payloads,
    )


def random_state(num_qubits, seed=0):
    """A normalised random state."""
    random = np.random.default_rng(seed)
    state = random.normal(size=2**num_qubits) + 1j * random.normal(size=2**num_qubits)
    return state / np.linalg.norm(state)


def random_unitary(dimension, seed=0):
    """A random unitary matrix."""
    random = np.random.default_rng(seed)
    return np.linalg.qr(random.normal(size=(dimension,) * 2) + 1j * random.normal(size=(dimension,) * 2))[0]


def final_state(program, *, precision="double", threads=1, isa="", on=None):
    """The state after a program."""
    task = engine.Task(program, 0, 0, return_state=True, precision=precision, threads=threads, isa=isa)
    return engine.execute(task, on=on).state


def entangled(num_qubits, num_measured=None):
    """A program of random rotations and CXs on every neighbouring pair, with final measurements."""
    random = np.random.default_rng(num_qubits)
    operations = []
    for _ in range(2):
        for qubit in range(num_qubits):
            operations.append(op("u", [qubit], slots=random.uniform(-3, 3, 3)))
        for qubit in range(num_qubits - 1):
            operations.append(op("cx", [qubit, qubit + 1]))
    measured = num_qubits if num_measured is None else num_measured
    operations += [op("measure", [qubit], clbit=qubit) for qubit in range(measured)]
    return pack(num_qubits, operations, measured)
