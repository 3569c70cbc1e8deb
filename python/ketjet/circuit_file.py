"""Read circuits from OpenQASM 2, OpenQASM 3 and QPY files that may come from anybody.

Used by the command line. The text is looked over before a parser sees it: size, integer literals, declared widths and
includes; the parsers' own failures, panics of compiled code among them, come back as one-line errors.
"""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING, TypeVar

from qiskit import qasm2, qasm3, qpy

from ketjet.errors import InvalidCircuitError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qiskit import QuantumCircuit

__all__ = ["MAX_BITS", "MAX_FILE_BYTES", "load_circuits"]

MAX_FILE_BYTES = 64 << 20
"""Larger files are refused unread."""

MAX_BITS = 10_000
"""Most qubits or classical bits that one file may declare; idle qubits are free, so this can be generous."""

_T = TypeVar("_T")

GATE_LIBRARIES = ("stdgates.inc", "qelib1.inc")

_COMMENT_OR_STRING = re.compile(r"""//[^\n]*|/\*.*?\*/|("[^"\n]*"|'[^'\n]*')""", re.DOTALL)
_VERSION = re.compile(r"\s*OPENQASM\s+(\d+)")
_INCLUDE = re.compile(r"""\binclude\s*["']([^"'\n]*)["']""")
_LONG_INTEGER = re.compile(r"(?<![\w.])[\d_]{19,}(?![\d_]*[.eE])")
_OLD_DECLARATION = re.compile(r"\b(qreg|creg)\s+\w+\s*\[([^\]]*)\]")  # the only one of OpenQASM 2
_DECLARATION = re.compile(r"\b(qubit|bit)\s*\[([^\]]*)\]")


def load_circuits(path: Path) -> list[QuantumCircuit]:
    """Read the circuits of a file: several from QPY, one from OpenQASM.

    Parameters
    ----------
    path
        A `.qpy` file, or OpenQASM 2 or 3 text (told apart by the `OPENQASM` line).

    Raises
    ------
    OSError
        The file cannot be read.
    InvalidCircuitError
        The file is too large, declares too many bits, includes other files, or cannot be parsed.
    """
    data = _read(path)
    if path.suffix == ".qpy" or data.startswith(b"QISKIT"):
        circuits = _parse(path, lambda: list(qpy.load(io.BytesIO(data))))
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidCircuitError(f"{path}: neither QPY nor OpenQASM text in UTF-8 ({error.reason})") from None
        circuits = [_parse(path, lambda: _parse_openqasm(path, text))]
        circuits[0].name = path.stem
    if not circuits:
        raise InvalidCircuitError(f"{path}: holds no circuit")
    return circuits


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise InvalidCircuitError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB, the most a circuit file may have")
    return data


def _parse_openqasm(path: Path, text: str) -> QuantumCircuit:
    code = _COMMENT_OR_STRING.sub(lambda match: match[1] or " ", text)
    declared = _VERSION.match(code)
    version = declared[1] if declared else "none"
    if version not in ("2", "3"):
        raise InvalidCircuitError(f"{path}: must start with OPENQASM and the version, 2.0 or 3.0; it has {version}")
    _check_text(path, code)
    _check_widths(path, _OLD_DECLARATION.findall(code) + (_DECLARATION.findall(code) if version == "3" else []))
    if version == "3":
        return qasm3.loads(text)
    return qasm2.loads(
        text,
        include_path=(),
        custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
        custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
    )


def _check_text(path: Path, code: str) -> None:
    for name in _INCLUDE.findall(code):
        if name not in GATE_LIBRARIES:
            raise InvalidCircuitError(f"{path}: include {name!r} is not followed, only {' and '.join(GATE_LIBRARIES)}")
    if number := _LONG_INTEGER.search(code):
        raise InvalidCircuitError(f"{path}: the integer {number[0][:24]} does not fit 64 bits")


def _check_widths(path: Path, declarations: list[tuple[str, str]]) -> None:
    totals = {"qubits": 0, "classical bits": 0}
    for keyword, width in declarations:
        kind = "qubits" if keyword.startswith("q") else "classical bits"
        try:
            totals[kind] += int(width, 0)
        except ValueError:
            raise InvalidCircuitError(f"{path}: register width {width.strip()[:24]!r} is not an integer") from None
        if totals[kind] > MAX_BITS:
            raise InvalidCircuitError(f"{path}: declares more than {MAX_BITS} {kind}")


def _parse(path: Path, parse: Callable[[], _T]) -> _T:
    printed = io.StringIO()  # the OpenQASM 3 grammar reports syntax errors by printing them
    try:
        with contextlib.redirect_stderr(printed):
            return parse()
    except (InvalidCircuitError, KeyboardInterrupt, MemoryError):
        raise
    except RecursionError:
        raise InvalidCircuitError(f"{path}: nested too deeply to parse") from None
    except Exception as error:
        reason = str(getattr(error, "message", "") or error).strip() or printed.getvalue().strip()
        reason = reason.splitlines()[0] if reason else type(error).__name__
        raise InvalidCircuitError(f"{path}: {reason[:300]}") from error
    except BaseException as error:  # a panic of Qiskit's compiled parsers is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise InvalidCircuitError(f"{path}: Qiskit's parser gave up on this file") from None
