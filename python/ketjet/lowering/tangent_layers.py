"""Layers of a program whose derivatives are read in one run, as products of generators.

Behind an operation with an angle, the derivative of the state by that is -i G times the state, with G Hermitian. The
angles of operations that commute can be had at one place of the program: their tangents have the inner products
<G_s G_t>. So the program is sorted into layers, and saves the values of the Pauli strings that these consist of behind
each. There the qubits are turned so that strings become diagonal, where one Pauli does for all that act on a qubit: the
values of diagonal strings take one look at the state, whatever their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.errors import InvalidCircuitError
from ketjet.lowering.observable_table import table_of
from ketjet.lowering.pauli_terms import bit_counts
from ketjet.lowering.rebuilt_program import RebuiltProgram

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ketjet.lowering.observable_table import Observables

    Masks = NDArray[np.uint64]

__all__ = ["MAX_STRINGS", "TangentLayer", "TangentLayers"]

MAX_STRINGS = 1 << 11
"""The most Pauli strings that the generators of one layer may have."""

MAX_READ = 1 << 16
"""The most Pauli strings, products of these among them, that are read behind one layer."""

TURNS = {"X": (("h",), ("h",)), "Y": (("sdg", "h"), ("h", "s"))}
"""Gates that turn a Pauli into Z, and back."""


class TangentLayer(NamedTuple):
    """Angles of a layer, and what is saved behind it.

    Attributes
    ----------
    rows : ndarray of int
        The angles, by their numbers among all that vary.
    strings : ndarray of int
        What their generators consist of, by the numbers that strings have in the table of all; without I.
    saved : engine.SavedStrings
        Where the values of these and of their products are.
    """

    rows: NDArray[np.int64]
    strings: NDArray[np.int64]
    saved: engine.SavedStrings


class TangentLayers:
    """The layers of a program.

    Parameters
    ----------
    program
        Of unitary operations, on 64 qubits at most; others may prepare a state at its beginning.
    slots
        The slots that vary, ascending.
    together
        For each pair of these whether the product of their tangents is wanted if they are in one layer; shape (slots,
        slots).

    Attributes
    ----------
    program : Program
        The one that saves, without angles.
    layers : list of TangentLayer
        Save number k is of layer k.

    Raises
    ------
    InvalidCircuitError
        There are too many strings.
    """

    def __init__(self, program: engine.Program, slots: NDArray[np.int64], together: NDArray[np.bool_]) -> None:
        self._slots, self._num_qubits = slots, program.num_qubits
        self._table = self._generators(program.with_slots(_any_angles(len(program.slots))))
        x, z = self._table.x_masks[:, 0], self._table.z_masks[:, 0]
        self._numbers = {masks: number for number, masks in enumerate(zip(x.tolist(), z.tolist(), strict=True))}
        self._has = np.zeros((len(slots), len(x)), bool)  # which generators have which strings, but for I
        self._has[self._table.rows, self._table.columns] = True
        self._has[:, (x | z) == 0] = False
        self.layers: list[TangentLayer] = []
        rebuilt = RebuiltProgram(program)
        for fixed, varying, rows in self._sorted(program):
            for operation in (*fixed, *varying):
                rebuilt.take(operation)
            if len(of_interest := rows[together[rows, rows]]):
                self._save_behind(of_interest, together[np.ix_(of_interest, of_interest)], rebuilt)
        self.program, self._sources = rebuilt.made(self._num_qubits), rebuilt.sources

    def at(self, slots: NDArray[np.float64]) -> engine.Program:
        """Return the program that saves, with the angles of the original one."""
        return self.program.with_slots(slots[self._sources])

    def coefficients(self, program: engine.Program) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the generators that the varying slots have with the angles of the original program.

        Returns
        -------
        coefficients : ndarray, shape (slots, strings)
            Of the strings of the table of all.
        constants : ndarray, shape (slots,)
            The multiples of I.
        """
        table = self._generators(program)
        masks = zip(table.x_masks[:, 0].tolist(), table.z_masks[:, 0].tolist(), strict=True)
        numbers = np.array([self._numbers.get(each, -1) for each in masks], np.int64)[table.columns]
        there = numbers >= 0  # what structure excludes is rounding
        coefficients = np.zeros((len(self._slots), len(self._numbers)))
        coefficients[table.rows[there], numbers[there]] = table.coefficients[there]
        constants = np.zeros(len(self._slots))
        if (identity := self._numbers.get((0, 0))) is not None:
            constants = coefficients[:, identity]
        return coefficients, constants

    def _generators(self, program: engine.Program) -> Observables:
        """Return the generators of the varying slots as sums of Pauli strings."""
        slots, *columns, coefficients = engine.generators(program)
        wanted = np.isin(slots, self._slots)
        x, z, fixed, ones = (column[wanted, np.newaxis] for column in columns)
        rows = np.searchsorted(self._slots, slots[wanted])
        shape = (len(self._slots),)
        table = table_of(shape, self._num_qubits, rows, (x, z, fixed, ones), coefficients[wanted])
        return table.without_conditions()

    def _sorted(self, program: engine.Program) -> Iterable[tuple[list[int], list[int], NDArray[np.int64]]]:
        """Yield layers: what comes before the operations that vary, these, and the numbers of their slots."""
        slot_begin = program.packed()[7].astype(np.int64)
        homes = np.searchsorted(slot_begin, self._slots, side="right") - 1  # the operations of the slots
        varies = np.zeros(len(slot_begin) - 1, np.uint8)
        varies[homes] = 1
        layers = engine.commuting_layers(program, varies)
        for layer in np.unique(layers[homes]).tolist():
            there = layers == layer
            fixed, varying = np.flatnonzero(there & (varies == 0)), np.flatnonzero(there & (varies == 1))
            yield fixed.tolist(), varying.tolist(), np.flatnonzero(layers[homes] == layer)

    def _save_behind(self, rows: NDArray[np.int64], together: NDArray[np.bool_], rebuilt: RebuiltProgram) -> None:
        """Append what is saved behind a layer, whose angles these are, and what turns qubits for that."""
        has = self._has[rows]
        strings = np.flatnonzero(has.any(axis=0))
        _require_few(len(strings), MAX_STRINGS)
        has = has[:, strings].astype(np.int64)
        wanted = np.einsum("sa,sb->ab", has, np.einsum("st,tb->sb", together.astype(np.int64), has))
        left, right = np.nonzero(np.triu(wanted, 1))
        x, z, there, back = _turned(self._table.x_masks[strings, 0], self._table.z_masks[strings, 0])
        every_x, every_z = np.concatenate([x, x[left] ^ x[right]]), np.concatenate([z, z[left] ^ z[right]])
        saved: dict[tuple[int, int], int] = {(0, 0): -1}  # a product may be I, whose value nobody reads
        places = [saved.setdefault(key, len(saved) - 1) for key in zip(every_x.tolist(), every_z.tolist(), strict=True)]
        del saved[0, 0]
        _require_few(len(saved), MAX_READ)
        for gate, qubit in there:
            rebuilt.gate(gate, qubit)
        rebuilt.save_strings(len(self.layers), self._num_qubits, list(saved))
        for gate, qubit in back:
            rebuilt.gate(gate, qubit)
        phases = _phases(x[left], z[left], x[right], z[right])
        own, of_products = np.split(np.array(places, np.int64), [len(strings)])
        self.layers.append(TangentLayer(rows, strings, engine.SavedStrings(own, left, right, of_products, phases)))


def _require_few(count: int, limit: int) -> None:
    if count > limit:
        raise InvalidCircuitError(
            f"the derivatives of a layer consist of {count} Pauli strings, and at most {limit} are evaluated; take the "
            "whole tensor, with blocks=None"
        )


def _turned(x: Masks, z: Masks) -> tuple[Masks, Masks, list[tuple[str, int]], list[tuple[str, int]]]:
    """Return strings as they are when qubits have been turned on which all have I or the same Pauli.

    Behind the strings there are the gates that turn, with their qubits, and those that turn back.
    """
    any_x, any_y, any_z = (int(np.bitwise_or.reduce(masks, initial=0)) for masks in (x & ~z, x & z, z & ~x))
    only_x, only_y = any_x & ~any_y & ~any_z, any_y & ~any_x & ~any_z
    turned = np.uint64(only_x | only_y)
    there, back = (
        [
            (gate, qubit)
            for name, only in (("X", only_x), ("Y", only_y))
            for gate in TURNS[name][way]
            for qubit in range(only.bit_length())
            if only >> qubit & 1
        ]
        for way in (0, 1)
    )
    return x & ~turned, z | x & turned, there, back


def _phases(x: Masks, z: Masks, other_x: Masks, other_z: Masks) -> NDArray[np.complex128]:
    """Return what the products of Pauli strings are multiplied by beside the string that has the sums of the masks.

    Y is iXZ: a product has as many factors of i as both strings have Y, less those that it has itself, and a sign for
    each Z that passes an X.
    """
    powers = bit_counts((x & z)[:, np.newaxis]) + bit_counts((other_x & other_z)[:, np.newaxis])
    powers -= bit_counts(((x ^ other_x) & (z ^ other_z))[:, np.newaxis])
    powers += 2 * bit_counts((z & other_x)[:, np.newaxis])
    return np.array([1, 1j, -1, -1j]).take(powers % 4)


def _any_angles(count: int) -> NDArray[np.float64]:
    """Return angles at which no coefficient of a generator vanishes by chance."""
    return np.random.default_rng(1).uniform(0.3, 1.2, count)
