"""What an operation of a program is made of: the engine's code for it, with its shape, and where it acts."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import engine

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Placement(NamedTuple):
    """The qubits and classical bits of one operation, as numbers of the outer circuit.

    A placement travels with an operation while its modifiers are peeled off one by one: every control met on the way
    moves from the targets to the controls, every inversion flips `inverse`.
    """

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


class Row(NamedTuple):
    """What the engine's gate table says about one gate."""

    code: int
    controls: int
    targets: int
    parameters: int


@functools.cache
def gate_rows() -> dict[str, Row]:
    """Return the rows of the engine's gate table by Qiskit's gate name."""
    return {name: Row(*row) for name, row in engine.gate_codes().items()}


@functools.cache
def plain_codes() -> dict[str, int]:
    """Return the codes of the gates that are emitted as they are, with the qubits and angles they have."""
    return {name: row.code for name, row in gate_rows().items() if name != "id"}


@functools.cache
def shapes() -> NDArray[np.int64]:
    """Wires, slots, controls and their state by code, for operations without a Special."""
    codes = engine.instruction_codes()
    result = np.zeros((4, len(gate_rows()) + len(codes)), np.int64)
    for row in gate_rows().values():
        result[:, row.code] = row.controls + row.targets, row.parameters, row.controls, (1 << row.controls) - 1
    for name in ("measure", "reset"):
        result[0, codes[name]] = 1
    result[1, codes["global_phase"]] = 1
    return result


@functools.cache
def shape_rows() -> list[tuple[int, ...]]:
    """Return the same for one code after the other."""
    return [tuple(row) for row in shapes().T.tolist()]
