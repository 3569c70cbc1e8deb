"""The parts of a program that observables depend on: light cones, which run as programs of fewer qubits, or all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ketjet import _core

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ketjet._core import Program

__all__ = ["LightCone", "light_cones", "needed_to_read"]


class LightCone(NamedTuple):
    """A part of a program that gives some strings the expectation values that they have at the program's end.

    Attributes
    ----------
    program : Program
        The part, from all qubits in zero.
    qubits : ndarray of int32
        Its qubit i is qubits[i] of the whole program; ascending.
    slots : ndarray of int64
        Its slot i is slots[i] of the whole program.
    strings : ndarray of int64
        The numbers of the strings, which act on its qubits alone; ascending.
    """

    program: Program
    qubits: NDArray[np.int32]
    slots: NDArray[np.int64]
    strings: NDArray[np.int64]


def light_cones(
    program: Program, x_masks: NDArray[np.uint64], z_masks: NDArray[np.uint64], max_share: float = math.inf
) -> list[LightCone] | None:
    """Return the light cones of some products of Paulis, every one of which is in one cone.

    Strings share a cone if that has at most one qubit more than the largest of their own. Nothing depends on angles.

    Parameters
    ----------
    program
        Starts with all qubits in zero.
    x_masks, z_masks
        The qubits with X or Y, and those with Z or Y or a projector onto |0> or |1>; shape (strings, words), the lowest
        64 qubits in the first word.
    max_share
        Of the program's work, operations times amplitudes: if all cones together take no less, there are none.

    Returns
    -------
    list of LightCone or None
        None also if the program measures, resets, branches or saves, or initialises qubits that something has acted on.
    """
    cones = _core.light_cones(program, x_masks, z_masks, max_share)
    return None if cones is None else [LightCone(*cone) for cone in cones]


def needed_to_read(program: Program, x_mask: int, z_mask: int) -> NDArray[np.bool_]:
    """Tell of each operation whether averages of products of Paulis over a program's final states depend on it.

    Parameters
    ----------
    program
        Starts with all qubits in zero, of which it has at most `MAX_QUBITS`; it may measure, reset and branch.
    x_mask, z_mask
        The qubits that any of the products has X or Y on, and those with Z or Y or a projector onto |0> or |1>.
    """
    return _core.needed_to_read(program, x_mask, z_mask)
