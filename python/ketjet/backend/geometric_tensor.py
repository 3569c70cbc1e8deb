"""Quantum geometric tensors: from circuits and points to tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ketjet import engine
from ketjet.backend.admission import admit_lowered, require_hope
from ketjet.backend.differentiation import barred, columns_of, mirrored_plan_of
from ketjet.backend.experiments import experiment_of
from ketjet.backend.refusals import too_wide
from ketjet.lowering.changed_angles import changed_states
from ketjet.lowering.program_to_read import lower_to_read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet.backend.admission import Admission
    from ketjet.experiment import Experiment
    from ketjet.lowering import LoweredCircuit

__all__ = ["CircuitWithTangents", "require_tangents", "slopes_of"]


class CircuitWithTangents:
    """A circuit whose final state has derivatives by its parameters, the tangents.

    Parameters
    ----------
    circuit
        Of unitary gates; it may begin by initialising qubits and end by measuring them, which is left out.
    admission
        What it may use.
    parameters
        What to differentiate by; all by default.

    Attributes
    ----------
    lowered : LoweredCircuit
        Without measurements at its end.

    Raises
    ------
    InvalidCircuitError
        It cannot be simulated, or has an instruction that cannot be differentiated.
    InvalidOptionError
        A parameter is not one of the circuit's.
    InsufficientMemoryError
        Two of its tangents and two of its states do not fit into memory.
    """

    def __init__(
        self, circuit: QuantumCircuit, admission: Admission, parameters: Sequence[Parameter | str] | None = None
    ) -> None:
        admission = require_hope(circuit, admission)._replace(reads_state=True)
        self.lowered = lower_to_read(circuit).lowered
        self._columns = columns_of(circuit, self.lowered, parameters)
        require_tangents(circuit, self.lowered, admission)
        admitted = admit_lowered(circuit, self.lowered, admission)
        varying = self.lowered.slots_with(self._columns)
        runs = [run for run in changed_states(self.lowered.program) if run.slot in varying]
        self._slots = np.array([run.slot for run in runs], np.int64)
        self._changes = np.array([run.change for run in runs])
        self._weights = np.array([run.weight for run in runs])
        peak, state_bytes = admitted.demand.peak_bytes, admitted.demand.state_bytes
        count = len(self._columns)
        available = admission.suffices_for(peak + (count + 1) * state_bytes).available[0]
        fitting = (available - peak) // state_bytes - 1  # beside tangents and the state that runs, the unchanged one
        self._at_a_time = max(count, 1) if count <= fitting else fitting // 2
        if self._at_a_time < 1:
            qubits = self.lowered.program.num_qubits
            widest = engine.max_qubits((available - peak + state_bytes) // 4, admission.options.precision)
            raise too_wide(circuit, qubits, peak + 3 * state_bytes, widest, admission, states=4)
        held = count if count <= fitting else 2 * self._at_a_time
        experiment = experiment_of(self.lowered, admitted, admission.options, 0)
        task = experiment.task._replace(shots=0, return_state=True, peak_bytes=peak + (held + 1) * state_bytes)
        self._experiment = experiment._replace(task=task, shots=0, peak_bytes=task.peak_bytes)

    @property
    def num_parameters(self) -> int:
        """How many parameters it is differentiated by."""
        return len(self._columns)

    def at(self, program: engine.Program, values: NDArray[np.float64], *, phase_fix: bool) -> Experiment:
        """Return the run with values of the parameters that gives the tensor."""
        weights = slopes_of(self.lowered, self._slots, values, self._columns) * self._weights
        used = weights.any(axis=0)
        request = engine.TensorRequest(
            self._slots[used], self._changes[used], weights[:, used], phase_fix, self._at_a_time
        )
        blocks = -(-self.num_parameters // self._at_a_time)
        seconds = self._experiment.task.seconds * (1 + int(used.sum()) * (blocks + 1) / 2)
        task = self._experiment.task._replace(program=program, seconds=seconds, tensor=request)
        return self._experiment._replace(task=task)


def require_tangents(circuit: QuantumCircuit, lowered: LoweredCircuit, admission: Admission) -> None:
    """Raise InvalidCircuitError if an instruction of a circuit cannot be differentiated."""
    try:
        mirrored_plan_of(lowered.program, admission)  # which there is if all can
    except engine.NotDifferentiable as error:
        raise barred(circuit, error, "quantum geometric tensor") from error


def slopes_of(
    lowered: LoweredCircuit, slots: NDArray[np.int64], values: NDArray[np.float64], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the derivatives of slots, among which there may be equal ones, by some parameters (parameters, slots)."""
    distinct, places = np.unique(slots, return_inverse=True)
    slopes = np.zeros((len(distinct), len(columns)))
    one = np.zeros(len(lowered.program.slots))
    for row, slot in zip(slopes, distinct, strict=True):
        assert lowered.binding is not None
        one[slot] = 1
        row[:] = lowered.binding.pull_back(values, one, columns)
        one[slot] = 0
    return slopes.T[:, places]
