"""Values for parameters, as `Simulator.run` takes them: a column of values for each parameter, one for every point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet.errors import InvalidOptionError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from ketjet.lowering.binding import Column

__all__ = ["NO_BINDINGS", "Bindings", "as_bindings"]


class Bindings(NamedTuple):
    """Values to bind to the parameters of a circuit.

    Attributes
    ----------
    columns : dict
        For each parameter, its name, or a parameter vector, one value per point.
    points : int
        How many times the circuit is to run, each time with other values; 0 where nothing is to be bound.
    """

    columns: dict[Any, Column]
    points: int


NO_BINDINGS = Bindings({}, 0)


def as_bindings(parameter_binds: Any, circuits: list[QuantumCircuit]) -> list[Bindings]:
    """Return, for each circuit, the values to bind."""
    if parameter_binds is None:
        return [NO_BINDINGS] * len(circuits)
    given = [parameter_binds] if isinstance(parameter_binds, Mapping) else parameter_binds
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidOptionError(f"parameter_binds must be a list with one mapping per circuit, got {given!r}.")
    given = list(given)
    if not given:
        return [NO_BINDINGS] * len(circuits)
    if len(given) != len(circuits):
        raise InvalidOptionError(
            f"parameter_binds has {len(given)} mappings for {len(circuits)} circuits; give one for each."
        )
    return [_bindings_of(mapping, circuit) for mapping, circuit in zip(given, circuits, strict=True)]


def _bindings_of(mapping: Any, circuit: QuantumCircuit) -> Bindings:
    if not isinstance(mapping, Mapping):
        raise InvalidOptionError(
            f"parameter_binds for circuit {circuit.name!r} must map parameters to values, got {mapping!r}."
        )
    columns: dict[Any, Column] = {}
    for parameter, values in mapping.items():
        vector = not isinstance(parameter, str) and hasattr(parameter, "__len__")  # its value is itself a list
        if isinstance(values, np.ndarray) and values.ndim > vector:
            columns[parameter] = values
        else:
            columns[parameter] = list(values) if np.ndim(values) > vector else [values]
    lengths = {getattr(parameter, "name", parameter): len(column) for parameter, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidOptionError(
            f"parameter_binds for circuit {circuit.name!r}: all lists must have the same length, got "
            + ", ".join(f"{name}: {length}" for name, length in lengths.items())
            + "."
        )
    if 0 in lengths.values():
        raise InvalidOptionError(f"parameter_binds for circuit {circuit.name!r} has empty lists of values.")
    return Bindings(columns, next(iter(lengths.values()), 0))
