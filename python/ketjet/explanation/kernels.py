"""What the passes of each kernel take together, and how near that is to what this computer can do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ketjet.explanation.model import Explanation
    from ketjet.explanation.stages import ExplainedStage


@dataclass(frozen=True)
class KernelShare:
    """What all passes of one kernel take.

    Attributes
    ----------
    kernel : str
        "gather" and "scatter" copy blocks, "read" sums up what observables take of them.
    passes : int
    seconds : float
        Of threads.
    share : float
        Of all time that threads spend on blocks.
    fraction_of_bound : float or None
        The least time that this computer needs for its products, or for its bytes, over the time it took; None if it
        has neither.
    """

    kernel: str
    passes: int
    seconds: float
    share: float
    fraction_of_bound: float | None


@dataclass
class _Sum:
    passes: int = 0
    seconds: float = 0.0
    bytes_moved: float = 0.0
    fma: float = 0.0


def kernel_shares(explanation: Explanation) -> tuple[KernelShare, ...]:
    """Return what the passes of each kernel took, the longest first; nothing if they were not measured."""
    sums: dict[str, _Sum] = defaultdict(_Sum)
    for stage in explanation.stages:
        for kernel, part in _parts(stage, engine.AMPLITUDE_BYTES[explanation.precision]):
            whole = sums[kernel]
            whole.passes += part.passes
            whole.seconds += part.seconds
            whole.bytes_moved += part.bytes_moved
            whole.fma += part.fma
    seconds = sum(one.seconds for one in sums.values())
    shares = []
    for kernel, one in sums.items():
        if one.seconds > 0:
            on_all_threads = one.seconds / explanation.threads
            bounded = one.bytes_moved or one.fma
            fraction = explanation.fraction(one.bytes_moved, one.fma, on_all_threads) if bounded else None
            shares.append(KernelShare(kernel, one.passes, one.seconds, one.seconds / seconds, fraction))
    return tuple(sorted(shares, key=lambda share: -share.seconds))


def _parts(stage: ExplainedStage, amplitude_bytes: int) -> Iterator[tuple[str, _Sum]]:
    if stage.gather_seconds is None or stage.scatter_seconds is None:
        return
    read = 2.0 ** len(stage.active) if stage.active else 0.0
    yield "gather", _Sum(1, stage.gather_seconds, read * amplitude_bytes)
    yield "scatter", _Sum(1, stage.scatter_seconds, stage.bytes_moved - stage.amplitudes * amplitude_bytes)
    if stage.reading_seconds:
        yield "read", _Sum(1, stage.reading_seconds)
    for one in stage.passes:
        nanoseconds = one.measured_ns_per_amplitude or 0.0
        fma = one.fma_per_amplitude * stage.amplitudes
        yield one.kernel, _Sum(int(nanoseconds > 0), 1e-9 * nanoseconds * stage.amplitudes, 0.0, fma)
