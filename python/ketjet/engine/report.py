"""What a plan does and why, and the bounds of this computer that a run is judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet import _core
from ketjet.engine.machine import PRECISIONS, Precision, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from numpy.typing import NDArray

    from ketjet._core import Plan

CHUNK = 1 << 15
"""Numbers converted at a time, so that other threads get their turn in between."""


class OperationReport(NamedTuple):
    """An operation of a plan's program; controls come first."""

    name: str
    qubits: list[int]


class PassReport(NamedTuple):
    """A pass of a sweep.

    Attributes
    ----------
    kind, kernel : str
    operations : list of (int, str)
        What it does of which operation: "whole", "before", "turn" or "after".
    qubits : list of int
    ns_per_amplitude, fma_per_amplitude : float
        Predicted, on one thread.
    reason : str
        Why it holds one operation only; empty if it has company.
    """

    kind: str
    kernel: str
    operations: list[tuple[int, str]]
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
    operations : list of int
    bytes_moved : int
    amplitudes, fma, seconds : float
        Visited, real products, predicted time.
    reason : str
        Why it is not part of the stage before, and for lack of which qubits if it is that.
    missing : list of int
    target : int or None
        Where a branch or jump goes: a stage.
    passes : list of PassReport
    """

    kind: str
    hot: list[int]
    active: list[int]
    operations: list[int]
    bytes_moved: int
    amplitudes: float
    fma: float
    seconds: float
    reason: str
    missing: list[int]
    target: int | None
    passes: list[PassReport]


class PlanReport(NamedTuple):
    """What a plan does and why."""

    operations: list[OperationReport]
    stages: list[StageReport]
    left_out: int  # operations of the program that were dropped or worked out beforehand


def rates_bytes() -> int:
    """Return the memory that `machine_rates` goes through: several times what the caches hold."""
    return min(4 * machine().l3_bytes, 512 << 20)


def report(made: Plan, precision: Precision, threads: int, *, switched_off: Collection[str] = ()) -> PlanReport:
    """Describe a plan stage by stage.

    Parameters
    ----------
    made : Plan
    precision : {"single", "double"}
    threads : int
        Engine threads that times are predicted for.
    switched_off : collection of str
        What the planner was not allowed to do, as for `plan`.
    """
    texts, operations, stages, passes, left_out = _core.report(made, list(switched_off), PRECISIONS[precision], threads)
    names, qubits = operations
    text = texts.__getitem__
    described = list(map(OperationReport, map(text, _numbers(names)), _lists(*qubits)))
    return PlanReport(described, _stages(text, stages, _passes(text, passes)), left_out)


def _stages(text: Callable[[int], str], columns: tuple[Any, ...], passes: list[PassReport]) -> list[StageReport]:
    kinds, reasons, hot, active, missing, operations, moved, targets, amplitudes, fma, seconds, ends = columns
    found, begin = [], 0
    for end, target, kind, reason, *rest in zip(
        *map(_numbers, (ends, targets, kinds, reasons, moved, amplitudes, fma, seconds)),
        *(_lists(*column) for column in (hot, active, missing, operations)),
        strict=True,
    ):
        nbytes, visited, products, took, warm, used, lacking, done = rest
        goes_to = None if target < 0 else target
        found.append(
            StageReport(
                text(kind), warm, used, done, nbytes, visited, products, took, text(reason), lacking, goes_to,
                passes[begin:end],
            )
        )  # fmt: skip
        begin = end
    return found


def _passes(text: Callable[[int], str], columns: tuple[Any, ...]) -> list[PassReport]:
    kinds, kernels, reasons, operations, parts, qubits, ns, fma = columns
    found = []
    for kind, kernel, reason, nanoseconds, products, done, how, used in zip(
        *map(_numbers, (kinds, kernels, reasons, ns, fma)),
        *(_lists(*column) for column in (operations, parts, qubits)),
        strict=True,
    ):
        of = list(zip(done, map(text, how), strict=True))
        found.append(PassReport(text(kind), text(kernel), of, used, nanoseconds, products, text(reason)))
    return found


def _numbers(column: NDArray[Any]) -> Iterator[Any]:
    for begin in range(0, len(column), CHUNK):
        yield from column[begin : begin + CHUNK].tolist()


def _lists(begin: NDArray[Any], values: NDArray[Any]) -> Iterator[list[Any]]:
    last = 0
    for end in _numbers(begin[1:]):
        yield values[last:end].tolist()
        last = end


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
