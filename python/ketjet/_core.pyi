"""
The compiled engine of ketjet. Only ketjet.engine imports it.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
import typing_extensions
__all__: list[str] = ['Cancelled', 'Machine', 'Plan', 'PlanCost', 'Precision', 'Program', 'RunControl', 'RunOutput', 'StateDouble', 'StateSingle', 'available_memory', 'buffer_usage', 'detect_machine', 'fail_allocation_after', 'gate_matrix', 'gate_table', 'instruction_names', 'isa_in_use', 'isa_names', 'plan', 'plan_cost', 'plan_for_any_state', 'run', 'set_pool_limit', 'states_held', 'unitarity_error', 'useful_threads']
class Machine:
    """
    Caches and cores that plans are made for.
    """
    __hash__: typing.ClassVar[None] = None
    def __eq__(self, arg0: Machine) -> bool:
        ...
    def __init__(self, *, l1_bytes: typing.SupportsInt | typing.SupportsIndex = 32768, l2_bytes: typing.SupportsInt | typing.SupportsIndex = 1048576, l3_bytes: typing.SupportsInt | typing.SupportsIndex = 33554432, cores: typing.SupportsInt | typing.SupportsIndex = 1, cores_rule: str = 'given') -> None:
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
class Program:
    """
    Operations over numbered qubits; immutable but for its slots.
    """
    def __getstate__(self) -> tuple:
        ...
    def __init__(self, num_qubits: typing.SupportsInt | typing.SupportsIndex, num_clbits: typing.SupportsInt | typing.SupportsIndex, codes: typing.Annotated[numpy.typing.ArrayLike, numpy.int32], wire_begin: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32], wires: typing.Annotated[numpy.typing.ArrayLike, numpy.int32], num_controls: typing.Annotated[numpy.typing.ArrayLike, numpy.uint16], control_state: typing.Annotated[numpy.typing.ArrayLike, numpy.uint64], slot_begin: typing.Annotated[numpy.typing.ArrayLike, numpy.uint32], slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64], operand: typing.Annotated[numpy.typing.ArrayLike, numpy.int64], payloads: collections.abc.Sequence[numpy.ndarray]) -> None:
        ...
    def __setstate__(self, arg0: tuple) -> None:
        ...
    def packed(self) -> tuple:
        """
        The constructor's arguments, as a tuple.
        """
    def with_slots(self, slots: typing.Annotated[numpy.typing.ArrayLike, numpy.float64]) -> Program:
        ...
    @property
    def fingerprint(self) -> int:
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
    def bytes_moved(self) -> int:
        ...
    @property
    def seconds(self) -> float:
        ...
    @property
    def state_bytes(self) -> int:
        ...
class Plan:
    """
    The stages in which a Program is executed.
    """
    __hash__: typing.ClassVar[None] = None
    def __eq__(self, arg0: Plan) -> bool:
        ...
    def to_string(self, program: Program) -> str:
        ...
    @property
    def has_random_collapse(self) -> bool:
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
class Cancelled(Exception):
    pass
class RunControl:
    """
    Stop flag and progress counters, shared with a running simulation.
    """
    size: typing.ClassVar[int] = 56
    @typing.overload
    def __init__(self) -> None:
        ...
    @typing.overload
    def __init__(self, buffer: typing_extensions.Buffer) -> None:
        ...
    def stop(self) -> None:
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
class RunOutput:
    """
    What a run gave: outcome keys (rows of 64-bit words), counts, shots, state.
    """
    @property
    def counts(self) -> numpy.typing.NDArray[numpy.int64]:
        ...
    @property
    def keys(self) -> numpy.typing.NDArray[numpy.uint64]:
        ...
    @property
    def norm_error(self) -> float:
        ...
    @property
    def sample_seconds(self) -> float:
        ...
    @property
    def shots(self) -> numpy.typing.NDArray[numpy.uint64] | None:
        ...
    @property
    def state(self) -> typing.Any:
        ...
class StateSingle:
    """
    The amplitudes of one state, for stepwise use.
    """
    def __init__(self, num_qubits: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def evolve(self, program: Program, plan: Plan, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], step: typing.SupportsInt | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> list[int]:
        ...
    def expectation(self, x_masks: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], z_masks: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], coefficients: collections.abc.Sequence[complex | typing.SupportsComplex | typing.SupportsFloat | typing.SupportsIndex], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> complex:
        ...
    def norm_squared(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> float:
        ...
    def probabilities(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def sample(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], shots: typing.SupportsInt | typing.SupportsIndex, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> tuple[numpy.typing.NDArray[numpy.uint64], numpy.typing.NDArray[numpy.int64]]:
        ...
    def set_zero(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> None:
        ...
    @property
    def array(self) -> numpy.typing.NDArray[numpy.complex64]:
        ...
    @property
    def num_qubits(self) -> int:
        ...
class StateDouble:
    """
    The amplitudes of one state, for stepwise use.
    """
    def __init__(self, num_qubits: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def evolve(self, program: Program, plan: Plan, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], step: typing.SupportsInt | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> list[int]:
        ...
    def expectation(self, x_masks: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], z_masks: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], coefficients: collections.abc.Sequence[complex | typing.SupportsComplex | typing.SupportsFloat | typing.SupportsIndex], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> complex:
        ...
    def norm_squared(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> float:
        ...
    def probabilities(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> numpy.typing.NDArray[numpy.float64]:
        ...
    def sample(self, qubits: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], shots: typing.SupportsInt | typing.SupportsIndex, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> tuple[numpy.typing.NDArray[numpy.uint64], numpy.typing.NDArray[numpy.int64]]:
        ...
    def set_zero(self, threads: typing.SupportsInt | typing.SupportsIndex, control: RunControl) -> None:
        ...
    @property
    def array(self) -> numpy.typing.NDArray[numpy.complex128]:
        ...
    @property
    def num_qubits(self) -> int:
        ...
def available_memory(root: str = '/') -> tuple[int, str]:
    """
    Bytes this process could still take, and the limit that says so.
    """
def buffer_usage() -> tuple[int, int]:
    """
    Bytes held by live buffers, and bytes kept warm in the pool.
    """
def detect_machine(root: str = '/') -> Machine:
    ...
def fail_allocation_after(count: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Fault injection: the count-th allocation from now on fails (0: none).
    """
def gate_matrix(code: typing.SupportsInt | typing.SupportsIndex, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> numpy.typing.NDArray[numpy.complex128]:
    """
    The base gate's matrix, without its controls.
    """
def gate_table() -> list:
    """
    (name, controls, targets, parameters) per gate code.
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
def plan(program: Program, machine: Machine, precision: Precision) -> Plan:
    ...
def plan_cost(program: Program, plan: Plan, precision: Precision, threads: typing.SupportsInt | typing.SupportsIndex) -> PlanCost:
    ...
def plan_for_any_state(program: Program, machine: Machine, precision: Precision) -> Plan:
    ...
def run(program: Program, plan: Plan, precision: Precision, *, shots: typing.SupportsInt | typing.SupportsIndex, key: typing.Annotated[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], "FixedSize(2)"], list_shots: bool, keep_state: bool, threads: typing.SupportsInt | typing.SupportsIndex, isa: str, control: RunControl) -> RunOutput:
    """
    Runs a plan; releases the GIL; raises Cancelled or MemoryError.
    """
def set_pool_limit(bytes: typing.SupportsInt | typing.SupportsIndex) -> None:
    ...
def states_held(plan: Plan, shots: typing.SupportsInt | typing.SupportsIndex, threads: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    How many states a run holds at once.
    """
def unitarity_error(matrix: typing.Annotated[numpy.typing.ArrayLike, numpy.complex128]) -> float:
    """
    max |U^dagger U - 1|; estimated on fixed vectors above dimension 64.
    """
def useful_threads(program: Program, plan: Plan, precision: Precision, available: typing.SupportsInt | typing.SupportsIndex) -> int:
    ...
