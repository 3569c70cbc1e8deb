"""The one door to the compiled engine: only this package imports `_core`.

Everything that crosses it is plain data (Task in, Outcome out), so the same call runs on one of our own worker
threads, in a user's executor or in another process. Nothing here or below imports Qiskit.
"""

from ketjet._core import Cancelled, Machine, Plan, Program
from ketjet.engine.control import Control, Progress
from ketjet.engine.estimate import Demand, Estimate, demand, estimate, max_qubits
from ketjet.engine.machine import (
    AMPLITUDE_BYTES,
    MAX_QUBITS,
    Precision,
    available_memory,
    gate_codes,
    instruction_codes,
    isa_in_use,
    isa_names,
    machine,
    recently_available_memory,
    unitarity_error,
)
from ketjet.engine.run import RNG_VERSION, Outcome, Task, execute, plan
from ketjet.engine.state import State

__all__ = [
    "AMPLITUDE_BYTES",
    "MAX_QUBITS",
    "RNG_VERSION",
    "Cancelled",
    "Control",
    "Demand",
    "Estimate",
    "Machine",
    "Outcome",
    "Plan",
    "Precision",
    "Program",
    "Progress",
    "State",
    "Task",
    "available_memory",
    "demand",
    "estimate",
    "execute",
    "gate_codes",
    "instruction_codes",
    "isa_in_use",
    "isa_names",
    "machine",
    "max_qubits",
    "plan",
    "recently_available_memory",
    "unitarity_error",
]
