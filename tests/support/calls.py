"""How many calls a function makes: a measure of work that no other process disturbs."""

from __future__ import annotations

import sys


def calls_in(function):
    """Count the Python and C functions that are called meanwhile in this thread."""
    count = 0

    def profile(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count
