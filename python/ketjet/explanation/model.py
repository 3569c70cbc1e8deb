"""`Explanation`: a plan in the circuit's own terms. Every total is the sum over the stages, so they cannot disagree.

What an explanation says of single operations is made when somebody looks at it: there may be millions of them.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet import engine
from ketjet.base.on_demand import OnDemand
from ketjet.explanation import page, text
from ketjet.explanation.kernels import KernelShare, kernel_shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ketjet.engine import PassReport, Plan, PlanReport, Precision, StageReport
    from ketjet.lowering import LoweredCircuit


@dataclass(frozen=True)
class ExplainedOperation:
    """One operation of a pass.

    Attributes
    ----------
    index : int
        Its place in the program that the plan runs.
    name : str
        Of the gate or instruction; with further controls than the gate has by itself, "c2-h".
    qubits : tuple of int
        Of the circuit, controls first.
    part : str
        "whole"; or, where its matrix is split over several passes, the phases "before", the "turn", or the phases
        "after" it.
    """

    index: int
    name: str
    qubits: tuple[int, ...]
    part: str


@dataclass(frozen=True)
class ExplainedPass:
    """One pass over a block in the cache.

    Attributes
    ----------
    kind : str
        "relabel", "turns", "phases", "dense" or "single".
    kernel : str
        What runs it; "frame" is bookkeeping and "gather" a factor of whole blocks.
    operations : sequence of ExplainedOperation
    qubits : tuple of int
        Qubits of the circuit that it acts on.
    ns_per_amplitude : float
        Predicted, on one thread.
    fma_per_amplitude : float
        Real multiply-adds, at most.
    reason : str
        Why its one operation was not merged with another; empty if it was, or if there is nothing to gain.
    measured_ns_per_amplitude : float or None
        On one thread, if analysed; of phases that are done by the turns before them, among the time of these.
    """

    kind: str
    kernel: str
    operations: Sequence[ExplainedOperation]
    qubits: tuple[int, ...]
    ns_per_amplitude: float
    fma_per_amplitude: float
    reason: str
    measured_ns_per_amplitude: float | None = None


@dataclass(frozen=True)
class ExplainedStage:
    """One stage: a sweep over memory, a collapse, the extension of a grown state, or what decides where shots go on.

    Attributes
    ----------
    kind : str
        "sweep", "collapse", "extend", "compute", "branch", "jump", "join" or "save".
    operations : sequence of ExplainedOperation
        In program order, each once.
    hot : tuple of int
        Qubits inside the block, numbered as in the stored state: swaps are renamings, unused qubits may be left out.
    active : tuple of int
        Qubits that are not known to be |0⟩ before the stage, numbered so too.
    folded : int or None
        Of a sweep while all amplitudes are real: the qubit, numbered so too, along which the state is folded. A stored
        number has the amplitude with |0⟩ there as its real part, and the one with |1⟩ as its imaginary part.
    bytes_moved : int
        Read and written.
    fma : float
        Real multiply-adds, at most.
    predicted_seconds : float
    reason : str
        Why its operations are not in the sweep before; empty for the first one.
    missing : tuple of int
        The qubits that were not hot in the sweep before, if that is the reason.
    passes : sequence of ExplainedPass
    target : int or None
        Of a jump, or of a branch whose condition fails: the number of the stage it leads to, the first being 1.
    measured_seconds : float or None
        If analysed.
    fraction_of_bound : float or None
        If analysed: the least time that this computer needs for the stage, over the measured time.
    gather_seconds : float or None
        If analysed: the time of threads that copying blocks into the cache takes.
    scatter_seconds : float or None
        The same for copying them back.
    """

    kind: str
    operations: Sequence[ExplainedOperation]
    hot: tuple[int, ...]
    active: tuple[int, ...]
    bytes_moved: int
    fma: float
    predicted_seconds: float
    reason: str
    missing: tuple[int, ...]
    passes: Sequence[ExplainedPass]
    folded: int | None = None
    target: int | None = None
    measured_seconds: float | None = None
    fraction_of_bound: float | None = None
    gather_seconds: float | None = None
    scatter_seconds: float | None = None

    @property
    def amplitudes(self) -> int:
        """How many amplitudes its passes work on; where the state is folded, how many pairs of them."""
        return int(2 ** len({*self.active, *self.hot}))


class Totals(NamedTuple):
    """Sums over stages."""

    sweeps: int = 0
    passes: int = 0
    operations: int = 0
    bytes_moved: int = 0
    fma: float = 0
    predicted_seconds: float = 0
    measured_seconds: float = 0


SHOWN = (ExplainedOperation, ExplainedPass, ExplainedStage, KernelShare)
"""What an explanation consists of."""

SCALARS = (int, bool, str, float)
"""All else is a sequence."""

OPERATIONS_AT_ONCE = 64
"""So many are written as JSON at a time: too few for the garbage collector to begin."""


@dataclass(frozen=True)
class Explanation:
    """What running a circuit does, stage by stage; made by `Simulator.explain`.

    `print` shows it as a table and notebooks as HTML; `to_dict` and `to_json` hold everything.
    """

    name: str
    """Name of the circuit."""
    num_qubits: int
    """Qubits of the circuit, idle ones left out."""
    state_qubits: int
    """Qubits of the simulated state: fewer where no outcome depends on some, or where they take each other's places."""
    left_out: int
    """How many operations were worked out beforehand, or dropped because nobody can tell."""
    precision: Precision
    """Either "single" or "double"."""
    threads: int
    """How many threads times are predicted for, and measured with."""
    planning_seconds: float
    """How long the plan took to make."""
    stages: Sequence[ExplainedStage] = field(repr=False)
    """What is done, in order."""
    bandwidth_bytes_per_second: float | None = None
    """The most that this computer moves through memory, if analysed."""
    fma_per_second: float | None = None
    """The most real multiply-adds that this computer does in registers, if analysed."""
    state_bytes: int | None = None
    """Bytes of one state; as the next three in `Estimate`."""
    peak_bytes: int | None = None
    """Bytes of everything that the run holds at once."""
    available_bytes: int | None = None
    """Bytes that it may take."""
    peak_is_lower_bound: bool | None = None
    """Whether the run takes `peak_bytes` at least."""

    @functools.cached_property
    def _totals(self) -> Totals:
        totals = Totals()
        for stage in self.stages:
            totals = Totals(
                totals.sweeps + (stage.kind == "sweep"),
                totals.passes + len(stage.passes),
                totals.operations + len(stage.operations),
                totals.bytes_moved + stage.bytes_moved,
                totals.fma + stage.fma,
                totals.predicted_seconds + stage.predicted_seconds,
                totals.measured_seconds + (stage.measured_seconds or 0.0),
            )
        return totals

    @property
    def sweeps(self) -> int:
        """Passes over memory that apply gates."""
        return self._totals.sweeps

    @property
    def passes(self) -> int:
        """Passes over blocks in the cache."""
        return self._totals.passes

    @property
    def operations(self) -> int:
        """Operations in all stages; measurements that are read from the final state are in none."""
        return self._totals.operations

    @property
    def bytes_moved(self) -> int:
        """Bytes read and written by all stages."""
        return self._totals.bytes_moved

    @property
    def fma(self) -> float:
        """Real multiply-adds of all stages, at most."""
        return self._totals.fma

    @property
    def predicted_seconds(self) -> float:
        """Time that the stages should take; one shot if there are collapses."""
        return self._totals.predicted_seconds

    @property
    def measured_seconds(self) -> float | None:
        """Time that the stages took, None unless analysed."""
        return None if self.bandwidth_bytes_per_second is None else self._totals.measured_seconds

    @property
    def fraction_of_bound(self) -> float | None:
        """The least time this computer needs for the bytes and the products, over the measured time.

        It can exceed 1 for states that fit into a cache, as caches are faster than memory.
        """
        return self.fraction(self.bytes_moved, self.fma, self.measured_seconds)

    @functools.cached_property
    def kernels(self) -> tuple[KernelShare, ...]:
        """What the passes of each kernel took together, the longest first; empty unless analysed."""
        return kernel_shares(self)

    def fraction(self, bytes_moved: float, fma: float, seconds: float | None) -> float | None:
        """Return the part of `seconds` that moving these bytes, or these products, must take; None unless analysed."""
        if not seconds or self.bandwidth_bytes_per_second is None or self.fma_per_second is None:
            return None
        return max(bytes_moved / self.bandwidth_bytes_per_second, fma / self.fma_per_second) / seconds

    def to_dict(self) -> dict[str, Any]:
        """Return everything as numbers, strings, lists and dictionaries that JSON can hold."""
        return {name: _plain(value) for name, value in self._facts().items()}

    def to_json(self, *, indent: int | None = None) -> str:
        """Return `to_dict` as JSON."""
        if indent is not None:
            return json.dumps(self.to_dict(), indent=indent)
        return "".join(_json_pieces(self._facts()))

    def _facts(self) -> dict[str, Any]:
        """Return what there is to tell, the stages last."""
        totals: dict[str, Any] = {
            "sweeps": self.sweeps,
            "passes": self.passes,
            "operations": self.operations,
            "bytes_moved": self.bytes_moved,
            "fma": self.fma,
            "predicted_seconds": self.predicted_seconds,
        }
        if self.measured_seconds is not None:
            totals |= {"measured_seconds": self.measured_seconds, "fraction_of_bound": self.fraction_of_bound}
            totals["kernels"] = self.kernels
        facts = _known_fields(self)
        return {**facts, **totals, "stages": facts["stages"]}

    def to_html(self) -> str:
        """Return a page of its own."""
        return page.document(self)

    def _repr_html_(self) -> str:
        return page.fragment(self)

    def __str__(self) -> str:
        return text.table(self)


def _known_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass, without those that are not known."""
    known = vars(value)
    return {name: known[name] for name in value.__match_args__ if known[name] is not None}


def _plain(value: Any) -> Any:
    """Return a dataclass as a dictionary, without what is not known, and a sequence as a list."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind in SHOWN:
        return {name: _plain(item) for name, item in _known_fields(value).items()}
    return [_plain(item) for item in value]


def _json_pieces(value: Any) -> Iterator[str]:
    """Yield the JSON of a value, long sequences in parts, so that there is never much in memory but the text."""
    kind = type(value)
    if kind is OnDemand and value and type(value[0]) is ExplainedOperation:
        for i in range(0, len(value), OPERATIONS_AT_ONCE):
            yield ", " if i else "["
            yield json.dumps(_plain(value[i : i + OPERATIONS_AT_ONCE]))[1:-1]
        yield "]"
    elif kind is OnDemand:
        for i, item in enumerate(value):
            yield ", " if i else "["
            yield from _json_pieces(item)
        yield "]" if value else "[]"
    elif kind is ExplainedStage or (kind is ExplainedPass and len(value.operations) > OPERATIONS_AT_ONCE):
        yield from _json_pieces(_known_fields(value))
    elif kind is dict:
        for i, (name, item) in enumerate(value.items()):
            yield f"{', ' if i else '{'}{json.dumps(name)}: "
            yield from _json_pieces(item)
        yield "}"
    else:
        yield json.dumps(_plain(value))


def explain(lowered: LoweredCircuit, made: Plan, threads: int) -> Explanation:
    """Put a plan into the circuit's terms.

    Parameters
    ----------
    lowered
        The circuit that was planned.
    made
        Its plan.
    threads
        What it is to run with.
    """
    described = engine.report(made, threads)
    return Explanation(
        name=lowered.header["name"],
        num_qubits=lowered.program.num_qubits,
        state_qubits=made.num_qubits,
        left_out=described.left_out,
        precision=engine.precision_of(made),
        threads=threads,
        planning_seconds=made.planning_seconds,
        stages=_stages(described, lowered.qubits),
    )


def with_memory(explanation: Explanation, demand: engine.Demand, available: int) -> Explanation:
    """Add what a run takes, and the bytes that are available to it."""
    return replace(
        explanation,
        state_bytes=demand.state_bytes,
        peak_bytes=demand.peak_bytes,
        available_bytes=available,
        peak_is_lower_bound=demand.peak_is_lower_bound,
    )


def _stages(described: PlanReport, circuit_qubits: tuple[int, ...]) -> OnDemand[ExplainedStage]:
    def named(qubits: Iterable[int]) -> tuple[int, ...]:  # a small state has more qubits than its program
        return tuple([circuit_qubits[qubit] for qubit in qubits if qubit < len(circuit_qubits)])

    operations = described.operations

    def explained(found: Iterable[tuple[int, str]]) -> Iterator[ExplainedOperation]:
        for index, part in found:
            of = operations[index]
            yield ExplainedOperation(index, of.name, named(of.qubits), part)

    def explained_pass(one: PassReport) -> ExplainedPass:
        def between(begin: int, end: int) -> Iterator[ExplainedOperation]:
            return explained(one.operations[begin:end])

        return ExplainedPass(
            kind=one.kind,
            kernel=one.kernel,
            operations=OnDemand(len(one.operations), between),
            qubits=tuple(one.qubits),
            ns_per_amplitude=one.ns_per_amplitude,
            fma_per_amplitude=one.fma_per_amplitude,
            reason=one.reason,
        )

    def explained_stage(stage: StageReport) -> ExplainedStage:
        def operations_between(begin: int, end: int) -> Iterator[ExplainedOperation]:
            return explained((index, "whole") for index in stage.operations[begin:end].tolist())

        def passes_between(begin: int, end: int) -> Iterator[ExplainedPass]:
            return map(explained_pass, stage.passes[begin:end])

        return ExplainedStage(
            kind=stage.kind,
            operations=OnDemand(len(stage.operations), operations_between),
            hot=tuple(stage.hot),
            active=tuple(stage.active),
            bytes_moved=stage.bytes_moved,
            fma=stage.fma,
            predicted_seconds=stage.seconds,
            reason=stage.reason,
            missing=tuple(stage.missing),
            passes=OnDemand(len(stage.passes), passes_between),
            folded=stage.folded,
            target=None if stage.target is None else stage.target + 1,
        )

    def stages_between(begin: int, end: int) -> Iterator[ExplainedStage]:
        return map(explained_stage, described.stages[begin:end])

    return OnDemand(len(described.stages), stages_between)
