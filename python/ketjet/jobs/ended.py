"""The outcomes of tasks that have ended, as a batch hands them on."""

from __future__ import annotations

from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ketjet.engine import Outcome
from ketjet.errors import JobCancelledError
from ketjet.jobs.failures import public_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

__all__ = ["EndedTasks", "OutcomesOf"]

T = TypeVar("T")


class OutcomesOf(list["Outcome | BaseException"]):
    """The outcomes of a batch; going through them ends when its future does."""

    def __init__(self, future: Future[Any], outcomes: Sequence[Outcome | BaseException]) -> None:
        super().__init__(outcomes)
        self._future = future

    def __iter__(self) -> Iterator[Outcome | BaseException]:
        for outcome in super().__iter__():
            if self._future.done():
                raise CancelledError
            yield outcome


class EndedTasks(Generic[T]):
    """What the tasks of a cancelled batch have given that had ended."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}  # what the value is made of, then the value

    def keep(
        self,
        assemble: Callable[[list[Outcome | BaseException]], T],
        outcomes: Sequence[Outcome | BaseException | None],
        points: Sequence[int],
    ) -> None:
        """Keep the outcomes of tasks of so many points each, unless that has been done."""
        kept = [_without_state(outcome) for outcome in outcomes]
        parts = (assemble, kept, points) if any(isinstance(each, Outcome) for each in kept) else None
        self._kept.setdefault("parts", parts)

    def value(self) -> T | None:
        """Return what they give as if the others had failed; None if none is left."""
        if parts := self._kept.get("parts"):
            assemble, outcomes, points = parts
            error = JobCancelledError("the job was cancelled before this had ended")
            ended = [error if outcome is None else outcome for outcome in outcomes]
            self._kept.setdefault("value", assemble(public_outcomes(ended, points)[0]))
            self._kept["parts"] = None
        return self._kept.get("value")


def _without_state(outcome: Outcome | BaseException | None) -> Outcome | BaseException | None:
    """Return the outcome; None for one with amplitudes, whose memory cancelling gives back."""
    return None if isinstance(outcome, Outcome) and (outcome.state is not None or outcome.saves) else outcome
