"""What a job is, as a file: its experiments, what its result is labelled with, and what it keeps on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.archives.archive import UnwritableError, read_archive, require_writable, write_archive
from ketjet.errors import InvalidCircuitError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ketjet.experiment import Experiment

__all__ = ["Given", "read_given", "write_given"]


class Given(NamedTuple):
    """What a job is."""

    experiments: list[Experiment]
    """What to run."""
    labels: dict[str, Any]
    """Of its result."""
    results_dir: str | None
    """Where its results are kept besides."""
    checkpoint_seconds: float
    """How often its work is kept."""


def write_given(path: Path, given: Given, purpose: str) -> None:
    """Write what a job is.

    Raises
    ------
    InvalidCircuitError
        The metadata of a circuit hold what cannot be written for that purpose.
    OSError
        There is no room.
    """
    try:
        write_archive(path, given._asdict())
    except UnwritableError:
        for experiment in given.experiments:
            for header in [experiment.header] if experiment.circuits is None else experiment.circuits.headers:
                _require_metadata(header, purpose)
        raise


def read_given(path: Path) -> Given:
    """Return what was written.

    Raises
    ------
    JobError
        The file is damaged, or of another format.
    FileNotFoundError
        There is none.
    """
    return Given(**read_archive(path))


def _require_metadata(header: Mapping[str, Any], purpose: str) -> None:
    try:
        require_writable(header["metadata"])
    except UnwritableError as error:
        raise InvalidCircuitError(
            f"circuit {header['name']!r}: its metadata hold {error}, which cannot be written for {purpose}. Give it "
            f"numbers, strings, arrays, and lists and dictionaries of them, or run it without {purpose}."
        ) from None
