"""Pubs as users write them: their parts, and their parameter values as one array.

What Qiskit takes is taken here, and its sentences about forgotten brackets are said; all errors tell which pub it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.sampler_pub import SamplerPub

from ketjet.errors import InvalidCircuitError, InvalidOptionError, InvalidPubError, OptionTypeError, PubTypeError
from ketjet.lowering.observables import read_observables
from ketjet.points.values import read_points

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qiskit.circuit import Parameter

    from ketjet.engine import Program
    from ketjet.lowering import LoweredCircuit
    from ketjet.lowering.observable_table import Observables
    from ketjet.points.values import Points

__all__ = ["as_pubs", "errors_of_points", "errors_of_pub", "observables_of_pub", "parts_of", "points_of", "programs_at"]

BRACKETS = (
    "Note that if you want to run a single pub, you need to wrap it with `[]`: `run([circuit])` or "
    "`run([(circuit, ...)])` instead of `run(circuit)` or `run((circuit, ...))`."
)


def as_pubs(pubs: Any, primitive: str) -> list[Any]:
    """Return what was given to ``run`` of a primitive ("Sampler" or "Estimator") as a list of pubs.

    Raises
    ------
    PubTypeError
        It is nothing that could hold pubs.
    """
    if type(pubs) is list:  # and abstract classes need not be asked
        return list(pubs)
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


@contextlib.contextmanager
def errors_of_pub(where: str) -> Iterator[None]:
    """Turn what is wrong with a part of a pub into an error of the pub, which says where it is."""
    try:
        yield
    except (InvalidOptionError, OptionTypeError) as error:
        raise _of_pub(error, where) from error


def _of_pub(error: InvalidOptionError | OptionTypeError, where: str) -> InvalidPubError | PubTypeError:
    kind = PubTypeError if isinstance(error, TypeError) else InvalidPubError
    return kind(f"{where}: {error}")


def observables_of_pub(circuit: QuantumCircuit, observables: Any, where: str) -> Observables:
    """Read the observables of a pub, which act on the qubits of its circuit.

    Raises
    ------
    InvalidPubError, PubTypeError
        They do not, or are none.
    """
    try:  # a context manager takes longer
        table = read_observables(observables)
    except (InvalidOptionError, OptionTypeError) as error:
        raise _of_pub(error, where) from error
    if table.num_qubits not in (None, circuit.num_qubits):
        raise InvalidPubError(
            f"{where}: The number of qubits of the circuit ({circuit.num_qubits}) does not match the number of "
            f"qubits of the observables ({table.num_qubits})."
        )
    return table


def points_of(circuit: QuantumCircuit, parameters: Sequence[Parameter], values: Any, index: int) -> Points:
    """Return the parameter values of a pub as one array, as `read_points` does.

    Raises
    ------
    InvalidPubError, PubTypeError
        Values are missing, are too many, or are not finite real numbers of one shape.
    """
    return read_points(parameters, values, f"pub {index}, circuit {circuit.name!r}", BRACKETS)


@contextlib.contextmanager
def errors_of_points(index: int) -> Iterator[None]:
    """Say of an angle that is not finite with the values of a point which pub it is in."""
    try:
        yield
    except InvalidCircuitError as error:
        raise InvalidCircuitError(f"pub {index}, {error}") from error


def programs_at(lowered: LoweredCircuit, values: NDArray[np.float64], index: int) -> Iterator[Program]:
    """Return the program of a pub's circuit with the values of each of its points.

    Raises
    ------
    InvalidCircuitError
        An angle is not finite with the values of a point; the message says which pub it is.
    """
    try:
        yield from lowered.programs_at(values)
    except InvalidCircuitError as error:
        raise InvalidCircuitError(f"pub {index}, {error}") from error
