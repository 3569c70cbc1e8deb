"""Circuits from files that may come from anybody."""

from ketjet.circuit_files.reading import load_circuits

__all__ = ["load_circuits"]
