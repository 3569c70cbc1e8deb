"""Files from anybody: a gate that a file defines is the file's, and no spelling gets past the limits."""

from __future__ import annotations

import time

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit.library import UGate

from ketjet import Simulator
from ketjet.circuit_files.limits import MAX_BITS
from ketjet.circuit_files.reading import load_circuits
from ketjet.errors import CircuitFileError, InvalidCircuitError

LEGACY = {gate.name: gate for gate in qasm2.LEGACY_CUSTOM_INSTRUCTIONS}
SHAPES = ["as Qiskit's", "more parameters", "more qubits"]


@pytest.fixture
def load(tmp_path):
    def read(text):
        path = tmp_path / "circuit.qasm"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        (circuit,) = load_circuits(path)
        return circuit

    return read


def shape_of(name, shape):
    gate = LEGACY[name]
    return gate.num_params + (shape == "more parameters"), gate.num_qubits + (shape == "more qubits")


def applied(name, parameters, qubits):
    """A gate of the file's own: its head, and its use."""
    letters = ", ".join(f"b{i}" for i in range(qubits))
    formal = f"({', '.join(f't{i}' for i in range(parameters))})" if parameters else ""
    actual = f"({', '.join(str(0.2 + 0.1 * i) for i in range(parameters))})" if parameters else ""
    return f"gate {name}{formal} {letters}", f"{name}{actual} {', '.join(f'q[{i}]' for i in range(qubits))};"


def meaning(parameters, qubits):
    """What the gate is defined as, written out by hand: U on each qubit by turns."""
    circuit = QuantumCircuit(qubits)
    for qubit in range(qubits):
        angle = 0.2 + 0.1 * (qubit % parameters) if parameters else 0.9
        circuit.append(UGate(angle, 0.4, 0.1), [qubit])
    return circuit


def body(parameters, qubits):
    angles = [f"t{qubit % parameters}" if parameters else "0.9" for qubit in range(qubits)]
    return " ".join(f"U({angle}, 0.4, 0.1) b{qubit};" for qubit, angle in enumerate(angles))


def state_of(circuit):
    return Simulator().run(circuit, return_state=True).result().data()["statevector"]


def up_to_phase(state):
    largest = state[np.argmax(np.abs(state))]
    return state * np.abs(largest) / largest


def same_state(circuit, expected):
    np.testing.assert_allclose(up_to_phase(state_of(circuit)), up_to_phase(state_of(expected)), atol=1e-12)


@pytest.mark.filterwarnings("ignore:no measurement")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LEGACY)
def test_a_gate_that_an_openqasm_2_file_defines_is_the_files(name, shape, load):
    parameters, qubits = shape_of(name, shape)
    head, use = applied(name, parameters, qubits)
    definition = f"{head} {{ {body(parameters, qubits)} }}"
    same_state(load(f"OPENQASM 2.0; {definition} qreg q[{qubits}]; {use}"), meaning(parameters, qubits))
    text = f'OPENQASM 2.0; include "qelib1.inc"; // gate h a\n{definition} qreg q[{qubits}]; h q[0]; {use}'
    try:
        qasm2.loads(text)
    except qasm2.QASM2ParseError:  # it is in the library already
        with pytest.raises(InvalidCircuitError, match="already defined"):
            load(text)
    else:
        expected = QuantumCircuit(qubits)
        expected.h(0)
        same_state(load(text), expected.compose(meaning(parameters, qubits)))


@pytest.mark.filterwarnings("ignore:no measurement")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [name for name in LEGACY if name != "delay"])  # which is a word of the language
def test_a_gate_that_an_openqasm_3_file_defines_is_the_files(name, shape, load):
    parameters, qubits = shape_of(name, shape)
    head, use = applied(name, parameters, qubits)
    text = f"OPENQASM 3.0; {head} {{ {body(parameters, qubits)} }} qubit[{qubits}] q; {use}"
    same_state(load(text), meaning(parameters, qubits))


def test_a_gate_that_a_file_declares_without_saying_what_it_is_cannot_run(load):
    circuit = load('OPENQASM 2.0; include "qelib1.inc"; opaque rxx(t) a, b; qreg q[2]; rxx(0.1) q[0], q[1];')
    with pytest.raises(InvalidCircuitError, match="'rxx' on qubits"):
        Simulator().run(circuit)
    load('OPENQASM 2.0; include "qelib1.inc"; opaque rxx a; qreg q[2];')


def test_a_delay_that_qiskit_wrote_stays_one(load):
    circuit = QuantumCircuit(1)
    circuit.delay(100, 0)
    circuit.x(0)
    assert load(qasm2.dumps(circuit)).count_ops() == {"delay": 1, "x": 1}


@pytest.mark.filterwarnings("ignore:no measurement")
def test_names_in_comments_define_nothing(load):
    text = """OPENQASM 2.0; // gate rxx a, b
        include "qelib1.inc"; // opaque csx a;
        qreg q[2]; rxx(0.3) q[0], q[1]; csx q[0], q[1];"""
    expected = QuantumCircuit(2)
    expected.rxx(0.3, 0, 1)
    expected.csx(0, 1)
    same_state(load(text), expected)


WIDE = f"qubit[{MAX_BITS + 1}] wide;"
HIDDEN_WIDTHS = {
    "carriage return": f"// x\r{WIDE}",
    "line feed": f"// x\n{WIDE}",
    "both": f"// x\r\n{WIDE}",
    "comments one in the other": f"/* /* */ {WIDE} // */",
    "comment in a comment": f"// /*\n{WIDE} // */",
    "comment of a line in one of several": f"/* // */ {WIDE}",
    "annotation": f"@note /*\n{WIDE}\n@note */\nqubit other;",
    "annotation with a comment": f"@note //\r{WIDE}",
    "string": f'bit[1] c; /* " */ {WIDE} // "',
    "form feed": f"// x\x0c\n{WIDE}",
    "line separator": f"// x\u2028\n{WIDE}",
    "next line": f"// x\x85\r{WIDE}",
    "inside of the brackets": f"qubit[/* 1] */ {MAX_BITS + 1}] q;",
    "sum": f"qubit[{MAX_BITS} + 1] q;",
    "product": f"qubit[{MAX_BITS} * {MAX_BITS}] q;",
    "hexadecimal": "qubit[0xffff] q;",
    "octal": "qubit[0o77777] q;",
    "underscores": "qubit[1_0_0_0_1] q;",
    "bits": f"bit[{MAX_BITS + 1}] c;",
    "old words": f"qreg q[{MAX_BITS}]; qreg r[1];",
    "old bits": f"creg c[{MAX_BITS}]; bit d;",
    "many": "".join(f"qubit[1000] q{i};" for i in range(11)),
    "in a block": f"bit c; if (c) {{ bit[{MAX_BITS + 1}] d; }}",
    "physical": "h $10000;",
    "physical and enormous": "h $" + "9" * 5000 + ";",
    "input": f"input bit[{MAX_BITS + 1}] c;",
}


def refused(load, text, match):
    started = time.perf_counter()
    with pytest.raises(InvalidCircuitError, match=match) as caught:
        load(text)
    assert time.perf_counter() - started < 10
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", HIDDEN_WIDTHS)
def test_no_width_gets_past_the_limit(name, load):
    text = f'OPENQASM 3.0; include "stdgates.inc";\n{HIDDEN_WIDTHS[name]}'
    refused(load, text, "more than 10000|recognition error")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\x0c\n", "\u2028\n"])
def test_no_width_of_openqasm_2_gets_past_the_limit(end, load):
    text = f'OPENQASM 2.0; include "qelib1.inc"; // x{end}qreg q[{MAX_BITS + 1}];\nqreg r[1];'
    if end == "\r":  # does not end a comment there
        assert load(text).num_qubits == 1
    else:
        refused(load, text, "more than 10000 qubits")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("include", ['include "/etc/passwd";', "include '../secret.inc';"])
def test_no_include_gets_past_the_rule(include, end, load):
    refused(load, f"OPENQASM 3.0; // x{end}{include}", "is not followed")


@pytest.mark.parametrize(
    "body",
    [
        "for uint i in [0:18446744073709551616] { x q; }",
        "for uint i in [0:4611686018427387904 * 4] { x q; }",
        "for int i in [-9223372036854775809:1] { x q; }",
        "for uint i in {1, 99999999999999999999} { x q; }",
        "ctrl(1000000000) @ x q;",
        "negctrl(100000) @ x q;",
        "gate g a { ctrl(100000) @ x a; }",
        "x q[99999999999999999999];",
        "qubit[99999999999999999999] r;",
        "rx(" + "1" * 5000 + ") q;",
        "unterminated /* comment",
    ],
)
def test_numbers_beyond_all_limits_are_refused_at_once(body, load):
    refused(load, f'OPENQASM 3.0; include "stdgates.inc"; qubit q; {body}', "circuit.qasm:1:[0-9]+: ")


@pytest.mark.parametrize("digits", ["1" * 20, "3" * 300, "1_000_000_000_000_000_000_000"])
def test_long_numbers_are_angles_like_others(digits, load):
    circuit = load(f'OPENQASM 3.0; include "stdgates.inc"; qubit q; rx({digits}) q;')
    assert float(circuit.data[0].params[0]) == pytest.approx(float(digits))
    if "_" not in digits:
        circuit = load(f'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; rx({digits}) q[0];')
        assert float(circuit.data[0].params[0]) == pytest.approx(float(digits))


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 20, "9" * 5000])
def test_an_index_that_no_parser_holds_is_refused(digits, load, capfd):
    refused(load, f'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; x q[{digits}];', "more than 18 digits")
    refused(load, f'OPENQASM 2.0; include "qelib1.inc"; qreg q[{digits}];', "more than 18 digits")
    assert capfd.readouterr() == ("", "")


def test_text_is_read_whatever_its_comments_are_written_in(load):
    body = 'OPENQASM 2.0; include "qelib1.inc"; // caf\N{LATIN SMALL LETTER E WITH ACUTE}\nqreg q[1]; x q[0];'
    for encoding in ("latin-1", "utf-8", "utf-8-sig"):
        assert load(body.encode(encoding)).count_ops() == {"x": 1}
    body = body.replace("2.0", "3.0").replace("qelib1", "stdgates")
    for encoding in ("latin-1", "utf-8", "utf-8-sig"):
        assert load(body.encode(encoding)).count_ops() == {"x": 1}


def test_a_name_of_underscores_is_no_number(load):
    name = "_" * 20
    assert load(f'OPENQASM 3.0; include "stdgates.inc"; qubit {name}; x {name};').num_qubits == 1


OLD, NEW = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n', 'OPENQASM 3;\ninclude "stdgates.inc";\n'
MISTAKES = {
    "no semicolon 3": (NEW + "qubit q;\nh q\nx q;", 5, 1, "missing ';' at 'x'"),
    "no semicolon 2": (OLD + "qreg q[1];\nh q[0]\nx q[0];", 5, 1, "needed ';', but instead saw an identifier"),
    "open brace": ("OPENQASM 3; qubit q; if (true) { U(0, 0, 0) q;", 1, 47, "unexpected end of the file"),
    "strange character": (NEW + "qubit q;\n  @ q;", 4, 3, "unexpected '@'"),
    "unknown gate 3": (NEW + "qubit q;\n  foo q;", 4, 3, "gate 'foo' is not defined"),
    "unknown gate 2": (OLD + "qreg q[1];\n  foo q[0];", 4, 3, "'foo' is not defined"),
    "index 3": (NEW + "qubit[2] q;\n\nh q[5];", 5, 3, "out of range"),
    "index 2": (OLD + "qreg q[2];\n\nh q[5];", 5, 5, "index 5 is out-of-range"),
    "what is not supported": (NEW + "qubit q;\nint i = 3;", 4, 1, "type 'int'"),
    "width 3": (NEW + "/* two\nlines */ qubit[20000] q;", 4, 10, "more than 10000"),
    "width 2": (OLD + "// one\n qreg q[20000];", 4, 2, "more than 10000"),
    "include 3": ('OPENQASM 3;\n\n include "other.inc";', 3, 2, "is not followed"),
    "include 2": ('OPENQASM 2.0;\n\n include "other.inc";', 3, 2, "is not followed"),
    "long index": (OLD + "qreg q[1];\nh q[12345678901234567890];", 4, 4, "more than 18 digits"),
    "controls": (NEW + "qubit q;\nctrl(100000) @ x q;", 4, 1, "more controls"),
    "long range": (NEW + "qubit q;\nfor int i in [0:99999999999999999999] { x q; }", 4, 15, "does not fit 64 bits"),
    "version": ("// new\nOPENQASM 4.0;", 2, 10, "OpenQASM 4 is unknown"),
    "prose": ("This is no circuit.", 1, 9, "missing ';'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_a_place(name, load):
    text, line, column, reason = MISTAKES[name]
    with pytest.raises(CircuitFileError) as caught:
        load(text)
    place, _, said = str(caught.value).partition(": ")
    assert place.endswith(f"circuit.qasm:{line}:{column}")
    assert reason in said
    assert said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        'include "stdgates.inc"; qubit q; bit c; x q; c = measure q;',
        "qreg q[1]; creg c[1]; U(pi, 0, pi) q[0]; measure q -> c;",
        '// a comment\ninclude "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;',
        "qubit q; bit c; U(pi, 0, pi) q; c = measure q; // qelib1.inc",
    ],
)
def test_the_version_may_be_left_out(text, load):
    assert Simulator().run(load(text), shots=5).result().get_counts() == {"1": 5}
