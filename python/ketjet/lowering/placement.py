"""Where an operation acts: its qubits, split into controls and targets, and what surrounds it.

A placement travels with an operation while its modifiers are peeled off one by one: every control met on the way
moves from the targets to the controls, every inversion flips `inverse`.
"""

from __future__ import annotations

from typing import NamedTuple


class Placement(NamedTuple):
    """The qubits and classical bits of one operation, as numbers of the outer circuit."""

    targets: tuple[int, ...]
    """Qubits of the operation itself, lowest index bit first."""
    clbits: tuple[int, ...] = ()
    controls: tuple[int, ...] = ()
    """Qubits that switch the operation on."""
    state: int = 0
    """The switching state: bit i is the required value of controls[i]."""
    inverse: bool = False
    """True when the inverse of the operation is meant."""

    def controlled(self, count: int, state: int) -> Placement:
        """Move the first `count` targets to the controls, with the given control state."""
        return self._replace(
            targets=self.targets[count:],
            controls=self.controls + self.targets[:count],
            state=self.state | state << len(self.controls),
        )

    def inverted(self) -> Placement:
        """Mean the inverse of what was meant so far."""
        return self._replace(inverse=not self.inverse)

    def on(self, *positions: int) -> Placement:
        """Keep only the targets at these positions."""
        return self._replace(targets=tuple(self.targets[position] for position in positions))
