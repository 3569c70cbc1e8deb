"""`JobProgress` by its public name: what `Job.progress()` returns."""

from ketjet.jobs.progress import JobProgress

__all__ = ["JobProgress"]
