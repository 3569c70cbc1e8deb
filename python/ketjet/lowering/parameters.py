"""Angles: numbers, or expressions whose values come later, and how parameters are named in messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qiskit.circuit import Parameter, ParameterExpression

from ketjet.errors import InvalidCircuitError

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    except OverflowError:
        msg = "it is larger than any float; use a smaller number"
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
