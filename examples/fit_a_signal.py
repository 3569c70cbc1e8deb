"""Fit a signal with one qubit: a small quantum model whose gradients train it to the best fit that there can be.

The model turns the qubit by the input, several times, with a rotation to be learnt before and after each turn, and its
output is ⟨Z⟩. With L turns that is a Fourier series of degree L (M. Schuld, R. Sweke and J. J. Meyer, Phys. Rev. A 103,
032430, 2021), and any such series between -1 and 1 can be had, because positive trigonometric polynomials are squares
(Fejér and Riesz). So the least possible error is that of the truncated Fourier series of the signal, which is known
without any circuit. One call of `Simulator.value_and_gradient` gives outputs and derivatives for all inputs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from scipy.optimize import minimize

from ketjet import Simulator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

POINTS = 64


class Fit(NamedTuple):
    """What so many turns come to: the outputs of the trained model and their mean square error."""

    turns: int
    outputs: Array
    error: float


def signal(points: int = POINTS) -> tuple[Array, Array]:
    """Return inputs, evenly over a period, and a rectangular wave between -0.7 and 0.7."""
    inputs = 2 * np.pi * (np.arange(points) + 0.5) / points
    return inputs, np.where(inputs < np.pi, 0.7, -0.7)


def least_error(values: Array, degree: int) -> float:
    """Return the mean square error of the Fourier series of that degree."""
    modes = np.fft.rfft(values)
    modes[: degree + 1] = 0
    return float(np.mean(np.fft.irfft(modes, len(values)) ** 2))


def model(turns: int) -> QuantumCircuit:
    """Return the circuit; its parameters are the weights w, three a rotation, and then the input x."""
    x, w = Parameter("x"), ParameterVector("w", 3 * (turns + 1))
    circuit = QuantumCircuit(1)
    for turn in range(turns + 1):
        circuit.u(*w[3 * turn : 3 * turn + 3], 0)
        if turn < turns:
            circuit.rz(x, 0)
    return circuit


def train(turns: int, inputs: Array, values: Array, starts: int = 2) -> Fit:
    """Minimise the mean square error over the weights, from a few random starts, and return the best fit."""
    simulator, circuit, rng = Simulator(), model(turns), np.random.default_rng(turns)
    weights = [parameter for parameter in circuit.parameters if parameter.name != "x"]

    def outputs(at: Array) -> tuple[Array, Array]:
        points = np.column_stack([np.tile(at, (len(inputs), 1)), inputs])
        return simulator.value_and_gradient(circuit, "Z", points, parameters=weights)

    def error(at: Array) -> tuple[float, Array]:
        found, gradients = outputs(at)
        return float(np.mean((found - values) ** 2)), 2 * (found - values) @ gradients / len(values)

    ended = [
        minimize(error, rng.uniform(-1, 1, len(weights)), jac=True, method="L-BFGS-B", options={"maxiter": 300})
        for _ in range(starts)
    ]
    best = min(ended, key=lambda each: each.fun)
    return Fit(turns, outputs(best.x)[0], float(best.fun))


def draw(inputs: Array, values: Array, fits: list[Fit], path: Path) -> None:
    """Draw the signal and the fits, and their errors beside the least possible ones."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained", width_ratios=[1.3, 1])
    left.plot(inputs, values, ".", markersize=3, color="gray", label="signal")
    for fit in fits:
        left.plot(inputs, fit.outputs, label=f"{fit.turns}")
    left.set(xlabel="input", ylabel="output")
    left.legend(title="turns", fontsize="small")
    turns = range(1 + max(fit.turns for fit in fits))
    right.step(
        turns, [least_error(values, degree) for degree in turns], where="mid", color="gray", label="least possible"
    )
    right.plot([fit.turns for fit in fits], [fit.error for fit in fits], "o", label="trained")
    right.set(xlabel="turns", ylabel="mean square error", ylim=(0, None))
    right.legend(fontsize="small")
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Train models of more and more turns, and compare their errors with the least possible ones."""
    parser = argparse.ArgumentParser(description="Fit a rectangular wave with one qubit.")
    parser.add_argument("--turns", type=int, nargs="+", default=[1, 3, 5, 7], help="how often a model sees its input")
    parser.add_argument("--picture", type=Path, help="draw the fits into this file")
    options = parser.parse_args()

    inputs, values = signal()
    fits = [train(turns, inputs, values) for turns in options.turns]
    for fit in fits:
        turns, least = f"{fit.turns} turn{'s' if fit.turns > 1 else ''}", least_error(values, fit.turns)
        print(f"{turns}: mean square error {fit.error:.6f}; least possible {least:.6f}")
    if options.picture is not None:
        draw(inputs, values, fits, options.picture)


if __name__ == "__main__":
    main()
