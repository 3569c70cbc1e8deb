"""From a Qiskit circuit to an engine program: the only place that knows what Qiskit's instructions mean.

`lower` takes circuits as they are, without `transpile`. `native` reads plain ones at once. Of all others `reader`
appends what is plain and hands the rest to `walk`: `gates` and `structured` say what single operations mean,
`control_flow` and `expressions` what blocks and classical values mean. `builder` gathers and `packing` packs it all,
`binding` binds values later without lowering again.
"""

from __future__ import annotations

from ketjet.lowering.lower import LoweredCircuit, lower
from ketjet.lowering.native import why_not_native
from ketjet.lowering.saves import INSTRUCTIONS_OF_AER

__all__ = ["INSTRUCTIONS_OF_AER", "LoweredCircuit", "lower", "why_not_native"]
