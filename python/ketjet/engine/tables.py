"""The engine's tables of gates and instructions, by which programs are packed, and what it asks of their matrices."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ketjet import _core

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@functools.cache
def gate_codes() -> dict[str, tuple[int, int, int, int]]:
    """Map a gate name to (code, controls, targets, parameters), one entry per row of the engine's gate table."""
    return {name: (code, *sizes) for code, (name, *sizes) in enumerate(_core.gate_table())}


@functools.cache
def instruction_codes() -> dict[str, int]:
    """Map an instruction name ("unitary", "measure", ...) to its code in a packed program."""
    offset = len(_core.gate_table())
    return {name: offset + i for i, name in enumerate(_core.instruction_names())}


@functools.cache
def classical_codes() -> dict[str, int]:
    """Map the name of an operation of classical code to its number."""
    return dict(_core.classical_codes())


@functools.cache
def formula_codes() -> dict[str, int]:
    """Map the name of an operation of formulas to its number."""
    return dict(_core.formula_codes())


@functools.cache
def saved_codes() -> dict[str, int]:
    """Map what a save operation can save to its number."""
    return dict(_core.saved_codes())


@functools.cache
def save_mode_codes() -> dict[str, int]:
    """Map the rules which records of a save operation are kept to their numbers."""
    return dict(_core.save_mode_codes())


@functools.cache
def pauli_codes() -> dict[str, int]:
    """Map a Pauli matrix to its number in the payload of a Pauli rotation."""
    return dict(_core.pauli_codes())


def max_density_qubits() -> int:
    """Return of how many qubits a density matrix is saved at most."""
    return _core.max_density_qubits()


def unitarity_error(matrix: NDArray[np.complex128]) -> float:
    """Return max |U^dagger U - 1| of a square matrix (estimated above dimension 64)."""
    return _core.unitarity_error(matrix)
