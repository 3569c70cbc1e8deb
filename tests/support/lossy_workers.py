"""Processes of a pool in which the engine ends its process, as kill -9 does, in the midst of some runs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import ketjet.engine.run


def pool(workers, tokens, width):
    """Return a process pool in which runs of so many qubits, while there are files in a folder, take one and die."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=arm, initargs=(str(tokens), width))


def deaths(folder, count):
    """Fill a folder for so many deaths."""
    for number in range(count):
        (folder / str(number)).touch()
    return folder


def arm(folder, width):
    """Make runs in this process fatal."""
    real = ketjet.engine.run.execute

    def fatal(task, control):
        if task.program.num_qubits == width and taken_from(folder):
            threading.Thread(target=die_in_the_midst, args=(control,), daemon=True).start()
            real(task, control)
            os.kill(os.getpid(), signal.SIGKILL)  # at the latest now
        return real(task, control)

    ketjet.engine.run.execute = fatal


def die_in_the_midst(control):
    while not control.progress().bytes_moved:
        time.sleep(0.0005)
    os.kill(os.getpid(), signal.SIGKILL)


def taken_from(folder):
    for file in Path(folder).iterdir():
        try:
            file.unlink()
        except FileNotFoundError:
            continue
        return True
    return False
