"""How the processes of a launcher meet: MPI itself, versions that have to be equal, cores, exceptions of one alone."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.errors import RanksError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["cores_of_rank", "end_all", "mpi4py_or_error", "require_equal_versions"]


def mpi4py_or_error() -> Any:
    """Return mpi4py's MPI, or say how to get it.

    Raises
    ------
    RanksError
        It is not there.
    """
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise RanksError(
            f"ranks need mpi4py, which is not there ({error}); pip install 'ketjet[ranks]', and an MPI library."
        ) from error
    return MPI


def require_equal_versions(world: Any) -> None:
    """Make sure that all ranks have the same versions.

    Raises
    ------
    RanksError
        On all of them: they have not.
    """
    own = {name: metadata.version(name) for name in ("ketjet", "qiskit")} | {"rng_version": str(engine.RNG_VERSION)}
    all_versions = world.allgather(own)
    for name in own:
        found = {versions[name] for versions in all_versions}
        if len(found) > 1:
            ranks = ", ".join(f"{version} on rank {_first(all_versions, name, version)}" for version in sorted(found))
            raise RanksError(f"all ranks need the same {name}, but there are {ranks}.")


def _first(all_versions: list[dict[str, str]], name: str, version: str) -> int:
    return next(rank for rank, versions in enumerate(all_versions) if versions[name] == version)


def cores_of_rank(node: Any) -> int:
    """Return how many cores each rank has to itself: its own, if the launcher has given each others, else its share."""
    cores = engine.machine().cores
    given = node.allgather(sorted(os.sched_getaffinity(0)))
    together = any(given.count(cores_of_one) > 1 for cores_of_one in given)
    return max(cores // node.Get_size(), 1) if together else cores


def end_all(
    mpi: Any, excepthook: Any, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Tell of an exception that nobody catches, and end the processes of all ranks, which else wait for this one."""
    excepthook(kind, error, trace)
    sys.stdout.flush()
    sys.stderr.flush()
    mpi.COMM_WORLD.Abort(1)
