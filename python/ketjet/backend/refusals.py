"""The errors of circuits that do not fit into memory: what they need, what there is, and what to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.base.units import size
from ketjet.errors import InsufficientMemoryError
from ketjet.jobs import workers

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from ketjet.backend.admission import Admission
    from ketjet.lowering import LoweredCircuit

__all__ = ["too_much_saved", "too_wide"]

STATES = {1: "", 2: "two states of ", 4: "four states of "}
"""How many states of its qubits a run holds at least, in messages."""


def too_much_saved(
    circuit: QuantumCircuit, lowered: LoweredCircuit, label: str, needed: int, admission: Admission
) -> InsufficientMemoryError:
    """Return the error of a circuit of which one save instruction alone asks for more bytes than there are."""
    save = next(save for save in lowered.saves if save.label == label)
    available = admission.available[0]
    need = size(needed) if needed < 1 << 60 else f"2^{needed.bit_length() - 1} bytes"
    error = InsufficientMemoryError(
        f"circuit {circuit.name!r}: what its {save.name} {label!r} of {save.num_qubits} qubits returns takes {need}, "
        f"but {size(available)} are available ({_rule(admission)}). Save what fewer qubits need: single amplitudes, "
        "expectation values, or probabilities of fewer qubits."
    )
    error.required_bytes, error.available_bytes = needed, available
    return error


def too_wide(
    circuit: QuantumCircuit,
    qubits: int,
    peak_bytes: int | None,
    max_qubits: int,
    admission: Admission,
    *,
    states: int = 1,
) -> InsufficientMemoryError:
    """Return the error of a circuit whose run needs so many qubits, or so many bytes, where fewer would fit."""
    options, (available, rule) = admission.options, admission.available
    state_bytes = engine.AMPLITUDE_BYTES[options.precision] << qubits
    peak_bytes = state_bytes if peak_bytes is None else peak_bytes
    need = f"2^{qubits} amplitudes" if qubits > 56 else size(peak_bytes)
    hints = ["use fewer qubits"]
    if state_bytes <= available and states == 1:
        hints.append("fewer shots")
    if options.precision == "double":
        hints.append("precision='single'")
    if options.memory:
        hints.append("memory=False")
    if held := workers.shared().held_bytes:
        hints.append(f"wait for the circuits that run now and hold {size(held)}")
    hints.append("a larger max_memory_mb" if rule == "max_memory_mb" else "a machine with more memory")
    error = InsufficientMemoryError(
        f"circuit {circuit.name!r} needs {need} for {STATES[states]}{qubits} qubits in "
        f"{options.precision} precision, but {size(available)} are available ({_rule(admission)}); "
        f"at most {max_qubits} qubits fit. Try one of: {'; '.join(hints)}."
    )
    error.required_bytes, error.available_bytes, error.max_qubits = peak_bytes, available, max_qubits
    return error


def _rule(admission: Admission) -> str:
    """Return what sets the limit in words."""
    rule = admission.available[1]
    return f"{rule}, less what running circuits hold" if workers.shared().held_bytes else rule
