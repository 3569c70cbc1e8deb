"""The command line: `ketjet` and `python -m ketjet`."""

from ketjet.cli.program import main

__all__ = ["main"]
