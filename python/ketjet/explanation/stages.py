"""The stages of a plan in the circuit's own terms, with their passes and operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ExplainedOperation", "ExplainedPass", "ExplainedStage"]


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
        "relabel", "turns" (phases that follow go with them), "phases", "dense" or "single".
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
        On one thread, if analysed.
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
    """One stage: a sweep, an exchange between ranks, a collapse, an extension, or what decides where shots go on.

    Attributes
    ----------
    kind : str
        "sweep", "exchange", "collapse", "extend", "compute", "branch", "jump", "join" or "save".
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
    reading_seconds : float or None
        The same for reading observables from them.
    swaps : tuple of pairs of int
        Of an exchange: the places of the stored state whose qubits change, the second of each numbering ranks.
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
    reading_seconds: float | None = None
    swaps: tuple[tuple[int, int], ...] = ()

    @property
    def amplitudes(self) -> int:
        """How many amplitudes its passes work on; where the state is folded, how many pairs of them."""
        return int(2 ** len({*self.active, *self.hot}))
