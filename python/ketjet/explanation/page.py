"""An explanation as HTML: a summary, then one table per stage that opens on a click."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ketjet.explanation import text
from ketjet.printable import printable

if TYPE_CHECKING:
    from ketjet.explanation.model import ExplainedPass, ExplainedStage, Explanation

OPERATIONS_COLUMNS = 400
"""Characters of a pass's operations that are shown."""

STYLE = """
.ketjet-plan { font-family: sans-serif; font-size: 14px; }
.ketjet-plan table { border-collapse: collapse; margin: 4px 0 12px 16px; }
.ketjet-plan th, .ketjet-plan td { text-align: left; vertical-align: top; padding: 2px 10px; }
.ketjet-plan .number { text-align: right; font-variant-numeric: tabular-nums; }
.ketjet-plan .reason { color: #777; font-style: italic; }
.ketjet-plan summary { cursor: pointer; }
"""


def document(explanation: Explanation) -> str:
    """Return a page of its own."""
    title = escape(printable(explanation.name))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body>{fragment(explanation)}</body></html>\n"
    )


def fragment(explanation: Explanation) -> str:
    """Return what a notebook shows."""
    first, *rest = text.summary(explanation)
    lines = "<br>".join(escape(line) for line in rest)
    stages = "\n".join(_stage(number, stage) for number, stage in enumerate(explanation.stages[: text.STAGES_SHOWN], 1))
    further = text.left_out(explanation.stages, text.STAGES_SHOWN, "stage")
    return (
        f'<div class="ketjet-plan"><style>{STYLE}</style>\n<p><strong>{escape(first)}</strong><br>{lines}</p>\n'
        f"{stages}\n<p>{escape(further)}</p></div>"
    )


def _stage(number: int, stage: ExplainedStage) -> str:
    first, *rest = (escape(line.strip()) for line in text.stage_lines(number, stage))
    heading = "<br>".join([f"<strong>{first}</strong>", *rest])
    if not stage.passes:
        return f"<p>{heading}</p>"
    names = "".join(f"<th>{escape(name)}</th>" for name in text.headings(stage.passes))
    rows = "\n".join(_pass(one) for one in stage.passes[: text.PASSES_SHOWN])
    further = escape(text.left_out(stage.passes, text.PASSES_SHOWN, "pass"))
    return f"<details><summary>{heading}</summary>\n<table><tr>{names}</tr>\n{rows}\n</table>{further}</details>"


def _pass(one: ExplainedPass) -> str:
    operations = escape(text.fold_operations(one.operations, OPERATIONS_COLUMNS))
    reason = f'<br><span class="reason">{escape(one.reason)}</span>' if one.reason else ""
    numbers = "".join(f'<td class="number">{number}</td>' for number in text.numbers_of(one))
    return f"<tr><td>{escape(one.kind)}</td><td>{escape(one.kernel)}</td>{numbers}<td>{operations}{reason}</td></tr>"
