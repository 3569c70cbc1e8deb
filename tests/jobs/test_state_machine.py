"""Jobs driven at random against a model: a first-in first-out queue, a budget, and states that never go back."""

from __future__ import annotations

import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from qiskit.providers import JobStatus
from support import fake_engine
from support.fake_engine import Kernel, eventually, submitted, successes

from ketjet.errors import JobCancelledError, JobError, JobFailedError, JobTimeoutError
from ketjet.jobs import budget, workers
from ketjet.jobs.job import Job
from ketjet.jobs.primitive_job import PrimitiveJob

BUDGET = 3
FINAL = {JobStatus.DONE, JobStatus.CANCELLED, JobStatus.ERROR}


class Model:
    """What is known of one job: its kernels in order, those that run, and those that have ended."""

    def __init__(self, job, kernels, threads):
        self.job = job
        self.kernels = kernels
        self.threads = threads
        self.running = set()
        self.ended = set()
        self.cancelled = False
        self.seen = []

    def status(self):
        if self.cancelled:
            return JobStatus.CANCELLED
        if len(self.ended) == len(self.kernels):
            failed = any(kernel.script.error for kernel in self.kernels)
            return JobStatus.ERROR if failed else JobStatus.DONE
        return JobStatus.RUNNING if self.running or self.ended else JobStatus.QUEUED

    def has_run(self, kernel):
        return kernel in self.ended and kernel.script.error is None


class Jobs(RuleBasedStateMachine):
    kind = Job

    def __init__(self):
        super().__init__()
        fake_engine.kind = self.kind
        self.shared, workers.shared.current = workers.shared.current, workers.Workers(BUDGET)
        self.patience, budget.PATIENCE_SECONDS = budget.PATIENCE_SECONDS, math.inf  # jobs start in turn
        self.models = []
        self.queue = []

    def teardown(self):
        workers.shared().close(2)
        workers.shared.current = self.shared
        budget.PATIENCE_SECONDS = self.patience
        fake_engine.kind = Job

    def settle(self):
        """Start what the model says must start, and wait until the real jobs have come as far."""
        while self.queue:
            model, kernel = self.queue[0]
            if sum(other.threads * len(other.running) for other in self.models) + model.threads > BUDGET:
                break
            model.running.add(kernel)
            self.queue.pop(0)
        for model in self.models:
            if model.job is not None:
                eventually(lambda model=model: model.job.status() is model.status())
            for kernel in model.running:
                assert kernel.started.wait(5)

    def some(self, data, condition):
        return data.draw(st.sampled_from([model for model in self.models if condition(model)]))

    @rule(errors=st.lists(st.booleans(), min_size=1, max_size=3), threads=st.integers(1, BUDGET))
    def submit(self, errors, threads):
        kernels = [Kernel(error=MemoryError("no room") if error else None) for error in errors]
        model = Model(submitted(*kernels, threads=threads), kernels, threads)
        self.models.append(model)
        self.queue += [(model, kernel) for kernel in kernels]
        with pytest.raises(JobError):
            model.job.submit()
        self.settle()

    @precondition(lambda self: any(model.running for model in self.models))
    @rule(data=st.data())
    def finish_a_kernel(self, data):
        model = self.some(data, lambda model: model.running)
        kernel = data.draw(st.sampled_from(sorted(model.running, key=lambda kernel: kernel.script.kernel)))
        kernel.finish.set()
        model.running.discard(kernel)
        model.ended.add(kernel)
        self.settle()

    @precondition(lambda self: any(model.job for model in self.models))
    @rule(data=st.data())
    def cancel(self, data):
        model = self.some(data, lambda model: model.job)
        final, was_cancelled = model.status() in FINAL, model.cancelled
        assert model.job.cancel() is (not final or was_cancelled)
        if not final:
            model.cancelled = True
            model.running.clear()
            self.queue = [(other, kernel) for other, kernel in self.queue if other is not model]
        self.settle()

    @precondition(lambda self: any(model.job for model in self.models))
    @rule(data=st.data(), partial=st.booleans())
    def ask_for_the_result(self, data, partial):
        model = self.some(data, lambda model: model.job)
        status = model.status()
        if status is JobStatus.DONE:
            assert all(successes(model.job.result(0)))
        elif status is JobStatus.CANCELLED and partial and any(ran := [model.has_run(each) for each in model.kernels]):
            assert successes(model.job.result(partial=True)) == ran
        elif status is JobStatus.CANCELLED:
            with pytest.raises(JobCancelledError):
                model.job.result(partial=partial)
        elif status is JobStatus.ERROR and partial:
            expected = [model.has_run(kernel) for kernel in model.kernels]
            assert successes(model.job.result(partial=True)) == expected
        elif status is JobStatus.ERROR:
            with pytest.raises(JobFailedError) as caught:
                model.job.result()
            assert isinstance(caught.value.__cause__, MemoryError)
        else:
            with pytest.raises(JobTimeoutError):
                model.job.result(0, partial=partial)

    @precondition(lambda self: any(model.job and model.status() in FINAL for model in self.models))
    @rule(data=st.data())
    def wait(self, data):
        model = self.some(data, lambda model: model.job and model.status() in FINAL)
        model.job.wait_for_final_state(5)

    @precondition(lambda self: any(model.job for model in self.models))
    @rule(data=st.data())
    def drop(self, data):
        self.some(data, lambda model: model.job).job = None

    @invariant()
    def states_never_go_back(self):
        order = [JobStatus.QUEUED, JobStatus.RUNNING]
        for model in self.models:
            if model.job is not None:
                status = model.job.status()
                if model.seen and model.seen[-1] is not status:
                    assert model.seen[-1] not in FINAL
                    assert status in FINAL or order.index(status) > order.index(model.seen[-1])
                model.seen.append(status)

    @invariant()
    def the_budget_holds(self):
        assert sum(work.threads for work in list(workers.shared()._running)) <= BUDGET


class PrimitiveJobs(Jobs):
    kind = PrimitiveJob


Jobs.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
PrimitiveJobs.TestCase.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
TestJobs = Jobs.TestCase
TestPrimitiveJobs = PrimitiveJobs.TestCase
