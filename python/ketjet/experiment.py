"""What to run: one circuit of a job, and what its result will be labelled with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ketjet import engine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ketjet.engine import Task
    from ketjet.saves import SaveRequest

__all__ = ["Circuits", "Experiment"]

NO_PROGRAM = engine.Program(0, 0, [], [0], [], [], [], [0], [], [], [])


class Circuits(NamedTuple):
    """What the results of circuits are labelled with that are the points of one task."""

    headers: Sequence[Mapping[str, Any]]
    qubits: Sequence[tuple[int, ...]]


class Experiment(NamedTuple):
    """One circuit of a job, ready to run, and what its result will be labelled with.

    Where its task has points, it stands for as many circuits with other angles.
    """

    task: Task
    peak_bytes: int
    """What the run needs at its peak."""
    shots: int
    seed: int
    """The seed as the user gave it; the task's seed is its 64-bit form."""
    header: Mapping[str, Any]
    has_measurements: bool
    qubits: tuple[int, ...] = ()
    """The program's qubit i is the circuit's qubit qubits[i]."""
    available_bytes: int = 0
    """The memory that this process might use when the run was admitted."""
    far: bool = False
    """Whether it runs elsewhere, and only its results take memory of this process."""
    saves: tuple[SaveRequest, ...] = ()
    """What the circuit's save instructions ask for."""
    zero_threshold: float = 0.0
    """The option of that name."""
    circuits: Circuits | None = None
    """Where its points are circuits of their own, which differ in more than angles: the labels of each."""
    places: Sequence[int] | None = None
    """The places of its results among those of the job; None where they follow those of the experiment before it."""
    rng_version: int = engine.RNG_VERSION
    """The version of all that is drawn for it."""

    def without_program(self) -> Experiment:
        """Return what a result has to know of it; programs and plans of circuits that have run are not kept.

        Points keep theirs, unless they are circuits of their own.
        """
        task = self.task._replace(program=NO_PROGRAM, plan=None)
        if (points := task.points) is not None:
            if self.circuits is None:
                return self
            task = task._replace(points=points._replace(slots=np.empty((len(points.slots), 0))))
        return self._replace(task=task)

    def at_point(self, point: int) -> Experiment:
        """Return one circuit of those that it stands for."""
        points = self.task.points
        if points is None:
            return self
        slots, header, qubits = points.slots[point], self.header, self.qubits
        if self.circuits is not None:
            header, qubits = self.circuits.headers[point], self.circuits.qubits[point]
        if header["global_phase"] is None:  # it is the program's last operation
            header = {**header, "global_phase": float(slots[-1])}
        program = self.task.program.with_slots(slots)
        task = self.task._replace(program=program, points=None, occurrence=int(points.occurrences[point]))
        return self._replace(task=task, header=header, qubits=qubits, circuits=None, places=None)
