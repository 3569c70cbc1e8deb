"""What notebooks and terminals show of ketjet's objects: short, in proportion, and made of nothing large."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.result import marginal_counts
from support.html_reader import Reader, width_of

from ketjet import Simulator, StateVector
from ketjet.cli import program
from ketjet.faces.style import DARK, LIGHT
from ketjet.jobs import workers
from ketjet.jobs.job import Job
from ketjet.jobs.progress import JobProgress
from ketjet.results import SimulationResult
from ketjet.results.leading_outcomes import leading
from ketjet.state.face import AMPLITUDES_SHOWN

HOSTILE = '<script>alert("x")</script> & <b>\x1b[31m\n'
TOLD = HOSTILE.strip().replace("\x1b", "\\x1b")


def turned(num_qubits, name="turned"):
    """A circuit with many outcomes, some of them much more frequent."""
    circuit = QuantumCircuit(num_qubits, name=name)
    circuit.ry(0.6, range(num_qubits))
    circuit.measure_all()
    return circuit


def result_of(*circuits, **options):
    return Simulator(seed_simulator=3).run(list(circuits), **options).result()


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


def contrast(one, other):
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_told_from_the_paper(colours):
    """As the Web Content Accessibility Guidelines ask: 4.5 for text, 3 for drawings."""
    for name in ("ink", "muted", "memory", "arithmetic", "accent", "bad"):
        assert contrast(colours[name], colours["paper"]) >= 4.5
        assert contrast(colours[name], colours["faint"]) >= 4.5
    for name in ("hot", "growing", "active"):
        assert contrast(colours[name], colours["paper"]) >= 3


def test_both_themes_have_the_same_colours():
    assert LIGHT.keys() == DARK.keys()


class TestResult:
    def test_one_line(self, bell):
        assert repr(result_of(bell)).startswith("<Result of 'bell': 1024 shots, ")
        assert repr(result_of(bell, shots=1)).startswith("<Result of 'bell': 1 shot, ")
        assert repr(result_of(bell, exact=True)).startswith("<Result of 'bell': exact, ")
        assert repr(result_of(bell).results[0]).startswith("<CircuitResult of 'bell': 1024 shots, ")

    def test_it_stays_short(self):
        names = [f"{'n' * 300} {number}" for number in range(20)]
        result = result_of(*(turned(12, name) for name in names), shots=5000)
        assert len(repr(result)) < 300
        assert repr(result).startswith("<Result of 20 circuits: 'nnn")
        assert len(repr(result_of(turned(16), shots=10**6))) < 80

    def test_bars_are_in_proportion_and_the_most_frequent_come_first(self):
        result = result_of(turned(12))
        counts = sorted(result.get_counts().items(), key=lambda item: (-item[1], item[0]))
        page = Reader(result._repr_html_())
        widths = [width_of(bar) for bar in page.of_class("fill")]
        assert widths == pytest.approx([count / counts[0][1] for _, count in counts[:10]], abs=1e-6)
        assert f"and {len(counts) - 10} more outcomes" in page.text
        for key, count in counts[:10]:
            assert f"{key}{count}" in page.text.replace(f"{key}: ", "")

    def test_only_the_first_circuits_are_shown(self, bell):
        text = Reader(result_of(*[bell] * 9)._repr_html_()).text
        assert "9 circuits" in text
        assert "and 5 more circuits" in text

    def test_an_exact_result_shows_probabilities(self, bell):
        text = Reader(result_of(bell, exact=True)._repr_html_()).text
        assert "exact" in text
        assert "50.0 %" in text

    @pytest.mark.filterwarnings("ignore:no measurement")
    def test_without_outcomes_it_names_the_data(self):
        circuit = QuantumCircuit(3, name="unmeasured")
        circuit.h(0)
        text = Reader(result_of(circuit, return_state=True)._repr_html_()).text
        assert "measures nothing" in text
        assert "statevector" in text

    def test_a_failure_says_why(self):
        loop = QuantumCircuit(1, 1, name="endless")
        with loop.while_loop((loop.clbits[0], 0)):
            loop.measure(0, 0)
        job = Simulator().run([loop, turned(2)], max_iterations=10)
        result = job.result(partial=True)
        assert "ERROR" in repr(result)
        assert repr(result).endswith(", PARTIAL COMPLETED>")
        text = Reader(result._repr_html_()).text
        assert "ERROR" in text
        assert "PARTIAL COMPLETED" in text

    def test_names_are_only_text(self):
        page = Reader(result_of(turned(2, HOSTILE), turned(2, HOSTILE))._repr_html_())
        assert TOLD in page.text
        assert not {"script", "b"} & page.seen
        assert repr(result_of(turned(1, HOSTILE))).isprintable()

    def test_results_from_elsewhere_have_a_face_too(self, bell):
        result = result_of(bell)
        marginal = marginal_counts(result, [0])
        read = SimulationResult.from_dict(result.to_dict())
        unpickled = pickle.loads(pickle.dumps(result))
        assert repr(unpickled) == repr(result) == repr(copy.deepcopy(result))
        assert unpickled._repr_html_() == result._repr_html_()
        assert "1024 shots" in repr(read)
        assert Reader(read._repr_html_()).text.count("00") >= 1
        assert len(Reader(marginal._repr_html_()).of_class("fill")) == 2

    def test_a_result_of_nothing(self):
        facts = {"backend_name": "", "backend_version": "", "job_id": "", "success": True, "results": []}
        empty = SimulationResult.from_dict(facts)
        assert repr(empty) == "<Result of 0 circuits>"
        assert "0 circuits" in Reader(empty._repr_html_()).text

    def test_a_face_changes_nothing(self, bell):
        result = result_of(bell)
        before = result.to_dict()
        repr(result), result._repr_html_()
        assert result.to_dict() == before

    def test_of_a_million_outcomes_only_the_leading_ones_are_formatted(self, monkeypatch):
        result = result_of(turned(20), shots=10**6)
        packed = result.results[0].data.packed
        assert len(packed.counts) > 10_000
        formatted = []
        monkeypatch.setattr(
            "ketjet.results.leading_outcomes.engine.bitstrings",
            lambda keys, header: formatted.append(len(keys)) or ["0"] * len(keys),
        )
        result._repr_html_()
        assert formatted == [10]

    def test_among_equals_the_lowest_keys_lead(self):
        circuit = QuantumCircuit(6)
        circuit.h(range(6))
        circuit.measure_all()
        result = result_of(circuit, exact=True)
        found = leading(result.results[0].data.packed, result.results[0].header, 5)
        weights = result.get_probabilities()
        assert found.others == 59
        assert found.total == pytest.approx(1)
        assert [value for _, value in found.outcomes] == sorted(weights.values(), reverse=True)[:5]


class TestEstimate:
    @pytest.fixture
    def estimate(self):
        return Simulator(max_memory_mb=100).estimate(turned(12))

    def test_it_prints_what_the_command_line_prints(self, estimate, monkeypatch, capsys, tmp_path):
        path = tmp_path / "circuit.qasm"
        path.write_text('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nh q[0];\n', encoding="utf-8")
        monkeypatch.setattr(Simulator, "estimate", lambda *_, **__: estimate)
        assert program.main(["estimate", str(path)]) == 0
        assert capsys.readouterr().out.endswith(f"{estimate}\n")
        assert str(estimate).startswith("memory  ")

    def test_one_line(self, estimate):
        assert repr(estimate).startswith("<Estimate: 12 qubits, ")
        assert "fits into 100 MiB" in repr(estimate)
        assert "does not fit" in repr(replace(estimate, peak_bytes=200 << 20, fits=False))
        assert "at least" in repr(replace(estimate, peak_is_lower_bound=True))

    def test_the_bar_is_in_proportion(self, estimate):
        parts = Reader(estimate._repr_html_()).of_class("fill")
        shares = [estimate.peak_bytes / estimate.available_bytes, estimate.state_bytes / estimate.available_bytes]
        assert [width_of(part) for part in parts] == pytest.approx(shares, abs=1e-6)

    def test_what_does_not_fit_says_so(self, estimate):
        page = Reader(replace(estimate, peak_bytes=400 << 20, fits=False)._repr_html_())
        assert "does not fit" in page.text
        assert width_of(page.of_class("over")[0]) == 1
        assert page.of_class("limit")[0]["x1"] == "25.0000%"

    def test_states_that_no_machine_holds(self):
        wide = Simulator().estimate(turned(3000))
        assert "2^" in str(wide)
        assert Reader(wide._repr_html_()).of_class("over")
        assert len(repr(wide)) < 200


class TestProgress:
    halfway = JobProgress(1, 2, 3, 7, 500, 1000, 1 << 20, 1.5, 1.5, 0.375)

    def test_one_line(self):
        assert repr(self.halfway) == "<JobProgress: 38%, 1/2 circuits, 1.5 s, 1.5 s to go>"
        assert repr(replace(self.halfway, waiting_for=("job 1",))) == "<JobProgress: waiting for job 1>"

    def test_the_bar_is_in_proportion(self):
        page = Reader(self.halfway._repr_html_())
        assert [width_of(bar) for bar in page.of_class("fill")] == [0.375]
        assert "3 of 7" in page.text
        assert "500 of 1000" in page.text

    def test_a_job_has_the_same_bar(self, bell):
        job = Simulator().run(bell)
        job.result()
        page = Reader(job._repr_html_())
        assert [width_of(bar) for bar in page.of_class("fill")] == [1]
        assert "DONE" in page.text
        assert pickle.loads(pickle.dumps(job))._repr_html_() == job._repr_html_()

    def test_a_job_that_has_not_been_submitted_has_none(self):
        page = Reader(Job(None, "<b>")._repr_html_())
        assert page.of_class("fill") == []
        assert "INITIALIZING" in page.text


class TestState:
    def test_a_small_state_shows_its_amplitudes(self):
        circuit = QuantumCircuit(2)
        circuit.h(0)
        circuit.cx(0, 1)
        circuit.sdg(1)
        page = Reader(StateVector(2).evolve(circuit)._repr_html_())
        assert [width_of(bar) for bar in page.of_class("fill")] == pytest.approx([1, 1], abs=1e-5)
        assert "|00⟩" in page.text
        assert "0.0000 - 0.7071i" in page.text
        assert "|01⟩" not in page.text

    def test_no_more_than_a_few_amplitudes_are_shown(self):
        circuit = QuantumCircuit(6)
        circuit.h(range(6))
        page = Reader(StateVector(6, "single").evolve(circuit)._repr_html_())
        assert len(page.of_class("fill")) == AMPLITUDES_SHOWN
        assert "and 48 more amplitudes" in page.text

    def test_states_of_one_amplitude_and_of_none(self):
        state = StateVector(0)
        assert "|⟩" in state._repr_html_()
        np.asarray(state)[:] = 0
        assert Reader(state._repr_html_()).of_class("fill") == []

    @pytest.mark.parametrize("num_qubits", [7, 20])
    def test_a_large_state_is_not_read(self, num_qubits, monkeypatch):
        def refuse(*_, **__):
            raise AssertionError("the face reads amplitudes")

        state = StateVector(num_qubits, "single")
        for name in ("__array__", "probabilities", "sample", "norm", "expectation"):
            monkeypatch.setattr(StateVector, name, refuse)
        monkeypatch.setattr(workers.Workers, "run", refuse)
        text = Reader(state._repr_html_()).text
        assert f"{num_qubits} qubits" in text
        assert "single precision" in text
        assert repr(state) == f"StateVector(num_qubits={num_qubits}, precision='single')"


class TestSimulator:
    def test_it_says_what_a_run_may_use(self):
        text = Reader(Simulator(precision="single", max_threads=1, max_memory_mb=50)._repr_html_()).text
        for told in ("single, 8 bytes", "threads1", "max_memory_mb", "kernels"):
            assert told in text
        assert "verify" not in text

    def test_other_options_are_shown_if_they_are_not_the_usual_ones(self):
        text = Reader(Simulator(shots=77, verify="fast")._repr_html_()).text
        assert "shots77" in text
        assert "verifyfast" in text
