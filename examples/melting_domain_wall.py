"""Watch a domain wall melt: a Heisenberg (XXZ) chain, step by step on one state.

All spins on the left half point up, all on the right half down. The neighbours' exchange XX + YY lets the wall melt, at
most as fast as a spin wave travels; a strong anisotropy ZZ freezes it. A Trotter step is one small circuit, and
`StateVector.evolve` applies it again and again to the same memory, with a look at the magnetisation after each step.
Without the anisotropy the spins are free fermions, so that matrices of n rows check the 2^n amplitudes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qiskit import QuantumCircuit

from ketjet import StateVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPINS, STEPS, STEP = 18, 60, 0.15


def domain_wall(spins: int) -> QuantumCircuit:
    """Return the circuit that turns the right half of |0...0⟩."""
    circuit = QuantumCircuit(spins)
    circuit.x(range(spins // 2, spins))
    return circuit


def trotter_step(spins: int, anisotropy: float, step: float) -> QuantumCircuit:
    """Return exp(-i H step), with H the sum of (XX + YY + anisotropy ZZ) / 2 over neighbours: even bonds, then odd."""
    circuit = QuantumCircuit(spins)
    for first in (0, 1):
        for left in range(first, spins - 1, 2):
            circuit.rxx(step, left, left + 1)
            circuit.ryy(step, left, left + 1)
            if anisotropy:
                circuit.rzz(anisotropy * step, left, left + 1)
    return circuit


def magnetisation(spins: int, anisotropy: float, steps: int, step: float) -> NDArray[np.float64]:
    """Return ⟨Z⟩ of every spin (columns) at the start and after every step (rows)."""
    state = StateVector(spins).evolve(domain_wall(spins))
    circuit = trotter_step(spins, anisotropy, step)
    rows = [[1 - 2 * state.probabilities([spin])[1] for spin in range(spins)]]
    for _ in range(steps):
        state.evolve(circuit)
        rows.append([1 - 2 * state.probabilities([spin])[1] for spin in range(spins)])
    return np.array(rows)


def free_fermions(spins: int, steps: int, step: float) -> NDArray[np.float64]:
    """Return the same for an anisotropy of 0 from matrices of `spins` rows: a bond turns two fermion modes."""
    one_step = np.eye(spins, dtype=complex)
    for first in (0, 1):
        for left in range(first, spins - 1, 2):
            bond = np.eye(spins, dtype=complex)
            cosine, sine = np.cos(step), -1j * np.sin(step)
            bond[left : left + 2, left : left + 2] = [[cosine, sine], [sine, cosine]]
            one_step = bond @ one_step
    modes = np.eye(spins, dtype=complex)[:, spins // 2 :]  # the occupied ones: the spins that point down
    rows = [1 - 2 * (np.abs(modes) ** 2).sum(axis=1)]
    for _ in range(steps):
        modes = one_step @ modes
        rows.append(1 - 2 * (np.abs(modes) ** 2).sum(axis=1))
    return np.array(rows)


def draw(found: dict[float, NDArray[np.float64]], step: float, path: Path) -> None:
    """Draw the magnetisation over place and time, one map for every anisotropy."""
    from matplotlib import pyplot as plt

    figure, row = plt.subplots(1, len(found), figsize=(7, 3.4), layout="constrained", sharey=True, squeeze=False)
    for axes, (anisotropy, rows) in zip(row[0], found.items(), strict=True):
        steps, spins = rows.shape
        extent = (-0.5, spins - 0.5, 0, steps * step)
        image = axes.imshow(rows, origin="lower", aspect="auto", extent=extent, cmap="RdBu", vmin=-1, vmax=1)
        axes.set(xlabel="spin", title=f"anisotropy {anisotropy:g}")
    row[0][0].set_ylabel("time")
    figure.colorbar(image, ax=row[0], label="⟨Z⟩")
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Simulate both chains, check the free one and draw."""
    parser = argparse.ArgumentParser(description="Watch a domain wall melt in a Heisenberg chain.")
    parser.add_argument("--picture", type=Path, help="draw the magnetisation into this file")
    picture = parser.parse_args().picture

    found = {anisotropy: magnetisation(SPINS, anisotropy, STEPS, STEP) for anisotropy in (0.0, 2.0)}
    deviation = np.abs(found[0.0] - free_fermions(SPINS, STEPS, STEP)).max()
    print(f"{SPINS} spins, {STEPS} Trotter steps")
    print(f"difference from free fermions: {'less' if deviation < 1e-10 else 'MORE'} than 1e-10")
    for anisotropy, rows in found.items():
        crossed = (rows[-1, SPINS // 2 :] - rows[0, SPINS // 2 :]).sum() / 2
        print(f"anisotropy {anisotropy:g}: {crossed:.4f} spins have crossed the wall")
    if picture is not None:
        draw(found, STEP, picture)


if __name__ == "__main__":
    main()
