"""Ctrl-C while a call waits, and jobs that are cancelled while they run."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from ketjet.errors import JobCancelledError


def assert_ctrl_c_stops(call, *, after=0.5, within=1.0):
    """Press Ctrl-C some seconds after a call has begun; it must end soon."""
    pressed = []

    def press():
        pressed.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(after, press)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            call()
    finally:
        timer.cancel()  # a call that has ended before fails here, and nowhere else
        timer.join()
    assert time.monotonic() - pressed[0] < within


def assert_running_work_is_cancelled(job, backend):
    """Cancel a job once its engine is at work; that must take no time."""
    while not job.progress().stages_done:
        time.sleep(0.01)
    assert job in backend.jobs()
    begin = time.monotonic()
    assert job.cancel()
    with pytest.raises(JobCancelledError):
        job.result()
    assert time.monotonic() - begin < 1
