"""The outcomes of tasks that have ended, as a batch hands them on."""

from __future__ import annotations

from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from ketjet.engine import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

__all__ = ["OutcomesOf", "without_state"]


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


def without_state(outcome: Outcome | BaseException | None) -> Outcome | BaseException | None:
    """Return the outcome; None for one with amplitudes, whose memory cancelling gives back."""
    return None if isinstance(outcome, Outcome) and (outcome.state is not None or outcome.saves) else outcome
