"""What a notebook shows of a `StateVector`: its size, and of a small state the amplitudes that are not zero.

Nobody waits for a face: of a large state no amplitude is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ketjet import engine, faces
from ketjet.base.units import counted, share, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["html"]

LISTED_QUBITS = 6
"""A state of more is not read."""

AMPLITUDES_SHOWN = 16

NEGLIGIBLE = 1e-12
"""A probability that is rounding rather than part of the state."""


def html(num_qubits: int, precision: engine.Precision, read: Callable[[], NDArray[Any]] | None) -> str:
    """Return a state as a card; `read` returns the amplitudes, if they mean anything, and is called for few only."""
    stored = size(engine.AMPLITUDE_BYTES[precision] << num_qubits)
    facts = [counted(num_qubits, "qubit"), f"{precision} precision", stored]
    if read is None:
        facts.append("half changed: reset() it")
    listed = _amplitudes(num_qubits, read()) if read is not None and num_qubits <= LISTED_QUBITS else ""
    return faces.card("StateVector", "", facts, listed)


def _amplitudes(num_qubits: int, amplitudes: NDArray[Any]) -> str:
    probabilities = np.abs(amplitudes) ** 2
    order = np.argsort(-probabilities, kind="stable")
    present = order[probabilities[order] > NEGLIGIBLE].tolist()
    shown = sorted(present[:AMPLITUDES_SHOWN])
    most = max((float(probabilities[index]) for index in shown), default=1.0)
    rows = [
        faces.Row(
            f"|{index:0{num_qubits}b}⟩" if num_qubits else "|⟩",
            float(probabilities[index]) / most,
            (_complex(complex(amplitudes[index])), share(float(probabilities[index]))),
        )
        for index in shown
    ]
    others = len(present) - len(shown)
    rest = f'<p class="note">and {counted(others, "more amplitude")} that are not zero</p>' if others else ""
    return f"{faces.chart(rows)}{rest}"


def _complex(number: complex) -> str:
    real, imaginary = number.real, number.imag
    return f"{real:.4f} {'-' if imaginary < 0 else '+'} {abs(imaginary):.4f}i"
