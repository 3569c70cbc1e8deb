"""From a plan to its explanation: stages and passes are described when somebody looks at them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ketjet import engine
from ketjet.base.on_demand import OnDemand
from ketjet.explanation.model import Explanation
from ketjet.explanation.readings import explain_readings
from ketjet.explanation.stages import ExplainedOperation, ExplainedPass, ExplainedStage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ketjet.engine import PassReport, Plan, PlanReport, StageReport
    from ketjet.lowering import LoweredCircuit

__all__ = ["explain", "with_memory", "with_readings"]


def explain(lowered: LoweredCircuit, made: Plan, threads: int) -> Explanation:
    """Put a plan into the circuit's terms.

    Parameters
    ----------
    lowered
        The circuit that was planned.
    made
        Its plan.
    threads
        What it is to run with.
    """
    described = engine.report(made, threads)
    return Explanation(
        name=lowered.header["name"],
        num_qubits=lowered.program.num_qubits,
        state_qubits=made.num_qubits,
        left_out=described.left_out,
        runs_by_operation=made.runs_by_operation,
        precision=engine.precision_of(made),
        threads=threads,
        planning_seconds=made.planning_seconds,
        stages=_stages(described, lowered.qubits),
        ranks=1 << made.global_qubits,
    )


def with_memory(explanation: Explanation, demand: engine.Demand, available: int) -> Explanation:
    """Add what a run takes, and the bytes that are available to it."""
    return replace(
        explanation,
        state_bytes=demand.state_bytes,
        peak_bytes=demand.peak_bytes,
        available_bytes=available,
        peak_is_lower_bound=demand.peak_is_lower_bound,
    )


def with_readings(
    explanation: Explanation, made: Plan, observables: engine.ObservablesReadout, lowered: LoweredCircuit
) -> Explanation:
    """Add how observables of the plan's program are read; the stages that read take longer by that."""
    readings = explain_readings(made, observables, lowered.qubits, explanation.threads)
    seconds = {reading.stage: reading.predicted_seconds for reading in readings if reading.stage is not None}

    def stages_between(begin: int, end: int) -> Iterator[ExplainedStage]:
        for number, stage in enumerate(explanation.stages[begin:end], begin + 1):
            yield replace(stage, predicted_seconds=stage.predicted_seconds + seconds.get(number, 0.0))

    stages = OnDemand(len(explanation.stages), stages_between)
    return replace(explanation, stages=stages, readings=readings)


def _stages(described: PlanReport, circuit_qubits: tuple[int, ...]) -> OnDemand[ExplainedStage]:
    def named(qubits: Iterable[int]) -> tuple[int, ...]:  # a small state has more qubits than its program
        return tuple([circuit_qubits[qubit] for qubit in qubits if qubit < len(circuit_qubits)])

    operations = described.operations

    def explained(found: Iterable[tuple[int, str]]) -> Iterator[ExplainedOperation]:
        for index, part in found:
            of = operations[index]
            yield ExplainedOperation(index, of.name, named(of.qubits), part)

    def explained_pass(one: PassReport) -> ExplainedPass:
        def between(begin: int, end: int) -> Iterator[ExplainedOperation]:
            return explained(one.operations[begin:end])

        return ExplainedPass(
            kind=one.kind,
            kernel=one.kernel,
            operations=OnDemand(len(one.operations), between),
            qubits=tuple(one.qubits),
            ns_per_amplitude=one.ns_per_amplitude,
            fma_per_amplitude=one.fma_per_amplitude,
            reason=one.reason,
        )

    def explained_stage(stage: StageReport) -> ExplainedStage:
        def operations_between(begin: int, end: int) -> Iterator[ExplainedOperation]:
            return explained((index, "whole") for index in stage.operations[begin:end].tolist())

        def passes_between(begin: int, end: int) -> Iterator[ExplainedPass]:
            return map(explained_pass, stage.passes[begin:end])

        return ExplainedStage(
            kind=stage.kind,
            operations=OnDemand(len(stage.operations), operations_between),
            hot=tuple(stage.hot),
            active=tuple(stage.active),
            bytes_moved=stage.bytes_moved,
            fma=stage.fma,
            predicted_seconds=stage.seconds,
            reason=stage.reason,
            missing=tuple(stage.missing),
            passes=OnDemand(len(stage.passes), passes_between),
            folded=stage.folded,
            target=None if stage.target is None else stage.target + 1,
            swaps=tuple(zip(stage.swaps[::2], stage.swaps[1::2], strict=True)),
        )

    def stages_between(begin: int, end: int) -> Iterator[ExplainedStage]:
        return map(explained_stage, described.stages[begin:end])

    return OnDemand(len(described.stages), stages_between)
