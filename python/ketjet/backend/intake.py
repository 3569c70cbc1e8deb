"""The circuits of one job made ready to run; small ones that differ in nothing but numbers become points of one task.

Those have one structure, which is compared by its hash and then once in full. What the planner says of the first of
them holds for all, so the others are not admitted again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketjet.backend.admission import Admitted, admission_now, admit_lowered, require_hope
from ketjet.backend.experiments import (
    MANY_POINTS,
    POINT_SECONDS,
    chunks_of_circuits,
    experiment_of,
    experiments_at,
    workers_that_take_chunks,
)
from ketjet.jobs.flights import SMALL_SECONDS
from ketjet.lowering import lower
from ketjet.options.machine import memory_limit

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from qiskit import QuantumCircuit

    from ketjet.experiment import Experiment
    from ketjet.lowering import LoweredCircuit
    from ketjet.options import SimulatorOptions

__all__ = ["Alike", "Intake", "Taken"]


class Alike:
    """Circuits that are points of one task, for they differ in nothing but angles and labels.

    Parameters
    ----------
    admitted
        One of them.
    options
        Of their runs.
    """

    def __init__(self, admitted: Admitted, options: SimulatorOptions) -> None:
        self.admitted, self.options = admitted, options
        self.circuits: list[LoweredCircuit] = []
        """Those that have been added, with numbers in all slots."""
        self.places: list[int] = []
        """The places of their results."""
        self.occurrences: list[int] = []
        """How many equal circuits of the job come before each."""

    def add(self, lowered: LoweredCircuit, place: int, occurrence: int) -> None:
        """Add a circuit."""
        self.circuits.append(lowered)
        self.places.append(place)
        self.occurrences.append(occurrence)


class Taken:
    """A circuit that may run.

    Parameters
    ----------
    lowered
        The circuit.
    admitted
        The same, or one that differs in nothing but numbers.
    options
        Of its run.
    alike
        What it is among, if that is known.
    """

    __slots__ = ("added", "admitted", "alike", "lowered", "number", "options")

    def __init__(
        self, lowered: LoweredCircuit, admitted: Admitted, options: SimulatorOptions, alike: Alike | None
    ) -> None:
        self.lowered, self.admitted, self.options, self.alike = lowered, admitted, options, alike
        self.added: LoweredCircuit | None = None
        """The circuit with numbers in all slots, once it has been added by itself."""
        self.number = 0
        """The number of its experiment then."""


class Intake:
    """Takes the circuits of one job, one after another, and gives experiments.

    Parameters
    ----------
    options
        Of the run.
    circuits
        How many there are.
    """

    def __init__(self, options: SimulatorOptions, circuits: int) -> None:
        self.seed = options.drawn_seed()
        self.results = 0
        """How many results there will be of what has been added."""
        self._options = options
        self._admission = admission_now(options, recent=True, sent=True)
        self._hopeful = self._admission.small_qubits
        self._together = circuits > 1 and _may_run_together(options)
        self._taken: dict[int, Taken] = {}  # by id: a circuit may be given many times
        self._firsts: dict[int, Taken] = {}  # by the sum of the hash of the structure and the shots
        self._alike: list[Alike] = []
        self._occurrences: dict[int, int] = {}  # of each program, angles included
        self._alone: list[tuple[int, Experiment]] = []  # and the place of its first result
        self._moved: set[int] = set()  # numbers of those that are among others after all

    def take(self, circuit: QuantumCircuit, options: SimulatorOptions) -> Taken:
        """Lower a circuit, unless it has been, and admit it, unless one has been that differs in nothing but numbers.

        Parameters
        ----------
        circuit
            Any circuit.
        options
            Those of the run, or other shots.

        Raises
        ------
        InvalidCircuitError, InsufficientMemoryError
            As `Simulator.run` does.
        """
        taken = self._taken.get(id(circuit))
        if taken is not None and taken.options.shots == options.shots:
            return taken
        admission = self._admission
        if options is not self._options:
            admission = admission._replace(options=options)
        if circuit.num_qubits > self._hopeful:
            admission = require_hope(circuit, admission)
        lowered = lower(circuit, keep_idle_qubits=options.return_state)
        first, structure = None, lowered.program.structure_hash + options.shots
        if self._together:
            first = self._firsts.get(structure)
        if first is not None and _differ_in_numbers(first, lowered, options) and _is_small(first.admitted):
            taken = Taken(lowered, first.admitted, options, self._among(first))
        else:
            taken = Taken(lowered, admit_lowered(circuit, lowered, admission), options, None)
            self._firsts.setdefault(structure, taken)
        self._taken[id(circuit)] = taken
        return taken

    def add(self, taken: Taken, rows: NDArray[float64] | None) -> None:
        """Add a circuit at points, of which each has a row of values for its parameters; None for one without any.

        Raises
        ------
        InvalidCircuitError, InsufficientMemoryError
            As `experiments_at` does.
        """
        if rows is None:
            self._add(taken.lowered, taken)
        elif len(rows) < MANY_POINTS:
            for bound in taken.lowered.at_points(rows):
                self._add(bound, taken)
        else:
            given = taken.lowered, taken.admitted, taken.options
            for chunk in experiments_at(rows, *given, self.seed, self._occurrences):
                self._alone.append((self.results, chunk))
                self.results += chunk.task.num_points

    def experiments(self) -> list[Experiment]:
        """Return the experiments of all circuits: chunks of those that run together, then the others in their order."""
        if not self._alike:
            return [experiment for _, experiment in self._alone]
        experiments: list[Experiment] = []
        workers = workers_that_take_chunks(self._options)
        for alike in self._alike:
            if alike.circuits:
                some = alike.circuits, alike.places, alike.occurrences
                first = experiment_of(some[0][0], alike.admitted, alike.options, self.seed, some[2][0])
                experiments += chunks_of_circuits(*some, first, workers)
        for number, (place, experiment) in enumerate(self._alone):
            if number not in self._moved:
                places = range(place, place + experiment.task.num_points)
                experiments.append(experiment._replace(places=places))
        return experiments

    def _add(self, lowered: LoweredCircuit, taken: Taken) -> None:
        """Add a circuit that has been taken, with numbers in all slots."""
        fingerprint = lowered.program.fingerprint
        occurrence = self._occurrences.get(fingerprint, 0)
        self._occurrences[fingerprint] = occurrence + 1
        alike = taken.alike
        if alike is None and taken.added is not None and self._together and _is_small(taken.admitted):
            alike = self._among(taken)
        if alike is not None:
            alike.add(lowered, self.results, occurrence)
        else:
            taken.added, taken.number = lowered, len(self._alone)
            experiment = experiment_of(lowered, taken.admitted, taken.options, self.seed, occurrence)
            self._alone.append((self.results, experiment))
        self.results += 1

    def _among(self, taken: Taken) -> Alike:
        """Return the circuits that this one is among; if it was alone, it no longer is."""
        if (alike := taken.alike) is None:
            alike = taken.alike = Alike(taken.admitted, taken.options)
            self._alike.append(alike)
            if taken.added is not None:
                place, experiment = self._alone[taken.number]
                alike.add(taken.added, place, experiment.task.occurrence)
                self._moved.add(taken.number)
        return alike


def _may_run_together(options: SimulatorOptions) -> bool:
    """Return whether small circuits may be points of one task: no limits hold for each, and shots are all they give."""
    limits = options.time_limit is not None or memory_limit(options) is not None
    return not (limits or options.exact or options.return_state or options.verify != "off")


def _differ_in_numbers(first: Taken, lowered: LoweredCircuit, options: SimulatorOptions) -> bool:
    """Return whether a circuit and its run differ from another in nothing but numbers."""
    same = first.lowered.has_measurements == lowered.has_measurements and first.options.shots == options.shots
    return same and first.lowered.program.same_structure(lowered.program)


def _is_small(admitted: Admitted) -> bool:
    """Return whether a circuit is worth being a point among others: its shots are samples of one small state."""
    demand = admitted.demand
    if demand.threads > 1 or demand.seconds + POINT_SECONDS >= SMALL_SECONDS:
        return False
    return not (admitted.plan.has_trajectories or admitted.plan.global_qubits or admitted.lowered.saves)
