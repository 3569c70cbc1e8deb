"""Binding: how the slots of a program follow from the parameters of a circuit.

A packed program holds angles in slots. An expression leaves 0.0 in its slot and an entry here; `Binding.slots_of`
fills such slots, and nothing else, when values are given.
"""

from __future__ import annotations

import difflib
import math
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import Parameter, ParameterExpression, ParameterVector

from ketjet import engine
from ketjet.errors import InvalidCircuitError
from ketjet.lowering.arrays import CHUNK, distinct
from ketjet.lowering.parameters import is_unbound, names_of, real_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ketjet.lowering.builder import UnboundSlots

    Column = Sequence[Any] | NDArray[Any]
    """One value per point."""


class Binding:
    """How the unbound slots of one circuit follow from its parameters.

    The engine evaluates parameters that are angles as they are and, from the second point on, compiled expressions;
    what it cannot tell with Qiskit's digits is evaluated by Qiskit. Equal expressions are evaluated once.

    Parameters
    ----------
    circuit_name
        For messages.
    own
        The circuit's parameters.
    unbound
        The slots that are not numbers; not to be changed any more.
    slots
        All slots of the program, with anything in those that are not numbers.
    """

    def __init__(
        self, circuit_name: str, own: Sequence[Parameter], unbound: UnboundSlots, slots: Sequence[float] = ()
    ) -> None:
        self._circuit_name = circuit_name
        self._all_slots = np.array(slots, np.float64)
        self._slots, self._instructions, self._gates = np.asarray(unbound.slots), unbound.instructions, unbound.gates
        self._is_phase = np.asarray(unbound.instructions) < 0
        """By unbound slot: whether it is the circuit's global phase."""
        self._expressions: list[ParameterExpression] = []
        """Each that some slot has, once."""
        self._numbers = array("q")
        """By unbound slot: which of them it has."""
        self._first_uses = array("q")
        """By expression, the first of the unbound slots that has it."""
        numbers: dict[ParameterExpression, int] = {}
        for place, expression in enumerate(unbound.expressions):
            number = len(self._expressions)
            try:  # noqa: SIM105 - a context manager for each takes longer
                number = numbers.setdefault(expression, number)
            except OverflowError:  # Qiskit's hash of an expression that is a negative integer
                pass
            if number == len(self._expressions):
                self._expressions.append(expression)
                self._first_uses.append(place)
            self._numbers.append(number)
            unbound.expressions[place] = self._expressions[number]  # equal ones are let go of here, not all at the end
        known, hidden = distinct(own), set()
        for expression in self._expressions:
            if not (isinstance(expression, Parameter) and expression in known):
                hidden |= _parameters_of(expression) - known
        self.parameters = (*own, *sorted(hidden, key=lambda parameter: parameter.name))
        """The circuit's parameters, then those that only definitions know."""
        self._index = {parameter.name: i for i, parameter in enumerate(self.parameters)}
        self._formulas: engine.Formulas | None = None
        self._points = 0
        """How many points have been evaluated."""
        self._compiled = False
        """Whether the formulas hold more than the parameters that are angles as they are."""

    @property
    def slots(self) -> NDArray[np.int64]:
        """The slots that follow from parameters."""
        return self._slots

    def slots_with(self, columns: Iterable[int]) -> set[int]:
        """Return the slots that depend on some of the parameters, which are given by their places among these."""
        wanted = {self.parameters[column] for column in columns}
        depends = [not wanted.isdisjoint(_parameters_of(expression)) for expression in self._expressions]
        return set(self._slots[np.array(depends, bool)[np.asarray(self._numbers, np.int64)]].tolist())

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
        return self.rows({key: [value] for key, value in values.items()}, 1).reshape(-1)

    def rows(self, columns: Mapping[Any, Column], points: int) -> NDArray[np.float64]:
        """Do what `resolve` does for several points: every key has a column, with a value for each of them.

        The column of a parameter vector may be an array of shape (points, length).
        """
        if any(isinstance(key, ParameterVector) for key in columns):
            columns = dict(_single_columns(columns))
        by_index: list[Column | None] = [None] * len(self.parameters)
        unknown: list[str] = []
        for key, column in columns.items():
            name = key if isinstance(key, str) else getattr(key, "name", repr(key))
            index = self._index.get(name)
            if index is None or (key is not name and key != self.parameters[index]):
                unknown.append(name)
            else:
                by_index[index] = column
        missing = [
            parameter.name for parameter, column in zip(self.parameters, by_index, strict=True) if column is None
        ]
        if unknown or missing:
            raise InvalidCircuitError(self._mismatch(unknown, missing))
        rows = np.empty((points, len(by_index)))
        for index, found in enumerate(by_index):
            rows[:, index] = self._column(index, () if found is None else found)
        self._require_finite(rows)
        return rows

    def slots_of(self, values: NDArray[np.float64], first: int | None = None) -> NDArray[np.float64]:
        """Return all slots of the program, one row per point.

        Parameters
        ----------
        values
            One row per point, in the order of `parameters`.
        first
            The number of the first of these points, if there are more of them; for messages.

        Raises
        ------
        InvalidCircuitError
            If a value is not finite, or an angle becomes NaN, infinite or complex.
        """
        self._require_finite(values, first)
        slots: NDArray[np.float64]
        slots, undecided = self._formulas_for(len(values)).evaluate(values)
        if len(undecided):
            places, ends = self._places_by_expression()
            for point, number in undecided.tolist():
                value = self._value(number, values[point], _point_name(point, values, first))
                found = places[ends[number] : ends[number + 1]]
                slots[point, self._slots[found]] = np.where(self._is_phase[found], value % math.tau, value)
        return slots

    def pull_back(self, values: NDArray[np.float64], slot_gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn the derivatives of something by the program's slots, at one point, into those by the parameters.

        Parameters
        ----------
        values
            The values of the parameters.
        slot_gradient
            The derivatives by all slots; only those of slots that follow from parameters matter.

        Raises
        ------
        InvalidCircuitError
            If an angle has no finite derivative there.
        """
        gradient: NDArray[np.float64]
        gradient, left_out = self._formulas_for(2).pull_back(values, slot_gradient)
        if len(left_out):
            places, ends = self._places_by_expression()
            for number in left_out.tolist():
                weight = slot_gradient[self._slots[places[ends[number] : ends[number + 1]]]].sum()
                for parameter, slope in self._slopes(number, values):
                    gradient[self._index[parameter.name]] += weight * slope
        return gradient

    def _formulas_for(self, points: int) -> engine.Formulas:
        """Return the formulas for so many more points.

        Expressions are compiled when a second point is wanted: for one, Qiskit evaluates them sooner.
        """
        self._points += points
        compiled = self._points > 1
        if self._formulas is None or (compiled and not self._compiled):
            from ketjet.lowering.formulas import FormulaWriter  # not all circuits have parameters

            writer = FormulaWriter(self._index)
            if all(isinstance(expression, Parameter) for expression in self._expressions):
                writer.parameters([expression.name for expression in self._expressions])
            else:
                for expression in self._expressions:
                    if compiled or isinstance(expression, Parameter):
                        writer.expression(expression)
                    else:
                        writer.unknown()
            self._formulas = engine.Formulas(
                num_parameters=len(self.parameters),
                numbers=self._all_slots,
                slots=self._slots,
                formulas=np.asarray(self._numbers),
                phases=self._slots[self._is_phase],
                begins=np.asarray(writer.begins),
                ops=np.asarray(writer.ops),
                operands=np.asarray(writer.operands),
                constants=np.asarray(writer.constants),
                ordered=np.asarray(writer.ordered),
            )
            self._compiled = compiled
        return self._formulas

    def _places_by_expression(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of the unbound slots, by expression, and where those of each expression begin."""
        numbers = np.asarray(self._numbers)
        ends = np.zeros(len(self._expressions) + 1, np.int64)
        np.cumsum(np.bincount(numbers, minlength=len(self._expressions)), out=ends[1:])
        return np.argsort(numbers, kind="stable"), ends

    def _column(self, index: int, values: Column) -> NDArray[np.float64] | list[float]:
        """Return the values of one parameter as real numbers."""
        if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
            return values.astype(np.float64, copy=False)
        if all(type(value) is float for value in values):
            return np.array(values)
        return [self._number(index, value, _point_name(point, values)) for point, value in enumerate(values)]

    def _require_finite(self, values: NDArray[np.float64], first: int | None = None) -> None:
        finite = np.isfinite(values)
        if not finite.all():
            point, index = np.argwhere(~finite)[0].tolist()
            reason = f"{values[point, index]} is not finite; use a finite number"
            raise self._bad_value(index, reason, _point_name(point, values, first))

    def _place_of(self, place: int) -> str:
        """Return the instruction of an unbound slot, for messages."""
        instruction = self._instructions[place]
        return "global phase" if instruction < 0 else f"instruction {instruction} ({self._gates[place]})"

    def _value(self, number: int, values: NDArray[np.float64], at: str) -> float:
        """Let Qiskit evaluate an expression."""
        expression = self._expressions[number]
        given = self._given(expression, values)
        try:
            value = real_number(expression.bind(given))
        except Exception as error:  # Qiskit raises several kinds, e.g. for a division by zero
            raise self._bad_angle(number, given, at, "value", str(error)) from error
        if not math.isfinite(value):
            raise self._bad_angle(number, given, at, "value", f"it is {value}")
        return value

    def _slopes(self, number: int, values: NDArray[np.float64]) -> list[tuple[Parameter, float]]:
        """Let Qiskit evaluate the derivatives of an expression that the engine has left out."""
        from ketjet.lowering.formulas import is_smooth

        expression = self._expressions[number]
        given = self._given(expression, values)
        slopes = []
        for parameter in given:
            try:
                slope = expression.gradient(parameter)
                if is_unbound(slope):
                    slope = slope.bind(self._given(slope, values))
                slopes.append((parameter, real_number(slope)))
            except Exception as error:  # Qiskit raises several kinds
                raise self._bad_angle(number, given, "", "derivative", str(error)) from error
            if not math.isfinite(slopes[-1][1]):
                raise self._bad_angle(number, given, "", "derivative", f"it is {slopes[-1][1]}")
        if not is_smooth(expression):  # Qiskit takes them for functions of real numbers
            raise self._bad_angle(number, given, "", "derivative", "abs and conj have none for complex numbers")
        return slopes

    def _given(self, expression: ParameterExpression, values: NDArray[np.float64]) -> dict[Parameter, float]:
        return {each: float(values[self._index[each.name]]) for each in _parameters_of(expression)}

    def _number(self, index: int, value: Any, at: str) -> float:
        try:
            return value if type(value) is float else real_number(value)
        except InvalidCircuitError as error:
            raise self._bad_value(index, str(error.message), at) from None

    def _bad_value(self, index: int, reason: str, at: str) -> InvalidCircuitError:
        parameter = self.parameters[index]
        uses = zip(self._expressions, self._first_uses, strict=True)
        used_by = next((place for expression, place in uses if parameter in _parameters_of(expression)), None)
        where = "" if used_by is None else f" (used by {self._place_of(used_by)})"
        name = parameter.name
        return InvalidCircuitError(
            f"circuit {self._circuit_name!r}{at}: bad value for parameter {name!r}{where}: {reason}"
        )

    def _bad_angle(
        self, number: int, given: Mapping[Parameter, float], at: str, what: str, reason: str
    ) -> InvalidCircuitError:
        bound = ", ".join(f"{parameter.name} = {value}" for parameter, value in given.items())
        return InvalidCircuitError(
            f"circuit {self._circuit_name!r}{at}, {self._place_of(self._first_uses[number])}: the angle "
            f"{self._expressions[number]} has no {what} with {bound}: {reason}; bind values that give a finite real "
            "number"
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


def _point_name(point: int, points: Sequence[Any] | NDArray[Any], first: int | None = None) -> str:
    """Return how a message names one of several points."""
    return "" if len(points) == 1 and first is None else f", point {point + (first or 0)}"


def _single_columns(columns: Mapping[Any, Column]) -> Iterable[tuple[Any, Column]]:
    """Spread whole parameter vectors over their elements."""
    for key, column in columns.items():
        if not isinstance(key, ParameterVector):
            yield key, column
            continue
        rows = column if isinstance(column, np.ndarray) and column.ndim > 1 else [list(value) for value in column]
        for row in rows[:1] if isinstance(rows, np.ndarray) else rows:
            if len(row) != len(key):
                msg = f"parameter vector {key.name!r} has {len(key)} elements but {len(row)} values were given"
                raise InvalidCircuitError(msg)
        for place, element in enumerate(key):
            yield element, rows[:, place] if isinstance(rows, np.ndarray) else [row[place] for row in rows]
