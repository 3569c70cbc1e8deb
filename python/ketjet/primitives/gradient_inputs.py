"""Circuits, values, parameters and observables in parallel lists, as qiskit-algorithms' gradients take them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from ketjet.errors import CircuitTypeError, InvalidOptionError, InvalidPubError, PubTypeError
from ketjet.lowering.observables import read_observables
from ketjet.lowering.parameters import names_of
from ketjet.points.values import read_points
from ketjet.primitives.pubs import errors_of_pub

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ketjet.lowering import LoweredCircuit

__all__ = ["Entry", "entries_of", "require_values"]

NOTHING = object()
"""In the place of observables where there are none."""


class Entry(NamedTuple):
    """One circuit at one point, and what is wanted of it there.

    Attributes
    ----------
    number : int
        Its place in the lists.
    circuit : QuantumCircuit
    values : ndarray of float
        Of the circuit's parameters.
    parameters : tuple of Parameter
        What to differentiate by.
    observable
    """

    number: int
    circuit: QuantumCircuit
    values: NDArray[np.float64]
    parameters: tuple[Parameter, ...]
    observable: Any

    @property
    def where(self) -> str:
        """What messages begin with."""
        return f"number {self.number}, circuit {self.circuit.name!r}"

    def require_observable(self) -> None:
        """Check that there is one observable on the circuit's qubits.

        Raises
        ------
        InvalidPubError, PubTypeError
            There is not.
        """
        with errors_of_pub(self.where):
            table = read_observables(self.observable)
        if table.shape:
            raise PubTypeError(f"{self.where}: give one observable, not an array of shape {table.shape}.")
        if table.num_qubits != self.circuit.num_qubits:
            raise InvalidPubError(
                f"{self.where}: The number of qubits of the circuit ({self.circuit.num_qubits}) does not match the "
                f"number of qubits of the observable ({table.num_qubits})."
            )


def entries_of(circuits: Any, values: Any, parameters: Any, observables: Any = NOTHING) -> list[Entry]:
    """Read the lists; a single circuit stands for a list of one, and so do what belongs to it.

    Raises
    ------
    CircuitTypeError, InvalidPubError, PubTypeError
        They are not equally long, or hold something else.
    InvalidOptionError
        A parameter is not one of its circuit's.
    """
    if isinstance(circuits, QuantumCircuit):
        circuits = [circuits]
        values = values if np.ndim(values) == 2 else [values]
        if observables is not NOTHING and not (isinstance(observables, (list, tuple)) and len(observables) == 1):
            observables = [observables]
        if parameters is not None and all(isinstance(each, (Parameter, str)) for each in parameters):
            parameters = [parameters]
    listed = list(circuits)
    count = len(listed)
    for circuit in listed:
        if not isinstance(circuit, QuantumCircuit):
            raise CircuitTypeError(
                f"gradients are taken of QuantumCircuits, got {circuit!r} ({type(circuit).__name__})."
            )
    chosen = [None] * count if parameters is None else _as_many(parameters, "lists of parameters", count)
    points = _as_many(values, "sets of parameter values", count)
    wanted = [None] * count if observables is NOTHING else _as_many(observables, "observables", count)
    own: dict[int, tuple[Parameter, ...]] = {}  # a circuit may be given many times
    entries = []
    for number, (circuit, point, names, observable) in enumerate(zip(listed, points, chosen, wanted, strict=True)):
        if id(circuit) not in own:
            own[id(circuit)] = tuple(circuit.parameters)
        where = f"number {number}, circuit {circuit.name!r}"
        found = _point(own[id(circuit)], point, where)
        entries.append(Entry(number, circuit, found, _chosen(own[id(circuit)], names, where), observable))
    return entries


def require_values(lowered: LoweredCircuit, entry: Entry) -> None:
    """Check that a circuit has no parameters but those that it tells of, for these alone have values.

    Raises
    ------
    InvalidPubError
        The definition of a gate has another one.
    """
    if len(lowered.parameters) != len(entry.values):
        read_points(lowered.parameters, entry.values, entry.where)


def _as_many(given: Iterable[Any], what: str, count: int) -> list[Any]:
    try:
        listed = list(given)
    except TypeError:
        raise PubTypeError(f"give {what} as a list, one for each circuit, not {given!r}.") from None
    if len(listed) != count:
        raise InvalidPubError(f"The number of circuits ({count}) does not match the number of {what} ({len(listed)}).")
    return listed


def _point(own: Sequence[Parameter], values: Any, where: str) -> NDArray[np.float64]:
    points = read_points(own, values, where)
    if len(points.values) != 1:
        raise InvalidPubError(f"{where}: give one set of parameter values, not an array of shape {points.shape}.")
    point: NDArray[np.float64] = points.values[0]
    return point


def _chosen(own: tuple[Parameter, ...], names: Any, where: str) -> tuple[Parameter, ...]:
    if names is None:
        return own
    by_name = {parameter.name: parameter for parameter in own}
    asked = [each if isinstance(each, str) else getattr(each, "name", repr(each)) for each in names]
    if unknown := [name for name in asked if name not in by_name]:
        raise InvalidOptionError(
            f"{where} has no parameters {names_of(unknown)}; its parameters are {names_of(by_name) or 'none'}."
        )
    if isinstance(names, AbstractSet):
        return tuple([parameter for parameter in own if parameter.name in set(asked)])
    return tuple([by_name[name] for name in asked])
