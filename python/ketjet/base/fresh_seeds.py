"""Seeds that nobody can foresee, drawn from the system many at a time.

Asking the system lets go of the GIL for a moment. A program that does so again and again keeps threads that wait for it
waiting: they begin anew each time.
"""

from __future__ import annotations

import contextlib
import os
import secrets

__all__ = ["fresh_seed"]

SEED_BITS = 53
AT_ONCE = 64

_seeds: list[int] = []


def fresh_seed() -> int:
    """Return a seed of 53 random bits, which no other call returns, in a forked child neither."""
    try:
        return _seeds.pop()
    except IndexError:
        bits = secrets.randbits(SEED_BITS * AT_ONCE)
    first, *others = [bits >> SEED_BITS * place & (1 << SEED_BITS) - 1 for place in range(AT_ONCE)]
    _seeds.extend(others)
    return first


with contextlib.suppress(AttributeError):  # Windows has no fork
    os.register_at_fork(after_in_child=_seeds.clear)
