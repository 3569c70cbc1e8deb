"""The look of everything ketjet shows in a notebook: one set of colours for light and dark, and the parts of a card.

Each face brings its style along, because a notebook keeps outputs apart. The trick: all colours are variables, so that
a dark theme, whoever announces it (the system, JupyterLab, VS Code, Colab, Sphinx), changes them and nothing else.
"""

from __future__ import annotations

__all__ = ["STYLE"]

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "muted": "#59636e",
    "line": "#d5dbe1",
    "faint": "#f3f5f7",
    "accent": "#30608f",
    "memory": "#2768b0",
    "arithmetic": "#b0520a",
    "hot": "#6b3fb8",
    "growing": "#16794a",
    "active": "#8792a0",
    "bad": "#b42318",
}

DARK = {
    "paper": "#15191e",
    "ink": "#e4e8ec",
    "muted": "#9da7b1",
    "line": "#363d46",
    "faint": "#1e242b",
    "accent": "#8bb8e2",
    "memory": "#68adf3",
    "arithmetic": "#f0a052",
    "hot": "#b795ff",
    "growing": "#4cc38a",
    "active": "#66717d",
    "bad": "#ff8a7a",
}

SAYS_LIGHT = ('[data-jp-theme-light="true"]', '[data-theme="light"]', "body.vscode-light")
SAYS_DARK = ('[data-jp-theme-light="false"]', '[data-theme="dark"]', '[theme="dark"]', "body.vscode-dark")

PARTS = """
.ketjet { box-sizing: border-box; container-type: inline-size; color: var(--kj-ink); background: var(--kj-paper);
  border: 1px solid var(--kj-line); border-radius: 8px; padding: 12px 16px; margin: 4px 0; max-width: 1280px;
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; }
.ketjet.small { max-width: 720px; }
.ketjet .code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: 0.93em; }
.ketjet .head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 10px; }
.ketjet .kind { color: var(--kj-muted); }
.ketjet .name { font-weight: 600; overflow-wrap: anywhere; }
.ketjet .facts, .ketjet .note { color: var(--kj-muted); }
.ketjet .note { margin: 6px 0 0; }
.ketjet .bad { color: var(--kj-bad); font-weight: 600; }
.ketjet svg { display: block; overflow: visible; }
.ketjet .track { fill: var(--kj-faint); stroke: var(--kj-line); }
.ketjet .fill { fill: var(--kj-accent); }
.ketjet .fill.part { opacity: 0.45; }
.ketjet .fill.over { fill: var(--kj-bad); }
.ketjet .start { stroke: var(--kj-accent); stroke-width: 2; }
.ketjet .limit { stroke: var(--kj-ink); stroke-width: 2; }
.ketjet .chart { display: grid; grid-template-columns: minmax(0, max-content) minmax(60px, 1fr) repeat(2, max-content);
  gap: 3px 12px; align-items: center; margin: 8px 0 0; }
.ketjet .chart .label { overflow-wrap: anywhere; }
.ketjet .number { text-align: right; white-space: nowrap; }
.ketjet .legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 8px 0 0; color: var(--kj-muted);
  font-size: 0.93em; }
.ketjet .legend svg { display: inline-block; vertical-align: -1px; margin-right: 6px; }
.ketjet .words { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 14px; margin: 8px 0 0; }
.ketjet .words dt { color: var(--kj-muted); font-weight: normal; }
.ketjet .words dd { margin: 0; overflow-wrap: anywhere; }
"""


def _colours(chosen: dict[str, str]) -> str:
    return "".join(f"--kj-{name}:{colour};" for name, colour in chosen.items())


def _where(themes: tuple[str, ...]) -> str:
    return ", ".join(f"{theme} .ketjet" for theme in themes)


STYLE = (
    f".ketjet {{{_colours(LIGHT)}}}\n"
    f"@media (prefers-color-scheme: dark) {{ .ketjet {{{_colours(DARK)}}} }}\n"
    f"{_where(SAYS_LIGHT)} {{{_colours(LIGHT)}}}\n"
    f"{_where(SAYS_DARK)} {{{_colours(DARK)}}}{PARTS}"
)
"""For a `style` element inside of the face."""
