"""The options that `run` of a quantum computer's backend has, and that layers of Qiskit pass on: what they mean here.

docs/from_aer.md has the whole table.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ketjet.options.checks import flag, integer, invalid
from ketjet.options.translations import NOTHING, always, constant, refused, unheeded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ketjet.options.translations import Meaning, Translation

__all__ = ["MEANINGS", "belongs_to_transpile"]

CLASSIFIED = 2
"""Qiskit's MeasLevel.CLASSIFIED: outcomes are bits."""


def _meas_level(name: str, value: Any) -> Translation:
    if integer(0)(name, value) != CLASSIFIED:
        raise invalid(
            f"{name} must be {CLASSIFIED}, got {value}: a simulator has no signals, only classified outcomes."
        )
    return NOTHING


def _init_qubits(name: str, value: Any) -> Translation:
    if not flag(name, value):
        raise invalid(
            f"{name} must be True: every shot begins in |0...0>. Begin the circuit with initialize() instead."
        )
    return NOTHING


_OF_PULSES = ("meas_lo_freq", "meas_lo_range", "memory_slot_size", "qubit_lo_freq", "qubit_lo_range", "schedule_los")

MEANINGS: Mapping[str, Meaning] = {
    "meas_level": _meas_level,
    "meas_return": constant("single", "avg"),  # of levels 0 and 1
    "init_qubits": _init_qubits,
    "rep_delay": unheeded,
    "rep_time": unheeded,
    "use_measure_esp": always(False),
    "dynamic": unheeded,
    "job_name": unheeded,
    "job_tags": unheeded,
    "max_credits": unheeded,
    **dict.fromkeys(_OF_PULSES, refused("ketjet simulates gates, not pulses; leave the option out.")),
}
"""By name: what the option means."""


def belongs_to_transpile(name: str) -> bool:
    """Whether an option is one of Qiskit's `transpile`, now or in the past."""
    from qiskit import transpile

    former = {"backend_properties", "faulty_qubits_map", "inst_map", "pass_manager", "ignore_backend_supplied_target"}
    return name in former | set(inspect.signature(transpile).parameters) - {"circuits", "backend"}
