"""A slow engine whose kernels go on until the test says so, and the jobs that run on it."""

from __future__ import annotations

import itertools
import math
import threading
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from qiskit.primitives import DataBin, PrimitiveResult, PubResult

from ketjet import engine
from ketjet.experiment import Experiment
from ketjet.jobs.job import Job
from ketjet.jobs.primitive_job import PrimitiveJob
from support.engine_runs import FACTS

_numbers = itertools.count()
_kernels = {}

KINDS = (Job, PrimitiveJob)
kind = Job
"""The class of the jobs that are made here; a test may set the other one."""


@dataclass(frozen=True)
class Script:
    """Stands in for a program: plain data, so that it pickles."""

    kernel: int | None = None
    """Which kernel object says when to return; None returns after `seconds`."""
    seconds: float = 0.0
    error: Exception | None = None
    num_qubits: ClassVar[int] = 1
    num_clbits: ClassVar[int] = 1


class Kernel:
    """A running kernel in this process, as the test sees it."""

    def __init__(self, error=None):
        self.script = Script(kernel=next(_numbers), error=error)
        self.started = threading.Event()
        self.finish = threading.Event()
        self.ended = threading.Event()
        _kernels[self.script.kernel] = self


def execute(task, control=None):
    """Has the signature of `ketjet.engine.execute`; polls the control every millisecond."""
    control = control or engine.Control()
    script = task.program
    kernel = _kernels.get(script.kernel)
    if kernel is not None:
        kernel.started.set()
    deadline = time.monotonic() + script.seconds
    try:
        while not kernel.finish.wait(0.001) if kernel is not None else time.monotonic() < deadline:
            if control.stopped:
                raise engine.Cancelled
            if kernel is None:
                time.sleep(0.001)
        if script.error is not None:
            raise script.error
    finally:
        if kernel is not None:
            kernel.ended.set()
    return outcome(task)


def outcome(task):
    """Every shot gives 1."""
    keys, counts = np.ones((1, 1), np.uint64), np.array([task.shots], np.int64)
    memory = np.ones((task.shots, 1), np.uint64) if task.memory else None
    return engine.Outcome(keys, counts, memory, None, 1, FACTS)


def experiment(script, threads=1, peak_bytes=0, seconds=math.inf):
    task = engine.Task(program=script, shots=10, seed=1, threads=threads, seconds=seconds)
    header = {"name": "fake", "creg_sizes": [["c", 1]], "memory_slots": 1, "n_qubits": 1}
    return Experiment(task, peak_bytes, shots=10, seed=1, header=header, has_measurements=True)


def fake_job(*scripts, threads=1, seconds=math.inf, **settings):
    """A job, not submitted, with one circuit per script or kernel, that is said to take so many seconds."""
    experiments = [experiment(getattr(script, "script", script), threads, seconds=seconds) for script in scripts]
    primitive = (pub_results,) if kind is PrimitiveJob else ()
    return kind(None, f"job-{next(_numbers)}", experiments, *primitive, **{"_execute": execute, **settings})


def pub_results(outcomes):
    """One pub for every point, whose data are the counts of its outcomes."""
    return PrimitiveResult([_pub_result(outcome) for outcome in outcomes])


def _pub_result(outcome):
    if isinstance(outcome, BaseException):
        return PubResult(DataBin(), {"error": str(outcome)})
    return PubResult(DataBin(counts=outcome.counts))


def successes(result):
    """For every circuit or pub of a result whether it has run."""
    if kind is Job:
        return [each.success for each in result.results]
    return ["error" not in each.metadata for each in result]


def shots_of(result, index=0):
    """How many shots of a circuit or pub have given the one outcome that there is."""
    return result.get_counts(index)["1"] if kind is Job else int(result[index].data.counts[0])


def submitted(*scripts, **settings):
    job = fake_job(*scripts, **settings)
    job.submit()
    return job


def eventually(condition, timeout=5.0):
    """Wait until something that other threads bring about is true."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.0005)
