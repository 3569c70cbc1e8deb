"""The metadata of a circuit's result, by the names that users of Qiskit and qiskit-aer look for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketjet.engine import RunFacts, Task, Verification
    from ketjet.experiment import Experiment

__all__ = ["metadata_of", "metadata_of_points"]


def metadata_of(experiment: Experiment, facts: RunFacts | None) -> dict[str, Any]:
    """Return what there is to tell of a circuit's run; `facts` is None if it has failed."""
    task = experiment.task
    if facts is None:
        return {**_of_circuit(experiment), "seed_simulator": experiment.seed}
    metadata: dict[str, Any] = {
        **_of_circuit(experiment),
        "precision": task.precision,
        "threads": facts.threads or task.threads,
        "simd": facts.isa,
        "num_qubits": len(experiment.qubits),
        "required_memory_mb": -(-facts.state_bytes // (1 << 20)),
        "plan": {"stages": facts.stages, "sweeps": facts.sweeps, "bytes": facts.bytes_moved},
        "measure_sampling": facts.trajectories is None,
        "plan_time": facts.plan_seconds,
        "sample_measure_time": facts.sample_seconds,
        "time_taken": facts.seconds,
        "seed_simulator": experiment.seed,
        "occurrence": task.occurrence,
        "norm_error": facts.norm_error,
        "rng_version": experiment.rng_version,
    }
    if facts.taken:
        metadata["taken_from_results_dir"] = True
    if facts.trajectories is not None:
        metadata["trajectories"] = facts.trajectories
    if task.exact:
        metadata["exact"] = {"floor": task.floor, "remainder": facts.dropped}
    if facts.adjoint_residual is not None:
        metadata["adjoint_residual"] = facts.adjoint_residual
    if facts.verification is not None:
        metadata["verify"] = _verification(task, facts, facts.verification)
    return metadata


def _of_circuit(experiment: Experiment) -> dict[str, Any]:
    """Return what is known whether or not the run has failed."""
    return {
        "method": "statevector",
        "device": "CPU",
        "num_clbits": experiment.header["memory_slots"],
        "active_input_qubits": list(experiment.qubits),
        "max_memory_mb": experiment.available_bytes >> 20,
    }


def metadata_of_points(experiments: Sequence[Experiment], facts: Sequence[RunFacts]) -> dict[str, Any]:
    """Return what there is to tell of points of a circuit: of the first, and times and worst norm of all."""
    metadata = metadata_of(experiments[0], facts[0])
    del metadata["occurrence"]
    if not all(each.taken for each in facts):
        metadata.pop("taken_from_results_dir", None)
    metadata["num_points"] = sum([experiment.task.num_points for experiment in experiments])
    if len(facts) == 1:
        return metadata
    metadata["norm_error"] = max([each.norm_error for each in facts])
    metadata["sample_measure_time"] = sum([each.sample_seconds for each in facts])
    metadata["time_taken"] = sum([each.seconds for each in facts])
    return metadata


def _verification(task: Task, facts: RunFacts, found: Verification) -> dict[str, Any]:
    told = {
        "mode": task.verify,
        "checks": found.checks,
        "max_deviation": found.max_deviation,
        "seconds": found.seconds,
        "mergers": found.mergers,
        "merging_loss": found.merging_loss,
    }
    if task.verify == "full":
        told["sweeps"] = facts.sweeps
        told["sweeps_compared"] = found.sweeps_compared
        told["state_compared"] = found.state_compared
    return told
