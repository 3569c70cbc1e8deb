"""The command line: `ketjet` and `python -m ketjet`."""

from ketjet.cli.commands import main

__all__ = ["main"]
