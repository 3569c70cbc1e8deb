"""Which part of a complex derivative is wanted, by the names that qiskit-algorithms gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ketjet.options.checks import wrong_type

if TYPE_CHECKING:
    from ketjet.lowering.hadamard_test import Part

__all__ = ["PARTS", "DerivativeType", "derivative_type_of"]

DerivativeType = Literal["real", "imag", "complex"]

PARTS: dict[DerivativeType, tuple[Part, ...]] = {
    "real": ("real",),
    "imag": ("imaginary",),
    "complex": ("real", "imaginary"),
}


def derivative_type_of(given: Any) -> DerivativeType:
    """Return which one is given: a name, or a member of an enumeration with such names.

    Raises
    ------
    OptionTypeError
        It is none.
    """
    name = getattr(given, "name", given)
    for kind in PARTS:
        if isinstance(name, str) and name.lower() == kind:
            return kind
    raise wrong_type("derivative_type", given, '"real", "imag" or "complex"')
