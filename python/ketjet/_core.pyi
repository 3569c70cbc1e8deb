"""
The compiled engine of ketjet. Only ketjet.engine imports it.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
import typing_extensions
__all__: list[str] = ['BoundPlan', 'Cancelled', 'ClassicalError', 'Evolution', 'Formulas', 'GradientRequest', 'IterationLimitReached', 'Machine', 'MemoryLimitReached', 'MirroredPlan', 'NotDifferentiable', 'ObservableSet', 'PassTimes', 'PeerFailed', 'Plan', 'PlanCost', 'PlanFormatError', 'PointsOutput', 'Precision', 'Program', 'RunControl', 'RunOutput', 'RunRequest', 'StateDouble', 'StateSingle', 'TimeLimitReached', 'VerificationFailed', 'Verify', 'VerifyReport', 'available_memory', 'bit_strings', 'buffer_usage', 'classical_codes', 'commuting_layers', 'detect_machine', 'fail_allocation_after', 'fill_counts', 'formula_codes', 'gate_matrix', 'gate_table', 'generators', 'gradient', 'instruction_names', 'isa_in_use', 'isa_names', 'least_states', 'light_cones', 'list_rows', 'machine_rates', 'max_density_qubits', 'mirrored_plan', 'needed_to_read', 'pauli_codes', 'plan', 'plan_cost', 'plan_format', 'plan_options', 'random_key', 'random_keys', 'reading_report', 'reading_seconds', 'report', 'run', 'run_points', 'save_mode_codes', 'saved_codes', 'set_pool_limit', 'slots_of_all', 'state_qubits', 'unitarity_error', 'useful_states', 'useful_threads']
class Machine:
    """
    Caches and cores that plans are made for.
    """
    __hash__: typing.ClassVar[None] = None
    def __eq__(self, arg0: Machine) -> bool:
        ...
    def __init__(self, *, l1_bytes: typing.SupportsInt | typing.SupportsIndex = 32768, l2_bytes: typing.SupportsInt | typing.SupportsIndex = 1048576, l3_bytes: typing.SupportsInt | typing.SupportsIndex = 33554432, cores: typing.SupportsInt | typing.SupportsIndex = 1, cores_rule: str = 'given', sweep_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0, pass_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> None:
        ...
    @property
    def cores(self) -> int:
        ...
    @property
    def cores_rule(self) -> str:
        ...
    @property
    def l1_bytes(self) -> int:
        ...
    @property
    def l2_bytes(self) -> int:
        ...
    @property
    def l3_bytes(self) -> int:
        ...
    @property
    def pass_factor(self) -> float:
        ...
    @property
    def sweep_factor(self) -> float:
        ...
class Program:
    """
    Operations over numbered qubits; immutable but for its slots.
    """
    @staticmethod
    def from_capsule(capsule: typing_extensions.CapsuleType, num_qubits: typing.SupportsInt | typing.SupportsIndex, num_clbits: typing.SupportsInt | typing.SupportsIndex) -> Program:
        """
        Takes the program out whose columns an extension of this build has read.
        """
    def __getstate__(self) -> tuple:
        ...
    def __init__(self, num_qubits: typing.SupportsInt | typing.SupportsIndex, num_clbits: typing.SupportsInt | typing.SupportsIndex, codes: typing.Annotated[numpy.typing.ArrayLike, numpy.int32], wire_begin: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32], wires: typing.Annotated[numpy.typing.ArrayLike, numpy.int32], num_controls: typing.Annotated[numpy.typing.ArrayLike, numpy.uint16], control_state: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], slot_begin: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32], slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], operand: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], payloads: collections.abc.Sequence[numpy.ndarray], variable_words: typing.SupportsInt | typing.SupportsIndex = 0, labels: collections.abc.Sequence[str] = []) -> None:
        ...
    def __setstate__(self, arg0: tuple) -> None:
        ...
    def fingerprints_with(self, slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> numpy.typing.NDArray[numpy.uint64]:
        """
        Of the program with each row of slots.
        """
    def packed(self) -> tuple:
        """
        The constructor's arguments, as a tuple.
        """
    def same_structure(self, other: Program) -> bool:
        """
        Whether the two differ in nothing but slots.
        """
    def with_slots(self, slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> Program:
        ...
    @property
    def fingerprint(self) -> int:
        ...
    @property
    def memory_words(self) -> int:
        ...
    @property
    def num_clbits(self) -> int:
        ...
    @property
    def num_operations(self) -> int:
        ...
    @property
    def num_qubits(self) -> int:
        ...
    @property
    def slots(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def structure_hash(self) -> int:
        """
        Equal for programs that differ in nothing but slots.
        """
class Formulas:
    """
    How the slots of a program follow from parameters.
    """
    def __init__(self, num_parameters: typing.SupportsInt | typing.SupportsIndex, numbers: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], slots: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], formulas: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], phases: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], begins: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], ops: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8], operands: typing.Annotated[numpy.typing.ArrayLike, numpy.int32], constants: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], ordered: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8]) -> None:
        ...
    def evaluate(self, values: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> tuple:
        """
        Slots (points x slots) of values (points x parameters), and pairs of a point and a formula that only Qiskit can decide.
        """
    def pull_back(self, values: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], slot_gradient: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> tuple:
        """
        The gradient by parameters, and formulas that are left out of it.
        """
class PlanFormatError(ValueError):
    pass
class Precision:
    """
    Members:
    
      single
    
      double
    """
    __members__: typing.ClassVar[dict[str, Precision]]
    double: typing.ClassVar[Precision]
    single: typing.ClassVar[Precision]
    @typing.overload
    def __eq__(self, other: Precision) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Precision) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class PlanCost:
    @property
    def bytes_exchanged(self) -> int:
        ...
    @property
    def bytes_moved(self) -> int:
        ...
    @property
    def exchanges(self) -> int:
        ...
    @property
    def message_bytes(self) -> int:
        ...
    @property
    def norm_bytes(self) -> int:
        ...
    @property
    def seconds(self) -> float:
        ...
    @property
    def state_bytes(self) -> int:
        ...
class BoundPlan:
    """
    A plan with the angles of one program: all that a run needs.
    """
class Plan:
    """
    The stages in which a Program is executed.
    """
    __hash__: typing.ClassVar[None] = None
    @staticmethod
    def from_bytes(data: bytes) -> Plan:
        """
        The plan that was written; raises PlanFormatError if it was not, or is damaged.
        """
    def __eq__(self, arg0: Plan) -> bool:
        ...
    def __getstate__(self) -> bytes:
        ...
    def __setstate__(self, arg0: bytes) -> None:
        ...
    def bind(self, program: Program) -> BoundPlan:
        """
        With the slots of a program that has the structure it was made for.
        """
    def to_bytes(self) -> bytes:
        """
        All of it but slots and planning time: the same bytes on every machine.
        """
    def to_string(self) -> str:
        ...
    @property
    def arbitrary_save(self) -> int:
        ...
    @property
    def collapses_at_random(self) -> bool:
        ...
    @property
    def global_qubits(self) -> int:
        ...
    @property
    def has_loops(self) -> bool:
        ...
    @property
    def has_trajectories(self) -> bool:
        ...
    @property
    def local_qubits(self) -> int:
        ...
    @property
    def num_passes(self) -> int:
        ...
    @property
    def num_qubits(self) -> int:
        ...
    @property
    def num_stages(self) -> int:
        ...
    @property
    def num_sweeps(self) -> int:
        ...
    @property
    def planning_seconds(self) -> float:
        ...
    @property
    def precision(self) -> Precision:
        ...
    @property
    def runs_by_operation(self) -> bool:
        ...
    @property
    def save_frames(self) -> dict:
        """
        By index of a save that leaves out wires: the places of those it keeps, and of those left out that are 1.
        """
class Cancelled(Exception):
    pass
class MemoryLimitReached(MemoryError):
    pass
class VerificationFailed(RuntimeError):
    pass
class ClassicalError(RuntimeError):
    pass
class IterationLimitReached(RuntimeError):
    pass
class PeerFailed(RuntimeError):
    pass
class TimeLimitReached(RuntimeError):
    pass
class Verify:
    """
    Members:
    
      off
    
      fast
    
      full
    """
    __members__: typing.ClassVar[dict[str, Verify]]
    fast: typing.ClassVar[Verify]
    full: typing.ClassVar[Verify]
    off: typing.ClassVar[Verify]
    @typing.overload
    def __eq__(self, other: Verify) -> bool:
        ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool:
        ...
    def __getstate__(self) -> int:
        ...
    def __hash__(self) -> int:
        ...
    def __index__(self) -> int:
        ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __int__(self) -> int:
        ...
    @typing.overload
    def __ne__(self, other: Verify) -> bool:
        ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __str__(self) -> str:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def value(self) -> int:
        ...
class VerifyReport:
    """
    What a run has checked of itself.
    """
    @property
    def checks(self) -> int:
        ...
    @property
    def max_deviation(self) -> float:
        ...
    @property
    def mergers(self) -> int:
        ...
    @property
    def merging_loss(self) -> float:
        ...
    @property
    def seconds(self) -> float:
        ...
    @property
    def state_compared(self) -> bool:
        ...
    @property
    def sweeps_compared(self) -> int:
        ...
class ObservableSet:
    """
    Real linear combinations of Pauli strings.
    """
    def __init__(self, x_masks: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], z_masks: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], condition_masks: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], condition_values: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], row_begins: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32], columns: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32], coefficients: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> None:
        ...
class RunRequest:
    """
    What is wanted of a run.
    """
    exact: bool
    keep_state: bool
    list_shots: bool
    time_passes: bool
    verify: Verify
    def __init__(self) -> None:
        ...
    def add_observables(self, observables: ObservableSet, squares: bool = False) -> None:
        ...
    def add_probabilities(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    def add_variances(self, observables: ObservableSet) -> None:
        ...
    @property
    def floor(self) -> float:
        ...
    @floor.setter
    def floor(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def kept_bytes(self) -> int:
        ...
    @kept_bytes.setter
    def kept_bytes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def key(self) -> typing.Annotated[list[int], "FixedSize(2)"]:
        ...
    @key.setter
    def key(self, arg0: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"]) -> None:
        ...
    @property
    def max_iterations(self) -> int:
        ...
    @max_iterations.setter
    def max_iterations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_states(self) -> int:
        ...
    @max_states.setter
    def max_states(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def memory_limit(self) -> int:
        ...
    @memory_limit.setter
    def memory_limit(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def promised_bytes(self) -> int:
        ...
    @promised_bytes.setter
    def promised_bytes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def shots(self) -> int:
        ...
    @shots.setter
    def shots(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def small_state_bytes(self) -> int:
        ...
    @small_state_bytes.setter
    def small_state_bytes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def time_limit(self) -> float:
        ...
    @time_limit.setter
    def time_limit(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class PassTimes:
    """
    Seconds of threads that one stage has taken, pass by pass.
    """
    @property
    def gather(self) -> float:
        ...
    @property
    def passes(self) -> list[float]:
        ...
    @property
    def reading(self) -> float:
        ...
    @property
    def scatter(self) -> float:
        ...
class RunControl:
    """
    Stop flag and progress counters, shared with a running simulation.
    """
    size: typing.ClassVar[int] = 88
    @typing.overload
    def __init__(self) -> None:
        ...
    @typing.overload
    def __init__(self, buffer: typing_extensions.Buffer) -> None:
        ...
    def stop(self) -> None:
        ...
    @property
    def bytes_exchanged(self) -> int:
        ...
    @property
    def bytes_held(self) -> int:
        ...
    @property
    def bytes_moved(self) -> int:
        ...
    @property
    def shots_done(self) -> int:
        ...
    @property
    def shots_total(self) -> int:
        ...
    @property
    def stages_done(self) -> int:
        ...
    @property
    def stages_total(self) -> int:
        ...
    @property
    def started_at(self) -> float:
        ...
    @property
    def stopped(self) -> bool:
        ...
    @property
    def work_done(self) -> int:
        ...
    @property
    def work_total(self) -> int:
        ...
class RunOutput:
    """
    What a run gave: outcome keys (rows of 64-bit words), counts, shots, state.
    """
    @property
    def chains(self) -> numpy.typing.NDArray[numpy.uint64] | None:
        ...
    @property
    def counts(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def dropped(self) -> float:
        ...
    @property
    def keys(self) -> numpy.typing.NDArray[numpy.uint64]:
        ...
    @property
    def norm_error(self) -> float:
        ...
    @property
    def pass_times(self) -> list[PassTimes]:
        ...
    @property
    def probabilities(self) -> numpy.typing.NDArray[numpy.float64] | None:
        ...
    @property
    def reading_seconds(self) -> float:
        ...
    @property
    def readouts(self) -> list:
        ...
    @property
    def sample_seconds(self) -> float:
        ...
    @property
    def saves(self) -> list:
        ...
    @property
    def shots(self) -> numpy.typing.NDArray[numpy.uint64] | None:
        ...
    @property
    def stage_seconds(self) -> list[float]:
        ...
    @property
    def state(self) -> typing.Any:
        ...
    @property
    def trajectories(self) -> int:
        ...
    @property
    def verification(self) -> VerifyReport:
        ...
class PointsOutput:
    """
    What the points of a plan gave: those of point i are rows begins[i] to begins[i + 1].
    """
    @property
    def begins(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def counts(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def keys(self) -> numpy.typing.NDArray[numpy.uint64]:
        ...
    @property
    def norm_errors(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def readouts(self) -> list:
        ...
    @property
    def sample_seconds(self) -> float:
        ...
    @property
    def shots(self) -> numpy.typing.NDArray[numpy.uint64] | None:
        ...
    @property
    def stage_seconds(self) -> list[float]:
        ...
class NotDifferentiable(ValueError):
    pass
class MirroredPlan:
    """
    A plan for a program and the way back through it.
    """
    def __getstate__(self) -> bytes:
        ...
    def __setstate__(self, arg0: bytes) -> None:
        ...
    def seconds_back(self, states: typing.SupportsInt | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex) -> float:
        """
        Predicted, of the way back with so many states.
        """
    @property
    def plan(self) -> Plan:
        """
        The way there.
        """
class GradientRequest:
    """
    What is wanted of a gradient.
    """
    def __init__(self, observables: ObservableSet) -> None:
        ...
    @property
    def kept_bytes(self) -> int:
        ...
    @kept_bytes.setter
    def kept_bytes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_states(self) -> int:
        ...
    @max_states.setter
    def max_states(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def memory_limit(self) -> int:
        ...
    @memory_limit.setter
    def memory_limit(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def promised_bytes(self) -> int:
        ...
    @promised_bytes.setter
    def promised_bytes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def slots(self) -> list[int] | None:
        """
        To differentiate by; by all unless it is set.
        """
    @slots.setter
    def slots(self, arg1: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32]) -> None:
        ...
    @property
    def time_limit(self) -> float:
        ...
    @time_limit.setter
    def time_limit(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def weights(self) -> list[float]:
        ...
    @weights.setter
    def weights(self, arg0: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
class Evolution:
    """
    A program, and what is kept of it for the states that it evolves at once.
    """
    def __init__(self, program: Program, machine: Machine) -> None:
        ...
class StateSingle:
    """
    The amplitudes of one state, for stepwise use.
    """
    @typing.overload
    def __init__(self, num_qubits: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @typing.overload
    def __init__(self, local_qubits: typing.SupportsInt | typing.SupportsIndex, total_qubits: typing.SupportsInt | typing.SupportsIndex, rank: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        One rank's share of a state. All ranks make the calls that end with 'shared' together.
        """
    def copy_from(self, source: StateSingle, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> None:
        ...
    def evolve(self, program: Program, machine: Machine, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], verify: Verify, time_limit: typing.SupportsFloat | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> list[int]:
        ...
    def evolve_at_once(self, evolution: Evolution, slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, control: RunControl) -> bool:
        """
        Applies a program, with these slots or its own, if that is over sooner than another thread is woken; returns whether it has.
        """
    def evolve_here(self, evolution: Evolution, slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> bool:
        """
        Likewise where that is brief, and a worker with so many threads would not be sooner.
        """
    def evolve_shared(self, program: Program, machine: Machine, time_limit: typing.SupportsFloat | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl, peers: typing.Any) -> None:
        ...
    def expectations(self, observables: ObservableSet, machine: Machine, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def expectations_shared(self, observables: ObservableSet, machine: Machine, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl, peers: typing.Any) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def norm_squared(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> float:
        ...
    def norm_squared_shared(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl, peers: typing.Any) -> float:
        ...
    @typing.overload
    def overlap(self, ket: StateSingle, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> complex:
        ...
    @typing.overload
    def overlap(self, ket: StateDouble, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> complex:
        ...
    def probabilities(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def reduced_density_matrix(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.complex128]:
        ...
    def sample(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], shots: typing.SupportsInt | typing.SupportsIndex, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> tuple:
        ...
    def sample_shared(self, shots: typing.SupportsInt | typing.SupportsIndex, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl, peers: typing.Any) -> tuple:
        """
        Basis states and how often each was found, on rank 0.
        """
    def set_zero(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> None:
        ...
    def set_zero_at_once(self, control: RunControl) -> bool:
        """
        Likewise if that takes no time to speak of; returns whether it has.
        """
    def variances(self, observables: ObservableSet, machine: Machine, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def write_out(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> None:
        ...
    @property
    def array(self) -> numpy.typing.NDArray[numpy.complex64]:
        ...
    @property
    def is_written_out(self) -> bool:
        ...
    @property
    def num_qubits(self) -> int:
        ...
class StateDouble:
    """
    The amplitudes of one state, for stepwise use.
    """
    @typing.overload
    def __init__(self, num_qubits: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @typing.overload
    def __init__(self, local_qubits: typing.SupportsInt | typing.SupportsIndex, total_qubits: typing.SupportsInt | typing.SupportsIndex, rank: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        One rank's share of a state. All ranks make the calls that end with 'shared' together.
        """
    def copy_from(self, source: StateDouble, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> None:
        ...
    def evolve(self, program: Program, machine: Machine, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], verify: Verify, time_limit: typing.SupportsFloat | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> list[int]:
        ...
    def evolve_at_once(self, evolution: Evolution, slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, control: RunControl) -> bool:
        """
        Applies a program, with these slots or its own, if that is over sooner than another thread is woken; returns whether it has.
        """
    def evolve_here(self, evolution: Evolution, slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64] | None, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> bool:
        """
        Likewise where that is brief, and a worker with so many threads would not be sooner.
        """
    def evolve_shared(self, program: Program, machine: Machine, time_limit: typing.SupportsFloat | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl, peers: typing.Any) -> None:
        ...
    def expectations(self, observables: ObservableSet, machine: Machine, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def expectations_shared(self, observables: ObservableSet, machine: Machine, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl, peers: typing.Any) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def norm_squared(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> float:
        ...
    def norm_squared_shared(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl, peers: typing.Any) -> float:
        ...
    @typing.overload
    def overlap(self, ket: StateSingle, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> complex:
        ...
    @typing.overload
    def overlap(self, ket: StateDouble, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> complex:
        ...
    def probabilities(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def reduced_density_matrix(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.complex128]:
        ...
    def sample(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], shots: typing.SupportsInt | typing.SupportsIndex, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> tuple:
        ...
    def sample_shared(self, shots: typing.SupportsInt | typing.SupportsIndex, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl, peers: typing.Any) -> tuple:
        """
        Basis states and how often each was found, on rank 0.
        """
    def set_zero(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> None:
        ...
    def set_zero_at_once(self, control: RunControl) -> bool:
        """
        Likewise if that takes no time to speak of; returns whether it has.
        """
    def variances(self, observables: ObservableSet, machine: Machine, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def write_out(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> None:
        ...
    @property
    def array(self) -> numpy.typing.NDArray[numpy.complex128]:
        ...
    @property
    def is_written_out(self) -> bool:
        ...
    @property
    def num_qubits(self) -> int:
        ...
def available_memory() -> tuple[int, str]:
    """
    Bytes this process could still take, and the limit that says so.
    """
def bit_strings(keys: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], sizes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> list:
    """
    Keys, rows of 64-bit words, as bit strings: the highest bit first, a space between registers of these sizes.
    """
def buffer_usage() -> tuple[int, int, int]:
    """
    Bytes held by live buffers, kept warm for the next ones, and kept as long as the system does not need them.
    """
def classical_codes() -> dict[str, int]:
    """
    Numbers of the operations of classical code, by name.
    """
def commuting_layers(program: Program, varies: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8]) -> numpy.typing.NDArray[numpy.uint32]:
    """
    The layer of each operation.
    """
def detect_machine(root: str = '/') -> Machine:
    ...
def fail_allocation_after(count: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Fault injection: the count-th allocation from now on fails (0: none).
    """
def fill_counts(made: collections.abc.Sequence[dict], begins: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], keys: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], counts: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], sizes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
    """
    Puts counts into dictionaries, by the bit strings of their keys; where the rows of each begin is given.
    """
def formula_codes() -> dict[str, int]:
    """
    Numbers of the operations of formulas.
    """
def gate_matrix(code: typing.SupportsInt | typing.SupportsIndex, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> numpy.typing.NDArray[numpy.complex128]:
    """
    The base gate's matrix, without its controls.
    """
def gate_table() -> list:
    """
    (name, controls, targets, parameters) per gate code.
    """
def generators(program: Program) -> tuple:
    """
    The generators of the derivatives by all slots, term by term: slots, masks of X and Z, of conditions and their values, and coefficients.
    """
def gradient(mirrored_plan: MirroredPlan, program: Program, request: GradientRequest, *, threads: typing.SupportsInt | typing.SupportsIndex, isa: str, control: RunControl) -> tuple:
    """
    Values of observables, their derivatives by all slots, and how far the way back has missed |0...0>, if it leads there; releases the GIL; raises Cancelled, MemoryError or TimeLimitReached.
    """
def instruction_names() -> list[str]:
    """
    Names of the codes that follow the gate codes.
    """
def isa_in_use(name: str = '') -> str:
    """
    The instruction set a name stands for; empty: KETJET_ISA or the best.
    """
def isa_names() -> list[str]:
    """
    Instruction sets this CPU can run, best first.
    """
def least_states(plan: Plan, shots: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    How many states a run of a plan can do with.
    """
def light_cones(program: Program, x_masks: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], z_masks: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], max_share: typing.SupportsFloat | typing.SupportsIndex) -> list | None:
    """
    Tuples of a part of a program, its qubits, its slots, and the strings whose values it gives; None where there are no cones, or they take that share of the work.
    """
def list_rows(rows: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8], counts: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], shots: numpy.typing.NDArray[numpy.uint8]) -> None:
    """
    Writes a row of bytes for every shot, in the order of the list of shots; `rows` has one for each outcome.
    """
def machine_rates(precision: Precision, *, threads: typing.SupportsInt | typing.SupportsIndex, isa: str, buffer_bytes: typing.SupportsInt | typing.SupportsIndex) -> tuple[float, float]:
    """
    Bytes and fused multiply-adds a second, measured once per process; for worker threads.
    """
def max_density_qubits() -> int:
    """
    Of how many qubits a density matrix is saved at most.
    """
def mirrored_plan(program: Program, machine: Machine, precision: Precision, switched_off: collections.abc.Sequence[str]) -> MirroredPlan:
    """
    Plans a program for gradients; raises NotDifferentiable with a message and the index of an operation.
    """
def needed_to_read(program: Program, moved: typing.SupportsInt | typing.SupportsIndex, kept: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.bool]:
    """
    Of each operation, whether expectation values of strings with X or Y on the qubits `moved` and Z, Y or projectors on the qubits `kept` depend on it.
    """
def pauli_codes() -> dict[str, int]:
    """
    Numbers of the Pauli matrices of a Pauli rotation.
    """
def plan(program: Program, machine: Machine, precision: Precision, switched_off: collections.abc.Sequence[str], *, from_zero: bool, keep_state: bool, global_qubits: typing.SupportsInt | typing.SupportsIndex = 0, pinned_qubits: typing.SupportsInt | typing.SupportsIndex = 12) -> Plan:
    ...
def plan_cost(plan: Plan, threads: typing.SupportsInt | typing.SupportsIndex) -> PlanCost:
    ...
def plan_format() -> int:
    """
    The number of the format of a plan as bytes.
    """
def plan_options() -> list[str]:
    """
    Names of what the planner may do unless it is switched off.
    """
def random_key(seed: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], fingerprint: typing.SupportsInt | typing.SupportsIndex, occurrence: typing.SupportsInt | typing.SupportsIndex) -> tuple[int, int]:
    """
    The key of a program under a seed, which is given in words of 32 bits, the lowest first.
    """
def random_keys(seed: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], fingerprints: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], occurrences: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64]) -> numpy.typing.NDArray[numpy.uint32]:
    """
    Those of many programs, shape (programs, 2).
    """
def reading_report(plan: Plan, observables: ..., threads: typing.SupportsInt | typing.SupportsIndex) -> tuple:
    """
    The stage of the last sweep, or None if it cannot read; then pairs of a stage and what its sweep reads before it writes; and what sweeps read that write nothing. That is: tuples of hot qubits, of qubits in which pairs of blocks differ, of how many strings, of how many sets of qubits that these flip, and of the seconds that this is predicted to add.
    """
def reading_seconds(plan: Plan, observables: ..., threads: typing.SupportsInt | typing.SupportsIndex) -> float:
    """
    What reading observables is predicted to add to a run of the plan, or to each trajectory of one.
    """
def report(plan: Plan, threads: typing.SupportsInt | typing.SupportsIndex) -> tuple:
    """
    What a plan does and why, in columns: texts, operations, stages, passes; and how many operations it left out.
    """
def run(bound_plan: BoundPlan, request: RunRequest, *, threads: typing.SupportsInt | typing.SupportsIndex, isa: str, control: RunControl, peers: typing.Any = None) -> RunOutput:
    """
    Runs a plan, together with other ranks where it is shared out among them; releases the GIL; raises Cancelled, MemoryError, VerificationFailed, ClassicalError, IterationLimitReached or TimeLimitReached.
    """
def run_points(plan: Plan, slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], keys: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32], request: RunRequest, *, threads: typing.SupportsInt | typing.SupportsIndex, isa: str, control: RunControl) -> PointsOutput:
    """
    Runs a plan with the slots of many points, one after another; else as `run`. No point is a trajectory.
    """
def save_mode_codes() -> dict[str, int]:
    """
    Numbers of the rules which records of a save operation are kept, by name.
    """
def saved_codes() -> dict[str, int]:
    """
    Numbers of what a save operation can save, by name.
    """
def set_pool_limit(bytes: typing.SupportsInt | typing.SupportsIndex) -> None:
    ...
def slots_of_all(programs: collections.abc.Sequence[Program]) -> numpy.typing.NDArray[numpy.float64]:
    """
    The slots of programs that differ in nothing else, one row for each.
    """
def state_qubits(program: Program, switched_off: collections.abc.Sequence[str], *, keep_state: bool) -> int:
    ...
def unitarity_error(matrix: typing.Annotated[numpy.typing.ArrayLike, numpy.complex128]) -> float:
    """
    max |U^dagger U - 1|; estimated on fixed vectors above dimension 64.
    """
def useful_states(plan: Plan, shots: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    How many states a run is better off for holding at a time.
    """
def useful_threads(plan: Plan, available: typing.SupportsInt | typing.SupportsIndex) -> int:
    ...
