"""Gradients of expectation values: from circuits, observables and points to tasks, and from outcomes to arrays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.backend.admission import Admitted, require_hope, too_wide
from ketjet.backend.request import experiment_of
from ketjet.errors import InvalidCircuitError, InvalidOptionError
from ketjet.lowering.hadamard_test import hadamard_test
from ketjet.lowering.parameters import names_of
from ketjet.lowering.program_to_read import lower_to_read
from ketjet.options.machine import switched_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from ketjet.backend.admission import Admission
    from ketjet.engine import Outcome
    from ketjet.experiment import Experiment
    from ketjet.lowering import LoweredCircuit
    from ketjet.lowering.hadamard_test import HadamardTest, Part
    from ketjet.lowering.observable_table import Observables
    from ketjet.points.broadcasting import Grid

__all__ = [
    "DifferentiableCircuit",
    "Differentiation",
    "columns_of",
    "differentiation",
    "mirrored_plan_of",
    "of_sums",
]


class DifferentiableCircuit:
    """A circuit whose expectation values have derivatives by its parameters.

    Parameters
    ----------
    circuit
        Of unitary gates; it may begin by initialising qubits and end by measuring them.
    admission
        What it may use.
    parameters
        What to differentiate by; all by default.
    parts
        Which parts of ``2 <state| O |derivative of the state>`` stand for the derivatives of an observable O; if there
        are two, those of all observables first. The real part is the derivative of its value.

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
        Two of its states do not fit into memory.
    """

    def __init__(
        self,
        circuit: QuantumCircuit,
        admission: Admission,
        parameters: Sequence[Parameter | str] | None = None,
        parts: Sequence[Part] = ("real",),
    ) -> None:
        admission = require_hope(circuit, admission)
        self.lowered, self._measured, _, _ = lower_to_read(circuit)
        self._columns = columns_of(circuit, self.lowered, parameters)
        self._parts = tuple(parts)
        self._test: HadamardTest | None = None
        begin = time.perf_counter()
        self._plan = mirrored_plan_of(circuit, self.lowered.program, admission)
        if self._parts != ("real",):
            self._test = hadamard_test(self.lowered.program)
            self._plan = mirrored_plan_of(circuit, self._test.program, admission)
        plan_time = time.perf_counter() - begin
        demand = self._demand(admission, 1)
        self._admission = admission.suffices_for(demand.peak_bytes)
        available = self._admission.available[0]
        if demand.peak_bytes > available:
            blocks = demand.peak_bytes - 2 * demand.state_bytes
            fitting = engine.max_qubits((available - blocks) // 2, admission.options.precision) - (
                self._test is not None
            )
            qubits = self._plan.plan.num_qubits
            raise too_wide(circuit, qubits, demand.peak_bytes, fitting, self._admission, states=2)
        admitted = Admitted(self.lowered, self._plan.plan, plan_time, demand, available)
        self._experiment = experiment_of(self.lowered, admitted, admission.options, 0)._replace(shots=0)

    @property
    def num_parameters(self) -> int:
        """How many parameters it is differentiated by."""
        return len(self._columns)

    def placed(self, observables: Observables) -> tuple[NDArray[np.float64], Observables]:
        """Return the parts of observables that are the same in all states, and the others as the program has them."""
        placed = observables.in_program(self.lowered.qubits, self._measured)
        if self._test is None:
            return placed.split_identities()
        return np.zeros(len(self._parts) * placed.num_rows), self._test.observables(placed, self._parts)

    def at(self, bound: LoweredCircuit, observables: Observables, weights: tuple[float, ...] = ()) -> Experiment:
        """Return the run with values of the parameters that differentiates observables, or their weighted sum."""
        demand = self._demand(self._admission, 1 if weights else observables.num_rows)
        task = self._experiment.task._replace(
            program=bound.program if self._test is None else self._test.at(bound.program.slots),
            threads=demand.threads,
            seconds=demand.seconds,
            peak_bytes=demand.peak_bytes,
            gradient=engine.GradientRequest(observables.readout(), weights, demand.states, self._plan),
        )
        return self._experiment._replace(task=task, peak_bytes=demand.peak_bytes)

    def pulled_back(self, values: NDArray[np.float64], by_slot: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return derivatives by the chosen parameters, at one point, from those by slots; one row for each."""
        binding = self.lowered.binding
        if binding is None:
            return np.empty((len(by_slot), 0))
        if self._test is not None:
            by_slot = by_slot[:, self._test.ket_slots]
        return np.array([binding.pull_back(values, row)[self._columns] for row in by_slot])

    def _demand(self, admission: Admission, rows: int) -> engine.Demand:
        return engine.gradient_demand(self._plan, rows, max_threads=admission.threads, available=admission.available[0])


def mirrored_plan_of(circuit: QuantumCircuit, program: engine.Program, admission: Admission) -> engine.MirroredPlan:
    """Plan the way through a circuit's program and back.

    Raises
    ------
    InvalidCircuitError
        An instruction bars derivatives.
    """
    options = admission.options
    try:
        return engine.mirrored_plan(program, options.precision, switched_off=switched_off(options))
    except engine.NotDifferentiable as error:
        reason, _ = error.args
        raise InvalidCircuitError(
            f"circuit {circuit.name!r} has no gradient by the adjoint method: {reason}. Differentiate a circuit of "
            "unitary gates, with initialisations, if any, before the first parameter; Simulator.gradient() with "
            "method='shift' takes others."
        ) from error


def columns_of(
    circuit: QuantumCircuit, lowered: LoweredCircuit, parameters: Sequence[Parameter | str] | None
) -> NDArray[np.int64]:
    """Return the places of parameters, all by default, among those of a circuit.

    Raises
    ------
    InvalidOptionError
        One is not among them.
    """
    own = {parameter.name: number for number, parameter in enumerate(lowered.parameters)}
    if parameters is None:
        return np.arange(len(own))
    names = [each if isinstance(each, str) else getattr(each, "name", repr(each)) for each in parameters]
    if unknown := [name for name in names if name not in own]:
        raise InvalidOptionError(
            f"circuit {circuit.name!r} has no parameters {names_of(unknown)}; its parameters are "
            f"{names_of(own) or 'none'}."
        )
    return np.array([own[name] for name in names], np.int64)


class Differentiation(NamedTuple):
    """The values of a pub and their gradients, before they are run.

    Attributes
    ----------
    grid : Grid
    circuit : DifferentiableCircuit
    constants : ndarray of float
        The part of each observable that is the same in all states.
    wanted : list of ndarray of int
        At each distinct point, the numbers of the observables that are wanted there.
    places : ndarray of int
        Of each value of the pub: its place in these lists, one after the other.
    experiments : list of Experiment
        One for every point; none if no observable depends on the state.
    """

    grid: Grid
    circuit: DifferentiableCircuit
    constants: NDArray[np.float64]
    wanted: list[NDArray[np.int64]]
    places: NDArray[np.int64]
    experiments: list[Experiment]

    def arrays(self, outcomes: Sequence[Outcome]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return values, in the shape of the pub, and gradients, with an axis over parameters behind that."""
        values = [self.constants[numbers] for numbers in self.wanted]
        gradients = [np.zeros((len(numbers), self.circuit.num_parameters)) for numbers in self.wanted]
        for point, outcome in enumerate(outcomes):
            found, by_slot = outcome.readouts
            values[point] = values[point] + found
            gradients[point] = self.circuit.pulled_back(self.grid.values[point], by_slot)
        shape = self.grid.shape
        if not self.wanted:
            return np.zeros(shape), np.zeros((*shape, self.circuit.num_parameters))
        return (
            np.concatenate(values)[self.places].reshape(shape),
            np.concatenate(gradients)[self.places].reshape((*shape, self.circuit.num_parameters)),
        )


def differentiation(
    circuit: DifferentiableCircuit, observables: Observables, grid: Grid, points: Iterable[LoweredCircuit]
) -> Differentiation:
    """Prepare the gradients of a pub, whose distinct points are given as circuits with values."""
    constants, placed = circuit.placed(observables)
    wanted, places = grid.observables_by_point() if len(grid.values) else ([], np.empty(0, np.int64))
    experiments = []
    if placed.num_strings:
        parts: dict[bytes, Observables] = {}
        for bound, numbers in zip(points, wanted, strict=True):
            key = numbers.tobytes()
            if key not in parts:
                parts[key] = placed if len(numbers) == placed.num_rows else placed.some(numbers)
            experiments.append(circuit.at(bound, parts[key]))
    return Differentiation(grid, circuit, constants, wanted, places, experiments)


def of_sums(
    circuit: DifferentiableCircuit,
    observables: Observables,
    weights: NDArray[np.float64],
    points: Iterable[LoweredCircuit],
) -> list[Experiment]:
    """Prepare the gradients of sums of observables, one sum for each point, with weights (points x observables)."""
    _, placed = circuit.placed(observables)
    if not placed.num_strings:
        return []
    return [circuit.at(bound, placed, tuple(row)) for bound, row in zip(points, weights.tolist(), strict=True)]
