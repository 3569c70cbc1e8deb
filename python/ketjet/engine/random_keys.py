"""The keys of the engine's random generator, and the version of all that is drawn with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ketjet._core import Program

RNG_VERSION = 5
"""Changes whenever the same circuit and seed would give other samples."""


def random_key(program: Program, seed: int, occurrence: int = 0) -> tuple[int, int]:
    """Return the key of the random generator for a program under a seed: 64 bits from NumPy's SeedSequence.

    They are those of ``SeedSequence(seed, spawn_key=(program.fingerprint,))`` where the program occurs first in its
    job, and of ``spawn_key=(program.fingerprint, occurrence)`` where it occurs again, put together in half the time.
    """
    return key_of_fingerprint(program.fingerprint, seed, occurrence)


def key_of_fingerprint(fingerprint: int, seed: int, occurrence: int) -> tuple[int, int]:
    """Return that key where no more is left of the program than its fingerprint."""
    entropy = _words(seed)
    entropy += [0] * (4 - len(entropy)) + _words(fingerprint)
    if occurrence:
        entropy += _words(occurrence)
    first, second = np.random.SeedSequence(np.array(entropy, np.uint32)).generate_state(2).tolist()
    return first, second


def _words(number: int) -> list[int]:
    """Split a number into words of 32 bits, the lowest first."""
    words = [number & 0xFFFFFFFF]
    while number := number >> 32:
        words.append(number & 0xFFFFFFFF)
    return words
