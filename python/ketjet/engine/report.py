"""What a plan does and why, and the bounds of this computer that a run is judged by."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from ketjet import _core
from ketjet.base.on_demand import OnDemand
from ketjet.engine.machine import PRECISIONS, Precision, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from ketjet._core import Plan
    from ketjet.engine.readouts import ObservablesReadout

    ReadPart = tuple[list[int], list[int], int, int, float]

_Item = TypeVar("_Item")


class OperationReport(NamedTuple):
    """An operation of a plan's program; controls come first."""

    name: str
    qubits: list[int]


class PassReport(NamedTuple):
    """A pass of a sweep.

    Attributes
    ----------
    kind, kernel : str
    operations : sequence of (int, str)
        What it does of which operation: "whole", "before", "turn" or "after".
    qubits : list of int
    ns_per_amplitude, fma_per_amplitude : float
        Predicted, on one thread.
    reason : str
        Why it holds one operation only; empty if it has company.
    """

    kind: str
    kernel: str
    operations: OnDemand[tuple[int, str]]
    qubits: list[int]
    ns_per_amplitude: float
    fma_per_amplitude: float
    reason: str


class StageReport(NamedTuple):
    """A stage of a plan.

    Attributes
    ----------
    kind : str
    hot, active : list of int
        Qubits of a sweep, and those that were not in |0> before.
    folded : int or None
        The qubit along which the state is folded: it chooses between real and imaginary parts.
    operations : array of int
    bytes_moved : int
    amplitudes, fma, seconds : float
        Visited, real products, predicted time.
    reason : str
        Why it is not part of the stage before, and for lack of which qubits if it is that.
    missing : list of int
    target : int or None
        Where a branch or jump goes: a stage.
    passes : sequence of PassReport
    swaps : list of int
        Of an exchange: the qubits that change places, two by two.
    """

    kind: str
    hot: list[int]
    active: list[int]
    folded: int | None
    operations: NDArray[Any]
    bytes_moved: int
    amplitudes: float
    fma: float
    seconds: float
    reason: str
    missing: list[int]
    target: int | None
    passes: OnDemand[PassReport]
    swaps: list[int]


class PlanReport(NamedTuple):
    """What a plan does and why, in arrays; what is asked for is made of them."""

    operations: OnDemand[OperationReport]
    stages: OnDemand[StageReport]
    left_out: int  # operations of the program that were dropped or worked out beforehand


def rates_bytes() -> int:
    """Return the memory that `machine_rates` goes through: several times what the caches hold."""
    return min(4 * machine().l3_bytes, 512 << 20)


def reading_report(
    made: Plan, observables: ObservablesReadout, threads: int
) -> tuple[int | None, list[tuple[int, ReadPart]], list[ReadPart]]:
    """Tell how a run of a plan, on so many threads, reads observables.

    Returns
    -------
    last : int or None
        The stage of the last sweep, if it can read.
    stages : list of (int, tuple)
        Sweeps that read before they write their blocks, and what they read: hot qubits, no pairs, how many strings, how
        many sets of qubits these flip, and the seconds that this is predicted to add.
    sweeps : list of tuple
        Likewise what sweeps read that do nothing else; pairs of their blocks differ in the qubits listed second.
    """
    return _core.reading_report(made, observables.observables, threads)


def reading_seconds(made: Plan, observables: ObservablesReadout, threads: int) -> float:
    """Predict what reading observables adds to a run of a plan, or to each trajectory of one, in seconds."""
    return _core.reading_seconds(made, observables.observables, threads)


def report(made: Plan, threads: int) -> PlanReport:
    """Describe a plan stage by stage.

    Parameters
    ----------
    made : Plan
    threads : int
        Engine threads that times are predicted for.
    """
    texts, (names, qubits), stages, passes, left_out = _core.report(made, threads)
    text, lists = texts.__getitem__, _Lists(*qubits)

    def operations(begin: int, end: int) -> Iterable[OperationReport]:
        return map(OperationReport, map(text, names[begin:end].tolist()), lists.between(begin, end))

    return PlanReport(OnDemand(len(names), operations), _stages(text, stages, _passes(text, passes)), left_out)


class _Lists:
    """Many lists: where each ends, and their entries one after the other."""

    def __init__(self, ends: NDArray[Any], entries: NDArray[Any]) -> None:
        self.ends, self.entries = ends.data, entries.data  # memory views: NumPy takes longer for single entries

    def between(self, begin: int, end: int) -> Iterator[list[Any]]:
        ends, entries = self.ends, self.entries
        return (entries[ends[i] : ends[i + 1]].tolist() for i in range(begin, end))


def _stages(
    text: Callable[[int], str], columns: tuple[Any, ...], passes: Callable[[int, int], Iterable[PassReport]]
) -> OnDemand[StageReport]:
    kinds, reasons, hot, active, folded, missing, operations, moved, targets, amplitudes, fma, seconds, ends, swaps = (
        columns
    )
    hot, active, missing, swaps = _Lists(*hot), _Lists(*active), _Lists(*missing), _Lists(*swaps)
    done_ends, done = operations
    pass_ends = np.concatenate([[0], ends])

    def stages(begin: int, end: int) -> Iterator[StageReport]:
        for i in range(begin, end):
            (warm,), (used,), (lacking,), (swapped,) = (
                lists.between(i, i + 1) for lists in (hot, active, missing, swaps)
            )
            first, last = int(pass_ends[i]), int(pass_ends[i + 1])
            yield StageReport(
                text(kinds[i]), warm, used, _known(folded[i]), done[done_ends[i] : done_ends[i + 1]], int(moved[i]),
                float(amplitudes[i]), float(fma[i]), float(seconds[i]), text(reasons[i]), lacking, _known(targets[i]),
                OnDemand(last - first, partial(_shifted, passes, first)), swapped,
            )  # fmt: skip

    return OnDemand(len(kinds), stages)


def _known(number: Any) -> int | None:
    return None if number < 0 else int(number)


def _passes(text: Callable[[int], str], columns: tuple[Any, ...]) -> Callable[[int, int], Iterable[PassReport]]:
    kinds, kernels, reasons, operations, parts, qubits, ns, fma = columns
    (ends, done), (_, how), used = operations, parts, _Lists(*qubits)

    def operations_between(begin: int, end: int) -> Iterator[tuple[int, str]]:
        return zip(done[begin:end].tolist(), map(text, how[begin:end].tolist()), strict=True)

    def passes(begin: int, end: int) -> Iterator[PassReport]:
        firsts = ends[begin : end + 1].tolist()
        rows = (column[begin:end].tolist() for column in (kinds, kernels, reasons, ns, fma))
        for first, last, own, kind, kernel, reason, nanoseconds, products in zip(
            firsts, firsts[1:], used.between(begin, end), *rows, strict=False
        ):
            of = OnDemand(last - first, partial(_shifted, operations_between, first))
            yield PassReport(text(kind), text(kernel), of, own, nanoseconds, products, text(reason))

    return passes


def _shifted(between: Callable[[int, int], Iterable[_Item]], first: int, begin: int, end: int) -> Iterable[_Item]:
    return between(first + begin, first + end)


def machine_rates(precision: Precision, threads: int, isa: str = "") -> tuple[float, float]:
    """Measure bytes moved through memory and real fused multiply-adds a second, the most this computer can do.

    The first call takes about 50 ms and `rates_bytes()` of memory, and must come from a worker thread.

    Parameters
    ----------
    precision : {"single", "double"}
    threads : int
    isa : str
        Instruction set; empty means KETJET_ISA or the best.
    """
    return _core.machine_rates(PRECISIONS[precision], threads=threads, isa=isa, buffer_bytes=rates_bytes())
