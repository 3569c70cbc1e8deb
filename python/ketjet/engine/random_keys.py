"""The keys of the engine's random generator, and the version of all that is drawn with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet import _core

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ketjet._core import Program

RNG_VERSION = 5
"""Changes whenever the same circuit and seed would give other samples."""


def random_key(program: Program, seed: int, occurrence: int = 0) -> tuple[int, int]:
    """Return the key of the random generator for a program under a seed: 64 bits as of NumPy's SeedSequence.

    They are those of ``SeedSequence(seed, spawn_key=(program.fingerprint,))`` where the program occurs first in its
    job, and of ``spawn_key=(program.fingerprint, occurrence)`` where it occurs again.
    """
    return key_of_fingerprint(program.fingerprint, seed, occurrence)


def key_of_fingerprint(fingerprint: int, seed: int, occurrence: int) -> tuple[int, int]:
    """Return that key where no more is left of the program than its fingerprint."""
    return _core.random_key(_words(seed), fingerprint, occurrence)


def random_keys(fingerprints: NDArray[np.uint64], seed: int, occurrences: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Return the keys of many programs, shape (programs, 2)."""
    return _core.random_keys(_words(seed), fingerprints, occurrences)


def _words(number: int) -> list[int]:
    """Split a number into words of 32 bits, the lowest first."""
    words = [number & 0xFFFFFFFF]
    while number := number >> 32:
        words.append(number & 0xFFFFFFFF)
    return words
