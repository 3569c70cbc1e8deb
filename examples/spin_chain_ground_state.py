"""Find the ground state of a spin chain by a variational loop: energies and gradients to an optimiser of SciPy.

The chain is Ising's, a ring in a transverse field at its critical point. The circuit starts in the ground state of the
field alone and has layers of couplings (one angle for all) and rotations (one for all), whose angles are optimised.
With half as many layers as spins, and with no fewer, the ground state of the chain is reached exactly (W. W. Ho and
T. H. Hsieh, SciPost Phys. 6, 029, 2019); its energy is known in closed form, because the ring is one of free fermions.
`Objective.value_and_gradient` gives the energy and its derivatives by all angles at once.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp
from scipy.optimize import minimize

from ketjet import Objective


class Found(NamedTuple):
    """What so many layers come to: the energy at the start and after each step of the optimiser."""

    layers: int
    energies: list[float]


def hamiltonian(spins: int) -> SparsePauliOp:
    """Return - sum of ZZ of neighbours on the ring - sum of X."""
    terms = [("ZZ", [i, (i + 1) % spins], -1.0) for i in range(spins)]
    terms += [("X", [i], -1.0) for i in range(spins)]
    return SparsePauliOp.from_sparse_list(terms, spins)


def exact_energy(spins: int) -> float:
    """Return the energy of the ground state: minus the sum over all modes of free fermions."""
    return -2 / math.sin(math.pi / (2 * spins))


def ansatz(spins: int, layers: int) -> QuantumCircuit:
    """Return the circuit; its parameters are the angles of the couplings, then those of the rotations."""
    couplings, rotations = ParameterVector("a", layers), ParameterVector("b", layers)
    circuit = QuantumCircuit(spins)
    circuit.h(range(spins))
    for coupling, rotation in zip(couplings, rotations, strict=True):
        for i in range(spins):
            circuit.rzz(coupling, i, (i + 1) % spins)
        circuit.rx(rotation, range(spins))
    return circuit


def optimise(spins: int, layers: int) -> Found:
    """Minimise the energy; the angles start as those of a slow change from the field alone to the couplings."""
    energy = Objective(ansatz(spins, layers), hamiltonian(spins))
    ramp = (np.arange(layers) + 0.5) / layers
    start = np.concatenate([-ramp, -(1 - ramp)])
    energies = [float(energy(start))]
    minimize(
        energy.value_and_gradient,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=lambda angles: energies.append(float(energy(angles))),
        options={"maxiter": 400, "ftol": 1e-15, "gtol": 1e-9},
    )
    return Found(layers, energies)


def draw(spins: int, runs: list[Found], path: Path) -> None:
    """Draw how far the energy is above that of the ground state, by step and by number of layers."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained", sharey=True)
    exact, floor = exact_energy(spins), 1e-12
    for run in runs:
        left.semilogy(np.maximum(np.array(run.energies) - exact, floor), label=str(run.layers))
    left.set(xlabel="step of the optimiser", ylabel="energy above the ground state")
    left.legend(title="layers", fontsize="small")
    right.semilogy([run.layers for run in runs], [max(run.energies[-1] - exact, floor) for run in runs], "o-")
    right.axvline(spins / 2, linestyle=":", color="C1")
    right.set(xlabel="layers")
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Optimise for every number of layers up to the one that is known to be enough."""
    parser = argparse.ArgumentParser(description="Find the ground state of a ring of spins.")
    parser.add_argument("--spins", type=int, default=12, help="how many, an even number")
    parser.add_argument("--picture", type=Path, help="draw the energies into this file")
    options = parser.parse_args()
    if options.spins < 2 or options.spins % 2:
        parser.error("the number of spins must be even")

    exact = exact_energy(options.spins)
    print(f"{options.spins} spins, energy of the ground state: {exact:.8f}")
    runs = [optimise(options.spins, layers) for layers in range(1, options.spins // 2 + 1)]
    for run in runs:
        steps, gap = len(run.energies) - 1, run.energies[-1] - exact
        layers = f"{run.layers} layer{'s' if run.layers > 1 else ''}"
        print(f"{layers}: {run.energies[-1]:.8f}, off by {abs(gap):.1e}, {steps} steps")
    if options.picture is not None:
        draw(options.spins, runs, options.picture)


if __name__ == "__main__":
    main()
