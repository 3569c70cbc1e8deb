"""The store of detached jobs: a table of who they are and what share of the computer they have, and a folder for each.

The table is an SQLite file whose transactions are short, in the journal mode that works on network file systems too; a
connection lives for one of them, so that threads, forks and signal handlers have none in common. How a job fares is
written in its folder, never here. Nothing here imports Qiskit before there is something to complain about.
"""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, NamedTuple

from ketjet.detached.folder import JobFolder, boot_id
from ketjet.options.machine import store_folder

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from ketjet.errors import JobError

__all__ = ["JobRecord", "Store"]

SCHEMA_VERSION = 1
"""Of the table."""

BUSY_SECONDS = 20.0
"""How long a transaction waits for those of others, which take milliseconds."""

SILENT_SECONDS = 600.0
"""A process on another computer is gone if it has been silent for so long, for its lock may not be seen here."""

TABLE = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    circuits INTEGER NOT NULL,
    qubits INTEGER NOT NULL,
    created_at REAL NOT NULL,
    host TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    threads INTEGER NOT NULL,
    memory_limit INTEGER,
    pid INTEGER NOT NULL DEFAULT 0,
    share TEXT NOT NULL DEFAULT 'awaited' CHECK (share IN ('awaited', 'held', 'returned'))
)
"""


class JobRecord(NamedTuple):
    """What the table knows of a job."""

    job_id: str
    name: str
    """Of its first circuit."""
    circuits: int
    qubits: int
    """Of its widest circuit."""
    created_at: float
    host: str
    boot_id: str
    bytes: int
    """The most memory it may hold."""
    threads: int
    """The most engine threads that it may use."""
    memory_limit: int | None
    """The most that all running jobs of the store may hold together when it starts."""
    pid: int = 0
    """Of its process, once it has its share of the computer."""
    share: str = "awaited"
    """Whether it waits for its share, holds it, or has returned it."""


COLUMNS = ", ".join(JobRecord._fields)


class Store:
    """A store of detached jobs; that of the user if no other is named.

    Parameters
    ----------
    path
        Its folder; None for `KETJET_STORE`, or that of the user.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = store_folder() if path is None else path
        self._table = self.path / "jobs.sqlite"

    def folder_of(self, job_id: str) -> JobFolder:
        """Return the folder of a job that the table knows, or is about to."""
        return JobFolder(self.path / "jobs" / job_id)

    def new_folder(self, job_id: str) -> JobFolder:
        """Make the folder of a new job.

        Raises
        ------
        JobError
            The store cannot be made, or has no room.
        """
        folder = self.folder_of(job_id)
        try:
            for path in (self.path, folder.path.parent):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.create()
        except OSError as error:
            raise self.error(f"cannot be used: {error}.") from error
        return folder

    def add(self, record: JobRecord) -> None:
        """Enter a job."""
        marks = ", ".join("?" * len(record))
        with self.connection() as table:
            table.execute(f"INSERT INTO jobs ({COLUMNS}) VALUES ({marks})", record)

    def find(self, job_id: str) -> JobRecord:
        """Return what is known of a job.

        Raises
        ------
        JobError
            The store has no job of this name.
        """
        found = self._select("WHERE job_id = ?", str(job_id))
        if not found:
            raise self.error(f"has no job {str(job_id)!r}; `ketjet jobs` lists what it has.")
        return found[0]

    def records(self) -> list[JobRecord]:
        """Return what is known of all jobs, oldest first."""
        return self._select("")

    def claims(self) -> list[JobRecord]:
        """Return the jobs that wait for their share of this computer or hold it, as far as is noted, oldest first."""
        return self._select("WHERE share != 'returned' AND boot_id = ?", boot_id())

    def is_alive(self, record: JobRecord) -> bool:
        """Return whether the process of a job lives; one on another computer counts as long as it is heard of."""
        folder = self.folder_of(record.job_id)
        if record.boot_id == boot_id():
            return folder.is_locked()
        if record.host == socket.gethostname():  # which has been started again since
            return False
        return folder.is_locked() or folder.has_told_within(SILENT_SECONDS)

    def remove(self, job_id: str) -> None:
        """Forget a job that has ended, with all its files."""
        with self.connection() as table:
            table.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,))
        self.folder_of(job_id).remove()

    def renew(self, job_id: str) -> None:
        """Note that a job waits for its share once more, on this computer."""
        with self.connection() as table:
            values = socket.gethostname(), boot_id(), job_id
            table.execute("UPDATE jobs SET share = 'awaited', pid = 0, host = ?, boot_id = ? WHERE job_id = ?", values)

    def return_share(self, job_id: str) -> None:
        """Note that a job holds nothing of the computer any more."""
        with self.connection() as table:
            table.execute("UPDATE jobs SET share = 'returned' WHERE job_id = ?", (job_id,))

    def _select(self, which: str, *values: str) -> list[JobRecord]:
        if not self._table.exists():
            return []
        with self.connection() as table:
            return [
                JobRecord(*row) for row in table.execute(f"SELECT {COLUMNS} FROM jobs {which} ORDER BY number", values)
            ]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Connect for several statements that others see all of or nothing."""
        with self.connection() as table:
            table.execute("BEGIN IMMEDIATE")
            try:
                yield table
            except BaseException:
                if table.in_transaction:
                    table.execute("ROLLBACK")
                raise
            table.execute("COMMIT")

    @contextlib.contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Connect for statements of which each is a transaction.

        Raises
        ------
        JobError
            The store cannot be used, or is of another version.
        """
        import sqlite3

        try:
            if not self._table.exists():
                os.close(os.open(self._table, os.O_CREAT | os.O_RDWR, 0o600))
            with contextlib.closing(sqlite3.connect(self._table, BUSY_SECONDS, isolation_level=None)) as table:
                self._require_schema(table)
                yield table
        except (sqlite3.Error, OSError) as error:
            raise self.error(f"cannot be used: {error}.") from error

    def _require_schema(self, table: sqlite3.Connection) -> None:
        """Make the table if there is none; refuse that of another version."""
        version = _version(table)
        if version == 0:
            table.execute("BEGIN IMMEDIATE")
            if (version := _version(table)) == 0:  # nobody was faster
                table.execute(TABLE)
                table.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                version = SCHEMA_VERSION
            table.execute("COMMIT")
        if version != SCHEMA_VERSION:
            raise self.error(
                f"is of version {version}, and this version of ketjet knows version {SCHEMA_VERSION}: use the ketjet "
                "that made it, or another folder as KETJET_STORE."
            )

    def error(self, what: str) -> JobError:
        """Return the error of a store of which there is that to say."""
        from ketjet.errors import JobError

        return JobError(f"the store of detached jobs {str(self.path)!r} {what}")


def _version(table: sqlite3.Connection) -> int:
    version: int = table.execute("PRAGMA user_version").fetchone()[0]
    return version
