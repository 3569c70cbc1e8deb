"""The options of a run for type checkers, so that they find `shot=3` and `precision="float32"`.

Nothing is looked up here when a program runs: `options.py` says what each option means, and a test keeps the two equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import TypeAlias

    import numpy as np

    Integer: TypeAlias = int | np.integer[Any]
    Binds: TypeAlias = Mapping[Any, Any]
    """Values, or lists of them, by parameter, parameter vector or name."""
    Inputs: TypeAlias = Mapping[Any, bool | float | np.bool_ | np.integer[Any] | np.floating[Any]]
    """Values by input variable, parameter or name."""

__all__ = ["FurtherOptions", "RunOptions"]


class FurtherOptions(TypedDict, total=False):
    """What `Simulator` takes beside its named arguments: options of `run`, and those of other backends."""

    shots: Integer | None
    memory: bool | None
    return_state: bool | None
    exact: bool | None
    exact_floor: float | None
    max_iterations: Integer | None
    time_limit: float | None
    zero_threshold: float | None
    executor: Any
    retries: Integer | None
    control_dir: str | os.PathLike[str] | None
    detach: bool | None
    ranks: Any
    results_dir: str | os.PathLike[str] | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_minutes: float | None
    cancel_on_interrupt: bool | None
    verify: Literal["off", "fast", "full"] | None
    isa: str | None
    plan_options: Mapping[str, bool] | None

    accept_distributed_results: Any
    batched_shots_gpu: Any
    batched_shots_gpu_max_qubits: Any
    blocking_enable: Any
    blocking_qubits: Any
    chop_threshold: Any
    chunk_swap_buffer_qubits: Any
    cuStateVec_enable: Any
    device: Literal["CPU"] | None
    dynamic: Any
    enable_truncation: bool | None
    extended_stabilizer_approximation_error: Any
    extended_stabilizer_metropolis_mixing_time: Any
    extended_stabilizer_norm_estimation_repetitions: Any
    extended_stabilizer_norm_estimation_samples: Any
    extended_stabilizer_parallel_threshold: Any
    extended_stabilizer_probabilities_snapshot_samples: Any
    extended_stabilizer_sampling_method: Any
    fusion_enable: bool | None
    fusion_max_qubit: Any
    fusion_parallelization_threshold: Any
    fusion_threshold: Any
    fusion_verbose: Any
    init_qubits: Literal[True] | None
    job_name: Any
    job_tags: Any
    matrix_product_state_max_bond_dimension: Any
    matrix_product_state_truncation_threshold: Any
    max_credits: Any
    max_job_size: Any
    max_parallel_experiments: Any
    max_parallel_shots: Any
    max_parallel_threads: Integer | None
    max_shot_size: Any
    meas_level: Literal[2] | None
    meas_lo_freq: Any
    meas_lo_range: Any
    meas_return: Literal["single", "avg"] | None
    memory_slot_size: Any
    method: Literal["automatic", "statevector"] | None
    mps_lapack: Any
    mps_log_data: Any
    mps_omp_threads: Any
    mps_parallel_threshold: Any
    mps_sample_measure_algorithm: Any
    mps_swap_direction: Any
    noise_model: Any
    num_threads_per_device: Any
    qubit_lo_freq: Any
    qubit_lo_range: Any
    rep_delay: Any
    rep_time: Any
    runtime_parameter_bind_enable: Any
    schedule_los: Any
    shot_branching_enable: Any
    shot_branching_sampling_enable: Any
    stabilizer_max_snapshot_probabilities: Any
    statevector_parallel_threshold: Any
    statevector_sample_measure_opt: Any
    target_gpus: Any
    tensor_network_num_sampling_qubits: Any
    unitary_parallel_threshold: Any
    use_cuTensorNet_autotuning: Any
    use_measure_esp: Any
    validation_threshold: Any


class RunOptions(FurtherOptions, total=False):
    """All options of `Simulator.run`."""

    precision: Literal["single", "double"] | None
    max_threads: Integer | None
    max_memory_mb: float | None
    seed_simulator: Integer | None
