"""The one door to the compiled engine: only this package imports `_core`.

Everything that crosses it is plain data (Task in, Outcome out), so the same call runs on one of our own worker
threads, in a user's executor or in another process. Nothing here or below imports Qiskit.
"""

from ketjet._core import (
    Cancelled,
    ClassicalError,
    IterationLimitReached,
    Machine,
    MemoryLimitReached,
    Plan,
    Program,
    TimeLimitReached,
    VerificationFailed,
)
from ketjet.engine.calibration_file import FACTOR_LIMITS, calibration_path
from ketjet.engine.control import Control, Progress
from ketjet.engine.estimate import Demand, Estimate, demand, estimate, max_qubits
from ketjet.engine.machine import (
    AMPLITUDE_BYTES,
    MAX_QUBITS,
    Precision,
    available_memory,
    classical_codes,
    gate_codes,
    instruction_codes,
    isa_in_use,
    isa_names,
    keep_calibration,
    machine,
    recently_available_memory,
    uncalibrated,
    unitarity_error,
)
from ketjet.engine.report import PassReport, PlanReport, StageReport, machine_rates, rates_bytes, report
from ketjet.engine.run import (
    PLAN_OPTIONS,
    RNG_VERSION,
    Outcome,
    PassTimes,
    SavedRecord,
    Task,
    Verify,
    drift_of,
    execute,
    plan,
    state_qubits,
)
from ketjet.engine.state import State

__all__ = [
    "AMPLITUDE_BYTES",
    "FACTOR_LIMITS",
    "MAX_QUBITS",
    "PLAN_OPTIONS",
    "RNG_VERSION",
    "Cancelled",
    "ClassicalError",
    "Control",
    "Demand",
    "Estimate",
    "IterationLimitReached",
    "Machine",
    "MemoryLimitReached",
    "Outcome",
    "PassReport",
    "PassTimes",
    "Plan",
    "PlanReport",
    "Precision",
    "Program",
    "Progress",
    "SavedRecord",
    "StageReport",
    "State",
    "Task",
    "TimeLimitReached",
    "VerificationFailed",
    "Verify",
    "available_memory",
    "calibration_path",
    "classical_codes",
    "demand",
    "drift_of",
    "estimate",
    "execute",
    "gate_codes",
    "instruction_codes",
    "isa_in_use",
    "isa_names",
    "keep_calibration",
    "machine",
    "machine_rates",
    "max_qubits",
    "plan",
    "rates_bytes",
    "recently_available_memory",
    "report",
    "state_qubits",
    "uncalibrated",
    "unitarity_error",
]
