"""Processes that are killed at a place of their own choosing, and what they have told before."""

from __future__ import annotations

import multiprocessing
import os
import signal

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["qiskit", "ketjet", "ketjet.detached.run"])


def kill_at(place, *functions):
    """Kill this process at one of the places that lie before and after each call of some functions.

    Each is named by its home and its name there.
    """
    passed = 0

    def come_by():
        nonlocal passed
        passed += 1
        if passed > place:
            os.kill(os.getpid(), signal.SIGKILL)

    def with_places(function):
        def call(*arguments, **named):
            come_by()
            value = function(*arguments, **named)
            come_by()
            return value

        return call

    for home, name in functions:
        setattr(home, name, with_places(getattr(home, name)))


def in_process(function, *arguments):
    """Call a function of a module in a process of its own; return its exit code, and what it has returned, if that."""
    mine, its = _context.Pipe(duplex=False)
    process = _context.Process(target=_call, args=(its, function, arguments))
    process.start()
    its.close()
    try:
        value = mine.recv() if mine.poll(60) else None
    except EOFError:
        value = None
    process.join(60)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode, value


def _call(its, function, arguments):
    its.send(function(*arguments))
