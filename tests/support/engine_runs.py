"""Runs of the engine below `engine.execute`, for what no option of a job reaches."""

from __future__ import annotations

from ketjet import _core, engine
from ketjet.engine.random_keys import random_key

FACTS = engine.RunFacts(
    isa="portable", state_bytes=64, stages=1, sweeps=1, bytes_moved=64, trajectories=None, plan_seconds=0.0,
    sample_seconds=0.0, seconds=0.5, norm_error=0.0, dropped=0.0, verification=None,
)  # fmt: skip
"""Of a run that went well, for outcomes that are made by hand."""


def run(program, *, small_state_bytes=0, precision="double", states=50, threads=1, switched_off=(), **fields):
    """Run a program; fields are those of a RunRequest, `states` is how many above `small_state_bytes` are held."""
    request = _core.RunRequest()
    request.small_state_bytes, request.max_states = small_state_bytes, states
    request.key = random_key(program, fields.pop("seed", 0))
    for name, value in fields.items():
        setattr(request, name, value)
    made = engine.plan(program, precision, keep_state=request.keep_state, switched_off=switched_off)
    counters = engine.Control().counters
    return _core.run(made.bind(program), request, threads=threads, isa="", control=counters)
