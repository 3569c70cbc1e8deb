"""The table of Aer's save instructions: each row has all that ketjet knows of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ketjet.saves import forms

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["LISTED", "SAVES", "SAVE_UNITARY", "SINGLE", "Save"]

SINGLE = ("single", "list", "c_single", "c_list")
"""Subtypes of what cannot be averaged."""

AVERAGED = ("average", "accum", "list", "c_average", "c_accum", "c_list")
"""Subtypes of what can."""

LISTED = ("list", "c_list")
"""Subtypes with an entry for every shot."""

SAVE_UNITARY = "save_unitary"


class Save(NamedTuple):
    """What one of the instructions means, takes and shows."""

    kind: str
    """What the engine saves for it, by the engine's name."""
    subtypes: tuple[str, ...]
    whole: bool
    """Whether it is about all qubits at once, in the circuit's order, whatever order they are given in."""
    value: Callable[[NDArray[Any], float], NDArray[Any]]
    """What to average, from a datum and the threshold below which dictionaries leave values out."""
    show: Callable[[NDArray[Any], forms.SaveFrame], Any]
    bytes_of: Callable[[int, int], int]
    """What a datum takes at least, from the number of qubits and the bytes of an amplitude."""
    leaves_out_zeros: bool = False
    """Whether it is shown as a dictionary, without what is zero because qubits are known."""


def _amplitudes(num_qubits: int, amplitude: int) -> int:
    return amplitude << num_qubits


def _probabilities(num_qubits: int, _: int) -> int:
    return 8 << num_qubits


def _matrix(num_qubits: int, _: int) -> int:
    return 16 << 2 * num_qubits


def _little(*_: int) -> int:
    return 0


SAVES = {
    "save_statevector": Save("state", SINGLE, True, forms.as_complex, forms.statevector, _amplitudes),
    "save_statevector_dict": Save(
        "state", SINGLE, True, forms.without_small, forms.amplitude_dictionary, _amplitudes, leaves_out_zeros=True
    ),
    "save_state": Save("state", SINGLE, True, forms.as_complex, forms.statevector, _amplitudes),
    "save_amplitudes": Save("amplitudes", SINGLE, True, forms.as_complex, forms.as_it_is, _little),
    "save_amplitudes_sq": Save("amplitudes", AVERAGED, True, forms.squares, forms.as_it_is, _little),
    "save_probabilities": Save("probabilities", AVERAGED, False, forms.as_real, forms.probabilities, _probabilities),
    "save_probabilities_dict": Save(
        "probabilities", AVERAGED, False, forms.without_small, forms.distribution, _probabilities, leaves_out_zeros=True
    ),
    "save_expval": Save("expectations", AVERAGED, False, forms.as_real, forms.number, _little),
    "save_expval_var": Save("expectations", AVERAGED, False, forms.variance, forms.as_it_is, _little),
    "save_density_matrix": Save("density", AVERAGED, False, forms.as_complex, forms.density_matrix, _matrix),
    SAVE_UNITARY: Save("state", ("single", "list"), True, forms.as_complex, forms.operator, _amplitudes),
}
