"""Blocks of quantum geometric tensors: of angles that are in the same layer of a circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from ketjet import engine
from ketjet.backend.admission import admit_lowered, require_hope
from ketjet.backend.differentiation import columns_of
from ketjet.backend.experiments import experiment_of
from ketjet.backend.geometric_tensor import CircuitWithTangents, require_tangents, slopes_of
from ketjet.errors import InvalidCircuitError, InvalidOptionError
from ketjet.lowering.program_to_read import lower_to_read
from ketjet.lowering.tangent_layers import TangentLayers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet.backend.admission import Admission
    from ketjet.experiment import Experiment

__all__ = ["Blocks", "CircuitWithLayers", "circuit_with_tangents", "require_blocks"]

Blocks: TypeAlias = Literal["layers", "diagonal"] | None


class CircuitWithLayers:
    """A circuit whose tensor is wanted only between angles of the same layer.

    Parameters
    ----------
    circuit, admission, parameters
        As of `CircuitWithTangents`.
    diagonal
        Whether only the diagonal is wanted.

    Attributes
    ----------
    lowered : LoweredCircuit
        Without measurements at its end.

    Raises
    ------
    InvalidCircuitError
        It cannot be simulated, has an instruction that cannot be differentiated, or too many Pauli strings in a layer.
    InvalidOptionError
        A parameter is not one of the circuit's.
    InsufficientMemoryError
        It does not fit into memory.
    """

    def __init__(
        self,
        circuit: QuantumCircuit,
        admission: Admission,
        parameters: Sequence[Parameter | str] | None = None,
        *,
        diagonal: bool,
    ) -> None:
        admission = require_hope(circuit, admission._replace(reads_state=True))
        self.lowered, self._diagonal = lower_to_read(circuit).lowered, diagonal
        self._columns = columns_of(circuit, self.lowered, parameters)
        require_tangents(circuit, self.lowered, admission)
        self._slots, together = self._wanted()
        try:
            self._layers = TangentLayers(self.lowered.program, self._slots, together)
        except InvalidCircuitError as error:
            raise InvalidCircuitError(f"circuit {circuit.name!r}: {error.message}") from error
        saving = self.lowered._replace(program=self._layers.program, has_measurements=True)  # so that it has a shot
        admitted = admit_lowered(circuit, saving, admission._replace(reads_state=False))
        self._experiment = experiment_of(saving, admitted, admission.options, 0)._replace(shots=0)

    @property
    def num_parameters(self) -> int:
        """How many parameters it is differentiated by."""
        return len(self._columns)

    def at(self, program: engine.Program, values: NDArray[np.float64], *, phase_fix: bool) -> Experiment:
        """Return the run with values of the parameters that gives the tensor."""
        coefficients, constants = self._layers.coefficients(program)
        slopes = slopes_of(self.lowered, self._slots, values, self._columns)
        tangents, weights, of_identity = [], [], []
        for layer in self._layers.layers:
            there = slopes[:, layer.rows]
            tangents.append(used := np.flatnonzero(there.any(axis=1)))
            weights.append(np.einsum("js,sa->aj", there[used], coefficients[np.ix_(layer.rows, layer.strings)]))
            of_identity.append(np.einsum("js,s->j", there[used], constants[layer.rows]))
        request = engine.LayersRequest(
            tuple([layer.saved for layer in self._layers.layers]),
            tuple(tangents),
            tuple(weights),
            tuple(of_identity),
            self.num_parameters,
            phase_fix,
            self._diagonal,
        )
        layered = self._layers.at(program.slots)
        task = self._experiment.task._replace(program=layered, tensor=request)
        return self._experiment._replace(task=task)

    def _wanted(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the slots that vary, and for which pairs of them the inner product of their tangents matters."""
        slots, columns = self.lowered.dependences()
        varying, places = np.unique(slots, return_inverse=True)
        depends = np.zeros((len(varying), len(self.lowered.parameters)))
        depends[places, columns] = 1
        depends = depends[:, self._columns]
        if self._diagonal:
            return varying, depends @ depends.T > 0
        matters = depends.any(axis=1)
        return varying, np.logical_and.outer(matters, matters)


def require_blocks(blocks: Blocks) -> None:
    """Raise InvalidOptionError if a tensor has no such blocks."""
    if blocks not in (None, "layers", "diagonal"):
        raise InvalidOptionError(f'blocks must be None, "layers" or "diagonal", got {blocks!r}.')


def circuit_with_tangents(
    circuit: QuantumCircuit, admission: Admission, parameters: Sequence[Parameter | str] | None, blocks: Blocks
) -> CircuitWithTangents | CircuitWithLayers:
    """Make a circuit ready for its tensor, or for some blocks of it.

    Raises
    ------
    InvalidOptionError, InvalidCircuitError, InsufficientMemoryError
        As `require_blocks`, `CircuitWithTangents` or `CircuitWithLayers`.
    """
    require_blocks(blocks)
    if blocks is None:
        return CircuitWithTangents(circuit, admission, parameters)
    return CircuitWithLayers(circuit, admission, parameters, diagonal=blocks == "diagonal")
