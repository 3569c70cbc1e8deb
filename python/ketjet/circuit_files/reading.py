"""Read circuits from OpenQASM 2, OpenQASM 3 and QPY files that may come from anybody.

Used by the command line. Before circuits are made the file is looked over: size, declared widths and includes
(`file_limits`). The parsers' own failures, panics of compiled code among them, come back as one-line errors.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from qiskit import qasm2, qpy
from qiskit.utils import optionals

from ketjet.circuit_files.limits import check_openqasm2, check_openqasm3
from ketjet.circuit_files.places import at_offset, found_by_parser
from ketjet.errors import CircuitFileError, InvalidCircuitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qiskit import QuantumCircuit

__all__ = ["load_circuits"]

STANDARD_INPUT = Path("-")

MAX_FILE_BYTES = 64 << 20
"""Larger files are refused unread."""

_T = TypeVar("_T")

_COMMENT_OR_STRING = re.compile(r"""//[^\r\n]*|/\*.*?\*/|("[^"\n]*"|'[^'\n]*')""", re.DOTALL)
_VERSION = re.compile(r"\s*OPENQASM\s+(\d+)")
_OF_VERSION_2 = re.compile(r"\b(qreg|creg|opaque)\b|qelib1\.inc")
# OpenQASM 2 alone:
_OLD_COMMENT_OR_STRING = re.compile(r"""//[^\n]*|("[^"\n]*"|'[^'\n]*')""")
_DEFINITION = re.compile(r"\b(?:gate|opaque)\s+(\w+)")
_DELAY_OF_QISKIT = re.compile(r"\bopaque\s+delay\s*\(\s*\w+\s*\)\s*\w+\s*;")  # so its exporter declares delays


def load_circuits(path: Path) -> list[QuantumCircuit]:
    """Read the circuits of a file: several from QPY, one from OpenQASM.

    Parameters
    ----------
    path
        A `.qpy` file, or OpenQASM 2 or 3 text, told apart by the `OPENQASM` line or, without one, by its words; ``-``
        stands for the standard input.

    Raises
    ------
    OSError
        The file cannot be read.
    CircuitFileError
        The file is too large, declares too many bits, includes other files, or cannot be parsed.
    """
    data = _read(path)
    if path == STANDARD_INPUT:
        path = Path("standard input")
    if path.suffix == ".qpy" or data.startswith(b"QISKIT"):
        circuits = _parse(path, None, lambda: list(qpy.load(io.BytesIO(data))))
    else:
        text = data.decode("utf-8-sig", errors="replace")  # comments may be in any encoding; all else is ASCII
        circuits = [_parse(path, text, lambda: _parse_openqasm(path, text))]
        circuits[0].name = path.stem
    if not circuits:
        raise CircuitFileError(f"{path}: holds no circuit")
    return circuits


def _read(path: Path) -> bytes:
    with contextlib.nullcontext(sys.stdin.buffer) if path == STANDARD_INPUT else path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise CircuitFileError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB, the most a circuit file may have")
    return data


def _parse_openqasm(path: Path, text: str) -> QuantumCircuit:
    plain = _COMMENT_OR_STRING.sub(_without_comment, text)
    declared = _VERSION.match(plain)
    version = declared[1] if declared else "2" if _OF_VERSION_2.search(plain) else "3"
    if version == "3":
        return _parse_openqasm3(path, text)
    if declared and version != "2":
        raise at_offset(path, text, declared.start(1), f"OpenQASM {version} is unknown; there are 2.0 and 3.0")
    code = _OLD_COMMENT_OR_STRING.sub(_without_comment, text)
    check_openqasm2(path, code)
    return qasm2.loads(
        text,
        include_path=(),
        custom_instructions=_gates_beside(code),
        custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
    )


def _without_comment(match: re.Match[str]) -> str:
    """Return a string as it is, and blanks for a comment, so that all else stays where it is."""
    return match[1] or re.sub(r"[^\n]", " ", match[0])


def _gates_beside(code: str) -> list[qasm2.CustomInstruction]:
    """Return the gates that older versions of Qiskit knew beyond qelib1.inc, without those that the text defines."""
    own = set(_DEFINITION.findall(_DELAY_OF_QISKIT.sub(" ", code)))
    return [gate for gate in qasm2.LEGACY_CUSTOM_INSTRUCTIONS if gate.name not in own]


def _parse_openqasm3(path: Path, text: str) -> QuantumCircuit:
    optionals.HAS_QASM3_IMPORT.require_now("reading OpenQASM 3")
    import openqasm3
    import qiskit_qasm3_import

    tree = openqasm3.parse(text)
    check_openqasm3(path, tree)
    circuit: QuantumCircuit = qiskit_qasm3_import.convert(tree)
    return circuit


def _parse(path: Path, text: str | None, parse: Callable[[], _T]) -> _T:
    printed = io.StringIO()  # the OpenQASM 3 grammar reports syntax errors by printing them
    try:
        with contextlib.redirect_stderr(printed):
            return parse()
    except (InvalidCircuitError, KeyboardInterrupt, MemoryError):
        raise
    except RecursionError:
        raise CircuitFileError(f"{path}: nested too deeply to parse") from None
    except Exception as error:
        raise found_by_parser(path, text, error, printed.getvalue()) from error
    except BaseException as error:  # a panic of Qiskit's compiled parsers is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise CircuitFileError(f"{path}: Qiskit's parser gave up on this file") from None
