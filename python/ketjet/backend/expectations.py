"""Runs that are also asked for expectation values of Pauli strings, and draw the same samples as without.

They are read from the final state of the run that draws the samples, where its plan makes all of that state. Where the
plan leaves out what no measurement depends on, another run saves them, which leaves out what they do not depend on.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ketjet import engine
from ketjet.backend.request import experiments_of
from ketjet.backend.run_input import given
from ketjet.jobs import workers
from ketjet.lowering import lower
from ketjet.lowering.save_instruction import SaveInstruction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit import QuantumCircuit

    from ketjet.backend.simulator import Simulator
    from ketjet.experiment import Experiment
    from ketjet.options.types import Inputs
    from ketjet.results import SimulationResult

__all__ = ["run_with_expectations"]


def run_with_expectations(
    backend: Simulator,
    circuit: QuantumCircuit,
    paulis: Sequence[str],
    options: Mapping[str, Any],
    *,
    inputs: Inputs | None = None,
    progress: bool = False,
) -> tuple[SimulationResult, list[float]]:
    """Run a circuit to its end; return its result, and the expectation values before its final measurements.

    Parameters
    ----------
    backend
        Where to run.
    circuit
        One circuit.
    paulis
        Different strings of I, X, Y and Z, one letter for each qubit of the circuit, qubit 0 at the right.
    options, inputs
        As for `Simulator.run`.
    progress
        As for `Job.result`.

    Raises
    ------
    KetjetError
        As `Simulator.run` and `Job.result` do.
    """
    resolved = backend._resolve(options)
    (circuit,), (values,) = given(circuit, None, inputs, None)

    def result_of(experiment: Experiment) -> SimulationResult:
        return backend._submit([experiment], resolved).result(progress=progress)

    if not lower(circuit).has_measurements:  # there are no samples
        (saving,) = experiments_of([_saving(circuit, paulis)], [values], resolved)
        result = result_of(saving)
        return result, _saved(result, paulis)
    (sampling,) = experiments_of([circuit], [values], resolved)
    if (reading := _reading(sampling, paulis)) is not None:
        result = result_of(reading)
        return result, [value.real for value in result.results[0].data.packed.readouts]
    (saving,) = experiments_of(
        [_saving(circuit, paulis)], [values], replace(resolved, seed_simulator=sampling.seed, memory=False)
    )
    return result_of(sampling), _saved(result_of(saving), paulis)


def _reading(sampling: Experiment, paulis: Sequence[str]) -> Experiment | None:
    """Return the experiment with readouts of its final state, or None if its plan does not make all of that."""
    task = sampling.task
    program, off = task.program, task.switched_off
    if task.plan is None or engine.state_qubits(program, keep_state=True, switched_off=off) > engine.MAX_QUBITS:
        return None
    plan = workers.shared().aside(partial(engine.plan, program, task.precision, keep_state=True, switched_off=off))
    if not engine.draw_alike(task.plan, plan):
        return None
    readouts = tuple(_readout(pauli, sampling.qubits) for pauli in paulis)
    return sampling._replace(task=task._replace(plan=plan, readouts=readouts))


def _readout(pauli: str, qubits: Sequence[int]) -> engine.ExpectationReadout:
    """Return a Pauli string as the engine reads it, where the program's qubit i is the circuit's qubit qubits[i]."""
    places = {qubit: place for place, qubit in enumerate(qubits)}
    x_mask, z_mask, coefficient = 0, 0, 1.0
    for qubit, letter in enumerate(reversed(pauli)):
        place = places.get(qubit)
        if place is None:  # it is |0> from beginning to end
            coefficient *= letter in "IZ"
        else:
            x_mask |= (letter in "XY") << place
            z_mask |= (letter in "YZ") << place
    return engine.ExpectationReadout([x_mask], [z_mask], [coefficient])


def _saving(circuit: QuantumCircuit, paulis: Sequence[str]) -> QuantumCircuit:
    """Return the circuit with a save of each Pauli string's expectation value before its final measurements."""
    before, final = _without_final_measurements(circuit.data)
    result = circuit.copy_empty_like()
    for item in before:
        result.append(item)
    for pauli in paulis:
        terms = [(pauli, (1.0, 0.0))]
        result.append(SaveInstruction("save_expval", len(pauli), f"<{pauli}>", "average", terms), circuit.qubits)
    for item in final:
        result.append(item)
    return result


def _saved(result: SimulationResult, paulis: Sequence[str]) -> list[float]:
    """Return what `_saving` has saved."""
    data = result.data(0)
    return [float(data[f"<{pauli}>"]) for pauli in paulis]


def _without_final_measurements(data: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Part instructions into those before and the measurements after which nothing happens to their bits."""
    used: set[Any] = set()
    before: list[Any] = []
    final: list[Any] = []
    for item in reversed(data):
        bits = {*item.qubits, *item.clbits}
        if item.name == "measure" and used.isdisjoint(bits):
            final.append(item)
        else:
            before.append(item)
            if item.name != "barrier":
                used |= bits
    return before[::-1], final[::-1]
