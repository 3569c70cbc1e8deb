"""The process of one detached job: ``python -m ketjet.detached STORE JOB_ID LOCK``, where LOCK is an open descriptor.

It waits for its share of the computer, runs the job as any other process would, tells how far it is, and writes what
came out and how it ended. It holds the lock as long as it lives, for that is how others know. Until it has its share it
has imported little.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketjet.detached.folder import end_of
from ketjet.detached.shares import take_share
from ketjet.detached.store import Store

if TYPE_CHECKING:
    from ketjet.detached.folder import JobFolder

WAIT_SECONDS = 0.1
"""How often a job that waits for its share asks for it."""


class TerminatedError(BaseException):
    """Somebody has asked this process to end."""


def main(path: str, job_id: str, lock: str) -> None:
    """Run a job of a store from its beginning to its end."""
    os.set_inheritable(int(lock), False)
    signal.signal(signal.SIGTERM, _terminate)
    store = Store(Path(path))
    folder = store.folder_of(job_id)
    try:
        if _has_share(store, job_id, folder):
            from ketjet.detached.run import run

            run(store.find(job_id), folder)
    except TerminatedError:
        folder.decide(end_of("ERROR", "its process was asked to end (SIGTERM)"))
    except BaseException as error:  # noqa: BLE001 - whoever waits for the job is told
        traceback.print_exc()
        folder.decide(end_of("ERROR", f"{type(error).__name__}: {error}"))
    finally:
        with contextlib.suppress(Exception):  # others see that the lock is free
            store.return_share(job_id)


def _has_share(store: Store, job_id: str, folder: JobFolder) -> bool:
    """Wait for the share of a job; False if it ends before."""
    while not folder.is_over():
        answer = take_share(store, job_id)
        if answer.granted:
            return True
        folder.tell({"waiting_for": answer.waits_for})
        time.sleep(WAIT_SECONDS)
    return False


def _terminate(*_: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise TerminatedError


if __name__ == "__main__":
    main(*sys.argv[1:])
