"""Options: what is accepted, what is refused and how, and the spellings of Aer users."""

from __future__ import annotations

import functools
import pickle
import subprocess
import sys
import weakref
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.result import MeasLevel

from ketjet import Simulator, StateVector
from ketjet.errors import InvalidOptionError, KetjetWarning, OptionTypeError, UnknownOptionError
from ketjet.options import machine
from ketjet.options.machine import allowed_threads
from ketjet.options.recent_options import RecentOptions
from ketjet.options.simulator_options import FOREIGN, SimulatorOptions

resolve = SimulatorOptions.resolve


def test_defaults():
    options = SimulatorOptions()
    assert (options.shots, options.memory, options.precision) == (1024, False, "double")
    assert resolve() == resolve({"shots": None, "memory": None}) == options
    assert pickle.loads(pickle.dumps(options)) == options


def test_every_field_is_documented():
    source = Path(sys.modules["ketjet.options.simulator_options"].__file__).read_text(encoding="utf-8")
    body = source.partition("class SimulatorOptions")[2].partition("def __post_init__")[0]
    assert body.count("_option(") == body.count('"""') // 2 - 1 == len(SimulatorOptions.__dataclass_fields__)


def test_later_layers_win_and_none_does_not():
    options = resolve({"shots": 5, "seed_simulator": 3}, {"shots": np.int32(7), "seed_simulator": None})
    assert (options.shots, options.seed_simulator) == (7, 3)
    assert type(options.shots) is int


def test_as_many_shots_as_the_engine_can_count():
    assert resolve({"shots": 1 << 62}).shots == 1 << 62
    for shots in ((1 << 62) + 1, 10**30, np.uint64(2**64 - 1)):
        with pytest.raises(InvalidOptionError, match="shots must be at most 4611686018427387904"):
            resolve({"shots": shots})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shots", 1.0), ("shots", "10"), ("shots", True), ("shots", np.float64(3)), ("seed_simulator", 1.5),
        ("seed_simulator", "a"), ("seed_simulator", False), ("memory", 1), ("memory", "yes"), ("precision", 64),
        ("max_threads", 2.0), ("max_memory_mb", "1000"), ("max_memory_mb", True), ("executor", 3), ("isa", 2),
        ("return_state", 0), ("exact", 1),
        ("exact_floor", "0"), ("max_iterations", 2.0), ("time_limit", "1 s"),
        ("max_parallel_threads", 1.5), ("method", 3), ("plan_options", ["prune"]),
    ],
)  # fmt: skip
def test_wrong_types(name, value):
    with pytest.raises(OptionTypeError, match=name) as caught:
        resolve({name: value})
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, QiskitError)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shots", 0), ("shots", -1), ("seed_simulator", -1), ("precision", "half"), ("max_threads", 0),
        ("max_memory_mb", 0), ("max_memory_mb", float("nan")), ("max_memory_mb", float("inf")),
        ("exact_floor", -1e-3), ("exact_floor", 1), ("exact_floor", float("nan")), ("max_iterations", 0),
        ("time_limit", 0), ("time_limit", float("inf")), ("zero_threshold", -1),
        ("max_parallel_threads", -1), ("method", "stabilizer"), ("device", "GPU"), ("noise_model", object()),
    ],
)  # fmt: skip
def test_out_of_range(name, value):
    with pytest.raises(InvalidOptionError, match=name) as caught:
        resolve({name: value})
    assert isinstance(caught.value, ValueError)


def test_switches_of_the_planner():
    assert resolve({"plan_options": {"prune": np.False_, "search": True}}).plan_options == {
        "prune": False,
        "search": True,
    }
    for wrong in ({"prune": 0}, {"prune": None}, {3: True}):
        with pytest.raises(OptionTypeError, match="plan_options"):
            resolve({"plan_options": wrong})


@pytest.mark.parametrize("value", [0, 2**70, np.uint64(2**63)])
def test_seeds_of_any_size(value):
    assert resolve({"seed_simulator": value}).seed_simulator == int(value)


@pytest.mark.parametrize(("wrong", "right"), [("shot", "shots"), ("seed", "seed_simulator"), ("precison", "precision")])
def test_misspelt_options(wrong, right):
    with pytest.raises(UnknownOptionError, match=f"unknown option '{wrong}': did you mean '{right}'") as caught:
        resolve({wrong: 10})
    assert isinstance(caught.value, TypeError)


def test_nothing_without_effect_is_suggested():
    with pytest.raises(UnknownOptionError) as caught:
        resolve({"n_qubits": 3})
    assert "did you mean" not in str(caught.value)


def test_options_like_nothing_known():
    with pytest.raises(UnknownOptionError, match="the options are shots, memory"):
        resolve({"xyzzy": 1})


def test_aer_spellings_with_meaning():
    options = resolve({"max_parallel_threads": 3, "method": "statevector", "device": "CPU", "noise_model": None})
    assert options.max_threads == 3
    assert resolve({"max_parallel_threads": 0, "method": "automatic"}) == SimulatorOptions()


def test_aer_options_without_effect_warn_once():
    given = {"fusion_threshold": 3, "validation_threshold": None, "shot_branching_enable": False, "max_job_size": 1}
    with pytest.warns(KetjetWarning, match="fusion_threshold, shot_branching_enable, blocking_qubits") as caught:
        assert resolve(given, {"blocking_qubits": 20}) == SimulatorOptions()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "docs/from_aer.md" in str(caught[0].message)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shot_branching_enable", True), ("shot_branching_sampling_enable", True), ("max_parallel_shots", 0),
        ("runtime_parameter_bind_enable", True), ("max_parallel_experiments", 0), ("max_job_size", 1),
        ("fusion_verbose", False), ("blocking_enable", False), ("cuStateVec_enable", False), ("noise_model", None),
        ("fusion_enable", True), ("enable_truncation", True), ("method", "automatic"), ("fusion_max_qubit", None),
    ],
)  # fmt: skip
def test_what_is_done_anyway_needs_no_warning(name, value):
    assert resolve({name: value}) == SimulatorOptions()


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_every_option_of_other_backends_is_in_the_table(name):
    page = Path(__file__).parents[2] / "docs" / "from_aer.md"
    assert f"`{name}`" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("meas_level", [2, MeasLevel.CLASSIFIED, np.int64(2)]), ("meas_return", ["single", "avg"]),
        ("init_qubits", [True]), ("rep_delay", [0, 1e-4, 250]), ("job_tags", [["calibration"]]), ("dynamic", [True]),
        ("use_measure_esp", [False]),
    ],
)  # fmt: skip
def test_options_of_devices_that_make_no_difference(name, values):
    for value in [None, *values]:
        assert resolve({name: value}) == SimulatorOptions()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("meas_level", 1, "must be 2, got 1: a simulator has no signals"), ("meas_level", 0, "no signals"),
        ("meas_return", "both", "'single', 'avg'"), ("init_qubits", False, "every shot begins in"),
        ("qubit_lo_freq", [5e9], "gates, not pulses"), ("noise_model", object(), "without noise"),
    ],
)  # fmt: skip
def test_options_of_devices_that_cannot_be_had(name, value, reason):
    with pytest.raises(InvalidOptionError, match=reason):
        resolve({name: value})


@pytest.mark.parametrize(
    "name", ["optimization_level", "basis_gates", "seed_transpiler", "initial_layout", "pass_manager"]
)
def test_options_of_the_transpiler_are_told_apart(name):
    with pytest.raises(UnknownOptionError, match=f"unknown option '{name}': it belongs to transpile"):
        resolve({name: 1})


def test_aer_switches_of_the_planner():
    off = resolve({"fusion_enable": False, "enable_truncation": False}).plan_options
    assert off == {"merge_dense": False, "merge_passes": False, "prune": False}
    assert resolve({"plan_options": off}, {"enable_truncation": True, "fusion_enable": True}).plan_options is None
    kept = resolve({"plan_options": {"search": False}}, {"enable_truncation": False})
    assert kept.plan_options == {"search": False, "prune": False}
    both = {"plan_options": {"merge_dense": True}, "fusion_enable": False}
    assert resolve(both).plan_options == {"merge_dense": True, "merge_passes": False}
    for wrong in (1, "no"):
        with pytest.raises(OptionTypeError, match="fusion_enable"):
            resolve({"fusion_enable": wrong})


def test_a_backends_aer_switches_can_be_taken_back():
    backend = Simulator(fusion_enable=False)
    assert backend.options.plan_options == {"merge_dense": False, "merge_passes": False}
    backend.set_options(fusion_enable=True)
    assert backend.options.plan_options is None
    backend.set_options(max_iterations=3)
    backend.set_options(max_iterations=None)
    assert backend.options.max_iterations is None


def test_one_warning_for_a_run(bell):
    with pytest.warns(KetjetWarning, match="fusion_max_qubit, statevector_sample_measure_opt") as caught:
        Simulator().run([bell, bell], fusion_max_qubit=2, statevector_sample_measure_opt=8).result()
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_limits_and_thresholds():
    options = resolve({"exact": True, "exact_floor": 0, "max_iterations": 5, "time_limit": 2, "zero_threshold": 0})
    assert (options.exact, options.exact_floor, options.max_iterations) == (True, 0.0, 5)
    assert (options.time_limit, options.zero_threshold) == (2.0, 0.0)
    defaults = SimulatorOptions()
    assert (defaults.exact, defaults.exact_floor, defaults.zero_threshold) == (False, 1e-12, 1e-10)
    assert (defaults.max_iterations, defaults.time_limit) == (None, None)


def test_executor_is_anything_with_submit():
    with ThreadPoolExecutor(1) as pool:
        assert resolve({"executor": pool}).executor is pool


class Client:
    """As dask's: it has a submit, whose futures are of another kind, and an executor for others to use."""

    def submit(self, function, *arguments):
        raise AssertionError("its futures are of another kind")

    def get_executor(self):
        return ThreadPoolExecutor(1)


class Pool:
    """As multiprocessing's."""

    def apply_async(self, function, arguments=()):
        raise AssertionError("it is refused when given")


def test_a_client_and_what_makes_an_executor_will_do(bell):
    expected = Simulator(seed_simulator=4).run(bell).result().get_counts()
    makers = (ThreadPoolExecutor, lambda: ThreadPoolExecutor(1), partial(ThreadPoolExecutor, 2), lambda: Client())
    for given in (Client(), *makers):
        assert Simulator(seed_simulator=4).run(bell, executor=given).result(20).get_counts() == expected


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Client, "or a callable that makes one, got"),
        (Executor, "or a callable that makes one, got"),
        (Pool(), r"give ProcessPoolExecutor\(\.\.\.\)"),
        (Executor(), "must be a concurrent.futures.Executor, or"),
        (object(), "must be a concurrent.futures.Executor, or"),
        ("threads", "must be a concurrent.futures.Executor, or"),
    ],
)
def test_what_is_no_executor_is_refused_when_it_is_given(wrong, message, bell):
    with pytest.raises(OptionTypeError, match=message):
        Simulator().run(bell, executor=wrong)
    with pytest.raises(TypeError, match="executor"):
        Simulator(executor=wrong)


def set_at_import(monkeypatch, text):
    """Let OMP_NUM_THREADS be so, and have been so when ketjet was imported."""
    if text is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", text)
    monkeypatch.setattr(machine, "OMP_NUM_THREADS", text)


def test_the_number_of_threads_of_the_environment_is_that_at_import_and_a_change_is_told_once(monkeypatch):
    monkeypatch.setattr(machine, "_warn_of_change", functools.cache(machine._warn_of_change.__wrapped__))
    for then, now, expected in ((None, "1", 8), ("4", "1", 4), ("4", None, 4)):
        set_at_import(monkeypatch, now)
        monkeypatch.setattr(machine, "OMP_NUM_THREADS", then)
        machine._warn_of_change.cache_clear()
        with pytest.warns(KetjetWarning, match="OMP_NUM_THREADS was") as caught:
            assert allowed_threads(None, 8) == expected
        assert str(caught[0].message).isprintable()
        assert allowed_threads(None, 8) == expected  # warnings are errors here


def test_the_environment_is_read_when_ketjet_is_imported():
    code = """
import os, sys, warnings
os.environ.pop("OMP_NUM_THREADS", None)
import ketjet
os.environ["OMP_NUM_THREADS"] = "1"
assert "ketjet.options" not in sys.modules
from ketjet.options.machine import allowed_threads
warnings.simplefilter("ignore")
assert allowed_threads(None, 8) == 8
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_threads_are_limited_by_everything(monkeypatch):
    set_at_import(monkeypatch, None)
    assert allowed_threads(None, 8) == 8
    assert allowed_threads(3, 8) == 3
    assert allowed_threads(30, 8) == 8
    set_at_import(monkeypatch, "4,2")
    assert allowed_threads(None, 8) == 4
    assert allowed_threads(2, 8) == 2


@pytest.mark.parametrize("text", ["many", "0", "-3", "1.5", "9" * 5000, "\u0664", "\udcff", "\x1b[31m", ",", "0x4"])
def test_a_bad_environment_variable_warns_once(monkeypatch, text):
    fresh = functools.cache(machine._threads_in_text.__wrapped__)
    monkeypatch.setattr(machine, "_threads_in_text", fresh)
    set_at_import(monkeypatch, text)
    with pytest.warns(KetjetWarning, match="OMP_NUM_THREADS") as caught:
        assert allowed_threads(None, 8) == 8
    assert str(caught[0].message).isprintable()
    assert len(str(caught[0].message)) < 200
    assert allowed_threads(None, 8) == 8  # warnings are errors here


@pytest.mark.parametrize("name", ["avx1024", "\udcff", "\x1b[31m", "9" * 5000])
def test_a_bad_instruction_set_is_refused_by_name(monkeypatch, name):
    monkeypatch.setenv("KETJET_ISA", name)
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    backend = Simulator()
    for way in (backend.run, backend.estimate, backend.explain, lambda _: StateVector(1)):
        with pytest.raises(InvalidOptionError, match=r"^KETJET_ISA: instruction set .* choose from") as caught:
            way(circuit)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 200


def test_options_are_checked_again_whenever_a_value_is_another_object():
    recent = RecentOptions()
    first = recent.resolve({"shots": 7}, {"memory": True})
    assert recent.resolve({"shots": 7}, {"memory": True}) is first
    assert recent.resolve({"shots": 7}, {"memory": False}) == resolve({"shots": 7})
    assert recent.resolve({}, {"shots": 7}) == resolve({"shots": 7})
    recent.resolve({"shots": 1}, {})
    with pytest.raises(OptionTypeError):  # though True == 1
        recent.resolve({"shots": True}, {})
    with pytest.raises(InvalidOptionError):
        recent.resolve({"shots": 0}, {})


def test_options_that_can_change_or_bring_a_warning_are_not_kept():
    recent, switches = RecentOptions(), {"prune": True}
    assert recent.resolve({}, {"plan_options": switches}).plan_options == {"prune": True}
    switches["prune"] = False
    assert recent.resolve({}, {"plan_options": switches}).plan_options == {"prune": False}
    for _ in range(2):
        with pytest.warns(KetjetWarning, match="fusion_max_qubit"):
            recent.resolve({}, {"fusion_max_qubit": 3})
    with ThreadPoolExecutor(1) as pool:
        recent.resolve({}, {"executor": pool})
        held = weakref.ref(pool)
    del pool
    assert held() is None


def test_options_do_not_need_qiskit():
    code = """
import sys
from ketjet.options import SimulatorOptions
SimulatorOptions.resolve({"shots": 3})
assert "qiskit" not in sys.modules
try:
    SimulatorOptions(shots=-1)
except ValueError:
    pass
"""
    subprocess.run([sys.executable, "-c", code], check=True)
