"""Ranks that are threads of this process, for the engine's side of what ranks do."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor


class ThreadRanks:
    """As many ranks as wanted; `run` calls something with the peers of each, on a thread of its own."""

    def __init__(self, size):
        self.size = size
        self.barrier = threading.Barrier(size, timeout=60)
        self.given = [None] * size
        self.mail = {(a, b): queue.Queue() for a in range(size) for b in range(size)}

    def run(self, call):
        """Return what the call gives, or raises, on each rank."""

        def attempt(rank):
            try:
                return call(ThreadPeers(self, rank))
            except Exception as error:
                return error

        with ThreadPoolExecutor(self.size) as pool:
            return list(pool.map(attempt, range(self.size)))


class ThreadPeers:
    """What one of them sees of the others."""

    def __init__(self, ranks, rank):
        self.ranks, self.rank, self.size = ranks, rank, ranks.size
        self.sent, self.awaited = 0, []

    def gather(self, mine, into):
        self.deal([mine] * self.size, into)

    def deal(self, given, into=None):
        self.ranks.given[self.rank] = [bytes(part) for part in given]
        self.ranks.barrier.wait()
        taken = [parts[self.rank] for parts in self.ranks.given]
        self.ranks.barrier.wait()
        if into is not None:
            into[:] = b"".join(taken)
        return taken

    def start(self, peer, out, into):
        self.sent += len(out)
        self.ranks.mail[self.rank, peer].put(bytes(out))
        self.awaited.append((peer, into))
        return len(self.awaited) - 1

    def finish(self, ticket):
        peer, into = self.awaited[ticket]
        into[:] = self.ranks.mail[peer, self.rank].get(timeout=60)
