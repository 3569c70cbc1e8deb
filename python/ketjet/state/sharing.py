"""What `StateVector` makes where it is given ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ketjet.ranks import Ranks

__all__ = ["SharedWhereRanksAre"]


class SharedWhereRanksAre:
    """A class whose objects are of another one where ranks share the state out."""

    if not TYPE_CHECKING:

        def __new__(cls, *arguments: Any, ranks: Ranks | None = None, **options: Any) -> Any:
            """Return a `SharedStateVector` for ranks, else an object of this class."""
            if ranks is None:
                return super().__new__(cls)
            from ketjet.state.shared_state import SharedStateVector

            return SharedStateVector(*arguments, ranks=ranks, **options)
