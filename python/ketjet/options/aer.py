"""The options of qiskit-aer's simulator that are not ketjet's own: what they mean here, if anything.

docs/from_aer.md has the whole table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketjet.options.checks import integer
from ketjet.options.translations import NOTHING, Translation, always, constant, ignored, planner, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ketjet.options.translations import Meaning

__all__ = ["MEANINGS", "WITH_MEANING"]


def _threads(name: str, value: Any) -> Translation:
    return NOTHING._replace(options={"max_threads": integer(0)(name, value) or None})


WITH_MEANING: Mapping[str, Meaning] = {
    "max_parallel_threads": _threads,
    "method": constant("automatic", "statevector"),
    "device": constant("CPU"),
    "noise_model": refused("ketjet simulates without noise; leave the option out, or use qiskit-aer for this run."),
    "fusion_enable": planner("merge_dense", "merge_passes"),
    "enable_truncation": planner("prune"),
    "fusion_verbose": always(False),
    "shot_branching_enable": always(True),
    "shot_branching_sampling_enable": always(True),
    "runtime_parameter_bind_enable": always(True),
    "max_parallel_experiments": always(0),
    "max_parallel_shots": always(0),
    "max_job_size": always(1),
    "blocking_enable": always(False),
    "batched_shots_gpu": always(False),
    "cuStateVec_enable": always(False),
    "accept_distributed_results": always(False),
}

_WITHOUT_MEANING = frozenset(
    """
    batched_shots_gpu_max_qubits blocking_qubits chop_threshold chunk_swap_buffer_qubits
    extended_stabilizer_approximation_error extended_stabilizer_metropolis_mixing_time
    extended_stabilizer_norm_estimation_repetitions extended_stabilizer_norm_estimation_samples
    extended_stabilizer_parallel_threshold extended_stabilizer_probabilities_snapshot_samples
    extended_stabilizer_sampling_method fusion_max_qubit fusion_parallelization_threshold fusion_threshold
    matrix_product_state_max_bond_dimension matrix_product_state_truncation_threshold max_shot_size mps_lapack
    mps_log_data mps_omp_threads mps_parallel_threshold mps_sample_measure_algorithm mps_swap_direction
    num_threads_per_device stabilizer_max_snapshot_probabilities statevector_parallel_threshold
    statevector_sample_measure_opt target_gpus tensor_network_num_sampling_qubits unitary_parallel_threshold
    use_cuTensorNet_autotuning validation_threshold
    """.split()  # noqa: SIM905 - readable as it is
)

MEANINGS: Mapping[str, Meaning] = {**WITH_MEANING, **dict.fromkeys(_WITHOUT_MEANING, ignored)}
"""By name: what the option means; None, which means nothing, as in Aer, is not asked for."""
