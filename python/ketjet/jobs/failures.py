"""What the failures of a batch look like to users: engine errors by their public names, and one error for the job."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.errors import (
    InsufficientMemoryError,
    IterationLimitError,
    JobFailedError,
    KetjetError,
    PlanFormatError,
    ProgramError,
    RanksError,
    TimeLimitError,
    VerificationError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ketjet.engine import Outcome

__all__ = ["failure_of", "public_error", "public_outcomes"]

PUBLIC_ERRORS: dict[type[BaseException], type[KetjetError]] = {
    engine.VerificationFailed: VerificationError,
    engine.IterationLimitReached: IterationLimitError,
    engine.TimeLimitReached: TimeLimitError,
    engine.ClassicalError: ProgramError,
    engine.PlanFormatError: PlanFormatError,
    engine.MemoryLimitReached: InsufficientMemoryError,
    engine.PeerFailed: RanksError,
}
"""What users know the engine's errors as."""


def public_outcomes(
    outcomes: Iterable[Outcome | BaseException], points: Iterable[int]
) -> tuple[list[Outcome | BaseException], list[BaseException]]:
    """Return the outcomes of tasks of so many points each, with errors as users know them, and these errors.

    There is one for every point that has failed.
    """
    ended: list[Outcome | BaseException] = []
    failures: list[BaseException] = []
    for outcome, count in zip(outcomes, points, strict=False):
        told = outcome
        if isinstance(outcome, BaseException):
            told = public_error(outcome)
            failures += [told] * count
        elif isinstance(outcome, engine.Outcome) and outcome.failures:  # an executor may return anything
            errors = {point: public_error(error) for point, error in outcome.failures.items()}
            told = outcome._replace(failures=errors)
            failures += errors.values()
        ended.append(told)
    return ended, failures


def public_error(error: BaseException) -> BaseException:
    """Return the error; one of the engine, which knows nothing of Qiskit, becomes the one that users know."""
    for kind, known in PUBLIC_ERRORS.items():
        if isinstance(error, kind):
            public = known(str(error))
            public.__cause__ = error
            return public
    return error


def failure_of(failures: list[BaseException], total: int, counted: str, partial_result: object) -> JobFailedError:
    """Return the error of a job of so many circuits, or whatever is counted, of which these have failed."""
    first = failures[0]
    traceback.clear_frames(first.__traceback__)  # keeps the lines, drops the programs and arrays in their variables
    which = f"{len(failures)} of {total} {counted} failed: " if total > 1 else ""
    error = JobFailedError(f"{which}{type(first).__name__}: {first}")
    error.__cause__ = first
    error.partial_result = partial_result
    return error
