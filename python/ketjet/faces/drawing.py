"""What faces are drawn from: a card, bars of inline SVG, and text from anybody made fit for HTML.

A bar has no pixels: widths are percentages of the place it gets, so it is in proportion wherever it is shown. Sizes of
drawings are styles, because notebooks have style sheets that set others, and these overrule attributes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from ketjet.base.printable import printable
from ketjet.base.units import size
from ketjet.faces.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Row", "card", "chart", "cut", "legend", "memory", "percent", "progress", "shown", "svg", "words"]

LONGEST_NAME = 60
"""Characters of a circuit's name that are shown."""


class Row(NamedTuple):
    """One bar of a chart.

    Attributes
    ----------
    label : str
    fraction : float
        Of the width, from 0 to 1.
    numbers : (str, str)
        What stands behind the bar.
    kind : str
        A further class of the bar, which may colour it.
    """

    label: str
    fraction: float
    numbers: tuple[str, str]
    kind: str = ""


def shown(text: object) -> str:
    """Return a text from anybody as HTML on one line."""
    return escape(printable(text))


def cut(text: object, width: int = LONGEST_NAME) -> str:
    """Return a text from anybody on one line, without the rest of it if it is long; not yet as HTML."""
    flat = printable(text)
    return flat if len(flat) <= width else f"{flat[: width - 1]}…"


def percent(fraction: float) -> str:
    """Return a part of the width as SVG takes it."""
    return f"{100 * min(max(fraction, 0.0), 1.0):.4f}%"


def card(kind: str, name: str, facts: Iterable[str], *body: str) -> str:
    """Return a face: a heading of plain text, and below it what is HTML already."""
    title = f'<span class="name">{shown(cut(name))}</span>' if name else ""
    known = f'<span class="facts">{" · ".join(map(shown, facts))}</span>'
    return (
        f'<div class="ketjet small"><style>{STYLE}</style>\n<div class="head"><span class="kind">{shown(kind)}</span>'
        f"{title}{known}</div>\n{''.join(body)}</div>"
    )


def svg(says: str, height: int, *shapes: str, kind: str = "bar") -> str:
    """Return a drawing as wide as its place, with words for those who do not see it; they are plain text."""
    told = shown(says)
    return (
        f'<svg class="{kind}" role="img" aria-label="{told}" style="width:100%;height:{height}px"><title>{told}</title>'
        f"{''.join(shapes)}</svg>"
    )


def chart(rows: Sequence[Row]) -> str:
    """Return horizontal bars with their labels and numbers."""
    return f'<div class="chart">{"".join(map(_row, rows))}</div>'


def _row(row: Row) -> str:
    says = f"{row.label}: {', '.join(filter(None, row.numbers))}"
    bar = f'<rect class="fill {row.kind}" y="1" width="{percent(row.fraction)}" height="12" rx="2"/>'
    numbers = "".join(f'<span class="number">{shown(number)}</span>' for number in row.numbers)
    return f'<span class="label code">{shown(row.label)}</span>{svg(says, 14, bar)}{numbers}'


def progress(fraction: float, says: str) -> str:
    """Return a bar of which a part is filled."""
    track = '<rect class="track" x="0.5" y="0.5" width="100%" height="9" rx="4"/>'
    fill = f'<rect class="fill" y="0.5" width="{percent(fraction)}" height="9" rx="4"/>'
    return f'<div class="note">{svg(says, 10, track, fill)}</div>'


def memory(state: int, peak: int, available: int, *, at_least: bool = False) -> str:
    """Return a bar of what a run holds beside what it may have, and the same in words.

    Parameters
    ----------
    state, peak
        Bytes of one state, and of everything at once, the state included.
    available
        Bytes that may be taken.
    at_least
        Whether the run may come to hold more than `peak`.
    """
    whole = max(peak, available, 1)
    fits = peak <= available
    needed = f"{'at least ' if at_least else ''}{size(peak)} at the peak, {size(state)} of it the state"
    allowed = f"{size(available)} available"
    filled = f"fill {'' if fits else 'over'}"
    shapes = [
        '<rect class="track" y="0.5" width="100%" height="15" rx="3"/>',
        f'<rect class="{filled} part" y="3" width="{percent(peak / whole)}" height="10" rx="1"/>',
        f'<rect class="{filled}" y="3" width="{percent(state / whole)}" height="10" rx="1"/>',
    ]
    if fits:
        shapes.append('<line class="start" y1="3" y2="13"/>')
    else:
        edge = percent(available / whole)
        shapes.append(f'<line class="limit" x1="{edge}" x2="{edge}" y1="-2" y2="18"/>')
    verdict = f"{100 * peak / whole:.2g} % of it" if fits else '<span class="bad">does not fit</span>'
    return (
        f'<div class="memory">{svg(f"memory: {needed}; {allowed}", 16, *shapes)}'
        f'<p class="note">{needed}; {allowed}: {verdict}</p></div>'
    )


def legend(signs: Iterable[tuple[str, str]]) -> str:
    """Return signs, drawings of 20 by 12, with what they mean in plain text."""
    drawn = "".join(
        f'<span><svg aria-hidden="true" style="width:20px;height:12px">{sign}</svg>{shown(meaning)}</span>'
        for sign, meaning in signs
    )
    return f'<div class="legend">{drawn}</div>'


def words(facts: Iterable[tuple[str, str]]) -> str:
    """Return names and what there is to say of them, both plain text, one pair to a line."""
    pairs = "".join(f"<dt>{shown(name)}</dt><dd>{shown(what)}</dd>" for name, what in facts)
    return f'<dl class="words">{pairs}</dl>'
