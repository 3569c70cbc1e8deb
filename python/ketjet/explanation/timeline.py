"""Where the time goes: one bar for each stage, on one scale, and behind each of them its table of passes.

What is predicted is an outline and what was measured fills it. The trick: a row is the `summary` of a `details`
element, so that a click opens the passes without any script.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ketjet import faces
from ketjet.base.units import counted, duration
from ketjet.explanation import text
from ketjet.explanation.bound import ARITHMETIC, MEMORY, NEITHER, bound_of
from ketjet.faces import percent, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketjet.explanation.model import ExplainedPass, ExplainedStage, Explanation

__all__ = ["STYLE", "timeline"]

OPERATIONS_COLUMNS = 400
"""Characters of a pass's operations that are shown."""

BAR_HEIGHT, MEASURED_HEIGHT = 22, 10

OUTLINED_AND_FILLED = "outline: predicted, filled: measured"

MAX_TICKS = 5
"""Of the axis, 0 included."""

SCALE_ROOM = 1.02
"""How much longer the axis is than the longest bar, so that its outline is seen."""

STYLE = """
.ketjet .stages { margin-top: 4px; }
.ketjet .stage { display: grid; align-items: center; gap: 0 14px; padding: 1px 6px 1px 2px;
  grid-template-columns: 15em minmax(120px, 1fr) 4.8em 4.8em 5.8em 3.8em; border-radius: 4px; list-style: none; }
.ketjet .stages.plain .stage { grid-template-columns: 15em minmax(120px, 1fr) 4.8em 5.8em; }
.ketjet summary.stage { cursor: pointer; }
.ketjet summary.stage::-webkit-details-marker { display: none; }
.ketjet summary.stage:hover, .ketjet details[open] > summary.stage { background: var(--kj-faint); }
.ketjet summary:focus-visible { outline: 2px solid var(--kj-accent); outline-offset: 1px; }
.ketjet .what { display: flex; gap: 7px; white-space: nowrap; overflow: hidden; }
.ketjet .what .mark { flex: none; width: 0.8em; color: var(--kj-muted); }
.ketjet summary .what .mark::before { content: "▸"; }
.ketjet details[open] > summary .what .mark::before { content: "▾"; }
.ketjet .what .order { flex: none; min-width: 1.3em; text-align: right; font-weight: 600; }
.ketjet .what small { color: var(--kj-muted); font-size: 0.88em; overflow: hidden; text-overflow: ellipsis;
  align-self: center; }
.ketjet .stage.titles { color: var(--kj-muted); align-items: end; }
.ketjet .stage.titles span { font-size: 0.88em; }
.ketjet .says { color: var(--kj-muted); font-size: 0.93em; grid-column: 2 / -1; }
.ketjet .axis text { fill: var(--kj-muted); font-size: 12px; }
.ketjet .tick { stroke: var(--kj-line); }
.ketjet .predicted { fill: none; stroke-width: 1.25; }
.ketjet .least { stroke: var(--kj-ink); stroke-width: 2; }
.ketjet rect.memory, .ketjet .fill.memory { fill: var(--kj-memory); }
.ketjet rect.arithmetic, .ketjet .fill.arithmetic { fill: var(--kj-arithmetic); }
.ketjet rect.neither, .ketjet .fill.neither { fill: var(--kj-muted); }
.ketjet rect.ink { fill: var(--kj-ink); }
.ketjet .predicted.ink { stroke: var(--kj-ink); }
.ketjet rect.predicted { fill: none; }
.ketjet .start.memory, .ketjet .predicted.memory { stroke: var(--kj-memory); }
.ketjet .start.arithmetic, .ketjet .predicted.arithmetic { stroke: var(--kj-arithmetic); }
.ketjet .start.neither, .ketjet .predicted.neither { stroke: var(--kj-muted); }
.ketjet .by.memory { color: var(--kj-memory); }
.ketjet .by.arithmetic { color: var(--kj-arithmetic); }
.ketjet .by { color: var(--kj-muted); white-space: nowrap; }
.ketjet .inside { margin: 2px 0 12px 2em; }
.ketjet .inside p { margin: 4px 0; color: var(--kj-muted); }
.ketjet .wide { overflow-x: auto; }
.ketjet table.passes { border-collapse: collapse; margin: 4px 0; font-size: 0.93em; border: none; color: inherit;
  table-layout: auto; }
.ketjet table.passes tr:nth-child(n) { background: none; }
.ketjet table.passes th, .ketjet table.passes td { text-align: left; vertical-align: top; padding: 2px 14px 2px 0;
  border: none; max-width: none; }
.ketjet table.passes th { color: var(--kj-muted); font-weight: 600; border-bottom: 1px solid var(--kj-line); }
.ketjet table.passes .number { text-align: right; }
.ketjet .reason { color: var(--kj-muted); font-style: italic; }
@container (max-width: 640px) {
  .ketjet .stage, .ketjet .stages.plain .stage { grid-template-columns: minmax(0, 1fr) 4.8em 4.8em 5.8em 3.8em; }
  .ketjet .stages.plain .stage { grid-template-columns: minmax(0, 1fr) 4.8em 5.8em; }
  .ketjet .stage > svg, .ketjet .says { grid-column: 1 / -1; grid-row: 2; }
}
@container (max-width: 440px) {
  .ketjet .stage, .ketjet .stages.plain .stage { grid-template-columns: 4.8em 4.8em 5.8em 3.8em; }
  .ketjet .stages.plain .stage { grid-template-columns: 4.8em 5.8em; }
  .ketjet .stage > :first-child { grid-column: 1 / -1; }
}
"""


def timeline(explanation: Explanation) -> str:
    """Return the bars of the first stages, an axis above and a legend below them."""
    stages = explanation.stages[: text.STAGES_SHOWN]
    longest = max((max(stage.predicted_seconds, stage.measured_seconds or 0.0) for stage in stages), default=0.0)
    scale = SCALE_ROOM * longest
    measured = explanation.measured_seconds is not None
    bounds = [bound_of(explanation, stage) for stage in stages]
    rows = [_stage(number, *pair, scale) for number, pair in enumerate(zip(stages, bounds, strict=True), 1)]
    present = {bound for stage, bound in zip(stages, bounds, strict=True) if _has_bar(stage)}
    return (
        f'<div class="stages{"" if measured else " plain"}">{_titles(scale, measured=measured)}\n'
        + "\n".join(rows)
        + f"</div>\n{_legend(present, measured=measured)}{_left_out(explanation, stages)}"
    )


def _has_bar(stage: ExplainedStage) -> bool:
    return stage.kind not in text.TOUCHES_NO_STATE and bool(stage.predicted_seconds or stage.measured_seconds)


def _titles(scale: float, *, measured: bool) -> str:
    names = _numbers("predicted", *(["measured"] if measured else []))
    reached = _numbers("reached") if measured else ""
    return f'<div class="stage titles"><span>stage</span>{_axis(scale)}{names}<span>bound by</span>{reached}</div>'


def _numbers(*values: str) -> str:
    return "".join(f'<span class="number">{shown(value)}</span>' for value in values)


def _ticks(scale: float) -> list[float]:
    """Return round times from 0 to the end of the axis."""
    if not 0 < scale < math.inf:
        return []
    power = 10 ** math.floor(math.log10(scale / MAX_TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if scale / (power * factor) < MAX_TICKS)
    return [step * i for i in range(int(scale / step) + 1)]


def _axis(scale: float) -> str:
    marks = []
    for seconds in _ticks(scale):
        place = percent(seconds / scale)
        anchor = "start" if seconds == 0 else "end" if seconds > 0.96 * scale else "middle"
        label = duration(seconds) if seconds else "0"
        marks.append(f'<text x="{place}" y="13" text-anchor="{anchor}">{label}</text>')
    return faces.svg("time of each stage", 18, *marks, kind="axis")


def _stage(number: int, stage: ExplainedStage, bound: str, scale: float) -> str:
    """Return the row of a stage, which opens what there is to say of it."""
    head, *facts = text.stage_lines(number, stage)
    told = head.partition(": ")[2]
    if not _has_bar(stage):
        return f'<div class="stage">{_what(number, stage, "")}<span class="says">{shown(told)}</span></div>'
    brief = counted(len(stage.operations), "operation") if stage.kind == "sweep" else told
    numbers = {"predicted": duration(stage.predicted_seconds)}
    if stage.measured_seconds is not None:
        numbers["measured"] = duration(stage.measured_seconds) if stage.measured_seconds else "not run"
    says = f"stage {number}, {stage.kind}: {', '.join(map(' '.join, numbers.items()))}, bound by {bound}"
    reached = "" if stage.fraction_of_bound is None else _numbers(text.whole_percent(stage.fraction_of_bound))
    lines = "".join(f"<p>{shown(line)}</p>" for line in (told, *facts))
    return (
        f'<details><summary class="stage">{_what(number, stage, brief)}{_bar(stage, bound, scale, says)}'
        f'{_numbers(*numbers.values())}<span class="by {bound}">{bound}</span>{reached}</summary>\n'
        f'<div class="inside">{lines}{_passes(stage.passes)}</div></details>'
    )


def _what(number: int, stage: ExplainedStage, brief: str) -> str:
    title = f'<span class="mark"></span><span class="order">{number}</span>{shown(stage.kind)}'
    return f'<span class="what">{title}<small>{shown(brief)}</small></span>'


def _bar(stage: ExplainedStage, bound: str, scale: float, says: str) -> str:
    """Return an outline, what fills it, and a line at the least time that this computer needs."""
    middle = BAR_HEIGHT / 2
    shapes = [
        f'<line class="tick" x1="{percent(seconds / scale)}" x2="{percent(seconds / scale)}" y2="{BAR_HEIGHT}"/>'
        for seconds in _ticks(scale)[1:]
    ]
    shapes.append(f'<line class="start {bound}" y1="2" y2="{BAR_HEIGHT - 2}"/>')
    if measured := stage.measured_seconds:
        shapes.append(
            f'<rect class="measured {bound}" y="{middle - MEASURED_HEIGHT / 2:g}" '
            f'width="{percent(measured / scale)}" height="{MEASURED_HEIGHT}"/>'
        )
        least = measured * (stage.fraction_of_bound or 0.0)
        if 0 < least <= scale:
            place = percent(least / scale)
            shapes.append(f'<line class="least" x1="{place}" x2="{place}" y1="4" y2="{BAR_HEIGHT - 4}"/>')
    shapes.append(
        f'<rect class="predicted {bound}" y="3" width="{percent(stage.predicted_seconds / scale)}" '
        f'height="{BAR_HEIGHT - 6}"/>'
    )
    return faces.svg(says, BAR_HEIGHT, *shapes)


def _legend(present: set[str], *, measured: bool) -> str:
    signs = [
        (f'<rect class="{bound}" y="2" width="20" height="8"/>', f"bound by {bound}")
        for bound in (MEMORY, ARITHMETIC, NEITHER)
        if bound in present
    ]
    outline = '<rect class="predicted ink" x="0.6" y="0.6" width="18" height="10.8"/>'
    if not measured:
        signs.append((outline, "outline: predicted"))
    else:
        signs.append((f'<rect class="ink" x="0.6" y="3" width="12" height="6"/>{outline}', OUTLINED_AND_FILLED))
        signs.append(('<line class="least" x1="10" x2="10" y2="12"/>', "the least time that this computer needs"))
    return faces.legend(signs)


def _left_out(explanation: Explanation, stages: Sequence[ExplainedStage]) -> str:
    further = text.left_out(explanation.stages, text.STAGES_SHOWN, "stage")
    if not further:
        return ""
    measured = explanation.measured_seconds
    whole = explanation.predicted_seconds if measured is None else measured
    drawn = sum((stage.predicted_seconds if measured is None else stage.measured_seconds or 0.0) for stage in stages)
    share = f", with {100 * max(1 - drawn / whole, 0.0):.0f} % of the time" if whole else ""
    return f'<p class="note">{shown(further + share)}</p>'


def _passes(passes: Sequence[ExplainedPass]) -> str:
    if not passes:
        return ""
    names = "".join(map(_heading, text.headings(passes)))
    rows = "\n".join(map(_pass, passes[: text.PASSES_SHOWN]))
    further = shown(text.left_out(passes, text.PASSES_SHOWN, "pass"))
    return (
        f'<div class="wide"><table class="passes"><tr>{names}</tr>\n{rows}\n</table></div>'
        f"{f'<p>{further}</p>' if further else ''}"
    )


def _heading(name: str) -> str:
    return f'<th class="number">{shown(name)}</th>' if name in text.NUMBERS else f"<th>{shown(name)}</th>"


def _pass(one: ExplainedPass) -> str:
    operations = shown(text.fold_operations(one.operations, OPERATIONS_COLUMNS))
    reason = f'<br><span class="reason">{shown(one.reason)}</span>' if one.reason else ""
    numbers = "".join(f'<td class="number">{number}</td>' for number in text.numbers_of(one))
    return (
        f"<tr><td>{shown(one.kind)}</td><td>{shown(one.kernel)}</td>{numbers}"
        f'<td><span class="code">{operations}</span>{reason}</td></tr>'
    )
