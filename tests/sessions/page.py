"""The page of `explain` and all faces in a browser; `nox -s page` runs this, and fails where there is no chromium.

The browser measures what it has laid out: a script that only this file adds writes it into the page. The pictures are
in build/page, to be looked at.
"""

from __future__ import annotations

import html
import itertools
import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from qiskit import QuantumCircuit
from qiskit.circuit.library import quantum_volume

from ketjet import Simulator, StateVector
from ketjet.explanation import text
from ketjet.faces.style import DARK, LIGHT

PICTURES = Path(__file__).parents[2] / "build" / "page"
WIDTHS = (900, 1400)
NARROW = 420
THEMES = ("light", "dark")
ROUNDING = 0.51
"""Pixels."""

MEASURE = """
<script>
const box = element => { const r = element.getBoundingClientRect(); return [r.left, r.right, r.width, r.height]; };
const all = (root, what) => [...root.querySelectorAll(what)];
const cards = all(document, '.ketjet');
const rows = all(document, 'summary.stage').map(row => {
  const bar = row.querySelector('svg');
  const of = kind => { const found = bar.querySelector('.' + kind); return found && box(found)[2]; };
  return {place: box(bar)[2], predicted: of('predicted'), measured: of('measured'), height: box(row)[3]};
});
const loose = element => !element.closest('.grid, .wide, style, title') && box(element)[2] > 0;
const outside = card => element => box(element)[1] > box(card)[1] + 1 || box(element)[0] < box(card)[0] - 1;
const beyond = cards.flatMap(
  card => all(card, '*').filter(loose).filter(outside(card)).map(element => element.outerHTML.slice(0, 80)));
const clipped = all(document, '.number, .by').filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent);
const ticks = all(document, '.axis text').map(box);
const first = document.querySelector('summary.stage'), table = document.querySelector('table.passes');
const shows = table ? [table.checkVisibility()] : [];
if (table) { first.click(); shows.push(table.checkVisibility()); }
const style = getComputedStyle(cards[0]);
const found = document.body.appendChild(document.createElement('pre'));
found.id = 'found';
found.textContent = JSON.stringify({
  rows, beyond, clipped, ticks, shows,
  drawings: all(document, '.ketjet svg').map(drawing => box(drawing)[3]),
  cells: all(document, '.passes tr').map(row => getComputedStyle(row).backgroundColor),
  paper: style.backgroundColor, ink: style.color,
  dark: matchMedia('(prefers-color-scheme: dark)').matches,
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
});
</script>
"""


def dynamic():
    circuit = QuantumCircuit(6, 4, name="repeat <until> success & co")
    circuit.h(range(6))
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.h(3)
    with otherwise:
        circuit.ry(0.3, 2)
    circuit.reset(0)
    circuit.h(0)
    circuit.measure(4, 1)
    with circuit.while_loop((circuit.clbits[1], 0)):
        circuit.h(4)
        circuit.measure(4, 1)
    circuit.measure([2, 3], [2, 3])
    return circuit


def plain():
    circuit = quantum_volume(20, 8, seed=1)
    circuit.name = "quantum volume, 20 qubits"
    circuit.measure_all()
    return circuit


def bell():
    circuit = QuantumCircuit(2, name="<b>bell</b>")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def many_stages():
    circuit = QuantumCircuit(18, 40, name="many stages")
    for layer in range(40):
        circuit.ry(0.3, range(18))
        for qubit in range(layer % 2, 17, 2):
            circuit.cx(qubit, qubit + 1)
        circuit.measure(layer % 18, layer)
    return circuit


@pytest.fixture(scope="module")
def explanations():
    backend = Simulator()
    return {
        "plain": backend.explain(plain(), analyze=True),
        "predicted": backend.explain(plain()),
        "dynamic": backend.explain(dynamic(), analyze=True),
        "one_stage": backend.explain(bell(), analyze=True),
        "many_stages": backend.explain(many_stages(), analyze=True),
        "wide": backend.explain(quantum_volume(30, 30, seed=1)),
    }


@pytest.fixture(scope="module")
def pages(explanations):
    return {**{name: whole.to_html() for name, whole in explanations.items()}, "faces": faces()}


def faces():
    """All faces on one page, as a notebook has them."""
    backend = Simulator(seed_simulator=7, max_memory_mb=512)
    turned = QuantumCircuit(12, name="twelve qubits")
    turned.ry(0.6, range(12))
    turned.measure_all()
    wide = QuantumCircuit(24, name="wide")
    wide.h(range(24))
    wide.measure_all()
    small = QuantumCircuit(3)
    small.h(0)
    small.cx(0, 1)
    small.t(1)
    small.ry(0.4, 2)
    estimates = backend.estimate(wide), Simulator(max_memory_mb=100).estimate(wide)
    job = backend.run(wide, shots=10**6)
    time.sleep(0.1)
    shown = [
        backend.run(turned).result(),
        backend.run([bell(), turned, bell(), turned, bell()]).result(),
        backend.run(bell(), exact=True).result(),
        *estimates,
        job.progress(),
        job,
        StateVector(3).evolve(small),
        StateVector(20, "single"),
        backend,
    ]
    job.cancel()
    head = '<meta charset="utf-8"><style>:root { color-scheme: light dark; }</style>'
    body = "\n".join(one._repr_html_() for one in shown)
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def chromium(tmp_path, page, *options, theme="light", width=WIDTHS[0], height=2400):
    """Open a page; what the browser writes to standard output is returned."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not installed: apt-get install chromium")
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    command = [
        program,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--blink-settings=preferredColorScheme={0 if theme == 'dark' else 1}",
        f"--window-size={width},{height}",
        *options,
        path.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def measured(tmp_path, page, **options):
    """What the browser has found in the page."""
    dumped = chromium(tmp_path, page.replace("</body>", f"{MEASURE}</body>"), "--dump-dom", **options)
    return json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', dumped, re.DOTALL)[1]))


def picture(tmp_path, name, page, theme, width):
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}-{width}-{theme}.png"
    chromium(tmp_path, page, f"--screenshot={path}", theme=theme, width=width)
    with Image.open(path) as image:
        return image.convert("RGB")


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def css(colour):
    return f"rgb({', '.join(map(str, rgb(colour)))})"


NOTEBOOK = """<style>
.jp-RenderedHTMLCommon { font-size: 14px; line-height: 1.6; padding-right: 20px; }
.jp-RenderedHTMLCommon table { border-collapse: collapse; border: none; font-size: 13px; table-layout: fixed;
  margin-left: auto; margin-bottom: 1em; margin-right: auto; }
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th, .jp-RenderedHTMLCommon tr { vertical-align: middle;
  padding: 0.5em; line-height: normal; white-space: normal; max-width: none; border: none; }
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon td { text-align: right; }
.jp-RenderedHTMLCommon tbody tr:nth-child(odd) { background: red; }
.jp-RenderedHTMLCommon tbody tr:nth-child(even) { background: red; }
.jp-RenderedHTMLCommon p { text-align: left; margin: 0; margin-bottom: 1em; }
.jp-RenderedHTMLCommon svg { max-width: 100%; height: auto; }
</style>"""
"""What JupyterLab 4 does to the HTML that it shows, as far as it concerns us."""

NAMES = ["plain", "predicted", "dynamic", "one_stage", "many_stages", "wide"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_bars_are_in_proportion_to_seconds(name, width, explanations, pages, tmp_path):
    found = measured(tmp_path, pages[name], width=width)["rows"]
    stages = [
        stage
        for stage in explanations[name].stages[: text.STAGES_SHOWN]
        if stage.kind not in text.TOUCHES_NO_STATE and (stage.predicted_seconds or stage.measured_seconds)
    ]
    assert len(found) == len(stages) > 0
    longest = max(max(stage.predicted_seconds, stage.measured_seconds or 0) for stage in stages)
    [place] = {row["place"] for row in found}
    assert place > width / 5
    for row, stage in zip(found, stages, strict=True):
        for kind in ("predicted", "measured"):
            seconds = getattr(stage, f"{kind}_seconds")
            assert (row[kind] or 0) == pytest.approx(place * (seconds or 0) / longest / 1.02, abs=ROUNDING)
        assert row["height"] >= 20  # whatever the width of its bar, it can be clicked


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [NARROW, *WIDTHS])
@pytest.mark.parametrize("name", [*NAMES, "faces"])
def test_nothing_overflows(name, width, theme, pages, tmp_path):
    found = measured(tmp_path, pages[name], width=width, theme=theme)
    assert found["wide"] <= 0
    assert found["beyond"] == []
    assert found["clipped"] == []
    for (_, right, *_), (left, *_) in itertools.pairwise(found["ticks"]):
        assert right < left


def test_a_click_opens_the_passes(pages, tmp_path):
    assert measured(tmp_path, pages["plain"])["shows"] == [False, True]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*NAMES, "faces"])
def test_light_and_dark_differ_by_the_style_of_the_page(name, width, pages, tmp_path):
    pictures = {}
    for theme, colours in zip(THEMES, (LIGHT, DARK), strict=True):
        found = measured(tmp_path, pages[name], theme=theme)
        assert found["dark"] is (theme == "dark")
        assert (found["paper"], found["ink"]) == (css(colours["paper"]), css(colours["ink"]))
        image = pictures[theme] = picture(tmp_path, name, pages[name], theme, width)
        shades = [shade for _, shade in sorted(image.getcolors(1 << 24), reverse=True)]
        assert rgb(colours["paper"]) in shades[:2]  # as the style says it, so nothing has inverted the page
        assert rgb(colours["ink"]) in shades
    light, dark = (pictures[theme] for theme in THEMES)
    assert light.size == dark.size
    assert min(ImageStat.Stat(ImageChops.difference(light, dark)).mean) > 150


@pytest.mark.parametrize(
    ("body", "colours"),
    [
        ('<body data-jp-theme-light="false">', DARK),
        ('<body class="vscode-dark">', DARK),
        ('<body data-theme="dark">', DARK),
        ('<body data-jp-theme-light="true">', LIGHT),
        ('<body class="vscode-light">', LIGHT),
    ],
)
def test_what_a_notebook_says_of_its_theme_wins(body, colours, pages, tmp_path):
    system = "light" if colours is DARK else "dark"
    found = measured(tmp_path, pages["faces"].replace("<body>", body), theme=system)
    assert found["dark"] is (system == "dark")
    assert (found["paper"], found["ink"]) == (css(colours["paper"]), css(colours["ink"]))


@pytest.mark.parametrize("name", [*NAMES, "faces"])
def test_a_notebook_does_not_spoil_it(name, pages, tmp_path):
    shown = pages[name].replace("<head>", f"<head>{NOTEBOOK}")
    shown = shown.replace("<body>", '<body><div class="jp-RenderedHTMLCommon">').replace("</body>", "</div></body>")
    alone, found = (measured(tmp_path, page, width=1400) for page in (pages[name], shown))
    assert found["beyond"] == found["clipped"] == []
    assert found["drawings"] == alone["drawings"]
    assert [row["height"] for row in found["rows"]] == [row["height"] for row in alone["rows"]]
    assert set(found["cells"]) <= {"rgba(0, 0, 0, 0)"}
