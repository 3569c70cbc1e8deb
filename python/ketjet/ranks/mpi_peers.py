"""The engine's peers over MPI: buffers go as they are, nothing is pickled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MpiPeers"]

TAG = 7
PIECE_BYTES = 1 << 30
"""A longer message is sent in pieces, for MPI counts bytes in 32 bits."""


class MpiPeers:
    """The ranks of a communicator, as `ketjet.engine.Peers`.

    Parameters
    ----------
    comm
        A communicator of mpi4py, with a power of two of ranks, for nothing else.
    """

    def __init__(self, comm: Any) -> None:
        from mpi4py import MPI

        self._mpi, self._comm = MPI, comm
        self._requests: dict[int, list[Any]] = {}
        self._tickets = 0
        self.rank: int = comm.Get_rank()
        self.size: int = comm.Get_size()

    def gather(self, mine: memoryview, into: memoryview) -> None:
        """Collect what every rank gives, equally many bytes each, in the order of ranks."""
        self._comm.Allgather([mine, self._mpi.BYTE], [into, self._mpi.BYTE])

    def deal(self, given: Sequence[memoryview]) -> list[memoryview]:
        """Give each rank its own bytes, and return what each has given to this one."""
        sizes = np.array([len(part) for part in given], np.int64)
        coming = np.empty_like(sizes)
        self._comm.Alltoall(sizes, coming)
        taken = [memoryview(bytearray(int(size))) for size in coming]
        requests = []
        for rank, part in enumerate(taken):
            requests += [self._comm.Irecv([piece, self._mpi.BYTE], rank, TAG) for piece in _pieces(part)]
        for rank, part in enumerate(given):
            requests += [self._comm.Isend([piece, self._mpi.BYTE], rank, TAG) for piece in _pieces(part)]
        self._mpi.Request.Waitall(requests)
        return taken

    def start(self, peer: int, out: memoryview, into: memoryview) -> int:
        """Begin to send bytes to a rank that sends as many in return, and return a ticket."""
        byte, self._tickets = self._mpi.BYTE, self._tickets + 1
        receives, sends = self._comm.Irecv([into, byte], peer, TAG), self._comm.Isend([out, byte], peer, TAG)
        self._requests[self._tickets] = [receives, sends]
        return self._tickets

    def finish(self, ticket: int) -> None:
        """Wait for the end of the exchange that the ticket is of."""
        self._mpi.Request.Waitall(self._requests.pop(ticket))


def _pieces(part: memoryview) -> list[memoryview]:
    return [part[begin : begin + PIECE_BYTES] for begin in range(0, len(part), PIECE_BYTES)]
