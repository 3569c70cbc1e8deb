"""How a run reads observables: in its sweeps, while blocks are in the cache, or in sweeps that only read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.base.units import counted, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ExplainedReading", "explain_readings", "reading_lines"]


@dataclass(frozen=True)
class ExplainedReading:
    """Pauli strings that are read together.

    Attributes
    ----------
    stage
        The number of the stage that reads them before it writes its blocks; None for a sweep that only reads.
    strings
        How many.
    flips
        How many different sets of qubits they flip, that is have X or Y on; those that flip the same are a group.
    hot
        The qubits whose values lie in one block.
    paired
        The qubits in which two blocks differ that are read together.
    reason
        Why they are read there.
    predicted_seconds
        What that should take; for a stage it is a part of the stage's own time.
    """

    stage: int | None
    strings: int
    flips: int
    hot: tuple[int, ...]
    paired: tuple[int, ...]
    reason: str
    predicted_seconds: float


def explain_readings(
    made: engine.Plan, observables: engine.ObservablesReadout, qubits: Sequence[int], threads: int
) -> tuple[ExplainedReading, ...]:
    """Say how observables of a plan's program, whose qubit i is qubits[i] of the circuit, are read."""
    last, stages, sweeps = engine.reading_report(made, observables, threads)

    def named(found: Sequence[int]) -> tuple[int, ...]:
        return tuple([qubits[qubit] for qubit in found if qubit < len(qubits)])

    readings = []
    for stage, (hot, _, strings, flips, seconds) in stages:
        reason = "they flip only qubits that are hot there"
        if stage != last:
            reason += ", and nothing later changes their values"
        readings.append(ExplainedReading(stage + 1, strings, flips, named(hot), (), reason, seconds))
    for hot, paired, strings, flips, seconds in sweeps:
        reason = "the last sweep does not leave amplitudes that could be read in its blocks"
        if last is not None:
            reason = f"they flip qubits that are cold in stage {last + 1}, and earlier stages come too soon"
        readings.append(ExplainedReading(None, strings, flips, named(hot), named(paired), reason, seconds))
    return tuple(readings)


def reading_lines(readings: Sequence[ExplainedReading]) -> Iterator[str]:
    """Yield what a text tells of them."""
    for reading in readings:
        what = f"{counted(reading.strings, 'string')} in {counted(reading.flips, 'group')}"
        time = f"predicted {duration(reading.predicted_seconds)}"
        if reading.stage is not None:
            yield f"{what} read in stage {reading.stage} before it writes, {time}: {reading.reason}"
            continue
        hot = f"hot qubits {_listed(reading.hot)}"
        pairs = f", pairs of blocks that differ in qubits {_listed(reading.paired)}" if reading.paired else ""
        yield f"{what} read by a sweep that writes nothing, {time}, {hot}{pairs}: {reading.reason}"


def _listed(qubits: Sequence[int]) -> str:
    return " ".join(map(str, qubits))
