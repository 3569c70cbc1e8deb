"""Values for parameters, as `Simulator.run` takes them: a column of values for each parameter, one for every point."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet.errors import InvalidOptionError
from ketjet.lowering.arrays import array_of

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
    """Return, for each circuit, the values to bind.

    Raises
    ------
    InvalidOptionError
        These are not as many mappings as circuits, or what they hold does not have the shapes of columns.
    """
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
    where = f"parameter_binds for circuit {circuit.name!r}"
    if not isinstance(mapping, Mapping):
        raise InvalidOptionError(f"{where} must map parameters to values, got {mapping!r}.")
    columns = {parameter: _column(parameter, values, where) for parameter, values in mapping.items()}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        shapes = ", ".join(f"{_name(key)}: {(len(column), *_shape_of(key))}" for key, column in columns.items())
        raise InvalidOptionError(f"{where}: all columns must have the same length, got shapes {shapes}.")
    if 0 in lengths:
        raise InvalidOptionError(f"{where} has empty lists of values.")
    return Bindings(columns, next(iter(lengths), 0))


def _column(parameter: Any, values: Any, where: str) -> Column:
    """Return a column with the values of a parameter, or of all elements of a vector, at each point."""
    wanted = _shape_of(parameter)
    if hasattr(values, "__array__") and not isinstance(values, np.generic):
        array = np.asarray(values)
        if array.shape == wanted:
            return [array]
        if array.ndim == 0 or array.shape[1:] != wanted:
            raise _misshapen(parameter, f"values of shape {array.shape}", where)
        return array
    if not wanted:
        return values if _is_list(values) else [values]
    if not _is_list(values):
        raise _misshapen(parameter, f"the value {values!r}", where)
    return _rows(parameter, values if len(values) == 0 or _is_list(values[0]) else [values], where)


def _rows(vector: Any, rows: Sequence[Any], where: str) -> Column:
    """Return the values of a vector's elements at each point, as an array if all are plain numbers."""
    wanted = _shape_of(vector)
    with contextlib.suppress(ValueError):  # rows of different lengths
        array = array_of(rows, None)
        if array.shape[1:] == wanted and array.dtype.kind in "iuf":
            return array
    for point, row in enumerate(rows):
        if not _is_list(row) or np.shape(row) != wanted:
            raise _misshapen(vector, f"{np.size(row)} values at point {point}", where)
    return rows


def _is_list(values: Any) -> bool:
    return isinstance(values, (Sequence, np.ndarray)) and not isinstance(values, (str, bytes))


def _shape_of(parameter: Any) -> tuple[int, ...]:
    """Return the shape of one value: a parameter vector takes one number for each of its elements."""
    return (len(parameter),) if not isinstance(parameter, str) and hasattr(parameter, "__len__") else ()


def _name(parameter: Any) -> str:
    return str(getattr(parameter, "name", parameter))


def _misshapen(parameter: Any, got: str, where: str) -> InvalidOptionError:
    who, takes = f"parameter {_name(parameter)!r}", "(points,)"
    for length in _shape_of(parameter):
        who, takes = f"parameter vector {_name(parameter)!r} of {length} elements", f"(points, {length})"
    return InvalidOptionError(f"{where}: {who} takes a column of shape {takes}, got {got}.")
