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
    TimeLimitError,
    VerificationError,
)

if TYPE_CHECKING:
    from ketjet.engine import Outcome

__all__ = ["failure_of", "public_error", "public_outcome"]

PUBLIC_ERRORS: dict[type[BaseException], type[KetjetError]] = {
    engine.VerificationFailed: VerificationError,
    engine.IterationLimitReached: IterationLimitError,
    engine.TimeLimitReached: TimeLimitError,
    engine.ClassicalError: ProgramError,
    engine.PlanFormatError: PlanFormatError,
    engine.MemoryLimitReached: InsufficientMemoryError,
}
"""What users know the engine's errors as."""


def public_outcome(outcome: Outcome | BaseException) -> Outcome | BaseException:
    """Return the outcome, or its error as users know it."""
    return public_error(outcome) if isinstance(outcome, BaseException) else outcome


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
