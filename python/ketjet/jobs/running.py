"""What a job's face asks of whatever runs the job, here or elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from ketjet.jobs.progress import JobProgress
    from ketjet.jobs.promise import Promise

__all__ = ["Running"]

T = TypeVar("T")


class Running(Protocol[T]):
    """The run of a job: `Batch` has it in this process, and knows what each of these means."""

    total: int

    @property
    def future(self) -> Promise[T]:
        """What will become of it."""

    @property
    def started_at(self) -> float | None:
        """When the first task began; seconds since 1970."""

    @property
    def ended_at(self) -> float | None:
        """When the last one ended, or the job was cancelled; likewise."""

    def start(self) -> None:
        """Begin, and return at once."""

    def run_here(self, *, interrupt_cancels: bool = False) -> None:
        """Do what this thread would only wait for."""

    def hurry(self) -> None:
        """Begin what nobody has waited for yet."""

    def started(self) -> bool:
        """Return whether any task has begun to run."""

    def progress(self) -> JobProgress:
        """Return how far the tasks are."""

    def value_of_ended(self) -> T | None:
        """Return what the tasks give that have ended."""
