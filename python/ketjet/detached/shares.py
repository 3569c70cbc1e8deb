"""Who of the detached jobs of a computer may run: one admission for all, through the store's table.

In turn, a job starts once there are memory and cores for it. What running ones have been given and not written to yet
counts as taken; the user's ordinary jobs count by the memory that they leave. Nothing here imports Qiskit.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ketjet import engine
from ketjet.detached.store import Store

if TYPE_CHECKING:
    from ketjet.detached.store import JobRecord

__all__ = ["Answer", "memory_in_all", "take_share"]

PROCESS_BYTES = 160 << 20
"""What a process of a job takes beside its states: Python, NumPy and Qiskit."""


class Answer(NamedTuple):
    """What a job is told that asks for its share."""

    granted: bool
    waits_for: tuple[str, ...] = ()
    """The jobs that hold what it needs, that with most of it first."""


def take_share(store: Store, job_id: str) -> Answer:
    """Give a job its share of the computer, or say what it waits for."""
    with store.transaction() as table:
        claims: list[JobRecord] = []
        for record in store.claims():
            if store.is_alive(record):
                claims.append(record)
            else:
                table.execute("UPDATE jobs SET share = 'returned' WHERE job_id = ?", (record.job_id,))
        place = [record.job_id for record in claims].index(job_id)
        own, held = claims[place], [record for record in claims if record.share == "held"]
        is_next = all(record.share == "held" for record in claims[:place])
        lacks_memory = not _has_memory(own, held)
        if is_next and not lacks_memory and _has_cores(own, held):
            table.execute("UPDATE jobs SET share = 'held', pid = ? WHERE job_id = ?", (os.getpid(), job_id))
            return Answer(granted=True)
    holders = sorted(held, key=lambda record: -(record.bytes if lacks_memory else record.threads))
    return Answer(False, tuple(record.job_id for record in holders))


def memory_in_all() -> tuple[int, str]:
    """Return how much memory a job of the user's store may count on once those that run now have ended, and why."""
    free, rule = engine.available_memory()
    store = Store()
    held = [record for record in store.claims() if record.share == "held" and store.is_alive(record)]
    return free + sum([min(_written_bytes(record.pid), record.bytes) for record in held]), rule


def _has_cores(own: JobRecord, held: list[JobRecord]) -> bool:
    return not held or sum(record.threads for record in held) + own.threads <= engine.machine().cores


def _has_memory(own: JobRecord, held: list[JobRecord]) -> bool:
    """Return whether there is enough for a job beside those that run."""
    if own.memory_limit is not None and held and sum(each.bytes for each in held) + own.bytes > own.memory_limit:
        return False
    promised = sum(max(record.bytes - _written_bytes(record.pid), 0) for record in held)
    own_process = _resident_bytes(os.getpid())  # was free when the job was admitted
    return own.bytes <= engine.available_memory()[0] + own_process - promised


def _written_bytes(pid: int) -> int:
    """Return how much of its states a job's process has written to, about."""
    return max(_resident_bytes(pid) - PROCESS_BYTES, 0)


def _resident_bytes(pid: int) -> int:
    """Return how much memory a process takes; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
