"""How many calls a function makes: a measure of work that no other process disturbs."""

from __future__ import annotations

import gc
import sys


def calls_in(function):
    """Count the functions, but for those of the garbage collector, that are called meanwhile in this thread."""
    count = 0

    def profile(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    before, collects = sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
    return count
