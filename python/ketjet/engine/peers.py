"""What the engine asks of the ranks among which a state is shared out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Peers"]


class Peers(Protocol):
    """The ranks of a run, as one of them sees the others. All make the same calls in the same order.

    Buffers are contiguous bytes, which stay where they are until the call, or the exchange, has ended.
    """

    @property
    def rank(self) -> int:
        """The number of this rank."""

    @property
    def size(self) -> int:
        """How many there are: a power of two."""

    def gather(self, mine: memoryview, into: memoryview, /) -> None:
        """Collect what every rank gives, equally many bytes each, in the order of ranks."""

    def deal(self, given: Sequence[memoryview], /) -> Sequence[bytes | bytearray | memoryview]:
        """Give each rank its own bytes, of any number, and return what each has given to this one."""

    def start(self, peer: int, out: memoryview, into: memoryview, /) -> int:
        """Begin to send bytes to a rank that sends as many in return, and return a ticket."""

    def finish(self, ticket: int, /) -> None:
        """Wait for the end of the exchange that the ticket is of."""
