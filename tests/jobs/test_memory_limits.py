"""`max_memory_mb` is kept by everything that a run makes: a MemoryError of the job, never more memory than that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from qiskit import QuantumCircuit

from ketjet import Simulator
from ketjet.errors import InsufficientMemoryError

ALLOWANCE = 96
"""MiB beside the limit: blocks of threads, kernels' tables, Python objects, what the C library keeps."""

PRELUDE = """
import gc, json, resource, sys
from support.circuits import branches, coins
from ketjet import Simulator
from ketjet.errors import InsufficientMemoryError, JobFailedError
from support.saves import save

def run(circuits, **options):
    backend = Simulator(max_memory_mb=LIMIT, seed_simulator=5)
    result = Simulator(seed_simulator=5).run(coins(2), shots=10).result()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    job, said = None, "done"
    try:
        job = backend.run(circuits, **options)
        job.result()
    except InsufficientMemoryError as error:
        said = f"refused: {error}"
    except JobFailedError as error:
        assert isinstance(error.__cause__, MemoryError), repr(error.__cause__)
        said = f"failed: {error}"
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if said != "done":
        del job
        sys.last_value = None
        gc.collect()
        held = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 10
    else:
        held = before
    again = Simulator(seed_simulator=5).run(coins(2), shots=10).result().get_counts() == result.get_counts()
    print(json.dumps({"said": said, "grown": (after - before) >> 10, "kept": (held - before) >> 10, "again": again}))
"""

FAILING = {
    "per shot": (
        150,
        "run(save(branches(13, 12), 'save_statevector', 'list', range(13)), shots=4000)",
    ),
    "conditional": (
        150,
        "run(save(branches(13, 12), 'save_statevector', 'c_single', range(13)), shots=4000)",
    ),
    "density matrices": (
        150,
        "run(save(branches(8, 12), 'save_density_matrix', 'c_average', range(7)), shots=4000)",
    ),
    "probabilities": (
        150,
        "run(save(branches(14, 12), 'save_probabilities', 'list', range(14)), shots=4000)",
    ),
    "average": (
        100,
        "run(save(branches(14, 12), 'save_probabilities', 'average', range(14)), shots=4000)",
    ),
    "many records": (
        100,
        "run(save(coins(24), 'save_amplitudes', 'c_list', range(1), [0]), shots=400_000)",
    ),
    "exact": (
        60,
        "run(coins(24), exact=True)",
    ),
    "exact, wider": (
        30,
        "run(coins(28), exact=True)",
    ),
    "many outcomes": (
        100,
        "run(coins(40), shots=4_000_000)",
    ),
    "list": (
        200,
        "run(coins(30), shots=5_000_000, memory=True)",
    ),
    "results of a list": (
        100,
        "run([branches(16, 1) for _ in range(300)], return_state=True, shots=10)",
    ),
}

DONE = {
    "small states": (
        20,
        "run(branches(12, 12), shots=4000)",
    ),
    "states in few MiB": (
        12,
        "run(branches(13, 12), shots=4000)",
    ),
    "states": (
        100,
        "run(branches(20, 6), shots=100)",
    ),
    "few shots": (
        150,
        "run(save(branches(13, 4), 'save_statevector', 'list', range(13)), shots=20)",
    ),
}


def test_two_states_of_a_run_of_very_many_shots_are_seen_beforehand():
    circuit = QuantumCircuit(22, 2)
    for bit in range(2):
        circuit.ry(0.3, range(22))
        for qubit in range(21):
            circuit.cx(qubit, qubit + 1)
        circuit.measure(21, bit)
    backend = Simulator(max_memory_mb=100)
    for shots, states in ((1000, 1), (100_000, 2)):
        found = backend.estimate(circuit, shots=shots)
        assert found.fits == (states == 1)
        assert states * found.state_bytes <= found.peak_bytes
    with pytest.raises(InsufficientMemoryError):
        backend.run(circuit, shots=100_000)


def measured(limit, call):
    program = f"LIMIT = {limit}\n{PRELUDE}\n{call}"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1]
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return json.loads(found.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("limit", "call"), FAILING.values(), ids=FAILING)
def test_a_run_that_needs_too_much_fails_within_its_limit(limit, call):
    found = measured(limit, call)
    assert found["said"] != "done"
    assert "max_memory_mb" in found["said"]
    assert found["grown"] < limit + ALLOWANCE
    assert found["kept"] < ALLOWANCE
    assert found["again"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("limit", "call"), DONE.values(), ids=DONE)
def test_a_run_that_fits_is_done_within_its_limit(limit, call):
    found = measured(limit, call)
    assert found["said"] == "done"
    assert found["grown"] < limit + ALLOWANCE


def test_a_limit_beyond_all_memory_is_none(bell):
    assert Simulator(max_memory_mb=1e300).run(bell).result().success
