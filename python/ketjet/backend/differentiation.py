"""Gradients of expectation values: from circuits, observables and points to tasks, and from outcomes to arrays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ketjet import engine
from ketjet.backend.admission import Admitted, require_hope
from ketjet.backend.experiments import experiment_of
from ketjet.backend.gradient_arrays import Differentiation
from ketjet.backend.refusals import too_wide
from ketjet.backend.result_memory import bytes_of_run, require_memory
from ketjet.errors import InvalidCircuitError, InvalidOptionError
from ketjet.lowering.changed_angles import repeated_slots
from ketjet.lowering.hadamard_test import hadamard_test
from ketjet.lowering.parameters import names_of
from ketjet.lowering.program_to_read import lower_to_read
from ketjet.options.machine import switched_off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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

    Run = Callable[[list[Experiment]], list[Outcome]]

__all__ = ["DifferentiableCircuit", "barred", "columns_of", "mirrored_plan_of"]


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
        self._last: _Placed | None = None
        begin = time.perf_counter()
        try:
            self._plan = mirrored_plan_of(self.lowered.program, admission)
        except engine.NotDifferentiable as error:
            raise barred(circuit, error, "gradient by the adjoint method", self._advice()) from error
        if self._parts != ("real",):
            self._test = hadamard_test(self.lowered.program)
            self._plan = mirrored_plan_of(self._test.program, admission)
        plan_time = time.perf_counter() - begin
        self._slots = self._slots_to_differentiate_by()
        self._demand_of_one = demand = self._demand(admission, 1)
        self._admission = admission.suffices_for(demand.peak_bytes)
        available = self._admission.available[0]
        if demand.peak_bytes > available:
            blocks = demand.peak_bytes - 2 * demand.state_bytes
            fitting = engine.max_qubits((available - blocks) // 2, admission.options.precision) - (
                self._test is not None
            )
            qubits = self._plan.plan.num_qubits
            raise too_wide(circuit, qubits, demand.peak_bytes, fitting, self._admission, states=2)
        here, far = self._admission.here, self._admission.far
        admitted = Admitted(self.lowered, self._plan.plan, plan_time, demand, here, far)
        self._experiment = experiment_of(self.lowered, admitted, admission.options, 0)

    @property
    def num_parameters(self) -> int:
        """How many parameters it is differentiated by."""
        return len(self._columns)

    def differentiation(
        self, observables: Observables, grid: Grid, points: Iterable[engine.Program]
    ) -> Differentiation:
        """Prepare the gradients of a pub, whose distinct points are given as programs with angles.

        Raises
        ------
        InvalidCircuitError
            An angle has no derivative at a point.
        """
        self.lowered.require_derivatives(grid.values, self._columns)
        placed = self._placed(observables)
        slots = len(placed.experiment.task.program.slots)
        of_point = bytes_of_run(placed.experiment.task) + 8 * (1 + slots) * placed.table.num_rows
        require_memory(len(grid.values), of_point, placed.experiment)
        wanted, places = grid.observables_by_point() if len(grid.values) else ([], np.empty(0, np.int64))
        experiments = []
        if placed.table.num_strings:
            parts: dict[bytes, Experiment] = {}
            for program, numbers in zip(points, wanted, strict=True):
                key = numbers.tobytes()
                if key not in parts:
                    all_of_them = len(numbers) == placed.table.num_rows
                    parts[key] = placed.experiment if all_of_them else self._experiment_of(placed.table.some(numbers))
                experiments.append(self._at(program, parts[key]))
        return Differentiation(grid, self, placed.constants, wanted, places, experiments)

    def values_and_gradients(
        self, observables: Observables, grid: Grid, run: Run
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the values of a pub, in its shape, and gradients, with an axis over parameters behind that."""
        prepared = self.differentiation(observables, grid, self.lowered.programs_at(grid.values))
        return prepared.arrays(run(prepared.experiments))

    def gradients_of_sums(
        self, observables: Observables, weights: NDArray[np.float64], points: NDArray[np.float64], run: Run
    ) -> NDArray[np.float64]:
        """Return the gradients of sums of observables, one sum for each point, with weights (points, observables)."""
        self.lowered.require_derivatives(points, self._columns)
        found = np.zeros((len(points), self.num_parameters))
        table = self._placed(observables).table
        if not table.num_strings:
            return found
        experiment, programs = self._experiment_of(table, weighted=True), self.lowered.programs_at(points)
        rows = zip(programs, weights.tolist(), strict=True)
        outcomes = run([self._at(program, experiment, tuple(row)) for program, row in rows])
        for point, outcome in enumerate(outcomes):
            found[point] = self.pulled_back(points[point], outcome.readouts[1])[0]
        return found

    def pulled_back(self, values: NDArray[np.float64], by_slot: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return derivatives by the chosen parameters, at one point, from those by slots; one row for each."""
        binding = self.lowered.binding
        if binding is None:
            return np.empty((len(by_slot), 0))
        if self._test is not None:
            by_slot = by_slot[:, self._test.ket_slots]
        return np.array([binding.pull_back(values, row, self._columns) for row in by_slot])

    def _placed(self, observables: Observables) -> _Placed:
        """Return observables as the program has them; an optimiser asks for the same ones again and again."""
        if self._last is None or self._last.given is not observables:
            table = observables.in_program(self.lowered.qubits, self._measured)
            if self._test is None:
                constants, table = table.split_identities
            else:
                constants = np.zeros(len(self._parts) * table.num_rows)
                table = self._test.observables(table, self._parts)
            self._last = _Placed(observables, constants, table, self._experiment_of(table))
        return self._last

    def _experiment_of(self, table: Observables, *, weighted: bool = False) -> Experiment:
        """Return how observables as the program has them, or their weighted sum, are differentiated."""
        rows = 1 if weighted else table.num_rows
        demand = self._demand_of_one if rows == 1 else self._demand(self._admission, rows)
        task = self._experiment.task._replace(
            threads=demand.threads,
            seconds=demand.seconds,
            peak_bytes=demand.peak_bytes,
            gradient=engine.GradientRequest(table.readout, (), demand.states, self._plan, self._slots),
        )
        return self._experiment._replace(task=task, peak_bytes=demand.peak_bytes)

    def _at(self, program: engine.Program, experiment: Experiment, weights: tuple[float, ...] = ()) -> Experiment:
        """Return what runs with these angles, and with weights of the observables if there are any."""
        task = experiment.task._replace(program=program if self._test is None else self._test.at(program.slots))
        if weights:
            assert task.gradient is not None
            task = task._replace(gradient=task.gradient._replace(weights=weights))
        return experiment._replace(task=task)

    def _slots_to_differentiate_by(self) -> NDArray[np.int64] | None:
        """Return the slots of what runs that the chosen parameters have a part in; None for all that it has."""
        slots = np.array(sorted(self.lowered.slots_with(self._columns.tolist())), np.int64)
        if self._test is not None:
            return self._test.ket_slots[slots]
        return slots if len(slots) < len(self.lowered.program.slots) else None

    def _advice(self) -> str:
        """Tell whether shift rules differentiate the circuit, which take everything but parameters in loops."""
        varying = self.lowered.slots_with(self._columns)
        if self._parts != ("real",) or any(slot in varying for slot, *_ in repeated_slots(self.lowered.program)):
            return ""
        return ' Simulator.gradient(), EstimatorV2.gradient() and Objective() take this one with method="shift".'

    def _demand(self, admission: Admission, rows: int) -> engine.Demand:
        return engine.gradient_demand(self._plan, rows, max_threads=admission.threads, available=admission.available[0])


class _Placed(NamedTuple):
    """Observables, and how they are differentiated.

    Attributes
    ----------
    given : Observables
    constants : ndarray of float
        The part of each that is the same in all states.
    table : Observables
        The others as the program has them.
    experiment : Experiment
        What runs, but for the values of the parameters.
    """

    given: Observables
    constants: NDArray[np.float64]
    table: Observables
    experiment: Experiment


def mirrored_plan_of(program: engine.Program, admission: Admission) -> engine.MirroredPlan:
    """Plan the way through a circuit's program and back.

    Raises
    ------
    NotDifferentiable
        An instruction bars derivatives.
    """
    options = admission.options
    return engine.mirrored_plan(program, options.precision, switched_off=switched_off(options))


def barred(circuit: QuantumCircuit, error: engine.NotDifferentiable, what: str, instead: str = "") -> Exception:
    """Return the error of a circuit with an instruction that bars derivatives.

    Parameters
    ----------
    circuit
    error
        The engine's, which names the instruction.
    what
        What the circuit does not have.
    instead
        What is of help.
    """
    reason, _ = error.args
    return InvalidCircuitError(
        f"circuit {circuit.name!r} has no {what}: {reason}. Differentiate a circuit of unitary gates, with "
        f"initialisations, if any, before the first parameter.{instead}"
    )


def columns_of(
    circuit: QuantumCircuit, lowered: LoweredCircuit, parameters: Sequence[Parameter | str] | None
) -> NDArray[np.int64]:
    """Return the places of parameters, all by default, among those of a circuit.

    Raises
    ------
    InvalidOptionError
        One is not among them.
    """
    if parameters is None:
        return np.arange(len(lowered.parameters))
    own = {parameter.name: number for number, parameter in enumerate(lowered.parameters)}
    names = [each if isinstance(each, str) else getattr(each, "name", repr(each)) for each in parameters]
    if unknown := [name for name in names if name not in own]:
        raise InvalidOptionError(
            f"circuit {circuit.name!r} has no parameters {names_of(unknown)}; its parameters are "
            f"{names_of(own) or 'none'}."
        )
    return np.array([own[name] for name in names], np.int64)
