"""The quantum geometric tensor of a program: how its final state changes with parameters, as inner products."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ketjet.engine.control import Control
    from ketjet.engine.outcome import Outcome
    from ketjet.engine.task import Task

    Execute = Callable[[Task, Control], Outcome]

CHUNK = 1 << 15
"""Amplitudes that are worked on at a time."""


class TensorRequest(NamedTuple):
    """What is wanted of a task that compares tangents: of its outcome, `readouts` holds their products.

    A tangent is the derivative of the final state by a parameter, and a sum of final states with an angle changed.

    Attributes
    ----------
    slots, changes : ndarray, shape (runs,)
        In each run, by how much one slot differs from what it is in the program.
    weights : ndarray of float, shape (tangents, runs)
        How often the final state of each run is in each tangent.
    phase_fix : bool
        Whether to leave out what a phase of the state contributes.
    at_a_time : int
        How many tangents make a block; one block is held if there are no others, else two.
    """

    slots: NDArray[np.int64]
    changes: NDArray[np.float64]
    weights: NDArray[np.float64]
    phase_fix: bool
    at_a_time: int


class SavedStrings(NamedTuple):
    """Where the values of some Pauli strings and of their products are among those that a save has.

    Attributes
    ----------
    own : ndarray of int, shape (strings,)
    left, right, products : ndarray of int, shape (pairs,)
        Pairs of strings, and where the value of their product is; -1 for the identity.
    phases : ndarray of complex, shape (pairs,)
        What that is multiplied by.
    """

    own: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    products: NDArray[np.int64]
    phases: NDArray[np.complex128]

    def moments(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
        """Return the values of the strings, and those of all products of two of them, from what is saved."""
        values = np.concatenate([values, [1.0]])
        products = np.eye(len(self.own), dtype=np.complex128)
        products[self.left, self.right] = self.phases * values[self.products]
        products[self.right, self.left] = products[self.left, self.right].conj()
        return values[self.own], products


class LayersRequest(NamedTuple):
    """What is wanted of a task whose program saves the strings that its tangents are made of, layer by layer.

    Attributes
    ----------
    saved : tuple of SavedStrings
        Of save number k.
    tangents : tuple of ndarray of int
        Which ones have a part in each layer.
    weights, constants : tuple of ndarray of float, shapes (strings, tangents) and (tangents,)
        How often each string, and the identity, is in the generators of these.
    size : int
        How many tangents there are.
    phase_fix : bool
        Whether to leave out what a phase of the state contributes.
    diagonal : bool
        Whether only the diagonal is wanted.
    """

    saved: tuple[SavedStrings, ...]
    tangents: tuple[NDArray[np.int64], ...]
    weights: tuple[NDArray[np.float64], ...]
    constants: tuple[NDArray[np.float64], ...]
    size: int
    phase_fix: bool
    diagonal: bool


def tensor_of_layers(task: Task, request: LayersRequest, control: Control, execute: Execute) -> Outcome:
    """Run a task that has a `LayersRequest`, as `execute` does; `execute` runs its program."""
    outcome = execute(task._replace(tensor=None), control)
    values = {record.save: record.data for record in outcome.saves}
    tensor = np.zeros((request.size, request.size), np.complex128)
    for number, saved in enumerate(request.saved):
        tangents, weights, constants = request.tangents[number], request.weights[number], request.constants[number]
        means, products = saved.moments(values[number])
        if request.phase_fix:
            products -= np.multiply.outer(means, means)
        inner = _sandwiched(products, weights)
        if not request.phase_fix:
            along = np.einsum("ij,i->j", weights, means)
            inner += np.multiply.outer(constants, along) + np.multiply.outer(along + constants, constants)
        tensor[tangents[:, np.newaxis], tangents] += inner
    if request.diagonal:
        tensor = np.diag(np.diag(tensor))
    return outcome._replace(readouts=(tensor,), saves=())


def _sandwiched(inner: NDArray[np.complex128], outer: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Return outer.T @ inner @ outer, of matrices so small that it does not pay to wake threads for it."""
    found: NDArray[np.complex128] = np.einsum("ki,kj->ij", outer, np.einsum("kl,lj->kj", inner, outer))
    return found


def geometric_tensor(task: Task, control: Control, execute: Execute) -> Outcome:
    """Run a task that has a request for a tensor, as `execute` does; `execute` runs its programs."""
    request = task.tensor
    assert request is not None
    if isinstance(request, LayersRequest):
        return tensor_of_layers(task, request, control, execute)
    start = time.perf_counter()

    def run(slots: NDArray[np.float64]) -> Outcome:
        left = max(task.time_limit - (time.perf_counter() - start), 1e-9) if task.time_limit else 0.0
        part = task._replace(program=task.program.with_slots(slots), time_limit=left, tensor=None)
        return execute(part, control)

    def block(rows: NDArray[np.int64]) -> NDArray[np.complexfloating]:
        tangents = np.zeros((len(rows), len(state)), state.dtype)
        for number in np.flatnonzero(request.weights[rows].any(axis=0)):
            slots = task.program.slots.copy()
            slots[request.slots[number]] += request.changes[number]
            _add(tangents, request.weights[rows, number], _state_of(run(slots)))
        return tangents

    plain = run(task.program.slots)
    state = _state_of(plain)
    count = len(request.weights)
    tensor, along = np.zeros((count, count), np.complex128), np.zeros(count, np.complex128)
    blocks = [np.arange(begin, min(begin + request.at_a_time, count)) for begin in range(0, count, request.at_a_time)]
    for place, rows in enumerate(blocks):
        tangents = block(rows)
        tensor[np.ix_(rows, rows)] = _products(tangents, tangents)
        along[rows] = _products(state[np.newaxis], tangents)[0]
        for columns in blocks[place + 1 :]:
            found = _products(tangents, block(columns))
            tensor[np.ix_(rows, columns)], tensor[np.ix_(columns, rows)] = found, found.conj().T
    if request.phase_fix:
        tensor -= np.outer(along.conj(), along)
    facts = plain.facts._replace(seconds=time.perf_counter() - start)
    return plain._replace(state=None, facts=facts, stage_seconds=(), readouts=(tensor,))


def _state_of(outcome: Outcome) -> NDArray[np.complexfloating]:
    assert outcome.state is not None
    return outcome.state


def _add(
    tangents: NDArray[np.complexfloating], weights: NDArray[np.float64], state: NDArray[np.complexfloating]
) -> None:
    """Add multiples of a state to tangents."""
    for begin in range(0, len(state), CHUNK):
        part = state[begin : begin + CHUNK]
        for row in np.flatnonzero(weights):
            tangents[row, begin : begin + CHUNK] += (weights[row] * part).astype(tangents.dtype)


def _products(bras: NDArray[np.complexfloating], kets: NDArray[np.complexfloating]) -> NDArray[np.complex128]:
    """Return all inner products of two lists of vectors."""
    total = np.zeros((len(bras), len(kets)), np.complex128)
    for begin in range(0, bras.shape[1], CHUNK):
        there = slice(begin, begin + CHUNK)
        total += bras[:, there].conj().astype(np.complex128) @ kets[:, there].astype(np.complex128).T
    return total
