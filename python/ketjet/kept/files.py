"""Outcomes as files: an .npz of plain arrays, with a page of JSON that says what they are.

A file is written under another name and renamed, and each of its parts has a checksum.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from ketjet.engine import Outcome, RunFacts, SavedRecord, Verification

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read", "read_points", "write"]

ABOUT = "about.json"
POINTS = "points"
ARRAYS = ("keys", "counts", "memory", "state", "probabilities", "chains", "begins", "norm_errors")
"""Fields of an outcome that are arrays, or None."""


def write(path: Path, group: str, points: NDArray[np.uint8], outcome: Outcome) -> None:
    """Write an outcome of some points of a group, whose keys have shape (points, KEY_BYTES).

    Raises
    ------
    OSError
        There is no room, or no such folder.
    """
    arrays = {name: array for name in ARRAYS if (array := getattr(outcome, name)) is not None}
    fields = list(arrays)
    arrays |= {f"readout_{number}": values for number, values in enumerate(outcome.readouts)}
    data = {id(record.data): record.data for record in outcome.saves}
    arrays |= {f"saved_{number}": array for number, array in enumerate(data.values())}
    places = {identity: number for number, identity in enumerate(data)}
    if outcome.saves:
        arrays["saved_bits"] = np.array([record.clbits for record in outcome.saves])
    about = {
        "group": group,
        "arrays": fields,
        "facts": outcome.facts._asdict()
        | {"verification": outcome.facts.verification and outcome.facts.verification._asdict()},
        "num_clbits": outcome.num_clbits,
        "stage_seconds": outcome.stage_seconds,
        "reading_seconds": outcome.reading_seconds,
        "readouts": len(outcome.readouts),
        "saves": [
            [each.save, each.identity, each.previous, each.weight, places[id(each.data)]] for each in outcome.saves
        ],
        "save_frames": [[save, list(held), list(ones)] for save, (held, ones) in outcome.save_frames.items()],
    }
    new = path.with_name(f"{uuid4().hex}.new")
    try:
        with zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as file:
            file.writestr(ABOUT, json.dumps(about))
            for name, array in ((POINTS, points), *arrays.items()):
                with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def read_points(path: Path, group: str) -> list[bytes]:
    """Return the keys of the points that a file holds, row by row.

    Raises
    ------
    Exception
        Of any kind: the file is torn, or holds something else.
    """
    with zipfile.ZipFile(path) as file:
        _about(file, group)
        return [row.tobytes() for row in _array(file, POINTS)]


def read(path: Path, group: str) -> Outcome:
    """Return the outcome that a file holds, with the facts of the run that gave it.

    Raises
    ------
    Exception
        Of any kind: the file is torn, or holds something else.
    """
    with zipfile.ZipFile(path) as file:
        about = _about(file, group)
        arrays: dict[str, Any] = {name: _array(file, name) if name in about["arrays"] else None for name in ARRAYS}
        facts = about["facts"]
        if facts["verification"] is not None:
            facts["verification"] = Verification(**facts["verification"])
        data = {place: _array(file, f"saved_{place}") for place in {row[4] for row in about["saves"]}}
        bits = _array(file, "saved_bits") if data else np.empty((0, 0), np.uint64)
        return Outcome(
            **arrays,
            num_clbits=about["num_clbits"],
            facts=RunFacts(**facts),
            stage_seconds=tuple(about["stage_seconds"]),
            reading_seconds=about["reading_seconds"],
            readouts=tuple([_array(file, f"readout_{number}") for number in range(about["readouts"])]),
            saves=tuple(
                [
                    SavedRecord(save, own, before, weight, clbits, data[place])
                    for (save, own, before, weight, place), clbits in zip(about["saves"], bits, strict=True)
                ]
            ),
            save_frames={save: (held, ones) for save, held, ones in about["save_frames"]},
        )


def _about(file: zipfile.ZipFile, group: str) -> Mapping[str, Any]:
    about: Mapping[str, Any] = json.loads(file.read(ABOUT))
    if about["group"] != group:
        raise ValueError(f"{file.filename} is of another group")
    return about


def _array(file: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Return an array; reading all of its bytes compares their checksum."""
    array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(file.read(f"{name}.npy")), allow_pickle=False)
    return array
