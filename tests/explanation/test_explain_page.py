"""The page of `explain`: bars in proportion to seconds, a grid that agrees with the stages, words that are explained.

`tests/sessions/page.py` looks at the same page in a browser.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from qiskit import QuantumCircuit
from support.canonical import CIRCUITS, build
from support.html_reader import Reader, width_of

from ketjet import Simulator
from ketjet.base.units import duration
from ketjet.explanation import glossary, grid, text
from ketjet.explanation.bound import ARITHMETIC, MEMORY, NEITHER, bound_of

FEW = ["qft", "quantum_volume", "measured_midway", "grover"]


def teleportation():
    """Measurements, branches and joins."""
    circuit = QuantumCircuit(3, 3, name="teleportation")
    circuit.ry(0.4, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.clbits[1], 1)):
        circuit.x(2)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.ry(0.1, 2)
    circuit.measure(2, 2)
    return circuit


def measured_often(times=70):
    circuit = QuantumCircuit(6, 1, name="measured often")
    for _ in range(times):
        circuit.h(0)
        circuit.measure(0, 0)
    return circuit


def with_bars(explanation):
    return [
        stage
        for stage in explanation.stages[: text.STAGES_SHOWN]
        if stage.kind not in text.TOUCHES_NO_STATE and (stage.predicted_seconds or stage.measured_seconds)
    ]


@pytest.mark.parametrize("analyze", [False, True])
@pytest.mark.parametrize("circuit", [*map(build, FEW), teleportation(), measured_often()], ids=lambda one: one.name)
def test_bars_are_in_proportion_to_seconds(circuit, analyze):
    whole = Simulator().explain(circuit, analyze=analyze)
    page, stages = Reader(whole.to_html()), with_bars(whole)
    longest = max(max(stage.predicted_seconds, stage.measured_seconds or 0) for stage in stages)
    for kind in ("predicted", "measured"):
        seconds = [getattr(stage, f"{kind}_seconds") for stage in stages]
        drawn = [width_of(bar) for bar in page.of_class(kind) if bar["width"].endswith("%")]
        assert drawn == pytest.approx([one / longest / 1.02 for one in seconds if one], abs=1e-6)
    assert len(page.of_class("start")) == len(stages) + 1  # one is the bar of the memory
    assert page.seen >= {"details", "summary", "svg", "title"}


def test_marks_of_the_least_time_are_where_the_bound_is():
    whole = Simulator().explain(build("quantum_volume"), analyze=True)
    stages = with_bars(whole)
    scale = 1.02 * max(max(stage.predicted_seconds, stage.measured_seconds) for stage in stages)
    least = [stage.fraction_of_bound * stage.measured_seconds / scale for stage in stages]
    places = [mark["x1"] for mark in Reader(whole.to_html()).of_class("least") if mark["x1"].endswith("%")]
    assert [float(place[:-1]) / 100 for place in places] == pytest.approx([one for one in least if one <= 1], abs=1e-6)


def test_the_bound_is_the_higher_of_two_limits():
    whole = Simulator().explain(build("quantum_volume"), analyze=True)
    [first, *_] = [stage for stage in whole.stages if stage.kind == "sweep"]
    busy = replace(first, fraction_of_bound=0.5)
    moving = replace(whole, bandwidth_bytes_per_second=first.bytes_moved / 2e-3, fma_per_second=first.fma / 1e-3)
    computing = replace(whole, bandwidth_bytes_per_second=first.bytes_moved / 1e-3, fma_per_second=first.fma / 2e-3)
    assert bound_of(moving, busy) == MEMORY
    assert bound_of(computing, busy) == ARITHMETIC
    assert bound_of(computing, replace(first, fraction_of_bound=0.01)) == NEITHER
    assert bound_of(computing, replace(first, measured_seconds=0.0, fraction_of_bound=None)) == NEITHER


def test_without_measurements_the_passes_tell_the_bound():
    whole = Simulator().explain(build("quantum_volume"))
    for stage in whole.stages:
        blocks = stage.amplitudes >> len(stage.hot)
        seconds = sum(one.ns_per_amplitude for one in stage.passes) * stage.amplitudes * 1e-9
        expected = seconds / min(whole.threads, blocks) > stage.predicted_seconds / 2
        assert bound_of(whole, stage) == (ARITHMETIC if expected else MEMORY)
    waits = next(stage for stage in Simulator().explain(teleportation()).stages if stage.kind == "branch")
    assert bound_of(whole, waits) == NEITHER


def test_a_stage_without_seconds_has_no_bar():
    whole = Simulator().explain(teleportation(), analyze=True)
    kinds = {stage.kind for stage in whole.stages}
    assert kinds >= {"sweep", "collapse", "branch", "join"}
    page = Reader(whole.to_html())
    assert len(page.of_class("says")) == sum(stage.kind in text.TOUCHES_NO_STATE for stage in whole.stages)
    assert "shots in the same state go on together" in page.text


def test_a_stage_that_its_one_shot_has_not_come_to_says_so():
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.reset(1)
    circuit.h(1)
    circuit.measure(1, 1)
    with circuit.if_test((circuit.clbits[0], 1)):  # never
        circuit.h(0)
    circuit.measure(0, 0)
    whole = Simulator().explain(circuit, analyze=True, plan_options={"prune": False, "known_bits": False})
    assert any(stage.kind == "sweep" and stage.measured_seconds == 0 for stage in whole.stages)
    assert "not run" in Reader(whole.to_html()).text


def test_what_is_left_out_is_said():
    whole = Simulator().explain(measured_often(120), analyze=True)
    page = Reader(whole.to_html())
    assert len(page.of_class("stage")) == text.STAGES_SHOWN + 1
    further = text.left_out(whole.stages, text.STAGES_SHOWN, "stage")
    share = re.search(re.escape(further) + r", with (\d+) % of the time", page.text)
    rest = sum(stage.measured_seconds for stage in whole.stages[text.STAGES_SHOWN :])
    assert float(share[1]) == pytest.approx(100 * rest / whole.measured_seconds, abs=0.6)
    assert len(page.of_class("column")) == grid.COLUMNS_SHOWN < len(whole.stages)
    assert text.left_out(whole.stages, grid.COLUMNS_SHOWN, "stage")[1:] in page.text


def test_more_qubits_than_the_grid_has_rows_are_counted():
    whole = replace(Simulator().explain(build("ghz")), state_qubits=100)
    assert "There are 36 more qubits." in grid.grid(whole)


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_grid_agrees_with_the_stages(name):
    whole = Simulator().explain(build(name))
    before = set()
    for stage in whole.stages:
        found = grid.cells(stage, whole.state_qubits)
        of = {kind: {qubit for qubit, its in found.items() if its == kind} for kind in grid.MEANINGS}
        assert len(found) == whole.state_qubits
        assert of["hot"] | of["active"] == set(stage.active)
        assert of["growing"] == (set(stage.hot) - set(stage.active) if stage.kind == "sweep" else of["growing"])
        assert not of["still"] & set(stage.active)
        assert before <= set(stage.active)
        before = set(stage.active)
    drawn = {kind: grid.grid(whole).count(f'<path class="{kind}"') for kind in grid.MEANINGS}
    assert drawn["growing"] == 2  # in the grid and in its legend


def test_a_grid_of_many_stages_is_small():
    whole = Simulator().explain(measured_often(120))
    assert len(grid.grid(whole)) < 60_000


def test_every_word_of_a_page_is_explained():
    explained = {name for names, _ in glossary.WORDS for name in names.split(", ")}
    for whole in [Simulator().explain(circuit) for circuit in [*map(build, CIRCUITS), teleportation()]]:
        for stage in whole.stages:
            assert stage.kind in explained
            assert all(one.kind in explained and one.kernel in explained for one in stage.passes)
    assert explained >= {
        *text.NUMBERS,
        "hot",
        "active",
        "growing",
        "folded",
        "predicted",
        "gather",
        "scatter",
        "reflect",
    }
    assert explained >= {f"bound by {bound}" for bound in (MEMORY, ARITHMETIC, NEITHER)}


def test_memory_is_shown_where_it_is_known():
    whole = Simulator(max_memory_mb=64).explain(build("ghz"))
    assert whole.available_bytes == 64 << 20
    assert whole.state_bytes == 16 << 16
    page = Reader(whole.to_html())
    shares = [whole.peak_bytes / whole.available_bytes, whole.state_bytes / whole.available_bytes]
    assert [width_of(bar) for bar in page.of_class("fill")] == pytest.approx(shares, abs=1e-6)
    assert "Memory" not in Reader(replace(whole, available_bytes=None).to_html()).text
    assert whole.to_dict()["peak_is_lower_bound"] is False


@pytest.mark.parametrize("analyze", [False, True])
def test_the_page_needs_nothing_else(analyze):
    page = Simulator().explain(build("qft"), analyze=analyze).to_html()
    assert not re.search(r"https?:|url\(|src=|@import|<script", page)
    assert 'name="color-scheme" content="light dark"' in page
    assert "prefers-color-scheme: dark" in page


def test_drawings_are_told_to_those_who_do_not_see_them():
    whole = Simulator().explain(build("qft"))
    page = Reader(whole.to_html())
    assert all("aria-label" in found or "aria-hidden" in found for tag, found in page.tags if tag == "svg")
    first = whole.stages[0]
    label = f"stage 1, sweep: predicted {duration(first.predicted_seconds)}, bound by {bound_of(whole, first)}"
    assert label in [found.get("aria-label") for _, found in page.tags]


def test_a_page_of_nothing():
    assert "0 B moved" not in Reader(Simulator().explain(QuantumCircuit(1)).to_html()).text
