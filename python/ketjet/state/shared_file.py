"""A state file that all ranks write, and read, each its own part; one process reads it as any other one."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet.errors import StateFileError
from ketjet.state.file import CHUNK, DTYPES, FORMAT, PARTS_VERSION, beside, open_state, renamed_when_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ketjet.engine import Precision
    from ketjet.ranks import Ranks

__all__ = ["read_part", "save_parts"]


def save_parts(
    path: str | os.PathLike[str], part: NDArray[Any], precision: Precision, version: str, ranks: Ranks
) -> None:
    """Write a state of which each rank has a part; all ranks call this together.

    Raises
    ------
    OSError
        On all ranks: the files cannot be written by one of them; what was there is as it was.
    """
    path = Path(path)
    temporary = path.with_name(ranks.told_by_first(f".{path.name}.{secrets.token_hex(4)}.tmp"))
    failure: OSError | None = None
    digest = hashlib.sha256()
    try:
        if ranks.rank == 0:
            with temporary.open("xb") as file:
                header = {"descr": DTYPES[precision], "fortran_order": False, "shape": (part.size * ranks.size,)}
                np.lib.format.write_array_header_1_0(file, header)
    except OSError as error:
        failure = error
    begin = ranks.told_by_first(temporary.stat().st_size if failure is None and ranks.rank == 0 else 0)
    try:
        if begin:
            _write(temporary, part, begin, ranks, digest)
    except OSError as error:
        failure = error
    failures = ranks.told_by_all(None if failure is None else str(failure))
    digests = ranks.told_by_all(digest.hexdigest())
    failed = [f"rank {rank}: {text}" for rank, text in enumerate(failures) if text is not None]
    if failed:
        if ranks.rank == 0:
            temporary.unlink(missing_ok=True)
        raise OSError(f"{path} cannot be written: {failed[0]}")
    if ranks.rank == 0:
        temporary.replace(path)
        facts = {
            "format": FORMAT,
            "version": PARTS_VERSION,
            "num_qubits": (part.size * ranks.size).bit_length() - 1,
            "precision": precision,
            "sha256": digests,
            "ketjet": version,
        }
        with renamed_when_whole(beside(path)) as file:
            file.write((json.dumps(facts, indent=2) + "\n").encode())
    ranks.meet("has saved the state")


def read_part(path: str | os.PathLike[str], part: NDArray[Any], precision: Precision, ranks: Ranks) -> None:
    """Read this rank's part of a state file that has as many parts, or more.

    Raises
    ------
    StateFileError
        On all ranks: it is something else, or what one of them has read is not what was saved.
    OSError
        There is no such file, or it cannot be read.
    """
    failure = ""
    with open_state(path) as saved:
        size, found = part.size * ranks.size, (saved.num_qubits, saved.precision)
        if found != (size.bit_length() - 1, precision):
            failure = f"{path} holds {found[0]} qubits in {found[1]} precision"
        elif saved.parts < ranks.size:
            failure = f"{path} was saved in {saved.parts} parts, which {ranks.size} ranks cannot check"
        else:
            try:
                saved.read_range(part, ranks.rank * part.size)
            except StateFileError as error:
                failure = str(error)
    if failures := [text for text in ranks.told_by_all(failure) if text]:
        raise StateFileError(failures[0])


def _write(path: Path, part: NDArray[Any], begin: int, ranks: Ranks, digest: Any) -> None:
    """Write a part behind the header, which counts to the first one."""
    with path.open("r+b") as file:
        if ranks.rank == 0:
            digest.update(file.read(begin))
        file.seek(begin + ranks.rank * part.nbytes)
        for first in range(0, part.size, CHUNK):
            chunk = part[first : first + CHUNK].view(np.uint8).data
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
