"""`explain`: golden plans of canonical circuits, numbers that agree with the cost model, and the forms it comes in.

After a change of the planner or its cost model, `pytest tests/explanation/test_explain.py --write-golden` writes the
golden plans anew; read the difference.
"""

from __future__ import annotations

import itertools
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import Parameter
from qiskit.circuit.library import DiagonalGate, HGate, SXGate
from qiskit.quantum_info import SparsePauliOp
from support.canonical import CIRCUITS, build
from support.html_reader import Reader

from ketjet import Simulator, _core, engine
from ketjet.cli import program
from ketjet.errors import InsufficientMemoryError, InvalidCircuitError, UnknownOptionError
from ketjet.explanation import explain
from ketjet.lowering import lower
from ketjet.ranks import PlannedRanks

GOLDEN = Path(__file__).parents[1] / "golden"
CACHES = engine.Machine(l2_bytes=1 << 16)
"""Blocks of 11 qubits in double precision, whatever this computer has."""

SUMS = {"bytes_moved": int, "fma": float, "predicted_seconds": float, "sweeps": int, "passes": int}
ANALYSED = {"measured_seconds", "bandwidth_bytes_per_second", "fma_per_second", "fraction_of_bound"}


def plan_of(circuit, *, on=CACHES, precision="double", switched_off=()):
    lowered = lower(circuit)
    keep_state = not lowered.has_measurements
    made = engine.plan(lowered.program, precision, on, keep_state=keep_state, switched_off=switched_off)
    return lowered, made


def explained(circuit, *, threads=2, precision="double", switched_off=(), on=CACHES):
    lowered, made = plan_of(circuit, on=on, precision=precision, switched_off=switched_off)
    return replace(explain(lowered, made, threads), planning_seconds=0.0)


def passes_of(circuit, **options):
    return [one for stage in explained(circuit, **options).stages for one in stage.passes]


def reason_of(circuit, name, **options):
    """Why the one operation of that name was not merged."""
    [one] = [one for one in passes_of(circuit, **options) if [of.name for of in one.operations] == [name]]
    return one.reason


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_plan_is_the_golden_one(name, request):
    text = str(explained(build(name))) + "\n"
    path = GOLDEN / f"{name}.txt"
    if request.config.getoption("--write-golden"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_no_golden_plan_is_left_over():
    assert {path.stem for path in GOLDEN.iterdir()} == set(CIRCUITS)


@pytest.mark.parametrize("name", CIRCUITS)
def test_text_is_at_most_100_columns_wide(name):
    assert max(map(len, str(explained(build(name))).splitlines())) <= 100


def test_long_names_wide_operations_and_many_passes_are_folded():
    circuit = QuantumCircuit(14, name="n" * 300)
    circuit.append(DiagonalGate(np.ones(1 << 14)), range(14))
    for layer in range(40):
        circuit.rx(0.1 * layer, range(14))
        circuit.rzz(0.1, 0, 13)
        circuit.rz(0.1, range(14))
    text = str(explained(circuit))
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) < 80
    assert "diagonal(0,1,2,3+10)" in text
    assert " more passes: " in text


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", CIRCUITS)
def test_sums_agree_with_the_cost_model(name, threads, precision):
    lowered, made = plan_of(build(name), precision=precision)
    whole = explain(lowered, made, threads)
    cost = _core.plan_cost(made, threads)
    assert whole.bytes_moved == cost.bytes_moved
    assert whole.predicted_seconds == pytest.approx(cost.seconds, rel=1e-12)
    assert whole.sweeps == made.num_sweeps
    assert whole.passes == made.num_passes
    assert len(whole.stages) == made.num_stages


@pytest.mark.parametrize("name", CIRCUITS)
def test_sums_agree_with_each_other(name):
    facts = explained(build(name)).to_dict()
    stages = facts["stages"]
    for key in ("bytes_moved", "fma", "predicted_seconds"):
        assert sum(stage[key] for stage in stages) == pytest.approx(facts[key])
    assert sum(stage["kind"] == "sweep" for stage in stages) == facts["sweeps"]
    assert sum(len(stage["passes"]) for stage in stages) == facts["passes"]
    for stage in stages:
        amplitudes = 2 ** len({*stage["hot"], *stage["active"]})
        products = sum(one["fma_per_amplitude"] for one in stage["passes"]) * amplitudes
        assert products == pytest.approx(stage["fma"])


@pytest.mark.parametrize("name", CIRCUITS)
def test_every_operation_of_a_sweep_is_in_its_passes(name):
    sweeps = [stage for stage in explained(build(name)).stages if stage.kind == "sweep"]
    assert sweeps
    for sweep in sweeps:
        indices = [operation.index for operation in sweep.operations]
        assert indices == sorted({of.index for one in sweep.passes for of in one.operations})


def test_many_stages_are_counted():
    circuit = QuantumCircuit(6, 1)
    for _ in range(70):
        circuit.h(0)
        circuit.measure(0, 0)
    whole = explained(circuit)
    assert str(whole).endswith("more stages: 44 collapse, 45 sweep")
    assert "more stages: 44 collapse" in whole.to_html()
    assert len(whole.to_dict()["stages"]) == len(whole.stages) > 100


def test_operations_have_the_circuits_qubits():
    circuit = QuantumCircuit(9)
    circuit.h([4, 8])
    circuit.cp(0.3, 8, 4)
    circuit.swap(3, 4)  # no operation of its own: it renames the qubits before it
    [stage] = [stage for stage in explained(circuit).stages if stage.kind == "sweep"]
    assert [(of.name, of.qubits) for of in stage.operations] == [("h", (4,)), ("h", (8,)), ("cp", (8, 4))]


@pytest.mark.parametrize(("width", "by_operation"), [(1, True), (8, True), (9, False)])
def test_states_of_few_qubits_say_that_they_run_without_passes(width, by_operation):
    circuit = QuantumCircuit(width)
    circuit.h(range(width))
    explanation = explained(circuit, on=engine.Machine())
    assert explanation.runs_by_operation is by_operation
    for told in (str(explanation), explanation.to_html()):
        assert ("runs take one operation after another" in told) is by_operation
    circuit.measure_all()
    circuit.h(0)  # behind a measurement that cannot wait
    circuit.measure_all()
    assert not explained(circuit, on=engine.Machine()).runs_by_operation


def test_further_controls_are_told_in_the_name():
    circuit = QuantumCircuit(6)
    circuit.h(range(6))
    circuit.append(HGate().control(3, annotated=False), [0, 1, 2, 3])
    circuit.append(SXGate().control(2, annotated=False), [3, 4, 5])
    names = {of.name for stage in explained(circuit).stages for of in stage.operations}
    assert names == {"h", "c3-h", "c2-sx"}


def test_long_lists_are_written_in_parts():
    circuit = QuantumCircuit(6)
    for i in range(400):
        circuit.cx(i % 5, 5)
        circuit.rz(0.1 * i, i % 6)
    circuit.h(range(6))
    whole = explained(circuit, switched_off=("known_bits", "prune"))
    assert max(len(one.operations) for stage in whole.stages for one in stage.passes) > 256
    assert whole.to_json() == json.dumps(whole.to_dict())
    assert json.loads(whole.to_json(indent=1)) == whole.to_dict()


def test_stages_and_passes_are_sequences():
    stage = max(explained(build("heisenberg")).stages, key=lambda one: len(one.operations))
    listed = [*stage.operations]
    assert len(listed) == len(stage.operations) > 20
    assert stage.operations[3] == listed[3]
    assert stage.operations[-1] == listed[-1]
    assert stage.operations[2:5] == tuple(listed[2:5])
    assert stage.operations[5:2] == ()
    assert stage.operations[::-3] == tuple(listed[::-3])
    assert stage.operations == tuple(listed) != stage.operations[1:]
    assert hash(stage.operations) == hash(tuple(listed))
    assert repr(stage.operations) == repr(tuple(listed))
    with pytest.raises(IndexError):
        stage.operations[len(listed)]


@pytest.mark.parametrize("name", CIRCUITS)
def test_json_round_trip(name):
    whole = explained(build(name))
    facts = json.loads(whole.to_json())
    assert facts == whole.to_dict()
    assert SUMS.keys() | {"planning_seconds", "stages", "name", "threads", "precision"} <= facts.keys()
    assert not ANALYSED & facts.keys()
    for key, kind in SUMS.items():
        assert isinstance(facts[key], kind)
    assert pickle.loads(pickle.dumps(whole)) == whole


def test_html_is_well_formed_and_escapes_names():
    circuit = build("measured_midway")
    circuit.name = '<script>alert("x")</script> & <b>'
    whole = explained(circuit)
    for page in (whole.to_html(), whole._repr_html_()):
        reader = Reader(page)
        assert {"table", "details"} <= reader.seen
        assert not {"script", "b"} & reader.seen
        assert circuit.name in reader.text
    assert whole.to_html().startswith("<!doctype html>")


def test_lone_operations_have_a_reason():
    def circuit(*gates):
        made = QuantumCircuit(16)
        for name, arguments in gates:
            getattr(made, name)(*arguments)
        return made

    low = [("h", (0,)), ("h", (1,))]
    assert "more than two" in reason_of(circuit(*low, ("cswap", (0, 1, 2))), "cswap")
    assert "dense pair" in reason_of(circuit(("rxx", (0.1, 0, 1))), "rxx")
    assert "next to it" in reason_of(circuit(("iswap", (0, 1))), "iswap")
    assert "only one" in reason_of(circuit(("rzz", (0.1, 0, 1)), ("ry", (0.1, 0))), "ry")
    off = ("merge_passes",)
    assert "switched off" in reason_of(circuit(("ry", (0.1, 0)), ("rzz", (0.1, 0, 1))), "ry", switched_off=off)


def test_what_does_not_commute_keeps_a_kind_apart():
    circuit = QuantumCircuit(14)
    circuit.rx(0.1, 0)
    circuit.rxx(0.3, 0, 1)
    circuit.rx(0.2, 0)
    assert [one.reason for one in passes_of(circuit) if one.kind == "turns"] == [
        "parted from its kind by what does not commute with it"
    ] * 2


def test_a_cold_control_is_the_reason():
    circuit = QuantumCircuit(14)
    circuit.h(range(14))
    circuit.crx(0.3, 13, 0)
    for qubit in range(14):
        circuit.ry(0.2, qubit)
    reasons = {one.reason for one in passes_of(circuit) if [of.name for of in one.operations] == ["crx"]}
    assert reasons <= {"has a control or diagonal qubit outside the block", "cheaper alone than as a dense pair"}


def test_a_later_sweep_names_the_qubits_that_were_missing():
    stages = [stage for stage in explained(build("quantum_volume")).stages if stage.kind == "sweep"]
    assert len(stages) > 1
    for before, stage in itertools.pairwise(stages):
        assert stage.missing
        assert not set(stage.missing) & set(before.hot)


def test_a_full_sweep_is_the_reason():
    circuit = QuantumCircuit(4)
    for _ in range(5000):
        circuit.h(0)
    assert [stage.reason for stage in explained(circuit).stages if stage.kind == "sweep"] == [
        "",
        "the sweep before has as many operations as it may",
    ]


def test_unbound_parameters_may_stay_unless_analysed():
    circuit = QuantumCircuit(2)
    circuit.rx(Parameter("theta"), 0)
    assert Simulator().explain(circuit).sweeps == 1
    with pytest.raises(InvalidCircuitError, match="theta"):
        Simulator().explain(circuit, analyze=True)


def test_explain_takes_the_options_of_run():
    circuit = build("ising")
    assert Simulator().explain(circuit, precision="single", max_threads=1).precision == "single"
    assert Simulator(max_threads=1).explain(circuit).threads == 1
    with pytest.raises(UnknownOptionError):
        Simulator().explain(circuit, precison="single")


def test_explaining_takes_no_memory_analysing_does():
    circuit = QuantumCircuit(50)
    circuit.h(range(50))
    assert Simulator().explain(circuit).num_qubits == 50
    with pytest.raises(InsufficientMemoryError):
        Simulator().explain(circuit, analyze=True)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", ["qft", "measured_midway", "ghz"])
def test_analysis_measures_every_stage(name, precision):
    whole = Simulator(precision=precision).explain(build(name), analyze=True)
    facts = json.loads(whole.to_json())
    assert facts.keys() >= ANALYSED
    assert all(stage["measured_seconds"] > 0 for stage in facts["stages"])
    assert sum(stage["measured_seconds"] for stage in facts["stages"]) == pytest.approx(facts["measured_seconds"])
    assert 1e8 < facts["bandwidth_bytes_per_second"] < 1e13
    assert 1e8 < facts["fma_per_second"] < 1e14
    bound = max(facts["bytes_moved"] / facts["bandwidth_bytes_per_second"], facts["fma"] / facts["fma_per_second"])
    assert facts["fraction_of_bound"] == pytest.approx(bound / facts["measured_seconds"])
    assert "of the bound" in str(whole)
    assert "measured" in whole.to_html()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("name", ["qft", "ising", "measured_midway", "quantum_volume"])
def test_analysis_measures_every_pass(name, precision, threads):
    whole = Simulator(precision=precision, max_threads=threads).explain(build(name), analyze=True)
    sweeps = [stage for stage in whole.stages if stage.kind == "sweep"]
    assert sweeps
    for stage in sweeps:
        assert stage.scatter_seconds > 0
        assert stage.gather_seconds > 0
        for one in stage.passes:
            if one.kernel not in ("frame", "gather"):
                assert one.measured_ns_per_amplitude > 0
    passes = sum(1e-9 * one.measured_ns_per_amplitude * stage.amplitudes for stage in sweeps for one in stage.passes)
    copying = sum(stage.gather_seconds + stage.scatter_seconds for stage in sweeps)
    assert sum(share.seconds for share in whole.kernels) == pytest.approx(passes + copying)
    assert sum(share.share for share in whole.kernels) == pytest.approx(1)
    assert {"gather", "scatter"} < {share.kernel for share in whole.kernels}
    assert all(share.fraction_of_bound is None or share.fraction_of_bound > 0 for share in whole.kernels)
    plain = Simulator(precision=precision, max_threads=threads).explain(build(name))
    assert plain.kernels == ()
    assert "  measured" not in str(plain)
    assert json.loads(whole.to_json())["kernels"] == whole.to_dict()["kernels"]
    assert [share["kernel"] for share in whole.to_dict()["kernels"]] == [share.kernel for share in whole.kernels]


def test_a_circuit_of_nothing():
    whole = Simulator().explain(QuantumCircuit(1), analyze=True)
    assert whole.sweeps == 0
    assert str(whole)
    assert whole.to_html()
    assert json.loads(whole.to_json())["passes"] == 0


def test_times_of_trajectories_are_summed_over_shots():
    circuit = QuantumCircuit(12, 1)
    circuit.h(range(12))
    circuit.measure(0, 0)
    circuit.h(0)
    task = engine.Task(lower(circuit).program, shots=50, seed=1, threads=2)
    outcome = engine.execute(task)
    assert len(outcome.stage_seconds) == outcome.facts.stages
    assert all(seconds > 0 for seconds in outcome.stage_seconds)


def test_the_command_line(capsys, tmp_path):
    path = tmp_path / "circuit.qasm"
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 2)
    path.write_text(qasm2.dumps(circuit), encoding="utf-8")
    assert program.main(["explain", str(path)]) == 0
    assert "stage 1, sweep" in capsys.readouterr().out
    assert program.main(["explain", str(path), "--json", "--analyze"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["file"] == str(path)
    assert facts.keys() >= ANALYSED
    assert program.main(["explain", str(path), "--html"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")
    assert program.main(["explain", str(path), "--html", "--json"]) == program.EXIT_USAGE
    assert "--html" in capsys.readouterr().err


def test_how_observables_are_read():
    circuit = QuantumCircuit(18)
    for layer in range(3):
        for qubit in range(18):
            circuit.u(0.3 + layer, 0.2, 0.1, qubit)
        for qubit in range(17):
            circuit.cx(qubit, qubit + 1)
    terms = [("ZZ", [q, q + 1], 1.0) for q in range(17)] + [("X", [q], 0.5) for q in range(18)] + [("", [], 3.0)]
    observable = SparsePauliOp.from_sparse_list(terms, 18)
    explained = Simulator().explain(circuit, observables=observable)
    assert sum(reading.strings for reading in explained.readings) == 35
    riding = max((reading for reading in explained.readings if reading.stage), key=lambda reading: reading.strings)
    assert riding.strings >= 17
    assert set(riding.hot) == set(explained.stages[riding.stage - 1].hot)
    only_read = [reading for reading in explained.readings if reading.stage is None]
    assert only_read
    assert all("cold" in reading.reason for reading in only_read)
    assert "before it writes" in str(explained)
    assert "Observables" in explained.to_html()
    assert [each["strings"] for each in explained.to_dict()["readings"]] == [r.strings for r in explained.readings]
    plain = Simulator().explain(circuit)
    assert plain.readings is None
    added = sum(reading.predicted_seconds for reading in explained.readings)
    assert added > 0
    assert explained.predicted_seconds == pytest.approx(plain.predicted_seconds + added)
    assert Simulator().estimate(circuit, observables=observable).seconds == pytest.approx(explained.predicted_seconds)
    analysed = Simulator().explain(circuit, observables=observable, analyze=True)
    assert any(stage.reading_seconds for stage in analysed.stages)
    assert analysed.reading_seconds > 0
    assert "read" in {share.kernel for share in analysed.kernels}


def test_an_estimate_counts_what_is_read_of_each_trajectory():
    circuit = QuantumCircuit(16, 1)
    circuit.h(range(16))
    circuit.measure(0, 0)
    circuit.h(0)
    random = np.random.default_rng(1)
    many = SparsePauliOp(["".join(row) for row in random.choice(list("IXYZ"), (300, 16))])
    seconds = [Simulator().estimate(circuit, observables=each).seconds for each in (many[:1], many)]
    assert seconds[1] > 3 * seconds[0]
    assert Simulator().estimate(QuantumCircuit(90), observables="Z" * 90).fits


def test_strings_are_read_as_soon_as_their_values_are_final():
    circuit = QuantumCircuit(20)
    circuit.h(range(20))
    for _ in range(6):
        for qubit in range(19):
            circuit.rzz(0.3, qubit, qubit + 1)
        circuit.rx(0.2, range(20))
    observable = SparsePauliOp.from_sparse_list([("X", [q], 0.5) for q in range(20)], 20)
    explained = Simulator().explain(circuit, observables=observable)
    assert all(reading.stage is not None for reading in explained.readings)
    early = [reading for reading in explained.readings if reading.stage < len(explained.stages)]
    assert sum(reading.strings for reading in early) >= 4
    assert all("nothing later" in reading.reason for reading in early)


def test_exchanges_between_ranks_are_stages():
    circuit = QuantumCircuit(16)
    for turn in range(3):
        circuit.ry(0.3 + turn, range(16))
        for qubit in range(16):
            circuit.cx(qubit, (qubit + 5 + turn) % 16)
    circuit.measure_all()
    explained = Simulator(ranks=PlannedRanks(4, share_from=14)).explain(circuit)
    exchanges = [stage for stage in explained.stages if stage.kind == "exchange"]
    estimated = Simulator(ranks=PlannedRanks(4, share_from=14)).estimate(circuit)
    assert explained.ranks == estimated.ranks == 4
    assert len(exchanges) == estimated.exchanges > 1
    assert sum(stage.bytes_moved for stage in exchanges) == 2 * estimated.bytes_exchanged > 0
    assert all(first < 14 <= second for stage in exchanges for first, second in stage.swaps)
    shown = str(explained)
    assert "shared out among 4 ranks" in shown
    assert "no message is needed" in shown
    assert "each rank sends" in shown
    assert "exchange" in explained._repr_html_()
