"""The program: `python -m ketjet run | estimate | explain | info | calibrate | completion`.

For detached jobs: `jobs | status | result | resume | cancel | forget`; `resume` also for checkpoints.

Exit codes: 0 done, 1 the simulation failed, 2 wrong usage or a file that cannot be read, 3 a circuit that cannot be
simulated, 4 not enough memory, 130 interrupted, 141 nobody reads the output any more.
Every error is one line on standard error.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING

from ketjet.base.printable import printable
from ketjet.cli import commands
from ketjet.cli.parser import make_parser
from ketjet.options.machine import launched_ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

EXIT_FAILED, EXIT_USAGE, EXIT_CIRCUIT, EXIT_MEMORY, EXIT_INTERRUPTED, EXIT_CLOSED_PIPE = 1, 2, 3, 4, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code of the process."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        if verbose := getattr(options, "verbose", 0):
            _log_to_standard_error(logging.INFO if verbose == 1 else logging.DEBUG)
        with contextlib.ExitStack() as stack:
            if options.command is commands.run and launched_ranks() > 1:
                from ketjet.ranks import Ranks

                options.ranks = stack.enter_context(Ranks(share_from=options.share_from))
                if options.ranks is None:
                    return 0
            if getattr(options, "output", None) is not None:
                stack.enter_context(
                    contextlib.redirect_stdout(stack.enter_context(options.output.open("w", encoding="utf-8")))
                )
            options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
        return EXIT_CLOSED_PIPE
    except (Exception, KeyboardInterrupt) as error:
        code = _exit_code(error)
        if code is None:
            raise
        message = getattr(error, "message", None) or str(error) or type(error).__name__
        if code == EXIT_INTERRUPTED:
            message = "interrupted"
        print(f"ketjet: {printable(message)}", file=sys.stderr)
        return code
    return 0


def _log_to_standard_error(level: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("ketjet")
    logger.addHandler(handler)
    logger.setLevel(level)


def _exit_code(error: BaseException) -> int | None:
    """Return the exit code of an error that the user can act on, None for a defect of our own."""
    from qiskit.exceptions import QiskitError

    from ketjet.errors import (
        CheckpointError,
        CircuitFileError,
        InvalidCircuitError,
        InvalidOptionError,
        JobError,
        OptionTypeError,
        RanksError,
    )

    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        return EXIT_MEMORY
    if isinstance(error, JobError):  # one that has not ended in time is an OSError too
        return EXIT_FAILED
    if isinstance(error, (CheckpointError, CircuitFileError, InvalidOptionError, OptionTypeError, RanksError, OSError)):
        return EXIT_USAGE
    if isinstance(error, InvalidCircuitError):
        return EXIT_CIRCUIT
    return EXIT_FAILED if isinstance(error, QiskitError) else None
