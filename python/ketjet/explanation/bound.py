"""What bounds a stage, memory or arithmetic: measured, the higher of this computer's two limits; else by the model.

Used by the bars of the page. Nothing is guessed: a stage without bytes and products is bound by neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketjet.explanation.model import Explanation
    from ketjet.explanation.stages import ExplainedStage

__all__ = ["ARITHMETIC", "MEMORY", "NEITHER", "bound_of"]

MEMORY, ARITHMETIC, NEITHER = "memory", "arithmetic", "neither"

NEAREST = 0.1
"""A stage that takes ten times as long as its limits ask for is bound by neither: it is too short."""


def bound_of(explanation: Explanation, stage: ExplainedStage) -> str:
    """Return what bounds a stage.

    If it has been measured, the bandwidth and the rate of multiply-adds tell which of its bytes and its products must
    take longer. Else the passes are the arithmetic, and all else in its predicted time is the copying of blocks.
    """
    if not stage.bytes_moved and not stage.fma:
        return NEITHER
    bandwidth, rate = explanation.bandwidth_bytes_per_second, explanation.fma_per_second
    if bandwidth is not None and rate is not None:
        if stage.fraction_of_bound is None or stage.fraction_of_bound < NEAREST:
            return NEITHER
        return ARITHMETIC if stage.fma / rate > stage.bytes_moved / bandwidth else MEMORY
    return ARITHMETIC if _pass_seconds(stage, explanation.threads) > stage.predicted_seconds / 2 else MEMORY


def _pass_seconds(stage: ExplainedStage, threads: int) -> float:
    """Return the predicted time of all passes, on as many threads as there are blocks for."""
    blocks = stage.amplitudes >> len(stage.hot)
    of_each = sum(one.ns_per_amplitude for one in stage.passes)
    return 1e-9 * of_each * stage.amplitudes / min(threads, max(blocks, 1))
