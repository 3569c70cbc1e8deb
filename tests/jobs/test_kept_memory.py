"""States beyond the pool's limit: their memory is kept for the next ones, as long as the system does not need it."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRELUDE = """
import gc, os, resource, sys
import numpy as np
from qiskit import QuantumCircuit
from ketjet import Simulator, _core, engine

STATE, NO_OFFERS = 16 << 20, 77

def rotated(angle):
    circuit = QuantumCircuit(20)
    for qubit in range(20):
        circuit.ry(angle * (qubit + 1), qubit)
    return circuit

def run(angle=0.5, **options):
    return Simulator(**options).run(rotated(angle), return_state=True).result().data()["statevector"]

def place(state):
    return np.asarray(state).__array_interface__["data"][0]

def offered():
    gc.collect()
    return _core.buffer_usage()[2]

_core.set_pool_limit(1 << 20)
expected = np.array(run())
if offered() == 0:
    sys.exit(NO_OFFERS)
"""

CODE = {
    "results that were dropped give their memory to the next ones": """
kept = [run(), run()]
places = sorted(map(place, kept))
np.testing.assert_array_equal(kept[0], expected)
del kept
assert offered() == 2 * STATE
again = [run(0.25), run()]
assert sorted(map(place, again)) == places and offered() == 0
np.testing.assert_array_equal(again[1], expected)
""",
    "a result is its own while others run": """
kept = run()
for angle in (0.25, 0.125):
    assert place(run(angle)) != place(kept)
np.testing.assert_array_equal(kept, expected)
""",
    "a forked child has the results, and nothing of what is kept": """
first, second = run(), run()
del second
assert offered() == STATE
if (child := os.fork()) == 0:
    fine = offered() == 0 and np.array_equal(first, expected) and np.array_equal(run(), expected)
    os._exit(0 if fine else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
np.testing.assert_array_equal(first, expected)
np.testing.assert_array_equal(run(), expected)
""",
    "a cancelled run keeps nothing": """
job = Simulator(max_threads=1).run(rotated(0.5).repeat(3000), return_state=True)
while not job.progress().bytes_moved:
    pass
before = _core.buffer_usage()
assert job.cancel()
while _core.buffer_usage()[0]:
    pass
assert offered() == before[2] == 0
""",
    "nothing is kept beside a run that max_memory_mb leaves no room for it": """
circuit = rotated(0.5)
circuit.measure_all()
Simulator(max_memory_mb=24).run(circuit, shots=10).result()
assert offered() == 0
Simulator(max_memory_mb=48).run(circuit, shots=10).result()
assert offered() == STATE
""",
    "a limit of the address space": """
limit = resource.getrlimit(resource.RLIMIT_AS)
free = engine.available_memory()[0]
mapped = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (mapped + (64 << 20), limit[1]))
available, rule = engine.available_memory()
assert rule == "RLIMIT_AS" and available >= (64 << 20) + STATE
np.testing.assert_array_equal(run(), expected)
assert offered() == 0
""",
}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes memory that is offered")
@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_kept_memory(code):
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode == 77:
        pytest.skip("this system takes no offers")
    assert done.returncode == 0, done.stderr[-3000:]
