"""A state on disk: a plain `.npy` of its amplitudes, and beside it a `.json` that says what it is.

`StateVector.save` and `StateVector.load` use it. Files are written under another name and renamed when they are whole,
the `.json` last, and it holds the SHA-256 of the other: whatever is interrupted, what is loaded is what was saved.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from ketjet.errors import StateFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ketjet.engine import Precision

__all__ = ["SavedState", "beside", "open_state", "renamed_when_whole", "save_state"]

FORMAT, VERSION = "ketjet-state", 1

PARTS_VERSION = 2
"""Of a file in equal parts, each with a SHA-256 of its own; the header counts to the first one."""

DTYPES: dict[Precision, str] = {"single": "<c8", "double": "<c16"}

CHUNK = 1 << 20
"""Amplitudes that are read or written at a time."""


class SavedState(NamedTuple):
    """A state file that is open.

    Attributes
    ----------
    num_qubits : int
    precision : {"single", "double"}
    read_into : callable
        Reads the amplitudes into an array of that size, and raises StateFileError if they are not those saved.
    read_range : callable
        Likewise those from one on, as many as an array has: one or several whole parts.
    parts : int
        How many processes have saved it, a part each.
    """

    num_qubits: int
    precision: Precision
    read_into: Callable[[NDArray[Any]], None]
    read_range: Callable[[NDArray[Any], int], None]
    parts: int


def save_state(path: str | os.PathLike[str], amplitudes: NDArray[Any], precision: Precision, version: str) -> None:
    """Write amplitudes to `path`, and to `path` + ".json" what they are; `version` is ketjet's.

    Raises
    ------
    OSError
        The files cannot be written; what was there is as it was, or without a `.json` that fits.
    """
    path = Path(path)
    digest = hashlib.sha256()
    with renamed_when_whole(path) as file:
        header = {"descr": DTYPES[precision], "fortran_order": False, "shape": amplitudes.shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.seek(0)
        digest.update(file.read())
        for start in range(0, amplitudes.size, CHUNK):
            chunk = _bytes(np.ascontiguousarray(amplitudes[start : start + CHUNK], dtype=DTYPES[precision]))
            digest.update(chunk)
            file.write(chunk)
    facts = {
        "format": FORMAT,
        "version": VERSION,
        "num_qubits": amplitudes.size.bit_length() - 1,
        "precision": precision,
        "sha256": digest.hexdigest(),
        "ketjet": version,
    }
    with renamed_when_whole(beside(path)) as file:
        file.write((json.dumps(facts, indent=2) + "\n").encode())


@contextlib.contextmanager
def open_state(path: str | os.PathLike[str]) -> Iterator[SavedState]:
    """Open what `save_state` has written.

    Raises
    ------
    StateFileError
        It is something else, or has changed since.
    OSError
        There is no such file, or it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        facts = _facts_beside(path)
        precision, num_qubits = facts["precision"], facts["num_qubits"]
        try:
            if np.lib.format.read_magic(file) != (1, 0):
                raise ValueError("another version of the format")
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        except ValueError as error:
            raise StateFileError(f"{path} is no .npy file that ketjet has saved: {error}") from None
        if (shape, fortran, dtype) != ((1 << num_qubits,), False, np.dtype(DTYPES[precision])):
            raise StateFileError(
                f"{path} holds an array of shape {shape} and type {dtype}, where {beside(path).name} says "
                f"{num_qubits} qubits in {precision} precision"
            )
        start, digests = file.tell(), facts["sha256"] if facts["version"] == PARTS_VERSION else [facts["sha256"]]
        file.seek(0)
        header, size = file.read(start), (1 << num_qubits) // len(digests)

        def read_range(amplitudes: NDArray[Any], begin: int) -> None:
            file.seek(start + begin * amplitudes.itemsize)
            digest = hashlib.sha256(b"" if begin else header)
            step = min(CHUNK, size)
            for first in range(0, amplitudes.size, step):
                chunk = _bytes(amplitudes[first : first + step])
                if file.readinto(chunk) != len(chunk):
                    raise StateFileError(f"{path} ends early: it has been cut off")
                digest.update(chunk)
                part, rest = divmod(begin + first + step, size)
                if rest == 0 and digest.hexdigest() != digests[part - 1]:
                    raise StateFileError(
                        f"{path} is not what was saved: its SHA-256 differs from the one in {beside(path).name}"
                    )
                digest = hashlib.sha256() if rest == 0 else digest

        def read_into(amplitudes: NDArray[Any]) -> None:
            read_range(amplitudes, 0)
            if file.read(1):
                raise StateFileError(f"{path} is not what was saved: it has become longer")

        yield SavedState(num_qubits, precision, read_into, read_range, len(digests))


def _bytes(amplitudes: NDArray[Any]) -> memoryview:
    return amplitudes.view(np.uint8).data


def beside(path: Path) -> Path:
    """Return where it stands what a file of this name is."""
    return path.with_name(f"{path.name}.json")


def _facts_beside(path: Path) -> dict[str, Any]:
    described = beside(path)
    try:
        facts = json.loads(described.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StateFileError(
            f"{path} has no {described.name} beside it, so StateVector.save() has not written it, or not to its end; "
            "StateVector.from_array(np.load(path)) takes any array of amplitudes."
        ) from None
    except ValueError as error:
        raise StateFileError(f"{described} is not JSON: {error}") from None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise StateFileError(f"{described} does not describe a state of ketjet")
    if facts.get("version") not in {VERSION, PARTS_VERSION}:
        known = f"{VERSION} and {PARTS_VERSION}"
        raise StateFileError(f"{described} has version {facts.get('version')!r}; this ketjet reads versions {known}")
    num_qubits = facts.get("num_qubits")
    if facts.get("precision") not in DTYPES or not isinstance(num_qubits, int) or not 0 <= num_qubits < 64:
        raise StateFileError(f"{described} gives no precision and number of qubits that a state can have")
    digests = facts.get("sha256")
    if facts["version"] == PARTS_VERSION and not (
        isinstance(digests, list) and len(digests).bit_count() == 1 and len(digests) <= 1 << num_qubits
    ):
        raise StateFileError(f"{described} gives no SHA-256 of equal parts")
    return facts


@contextlib.contextmanager
def renamed_when_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a new file beside `path` that takes its name at the end, or is gone if something goes wrong."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
