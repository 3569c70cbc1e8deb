"""How the data of save instructions are shown, in Aer's own forms: what is averaged, and how the average looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.quantum_info import DensityMatrix, Operator, Statevector
from qiskit.result import ProbDistribution

from ketjet.base.bitstrings import dictionary, fill, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "SaveFrame",
    "amplitude_dictionary",
    "as_complex",
    "as_it_is",
    "as_real",
    "density_matrix",
    "distribution",
    "number",
    "operator",
    "probabilities",
    "squares",
    "statevector",
    "variance",
    "without_small",
]


class SaveFrame(NamedTuple):
    """Where the values of a datum belong, whose other qubits are known."""

    num_qubits: int
    """As many as the instruction has."""
    places: Sequence[int]
    """Of the qubits of the datum among them."""
    ones: Sequence[int]
    """Of the other qubits those that are 1."""

    def indices(self, present: NDArray[Any]) -> NDArray[Any]:
        """Return the values of all qubits, from those of the qubits of the datum."""
        if len(self.places) == self.num_qubits:
            return present
        wide: Any = np.int64 if self.num_qubits < 64 else object
        present = present.astype(wide)
        found = np.full(present.shape, sum(1 << place for place in self.ones), wide)
        for i, place in enumerate(self.places):
            found |= (present >> i & 1) << place
        return found

    def spread(self, values: NDArray[Any], *, axes: int = 1) -> NDArray[Any]:
        """Return the values for all qubits, along so many axes; they are zero where the known qubits differ."""
        if len(self.places) == self.num_qubits:
            return values
        inside = self.indices(np.arange(1 << len(self.places)))
        result = np.zeros((1 << self.num_qubits,) * axes, values.dtype)
        result[np.ix_(*[inside] * axes)] = values.reshape((len(inside),) * axes)
        return result


def as_complex(data: NDArray[Any], _: float) -> NDArray[Any]:
    """Return complex128."""
    return data.astype(np.complex128, copy=False)


def as_real(data: NDArray[Any], _: float) -> NDArray[Any]:
    """Return float64."""
    return data.astype(np.float64, copy=False)


def without_small(data: NDArray[Any], threshold: float) -> NDArray[Any]:
    """Return zeros in place of values up to the threshold."""
    wide = np.complex128 if np.iscomplexobj(data) else np.float64
    return np.where(np.abs(data) > threshold, data, 0).astype(wide, copy=False)


def squares(data: NDArray[Any], _: float) -> NDArray[Any]:
    """Return the probabilities of amplitudes."""
    wide = data.astype(np.complex128, copy=False)
    return wide.real**2 + wide.imag**2


def variance(data: NDArray[Any], _: float) -> NDArray[Any]:
    """Return the mean, and the mean of squares less its square."""
    return np.array([data[0], data[1] - data[0] ** 2])


def statevector(values: NDArray[Any], frame: SaveFrame) -> Any:
    """Show a Statevector of all qubits."""
    return Statevector(frame.spread(values))


def amplitude_dictionary(values: NDArray[Any], frame: SaveFrame) -> dict[str, complex]:
    """Show the amplitudes that are not zero, by basis state in hexadecimal digits."""
    (present,) = np.nonzero(values)
    return dictionary([hex(key) for key in plain(frame.indices(present))], plain(values[present]))


def probabilities(values: NDArray[Any], frame: SaveFrame) -> NDArray[Any]:
    """Show the probabilities of all values."""
    return frame.spread(values)


def distribution(values: NDArray[Any], frame: SaveFrame) -> Any:
    """Show a ProbDistribution of what is not zero."""
    (present,) = np.nonzero(values)
    keys = frame.indices(present)
    if not len(keys):
        return ProbDistribution({})
    made = ProbDistribution({int(keys.max()): 0.0})  # it takes its width from this key, and would copy all of them
    made.clear()
    fill(made, plain(keys), plain(values[present]))
    return made


def density_matrix(values: NDArray[Any], frame: SaveFrame) -> Any:
    """Show a DensityMatrix of all qubits."""
    dimension = 1 << (values.size.bit_length() - 1) // 2
    return DensityMatrix(frame.spread(values.reshape(dimension, dimension), axes=2))


def operator(values: NDArray[Any], frame: SaveFrame) -> Any:
    """Show the matrix of a circuit whose doubled one has this state."""
    columns = frame.spread(values)
    side = 1 << (columns.size.bit_length() - 1) // 2
    return Operator(np.ascontiguousarray(columns.reshape(side, side).T) * np.sqrt(side))


def as_it_is(values: NDArray[Any], _: SaveFrame) -> NDArray[Any]:
    """Show the values as they are."""
    return values


def number(values: NDArray[Any], _: SaveFrame) -> float:
    """Show the only value."""
    return float(values[0])
