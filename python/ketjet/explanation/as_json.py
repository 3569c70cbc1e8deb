"""An explanation as dictionaries and as JSON, written piece by piece: one of a large circuit has millions of lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ketjet.base.on_demand import OnDemand
from ketjet.explanation.kernels import KernelShare
from ketjet.explanation.readings import ExplainedReading
from ketjet.explanation.stages import ExplainedOperation, ExplainedPass, ExplainedStage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["json_pieces", "known_fields", "plain"]


SHOWN = (ExplainedOperation, ExplainedPass, ExplainedReading, ExplainedStage, KernelShare)
"""What an explanation consists of."""

SCALARS = (int, bool, str, float)
"""All else is a sequence."""

OPERATIONS_AT_ONCE = 64
"""So many are written as JSON at a time: too few for the garbage collector to begin."""


def known_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass, without those that are not known."""
    known = vars(value)
    return {name: known[name] for name in value.__match_args__ if known[name] is not None}


def plain(value: Any) -> Any:
    """Return a dataclass as a dictionary, without what is not known, and a sequence as a list."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind in SHOWN:
        return {name: plain(item) for name, item in known_fields(value).items()}
    return [plain(item) for item in value]


def json_pieces(value: Any) -> Iterator[str]:
    """Yield the JSON of a value, long sequences in parts, so that there is never much in memory but the text."""
    kind = type(value)
    if kind is OnDemand and value and type(value[0]) is ExplainedOperation:
        for i in range(0, len(value), OPERATIONS_AT_ONCE):
            yield ", " if i else "["
            yield json.dumps(plain(value[i : i + OPERATIONS_AT_ONCE]))[1:-1]
        yield "]"
    elif kind is OnDemand:
        for i, item in enumerate(value):
            yield ", " if i else "["
            yield from json_pieces(item)
        yield "]" if value else "[]"
    elif kind is ExplainedStage or (kind is ExplainedPass and len(value.operations) > OPERATIONS_AT_ONCE):
        yield from json_pieces(known_fields(value))
    elif kind is dict:
        for i, (name, item) in enumerate(value.items()):
            yield f"{', ' if i else '{'}{json.dumps(name)}: "
            yield from json_pieces(item)
        yield "}"
    else:
        yield json.dumps(plain(value))
