"""Pubs as users write them: their parts, and their parameter values as one array.

What Qiskit takes is taken here, and its sentences about forgotten brackets are said; all errors tell which pub it is.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.sampler_pub import SamplerPub

from ketjet.errors import InvalidCircuitError, InvalidPubError, PubTypeError
from ketjet.lowering.parameters import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from qiskit.circuit import Parameter

    from ketjet.lowering import LoweredCircuit

__all__ = ["Points", "as_pubs", "bound_at", "index_of", "parts_of", "points_of"]


BRACKETS = (
    "Note that if you want to run a single pub, you need to wrap it with `[]`: `run([circuit])` or "
    "`run([(circuit, ...)])` instead of `run(circuit)` or `run((circuit, ...))`."
)


class Points(NamedTuple):
    """The parameter values of a pub.

    Attributes
    ----------
    shape : tuple of int
        Of the pub: the values' without the axis over parameters.
    values : ndarray of float64, shape (points, parameters)
        Finite; the points in C order.
    """

    shape: tuple[int, ...]
    values: NDArray[np.float64]


def as_pubs(pubs: Any, primitive: str) -> list[Any]:
    """Return what was given to ``run`` of a primitive ("Sampler" or "Estimator") as a list of pubs.

    Raises
    ------
    PubTypeError
        It is nothing that could hold pubs.
    """
    if isinstance(pubs, (QuantumCircuit, SamplerPub, EstimatorPub)):
        raise PubTypeError(f"An invalid {primitive} pub-like was given ({type(pubs)}) as a list of pubs. {BRACKETS}")
    if isinstance(pubs, (str, bytes, Mapping)) or not isinstance(pubs, Iterable):
        raise PubTypeError(
            f"{primitive}V2.run() takes a list of pubs, got {pubs!r} ({type(pubs).__name__}); "
            "write run([circuit]) or run([(circuit, ...), ...])."
        )
    return list(pubs)


def parts_of(pub: Any, index: int, primitive: str, least: int, most: int) -> tuple[Any, ...]:
    """Return the parts of a pub that is a circuit or a sequence of so many parts, a circuit first.

    Raises
    ------
    PubTypeError, InvalidPubError
        It is something else.
    """
    if isinstance(pub, QuantumCircuit) and least == 1:
        return (pub,)
    if not isinstance(pub, (tuple, list)):
        raise PubTypeError(f"An invalid {primitive} pub-like was given ({type(pub)}) as pub {index}. {BRACKETS}")
    if not least <= len(pub) <= most:
        lengths = ", ".join(map(str, range(least, most))) + f" or {most}"
        raise InvalidPubError(
            f"The length of pub must be {lengths}, but length {len(pub)} is given. This is pub {index}."
        )
    if not isinstance(pub[0], QuantumCircuit):
        raise PubTypeError(
            f"An invalid {primitive} pub-like was given: circuit must be QuantumCircuit, but pub {index} begins with "
            f"{pub[0]!r} ({type(pub[0]).__name__}). {BRACKETS}"
        )
    return tuple(pub)


def points_of(circuit: QuantumCircuit, parameters: Sequence[Parameter], values: Any, index: int) -> Points:
    """Return the parameter values of a pub as one array.

    Parameters
    ----------
    circuit
        Of the pub.
    parameters
        What needs values, in the order that the array's columns are to have.
    values
        None, a `BindingsArray`, a mapping as Qiskit's, or an array whose last axis is over parameters.
    index
        Which pub it is, for messages.

    Raises
    ------
    InvalidPubError, PubTypeError
        Values are missing, are too many, or are not finite real numbers of one shape.
    """
    if values is None and not parameters:
        return Points((), np.zeros((1, 0)))
    where = f"pub {index}, circuit {circuit.name!r}"
    names = [parameter.name for parameter in parameters]
    bound = _coerced(values, names, where)
    given = [name for group in bound.data for name in group]
    if set(given) != set(names) or len(given) != len(names):
        raise InvalidPubError(_mismatch(given, names, where))
    array = np.ascontiguousarray(bound.as_array(names)).reshape(bound.size, len(names))
    if not np.isfinite(array).all():
        point, column = np.argwhere(~np.isfinite(array))[0]
        which = f"{names[column]!r}{_at(point, bound.shape)}"
        raise InvalidPubError(
            f"{where}: the value {array[point, column]} of parameter {which} is not finite; use finite numbers."
        )
    return Points(bound.shape, array)


def _coerced(values: Any, names: list[str], where: str) -> BindingsArray:
    try:
        if isinstance(values, Mapping):
            return BindingsArray({key: _reals(value) for key, value in values.items()})
        if values is None or isinstance(values, BindingsArray):
            return BindingsArray.coerce(values)
        array = _reals(values)
        if len(names) != 1 and array.shape[-1:] != (len(names),):
            found = array.shape[-1] if array.ndim else 1
            raise InvalidPubError(f"{where}: {_numbers(found, names)}")
        return BindingsArray({tuple(names): array})
    except InvalidPubError:
        raise
    except TypeError as error:
        raise PubTypeError(f"{where}: bad parameter values: {error}") from error
    except ValueError as error:
        raise InvalidPubError(f"{where}: bad parameter values: {error}") from error


def _reals(values: Any) -> NDArray[np.float64]:
    """Return numbers as floats; NumPy would drop the imaginary parts of an array with no more than a warning."""
    if np.iscomplexobj(values):
        raise TypeError("complex numbers are given; use real numbers")
    return np.asarray(values, np.float64)


def _mismatch(given: Sequence[str], names: Sequence[str], where: str) -> str:
    if not given:
        return f"{where}: {_numbers(0, names)} {BRACKETS}"
    parts = []
    if unknown := set(given) - set(names):
        close = difflib.get_close_matches(min(unknown), names, n=1)
        parts.append(f"unknown parameters: {names_of(unknown)}{f' (did you mean {close[0]!r}?)' if close else ''}")
    if missing := set(names) - set(given):
        parts.append(f"parameters without a value: {names_of(missing)}")
    if twice := {name for name in given if given.count(name) > 1}:
        parts.append(f"parameters with two values: {names_of(twice)}")
    return f"{where}: {'; '.join(parts)}. {_numbers(len(given), names)}"


def _numbers(found: int, names: Sequence[str]) -> str:
    listed = f": {names_of(names)}" if names else ""
    numbers = f"The number of values ({found}) does not match the number of parameters ({len(names)})"
    return f"{numbers} for the circuit{listed}."


def bound_at(lowered: LoweredCircuit, points: Points, index: int) -> Iterator[LoweredCircuit]:
    """Return the circuit of a pub with the values of each of its points.

    Raises
    ------
    InvalidCircuitError
        An angle is not finite with the values of a point.
    """
    try:
        yield from lowered.at_points(points.values)
    except InvalidCircuitError as error:
        raise InvalidCircuitError(f"pub {index}, {error}") from error


def index_of(point: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return where a point is in an array of that shape."""
    return tuple(map(int, np.unravel_index(point, shape)))


def _at(point: int, shape: tuple[int, ...]) -> str:
    return f" at point {index_of(point, shape)}" if shape else ""
