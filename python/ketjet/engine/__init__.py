"""The one door to the compiled engine: only this package imports `_core`.

Everything that crosses it is plain data (Task in, Outcome out), so the same call runs on one of our own worker
threads, in a user's executor or in another process. Nothing here or below imports Qiskit.
"""

from ketjet._core import (
    Cancelled,
    ClassicalError,
    Evolution,
    Formulas,
    IterationLimitReached,
    Machine,
    MemoryLimitReached,
    MirroredPlan,
    NotDifferentiable,
    PeerFailed,
    Plan,
    PlanFormatError,
    Program,
    TimeLimitReached,
    VerificationFailed,
)
from ketjet.engine.calibration_file import FACTOR_LIMITS, calibration_path
from ketjet.engine.control import Control, ControlPage, PageAddress, Progress
from ketjet.engine.demand import Demand, demand, max_qubits
from ketjet.engine.drift import DRIFT_LIMITS, drift_of
from ketjet.engine.estimate import Estimate, estimate
from ketjet.engine.fitting import fitted
from ketjet.engine.geometric_tensor import LayersRequest, SavedStrings, TensorRequest
from ketjet.engine.gradient import GradientRequest, commuting_layers, generators, gradient_demand, mirrored_plan
from ketjet.engine.light_cones import LightCone, light_cones, needed_to_read
from ketjet.engine.machine import (
    AMPLITUDE_BYTES,
    MAX_QUBITS,
    Precision,
    available_memory,
    isa_in_use,
    isa_names,
    keep_calibration,
    machine,
    recently_available_memory,
    uncalibrated,
)
from ketjet.engine.outcome import Outcome, PassTimes, RunFacts, SavedRecord, Verification, joined
from ketjet.engine.peers import Peers
from ketjet.engine.planning import PLAN_FORMAT, PLAN_OPTIONS, plan, precision_of, state_qubits
from ketjet.engine.points import Points, points_of, slots_of
from ketjet.engine.random_keys import RNG_VERSION
from ketjet.engine.readouts import (
    ObservablesReadout,
    ProbabilitiesReadout,
    Readout,
    SpreadReadout,
    VariancesReadout,
    error_of_mean,
    variances_of,
)
from ketjet.engine.report import (
    PassReport,
    PlanReport,
    StageReport,
    machine_rates,
    rates_bytes,
    reading_report,
    reading_seconds,
    report,
)
from ketjet.engine.run import execute
from ketjet.engine.shot_lists import list_rows
from ketjet.engine.state import State, StateShare, evolution
from ketjet.engine.tables import (
    classical_codes,
    formula_codes,
    gate_codes,
    instruction_codes,
    max_density_qubits,
    pauli_codes,
    save_mode_codes,
    saved_codes,
    unitarity_error,
)
from ketjet.engine.task import Task, Verify
from ketjet.engine.texts import bitstrings, fill_counts

__all__ = [
    "AMPLITUDE_BYTES",
    "DRIFT_LIMITS",
    "FACTOR_LIMITS",
    "MAX_QUBITS",
    "PLAN_FORMAT",
    "PLAN_OPTIONS",
    "RNG_VERSION",
    "Cancelled",
    "ClassicalError",
    "Control",
    "ControlPage",
    "Demand",
    "Estimate",
    "Evolution",
    "Formulas",
    "GradientRequest",
    "IterationLimitReached",
    "LayersRequest",
    "LightCone",
    "Machine",
    "MemoryLimitReached",
    "MirroredPlan",
    "NotDifferentiable",
    "ObservablesReadout",
    "Outcome",
    "PageAddress",
    "PassReport",
    "PassTimes",
    "PeerFailed",
    "Peers",
    "Plan",
    "PlanFormatError",
    "PlanReport",
    "Points",
    "Precision",
    "ProbabilitiesReadout",
    "Program",
    "Progress",
    "Readout",
    "RunFacts",
    "SavedRecord",
    "SavedStrings",
    "SpreadReadout",
    "StageReport",
    "State",
    "StateShare",
    "Task",
    "TensorRequest",
    "TimeLimitReached",
    "VariancesReadout",
    "Verification",
    "VerificationFailed",
    "Verify",
    "available_memory",
    "bitstrings",
    "calibration_path",
    "classical_codes",
    "commuting_layers",
    "demand",
    "drift_of",
    "error_of_mean",
    "estimate",
    "evolution",
    "execute",
    "fill_counts",
    "fitted",
    "formula_codes",
    "gate_codes",
    "generators",
    "gradient_demand",
    "instruction_codes",
    "isa_in_use",
    "isa_names",
    "joined",
    "keep_calibration",
    "light_cones",
    "list_rows",
    "machine",
    "machine_rates",
    "max_density_qubits",
    "max_qubits",
    "mirrored_plan",
    "needed_to_read",
    "pauli_codes",
    "plan",
    "points_of",
    "precision_of",
    "rates_bytes",
    "reading_report",
    "reading_seconds",
    "recently_available_memory",
    "report",
    "save_mode_codes",
    "saved_codes",
    "slots_of",
    "state_qubits",
    "uncalibrated",
    "unitarity_error",
    "variances_of",
]
