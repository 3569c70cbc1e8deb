"""An explanation as HTML: where the time goes, which qubits are worked on when, and the memory, all as inline SVG.

`Explanation` shows it in notebooks and writes it as a page of its own; `details` unfold without a script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet import faces
from ketjet.base.units import counted, duration, size
from ketjet.explanation import glossary, grid, text, timeline
from ketjet.explanation.readings import reading_lines
from ketjet.faces import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ketjet.explanation.model import Explanation

COPYING = ("gather", "scatter")
"""What moves blocks, among the kernels."""

STYLE = """
.ketjet.plan { padding: 16px 20px; }
.ketjet .title { font-size: 1.3em; font-weight: 600; overflow-wrap: anywhere; }
.ketjet .tiles { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 12px 0 0; }
.ketjet .tiles dt { color: var(--kj-muted); font-size: 0.86em; font-weight: normal; }
.ketjet .tiles dd { margin: 0; font-size: 1.15em; font-weight: 600; }
.ketjet .section { font-weight: 600; margin: 22px 0 6px; }
.ketjet .glossary { margin-top: 18px; }
.ketjet .glossary summary { cursor: pointer; color: var(--kj-muted); }
.ketjet .kernels { max-width: 720px; }
"""

ALONE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 16px; background: #ffffff; }
@media (prefers-color-scheme: dark) { body { background: #0e1116; } }
.ketjet.plan { margin: 0 auto; }
"""
"""What a page of its own needs besides."""


def document(explanation: Explanation) -> str:
    """Return a page of its own."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{shown(explanation.name)}</title><style>{ALONE}</style></head>\n"
        f"<body>{fragment(explanation)}</body></html>\n"
    )


def fragment(explanation: Explanation) -> str:
    """Return what a notebook shows."""
    style = f"{faces.STYLE}{timeline.STYLE}{grid.STYLE}{STYLE}"
    sections = "\n".join(f"{_heading(name)}{body}" for name, body in _sections(explanation) if body)
    return (
        f'<div class="ketjet plan"><style>{style}</style>\n<div class="title">{shown(explanation.name)}</div>'
        f'<div class="facts">{shown(" · ".join(_facts(explanation)))}</div>\n{_tiles(explanation)}\n'
        f"{sections}\n{glossary.glossary()}</div>"
    )


def _heading(name: str) -> str:
    return f'<div class="section" role="heading" aria-level="3">{name}</div>'


def _facts(explanation: Explanation) -> Iterator[str]:
    yield counted(explanation.num_qubits, "qubit")
    if explanation.state_qubits != explanation.num_qubits:
        yield f"a state of {counted(explanation.state_qubits, 'qubit')}"
    if explanation.left_out:
        yield f"{counted(explanation.left_out, 'operation')} dropped or worked out beforehand"
    if explanation.runs_by_operation:
        yield text.BY_OPERATION
    yield f"{explanation.precision} precision"
    yield counted(explanation.threads, "thread")
    yield f"planned in {duration(explanation.planning_seconds)}"


def _tiles(explanation: Explanation) -> str:
    """Return the sums over all stages."""
    tiles = [("predicted", duration(explanation.predicted_seconds))]
    if explanation.measured_seconds is not None:
        tiles.append(("measured", duration(explanation.measured_seconds)))
    if explanation.fraction_of_bound is not None:
        tiles.append(("of the bound", text.whole_percent(explanation.fraction_of_bound)))
    tiles += [
        ("sweeps", str(explanation.sweeps)),
        ("passes", str(explanation.passes)),
        ("operations", str(explanation.operations)),
        ("moved", size(explanation.bytes_moved)),
        ("multiply-adds", text.products_of(explanation.fma)),
    ]
    pairs = "".join(f"<div><dt>{name}</dt><dd>{shown(value)}</dd></div>" for name, value in tiles)
    return f'<dl class="tiles">{pairs}</dl>'


def _sections(explanation: Explanation) -> Iterator[tuple[str, str]]:
    if explanation.stages:
        yield "Where the time goes", timeline.timeline(explanation) + _how_to_read(explanation)
    yield "Kernels", _kernels(explanation)
    yield "Which qubits are worked on", grid.grid(explanation)
    if explanation.readings:
        lines = "".join(f"<li>{shown(line)}</li>" for line in reading_lines(explanation.readings))
        yield "Observables", f"<ul>{lines}</ul>"
    yield "Memory", _memory(explanation)


def _how_to_read(explanation: Explanation) -> str:
    bandwidth, rate = explanation.bandwidth_bytes_per_second, explanation.fma_per_second
    told = "A click on a stage opens what it does, pass by pass."
    if bandwidth is not None and rate is not None:
        told += f" This computer moves at most {bandwidth / 1e9:.3g} GB/s, and does at most {rate / 1e9:.3g} GFMA/s."
    return f'<p class="note">{told}</p>'


def _kernels(explanation: Explanation) -> str:
    """Return each kernel's share of the time on blocks, if that was measured."""
    rows = [
        faces.Row(
            share.kernel,
            share.share,
            (f"{100 * share.share:.0f} %", text.percentage(share.fraction_of_bound).removeprefix(", ")),
            "memory" if share.kernel in COPYING else "neither" if share.fraction_of_bound is None else "arithmetic",
        )
        for share in explanation.kernels
    ]
    return f'<div class="kernels">{faces.chart(rows)}</div>' if rows else ""


def _memory(explanation: Explanation) -> str:
    state, peak, available = explanation.state_bytes, explanation.peak_bytes, explanation.available_bytes
    if state is None or peak is None or available is None:
        return ""
    return faces.memory(state, peak, available, at_least=bool(explanation.peak_is_lower_bound))
