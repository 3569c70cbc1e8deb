"""Values for what a circuit leaves open: `run(..., inputs={...})`.

An input variable becomes a declared one that is stored to first of all; a parameter joins the bindings. Both are part
of the program then, so a sample depends on them as on angles.
"""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qiskit.circuit import Parameter
from qiskit.circuit.classical import expr, types

from ketjet.base.printable import printable
from ketjet.errors import InvalidCircuitError, InvalidOptionError
from ketjet.options.checks import flag, integer, wrong_type

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from ketjet.backend.bindings import Bindings

__all__ = ["open_names", "with_inputs"]


def open_names(circuit: QuantumCircuit) -> set[str]:
    """Return the names of a circuit's input variables and parameters."""
    return {var.name for var in circuit.iter_input_vars()} | {parameter.name for parameter in circuit.parameters}


def with_inputs(
    circuits: Sequence[QuantumCircuit], bindings: Sequence[Bindings], inputs: Any
) -> tuple[list[QuantumCircuit], list[Bindings]]:
    """Return circuits whose input variables have values, and bindings that have those of parameters too.

    Parameters
    ----------
    circuits
        Any circuits.
    bindings
        For each of them the parameter values that are known already.
    inputs
        One mapping for all circuits, or one for each, from input variables, parameters or their names to values.

    Raises
    ------
    InvalidOptionError
        A circuit has nothing of a name, or it has a value already, or the value is out of range.
    OptionTypeError
        A value is not of the variable's type.
    InvalidCircuitError
        An input variable has no value.
    """
    if isinstance(inputs, Mapping):
        inputs = [inputs] * len(circuits)
    listed = isinstance(inputs, Sequence) and not isinstance(inputs, str)
    if not listed or not all(isinstance(one, Mapping) for one in inputs):
        raise wrong_type("inputs", inputs, "a mapping from names to values, or a list with one for each circuit")
    if len(inputs) != len(circuits):
        raise InvalidOptionError(f"inputs has {len(inputs)} mappings for {len(circuits)} circuits; give one for each.")
    closed: list[QuantumCircuit] = []
    bound: list[Bindings] = []
    for circuit, given, values in zip(circuits, bindings, inputs, strict=True):
        variables, parameters = _sorted(circuit, values)
        known = {str(getattr(key, "name", key)) for key in given.columns}
        if twice := sorted(known & parameters.keys()):
            raise InvalidOptionError(
                f"circuit {printable(circuit.name)!r}: both inputs and parameter_binds have {', '.join(twice)}; "
                "give each parameter its value once."
            )
        closed.append(_closed(circuit, variables))
        bound.append(_extended(given, parameters) if parameters else given)
    return closed, bound


def _extended(given: Bindings, parameters: Mapping[str, float]) -> Bindings:
    """Return bindings with values that are the same at all points."""
    points = max(given.points, 1)
    same = {name: [value] * points for name, value in parameters.items()}
    return given._replace(columns={**given.columns, **same}, points=points)


def _sorted(circuit: QuantumCircuit, values: Mapping[Any, Any]) -> tuple[dict[expr.Var, Any], dict[str, float]]:
    """Return checked values of the circuit's input variables, and of its parameters by name."""
    open_variables = {var.name: var for var in circuit.iter_input_vars()}
    open_parameters = {parameter.name: parameter for parameter in circuit.parameters}
    variables: dict[expr.Var, Any] = {}
    parameters: dict[str, float] = {}
    for key, value in values.items():
        name = key if isinstance(key, str) else getattr(key, "name", repr(key))
        var, parameter = open_variables.get(name), open_parameters.get(name)
        if isinstance(key, str) and var is not None and parameter is not None:
            raise InvalidOptionError(
                f"circuit {printable(circuit.name)!r} has an input variable and a parameter {name!r}; "
                "give the objects themselves as keys of inputs."
            )
        if var is not None and key in (name, var):
            variables[var] = _value_of(name, var.type, value)
        elif parameter is not None and (key == name or (isinstance(key, Parameter) and key == parameter)):
            parameters[name] = _real(name, value)
        else:
            raise _unknown(circuit, name)
    if missing := [name for name, var in open_variables.items() if var not in variables]:
        raise InvalidCircuitError(
            f"circuit {printable(circuit.name)!r}: its input variables {', '.join(map(repr, missing))} have no value; "
            "give them with run(..., inputs={name: value})."
        )
    return variables, parameters


def _unknown(circuit: QuantumCircuit, name: str) -> InvalidOptionError:
    described = [f"{var.name} ({_described(var.type)})" for var in circuit.iter_input_vars()]
    described += [f"{parameter.name} (parameter)" for parameter in circuit.parameters]
    close = difflib.get_close_matches(name, sorted(open_names(circuit)), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return InvalidOptionError(
        f"inputs: circuit {printable(circuit.name)!r} has no input variable or parameter {printable(name)!r}{hint} "
        f"It has {', '.join(described[:20]) or 'none'}{', ...' if described[20:] else ''}."
    )


def _described(kind: types.Type) -> str:
    return f"uint[{kind.width}]" if kind.kind is types.Uint else str(kind.kind.__name__).lower()


def _value_of(name: str, kind: types.Type, value: Any) -> Any:
    """Return a value as the literals of a type have it."""
    whose = f"the input {name!r} ({_described(kind)})"
    if kind.kind is types.Bool:
        return flag(whose, value)
    if kind.kind is types.Uint:
        return integer(0, (1 << kind.width) - 1)(whose, value)
    if kind.kind is types.Float:
        return _real(name, value)
    raise InvalidOptionError(f"{whose} cannot be given a value by a run.")


def _real(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise wrong_type(f"the input {name!r}", value, "a real number")
    if not math.isfinite(value):
        raise InvalidOptionError(f"the input {name!r} must be finite, got {value}.")
    return float(value)


def _closed(circuit: QuantumCircuit, values: Mapping[expr.Var, Any]) -> QuantumCircuit:
    """Return the circuit with input variables declared, and stored to before all else."""
    if not values:
        return circuit
    result = circuit.copy_empty_like(vars_mode="drop")
    for var, value in values.items():
        result.add_var(var, expr.lift(value, var.type))
    for var in circuit.iter_declared_vars():
        result.add_uninitialized_var(var)
    for stretch in circuit.iter_declared_stretches():
        result.add_stretch(stretch)
    for instruction in circuit.data:
        result.append(instruction)
    return result
