"""The values of a circuit's parameters at many points, as Qiskit lets users write them, as one array."""

from __future__ import annotations

import contextlib
import difflib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.primitives.containers.bindings_array import BindingsArray

from ketjet.errors import InvalidOptionError, InvalidPubError, OptionTypeError, PubTypeError
from ketjet.lowering.parameters import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from qiskit.circuit import Parameter

__all__ = ["Points", "checked_values", "index_of", "read_points", "real_array"]


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


def read_points(parameters: Sequence[Parameter], values: Any, where: str, hint: str = "") -> Points:
    """Return parameter values as one array.

    Parameters
    ----------
    parameters
        What needs values, in the order that the array's columns are to have.
    values
        None, a `BindingsArray`, a mapping as Qiskit's, or an array whose last axis is over parameters.
    where
        What messages begin with.
    hint
        What they end with where no values are given.

    Raises
    ------
    InvalidPubError, PubTypeError
        Values are missing, are too many, or are not finite real numbers of one shape.
    """
    if values is None and not parameters:
        return Points((), np.zeros((1, 0)))
    if type(values) in (list, np.ndarray):
        array = _plain(values)
        if array is not None and array.ndim and array.shape[-1] == len(parameters) > 1:
            shape = array.shape[:-1]
            return Points(shape, array.reshape(math.prod(shape), len(parameters)))
    names = [parameter.name for parameter in parameters]
    bound = _coerced(values, names, where)
    given = [name for group in bound.data for name in group]
    if set(given) != set(names) or len(given) != len(names):
        raise InvalidPubError(_mismatch(given, names, where, hint))
    array = np.ascontiguousarray(bound.as_array(names)).reshape(bound.size, len(names))
    if not np.isfinite(array).all():
        point, column = np.argwhere(~np.isfinite(array))[0]
        which = f"{names[column]!r}{_at(point, bound.shape)}"
        raise InvalidPubError(
            f"{where}: the value {array[point, column]} of parameter {which} is not finite; use finite numbers."
        )
    return Points(bound.shape, array)


def checked_values(values: ArrayLike, parameters: Sequence[Parameter], dimensions: int | None) -> NDArray[np.float64]:
    """Return values of parameters as an array whose last axis is over these.

    Parameters
    ----------
    values
        Finite real numbers.
    parameters
        In the order of the values.
    dimensions
        How many axes the array has; None for any number.

    Raises
    ------
    InvalidOptionError
        The array has another shape, or a number that is not finite, whose parameter is named.
    OptionTypeError
        These are no real numbers.
    """
    array = real_array("the parameters' values", values)
    if not array.ndim or array.shape[-1] != len(parameters) or dimensions not in {None, array.ndim}:
        shape = f"({len(parameters)},)" if dimensions else f"(..., {len(parameters)})"
        raise InvalidOptionError(
            f"the parameters' values must have shape {shape}, got {array.shape}; the parameters are "
            f"{names_of(parameter.name for parameter in parameters) or 'none'}."
        )
    # The square of a vector tells at once that all is well, but for numbers that are too large for it.
    if not (array.ndim == 1 and math.isfinite(array.dot(array))) and not np.isfinite(array).all():
        where = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        name, point = parameters[where[-1]].name, f" at point {where[:-1]}" if where[:-1] else ""
        raise InvalidOptionError(f"the value of parameter {name!r}{point} must be finite, got {array[where]}.")
    return array


def real_array(what: str, values: Any) -> NDArray[np.float64]:
    """Return numbers as an array of floats.

    Raises
    ------
    OptionTypeError
        They are not real numbers; the message begins with `what`.
    """
    try:
        return _reals(values)
    except (TypeError, ValueError):
        raise OptionTypeError(f"{what} must be real numbers, got {values!r}.") from None


def _plain(values: Any) -> NDArray[np.float64] | None:
    """Return an array of finite floats if that is what it is; all else is left to Qiskit's forms, and to messages."""
    try:
        array = np.asarray(values)
    except ValueError:
        return None
    if array.dtype != np.float64 or not np.isfinite(array).all():
        return None
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def _coerced(values: Any, names: list[str], where: str) -> BindingsArray:
    try:
        if isinstance(values, Mapping):
            return BindingsArray({key: _reals(value) for key, value in values.items()})
        if values is None or isinstance(values, BindingsArray):
            return BindingsArray.coerce(values)
        array = _reals(values)
        if len(names) != 1 and array.shape[-1:] != (len(names),):
            found = array.shape[-1] if array.ndim else 1
            shape = f" The values have shape {array.shape}." if array.ndim > 1 else ""
            raise InvalidPubError(f"{where}: {_numbers(found, names)}{shape}")
        return BindingsArray({tuple(names): array})
    except InvalidPubError:
        raise
    except TypeError as error:
        raise PubTypeError(f"{where}: bad parameter values: {error}") from error
    except ValueError as error:
        shapes = f" Their shapes are {_shapes(values)}." if isinstance(values, Mapping) else ""
        raise InvalidPubError(f"{where}: bad parameter values: {error}{shapes}") from error


def _reals(values: Any) -> NDArray[np.float64]:
    """Return numbers as floats; NumPy would read text, and drop imaginary parts with no more than a warning."""
    array = np.asarray(values)
    if array.dtype.kind == "c":
        raise TypeError("complex numbers are given; use real numbers")
    if array.dtype.kind in "US":
        raise ValueError("text is given; use real numbers")
    return array.astype(np.float64, copy=False)


def _shapes(values: Mapping[Any, Any]) -> str:
    """List the shapes of values by parameter, for a message."""
    listed = []
    for key, value in values.items():
        names = [str(getattr(each, "name", each)) for each in (key if isinstance(key, tuple) else (key,))]
        with contextlib.suppress(ValueError):  # rows of different lengths
            listed.append(f"{', '.join(names)}: {np.shape(value)}")
    return ", ".join(listed)


def _mismatch(given: Sequence[str], names: Sequence[str], where: str, hint: str) -> str:
    if not given:
        return f"{where}: {_numbers(0, names)} {hint}".rstrip()
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


def index_of(point: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return where a point is in an array of that shape."""
    return tuple(map(int, np.unravel_index(point, shape)))


def _at(point: int, shape: tuple[int, ...]) -> str:
    """Return how a message tells which point of an array of that shape it speaks of."""
    return f" at point {index_of(point, shape)}" if shape else ""
