"""Every error ketjet raises, in one tree under QiskitError.

Each class also inherits the builtin exception that a caller who knows nothing of ketjet would catch: a refused
circuit is a ValueError, a refused amount of memory a MemoryError, an expired wait a TimeoutError.
"""

from __future__ import annotations

import concurrent.futures
import sys
from typing import Any

from qiskit.exceptions import QiskitError
from qiskit.providers.exceptions import JobError as QiskitJobError
from qiskit.providers.exceptions import JobTimeoutError as QiskitJobTimeoutError

__all__ = [
    "CheckpointError",
    "CircuitFileError",
    "CircuitTypeError",
    "InsufficientMemoryError",
    "InvalidCircuitError",
    "InvalidOptionError",
    "InvalidPubError",
    "IterationLimitError",
    "JobCancelledError",
    "JobError",
    "JobFailedError",
    "JobTimeoutError",
    "KetjetError",
    "KetjetWarning",
    "OptionTypeError",
    "PlanFormatError",
    "ProgramError",
    "PubTypeError",
    "RanksError",
    "StateFileError",
    "TimeLimitError",
    "UnknownOptionError",
    "UnsupportedInstructionError",
    "VerificationError",
    "WorkerLostError",
]


class KetjetWarning(UserWarning):
    """Something in the request has no effect or probably is not what was meant."""


class KetjetError(QiskitError):
    """Root of the tree."""

    def __str__(self) -> str:
        return str(self.message)


class InvalidCircuitError(KetjetError, ValueError):
    """The circuit, or a number in it, cannot be simulated."""


class CircuitTypeError(InvalidCircuitError, TypeError):
    """Something that is not a circuit was given where one is expected."""


class UnsupportedInstructionError(InvalidCircuitError):
    """The circuit holds an instruction that the simulator does not know and that has no definition."""


class CircuitFileError(InvalidCircuitError):
    """A circuit file cannot be read; the message begins with the file, and with line and column if they are known."""


class InvalidPubError(KetjetError, ValueError):
    """A pub of a primitive cannot be run as it is."""


class PubTypeError(InvalidPubError, TypeError):
    """Something in a pub of a primitive has the wrong type."""


class StateFileError(KetjetError, ValueError):
    """A file does not hold a state that `StateVector.save` has written."""


class CheckpointError(KetjetError, RuntimeError):
    """A checkpoint is of another task or format, in use, damaged, or of something that cannot be kept."""


class PlanFormatError(KetjetError, ValueError):
    """Bytes that are no plan, are damaged, or were written by a version that writes plans in another way."""


class InvalidOptionError(KetjetError, ValueError):
    """An option has a value outside its range."""


class OptionTypeError(KetjetError, TypeError):
    """An option has a value of the wrong type."""


class UnknownOptionError(KetjetError, TypeError):
    """No option has this name."""


class RanksError(KetjetError, RuntimeError):
    """The processes of an MPI launcher cannot run something together, or one of them has failed."""


class InsufficientMemoryError(KetjetError, MemoryError):
    """The circuit needs more memory than there is.

    Attributes
    ----------
    required_bytes, available_bytes
        What the run needs at its peak, and what it may use. ``required_bytes`` is None when it is astronomical.
    max_qubits
        The widest circuit that would fit under the same options.
    """

    required_bytes: int | None = None
    available_bytes: int | None = None
    max_qubits: int | None = None


class VerificationError(KetjetError, RuntimeError):
    """A run with ``verify`` found that ketjet, or the computer, made an error: there is no result to be trusted."""


class ProgramError(KetjetError, RuntimeError):
    """The circuit's own classical code has failed: a division by zero, an index out of range, an unset variable."""


class IterationLimitError(ProgramError):
    """A shot has gone through more iterations of its loops than ``max_iterations`` allows."""


class TimeLimitError(ProgramError, TimeoutError):
    """A run has taken longer than ``time_limit`` allows."""


class WorkerLostError(KetjetError, RuntimeError):
    """A worker of an executor has gone away with what it ran, too often or for good."""


class JobError(KetjetError, QiskitJobError):
    """A job was used in a way its state does not allow, or has failed."""


class JobFailedError(JobError):
    """The job ended in ERROR; ``__cause__`` is the exception of the first circuit that failed.

    Attributes
    ----------
    partial_result
        The result with a ``success`` flag per circuit, or None if there is none.
    """

    partial_result: Any = None


class JobCancelledError(JobError, concurrent.futures.CancelledError):
    """The job was cancelled, so there is no result."""


if sys.version_info >= (3, 11):

    class JobTimeoutError(JobError, QiskitJobTimeoutError, TimeoutError):
        """The wait is over before the job is; the job goes on."""

else:

    class JobTimeoutError(JobError, QiskitJobTimeoutError, concurrent.futures.TimeoutError, TimeoutError):
        """The wait is over before the job is; the job goes on."""
