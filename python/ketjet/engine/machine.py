"""The computer as the engine sees it: its caches and speed, its memory, its instruction sets."""

from __future__ import annotations

import contextlib
import functools
import platform
import threading
import time
from typing import TYPE_CHECKING, Literal

from ketjet import _core
from ketjet.engine.calibration_file import Factors, keep_factors, kept_factors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ketjet._core import Machine

Precision = Literal["single", "double"]

MAX_QUBITS = 62
"""The most qubits a state can have: basis states are 64-bit indices."""

RECENT_SECONDS = 0.25
"""How long the memory that was found available counts as recent."""

AMPLITUDE_BYTES = {"single": 8, "double": 16}
PRECISIONS = {"single": _core.Precision.single, "double": _core.Precision.double}

_last_seen: list[tuple[float, tuple[int, str]]] = []

_uncalibrated = threading.Event()


def machine_name() -> str:
    """Tell computers apart whose speed may differ: processor, instruction set and caches."""
    found = _core.detect_machine()
    caches = f"{found.l1_bytes}-{found.l2_bytes}-{found.l3_bytes}"
    return f"{platform.machine()} {platform.processor()} {isa_in_use()} {caches}"


@functools.cache
def machine() -> Machine:
    """Caches and cores of this computer, detected once, with its measured speed if it has been calibrated."""
    found = _core.detect_machine()
    factors = None if _uncalibrated.is_set() else kept_factors(machine_name())
    if factors is None:
        return found
    return _core.Machine(
        l1_bytes=found.l1_bytes,
        l2_bytes=found.l2_bytes,
        l3_bytes=found.l3_bytes,
        cores=found.cores,
        cores_rule=found.cores_rule,
        sweep_factor=factors.sweep_factor,
        pass_factor=factors.pass_factor,
    )


def keep_calibration(sweep_factor: float, pass_factor: float) -> None:
    """Keep how long sweeps and passes take here over what the cost model has built in; plans follow it at once."""
    keep_factors(machine_name(), Factors(float(sweep_factor), float(pass_factor)))
    machine.cache_clear()


@contextlib.contextmanager
def uncalibrated() -> Iterator[None]:
    """Plan and predict, in the whole process, as if this computer had not been calibrated; its file stays as it is."""
    _uncalibrated.set()
    machine.cache_clear()
    try:
        yield
    finally:
        _uncalibrated.clear()
        machine.cache_clear()


def available_memory() -> tuple[int, str]:
    """Bytes this process could still take, and the name of the limit that says so."""
    found = _core.available_memory()
    _last_seen[:] = [(time.monotonic(), found)]
    return found


def recently_available_memory() -> tuple[int, str]:
    """Return what `available_memory` said a moment ago: asking the system takes longer than running a small circuit."""
    if _last_seen and time.monotonic() - _last_seen[0][0] < RECENT_SECONDS:
        return _last_seen[0][1]
    return available_memory()


def isa_names() -> list[str]:
    """Instruction sets this CPU can run, best first."""
    return _core.isa_names()


def isa_in_use(name: str = "") -> str:
    """Return the instruction set that `name` stands for; empty means KETJET_ISA or the best."""
    return _core.isa_in_use(name)
