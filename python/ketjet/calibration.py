"""Measures how fast this computer is beside the cost model's built-in table, for plans, estimates and remaining times.

Two factors are fitted to a few measured circuits: for the sweeps over memory and for the work on blocks in cache.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import quantum_volume

from ketjet import engine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ketjet.backend import Simulator
    from ketjet.explanation import ExplainedStage

__all__ = ["Calibration", "calibrate"]

QUBITS = 22
"""64 MiB: above most caches, and a few milliseconds a circuit."""

ROUNDS = 5


@dataclass(frozen=True)
class Calibration:
    """Measured time over what the cost model has built in.

    Attributes
    ----------
    sweep_factor, pass_factor : float
        For gathering and scattering all blocks once, and for the work on them.
    deviation : float
        Largest deviation of a measured circuit from the fit, relative.
    """

    sweep_factor: float
    pass_factor: float
    deviation: float


def _circuits() -> list[QuantumCircuit]:
    """Little work on many sweeps, and much work on few."""
    random = np.random.default_rng(0)
    scattered, rotations = QuantumCircuit(QUBITS), QuantumCircuit(QUBITS)
    for circuit, layers in ((scattered, 2), (rotations, 6)):
        for _ in range(layers):
            for qubit in range(QUBITS):
                circuit.ry(random.uniform(0.1, 1.0), qubit)
                if circuit is rotations:
                    circuit.rz(random.uniform(0.1, 1.0), qubit)
            order = random.permutation(QUBITS) if circuit is scattered else np.arange(QUBITS)
            for control, target in itertools.pairwise(order):
                circuit.cx(int(control), int(target))
    return [scattered, rotations, quantum_volume(QUBITS, 6, seed=1)]


def _seconds_in_passes(stage: ExplainedStage) -> float:
    """Predicted seconds of a stage's passes on one thread, times the bytes of an amplitude."""
    return 1e-9 * stage.bytes_moved / 2 * sum(one.ns_per_amplitude for one in stage.passes)


def _measure(backend: Simulator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return predicted seconds outside and inside of passes, a row a circuit, and measured seconds."""
    rows, times = [], []
    for circuit in _circuits():
        runs = [backend.explain(circuit, analyze=True, return_state=True) for _ in range(ROUNDS)]
        best = min(runs, key=lambda run: run.measured_seconds or 0.0)
        in_passes = sum(map(_seconds_in_passes, best.stages)) / best.threads / engine.AMPLITUDE_BYTES[best.precision]
        rows.append((best.predicted_seconds - in_passes, in_passes))
        times.append(best.measured_seconds or 0.0)
    return np.array(rows), np.array(times)


def calibrate(backend: Simulator) -> Calibration:
    """Measure, keep the result in the user's cache folder, and use it from now on.

    Parameters
    ----------
    backend : Simulator
        Whose threads and precision are used.

    Returns
    -------
    Calibration
    """
    with engine.uncalibrated():
        matrix, measured = _measure(backend)
    weights = 1 / measured
    fit = np.linalg.lstsq(matrix * weights[:, None], measured * weights, rcond=None)[0]
    sweep_factor, pass_factor = (float(np.clip(value, *engine.FACTOR_LIMITS)) for value in fit)
    deviation = float(np.max(np.abs(matrix @ [sweep_factor, pass_factor] / measured - 1)))
    engine.keep_calibration(sweep_factor, pass_factor)
    return Calibration(sweep_factor, pass_factor, deviation)
