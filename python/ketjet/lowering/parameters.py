"""Angles: numbers, or expressions whose values come later.

A packed program holds angles in slots. An expression leaves 0.0 in its slot and an entry here; `Binding.evaluate`
fills such slots, and nothing else, when values are given.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.circuit import Parameter, ParameterExpression, ParameterVector

from ketjet.errors import InvalidCircuitError
from ketjet.lowering.arrays import array_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

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


class UnboundSlot(NamedTuple):
    """A slot whose value is an expression, and the instruction it belongs to."""

    slot: int
    expression: ParameterExpression
    instruction: int
    """Index in the outermost circuit; -1 for the circuit's global phase."""
    gate: str

    @property
    def place(self) -> str:
        """The instruction, for messages."""
        return "global phase" if self.instruction < 0 else f"instruction {self.instruction} ({self.gate})"


@dataclass(frozen=True)
class Formula:
    """An expression and all the slots that hold its value."""

    expression: ParameterExpression
    parameters: tuple[int, ...]
    slots: tuple[int, ...]
    first_use: UnboundSlot


class Binding:
    """How the unbound slots of one circuit follow from its parameters.

    Parameters that are angles as they are get their values in one array assignment; equal expressions are evaluated
    once.
    """

    def __init__(self, circuit_name: str, own: Sequence[Parameter], entries: Iterable[UnboundSlot]) -> None:
        self._circuit_name = circuit_name
        groups: dict[tuple[ParameterExpression, bool], list[UnboundSlot]] = {}
        for entry in entries:
            groups.setdefault((entry.expression, entry.instruction < 0), []).append(entry)
        known, hidden = set(own), set()
        for expression, _ in groups:
            if not isinstance(expression, Parameter):
                hidden |= expression.parameters - known
            elif expression not in known:
                hidden.add(expression)
        self.parameters = (*own, *sorted(hidden, key=lambda parameter: parameter.name))
        """The circuit's parameters, then those that only definitions know."""
        self._index = {parameter.name: i for i, parameter in enumerate(self.parameters)}
        self._formulas: list[Formula] = []
        self._plain: list[tuple[int, int]] = []
        self._first_use: dict[int, UnboundSlot] = {}
        for (expression, is_phase), group in groups.items():
            if isinstance(expression, Parameter):
                used: tuple[int, ...] = (self._index[expression.name],)
            else:
                used = tuple(self._index[parameter.name] for parameter in expression.parameters)
            for index in used:
                self._first_use.setdefault(index, group[0])
            if isinstance(expression, Parameter) and not is_phase:
                self._plain += [(entry.slot, used[0]) for entry in group]
            else:
                self._formulas.append(Formula(expression, used, tuple(entry.slot for entry in group), group[0]))

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
        filled = slots.copy()
        plain, sources = self._plain_slots
        filled[plain] = numbers[sources]
        for formula in self._formulas:
            filled[list(formula.slots)] = self._value(formula, numbers)
        return filled

    @functools.cached_property
    def _plain_slots(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The slots that hold a parameter as it is, and the parameters' numbers."""
        pairs = array_of(self._plain, np.intp).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def _value(self, formula: Formula, numbers: NDArray[np.float64]) -> float:
        given = {self.parameters[i]: float(numbers[i]) for i in formula.parameters}
        try:
            value = real_number(formula.expression.bind(given))
        except Exception as error:  # Qiskit raises several kinds, e.g. for a division by zero
            raise InvalidCircuitError(self._bad_angle(formula, given, str(error))) from error
        if not math.isfinite(value):
            raise InvalidCircuitError(self._bad_angle(formula, given, f"it is {value}"))
        return value % math.tau if formula.first_use.instruction < 0 else value  # as Qiskit keeps a global phase

    def _number(self, index: int, value: Any) -> float:
        try:
            return real_number(value)
        except InvalidCircuitError as error:
            raise self._bad_value(index, str(error.message)) from None

    def _bad_value(self, index: int, reason: str) -> InvalidCircuitError:
        where = f" (used by {self._first_use[index].place})" if index in self._first_use else ""
        name = self.parameters[index].name
        return InvalidCircuitError(f"circuit {self._circuit_name!r}: bad value for parameter {name!r}{where}: {reason}")

    def _bad_angle(self, formula: Formula, given: Mapping[Parameter, float], reason: str) -> str:
        bound = ", ".join(f"{parameter.name} = {value}" for parameter, value in given.items())
        return (
            f"circuit {self._circuit_name!r}, {formula.first_use.place}: the angle {formula.expression} has no value "
            f"with {bound}: {reason}; bind values that give a finite real number"
        )

    def _mismatch(self, unknown: Sequence[str], missing: Sequence[str]) -> str:
        parts = []
        if unknown:
            parts.append(f"unknown parameters: {names_of(unknown)}")
        if missing:
            parts.append(f"parameters without a value: {names_of(missing)}")
        have = names_of(parameter.name for parameter in self.parameters) or "none"
        return f"circuit {self._circuit_name!r}: {'; '.join(parts)}; the circuit's parameters are: {have}"


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
