"""What a notebook shows of a `Simulator`: what its runs may use, and which options are not the usual ones."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from ketjet import engine, faces
from ketjet.base.units import counted, size
from ketjet.options import SimulatorOptions

if TYPE_CHECKING:
    from ketjet.backend.admission import Admission

__all__ = ["html"]

SHOWN_ANYWAY = ("precision", "max_threads", "max_memory_mb", "isa")

VALUE_WIDTH = 60
"""Characters of an option's value."""


def html(name: str, version: str, admission: Admission) -> str:
    """Return a simulator as a card.

    Parameters
    ----------
    name, version
        Of the backend.
    admission
        What a circuit might use now, and the options.
    """
    options, (available, rule) = admission.options, admission.available
    widest = engine.max_qubits(available, options.precision)
    told = [
        ("precision", f"{options.precision}, {engine.AMPLITUDE_BYTES[options.precision]} bytes for an amplitude"),
        ("threads", str(admission.threads)),
        ("memory", f"{size(available)} available by {rule}: a state of {counted(widest, 'qubit')}"),
        ("kernels", engine.isa_in_use(options.isa)),
    ]
    usual = SimulatorOptions()
    for option in fields(options):
        value = getattr(options, option.name)
        if option.name not in SHOWN_ANYWAY and value != getattr(usual, option.name):
            told.append((option.name, faces.cut(value, VALUE_WIDTH)))
    return faces.card("Simulator", f"{name} {version}", [], faces.words(told))
