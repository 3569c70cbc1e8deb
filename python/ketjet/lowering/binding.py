"""Binding: how the slots of a program follow from the parameters of a circuit.

A packed program holds angles in slots. An expression leaves 0.0 in its slot and an entry here; `Binding.slots_of`
fills such slots, and nothing else, when values are given.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.circuit import ParameterVector

from ketjet import engine
from ketjet.errors import InvalidCircuitError
from ketjet.lowering.arrays import CHUNK, array_of
from ketjet.lowering.parameters import is_unbound, names_of, real_number
from ketjet.lowering.unbound_slots import parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from qiskit.circuit import Parameter, ParameterExpression

    from ketjet.lowering.unbound_slots import SlotExpressions

    Column = Sequence[Any] | NDArray[Any]
    """One value per point."""

PLAIN_NUMBERS = frozenset({float, int, np.float64})
"""Types of numbers that need no look at each of them."""


class Binding:
    """How the unbound slots of one circuit follow from its parameters.

    From the second point on the engine evaluates compiled expressions; what it cannot tell with Qiskit's digits is
    evaluated by Qiskit. Equal expressions are evaluated once.

    Parameters
    ----------
    circuit_name
        For messages.
    parameters
        What has to be given values.
    used
        How slots follow from them.
    slots
        All slots of the program, with anything in those that follow from parameters.
    """

    def __init__(
        self,
        circuit_name: str,
        parameters: Sequence[Parameter],
        used: SlotExpressions,
        slots: NDArray[np.float64],
    ) -> None:
        self._circuit_name = circuit_name
        self.parameters = tuple(parameters)
        """The circuit's parameters, then those that only definitions know."""
        self._used = used
        self.all_slots = slots
        """All slots of the program, with anything in those that follow from parameters."""
        self._points = 0
        """How many points have been evaluated."""

    @property
    def slots(self) -> NDArray[np.int64]:
        """The slots that follow from parameters."""
        return self._used.slots

    @functools.cached_property
    def _index(self) -> dict[str, int]:
        """The numbers of the parameters, by name."""
        return {parameter.name: i for i, parameter in enumerate(self.parameters)}

    def dependences(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs of a slot and the place of a parameter that it depends on, as two arrays."""
        used = self._used
        columns = [[self._index[each.name] for each in parameters_of(expression)] for expression in used.expressions]
        widths = np.array([len(each) for each in columns], np.int64)[used.numbers]
        listed = [column for number in used.numbers.tolist() for column in columns[number]]
        return np.repeat(used.slots, widths), np.array(listed, np.int64)

    def __del__(self) -> None:
        while self._used.expressions:  # other threads get their turn in between
            del self._used.expressions[-CHUNK:]

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
        by_index: list[Column | None] = [None] * len(self.parameters)
        unknown: list[str] = []
        twice: list[str] = []
        for key, column in _single_columns(columns):
            name = key if isinstance(key, str) else getattr(key, "name", repr(key))
            index = self._index.get(name)
            if index is None or (key is not name and key != self.parameters[index]):
                unknown.append(name)
            else:
                if by_index[index] is not None:
                    twice.append(name)
                by_index[index] = column
        missing = [
            parameter.name for parameter, column in zip(self.parameters, by_index, strict=True) if column is None
        ]
        if unknown or missing or twice:
            raise InvalidCircuitError(self._mismatch(unknown, missing, twice))
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
            One row per point, in the order of `parameters`; finite.
        first
            The number of the first of these points, if there are more of them; for messages.

        Raises
        ------
        InvalidCircuitError
            If an angle becomes NaN, infinite or complex.
        """
        if not len(self._used.slots):  # the parameters are those of delays
            return np.tile(self.all_slots, (len(values), 1))
        self._points += len(values)
        if self._points == 1:
            return self._slots_of_first(values)
        slots: NDArray[np.float64]
        slots, undecided = self._compiled.evaluate(values)
        if len(undecided):
            places, ends = self._places_by_expression()
            for point, number in undecided.tolist():
                value = self._value(number, values[point], _point_name(point, values, first))
                found = places[ends[number] : ends[number + 1]]
                is_phase = self._used.instructions[found] < 0
                slots[point, self._used.slots[found]] = np.where(is_phase, value % math.tau, value)
        return slots

    def _slots_of_first(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the slots at the first point of all: Qiskit evaluates expressions sooner than they are compiled."""
        used, point = self._used, values[0]
        found = point[used.parameters]
        for number in used.others:
            found[number] = self._value(number, point, "")
        slots = self.all_slots.copy()
        slots[used.slots] = found[used.numbers]
        for phase in used.phases:
            slots[phase] %= math.tau
        return slots[np.newaxis]

    def require_derivatives(self, points: NDArray[np.float64], columns: NDArray[np.int64]) -> None:
        """Check that all angles have derivatives by some parameters, which are given by their places.

        Raises
        ------
        InvalidCircuitError
            An angle has no finite derivative at one of the points.
        """
        if not self._used.others:
            return
        nothing = np.zeros(len(self.all_slots))
        for point, values in enumerate(points):
            self.pull_back(values, nothing, columns, _point_name(point, points))

    def pull_back(
        self,
        values: NDArray[np.float64],
        slot_gradient: NDArray[np.float64],
        columns: NDArray[np.int64] | None = None,
        at: str = "",
    ) -> NDArray[np.float64]:
        """Turn the derivatives of something by the program's slots, at one point, into those by the parameters.

        Parameters
        ----------
        values
            The values of the parameters.
        slot_gradient
            The derivatives by all slots; only those of slots that follow from parameters matter.
        columns
            Which parameters are wanted, by their places; all by default.
        at
            Which point it is, for messages.

        Returns
        -------
        ndarray of float
            One number for each of these.

        Raises
        ------
        InvalidCircuitError
            If an angle has no finite derivative there by one of these.
        """
        used = self._used
        gradient: NDArray[np.float64]
        if not used.others:
            found = np.bincount(used.parameters[used.numbers], slot_gradient[used.slots], len(self.parameters))
            gradient = found.astype(np.float64, copy=False)
            return gradient if columns is None else gradient[columns]
        gradient, left_out = self._compiled.pull_back(values, slot_gradient)
        if len(left_out):
            places, ends = self._places_by_expression()
            wanted = set(self.parameters if columns is None else [self.parameters[column] for column in columns])
            for number in left_out.tolist():
                if wanted.isdisjoint(parameters_of(used.expressions[number])):
                    continue
                weight = slot_gradient[used.slots[places[ends[number] : ends[number + 1]]]].sum()
                for parameter, slope in self._slopes(number, values, at):
                    gradient[self._index[parameter.name]] += weight * slope
        return gradient if columns is None else gradient[columns]

    @functools.cached_property
    def _compiled(self) -> engine.Formulas:
        """The formulas that the engine evaluates."""
        from ketjet.lowering.formulas import FormulaWriter  # not all circuits have parameters

        used, writer = self._used, FormulaWriter(self._index)
        if not used.others:
            writer.parameters([expression.name for expression in used.expressions])
        else:
            for expression in used.expressions:
                writer.expression(expression)
        return engine.Formulas(
            num_parameters=len(self.parameters),
            numbers=self.all_slots,
            slots=used.slots,
            formulas=used.numbers,
            phases=np.array(used.phases, np.int64),
            begins=np.asarray(writer.begins),
            ops=np.asarray(writer.ops),
            operands=np.asarray(writer.operands),
            constants=np.asarray(writer.constants),
            ordered=np.asarray(writer.ordered),
        )

    def _places_by_expression(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of the unbound slots, by expression, and where those of each expression begin."""
        numbers, expressions = self._used.numbers, len(self._used.expressions)
        ends = np.zeros(expressions + 1, np.int64)
        np.cumsum(np.bincount(numbers, minlength=expressions), out=ends[1:])
        return np.argsort(numbers, kind="stable"), ends

    def _column(self, index: int, values: Column) -> NDArray[np.float64] | list[float]:
        """Return the values of one parameter as real numbers."""
        if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
            return values.astype(np.float64, copy=False)
        if PLAIN_NUMBERS.issuperset(map(type, values)):
            with contextlib.suppress(OverflowError):  # whose number is named below
                return array_of(values, np.float64)
        return [self._number(index, value, _point_name(point, values)) for point, value in enumerate(values)]

    def _require_finite(self, values: NDArray[np.float64]) -> None:
        finite = np.isfinite(values)
        if not finite.all():
            point, index = np.argwhere(~finite)[0].tolist()
            reason = f"{values[point, index]} is not finite; use a finite number"
            raise self._bad_value(index, reason, _point_name(point, values))

    def _place_of(self, number: int) -> str:
        """Return the first instruction that has an expression, for messages."""
        place = int(np.argmax(self._used.numbers == number))
        instruction = self._used.instructions[place]
        return "global phase" if instruction < 0 else f"instruction {instruction} ({self._used.gates[place]})"

    def _value(self, number: int, values: NDArray[np.float64], at: str) -> float:
        """Let Qiskit evaluate an expression."""
        expression = self._used.expressions[number]
        given = self._given(expression, values)
        try:
            value = real_number(expression.bind(given))
        except Exception as error:  # Qiskit raises several kinds, e.g. for a division by zero
            raise self._bad_angle(number, given, at, "value", str(error)) from error
        if not math.isfinite(value):
            raise self._bad_angle(number, given, at, "value", f"it is {value}")
        return value

    def _slopes(self, number: int, values: NDArray[np.float64], at: str) -> list[tuple[Parameter, float]]:
        """Let Qiskit evaluate the derivatives of an expression that the engine has left out."""
        from ketjet.lowering.formulas import is_smooth

        expression = self._used.expressions[number]
        given = self._given(expression, values)
        slopes = []
        for parameter in given:
            try:
                slope = expression.gradient(parameter)
                if is_unbound(slope):
                    slope = slope.bind(self._given(slope, values))
                slopes.append((parameter, real_number(slope)))
            except Exception as error:  # Qiskit raises several kinds
                raise self._bad_angle(number, given, at, "derivative", str(error)) from error
            if not math.isfinite(slopes[-1][1]):
                raise self._bad_angle(number, given, at, "derivative", f"it is {slopes[-1][1]}")
        if not is_smooth(expression):  # Qiskit takes them for functions of real numbers
            raise self._bad_angle(number, given, at, "derivative", "abs and conj have none for complex numbers")
        return slopes

    def _given(self, expression: ParameterExpression, values: NDArray[np.float64]) -> dict[Parameter, float]:
        return {each: float(values[self._index[each.name]]) for each in parameters_of(expression)}

    def _number(self, index: int, value: Any, at: str) -> float:
        try:
            return value if type(value) is float else real_number(value)
        except InvalidCircuitError as error:
            raise self._bad_value(index, str(error.message), at) from None

    def _bad_value(self, index: int, reason: str, at: str) -> InvalidCircuitError:
        parameter = self.parameters[index]
        uses = enumerate(self._used.expressions)
        used_by = next((number for number, expression in uses if parameter in parameters_of(expression)), None)
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
            f"circuit {self._circuit_name!r}{at}, {self._place_of(number)}: the angle "
            f"{self._used.expressions[number]} has no {what} with {bound}: {reason}; bind values that give a finite "
            "real number"
        )

    def _mismatch(self, unknown: Sequence[str], missing: Sequence[str], twice: Sequence[str]) -> str:
        parts = []
        if unknown:
            hint = ""
            if unknown[0] in self._index:
                hint = " (another Parameter of that name than the circuit's; its name will do as a key)"
            elif close := difflib.get_close_matches(unknown[0], self._index, n=1):
                hint = f" (did you mean {close[0]!r}?)"
            parts.append(f"unknown parameters: {names_of(unknown)}{hint}")
        if missing:
            parts.append(f"parameters without a value: {names_of(missing)}")
        if twice:
            parts.append(f"parameters with two values: {names_of(twice)}")
        have = names_of(parameter.name for parameter in self.parameters) or "none"
        return f"circuit {self._circuit_name!r}: {'; '.join(parts)}; the circuit's parameters are: {have}"


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
