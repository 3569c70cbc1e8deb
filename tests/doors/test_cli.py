"""`python -m ketjet` as a user meets it: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2, qasm3, qpy
from qiskit.circuit import Gate

from ketjet.circuit_files import reading
from ketjet.cli import program
from ketjet.cli.arguments import setting
from ketjet.errors import InvalidCircuitError

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

BELL2 = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;'
BELL3 = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0],q[1]; c = measure q;'


@pytest.fixture
def file(tmp_path):
    def write(text, name="circuit.qasm"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def run_json(capsys, *arguments):
    assert program.main(["run", *arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("language", ["qasm2", "qasm3"])
def test_the_example_measures_pi(capsys, language):
    [report] = run_json(capsys, str(EXAMPLES / f"estimate_pi.{language}"), "--shots", "1000", "--seed", "7")
    best = max(report["counts"], key=report["counts"].get)
    assert int(best, 2) == 166886
    assert report["counts"][best] > 970
    assert sum(report["counts"].values()) == report["shots"] == 1000
    assert report["seed"] == 7
    assert report["seconds"] > 0
    assert report["metadata"]["num_qubits"] == 21


def test_the_example_files_are_what_the_script_writes(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import make_examples

    assert (EXAMPLES / "estimate_pi.qasm3").read_text(encoding="utf-8") == make_examples.openqasm3()
    assert (EXAMPLES / "estimate_pi.qasm2").read_text(encoding="utf-8") == make_examples.openqasm2()


def test_text_output_names_counts_time_and_memory(capsys, file):
    assert program.main(["run", file(BELL3), "--shots", "100", "--seed", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("2 qubits, 100 shots, seed 3")
    assert sum(int(line.split()[1]) for line in lines[1:3]) == 100
    assert [line.split()[0] for line in lines[3:]] == ["time", "memory", "engine"]


def test_options_reach_the_engine(capsys, file):
    [report] = run_json(capsys, file(BELL2), "--precision", "single", "--threads", "1")
    assert report["metadata"]["precision"] == "single"
    assert report["metadata"]["threads"] == 1


def test_the_printed_seed_replays_the_run(capsys, file):
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.measure_all()
    path = file(qasm3.dumps(circuit))
    [first] = run_json(capsys, path)
    [second] = run_json(capsys, path, "--seed", str(first["seed"]))
    assert first["counts"] == second["counts"]


def test_a_qpy_file_may_hold_several_circuits(capsys, tmp_path):
    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.measure_all()
    path = tmp_path / "circuits.qpy"
    with path.open("wb") as stream:
        qpy.dump([circuit, circuit], stream)
    assert [report["counts"] for report in run_json(capsys, str(path), "--shots", "5")] == [{"1": 5}, {"1": 5}]


def test_progress_draws_a_bar(capsys, file):
    assert program.main(["run", file(BELL3), "--progress"]) == 0


def test_a_circuit_without_measurements_says_so(capsys, file):
    with pytest.warns(UserWarning, match="measure"):
        assert program.main(["run", file('OPENQASM 3.0; include "stdgates.inc"; qubit q; h q;')]) == 0
    assert "measures nothing" in capsys.readouterr().out


def test_estimate_does_not_run(capsys, file):
    wide = file('OPENQASM 2.0; include "qelib1.inc"; qreg q[60]; creg c[60]; h q; measure q -> c;')
    assert program.main(["estimate", wide]) == 0
    assert "no:" in capsys.readouterr().out
    assert program.main(["estimate", wide, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fits"] is False


def test_a_bare_call_prints_the_help(capsys):
    assert program.main([]) == 0
    assert "COMMAND" in capsys.readouterr().out


def test_standard_input_is_a_file(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BELL3.encode())))
    [report] = run_json(capsys, "-", "--shots", "10")
    assert (report["file"], report["circuit"], sum(report["counts"].values())) == ("-", "standard input", 10)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"OPENQASM 3; qubit q; h")))
    assert program.main(["run", "-"]) == program.EXIT_USAGE
    assert capsys.readouterr().err.startswith("ketjet: standard input:1:")


@pytest.mark.parametrize("command", ["run", "estimate", "explain"])
def test_several_files_and_an_output_file(command, capsys, file, tmp_path):
    output = tmp_path / "out.json"
    files = [file(BELL2, "one.qasm"), file(BELL3, "two.qasm")]
    assert program.main([command, *files, "--json", "-o", str(output)]) == 0
    assert capsys.readouterr().out == ""
    reports = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [(report["file"], report["circuit"]) for report in reports] == list(zip(files, ["one", "two"], strict=True))
    assert {report["schema_version"] for report in reports} == {1}
    assert program.main([command, *files, "-o", str(tmp_path / "no" / "folder")]) == program.EXIT_USAGE


def test_options_of_a_run(capsys, file):
    [report] = run_json(
        capsys, file(BELL3), "--exact", "--verify", "full", "--time-limit", "60", "--max-memory-mb", "500"
    )
    assert report["probabilities"] == pytest.approx({"00": 0.5, "11": 0.5})
    assert report["metadata"]["verify"]["mode"] == "full"
    [report] = run_json(capsys, file(BELL3), "--memory", "--shots", "20", "--max-iterations", "5")
    assert len(report["memory"]) == 20
    assert program.main(["run", file(BELL3), "--exact"]) == 0
    assert "  00  0.5" in capsys.readouterr().out
    assert program.main(["run", file(BELL3), "--memory", "--shots", "3"]) == 0
    assert len(capsys.readouterr().out.splitlines()[-4].split()) == 4
    assert program.main(["run", file(BELL3), "--exact", "--memory"]) == program.EXIT_USAGE
    assert program.main(["run", file(BELL3), "--time-limit", "-1"]) == program.EXIT_USAGE


def test_the_final_state_goes_into_a_file(capsys, file, tmp_path):
    path = tmp_path / "state.npy"
    bell = file('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];')
    assert program.main(["run", bell, "--state", str(path)]) == 0
    assert np.load(path, mmap_mode="r") == pytest.approx(np.array([1, 0, 0, 1]) / np.sqrt(2))
    assert program.main(["run", bell, bell, "--state", str(path)]) == program.EXIT_USAGE


OPEN3 = """OPENQASM 3.0; include "stdgates.inc"; input float theta; input float phi; qubit[2] q; bit[2] c;
ry(theta) q[0]; cx q[0],q[1]; rz(phi) q[0]; c = measure q;"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("pi", np.pi),
        ("-pi/2", -np.pi / 2),
        ("3*pi/4", 3 * np.pi / 4),
        ("1.5e-1*π", 0.15 * np.pi),
        ("0.25", 0.25),
        ("0x10", 16),
        ("-3", -3),
        ("true", True),
        ("false", False),
    ],
)
def test_values_of_inputs_are_read(text, value):
    name, found = setting(f" theta = {text} ")
    assert name == "theta"
    assert type(found) is type(value)
    assert found == pytest.approx(value)


def test_inputs_get_values(capsys, file):
    path = file(OPEN3)
    [report] = run_json(capsys, path, "--set", "theta=pi", "--set", "phi=0.5", "--shots", "1e2")
    assert report["counts"] == {"11": 100}
    for command in (["explain"], ["explain", "--analyze"], ["estimate"]):
        assert program.main([*command, path, "--set", "theta=pi", "--set", "phi=0.5"]) == 0
    assert program.main(["estimate", path]) == 0
    capsys.readouterr()


def test_each_circuit_gets_the_inputs_that_it_has(capsys, file):
    reports = run_json(capsys, file(OPEN3, "a.qasm"), file(BELL3, "b.qasm"), "--set", "theta=0", "--set", "phi=0")
    assert reports[0]["counts"] == {"00": 1024}
    assert len(reports[1]["counts"]) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "needs values for phi, theta: give --set phi=VALUE"),
        (["--set", "theta=1"], "needs values for phi"),
        (["--set", "thta=1"], "--set thta: no input variable or parameter has this name; there are: phi, theta"),
        (["--set", "theta=1", "--set", "theta=2"], "two values"),
        (["--set", "theta=true", "--set", "phi=0"], "'theta' must be a real number"),
        (["--set", "phi=0", "--set", "theta=0", "--expect", "ZZZ"], "--expect ZZZ has to be 2 letters"),
        (["--set", "phi=0", "--set", "theta=0", "--expect", "zz"], "letters of I, X, Y, Z"),
    ],
)
def test_wrong_inputs_are_wrong_usage(arguments, says, capsys, file):
    assert program.main(["run", file(OPEN3), *arguments]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--set", "theta"], ["--set", "theta=one"], ["--set", "=1"], ["--shots", "1.5"]])
def test_what_cannot_be_read_is_wrong_usage(arguments, capsys, file):
    with pytest.raises(SystemExit) as caught:
        program.main(["run", file(OPEN3), *arguments])
    assert caught.value.code == 2
    assert arguments[1].partition("=")[2] in capsys.readouterr().err


def test_expectation_values_are_those_before_the_final_measurements(capsys, file):
    path = file(OPEN3)
    settings = ["--set", "theta=0.4", "--set", "phi=0.3", "--expect", "ZI", "--expect", "XX", "--expect", "XY"]
    expected = {"ZI": np.cos(0.4), "XX": np.sin(0.4) * np.cos(0.3), "XY": np.sin(0.4) * np.sin(0.3)}
    [report] = run_json(capsys, path, *settings)
    assert report["expectations"] == pytest.approx(expected, abs=1e-12)
    assert sum(report["counts"].values()) == 1024
    [exact] = run_json(capsys, path, *settings, "--exact")
    assert exact["expectations"] == pytest.approx(expected, abs=1e-12)
    assert program.main(["run", path, *settings]) == 0
    assert "<ZI>  0.921060994" in capsys.readouterr().out
    midway = BELL3.replace("c = measure q;", "c[0] = measure q[0]; if (c[0]) x q[1]; c[1] = measure q[1];")
    [report] = run_json(capsys, file(midway, "midway.qasm"), "--exact", "--expect", "ZI", "--expect", "IZ")
    assert report["expectations"] == pytest.approx({"ZI": 1, "IZ": 0}, abs=1e-12)


def test_asking_for_expectation_values_changes_no_sample(capsys, file):
    midway = (
        'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; ry(0.7) q[0]; cx q[0],q[1]; c[0] = measure q[0];'
        "if (c[0]) { ry(1.1) q[2]; } h q[0]; c = measure q;"
    )
    for text, values in ((BELL3, {"II": 1, "ZZ": 1}), (midway, {"III": 1, "IIX": None, "ZII": None})):
        path = file(text)
        [plain] = run_json(capsys, path, "--seed", "3", "--memory")
        labels = [argument for label in values for argument in ("--expect", label)]
        [report] = run_json(capsys, path, "--seed", "3", "--memory", *labels)
        assert report["counts"] == plain["counts"]
        assert report["memory"] == plain["memory"]
        assert report["metadata"].keys() == plain["metadata"].keys()
        assert report["expectations"].keys() == values.keys()
        for label, value in values.items():
            assert value is None or report["expectations"][label] == pytest.approx(value, abs=1e-12)
    ones = sum(key[0] == "1" for key in report["memory"]) / 1024  # of q[2], which is drawn beside the value's average
    assert report["expectations"]["ZII"] == pytest.approx(1 - 2 * ones, abs=0.1)
    path = file('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0];')
    [report] = run_json(capsys, path, "--expect", "IX", "--expect", "ZI", "--expect", "IX")
    assert report["expectations"] == pytest.approx({"IX": 1, "ZI": 1})


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_commands_and_options(shell, capsys):
    assert program.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("explain", "time-limit", "expect"):
        assert word in script


def test_the_planner_and_the_kernels_can_be_chosen(capsys, file):
    [report] = run_json(capsys, file(BELL3), "--without", "prune", "--without", "search", "--isa", "portable")
    assert report["metadata"]["simd"] == "portable"
    [report] = run_json(capsys, file(BELL3), "--exact", "--exact-floor", "0.1")
    assert report["metadata"]["exact"]["floor"] == 0.1
    for wrong, says in (
        (["--without", "thinking"], "no switch 'thinking'"),
        (["--isa", "sse9"], "instruction set 'sse9'"),
    ):
        assert program.main(["run", file(BELL3), *wrong]) == 2
        assert says in capsys.readouterr().err


def test_verbose_tells_what_happens(file, tmp_path):
    path = file(OPEN3 + " for int i in [0:1] { x q[1]; }")
    command = [sys.executable, "-m", "ketjet", "run", path, "--set", "theta=1", "--set", "phi=1"]
    quiet = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert quiet.stderr == ""
    told = subprocess.run([*command, "-vv"], capture_output=True, text=True, check=True, timeout=60)
    assert "admitted circuit" in told.stderr
    assert "circuit 'circuit' is read in Python" in told.stderr


def test_a_closed_pipe_is_silent(file):
    command = f"{sys.executable} -m ketjet run {' '.join([file(BELL3)] * 3)} --json | head -c 1"
    ended = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    assert ended.returncode in (0, program.EXIT_CLOSED_PIPE)


def test_info_tells_how_circuits_are_read(capsys, monkeypatch):
    for reason in (None, "built for Qiskit 2.9"):
        monkeypatch.setattr("ketjet.lowering.why_not_native", lambda reason=reason: reason)
        assert program.main(["info", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["native_reader"] == {"used": reason is None, "reason": reason}
        assert program.main(["info"]) == 0
        assert f"reader    {'native' if reason is None else 'Python'}" in capsys.readouterr().out


def test_info_tells_what_the_computer_offers(capsys):
    assert program.main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert "portable" in facts["instruction_sets"]
    assert facts["threads"]["count"] >= 1
    assert facts["memory"]["available_bytes"] > 0
    assert program.main(["info"]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()} == {
        "versions",
        "reader",
        "kernels",
        "threads",
        "memory",
        "caches",
    }


def qasm2_of(body):
    return f'OPENQASM 2.0; include "qelib1.inc"; {body}'


def qasm3_of(body):
    return f'OPENQASM 3.0; include "stdgates.inc"; {body}'


BAD_FILES = {
    "empty": "",
    "prose": "This is no circuit.",
    "binary": "\0\1\2",
    "version": "OPENQASM 4.0; qubit q;",
    "syntax 2": qasm2_of("qreg q[2]; h q[0"),
    "syntax 3": qasm3_of("qubit[2] q; h q[0"),
    "unknown gate": qasm3_of("qubit q; frobnicate q;"),
    "index out of range": qasm2_of("qreg q[2]; h q[2];"),
    "include 2": 'OPENQASM 2.0; include "/etc/passwd"; qreg q[1];',
    "include 3": 'OPENQASM 3.0; include "/etc/passwd"; qubit q;',
    "include in single quotes": "OPENQASM 3.0; include '../secret.inc'; qubit q;",
    "include behind a comment": 'OPENQASM 2.0; /* " */ include "//etc/passwd"; qreg q[1];',
    "wide 2": qasm2_of("qreg q[2000000];"),
    "wide 3": qasm3_of("qubit[2000000] q;"),
    "wide in hexadecimal": qasm3_of("qubit[0xffffffff] q;"),
    "wide with underscores": qasm3_of("qubit[2_000_000] q;"),
    "wide behind a comment": qasm2_of("qreg q /* [1] */ [2000000];"),
    "many registers": qasm2_of("".join(f"qreg q{i}[9999];" for i in range(3))),
    "many bits": qasm2_of("qreg q[1]; creg c[10001];"),
    "enormous integer": qasm2_of("qreg q[99999999999999999999];"),
    "enormous index": qasm2_of("qreg q[1]; h q[99999999999999999999];"),
    "negative width": qasm3_of("qubit[-1] q;"),
    "nested parentheses": qasm3_of("qubit q; rx(" + "(" * 1000 + "1" + ")" * 1000 + ") q;"),
    "infinite angle": qasm2_of("qreg q[1]; creg c[1]; rx(1e999) q[0]; measure q -> c;"),
    "not a number": qasm2_of("qreg q[1]; creg c[1]; rx(0/0) q[0]; measure q -> c;"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_line(name, capsys, file):
    started = time.perf_counter()
    code = program.EXIT_CIRCUIT if name == "infinite angle" else program.EXIT_USAGE
    assert program.main(["run", file(BAD_FILES[name])]) == code
    assert time.perf_counter() - started < 5
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert len(captured.err) < 1000


def test_a_file_over_the_limit_is_refused_unread(monkeypatch, file):
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 10)
    with pytest.raises(InvalidCircuitError, match="larger than"):
        reading.load_circuits(Path(file(BELL2)))


def test_a_damaged_qpy_file_is_refused(tmp_path):
    path = tmp_path / "damaged.qpy"
    path.write_bytes(b"QISKIT\x0d" + bytes(40))
    assert program.main(["run", str(path)]) == program.EXIT_USAGE


def test_a_panic_of_the_parser_is_refused(monkeypatch, file):
    class PanicException(BaseException):
        pass

    def panic(*args, **kwargs):
        raise PanicException("unwrap on None")

    monkeypatch.setattr(qasm2, "loads", panic)
    assert program.main(["run", file(BELL2)]) == program.EXIT_USAGE


def test_a_long_decimal_fraction_is_not_a_long_integer(file):
    [circuit] = reading.load_circuits(Path(file(qasm2_of("qreg q[1]; rx(0.12345678901234567890123) q[0];"))))
    assert circuit.data[0].params[0] == pytest.approx(0.1234567890123)


def test_a_register_may_be_called_qubit_in_version_2(file):
    text = qasm2_of("qreg qubit[30];" + "".join(f"h qubit[{i}];" for i in range(30)) * 30)
    [circuit] = reading.load_circuits(Path(file(text)))
    assert circuit.num_qubits == 30


def test_too_little_memory_is_exit_code_4(capsys, file):
    wide = file(qasm2_of("qreg q[60]; creg c[60]; h q; measure q -> c;"))
    assert program.main(["run", wide]) == program.EXIT_MEMORY
    assert "60 qubits" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--shots", "0"], ["--shots", "-3"], ["--seed", "-1"], ["--threads", "0"]])
def test_a_bad_option_is_exit_code_2(arguments, capsys, file):
    assert program.main(["run", file(BELL2), *arguments]) == program.EXIT_USAGE
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [["walk"], ["run"], ["run", "x", "--shots", "many"], ["run", "x", "--precision", "half"]]
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        program.main(arguments)
    assert caught.value.code == program.EXIT_USAGE


def test_a_missing_file_is_exit_code_2(capsys):
    assert program.main(["run", "no/such/file.qasm"]) == program.EXIT_USAGE
    assert "no/such/file.qasm" in capsys.readouterr().err


def test_control_c_ends_with_130_at_once(file):
    heavy = QuantumCircuit(26, 1)
    for layer in range(400):
        for qubit in range(26):
            heavy.u(0.1 + layer, 0.2, 0.3 + qubit, qubit)
        for qubit in range(25):
            heavy.cx(qubit, (qubit * 7 + layer) % 26 if (qubit * 7 + layer) % 26 != qubit else 25)
    heavy.measure(0, 0)
    process = subprocess.Popen(
        [sys.executable, "-m", "ketjet", "run", file(qasm2.dumps(heavy)), "--precision", "single"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    statistics = Path(f"/proc/{process.pid}/statm")
    while int(statistics.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") < 8 * 2**26:  # until the state is there
        time.sleep(0.05)
        assert process.poll() is None
    interrupted = time.perf_counter()
    os.kill(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert time.perf_counter() - interrupted < 2
    assert (process.returncode, output, errors) == (program.EXIT_INTERRUPTED, "", "ketjet: interrupted\n")


def test_an_unknown_instruction_set_is_one_line(capsys, file, monkeypatch):
    monkeypatch.setenv("KETJET_ISA", "avx1024")
    for arguments in (["info"], ["run", file(BELL3)]):
        assert program.main(arguments) == 2
        assert capsys.readouterr().err.startswith("ketjet: KETJET_ISA: instruction set 'avx1024' is not available")


HOSTILE = "x\x1b]0;owned\x07\x9b31m\nfake line\r\x08\u202ereversed\u2028\x7f\x00<script>"


@pytest.fixture
def hostile_file(tmp_path):
    circuit = QuantumCircuit(2, 2, name=HOSTILE, metadata={HOSTILE: HOSTILE})
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    path = tmp_path / "hostile.qpy"
    with path.open("wb") as stream:
        qpy.dump(circuit, stream)
    return str(path)


def is_clean(text):
    return all(line.isprintable() for line in text.split("\n")) and "fake line\n" not in text


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *itertools.product(["run", "estimate", "explain"], ["", "--json"]),
        ("explain", "--html"),
        ("explain", "--analyze"),
    ],
)
def test_nothing_of_a_file_controls_the_terminal(command, option, hostile_file, capsys):
    assert program.main([command, hostile_file, *option.split()]) == 0
    output = capsys.readouterr()
    assert is_clean(output.out)
    assert is_clean(output.err)
    assert not [line for line in output.out.splitlines() if line.startswith("fake")]
    assert "<script>" not in output.out or option != "--html"


@pytest.mark.parametrize(
    "text",
    [
        f"OPENQASM 3.0; {HOSTILE}",
        f'OPENQASM 3.0; include "{HOSTILE}";',
        f"OPENQASM 3.0; qubit q; {HOSTILE} q;",
        f"OPENQASM 2.0; {HOSTILE}",
        'OPENQASM 2.0; include "\x1b[31m.inc";',
        "OPENQASM 2.0; qreg q[\x1b[31m];",
        f"{HOSTILE}",
        'OPENQASM 3.0; include "stdgates.inc"; qubit q; \x1b[31m',
        'OPENQASM 3.0; include "stdgates.inc"; qubit q; "\x1b[31m"',
    ],
)
def test_no_error_controls_the_terminal(text, file, capsys):
    assert program.main(["run", file(text)]) == program.EXIT_USAGE
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) == 1
    assert is_clean(output.err)


def test_no_name_in_an_error_controls_the_terminal(tmp_path, capsys):
    circuit = QuantumCircuit(40, 1, name=HOSTILE)
    circuit.append(Gate(HOSTILE, 40, []), range(40))
    path = tmp_path / f"{HOSTILE.replace(chr(0), '')}.qpy".replace("/", "")
    with path.open("wb") as stream:
        qpy.dump(circuit, stream)
    assert program.main(["run", str(path)]) == program.EXIT_CIRCUIT
    assert program.main(["run", f"{path}2"]) == program.EXIT_USAGE
    output = capsys.readouterr()
    assert len(output.err.splitlines()) == 2
    assert is_clean(output.err)
