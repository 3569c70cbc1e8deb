"""Which qubits each stage works on: a grid with a row for each qubit and a column for each stage, drawn to scale.

The trick: all cells of one kind are one path, so that a grid of 160 stages is a few thousand bytes, and each kind has a
size of its own besides its colour. Columns carry what they mean as their titles.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ketjet import faces
from ketjet.base.units import counted
from ketjet.explanation import text
from ketjet.faces import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ketjet.explanation.model import Explanation
    from ketjet.explanation.stages import ExplainedStage

__all__ = ["STYLE", "cells", "grid"]

COLUMNS_SHOWN = 160
"""Stages; the others are counted."""

ROWS_SHOWN = 64
"""Qubits, likewise."""

WIDTH = 780
"""Pixels that all columns may take, as long as that leaves them the least width."""

MIN_CELL, MAX_CELL, CELL_HEIGHT = 5.0, 32.0, 12.0

LEFT, LINE = 34.0, 17.0
"""Room for the numbers of qubits; for those of stages, and for letters."""

LETTER_CELL = 8.0
"""The narrowest column that a letter fits into."""

LETTERS = {
    "exchange": "R",
    "collapse": "C",
    "extend": "E",
    "compute": "=",
    "branch": "?",
    "jump": "J",
    "join": "Y",
    "save": "S",
}
"""Above the columns that are no sweeps."""

HOT, GROWING, ACTIVE, STILL = "hot", "growing", "active", "still"

MEANINGS = {
    HOT: "hot: inside the block",
    GROWING: "growing: hot, and |0⟩ until here",
    ACTIVE: "active: part of the state, outside the block",
    STILL: "still |0⟩, not stored yet",
}

SIZES = {HOT: 1.0, GROWING: 1.0, ACTIVE: 0.55, STILL: 0.0}
"""Of a cell, the part of its width and height that is painted."""

DOT = 2.0
"""Pixels of what stands for a qubit that is still |0⟩."""

GAP = 1.0
"""Pixels between cells."""

STYLE = """
.ketjet .grid { overflow-x: auto; padding-bottom: 2px; }
.ketjet .grid svg { max-width: none; }
.ketjet .grid text { fill: var(--kj-muted); font-size: 11px; }
.ketjet .hot { fill: var(--kj-hot); }
.ketjet .growing { fill: var(--kj-growing); }
.ketjet .notch { fill: var(--kj-paper); }
.ketjet .active { fill: var(--kj-active); }
.ketjet .still { fill: var(--kj-muted); }
.ketjet .column { fill: transparent; }
.ketjet .column:hover { fill: var(--kj-ink); fill-opacity: 0.1; }
"""


def cells(stage: ExplainedStage, num_qubits: int) -> dict[int, str]:
    """Return what each qubit of the state is in a stage; nothing where a stage does not look at the state."""
    if stage.kind in text.TOUCHES_NO_STATE:
        return {}
    active, hot = set(stage.active), set(stage.hot)
    if stage.kind == "extend":
        hot = set(range(num_qubits)) - active
    return {
        qubit: (HOT if qubit in active else GROWING) if qubit in hot else ACTIVE if qubit in active else STILL
        for qubit in range(num_qubits)
    }


def grid(explanation: Explanation) -> str:
    """Return the grid with its legend and what it leaves out."""
    stages = explanation.stages[:COLUMNS_SHOWN]
    rows = min(explanation.state_qubits, ROWS_SHOWN)
    if not stages or not rows:
        return ""
    width = min(max(WIDTH / len(stages), MIN_CELL), MAX_CELL)
    top = LINE * (2 if _lettered(stages, width) else 1)
    paths: dict[str, list[str]] = defaultdict(list)
    for column, stage in enumerate(stages):
        for row, kind in cells(stage, rows).items():
            paths[kind].append(_cell(LEFT + column * width, top + row * CELL_HEIGHT, width, kind))
            if kind == GROWING:
                paths["notch"].append(_notch(LEFT + column * width, top + row * CELL_HEIGHT, width))
    drawn = "".join(f'<path class="{kind}" d="{"".join(path)}"/>' for kind, path in paths.items())
    across, down = LEFT + len(stages) * width, top + rows * CELL_HEIGHT
    says = f"qubits of the state inside and outside the block, {counted(len(stages), 'stage')}"
    kinds = [kind for kind in MEANINGS if kind in paths]
    return (
        f'<div class="grid"><svg role="img" aria-label="{says}" style="width:{across:g}px;height:{down:g}px">'
        f"{''.join(_names(stages, rows, width, top))}{drawn}{''.join(_columns(stages, width, down))}</svg></div>\n"
        f"{faces.legend((_sign(kind), MEANINGS[kind]) for kind in kinds)}{_notes(explanation, stages, rows, width)}"
    )


def _lettered(stages: Sequence[ExplainedStage], width: float) -> bool:
    return width >= LETTER_CELL and any(stage.kind in LETTERS for stage in stages)


def _cell(x: float, y: float, width: float, kind: str) -> str:
    """Return a rectangle in the middle of a cell, as a piece of a path."""
    across, down = (width - GAP) * SIZES[kind], (CELL_HEIGHT - GAP) * SIZES[kind]
    if kind == STILL:
        across = down = DOT
    left, top = x + (width - GAP - across) / 2, y + (CELL_HEIGHT - GAP - down) / 2
    return f"M{left:.4g} {top:.4g}h{across:.3g}v{down:.3g}h-{across:.3g}z"


def _notch(x: float, y: float, width: float) -> str:
    """Return the corner that a growing cell lacks, which tells it from a hot one without its colour."""
    side = min(width, CELL_HEIGHT) * 0.55
    return f"M{x:.4g} {y:.4g}h{side:.3g}l-{side:.3g} {side:.3g}z"


def _names(stages: Sequence[ExplainedStage], rows: int, width: float, top: float) -> Iterator[str]:
    step = next(step for step in (1, 2, 5, 10, 20, 50) if step * width >= 22)
    for column, stage in enumerate(stages):
        middle = LEFT + column * width + (width - GAP) / 2
        number = column + 1
        if number == 1 or number % step == 0:
            yield f'<text x="{middle:.4g}" y="11" text-anchor="middle">{number}</text>'
        if top > LINE and stage.kind in LETTERS:
            yield f'<text x="{middle:.4g}" y="{top - 6:g}" text-anchor="middle">{shown(LETTERS[stage.kind])}</text>'
    step = 1 if rows <= 16 else 5
    for row in range(0, rows, step):
        yield f'<text x="{LEFT - 8:g}" y="{top + (row + 0.8) * CELL_HEIGHT:.4g}" text-anchor="end">q{row}</text>'


def _columns(stages: Sequence[ExplainedStage], width: float, down: float) -> Iterator[str]:
    for column, stage in enumerate(stages):
        head, *_ = text.stage_lines(column + 1, stage)
        new = sorted(set(stage.hot) - set(stage.active))
        growing = f"; growing {text.ranges(new)}" if new else ""
        active = f"; active before {text.ranges(stage.active)}" if stage.active else ""
        yield (
            f'<rect class="column" x="{LEFT + column * width:.4g}" width="{width:.4g}" height="{down:g}">'
            f"<title>{shown(head + growing + active)}</title></rect>"
        )


def _sign(kind: str) -> str:
    notch = f'<path class="notch" d="{_notch(4, 0, CELL_HEIGHT)}"/>' if kind == GROWING else ""
    return f'<path class="{kind}" d="{_cell(4, 0, CELL_HEIGHT, kind)}"/>{notch}'


def _notes(explanation: Explanation, stages: Sequence[ExplainedStage], rows: int, width: float) -> str:
    notes = ["Rows are the qubits of the stored state, from the lowest; columns are the stages."]
    if _lettered(stages, width):
        kinds = {stage.kind for stage in stages}
        letters = ", ".join(f"{letter} {kind}" for kind, letter in LETTERS.items() if kind in kinds)
        notes.append(f"Letters mark what is not a sweep: {letters}.")
    if explanation.state_qubits > rows:
        notes.append(f"There are {counted(explanation.state_qubits - rows, 'more qubit')}.")
    if further := text.left_out(explanation.stages, COLUMNS_SHOWN, "stage"):
        notes.append(f"{further[0].upper()}{further[1:]}.")
    return f'<p class="note">{shown(" ".join(notes))}</p>'
