"""Lists of shots, made from tables of outcomes long after their run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet import _core
from ketjet.engine.random_keys import key_of_fingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def list_rows(
    rows: NDArray[np.uint8],
    counts: NDArray[np.int64],
    shots: NDArray[np.uint8],
    *,
    fingerprint: int,
    seed: int,
    occurrence: int,
) -> None:
    """Write a row of bytes for every shot, in the order of the list that the run would have given.

    Parameters
    ----------
    rows : ndarray of uint8, shape (outcomes, bytes)
    counts : ndarray of int64, shape (outcomes,)
    shots : ndarray of uint8, shape (shots, bytes)
        What is written to.
    fingerprint, seed, occurrence : int
        Of the run's program, and of its task.
    """
    _core.list_rows(rows, counts, key_of_fingerprint(fingerprint, seed, occurrence), shots)
