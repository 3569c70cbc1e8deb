"""Angles: numbers, or expressions whose values come later.

A packed program holds angles in slots. An expression leaves 0.0 in its slot and an entry here; `Binding.evaluate`
fills such slots, and nothing else, when values are given.
"""

from __future__ import annotations

import difflib
import math
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.circuit import Parameter, ParameterExpression, ParameterVector

from ketjet.errors import InvalidCircuitError
from ketjet.lowering.arrays import CHUNK, distinct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ketjet.lowering.builder import UnboundSlots

IMAGINARY_TOLERANCE = 1e-10
"""The largest imaginary part, relative to the size of the value, that counts as rounding."""


def real_number(value: Any) -> float:
    """Return a number as a float; a complex one must be real but for rounding.

    Raises
    ------
    InvalidCircuitError
        If it is no number or has an imaginary part. NaN and infinity pass.
    """
    try:
        if isinstance(value, ParameterExpression):
            value = value.numeric()
        if isinstance(value, (str, bytes)) or np.ndim(value) != 0:
            raise TypeError
        number = complex(value)
    except (TypeError, ValueError):
        msg = f"{value!r} is not a number; use a real number"
        raise InvalidCircuitError(msg) from None
    if abs(number.imag) > IMAGINARY_TOLERANCE * max(1.0, abs(number.real)):
        msg = f"{value!r} is not real; use a real number"
        raise InvalidCircuitError(msg)
    return number.real


def is_unbound(value: Any) -> bool:
    """Tell whether a value still contains parameters."""
    return isinstance(value, Parameter) or (isinstance(value, ParameterExpression) and bool(value.parameters))


def names_of(names: Iterable[str]) -> str:
    """List names for a message, in order, at most ten of them."""
    listed = sorted(names)
    return ", ".join(listed[:10]) + (f", ... ({len(listed)} in all)" if len(listed) > 10 else "")


class LoopValue(NamedTuple):
    """The value that a loop's parameter has in one repetition of the body."""

    parameter: Parameter
    value: float

    def put_into(self, expression: Any) -> Any:
        """Return an expression with the value in place of the parameter.

        Raises
        ------
        InvalidCircuitError
            If it has no value then.
        """
        if isinstance(expression, Parameter):
            return self.value if expression == self.parameter else expression
        if self.parameter not in expression.parameters:
            return expression
        try:
            return expression.assign(self.parameter, self.value)
        except Exception as error:  # Qiskit raises several kinds, e.g. for a division by zero
            msg = (
                f"the angle {expression} has no value with {self.parameter.name} = {self.value}: {error}; "
                "use loop values that give a finite real number"
            )
            raise InvalidCircuitError(msg) from error


class Binding:
    """How the unbound slots of one circuit follow from its parameters.

    Parameters that are angles as they are get their values in one array assignment; equal expressions are evaluated
    once.

    Parameters
    ----------
    circuit_name
        For messages.
    own
        The circuit's parameters.
    unbound
        The slots; not to be changed any more.
    """

    def __init__(self, circuit_name: str, own: Sequence[Parameter], unbound: UnboundSlots) -> None:
        self._circuit_name = circuit_name
        self._slots, self._instructions, self._gates = np.asarray(unbound.slots), unbound.instructions, unbound.gates
        self._phases = [slot for slot, at in zip(unbound.slots, unbound.instructions, strict=True) if at < 0]
        self._expressions: list[ParameterExpression] = []
        """Each that some slot has, once."""
        self._numbers = array("q")
        """By unbound slot: which of them it has."""
        first_uses = array("q")
        numbers: dict[ParameterExpression, int] = {}
        for place, expression in enumerate(unbound.expressions):
            number = numbers.setdefault(expression, len(self._expressions))
            if number == len(self._expressions):
                self._expressions.append(expression)
                first_uses.append(place)
            self._numbers.append(number)
            unbound.expressions[place] = self._expressions[number]  # equal ones are let go of here, not all at the end
        known, hidden = distinct(own), set()
        for expression in self._expressions:
            hidden |= _parameters_of(expression) - known
        self.parameters = (*own, *sorted(hidden, key=lambda parameter: parameter.name))
        """The circuit's parameters, then those that only definitions know."""
        self._index = {parameter.name: i for i, parameter in enumerate(self.parameters)}
        self._plain = array("q"), array("q")
        """Numbers of the expressions that are parameters as they are, and of these parameters."""
        self._formulas = array("q")
        """Numbers of the others."""
        self._first_uses = array("q")
        """For each formula the first of the unbound slots that has it."""
        self._used, self._used_end = array("q"), array("q")
        """The parameters of each formula, one after the other, and where they end."""
        self._first_use: dict[int, int] = {}
        """By parameter, the first of the unbound slots that needs it."""
        for number, (expression, first_use) in enumerate(zip(self._expressions, first_uses, strict=True)):
            indices = [self._index[parameter.name] for parameter in _parameters_of(expression)]
            for index in indices:
                self._first_use.setdefault(index, first_use)
            if isinstance(expression, Parameter):
                self._plain[0].append(number)
                self._plain[1].append(indices[0])
                continue
            self._formulas.append(number)
            self._first_uses.append(first_use)
            self._used.extend(indices)
            self._used_end.append(len(self._used))

    def __del__(self) -> None:
        while self._expressions:  # other threads get their turn in between
            del self._expressions[-CHUNK:]

    def resolve(self, values: Mapping[Any, Any]) -> NDArray[np.float64]:
        """Turn the caller's values into one real number per parameter, in the order of `parameters`.

        Keys may be parameters, their names, or whole parameter vectors with a sequence as value.

        Raises
        ------
        InvalidCircuitError
            If a name is unknown, a parameter has no value, or a value is not a finite real number.
        """
        numbers: list[float | None] = [None] * len(self.parameters)
        unknown: list[str] = []
        for key, value in _single_values(values):
            name = key if isinstance(key, str) else getattr(key, "name", repr(key))
            index = self._index.get(name)
            if index is None or (key is not name and key != self.parameters[index]):
                unknown.append(name)
            else:
                numbers[index] = value if type(value) is float else self._number(index, value)
        missing = [parameter.name for parameter, number in zip(self.parameters, numbers, strict=True) if number is None]
        if unknown or missing:
            raise InvalidCircuitError(self._mismatch(unknown, missing))
        result = np.array(numbers, np.float64)
        if not np.isfinite(result).all():
            index = int(np.argmin(np.isfinite(result)))
            raise self._bad_value(index, f"{result[index]} is not finite; use a finite number")
        return result

    def evaluate(self, numbers: NDArray[np.float64], slots: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a copy of the slots with every unbound one filled."""
        values = np.empty(len(self._expressions))
        plain, sources = map(np.asarray, self._plain)
        values[plain] = numbers[sources]
        begin = 0
        for number, first_use, end in zip(self._formulas, self._first_uses, self._used_end, strict=True):
            given = {self.parameters[i]: float(numbers[i]) for i in self._used[begin:end]}
            values[number] = self._value(self._expressions[number], given, first_use)
            begin = end
        filled = slots.copy()
        filled[self._slots] = values[np.asarray(self._numbers)]
        for slot in self._phases:
            filled[slot] %= math.tau  # as Qiskit keeps a global phase
        return filled

    def _place_of(self, place: int) -> str:
        """Return the instruction of an unbound slot, for messages."""
        instruction = self._instructions[place]
        return "global phase" if instruction < 0 else f"instruction {instruction} ({self._gates[place]})"

    def _value(self, expression: ParameterExpression, given: Mapping[Parameter, float], first_use: int) -> float:
        try:
            value = real_number(expression.bind(given))
        except Exception as error:  # Qiskit raises several kinds, e.g. for a division by zero
            raise InvalidCircuitError(self._bad_angle(expression, given, first_use, str(error))) from error
        if not math.isfinite(value):
            raise InvalidCircuitError(self._bad_angle(expression, given, first_use, f"it is {value}"))
        return value

    def _number(self, index: int, value: Any) -> float:
        try:
            return real_number(value)
        except InvalidCircuitError as error:
            raise self._bad_value(index, str(error.message)) from None

    def _bad_value(self, index: int, reason: str) -> InvalidCircuitError:
        used_by = self._first_use.get(index)
        where = "" if used_by is None else f" (used by {self._place_of(used_by)})"
        name = self.parameters[index].name
        return InvalidCircuitError(f"circuit {self._circuit_name!r}: bad value for parameter {name!r}{where}: {reason}")

    def _bad_angle(
        self, expression: ParameterExpression, given: Mapping[Parameter, float], first_use: int, reason: str
    ) -> str:
        bound = ", ".join(f"{parameter.name} = {value}" for parameter, value in given.items())
        return (
            f"circuit {self._circuit_name!r}, {self._place_of(first_use)}: the angle {expression} has no value "
            f"with {bound}: {reason}; bind values that give a finite real number"
        )

    def _mismatch(self, unknown: Sequence[str], missing: Sequence[str]) -> str:
        parts = []
        if unknown:
            close = difflib.get_close_matches(unknown[0], self._index, n=1)
            parts.append(f"unknown parameters: {names_of(unknown)}{f' (did you mean {close[0]!r}?)' if close else ''}")
        if missing:
            parts.append(f"parameters without a value: {names_of(missing)}")
        have = names_of(parameter.name for parameter in self.parameters) or "none"
        return f"circuit {self._circuit_name!r}: {'; '.join(parts)}; the circuit's parameters are: {have}"


def _parameters_of(expression: ParameterExpression) -> set[Parameter]:
    return {expression} if isinstance(expression, Parameter) else expression.parameters


def _single_values(values: Mapping[Any, Any]) -> Iterable[tuple[Any, Any]]:
    """Spread whole parameter vectors over their elements."""
    for key, value in values.items():
        if not isinstance(key, ParameterVector):
            yield key, value
            continue
        elements = list(value)
        if len(elements) != len(key):
            msg = f"parameter vector {key.name!r} has {len(key)} elements but {len(elements)} values were given"
            raise InvalidCircuitError(msg)
        yield from zip(key, elements, strict=True)
