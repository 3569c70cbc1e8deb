"""A value in one file without pickle: its shape as JSON, its arrays beside it as NumPy keeps them.

The file is an `.npz`. Arrays of one type follow each other in one of its members, for a job may have a million small
ones. What several places share is written once, and is shared again when it is read: saved data are known by identity.
"""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet import engine
from ketjet.archives.kept_errors import error_of, kept_error
from ketjet.errors import JobError
from ketjet.experiment import Circuits, Experiment
from ketjet.saves.request import SaveRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["UnwritableError", "read_archive", "require_writable", "write_archive"]

FORMAT = 1
"""Of the files: it changes when a file of the last one cannot be read any more."""

RECORDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(Circuits, Experiment, SaveRequest),
        *(engine.Outcome, engine.PassTimes, engine.Points, engine.RunFacts, engine.SavedRecord),
        *(engine.Task, engine.Verification),
    )
}
"""Named tuples, which are written with the names of their fields, so that they may get further ones."""

STEP_BYTES = 1 << 24
"""So much of an array is written at a time."""


class UnwritableError(TypeError):
    """A value cannot be written; its text says what it is."""


def write_archive(path: Path, value: Any) -> None:
    """Write a value, all of it or nothing.

    Raises
    ------
    UnwritableError
        It holds something that is no plain data.
    OSError
        There is no room for it, for one.
    """
    written = _Writer()
    root = written.node(value)
    tree = {
        "format": FORMAT,
        "records": {name: RECORDS[name]._fields for name in written.records},
        "shared": written.shared,
        "arrays": written.places,
        "value": root,
    }
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            with zipfile.ZipFile(file, "w") as members:
                for number, (dtype, arrays) in enumerate(written.by_dtype.items()):
                    _write_member(members, f"{number}", dtype, arrays)
                text = np.frombuffer(json.dumps(tree).encode(), np.uint8)
                _write_member(members, "tree", text.dtype.str, [text])
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


def read_archive(path: Path) -> Any:
    """Return the value that was written.

    Raises
    ------
    JobError
        The file is damaged, or of another format.
    FileNotFoundError
        There is none.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as members:
            tree = json.loads(members["tree"].tobytes())
            if tree["format"] != FORMAT:
                raise JobError(f"{path} has format {tree['format']}, and this version of ketjet reads format {FORMAT}.")
            return _Reader(tree, members).value
    except (FileNotFoundError, MemoryError, JobError):
        raise
    except Exception as error:  # a damaged file may raise anything
        raise JobError(f"{path} is damaged: {error}.") from error


def require_writable(value: Any) -> None:
    """Raise UnwritableError if a value cannot be written."""
    _Writer().node(value)


def _write_member(members: zipfile.ZipFile, name: str, dtype: str, arrays: list[NDArray[Any]]) -> None:
    """Write arrays one after the other, as if they were one."""
    size = sum([array.size for array in arrays])
    header = {"descr": dtype, "fortran_order": False, "shape": (size,)}
    with members.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for array in arrays:
            flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            for begin in range(0, len(flat), STEP_BYTES):
                file.write(flat[begin : begin + STEP_BYTES].data)


class _Writer:
    """Makes nodes of JSON; what is no JSON becomes a dictionary with one key, which says how it is read."""

    def __init__(self) -> None:
        self.shared: list[Any] = []
        """Nodes of what may be in several places."""
        self.places: list[Any] = []
        """Of each array: its member, where it begins there, and its shape."""
        self.by_dtype: dict[str, list[NDArray[Any]]] = {}
        self.records: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._numbers: dict[int, int] = {}  # of shared objects, by identity
        self._alive: list[Any] = []  # so that no identity is used twice

    def node(self, value: Any) -> Any:
        """Return a value as JSON has it."""
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind is list:
            return [self.node(item) for item in value]
        if kind.__name__ in RECORDS and kind is RECORDS[kind.__name__]:
            self.records.add(kind.__name__)
            return {kind.__name__: [self.node(item) for item in value]}
        if isinstance(value, (tuple, range)):
            return {"tuple": [self.node(item) for item in value]}
        if isinstance(value, Mapping):
            if all(type(key) is str for key in value):
                return {"dict": {key: self.node(item) for key, item in value.items()}}
            return {"items": [[self.node(key), self.node(item)] for key, item in value.items()]}
        if kind is complex:
            return {"complex": [value.real, value.imag]}
        if isinstance(value, BaseException):
            return {"error": kept_error(value)}
        if isinstance(value, (np.ndarray, np.generic, bytes, engine.Program, engine.Plan)):
            return {"shared": self._share(value)}
        raise UnwritableError(f"{value!r} ({kind.__name__})")

    def _share(self, value: Any) -> int:
        number = self._numbers.get(id(value))
        if number is None:
            node = self._node_of_shared(value)
            number = self._numbers[id(value)] = len(self.shared)
            self.shared.append(node)
            self._alive.append(value)
        return number

    def _node_of_shared(self, value: Any) -> Any:
        if isinstance(value, engine.Program):
            return {"Program": self.node(value.packed())}
        if isinstance(value, engine.Plan):
            return {"Plan": self._place_of(np.frombuffer(value.to_bytes(), np.uint8))}
        if isinstance(value, bytes):
            return {"bytes": self._place_of(np.frombuffer(value, np.uint8))}
        return {"scalar" if isinstance(value, np.generic) else "array": self._place_of(np.asarray(value))}

    def _place_of(self, array: NDArray[Any]) -> int:
        if array.dtype.kind not in "biufcSU":
            raise UnwritableError(f"an array of {array.dtype}")
        dtype = array.dtype.str
        arrays = self.by_dtype.setdefault(dtype, [])
        arrays.append(array)
        begin = self._sizes.get(dtype, 0)
        self._sizes[dtype] = begin + array.size
        self.places.append([list(self.by_dtype).index(dtype), begin, array.shape])
        return len(self.places) - 1


class _Reader:
    """Makes the value of a tree whose arrays are in these members."""

    def __init__(self, tree: dict[str, Any], members: Mapping[str, NDArray[Any]]) -> None:
        self._kinds: dict[str, Callable[[Any], Any]] = {
            "tuple": lambda items: tuple(map(self._of, items)),
            "dict": lambda items: {key: self._of(item) for key, item in items.items()},
            "items": lambda items: {self._of(key): self._of(item) for key, item in items},
            "complex": lambda parts: complex(*parts),
            "error": error_of,
            "shared": lambda number: self._shared[number],
            "array": self._array,
            "scalar": lambda number: self._array(number)[()],
            "bytes": lambda number: self._array(number).tobytes(),
            "Plan": lambda number: engine.Plan.from_bytes(self._array(number).tobytes()),
            "Program": lambda node: engine.Program(*self._of(node)),
        }
        self._records = tree["records"]
        self._places = tree["arrays"]
        self._members = {number: members[str(number)] for number in {place[0] for place in self._places}}
        self._shared: list[Any] = []
        for node in tree["shared"]:  # each refers only to those before it
            self._shared.append(self._of(node))
        self.value = self._of(tree["value"])

    def _of(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._of(item) for item in node]
        if not isinstance(node, dict):
            return node
        ((kind, inside),) = node.items()
        if kind in self._records:
            return RECORDS[kind](**dict(zip(self._records[kind], map(self._of, inside), strict=True)))
        return self._kinds[kind](inside)

    def _array(self, number: int) -> NDArray[Any]:
        member, begin, shape = self._places[number]
        size = int(np.prod(shape, dtype=np.int64))
        array: NDArray[Any] = self._members[member][begin : begin + size].reshape(shape)
        return array
