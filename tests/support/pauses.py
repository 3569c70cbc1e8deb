"""How long other threads wait while a call runs."""

from __future__ import annotations

import threading
import time


def longest_pause(call):
    """The longest pause of a thread that ticks every millisecond, as a part of the time that the call takes."""
    pauses, ended, ticking = [0.0], threading.Event(), threading.Event()

    def tick():
        last = time.perf_counter()
        while not ended.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            pauses.append(now - last)
            last = now
            ticking.set()

    thread = threading.Thread(target=tick)
    thread.start()
    ticking.wait()
    begin = time.perf_counter()
    kept = call()
    taken = time.perf_counter() - begin
    ended.set()
    thread.join()
    del kept
    return max(pauses) / taken
